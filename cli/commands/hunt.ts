import { Option } from 'commander';
import { SEVERITIES } from '../../shared/schema/alert.ts';
import type { HuntOptions } from '../hunt/hunt.ts';
import { CONFIG_OPTION } from '../options.ts';
import type { RegisterCommand } from './command.ts';

export const registerHunt: RegisterCommand = (program, io) => {
  program
    .command('hunt')
    .argument('<paths...>', 'audit logs, plain or gzipped, or folders of them; - is standard input')
    .description('look for thefts in audit logs that are already there; needs no cluster and no collector')
    .option(
      '-i, --inventory <file>',
      'who held which address: `kubectl get pods,nodes -A -o json`, or a recorded watch',
    )
    .option(
      '--reads <files...>',
      'recorded opens of token files (opens.jsonl), and what became of these (tokens.jsonl)',
    )
    .option('--json', 'one alert a line, as JSON')
    .option('--uses', 'every use of a token too, with where it was made from and why that is known')
    .addOption(new Option('--fail-on <severity>', 'exit with 1 if there is an alert this severe').choices(SEVERITIES))
    .option(...CONFIG_OPTION)
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: HuntOptions) => {
      const { hunt } = await import('../hunt/hunt.ts');
      await hunt(paths, options, io);
    });
};

const EXAMPLES = `
Examples:
  truant hunt /var/log/kubernetes/audit --inventory <(kubectl get pods,nodes -A -o json)
  truant hunt audit.log.gz --json | jq -r 'select(.severity == "critical") | .summary'
  zcat audit-*.log.gz | truant hunt - --fail-on high
  truant hunt examples/stolen-token/audit --inventory examples/stolen-token/cluster.jsonl --uses

Without --inventory the homes of pods are learned from the log itself: it finds less, and is less sure.`;
