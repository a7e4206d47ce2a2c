/** A reader's thread. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { loadLibc } from './libc.ts';
import type { ReaderData } from './messages.ts';
import { Reader } from './reader.ts';

new Reader(await loadLibc(), workerData as ReaderData, parentPort as MessagePort).run();
