import { Option } from 'commander';
import { SEVERITIES, type Severity } from '../../shared/schema/alert.ts';
import { configFile, loadConfig } from '../load-config.ts';
import { CONFIG_OPTION, exitCodeOf, parsePort, parseSpeed, UNFINISHED } from '../options.ts';
import type { RegisterCommand } from './command.ts';

interface Options {
  config?: string;
  speed: number;
  port: number;
  serve?: true;
  failOn?: Severity;
}

export const registerReplay: RegisterCommand = (program, io) => {
  program
    .command('replay')
    .argument('<recording>', 'a folder with audit/audit.log and cluster.jsonl')
    .description('play a recording through agent and collector, as if it happened now')
    .option(...CONFIG_OPTION)
    .option('--speed <times>', 'how many times as fast as it happened', parseSpeed, 1)
    .option('--port <port>', 'the port to answer at, 0 for any free one', parsePort, 0)
    .option('--serve', 'go on answering after the end')
    .addOption(new Option('--fail-on <severity>', 'exit with 1 if there is an alert this severe').choices(SEVERITIES))
    .addHelpText('after', '\nExample:\n  truant replay examples/stolen-token --speed 10')
    .action(async (recording: string, options: Options) => {
      if (options.failOn) io.exitCode = UNFINISHED;
      const config = await loadConfig(configFile(options.config, io.env), io.env);
      const { speed, port, serve = false } = options;
      const { playRecording } = await import('../run/play.ts');
      const alerts = await playRecording({ config, recording, speed, port, serve }, io);
      io.exitCode = exitCodeOf(alerts, options.failOn);
    });
};
