/** A recording played through agent and collector, as if it happened now. */

import { setTimeout as sleep } from 'node:timers/promises';
import { play } from '../../agent/sources/playback/playback.ts';
import { readRecording } from '../../agent/sources/playback/recording.ts';
import { ReplayClock } from '../../agent/sources/playback/replay-clock.ts';
import type { Config } from '../../shared/config/schema.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { formatTime, SECOND } from '../../shared/time.ts';
import { type Io, writeLine } from '../io.ts';
import { renderAlert } from '../ui/alert.ts';
import { createStyle } from '../ui/style.ts';
import { runBoth } from './both.ts';
import { createScratch, playbackConfig } from './settings.ts';

export interface PlayOptions {
  config: Config;
  /** A folder with audit/audit.log, cluster.jsonl and, if token files were watched, opens.jsonl and tokens.jsonl. */
  recording: string;
  speed: number;
  port: number;
  /** Go on answering after the end, until told to stop. */
  serve: boolean;
}

/** What may still be waiting for a decision at the end of the log, in the recording's own time. */
const AFTERMATH = 35 * SECOND;
const DEFAULT_WIDTH = 100;

/** @returns the alerts as they were at the end */
export async function playRecording(options: PlayOptions, io: Io): Promise<Alert[]> {
  const recording = await readRecording(options.recording);
  const scratch = await createScratch();
  const style = createStyle(io, io.stdout);
  const stopSignal = io.stopSignal();
  const ended = new AbortController();
  const signal = AbortSignal.any([stopSignal, ended.signal]);
  const end = recording.to + AFTERMATH;
  // Reads that are like others are told of with a delay, which nobody has to sit through.
  const held = options.config.agent.tokenFiles.foldSeconds * SECOND;
  const clock = new ReplayClock({ from: recording.from, to: end + held }, options.speed);
  const alerts = new Map<string, Alert>();
  let playing: Promise<void> = Promise.resolve();
  const say = (line: string): Promise<void> => writeLine(io.stdout, line);
  try {
    await runBoth({
      config: playbackConfig(options.config, scratch, options.port),
      io,
      logger: createLogger({
        level: options.config.log.level === 'info' ? 'warn' : options.config.log.level,
        pretty: true,
      }),
      signal,
      playback: { clock },
      onAlert: (alert) => alerts.set(alert.id, alert),
      onStarted: (agent, address) => {
        const through = async (): Promise<void> => {
          await say(
            `Playing ${recording.name}, ${minutes(recording.to - recording.from)} recorded on ${formatTime(recording.from).slice(0, 10)}, at ${options.speed} times its speed.`,
          );
          await say(`Collector at ${style.cyan(address)} (open it in a browser, or ask ${address}/api/v1/alerts).`);
          await play(
            {
              recording,
              folder: scratch.auditFolder,
              clock,
              onInventory: (events) => agent.learn(events),
              onReads: (lines) => agent.see(lines),
            },
            signal,
          );
          await settle(() => clock.now() >= end && agent.undelivered() === 0, signal);
          if (stopSignal.aborted) return;
          await tellEnd(alerts.values(), io, say);
          if (options.serve)
            await say(`\nThe collector goes on answering at ${style.cyan(address)}. Stop it with Ctrl-C.`);
          else ended.abort();
        };
        playing = through();
        playing.catch(() => ended.abort());
      },
    });
    await playing;
    return [...alerts.values()];
  } finally {
    await scratch.remove();
  }
}

/** What was not delivered was not judged: until then there is nothing to be said of the recording. */
async function settle(isSettled: () => boolean, signal: AbortSignal): Promise<void> {
  while (!isSettled() && !signal.aborted) await sleep(100, undefined, { signal }).catch(() => undefined);
}

async function tellEnd(alerts: Iterable<Alert>, io: Io, say: (line: string) => Promise<void>): Promise<void> {
  const style = createStyle(io, io.stdout);
  const loud = [...alerts].filter(({ severity }) => severity !== 'info');
  await say(
    `\n${style.bold(loud.length === 0 ? 'The recording has ended. Nothing was stolen in it.' : `The recording has ended. ${loud.length === 1 ? 'One theft was' : `${loud.length} thefts were`} caught:`)}`,
  );
  for (const alert of loud) {
    await say('');
    for (const line of renderAlert(alert, style, io.stdout.columns ?? DEFAULT_WIDTH)) await say(line);
  }
}

const minutes = (time: number): string => {
  const seconds = Math.round(time / SECOND);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};
