/**
 * Whether a process that entered a container is a command of the pod's own spec at work. What /proc shows is not always what
 * was asked for: the kernel puts the interpreter before a script (execve(2)), and a shell that has one command becomes it.
 */
export function isRunOf(command: readonly string[], args: readonly string[]): boolean {
  return isSame(command, args) || isScriptRun(command, args) || isOnlyCommand(command, args);
}

/** `/health.sh` -> `/bin/sh -e /health.sh`: an interpreter has one argument at most. */
function isScriptRun([script = '', ...rest]: readonly string[], [, ...args]: readonly string[]): boolean {
  if (args.length === rest.length + 2 && args[0]?.startsWith('-')) args.shift();
  const [named = '', ...words] = args;
  return script !== '' && (named === script || named.endsWith(`/${script}`)) && isSame(rest, words);
}

const SHELL = /(?:^|\/)(?:ba|da|a|z|k)?sh$/;

/** `sh -c 'cat /token'` -> `cat /token` */
const isOnlyCommand = ([shell = '', option, script = '']: readonly string[], args: readonly string[]): boolean =>
  SHELL.test(shell) && option === '-c' && isSame(script.trim().split(/\s+/), args);

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((word, at) => word === b[at]);
