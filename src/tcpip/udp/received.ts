/**
 * Received datagrams that wait to be taken. They stay in their packet slots: each socket's are linked from
 * first slot to first slot, and what is known of a datagram is kept by the number of its first slot.
 */
import { assert } from '../../assert/assert.ts';
import {
  BYTES_ACCEPTED,
  BYTES_DELIVERED,
  BYTES_TRUNCATED,
  BYTES_UNREAD,
  PEEK_COPIES,
  RECEIVE_COPIES,
  RECEIVE_PLACEMENTS,
  UDP_IN_DATA_BYTES,
  UDP_IN_DATAGRAMS,
} from '../../ledger/counters.gen.ts';
import type { Environment } from '../environment.ts';
import { UDP_BYTES } from '../header/udp.ts';
import type { Pieces } from '../ipv4/pieces.ts';
import type { UdpSocket } from './socket.ts';

export class UdpReceived {
  private readonly environment: Environment;
  private readonly pieces: Pieces;
  /**
   * Of a datagram, by its first slot: payload bytes, who sent it, and the socket's next datagram (-1: none).
   */
  private readonly length: Int32Array;
  private readonly source: Int32Array;
  private readonly sourcePort: Int32Array;
  private readonly next: Int32Array;

  constructor(environment: Environment, pieces: Pieces) {
    this.environment = environment;
    this.pieces = pieces;
    const { count } = environment.packets;
    this.length = new Int32Array(count);
    this.source = new Int32Array(count);
    this.sourcePort = new Int32Array(count);
    this.next = new Int32Array(count);
  }

  /**
   * Whether a datagram may be queued: the socket's limits leave room, and a quarter of all packet slots stays
   * free for connections. @param stated bytes with the UDP header: an empty datagram takes room too.
   */
  hasRoom(socket: UdpSocket, stated: number): boolean {
    const { config, packets } = this.environment;
    if (socket.bytes + stated > socket.receiveBytesMax || socket.count >= config.udpReceiveDatagrams) {
      return false;
    }
    return packets.available >= packets.count >> 2;
  }

  /** Queues a datagram that lies, UDP header first, in a chain of slots; the chain is kept. */
  append(socket: UdpSocket, packet: number, stated: number, source: number, sourcePort: number): void {
    const { pieces, environment } = this;
    const { counters } = environment;
    const payload = stated - UDP_BYTES;
    assert(payload >= 0, 'UDP received: a datagram that is queued has a whole header');
    counters[UDP_IN_DATAGRAMS] += 1;
    counters[BYTES_ACCEPTED] += payload;
    counters[UDP_IN_DATA_BYTES] += payload;
    pieces.address[packet] += UDP_BYTES;
    pieces.length[packet] -= UDP_BYTES;
    this.length[packet] = payload;
    this.source[packet] = source;
    this.sourcePort[packet] = sourcePort;
    this.next[packet] = -1;
    if (socket.tail < 0) socket.head = packet;
    else this.next[socket.tail] = packet;
    socket.tail = packet;
    socket.bytes += stated;
    socket.count += 1;
    assert(
      socket.count <= environment.config.udpReceiveDatagrams,
      'UDP received: a socket holds no more datagrams than it may',
    );
  }

  /** Payload bytes of the socket's next datagram; -1: there is none. */
  readable(socket: UdpSocket): number {
    return socket.head < 0 ? -1 : this.length[socket.head];
  }

  /** Moves the next datagram's payload; what does not fit is lost. @returns bytes, -1: no datagram. */
  take(socket: UdpSocket, destination: number, lengthMax: number): number {
    const packet = socket.head;
    if (packet < 0) return -1;
    const { address, length, next } = this.pieces;
    const wanted = Math.min(lengthMax, this.length[packet]);
    let taken = 0;
    for (let at = packet; at >= 0 && taken < wanted; at = next[at]) {
      const n = Math.min(length[at], wanted - taken);
      if (n > 0) this.environment.dma.move(RECEIVE_PLACEMENTS, address[at], destination + taken, n);
      taken += n;
    }
    return this.took(socket, packet, taken);
  }

  /**
   * The same to a program's memory, by its processor.
   * @param stays whether the datagram stays to be taken again, whole.
   */
  takeTo(socket: UdpSocket, bytes: Uint8Array, offset: number, lengthMax: number, stays: boolean): number {
    const packet = socket.head;
    if (packet < 0) return -1;
    const { address, length, next } = this.pieces;
    const wanted = Math.min(lengthMax, this.length[packet]);
    const reason = stays ? PEEK_COPIES : RECEIVE_COPIES;
    let taken = 0;
    for (let at = packet; at >= 0 && taken < wanted; at = next[at]) {
      const n = Math.min(length[at], wanted - taken);
      if (n > 0) this.environment.dma.copyOut(reason, address[at], bytes, offset + taken, n);
      taken += n;
    }
    if (!stays) return this.took(socket, packet, taken);
    socket.sourceAddress = this.source[packet];
    socket.sourcePort = this.sourcePort[packet];
    return taken;
  }

  /** So much of a socket's next datagram has been moved, and it goes. @returns that much. */
  private took(socket: UdpSocket, packet: number, taken: number): number {
    assert(taken <= this.length[packet], 'UDP received: no more of a datagram is taken than there is');
    socket.sourceAddress = this.source[packet];
    socket.sourcePort = this.sourcePort[packet];
    this.environment.counters[BYTES_DELIVERED] += taken;
    this.length[packet] -= taken;
    socket.bytes -= taken;
    this.dropFirst(socket, BYTES_TRUNCATED);
    return taken;
  }

  /** Drops all that the socket's user has not taken. */
  dropAll(socket: UdpSocket): void {
    while (socket.head >= 0) this.dropFirst(socket, BYTES_UNREAD);
  }

  /** Drops the first datagram. @param reason the counter of what of its payload has not been taken. */
  private dropFirst(socket: UdpSocket, reason: number): void {
    const packet = socket.head;
    assert(packet >= 0, 'UDP received: a datagram that is dropped is there');
    this.environment.counters[reason] += this.length[packet];
    socket.head = this.next[packet];
    if (socket.head < 0) socket.tail = -1;
    socket.bytes -= this.length[packet] + UDP_BYTES;
    socket.count -= 1;
    assert(
      socket.head < 0 ? socket.bytes === 0 && socket.count === 0 : socket.count > 0,
      'UDP received: bytes and datagrams of a socket run out together',
    );
    this.pieces.free(packet);
  }
}
