/** Holds the datagrams that programs send each other against the cards that they leave and arrive at. */
import { BUFFERS_PER_SEND_TO } from '../../osm/message/send-requests.ts';
import { WORKLOADS } from '../../workloads/programs.ts';
import { bucketBytesFor, fragmentsOf, packetSlotsFor } from '../config/datagram-room.ts';
import type { CardTopology, ProgramTopology } from './checked.ts';
import { portsOf } from './reach.ts';

/**
 * A datagram that is longer than the buffers which a send may have is never sent. One that is longer than a
 * bucket would be cut off, each of them, and one of more fragments than a
 * card puts together would never come.
 * @throws RangeError that names the first program which could not send one, or to which they would not come whole.
 */
export function checkDatagrams(programs: readonly ProgramTopology[], cards: readonly CardTopology[]): void {
  const mtu = Math.min(...cards.flatMap((card) => portsOf(card).map((port) => port.mtu)));
  for (const program of programs) {
    const { name, role, workload, card } = program;
    const { datagrams, operation } = WORKLOADS[workload];
    if (!datagrams) continue;
    checkSent(program, cards[card]);
    if (role === 'client' && operation === 'datagram') continue;
    const key = role === 'client' && program.responseBytes !== program.sizeBytes ? 'response' : 'size';
    const bytes = role === 'client' ? program.responseBytes : program.sizeBytes;
    const { name: at, config } = cards[card];
    const check = (setting: string, has: number, needed: number, why: string): void => {
      if (has >= needed) return;
      throw new RangeError(
        `"programs.${name}.${key}": ${why} of the card "${at}": set "${setting}" to ${needed} or more, ` +
          `not ${has}`,
      );
    };
    const bucketBytes = bucketBytesFor(bytes);
    const { receiveBucketBytes } = config.pools;
    const cut = `datagrams of ${bytes} bytes do not fit the buckets`;
    check('pools.receiveBucketBytes', receiveBucketBytes, bucketBytes, cut);
    const fragments = fragmentsOf(bytes, mtu);
    const pieces =
      `datagrams of ${bytes} bytes come in ${fragments} fragments, ` + 'too many for the packet slots';
    check('packetSlots', config.packetSlots, packetSlotsFor(fragments), pieces);
  }
}

/** A send names its buffers in one frame: it has so many at most, and no more than the pool. */
function checkSent(program: ProgramTopology, { name: at, config }: CardTopology): void {
  const { name, role, workload, sizeBytes, responseBytes } = program;
  if (role === 'server' && WORKLOADS[workload].operation === 'datagram') return;
  const bytes = role === 'client' ? sizeBytes : responseBytes;
  const key = bytes === sizeBytes ? 'size' : 'response';
  const { transmitBuffers, transmitBufferBytes } = config.pools;
  const buffers = Math.min(transmitBuffers, BUFFERS_PER_SEND_TO);
  if (buffers * transmitBufferBytes >= bytes) return;
  throw new RangeError(
    `"programs.${name}.${key}": datagrams of ${bytes} bytes do not fit the transmit buffers of a send on the ` +
      `card "${at}", ${buffers} of ${transmitBufferBytes}: set "pools.transmitBuffers" or ` +
      '"pools.transmitBufferBytes" to more',
  );
}
