import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../shared/config/schema.ts';

/** How long stopping may take. */
export const STOP_MS = 10_000;

/** A place for everything that a run without lasting state needs; `remove` takes it away again. */
export interface Scratch {
  folder: string;
  /** The folder into which a recording's audit log is played. */
  auditFolder: string;
  remove(): Promise<void>;
}

export async function createScratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'truant-'));
  const auditFolder = join(folder, 'audit');
  await mkdir(auditFolder);
  // As on a control-plane node, the log is there before the agent is.
  await writeFile(join(auditFolder, 'audit.log'), '');
  return {
    folder,
    auditFolder,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const NOBODY = {
  mode: 'none',
  viewerTokenHashes: [],
  analystTokenHashes: [],
  adminTokenHashes: [],
  agentTokenHashes: [],
  clusters: [],
} satisfies Partial<Config['collector']['auth']>;

/** The configuration of a run that plays a recording: state in the scratch folder, the log from where it is played to. */
export function playbackConfig(config: Config, scratch: Scratch, port: number): Config {
  return {
    ...config,
    agent: {
      ...config.agent,
      node: config.agent.node ?? 'playback',
      stateDir: join(scratch.folder, 'agent'),
      auditLog: { ...config.agent.auditLog, path: join(scratch.auditFolder, 'audit.log'), fromBeginning: true },
      inventory: { kubernetes: false },
      collector: { url: `http://127.0.0.1:${port}`, allowPlainHttp: false },
    },
    collector: {
      ...config.collector,
      listen: { host: '127.0.0.1', port },
      // On loopback, and with nobody's tokens to show.
      tls: { terminatedElsewhere: false },
      auth: { ...NOBODY, session: config.collector.auth.session },
      store: { ...config.collector.store, path: join(scratch.folder, 'truant.duckdb') },
      // Nobody who is on call is to be told of a theft that is played.
      outputs: {},
    },
  };
}
