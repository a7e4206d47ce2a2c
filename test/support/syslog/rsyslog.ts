/** rsyslog, with the settings of docs/outputs/syslog.md. */
import { spawnSync } from 'node:child_process';
import type { Kind } from './server.ts';

const isHere = spawnSync('rsyslogd', ['-v'], { encoding: 'utf8' }).status === 0;

export const rsyslog: Kind = {
  whyNot: isHere ? undefined : 'there is no rsyslogd',
  command: 'rsyslogd',
  args: (_, settings) => ['-n', '-C', '-iNONE', '-f', settings],
  settings: (folder, { tls, tcp, line, udp }) => `
global(
  workDirectory="${folder}"
  maxMessageSize="64k"
  defaultNetstreamDriver="ossl"
  defaultNetstreamDriverCAFile="${folder}/ca.pem"
  defaultNetstreamDriverCertFile="${folder}/server.pem"
  defaultNetstreamDriverKeyFile="${folder}/server-key.pem"
)
main_queue(queue.type="Direct")
module(load="imtcp")
module(load="imudp")
module(load="mmpstrucdata")

input(type="imtcp" port="${tls}" address="127.0.0.1" ruleset="truant"
  streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imtcp" port="${tcp}" address="127.0.0.1" ruleset="truant" streamDriver.name="ptcp" streamDriver.mode="0")
input(type="imtcp" port="${line}" address="127.0.0.1" ruleset="truant" streamDriver.name="ptcp" streamDriver.mode="0")
input(type="imudp" port="${udp}" address="127.0.0.1" ruleset="truant" rcvbufSize="4m")

template(name="time" type="string" string="%timestamp:::date-rfc3339%")
template(name="truant" type="string" string="%$!all-json-plain%\\n")
ruleset(name="truant") {
  action(type="mmpstrucdata" sd_name.lowercase="off")
  set $!severity = $syslogseverity-text;
  set $!time = exec_template("time");
  set $!host = $hostname;
  set $!app = $app-name;
  set $!msgid = $msgid;
  set $!msg = $msg;
  action(type="omfile" file="${folder}/alerts.ndjson" template="truant" flushOnTXEnd="on")
}
`,
  understood: ({ 'rfc5424-sd': data, ...rest }) => {
    const { 'truant@32473': params } = data as Record<string, Record<string, string>>;
    return { ...(rest as Omit<ReturnType<Kind['understood']>, 'params'>), params: params ?? {} };
  },
};
