import type { Ledger } from '../inventory/ledger.ts';
import type { Micros } from '../time.ts';
import type { LearnedHomes } from './learned-homes.ts';
import type { Masquerade } from './masquerade.ts';
import type { SecretRead } from './memory.ts';
import type { Paths } from './paths.ts';
import type { Policy } from './policy.ts';

/** What a verdict on a use may be asked of. */
export interface PlacementContext {
  ledger: Ledger;
  masquerade: Masquerade;
  paths: Paths;
  learned: LearnedHomes;
  policy: Policy;
  /** Event time up to which everything is known. */
  now: Micros;
  /** Whether the log shows this address to be the control plane's. */
  isControlPlane(address: string): boolean;
  /** Requests by which other accounts may have got this legacy token, oldest first. */
  secretReads(credential: string, time: Micros): SecretRead[];
}
