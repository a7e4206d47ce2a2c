/**
 * Every component counts the same five things under its own name. Label values come from closed lists, given when the
 * component is made; whatever is not in its list is counted as `other`, so that nothing from outside can add a series.
 */
import { Counter, type Registry } from 'prom-client';

export const OTHER = 'other';

export interface ComponentLabels<Drop extends string, Kind extends string, Dead extends string> {
  /** Why something was left out. */
  dropped?: readonly Drop[];
  /** What went wrong. */
  errors?: readonly Kind[];
  /** Why something was set aside. */
  deadLetters?: readonly Dead[];
}

export interface ComponentMetrics<
  Drop extends string = never,
  Kind extends string = never,
  Dead extends string = never,
> {
  received(count?: number): void;
  /** Counted after the acknowledgement, never before. */
  sent(count?: number): void;
  dropped(reason: Drop | typeof OTHER, count?: number): void;
  error(errorType: Kind | typeof OTHER, count?: number): void;
  deadLetter(reason: Dead | typeof OTHER, count?: number): void;
}

/** Every series starts at 0, so that a rate over it is right from the first event. */
export function componentMetrics<Drop extends string = never, Kind extends string = never, Dead extends string = never>(
  registry: Registry,
  component: string,
  labels: ComponentLabels<Drop, Kind, Dead> = {},
): ComponentMetrics<Drop, Kind, Dead> {
  const plain = (name: string, help: string) => {
    const total = counter(registry, name, help, ['component']);
    total.inc({ component }, 0);
    return (count = 1) => total.inc({ component }, count);
  };
  const labelled = (name: string, help: string, label: string, values: readonly string[]) => {
    const total = counter(registry, name, help, ['component', label]);
    const known = new Set([...values, OTHER]);
    for (const value of known) total.inc({ component, [label]: value }, 0);
    return (value: string, count = 1) => total.inc({ component, [label]: known.has(value) ? value : OTHER }, count);
  };
  return {
    received: plain('truant_received_total', 'What a component was given.'),
    sent: plain('truant_sent_total', 'What a component handed on, counted once it was acknowledged.'),
    dropped: labelled('truant_dropped_total', 'What a component left out, by reason.', 'reason', labels.dropped ?? []),
    error: labelled('truant_errors_total', 'What went wrong in a component.', 'error_type', labels.errors ?? []),
    deadLetter: labelled(
      'truant_dead_letters_total',
      'What a component could not read and set aside, by reason.',
      'reason',
      labels.deadLetters ?? [],
    ),
  };
}

/** What brings a counter up to a total that somebody else keeps. */
export function following(total: () => number, add: (count: number) => void): () => void {
  let counted = 0;
  return () => {
    const now = total();
    if (now > counted) add(now - counted);
    counted = now;
  };
}

/** The one of that name, made if it isn't there. */
export function counter(registry: Registry, name: string, help: string, labelNames: string[]): Counter {
  const existing = registry.getSingleMetric(name);
  return existing ? (existing as Counter) : new Counter({ name, help, labelNames, registers: [registry] });
}
