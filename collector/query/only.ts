import { TruantError } from '../../shared/errors.ts';
import { Problem } from '../server/problem.ts';

/** The one that was meant; who means one of several has to say of which cluster. */
export function only<Found extends { cluster: string }>(found: readonly Found[], none: string): Found {
  const [first, ...more] = found;
  if (!first) throw new TruantError('NOT_FOUND', none);
  if (more.length === 0) return first;
  const problem = `must be given, one of ${found.map(({ cluster }) => cluster).join(', ')}: several know that id`;
  throw new Problem({ status: 400, detail: `cluster ${problem}`, parameters: [{ name: 'cluster', problem }] });
}
