/** What a connection's owners have of it, in objects: the card's socket module, and the host's driver. */
import { CardSocket } from '../../src/ism/sockets/card-socket.ts';
import { HostSocket } from '../../src/osm/memory/host-socket.ts';
import { memoryNow } from './measure.ts';

const OBJECTS = 20_000;

/** Bytes of the heap that each object takes. */
function bytesOf(make: () => object): number {
  const before = memoryNow().heapBytes;
  const made = Array.from({ length: OBJECTS }, () => make());
  const bytes = (memoryNow().heapBytes - before) / made.length;
  return Math.round(bytes);
}

export function ownerBytes(): { card: number; host: number } {
  return { card: bytesOf(() => new CardSocket()), host: bytesOf(() => new HostSocket()) };
}
