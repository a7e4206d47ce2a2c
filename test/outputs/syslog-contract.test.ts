/** rsyslog, as Debian has it, over TLS with a certificate of ours, TCP and UDP; and servers of node where it has to be odd. */
import { createSyslogOutput, type SyslogSettings } from '../../collector/outputs/syslog/syslog-output.ts';
import { becauseNoRsyslog, hasRsyslog, startRsyslog, type Understood } from '../support/rsyslog.ts';
import { describeOutput, type OtherSide, type Received, receivedOf } from './output-contract.ts';

const whyNot = hasRsyslog ? undefined : becauseNoRsyslog;

const received = ({ msg }: Understood): Received => receivedOf(msg);

async function start(settings: Partial<SyslogSettings> & Pick<SyslogSettings, 'protocol'>): Promise<OtherSide> {
  const rsyslog = await startRsyslog();
  const output = createSyslogOutput({
    settings: {
      address: rsyslog[settings.protocol],
      framing: 'octet-counting',
      acknowledge: 'close',
      facility: 13,
      appName: 'truant',
      maxBytes: 32_768,
      tls: rsyslog.files,
      ...settings,
    },
    timeoutMs: 20_000,
  });
  return {
    output,
    received: async () => rsyslog.messages().map(received),
    goDown: rsyslog.kill,
    comeBack: rsyslog.start,
    // Its connections are taken by the system, and by nobody else.
    hang: async () => {
      rsyslog.signal('SIGSTOP');
      return { caught: Promise.resolve() };
    },
    stop: rsyslog.dispose,
  };
}

describeOutput('syslog over TLS', { whyNot, start: () => start({ protocol: 'tls' }) });
describeOutput('syslog over TCP', { whyNot, start: () => start({ protocol: 'tcp' }) });
describeOutput('syslog in lines over TCP', { whyNot, start: () => start({ protocol: 'tcp', framing: 'line' }) });
describeOutput('syslog over a TCP connection that is kept', {
  whyNot,
  // What the server had not read when it died is lost.
  noticesLoss: false,
  start: () => start({ protocol: 'tcp', acknowledge: 'written' }),
});
describeOutput('syslog over UDP', { whyNot, noticesLoss: false, start: () => start({ protocol: 'udp' }) });
