/** The guard's thread. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Guard } from './guard.ts';
import { loadLibc } from './libc.ts';
import type { GuardData } from './messages.ts';

new Guard(await loadLibc(), workerData as GuardData, parentPort as MessagePort).run();
