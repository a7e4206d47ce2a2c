/** Whatever a kubelet does to a pod: what was told, applied in order, is what is there. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'vitest';
import { PodFiles } from '../../agent/sources/token-files/pod-files.ts';
import { Kubelet, SECRET, tokenOf } from './support/kubelet.ts';

const POD = 'pod-a';

interface Volume {
  name: string;
  kind: string;
}
type Step =
  | { act: 'look' | 'remove-pod' }
  | { act: 'make'; volume: Volume }
  | { act: 'remove'; volume: Volume }
  /** By file, the id of its token; empty: no token. */
  | { act: 'write'; volume: Volume; files: Record<string, string> };

const volume: fc.Arbitrary<Volume> = fc.record({
  name: fc.constantFrom('v1', 'v2'),
  kind: fc.constantFrom('kubernetes.io~projected', SECRET),
});
const files = fc.dictionary(fc.constantFrom('token', 'ca.crt', 'deep/token'), fc.constantFrom('', '1', '2', '3'));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ act: fc.constant('write' as const), volume, files }),
  fc.record({ act: fc.constant('make' as const), volume }),
  fc.record({ act: fc.constant('remove' as const), volume }),
  fc.record({ act: fc.constantFrom('look' as const, 'remove-pod' as const) }),
);

class World {
  readonly #kubelet = new Kubelet();
  readonly #files = new PodFiles(join(this.#kubelet.pods, POD), { volumes: 10, tokens: 100, entries: 100 });
  /** Ids of tokens by path, by volume. */
  readonly #there = new Map<string, Map<string, string>>();
  readonly #told = new Map<string, string | undefined>();

  async take(step: Step): Promise<void> {
    if (step.act === 'write') this.#write(step.volume, step.files);
    else if (step.act === 'make') this.#make(step.volume);
    else if (step.act === 'remove') this.#remove(step.volume);
    else if (step.act === 'remove-pod') this.#removePod();
    else await this.look();
  }

  async look(): Promise<void> {
    const changes = (await this.#files.look())?.changes ?? this.#files.end();
    for (const { event, link, claims } of changes) {
      const before = this.#told.get(link);
      const fits = { appeared: before === undefined, rotated: before !== claims.jti, gone: before === claims.jti };
      if (!fits[event] || (event === 'rotated' && before === undefined)) throw new Error(`${event} after ${before}`);
      if (event === 'gone') this.#told.delete(link);
      else this.#told.set(link, claims.jti);
    }
    assert.deepEqual(this.#told, new Map([...this.#there.values()].flatMap((tokens) => [...tokens])));
  }

  dispose(): void {
    this.#kubelet.dispose();
  }

  #write({ name, kind }: Volume, files: Record<string, string>): void {
    const path = this.#kubelet.pathOf(POD, name, kind);
    const entries = Object.entries(files);
    const contents = entries.map(([file, id]) => [file, id === '' ? 'no token' : tokenOf(id)]);
    this.#kubelet.write(POD, name, Object.fromEntries(contents), { kind });
    const tokens = entries.filter(([, id]) => id !== '');
    this.#there.set(path, new Map(tokens.map(([file, id]) => [join(path, file), id])));
  }

  #make({ name, kind }: Volume): void {
    const path = this.#kubelet.pathOf(POD, name, kind);
    mkdirSync(path, { recursive: true });
    if (!this.#there.has(path)) this.#there.set(path, new Map());
  }

  #remove({ name, kind }: Volume): void {
    if (this.#there.delete(this.#kubelet.pathOf(POD, name, kind))) this.#kubelet.removeVolume(POD, name, kind);
  }

  #removePod(): void {
    if (this.#there.size > 0) this.#kubelet.removePod(POD);
    this.#there.clear();
  }
}

test('what is told of a pod adds up to what is there', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const world = new World();
      try {
        for (const step of steps) await world.take(step);
        await world.look();
      } finally {
        world.dispose();
      }
    }),
  );
});
