/** A test alert that is sent by the command itself. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-ports.ts';
import { type Listening, listening } from '../support/listening.ts';
import { truant } from './harness.ts';

let folder: string;
let config: string;
let receiver: Listening | undefined;
let status: number;
let received: { body: string; authorization: string | undefined }[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'truant-outputs-'));
  config = path.join(folder, 'truant.yaml');
  status = 200;
  received = [];
});
afterEach(async () => {
  await receiver?.close();
  receiver = undefined;
  await rm(folder, { recursive: true });
});

const receive = async (): Promise<string> => {
  receiver = await listening((request, response) => {
    void (async () => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      await once(request, 'end');
      received.push({ body, authorization: request.headers.authorization });
      response.writeHead(status).end();
    })();
  });
  return receiver.url;
};
const write = (outputs: object) => writeFile(config, JSON.stringify({ collector: { outputs } }));
const tried = (name: string, ...args: string[]) =>
  truant(['outputs', 'test', name, '--config', config, ...args], { env: { SIEM_TOKEN: 'Bearer of-the-siem' } });

describe('truant outputs test --config', () => {
  test('has arrived, marked as a test, also of an output that is off and wants little', async () => {
    const url = await receive();
    const secretHeaders = { authorization: { variable: 'SIEM_TOKEN' } };
    await write({ siem: { enabled: false, minSeverity: 'critical', webhook: { url, secretHeaders } } });
    const { code, stdout } = await tried('siem');
    expect(code).toBe(0);
    const [, id = ''] = /^siem {2}the test alert (test_[0-9a-f]{12}) has arrived, after \d+ ms\n$/.exec(stdout) ?? [];
    expect(received).toEqual([{ body: expect.stringContaining(id), authorization: 'Bearer of-the-siem' }]);
    expect(received[0]?.body).toContain('Test of the output siem');
  });

  test('has not: nobody listens', async () => {
    await write({ siem: { webhook: { url: `http://127.0.0.1:${await freePort()}` } } });
    const { code, stdout } = await tried('siem');
    expect([code, stdout]).toEqual([1, expect.stringMatching(/did not arrive, after \d+ ms \(unreachable\): /)]);
  });

  test('has not: it is not known there', async () => {
    const url = await receive();
    status = 401;
    await write({ siem: { webhook: { url, secretHeaders: { authorization: { variable: 'SIEM_TOKEN' } } } } });
    const { code, stdout, stderr } = await tried('siem', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([
      1,
      expect.objectContaining({ ok: false, failure: expect.objectContaining({ reason: 'authentication' }) as unknown }),
    ]);
    expect(stdout + stderr).not.toContain('of-the-siem');
  });

  test('has not: a secret is missing', async () => {
    const url = await receive();
    await write({ siem: { webhook: { url, secretHeaders: { authorization: { variable: 'NOBODY_SET_IT' } } } } });
    const { code, stdout } = await tried('siem');
    expect([code, stdout, received]).toEqual([1, expect.stringContaining('NOBODY_SET_IT'), []]);
  });

  test('is a line of a file', async () => {
    const file = path.join(folder, 'alerts.ndjson');
    await write({ archive: { file: { path: file } } });
    expect((await tried('archive')).code).toBe(0);
    expect((await readFile(file, 'utf8')).trimEnd().split('\n')).toHaveLength(1);
  });

  test.each(['typo', 'constructor'])('says which outputs there are when %s is none', async (name) => {
    await write({ siem: { stdout: {} }, chat: { stdout: {} } });
    const { code, stderr } = await tried(name);
    expect([code, stderr]).toEqual([3, `truant: There is no output ${name} in ${config}.\nThese are: siem, chat.\n`]);
  });

  test('asks no collector too', async () => {
    const { code, stderr } = await tried('siem', '--url', 'http://127.0.0.1:1');
    expect([code, stderr]).toEqual([2, expect.stringContaining("cannot be used with option '--url")]);
  });
});
