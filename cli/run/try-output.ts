/** A test alert from this very process, with a configuration that no collector has yet. */
import { Delivery } from '../../collector/dispatch/delivery.ts';
import { renderOf, tryOutput } from '../../collector/dispatch/trial.ts';
import { createOutput } from '../../collector/outputs/topology.ts';
import type { OutputTestAnswer } from '../../collector/query/schemas/outputs.ts';
import { pause } from '../../shared/component/backoff.ts';
import { TruantError } from '../../shared/errors.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { wallClock } from '../../shared/time.ts';
import type { Io } from '../io.ts';
import { loadConfig } from '../load-config.ts';

/** @throws TruantError INPUT_NOT_FOUND, INPUT_UNREADABLE, CONFIG_INVALID, NOT_FOUND */
export async function tryFromHere(name: string, file: string, { env }: Pick<Io, 'env'>): Promise<OutputTestAnswer> {
  const { kafka, collector } = await loadConfig(file, env);
  const settings = Object.hasOwn(collector.outputs, name) ? collector.outputs[name] : undefined;
  if (!settings) {
    throw new TruantError('NOT_FOUND', `There is no output ${name} in ${file}.`, {
      remedy: `These are: ${Object.keys(collector.outputs).join(', ') || 'none'}.`,
    });
  }
  // What goes wrong is told by what comes of it.
  const logger = createLogger({ level: 'silent' });
  const output = createOutput(settings, { kafka, environment: env, logger });
  const delivery = new Delivery(output, settings.timeoutSeconds, pause);
  try {
    return await tryOutput({ name, render: renderOf(settings, output), delivery }, wallClock);
  } finally {
    await delivery.end();
  }
}
