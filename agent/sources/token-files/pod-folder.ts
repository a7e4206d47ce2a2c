/**
 * The folders of a pod in which the kubelet mounts volumes that can hold tokens: `<uid>/volumes/kubernetes.io~projected/*`
 * and `kubernetes.io~secret/*`. Nothing else of a pod is looked at: an emptyDir can hold millions of files.
 */
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

const KINDS = ['kubernetes.io~projected', 'kubernetes.io~secret'];

export interface Volume {
  name: string;
  path: string;
  /** How its path ends, whatever the folder of all pods is called: `/<uid>/volumes/...`. */
  tail: string;
  /** Device of its root, which is its own once the kubelet has mounted a tmpfs over the folder. */
  dev: bigint;
  isMounted: boolean;
}

export interface PodFolder {
  /** Those worth watching, the topmost first. */
  folders: string[];
  /** Another one as soon as a folder was made, removed, or mounted over. */
  shape: string;
  volumes: Volume[];
  /** Volumes left out because of `maxVolumes`. */
  left: number;
}

interface Folder {
  path: string;
  dev: bigint;
  ino: bigint;
}

/** Undefined when the pod has no folder. Rejects when its folders can't be read. */
export async function readPodFolder(path: string, maxVolumes: number): Promise<PodFolder | undefined> {
  const pod = await folderAt(path);
  if (!pod) return undefined;
  const top = await folderAt(join(path, 'volumes'));
  // Once there are volumes the pod's own folder isn't watched: its containers write to a file in there (/etc/hosts).
  if (!top) return { folders: [path], shape: idOf(pod), volumes: [], left: 0 };

  const folders: Folder[] = [top];
  const volumes: Volume[] = [];
  let left = 0;
  for (const kind of KINDS) {
    const parent = await folderAt(join(top.path, kind));
    if (!parent) continue;
    folders.push(parent);
    for (const name of await readdir(parent.path).catch(unlessMissing([]))) {
      if (volumes.length >= maxVolumes) {
        left++;
        continue;
      }
      const folder = await folderAt(join(parent.path, name));
      if (!folder) continue;
      folders.push(folder);
      const tail = `/${basename(path)}/volumes/${kind}/${name}`;
      volumes.push({ name, path: folder.path, tail, dev: folder.dev, isMounted: folder.dev !== parent.dev });
    }
  }
  return { folders: folders.map(({ path }) => path), shape: folders.map(idOf).join('\n'), volumes, left };
}

const idOf = ({ path, dev, ino }: Folder): string => `${path} ${dev}:${ino}`;

/** Undefined when there is none, or something else: a link, which is never followed. */
async function folderAt(path: string): Promise<Folder | undefined> {
  const found = await lstat(path, { bigint: true }).catch(unlessMissing(undefined));
  return found?.isDirectory() ? { path, dev: found.dev, ino: found.ino } : undefined;
}

export const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code));

export const unlessMissing =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (isMissing(error)) return instead;
    throw error;
  };
