/** Cards whose sockets have numbers beyond 16 bits, without a socket for each number below. */
import { NO_SOCKET } from '../../src/i2o/socket-number.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import type { VirtualCard } from '../../src/world/virtual/virtual-card.ts';

/** More than 16 bits number; and a store and slots that need not hold what so many sockets could use. */
export const WIDE_SOCKETS = 66_000;
export const WIDE_CARD: CardOverrides = {
  mtu: 1500,
  pools: {
    transmitBuffers: 64,
    transmitBufferBytes: 2048,
    receiveBuckets: 64,
    receiveBucketBytes: 2048,
    inboundFrames: 512,
    outboundFrames: 64,
    immediateSlots: 64,
    storeBlocks: 256,
  },
  driver: { socketsMax: WIDE_SOCKETS },
  stack: { timeWaitMax: 256 },
};

/**
 * Has the driver use numbers from both ends of its range in turn, so that those of one message are on both sides
 * of 16 bits. Before it has made a socket.
 */
export function scatterNumbers({ host }: VirtualCard): void {
  const table = host.sockets['table'];
  if (table['freeCount'] !== table.most) throw new Error('a socket has been made already');
  const numbers = [...table['free'].subarray(0, table.most)].filter((number) => number !== NO_SOCKET);
  const turns = numbers.map((_, i) =>
    i % 2 === 0 ? numbers[i >> 1] : numbers[numbers.length - 1 - (i >> 1)],
  );
  table['free'].set(turns.reverse());
}
