/** rsyslog and syslog-ng, as Debian has them, over TLS with a certificate of ours, TCP and UDP. */
import { createSyslogOutput, type SyslogSettings } from '../../collector/outputs/syslog/syslog-output.ts';
import { becauseNo, KINDS, type KindName, startSyslogServer, type Way } from '../support/syslog/server.ts';
import { describeOutput, type OtherSide, receivedOf } from './output-contract.ts';

const SETTINGS: Readonly<Record<Way, Partial<SyslogSettings>>> = {
  tls: { protocol: 'tls' },
  tcp: { protocol: 'tcp' },
  line: { protocol: 'tcp', framing: 'line' },
  udp: { protocol: 'udp' },
};

async function start(kind: KindName, way: Way, more: Partial<SyslogSettings>): Promise<OtherSide> {
  const server = await startSyslogServer(kind);
  const output = createSyslogOutput({
    settings: {
      address: server.addresses[way],
      protocol: 'tls',
      framing: 'octet-counting',
      acknowledge: 'close',
      facility: 13,
      appName: 'truant',
      maxBytes: 32_768,
      tls: server.files,
      ...SETTINGS[way],
      ...more,
    },
    timeoutMs: 20_000,
  });
  return {
    output,
    received: async () => server.messages().map(({ msg }) => receivedOf(msg)),
    goDown: server.kill,
    comeBack: server.start,
    // Its connections are taken by the system, and by nobody else.
    hang: async () => {
      server.signal('SIGSTOP');
      return { caught: Promise.resolve() };
    },
    stop: server.dispose,
  };
}

const WHOLE = { breakHalfway: 'tried by servers that are killed' };

const ways: [name: string, way: Way, settings: Partial<SyslogSettings>, cannot: { noticeLoss?: string }][] = [
  ['over TLS', 'tls', {}, {}],
  ['over TCP', 'tcp', {}, {}],
  ['in lines over TCP', 'line', {}, {}],
  [
    'over a TCP connection that is kept',
    'tcp',
    { acknowledge: 'written' },
    { noticeLoss: 'what is written and not read yet is lost' },
  ],
  ['over UDP', 'udp', {}, { noticeLoss: 'nobody notices what UDP loses' }],
];

for (const kind of ['rsyslog', 'syslog-ng'] as const) {
  const whyNot = becauseNo(kind) === '' ? undefined : KINDS[kind].whyNot;
  for (const [name, way, settings, cannot] of ways)
    describeOutput(`${kind} ${name}`, {
      whyNot,
      start: () => start(kind, way, settings),
      cannot: { ...WHOLE, ...cannot },
    });
}
