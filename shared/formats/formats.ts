/** Every format by its name: a new one is one file, and a line here. */
import { cef } from './cef.ts';
import { ecs } from './ecs.ts';
import type { Format, FormatName } from './format.ts';
import { native } from './native.ts';
import { ocsf } from './ocsf.ts';
import { slack } from './slack.ts';
import { teams } from './teams.ts';

export const formats: Record<FormatName, Format> = { native, ocsf, ecs, cef, slack, teams };
