import { stringify } from 'yaml';
import { shownConfig } from '../../shared/config/shown.ts';
import { writeLine } from '../io.ts';
import { configFile, loadConfig } from '../load-config.ts';
import { jsonLine } from '../ui/json.ts';
import type { RegisterCommand } from './command.ts';

interface Options {
  config?: string;
  json?: true;
}

const CONFIG_OPTION = ['-c, --config <file>', 'the configuration, a YAML file (also TRUANT_CONFIG)'] as const;

export const registerConfig: RegisterCommand = (program, io) => {
  const config = program
    .command('config')
    .description('check the configuration, or show what is in force')
    .addHelpText('after', '\nExamples:\n  truant config check --config truant.yaml\n  truant config print');

  config
    .command('check')
    .description('say whether the configuration is right, and if not, every reason why')
    .option(...CONFIG_OPTION)
    .addHelpText('after', '\nExample:\n  truant config check --config truant.yaml')
    .action(async (options: Options) => {
      const file = configFile(options.config, io.env);
      await loadConfig(file, io.env);
      await writeLine(io.stdout, `the configuration is right: ${file ?? 'no file, defaults and environment only'}`);
    });

  config
    .command('print')
    .description('show the configuration in force: the file, the environment and the defaults, without secrets')
    .option(...CONFIG_OPTION)
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  TRUANT_LOG__LEVEL=debug truant config print --config truant.yaml')
    .action(async (options: Options) => {
      const shown = shownConfig(await loadConfig(configFile(options.config, io.env), io.env));
      await writeLine(io.stdout, options.json ? jsonLine(shown) : stringify(shown).trimEnd());
    });
};
