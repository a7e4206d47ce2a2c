/** Whether an alert would arrive: a test alert, sent past the queue. */
import { randomBytes } from 'node:crypto';
import { formatOf, type OutputSettings } from '../../shared/config/outputs.ts';
import { fitted } from '../../shared/formats/fit.ts';
import { formats } from '../../shared/formats/formats.ts';
import type { Notice } from '../../shared/formats/notice.ts';
import { testNotice } from '../../shared/formats/test-alert.ts';
import type { Clock } from '../../shared/time.ts';
import { OutputFailure } from '../outputs/failure.ts';
import type { Output } from '../outputs/output.ts';
import type { OutputTestAnswer } from '../query/schemas/outputs.ts';
import type { Delivery } from './delivery.ts';

/** @returns undefined: it does not fit */
export type Render = (notice: Notice) => string | undefined;

export interface Tried {
  name: string;
  render: Render;
  delivery: Delivery;
}

const RUN_BYTES = 6;

/** In the output's format, if it has not one of its own. */
export function renderOf(settings: OutputSettings, { maxBytes }: Output): Render {
  const name = formatOf(settings);
  const format = name && formats[name];
  return (notice) => (format ? fitted(notice, format, maxBytes) : '');
}

export async function tryOutput(tried: Tried, clock: Clock): Promise<OutputTestAnswer> {
  const notice = testNotice(tried.name, randomBytes(RUN_BYTES).toString('hex'), clock.now());
  const began = performance.now();
  const failure = await attempt(tried, notice);
  return {
    ok: failure === undefined,
    alert: notice.alert.id,
    milliseconds: performance.now() - began,
    failure: failure ? { reason: failure.reason, detail: failure.message, remedy: failure.remedy ?? null } : null,
  };
}

/** @returns why it did not arrive */
async function attempt({ render, delivery }: Tried, notice: Notice): Promise<OutputFailure | undefined> {
  try {
    const text = render(notice);
    if (text === undefined) return new OutputFailure('too-large', 'Not even the test alert fits.');
    const [outcome] = await delivery.deliver([{ notice, text }]);
    return outcome;
  } catch (error) {
    if (error instanceof OutputFailure) return error;
    throw error;
  }
}
