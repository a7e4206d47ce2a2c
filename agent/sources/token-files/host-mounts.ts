/** Whether the node has something mounted that this process, in a container, does not see. */
import { readFile } from 'node:fs/promises';

/**
 * False as well when it can't be told, because the pid namespace is not the node's.
 *
 * @param tail how the path of the mount ends: the folder may have another name here than on the node
 */
export async function isHidden(tail: string): Promise<boolean> {
  // In this order: what is mounted in between is no difference.
  return (await hasMount('/proc/1/mountinfo', tail)) && !(await hasMount('/proc/self/mountinfo', tail));
}

async function hasMount(mountinfo: string, tail: string): Promise<boolean> {
  const mounts = await readFile(mountinfo, 'utf8').catch(() => '');
  return mounts.includes(`${tail} `);
}
