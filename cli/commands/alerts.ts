import { registerAlertActions } from './alert-actions.ts';
import { registerAlertsList } from './alerts-list.ts';
import { registerAlertsShow } from './alerts-show.ts';
import type { RegisterCommand } from './command.ts';

const EXAMPLES = `
Examples:
  truant alerts                                   the same as \`truant alerts list\`, which has options
  truant alerts al_8c1f04d2b7e96a35c0d1           the same as \`truant alerts show\`
  truant alerts list --status open --order worst
  truant alerts ack al_8c1f04d2b7e96a35c0d1
  truant alerts close al_8c1f04d2b7e96a35c0d1 --reason benign --note 'our scanner' --except`;

export const registerAlerts: RegisterCommand = (program, io) => {
  const alerts = program
    .command('alerts')
    .description("a collector's alerts: list them, read one with its story, look after them")
    .addHelpText('after', EXAMPLES);
  for (const register of [registerAlertsList, registerAlertsShow, registerAlertActions]) register(alerts, io);
};
