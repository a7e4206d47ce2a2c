/** Why an output does not deliver, in words for people, and what to do where the output itself says nothing better. */
export interface OutputTrouble {
  /** Without a full stop: `Its name is not known`. */
  means: string;
  /** A sentence. */
  todo: string;
}

/** By the reasons of `collector/outputs/failure.ts`. */
const TROUBLES: Readonly<Record<string, OutputTrouble>> = {
  dns: {
    means: 'Its name is not known',
    todo: 'Check the name in the configuration, and that the DNS of the collector knows it.',
  },
  unreachable: {
    means: 'Nobody answers there',
    todo: 'Check that it runs, and that the network lets the collector reach it.',
  },
  tls: {
    means: 'The TLS handshake fails',
    todo: "Check the certificates of both sides, and the output's tls.caFile.",
  },
  timeout: {
    means: 'It does not answer in time',
    todo: "Check how it is; if it is well, and slow, raise the output's timeoutSeconds.",
  },
  authentication: {
    means: 'It does not accept who Truant says it is',
    todo: 'Put the right token, key or password to where the configuration says it is.',
  },
  authorisation: {
    means: 'It knows who writes, and does not allow it',
    todo: 'Give that account the right to write there.',
  },
  'not-found': {
    means: 'What is to be written to is not there',
    todo: 'Make it at the other side, or name another in the configuration.',
  },
  busy: {
    means: 'It is busy, and asks to come back later',
    todo: 'Nothing, if that passes; otherwise send it less, with minSeverity or rateLimit.',
  },
  peer: { means: 'It has trouble of its own', todo: 'Read its log.' },
  rejected: {
    means: 'It does not take this alert',
    todo: 'Read what it says; it may want another format, or other settings of its own.',
  },
  'too-large': {
    means: 'The alert is larger than it takes',
    todo: 'Let it take larger ones, and read this one at the collector.',
  },
  secret: {
    means: 'A secret or a certificate can not be read',
    todo: 'Check the file or variable that the configuration names, and that the collector may read it.',
  },
  disk: { means: 'The file can not be written', todo: 'Make room, and let the collector write there.' },
  protocol: {
    means: 'What answers is not what the configuration says',
    todo: 'Check the address, and that it is the right kind of output for it.',
  },
};

const UNKNOWN: OutputTrouble = { means: 'It does not deliver', todo: "Read the collector's log." };

/** @param reason of a later version: any */
export function outputTrouble({ reason, remedy }: { reason: string; remedy: string | null }): OutputTrouble {
  const { means, todo } = (Object.hasOwn(TROUBLES, reason) ? TROUBLES[reason] : undefined) ?? UNKNOWN;
  return { means, todo: remedy ?? todo };
}
