/** How a client proves who it is, and knows whom it speaks with. Secrets and certificates are read from their files. */
import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import type { SASLOptions } from 'kafkajs';
import { MIN_TLS, readTlsFiles } from '../http/tls-files.ts';
import type { KafkaSettings } from './settings.ts';
import { KafkaProblem } from './trouble.ts';

/** Undefined: without TLS. */
export async function tlsOptions({ enabled, ...files }: KafkaSettings['tls']): Promise<ConnectionOptions | undefined> {
  return enabled ? { minVersion: MIN_TLS, ...(await readTlsFiles(files)) } : undefined;
}

/** Undefined: without SASL. */
export async function saslOptions({
  mechanism,
  username = '',
  passwordFile = '',
  tokenFile = '',
}: KafkaSettings['sasl']): Promise<SASLOptions | undefined> {
  if (mechanism === 'none') return undefined;
  if (mechanism === 'oauthbearer') {
    // For each connection, and again when a session comes to its end: such tokens are short-lived.
    return {
      mechanism,
      oauthBearerProvider: async () => ({ value: await readSecret('kafka.sasl.tokenFile', tokenFile) }),
    };
  }
  return { mechanism, username, password: await readSecret('kafka.sasl.passwordFile', passwordFile) };
}

async function readSecret(key: string, file: string): Promise<string> {
  const secret = (await read(key, file)).replace(/\r?\n$/, '');
  if (secret === '') throw new KafkaProblem({ reason: 'secret', detail: `the file of ${key} is empty` });
  return secret;
}

async function read(key: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    const remedy = `Make the file that ${key} names readable.`;
    throw new KafkaProblem({ reason: 'secret', detail: `the file of ${key} cannot be read: ${code}`, remedy }, error);
  }
}
