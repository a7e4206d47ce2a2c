import { fileURLToPath } from 'node:url';
import { TruantError } from '../../shared/errors.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { writeLine } from '../io.ts';
import { configFile, loadConfig } from '../load-config.ts';
import { CONFIG_OPTION, parsePort, parseSpeed } from '../options.ts';
import type { RegisterCommand } from './command.ts';

interface Options {
  config?: string;
  demo?: true;
  speed: number;
  port?: number;
}

/** From dist/cli/commands/. */
const EXAMPLE = fileURLToPath(new URL('../../../examples/stolen-token', import.meta.url));
const DEMO_SPEED = 4;

export const registerStart: RegisterCommand = (program, io) => {
  program
    .command('start')
    .description('run agent and collector in one process; with --demo play a recorded theft through them')
    .option(...CONFIG_OPTION)
    .option('--demo', 'play the bundled recording of a real theft; nothing is kept')
    .option('--speed <times>', 'how fast the recording is played', parseSpeed, DEMO_SPEED)
    .option('--port <port>', 'the port to answer at, 0 for any free one', parsePort)
    .addHelpText('after', '\nExamples:\n  truant start --demo\n  truant start --config truant.yaml')
    .action(async (options: Options) => {
      const config = await loadConfig(configFile(options.config, io.env), io.env);
      const port = options.port ?? config.collector.listen.port;
      if (options.demo) {
        const { playRecording } = await import('../run/play.ts');
        await playRecording({ config, recording: EXAMPLE, speed: options.speed, port, serve: true }, io);
        return;
      }
      const { auditLog, tokenFiles } = config.agent;
      if (auditLog.path === undefined && !tokenFiles.enabled) throw nothingToWatch();
      const { runBoth } = await import('../run/both.ts');
      const listen = { ...config.collector.listen, port };
      await runBoth({
        config: { ...config, collector: { ...config.collector, listen } },
        io,
        logger: createLogger(config.log),
        signal: io.stopSignal(),
        onStarted: (_agent, address) =>
          void writeLine(io.stdout, `Agent and collector run. The collector answers at ${address}.`),
      });
    });
};

const nothingToWatch = (): TruantError =>
  new TruantError('CONFIG_INVALID', 'agent.auditLog.path is not set, so there is nothing to watch.', {
    remedy:
      "Set it, or TRUANT_AGENT__AUDIT_LOG__PATH, to the API server's audit log, such as /var/log/kubernetes/audit/audit.log; or have token files watched with agent.tokenFiles.enabled; or see a recorded theft with --demo.",
  });
