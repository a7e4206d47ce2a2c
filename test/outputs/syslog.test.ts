/** How syslog fails, and what is known of a delivery; with rsyslog where it is there, and with servers of node that are odd. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { OutputFailure } from '../../collector/outputs/failure.ts';
import type { Message, Output } from '../../collector/outputs/output.ts';
import { syslogMessage } from '../../collector/outputs/syslog/message.ts';
import { createSyslogOutput, type SyslogSettings } from '../../collector/outputs/syslog/syslog-output.ts';
import { eventually } from '../support/runs.ts';
import { becauseNo, KINDS, type KindName, type SyslogServer, startSyslogServer } from '../support/syslog/server.ts';
import { message } from './output-contract.ts';

const never = new AbortController().signal;
const outputs: Output[] = [];
afterEach(async () => {
  for (const output of outputs.splice(0)) await output.close();
});

function outputTo(address: string, settings: Partial<SyslogSettings> = {}, timeoutMs = 20_000): Output {
  const defaults: SyslogSettings = {
    address,
    protocol: 'tcp',
    framing: 'octet-counting',
    acknowledge: 'close',
    facility: 13,
    appName: 'truant',
    maxBytes: 8192,
    tls: {},
  };
  const output = createSyslogOutput({ settings: { ...defaults, ...settings }, timeoutMs, hostname: 'collector-0' });
  outputs.push(output);
  return output;
}

const failureOf = (delivery: Promise<unknown>): Promise<OutputFailure> =>
  delivery.then(
    () => expect.fail('it was delivered'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(OutputFailure);
      return error as OutputFailure;
    },
  );

describe('a server', () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  async function serve(onConnection: (socket: Socket, server: Server, nth: number) => void): Promise<string> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      onConnection(socket, server, sockets.length);
    });
    servers.push(server);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    return `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }
  const reads = (socket: Socket, each: (chunk: Buffer) => void = () => undefined): void => {
    socket.on('data', each).on('end', () => socket.end());
    socket.resume();
  };

  test.each([
    [
      'octet-counting',
      (frames: readonly Buffer[]) => frames.map((frame) => `${frame.length} ${frame.toString()}`).join(''),
    ],
    ['line', (frames: readonly Buffer[]) => frames.map((frame) => `${frame.toString()}\n`).join('')],
  ] as const)('is sent messages told apart by %s', async (framing, expected) => {
    let got = '';
    const address = await serve((socket) =>
      reads(socket, (chunk) => {
        got += chunk.toString();
      }),
    );
    const batch = [message('a1', { title: 'Grüße' }), message('a2')];
    const output = outputTo(address, { framing });
    expect(await output.deliver(batch, never)).toEqual([undefined, undefined]);
    const sender = { facility: 13, hostname: 'collector-0', appName: 'truant', maxBytes: 8192 };
    expect(got).toBe(expected(batch.map(({ notice, text }) => syslogMessage(notice, text, sender))));
  });

  test('that goes away with something unread has not got the batch', async () => {
    const address = await serve((socket) => {
      // As kill -9 does to who has not read: the system resets the connection.
      socket.once('readable', () => socket.resetAndDestroy());
    });
    const failure = await failureOf(outputTo(address).deliver([message('a1')], never));
    expect([failure.of, failure.reason]).toEqual(['output', 'peer']);
  });

  test('that ends connections by itself has not got the batch, and where to look is said', async () => {
    const address = await serve((socket) => void socket.end());
    const failure = await failureOf(outputTo(address).deliver([message('a1')], never));
    expect([failure.of, failure.reason]).toEqual(['output', 'peer']);
    expect(failure.remedy).toContain('log of the server');
  });

  test('that never ends a connection is told of the setting for such servers', async () => {
    const address = await serve((socket) => void socket.resume());
    const failure = await failureOf(outputTo(address, {}, 500).deliver([message('a1')], never));
    expect([failure.of, failure.reason]).toEqual(['output', 'timeout']);
    expect(failure.remedy).toContain('syslog.acknowledge to written');
  });

  test('that never ends a connection gets everything with acknowledge: written, on one connection', async () => {
    let bytes = 0;
    const address = await serve((socket) => {
      socket.on('data', (chunk) => {
        bytes += chunk.length;
      });
      socket.resume();
    });
    const output = outputTo(address, { acknowledge: 'written' });
    for (let n = 0; n < 3; n += 1) expect(await output.deliver([message(`a${n}`)], never)).toEqual([undefined]);
    await eventually(() => expect(bytes).toBeGreaterThan(3 * 480));
    expect(sockets).toHaveLength(1);
  });

  test('that has ended the connection that is kept is connected to anew', async () => {
    const address = await serve((socket, _, nth) => {
      if (nth === 1) socket.once('data', () => socket.end());
      socket.resume();
    });
    const output = outputTo(address, { acknowledge: 'written' });
    await output.deliver([message('a1')], never);
    await eventually(() => expect(sockets[0]?.writableFinished).toBe(true));
    await output.deliver([message('a2')], never);
    await output.deliver([message('a3')], never);
    expect(sockets).toHaveLength(2);
  });

  test('that dies with all of it read and nothing done ends the connection in order, and is not believed', async () => {
    const address = await serve((socket, server) => {
      socket.on('end', () => {
        server.close();
        socket.end();
      });
      socket.resume();
    });
    const failure = await failureOf(outputTo(address).deliver([message('a1')], never));
    expect([failure.of, failure.reason]).toEqual(['output', 'unreachable']);
  });

  test('that reads slowly is waited for', async () => {
    let read = 0;
    const address = await serve((socket) => {
      socket
        .on('end', () => socket.end())
        .on('data', (chunk) => {
          read += chunk.length;
          socket.pause();
          setImmediate(() => socket.resume());
        });
      socket.resume();
    });
    const output = outputTo(address, { maxBytes: 65_536 });
    const batch = Array.from({ length: output.maxBatch }, (_, n) => message(`a${n}`, { title: 'x'.repeat(50_000) }));
    expect(await output.deliver(batch, never)).toHaveLength(batch.length);
    expect(read).toBeGreaterThan(50_000 * batch.length);
  });

  test('that does not speak TLS is said', async () => {
    const address = await serve((socket) => {
      socket.resume();
      socket.write('220 mail\r\n');
    });
    const failure = await failureOf(outputTo(address, { protocol: 'tls' }).deliver([message('a1')], never));
    expect([failure.reason, failure.message]).toEqual(['tls', `${address} does not speak TLS there.`]);
  });
});

test('a datagram that the network does not take is given up by itself', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const output = outputTo(`127.0.0.1:${socket.address().port}`, { protocol: 'udp', maxBytes: 1_048_576 });
  expect(output.maxBytes).toBeLessThan(65_507);
  const [long, short] = await output.deliver([message('a1', { title: 'x'.repeat(70_000) }), message('a2')], never);
  expect(long).toMatchObject({ of: 'message', reason: 'too-large' });
  expect(short).toBeUndefined();
  socket.close();
});

test('a datagram that finds nobody is said, if it is the only one', async () => {
  const failure = await failureOf(outputTo('127.0.0.1:9', { protocol: 'udp' }).deliver([message('a1')], never));
  expect(failure.reason).toBe('unreachable');
});

test.each(['tcp', 'udp'] as const)('a name that there is not is said, over %s', async (protocol) => {
  const failure = await failureOf(outputTo('nowhere.invalid:514', { protocol }).deliver([message('a1')], never));
  expect(failure.reason).toBe('dns');
});

const cases = (Object.keys(KINDS) as KindName[]).map((kind) => ({ kind, because: becauseNo(kind) }));

describe.each(cases)('$kind$because', ({ kind, because }) => {
  let server: SyslogServer;
  const isHere = because === '';
  beforeAll(async () => {
    if (isHere) server = await startSyslogServer(kind);
  });
  afterAll(() => server?.dispose());

  test.skipIf(!isHere).each([
    ['tls', 'tls', 'octet-counting'],
    ['tcp', 'tcp', 'octet-counting'],
    ['line', 'tcp', 'line'],
    ['udp', 'udp', 'line'],
  ] as const)('understands every field, over %s', async (way, protocol, framing) => {
    const { notice } = message('a1');
    if (notice.kind !== 'alert') throw new Error('no alert');
    Object.assign(notice.alert, {
      cluster: `shop-${way}`,
      principal: 'a"b\\c]d=e\nf 😀 [x y="z"] \\]',
      severity: 'critical',
      updatedAt: '2026-01-02T03:04:05.678901Z',
    });
    const output = outputTo(server.addresses[way], { protocol, framing, tls: server.files });
    await output.deliver([{ notice, text: 'CEF:0|é 😀' }], never);
    const found = () => server.messages().filter(({ params }) => params['cluster'] === `shop-${way}`);
    await eventually(() => expect(found()).toHaveLength(1));
    const { time, params, ...rest } = found()[0] ?? expect.fail('nothing');
    expect(rest).toEqual({ severity: 'alert', host: 'collector-0', app: 'truant', msgid: 'create', msg: 'CEF:0|é 😀' });
    expect(time).toMatch(/^2026-01-02T03:04:05\.678901(Z|\+00:00)$/);
    expect(params).toEqual({
      alert: 'a1',
      revision: '1',
      event: 'create',
      severity: 'critical',
      confidence: notice.alert.confidence,
      cluster: `shop-${way}`,
      notice: notice.id,
      rule: notice.alert.rules[0],
      source: notice.alert.sources[0]?.address,
      principal: String.raw`a"b\c]d=e\nf 😀 [x y="z"] \]`,
      credential: notice.alert.credential,
    });
  });

  test.skipIf(!isHere).each([
    ['an unknown CA', (r: SyslogServer) => ({ ...r.files, caFile: undefined }), 'tls', 'tls.caFile'],
    [
      'no certificate',
      ({ files: { caFile } }: SyslogServer) => ({ caFile }),
      undefined,
      /client certificate|tls\.certFile|our certificate/,
    ],
    [
      'a certificate of a stranger',
      (r: SyslogServer) => ({ ...r.files, ...r.stranger }),
      undefined,
      /tls\.certFile|our certificate/,
    ],
    ['a file that is missing', (r: SyslogServer) => ({ ...r.files, caFile: '/nowhere/ca.pem' }), 'secret', 'PEM'],
  ])('with %s nothing is delivered, and why is said', async (_, tls, reason, remedy) => {
    const output = outputTo(server.addresses.tls, { protocol: 'tls', tls: tls(server) });
    for (let n = 0; n < 5; n += 1) {
      const failure = await failureOf(output.deliver([message('refused')], never));
      expect(failure.of).toBe('output');
      expect(failure.remedy).toMatch(remedy);
      if (reason) expect(failure.reason).toBe(reason);
    }
    expect(JSON.stringify(server.messages())).not.toContain('"refused"');
  });
});

test.skipIf(becauseNo('rsyslog') !== '')(
  `rsyslog killed with everything unread has not got it${becauseNo('rsyslog')}`,
  async () => {
    const rsyslog = await startSyslogServer('rsyslog');
    rsyslog.signal('SIGSTOP');
    const delivering = failureOf(outputTo(rsyslog.addresses.tcp).deliver([message('a1')], never));
    // The system takes connections, and what is sent on them, also for who is stopped.
    await delay(200);
    await rsyslog.kill();
    expect(await delivering).toMatchObject({ of: 'output', reason: 'peer' });
    await rsyslog.dispose();
  },
);

describe.skipIf(becauseNo('rsyslog') !== '')(`rsyslog killed time and again${becauseNo('rsyslog')}`, () => {
  const [ALERTS, REVISIONS, KILLS] = [1000, 3, 12];

  test.each(['tls', 'tcp'] as const)(
    `has all of ${ALERTS * REVISIONS} messages, over %s`,
    async (protocol) => {
      const rsyslog = await startSyslogServer('rsyslog');
      const output = outputTo(rsyslog.addresses[protocol], { protocol, tls: rsyslog.files });
      const all: Message[] = Array.from({ length: ALERTS * REVISIONS }, (_, n) =>
        message(`k${n % ALERTS}`, { revision: 1 + Math.floor(n / ALERTS) }),
      );
      let [at, failures] = [0, 0];
      const killing = (async () => {
        for (let kill = 1; kill <= KILLS; kill += 1) {
          await eventually(() =>
            expect(at).toBeGreaterThanOrEqual(Math.floor(((all.length - 200) * kill) / (KILLS + 1))),
          );
          await delay(Math.random() * 60);
          await rsyslog.kill();
          await rsyslog.start();
        }
      })();
      while (at < all.length) {
        const batch = all.slice(at, at + 40);
        try {
          await output.deliver(batch, never);
          at += batch.length;
        } catch (error) {
          expect(error).toBeInstanceOf(OutputFailure);
          failures += 1;
          await delay(10);
        }
      }
      await killing;
      const notices = rsyslog.messages().map(({ params }) => params['notice']);
      expect([...new Set(notices)]).toEqual(all.map(({ notice }) => notice.id));
      expect(failures).toBeGreaterThan(0);
      await rsyslog.dispose();
    },
    120_000,
  );
});
