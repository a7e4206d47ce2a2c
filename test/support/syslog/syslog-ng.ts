/**
 * syslog-ng, with the settings of docs/outputs/syslog.md. Debian does not install it beside rsyslog: TRUANT_SYSLOG_NG may
 * say where its packages were unpacked to.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Kind } from './server.ts';

const root = process.env['TRUANT_SYSLOG_NG'] ?? '/';
const command = path.join(root, 'usr/sbin/syslog-ng');
const libraries = path.join(root, 'usr/lib/syslog-ng');
const LD_LIBRARY_PATH = [
  libraries,
  ...['usr/lib', 'lib'].map((part) => path.join(root, part, 'x86_64-linux-gnu')),
].join(':');
const modules = existsSync(libraries)
  ? readdirSync(libraries)
      .filter((name) => /^\d/.test(name))
      .map((name) => path.join(libraries, name))
      .join(':')
  : '';
const environment = { LD_LIBRARY_PATH };
const isHere = spawnSync(command, ['--version'], { env: { ...process.env, ...environment } }).status === 0;

export const syslogNg: Kind = {
  whyNot: isHere ? undefined : 'there is no syslog-ng',
  command,
  environment,
  args: (folder, settings) => {
    const [pid, control, state] = ['pid', 'control', 'state'].map((name) => path.join(folder, name));
    const files = ['-f', settings, '-p', pid, '-c', control, '-R', state] as string[];
    return ['-F', '--no-caps', `--module-path=${modules}`, ...files];
  },
  settings: (folder, { tls, tcp, line, udp }) => `@version: 3.38
options { keep-hostname(yes); stats-freq(0); log-msg-size(65536); };
source s_truant {
  syslog(ip("127.0.0.1") port(${tls}) transport("tls")
    tls(key-file("${folder}/server-key.pem") cert-file("${folder}/server.pem")
        ca-file("${folder}/ca.pem") peer-verify(required-trusted)));
  syslog(ip("127.0.0.1") port(${tcp}) transport("tcp"));
  network(ip("127.0.0.1") port(${line}) transport("tcp") flags(syslog-protocol));
  syslog(ip("127.0.0.1") port(${udp}) transport("udp") so-rcvbuf(4194304));
};
destination d_truant {
  file("${folder}/alerts.ndjson" template("$(format-json --key .SDATA.* severity=$LEVEL time=$ISODATE
    host=$HOST app=$PROGRAM msgid=$MSGID msg=$MESSAGE)\\n") frac-digits(6) time-zone("UTC"));
};
log { source(s_truant); destination(d_truant); flags(flow-control); };
`,
  understood: ({ _SDATA, ...rest }) => {
    const { 'truant@32473': params } = _SDATA as Record<string, Record<string, string>>;
    return { ...(rest as Omit<ReturnType<Kind['understood']>, 'params'>), params: params ?? {} };
  },
};
