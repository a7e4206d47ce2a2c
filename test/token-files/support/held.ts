/** What this process holds of the kernel (Linux). */
import { readdirSync, readFileSync, statSync } from 'node:fs';

/** All inotify watches, each as `ino:<hex> sdev:<hex>`. */
function watches(): string[] {
  return readdirSync('/proc/self/fdinfo').flatMap((fd) => {
    try {
      const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
      return Array.from(info.matchAll(/^inotify wd:\S+ (ino:\S+ sdev:\S+)/gm), ([, watch = '']) => watch);
    } catch {
      // closed meanwhile
      return [];
    }
  });
}

export const held = (): { watches: number; files: number } => ({
  watches: watches().length,
  files: readdirSync('/proc/self/fd').length,
});

/** Whether what is at the path now is watched, and not what was there before something was mounted over it. */
export function isWatched(path: string): boolean {
  const { dev, ino } = statSync(path, { bigint: true });
  // From how stat packs a device to how the kernel does: 12 bits and 20.
  const major = (dev >> 8n) & 0xfffn;
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xfff00n);
  return watches().includes(`ino:${ino.toString(16)} sdev:${((major << 20n) | minor).toString(16)}`);
}
