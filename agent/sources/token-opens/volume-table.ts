/**
 * Volumes by their filesystem's device, as the guard tells of them. One that the host has unmounted may live on in other
 * mounts, and its mark with it; so it is known for a while longer. Events come from marked filesystems alone, so that a
 * device that was given to another one is either that one's or, still, the former one's.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { BoundedMap } from '../../../shared/inventory/bounded-map.ts';
import type { VolumesChange } from './messages.ts';
import type { Volume } from './volumes.ts';

const MAX_FORMER = 256;

export class VolumeTable {
  readonly #byDevice = new Map<number, Volume>();
  readonly #former = new BoundedMap<number, Volume>(MAX_FORMER);
  readonly #onGone: (volume: Volume) => void;
  #port: MessagePort | undefined;

  constructor(onGone: (volume: Volume) => void) {
    this.#onGone = onGone;
  }

  get all(): Volume[] {
    return [...this.#byDevice.values()];
  }

  /** How many there are. */
  get size(): number {
    return this.#byDevice.size;
  }

  has({ device }: Pick<Volume, 'device'>): boolean {
    return this.#byDevice.has(device);
  }

  /** Whose filesystem it is, or was last. */
  of(device: number): Volume | undefined {
    return this.#byDevice.get(device) ?? this.#former.peek(device);
  }

  add(volume: Volume): void {
    this.#byDevice.set(volume.device, volume);
  }

  remove({ device }: Pick<Volume, 'device'>): void {
    const volume = this.#byDevice.get(device);
    if (!volume) return;
    this.#byDevice.delete(device);
    this.#former.set(device, volume);
    this.#onGone(volume);
  }

  /** Begins anew with what will come through a port. */
  listenTo(port: MessagePort): void {
    this.#port?.close();
    this.#port = port;
    for (const volume of this.all) this.remove(volume);
  }

  /** Takes what has come. */
  hear(): void {
    const port = this.#port;
    if (!port) return;
    for (let mail = receiveMessageOnPort(port); mail; mail = receiveMessageOnPort(port)) {
      const { gone, appeared } = mail.message as VolumesChange;
      for (const volume of gone) this.remove(volume);
      for (const volume of appeared) this.add(volume);
    }
  }
}
