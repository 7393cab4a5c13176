/**
 * Payload of a datagram that lies in packet slots: per slot where its part starts, how long it is, and the
 * slot of the next part (-1: none). A datagram that came whole is a chain of one. Parts but the last have
 * even lengths (fragments are multiples of 8), so checksums can run over them one after the other.
 */
import type { PacketPool } from '../../dma/packets.ts';

export class Pieces {
  readonly address: Int32Array;
  readonly length: Int32Array;
  readonly next: Int32Array;
  /** Where the slot's IPv4 header lies: what an ICMP error quotes. */
  readonly header: Int32Array;
  private readonly packets: PacketPool;

  constructor(packets: PacketPool) {
    this.packets = packets;
    this.address = new Int32Array(packets.count);
    this.length = new Int32Array(packets.count);
    this.next = new Int32Array(packets.count);
    this.header = new Int32Array(packets.count);
  }

  /** Describes a datagram that came whole. */
  set(packet: number, header: number, address: number, length: number): void {
    this.header[packet] = header;
    this.address[packet] = address;
    this.length[packet] = length;
    this.next[packet] = -1;
  }

  /** Frees a chain from `packet` on. */
  free(packet: number): void {
    let at = packet;
    while (at >= 0) {
      const following = this.next[at];
      this.packets.free(at);
      at = following;
    }
  }
}
