/** Keeps what was learned of containers' reads over restarts: without it every restart would begin a new learning period. */
import type { Logger } from 'pino';
import { type Component, createComponent } from '../shared/component/component.ts';
import { type ReadProfiles, SavedProfiles } from '../shared/detection/reads/profiles.ts';
import { Checkpoints } from './checkpoints.ts';

const NAME = 'read-profiles';
const SAVE_EVERY_MS = 60_000;

export interface ReadProfilesFileOptions {
  /** The agent's state folder; nobody else has it. */
  folder: string;
  profiles: ReadProfiles;
  logger: Logger;
}

/** @throws TruantError CHECKPOINT_UNREADABLE at start; what it can't save later it says, and goes on. */
export function createReadProfilesFile({ folder, profiles, logger }: ReadProfilesFileOptions): Component {
  const file = new Checkpoints(folder, logger);
  let timer: NodeJS.Timeout | undefined;
  let saved = 0;
  let trouble: string | undefined;
  let saving: Promise<void> = Promise.resolve();

  const save = async (): Promise<void> => {
    const { learned } = profiles;
    if (learned === saved) return;
    try {
      await file.save(NAME, profiles.save());
      saved = learned;
      trouble = undefined;
    } catch (err) {
      if (trouble === undefined) logger.error({ err }, 'what was learned of reads cannot be saved');
      trouble = `What was learned of reads can't be saved: ${err instanceof Error ? err.message : String(err)}`;
    }
  };
  const saveInTurn = (): Promise<void> => (saving = saving.then(save));

  return createComponent(NAME, {
    start: async () => {
      const { checkpoint } = await file.load(NAME, SavedProfiles);
      if (checkpoint) profiles.restore(checkpoint);
      timer = setInterval(() => void saveInTurn(), SAVE_EVERY_MS);
    },
    stop: async () => {
      clearInterval(timer);
      await saveInTurn();
    },
    degraded: () => trouble,
  });
}
