/** Which alerts are for an output, and what of them. Pure. */
import type { OutputSettings } from '../../shared/config/outputs.ts';
import { parsePrincipal } from '../../shared/normalise/principal.ts';
import { type Alert, SEVERITIES } from '../../shared/schema/alert.ts';
import type { Told } from '../store/outputs.ts';
import type { Due } from './events.ts';

export type Filter = Pick<OutputSettings, 'minSeverity' | 'rules' | 'clusters' | 'namespaces'>;

/** What has been told of, if only in a summary, is told on, whatever it becomes. */
export function isFor(
  filter: Filter,
  alert: Pick<Alert, 'severity' | 'rules' | 'cluster' | 'principal' | 'binding'>,
  told: Told | undefined,
): boolean {
  if (told) return true;
  const { minSeverity, rules, clusters, namespaces } = filter;
  if (SEVERITIES.indexOf(alert.severity) < SEVERITIES.indexOf(minSeverity)) return false;
  if (rules.length > 0 && !alert.rules.some((rule) => rules.includes(rule))) return false;
  if (clusters.length > 0 && !clusters.includes(alert.cluster)) return false;
  if (namespaces.length === 0) return true;
  const own = [alert.binding.pod?.namespace, parsePrincipal(alert.principal)?.namespace];
  return own.some((namespace) => namespace !== undefined && namespaces.includes(namespace));
}

export const isWanted = (on: OutputSettings['on'], { event, isReopened }: Due): boolean =>
  on.includes(event) || (isReopened === true && on.includes('create'));
