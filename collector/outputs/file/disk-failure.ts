/** Why a file could not be written, in words. */
import { dirname } from 'node:path';
import { OutputFailure } from '../failure.ts';

const RIGHTS = 'Give the user that Truant runs as the right to write to this folder and file.';

const WORDS: Readonly<Record<string, (path: string) => [detail: string, remedy: string]>> = {
  ENOENT: (path) => [`There is no folder ${dirname(path)}.`, 'Create it, or mount it into the collector.'],
  ENOTDIR: (path) => [`${dirname(path)} is not a folder.`, "Correct the output's file.path."],
  EISDIR: (path) => [`${path} is a folder.`, "Write the name of a file in the output's file.path."],
  ELOOP: (path) => [
    `${path} is a symbolic link, which is not followed.`,
    "Write in the output's file.path where the link leads to, or remove it.",
  ],
  ENXIO: (path) => [`${path} is not a file.`, 'Name a file, or a path where there is nothing yet.'],
  EACCES: (path) => [`${path} may not be written to.`, RIGHTS],
  EPERM: (path) => [`${path} may not be written to.`, RIGHTS],
  EROFS: (path) => [`${path} is on a disk that can only be read.`, 'Mount it so that it can be written to.'],
  ENOSPC: (path) => [`The disk of ${path} is full.`, 'Make room on it. Nothing is lost: alerts wait.'],
  EDQUOT: (path) => [`The quota of the disk of ${path} is used up.`, 'Make room on it. Nothing is lost: alerts wait.'],
  EFBIG: (path) => [`${path} may not become any larger.`, "Set the output's file.maxMegabytes lower."],
  EIO: (path) => [`The disk of ${path} does not work.`, 'Look at the log of the kernel, and replace the disk.'],
};

export function diskFailure(error: unknown, path: string, signal: AbortSignal): OutputFailure {
  if (error instanceof OutputFailure) return error;
  if (signal.aborted)
    return new OutputFailure('timeout', `${path} was not written in time.`, {
      remedy: 'Look at whether its disk answers.',
      cause: error,
    });
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'of a reason that is not known';
  const [detail, remedy] = WORDS[code]?.(path) ?? [`${path} cannot be written: ${code}.`, RIGHTS];
  return new OutputFailure('disk', detail, { remedy, cause: error });
}
