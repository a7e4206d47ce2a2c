/** Volumes by their filesystem's device, as the guard tells of them. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { VolumesChange } from './messages.ts';
import type { Volume } from './volumes.ts';

export class VolumeTable {
  readonly #byDevice = new Map<number, Volume>();
  readonly #onGone: (volume: Volume) => void;
  #port: MessagePort | undefined;

  constructor(onGone: (volume: Volume) => void) {
    this.#onGone = onGone;
  }

  get all(): Volume[] {
    return [...this.#byDevice.values()];
  }

  get size(): number {
    return this.#byDevice.size;
  }

  of(device: number): Volume | undefined {
    return this.#byDevice.get(device);
  }

  add(volume: Volume): void {
    this.#byDevice.set(volume.device, volume);
  }

  remove({ device }: Pick<Volume, 'device'>): void {
    const volume = this.#byDevice.get(device);
    if (!volume) return;
    this.#byDevice.delete(device);
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
