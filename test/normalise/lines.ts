/** Audit lines made by hand, from a real one. */
import { readFileSync } from 'node:fs';
import { AuditNormaliser, type Normalised } from '../../shared/normalise/audit.ts';
import type { IsTrustedProxy } from '../../shared/normalise/source.ts';
import type { RequestObservation } from '../../shared/schema/observation.ts';

const real = JSON.parse(
  readFileSync(new URL('../fixtures/facts/02-pod-bound-normal-use.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

/** A pod's list of pods, with other fields where `changes` has them; `undefined` leaves one out. */
export const eventOf = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({ ...real, ...changes });

export const lineOf = (changes: Record<string, unknown> = {}): string => JSON.stringify(eventOf(changes));

export const normalise = (line: string, isTrustedProxy: IsTrustedProxy = () => false): Normalised =>
  new AuditNormaliser({ isTrustedProxy }).line(line);

/** What the line gives; throws when it is set aside. */
export function observe(changes: Record<string, unknown>, isTrustedProxy?: IsTrustedProxy): RequestObservation[] {
  const normalised = normalise(lineOf(changes), isTrustedProxy);
  if (!normalised.ok) throw new Error(normalised.reason);
  return normalised.observations;
}

/** A token's three parts, made on the spot: none is ever in a file. */
export function fakeToken(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = { sub: 'system:serviceaccount:shop:inventory', jti: 'not-a-real-one' };
  return [part({ alg: 'RS256', kid: 'none' }), part(payload), Buffer.alloc(64, 7).toString('base64url')].join('.');
}
