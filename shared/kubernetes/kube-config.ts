import type { KubeConfig } from '@kubernetes/client-node';
import { TruantError } from '../errors.ts';

/**
 * The kubeconfig of that name; without one what kubectl would take, or inside of a cluster the pod's own service account.
 * The client is loaded only here, because it is large and few need it.
 *
 * @param key where the configuration names it
 * @throws {TruantError} CONFIG_INVALID
 */
export async function loadKubeConfig(path: string | undefined, key: string): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  const remedy = `Set ${key} to a kubeconfig with a current context, or KUBECONFIG.`;
  try {
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
  } catch (cause) {
    throw new TruantError('CONFIG_INVALID', `the kubeconfig ${path ?? ''} can't be read`.replace('  ', ' '), {
      cause,
      remedy,
    });
  }
  const server = config.getCurrentCluster()?.server;
  // What the client falls back to when it has found nothing at all.
  if (server === undefined || server === 'http://localhost:8080') {
    throw new TruantError('CONFIG_INVALID', 'no kubeconfig was found that names a cluster', { remedy });
  }
  return config;
}
