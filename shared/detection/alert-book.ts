/**
 * The alerts of a cluster that are open, or were closed within a week. A finding joins the alert that one of its keys leads
 * to (one theft is one alert), raises its severity and confidence and adds to its story; else it opens one. A closed alert
 * stays closed unless the finding brings what was not known then. Bounded: closed alerts are let go of first, then the
 * quietest that were touched longest ago (they stay in the store).
 */
import { hash } from 'node:crypto';
import { BoundedMap } from '../inventory/bounded-map.ts';
import type { LedgerEntry } from '../inventory/ledger.ts';
import type { Alert, Finding } from '../schema/alert.ts';
import { DAY, type Micros } from '../time.ts';
import { AlertState } from './alert-state.ts';
import type { Reopened } from './correlator-types.ts';
import type { Exhibit } from './exhibit.ts';
import { keys } from './rule.ts';

const MAX_ALERTS = 5_000;
/** Let go of at a time, so that whoever invents alerts by the thousand has none of them cost a look at all. */
const AT_ONCE = 250;
const MAX_KEYS = 50_000;
/** A key that names no credential (an address, a pod) ties findings together for a day. */
const LOOSE_KEY_LASTS: Micros = DAY;

export class AlertBook {
  readonly #cluster: string;
  readonly #alerts = new Map<string, AlertState>();
  /** Alerts by key; they may have been let go of. */
  readonly #byKey = new BoundedMap<string, string>(MAX_KEYS);
  readonly #changed = new Set<AlertState>();
  readonly #reopened: Reopened[] = [];

  constructor(cluster: string) {
    this.#cluster = cluster;
  }

  /** Files a finding with the observations that it rests on. `ledger`: of the finding's credential, for how it began. */
  add(finding: Finding, exhibits: readonly Exhibit[], ledger: LedgerEntry | undefined): void {
    const alert = this.#find(finding) ?? this.#open(finding);
    const news = alert.newsIn(finding, exhibits);
    if (!alert.add(finding, exhibits, ledger)) return;
    if (news !== undefined) {
      alert.reopen();
      this.#reopened.push({ alert: alert.id, because: news });
    }
    this.#index(alert, finding);
    this.#changed.add(alert);
  }

  /** Alerts that changed since the last call, whole. `now` becomes their updatedAt. */
  takeChanged(now: Micros): Alert[] {
    const alerts = [...this.#changed].map((alert) => alert.render(now));
    this.#changed.clear();
    return alerts;
  }

  /** Closed alerts that were opened again since the last call. */
  takeReopened(): Reopened[] {
    return this.#reopened.splice(0);
  }

  /** What people have made of an alert, which may have been let go of. */
  adopt(alert: Alert): void {
    const known = this.#alerts.get(alert.id);
    if (known) known.adopt(alert);
    else this.restore(alert);
  }

  /** Takes back an alert that was stored, so that later findings join it. Of several, those that are not closed first. */
  restore(alert: Alert): void {
    if (alert.cluster !== this.#cluster) return;
    const state = AlertState.from(alert);
    this.#keep(state);
    for (const finding of alert.findings) this.#index(state, finding);
    // Of many findings only some are kept with the alert.
    for (const id of [alert.credential, ...alert.relatedCredentials]) {
      if (id !== null) this.#byKey.touch(keys.credential(id), () => state.id);
    }
  }

  #find(finding: Finding): AlertState | undefined {
    for (const key of finding.keys) {
      const alert = this.#alerts.get(this.#byKey.peek(key) ?? '');
      if (!alert) continue;
      if (alert.isOver(finding.time)) {
        this.#alerts.delete(alert.id);
        continue;
      }
      if (isStrong(key) || Math.abs(finding.time - alert.lastSeen) <= LOOSE_KEY_LASTS) return alert;
    }
    return undefined;
  }

  #open(finding: Finding): AlertState {
    const id = `al_${hash('sha1', `${this.#cluster}\n${finding.id}`, 'hex').slice(0, 20)}`;
    const existing = this.#alerts.get(id);
    if (existing) return existing;
    const alert = new AlertState(id, this.#cluster);
    this.#keep(alert);
    return alert;
  }

  #keep(alert: AlertState): void {
    if (this.#alerts.size >= MAX_ALERTS) this.#letGo();
    this.#alerts.set(alert.id, alert);
  }

  #index(alert: AlertState, finding: Finding): void {
    const all = finding.source === null ? finding.keys : [...finding.keys, ...this.#sourceKey(finding)];
    for (const key of all) {
      // A credential stays with the first alert about it; looser keys lead to the newest, if that is not closed.
      const holder = this.#alerts.get(this.#byKey.touch(key, () => alert.id));
      if (!holder || !(isStrong(key) || (alert.isClosed && !holder.isClosed))) this.#byKey.set(key, alert.id);
    }
  }

  /** Leads from a thief's address to the alert about it; never the other way: two thefts may come from one address. */
  #sourceKey(finding: Finding): string[] {
    const isTheft = finding.keys.some((key) => key.startsWith('away:') || key.startsWith('actor:'));
    return isTheft && finding.source !== null ? [keys.source(finding.source)] : [];
  }

  #letGo(): void {
    const ranked = [...this.#alerts.values()].map((alert) => ({ id: alert.id, rank: alert.rank }));
    const quietest = ranked.toSorted((a, b) => a.rank - b.rank).slice(0, AT_ONCE);
    for (const { id } of quietest) this.#alerts.delete(id);
  }
}

const isStrong = (key: string): boolean => key.startsWith('credential:') || key.startsWith('hygiene:');
