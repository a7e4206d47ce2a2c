/** Secrets of outputs: read where the configuration says they are, each time that they are needed; never shown. */
import { readFile } from 'node:fs/promises';
import type { SecretPlace } from '../../shared/config/outputs.ts';
import { OutputFailure } from './failure.ts';

/** What the variables of the environment hold. */
export type Environment = Readonly<Record<string, string | undefined>>;

const CONTROL = /[\u0000-\u001f\u007f]/;

/** Without the line feed that editors put at the end. @throws OutputFailure 'secret', which names the file or variable */
export async function readSecret(place: SecretPlace, environment: Environment): Promise<string> {
  const { file, variable } = place;
  if (file === undefined) return filled(environment[variable ?? ''] ?? '', place);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new OutputFailure('secret', `The file ${file} can't be read: ${codeOf(cause)}.`, {
      cause,
      remedy: "Put the secret there, in a file that Truant's user may read.",
    });
  });
  return filled(text.replace(/\r?\n$/, ''), place);
}

/** A secret that stands in one line, such as a header or a URL. @throws OutputFailure 'secret' */
export async function readSecretLine(place: SecretPlace, environment: Environment): Promise<string> {
  const secret = await readSecret(place, environment);
  if (!CONTROL.test(secret)) return secret;
  throw new OutputFailure('secret', `What ${nameOf(place)} holds is not one line of text.`, {
    remedy: 'Put the secret there, and nothing else.',
  });
}

export const nameOf = ({ file, variable }: SecretPlace): string =>
  file === undefined ? `the variable ${variable}` : `the file ${file}`;

function filled(secret: string, place: SecretPlace): string {
  if (secret !== '') return secret;
  const name = nameOf(place);
  throw new OutputFailure('secret', `There is no secret: ${name} is missing or empty.`, {
    remedy: `Put the secret into ${name}.`,
  });
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'it is no readable file';
