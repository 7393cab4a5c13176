/**
 * The other thread of `port.ts`: echoes every message, or counts them and reports now and then. `null` ends
 * it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { PortEchoData } from './port.ts';

const { mode, reportEvery } = workerData as PortEchoData;
let count = 0;

parentPort?.on('message', (message: Uint8Array | null) => {
  if (message === null) {
    parentPort?.close();
    return;
  }
  if (mode === 'echo') {
    parentPort?.postMessage(message);
    return;
  }
  count += 1;
  if (count < reportEvery) return;
  parentPort?.postMessage(count);
  count = 0;
});
