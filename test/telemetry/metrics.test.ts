import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { componentMetrics, following } from '../../shared/telemetry/metrics.ts';

test('a total that somebody else keeps is followed up, and one that begins anew too', () => {
  let total = 0;
  let counted = 0;
  const follow = following(
    () => total,
    (count) => {
      counted += count;
    },
  );
  for (const next of [0, 3, 3, 5, 1, 2]) {
    total = next;
    follow();
  }
  expect(counted).toBe(5 + 1);
});

describe('componentMetrics', () => {
  test('counts the five things by component', async () => {
    const registry = new Registry();
    const metrics = componentMetrics(registry, 'audit-file', {
      dropped: ['irrelevant'],
      errors: ['read'],
      deadLetters: ['malformed'],
    });
    metrics.received(3);
    metrics.sent();
    metrics.dropped('irrelevant', 2);
    metrics.error('read');
    metrics.deadLetter('malformed');
    const text = await registry.metrics();
    expect(text).toContain('truant_received_total{component="audit-file"} 3');
    expect(text).toContain('truant_sent_total{component="audit-file"} 1');
    expect(text).toContain('truant_dropped_total{component="audit-file",reason="irrelevant"} 2');
    expect(text).toContain('truant_errors_total{component="audit-file",error_type="read"} 1');
    expect(text).toContain('truant_dead_letters_total{component="audit-file",reason="malformed"} 1');
  });

  test('every series is there from the start', async () => {
    const registry = new Registry();
    componentMetrics(registry, 'spool', { dropped: ['full'] });
    const text = await registry.metrics();
    expect(text).toContain('truant_received_total{component="spool"} 0');
    expect(text).toContain('truant_dropped_total{component="spool",reason="full"} 0');
    expect(text).toContain('truant_errors_total{component="spool",error_type="other"} 0');
  });

  test('two components share the metrics, two registries share nothing', async () => {
    const [one, two] = [new Registry(), new Registry()];
    componentMetrics(one, 'a').received();
    componentMetrics(one, 'b').received(2);
    componentMetrics(two, 'a');
    expect(await one.metrics()).toContain('truant_received_total{component="b"} 2');
    expect(await two.metrics()).toContain('truant_received_total{component="a"} 0');
    expect(await two.metrics()).not.toContain('component="b"');
  });

  test('a value from outside makes no series', async () => {
    const registry = new Registry();
    const metrics = componentMetrics(registry, 'a', { errors: ['read'] });
    for (let i = 0; i < 50; i++) metrics.error(`made-up-${i}` as 'read');
    const text = await registry.metrics();
    expect(text).toContain('truant_errors_total{component="a",error_type="other"} 50');
    expect(text).not.toContain('made-up');
  });
});
