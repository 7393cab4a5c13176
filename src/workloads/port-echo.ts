/**
 * The other thread of `port.ts`: echoes every message, or counts those whose sequence is right and reports
 * now and then. `null` ends it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { PortEchoData } from './port.ts';
import { PortCodec, type Posted, portMessage } from './port-message.ts';

const { mode, reportEvery, encoding } = workerData as PortEchoData;
const codec = new PortCodec(encoding);
let expected = 0;
let count = 0;

if (parentPort !== null) {
  const port = parentPort;
  port.on('message', (posted: Posted | null) => {
    if (posted === null) {
      port.close();
      return;
    }
    const { sequence, xFunctionCode, payload } = codec.read(posted);
    if (mode === 'echo') {
      codec.post(port, portMessage(sequence, xFunctionCode, payload));
      return;
    }
    if (sequence === expected) expected += 1;
    count += 1;
    if (count < reportEvery) return;
    port.postMessage(expected);
    count = 0;
  });
}
