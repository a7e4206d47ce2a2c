import { EXIT } from '../exit-codes.ts';
import { configFile, loadConfig } from '../load-config.ts';
import { CONFIG_OPTION, parsePort, parseSpeed } from '../options.ts';
import { playRecording } from '../run/play.ts';
import type { RegisterCommand } from './command.ts';

interface Options {
  config?: string;
  speed: number;
  port: number;
  serve?: true;
  failOnAlert?: true;
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
    .option('--fail-on-alert', 'exit with 1 if there was an alert of medium severity or above')
    .addHelpText('after', '\nExample:\n  truant replay examples/stolen-token --speed 10')
    .action(async (recording: string, options: Options) => {
      const config = await loadConfig(configFile(options.config, io.env), io.env);
      const { speed, port, serve = false } = options;
      const alerts = await playRecording({ config, recording, speed, port, serve }, io);
      const loud = alerts.some(({ severity }) => severity !== 'info' && severity !== 'low');
      if (options.failOnAlert && loud) io.exitCode = EXIT.findings;
    });
};
