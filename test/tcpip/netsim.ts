/**
 * Loss recovery measured as smoltcp's netsim test sets it up: 10 MiB or 2,000 virtual seconds over a round
 * trip of 100 ms, no Nagle, retries without limit, and a buffer that is the window; each frame is lost with a
 * chance, either way. As smoltcp's sockets are unless asked, without congestion control and timestamps.
 */
import { TCP_NODELAY } from '../../src/socket/options.ts';
import type { StackConfig } from '../../src/tcpip/stack/stack.ts';
import { World } from './harness.ts';

export interface NetsimCell {
  /** Bytes of the receive buffer: the window. */
  readonly buffer: number;
  /** Chance that a frame is lost. */
  readonly loss: number;
  /** Bytes a second that smoltcp has published. */
  readonly published: number;
}

const LOSSES = [0, 0.01, 0.05, 0.1, 0.2, 0.3];
const PUBLISHED: readonly (readonly [buffer: number, bytesPerSecond: readonly number[]])[] = [
  [32_768, [322_945, 219_671, 76_626, 37_775, 6079, 1156]],
  [4096, [35_062, 26_937, 14_074, 7871, 1604, 402]],
];

export const NETSIM_CELLS: readonly NetsimCell[] = PUBLISHED.flatMap(([buffer, rates]) =>
  rates.map((published, i) => ({ buffer, loss: LOSSES[i], published })),
);

export const NETSIM_BYTES = 10 * 1024 * 1024;
export const NETSIM_SECONDS = 2000;
const MIB = new Uint8Array(65_536);

/** @returns bytes a second of virtual time, from the connect on. */
export function netsimRate(
  { buffer, loss }: NetsimCell,
  seed: number,
  bytes = NETSIM_BYTES,
  seconds = NETSIM_SECONDS,
  config: Partial<StackConfig> = {},
): number {
  const world = new World({
    delayUs: 50_000,
    loss,
    seed,
    config: {
      receiveBufferBytes: buffer,
      receiveWindowBytes: buffer,
      lossRecovery: 'rack',
      congestionControl: 'none',
      timestamps: false,
      retries: 255,
      synRetries: 255,
      synAckRetries: 255,
      ...config,
    },
  });
  const { a, b } = world;
  const listener = world.listen(80);
  const client = a.stack.tcpOpen(1);
  a.stack.tcpSetOption(client, TCP_NODELAY, 1);
  a.stack.tcpConnect(client, b.address, 80, world.nowUs);
  let server = -1;
  let queued = 0;
  let received = 0;
  world.program = () => {
    if (a.connectedWith.get(1) === 0) {
      while (queued < bytes && queued - received < 4 * buffer) {
        const piece = Math.min(MIB.length, buffer, bytes - queued);
        if (a.sendBytes(client, MIB.subarray(0, piece)) !== 0) break;
        queued += piece;
      }
    }
    if (server < 0) server = b.stack.tcpAccept(listener, 1000);
    if (server >= 0) received += b.takeAll(server).length;
  };
  world.run(seconds * 1e6, () => received >= bytes);
  return received / (world.timeUs / 1e6);
}
