/**
 * The payload of datagrams that lie in packet slots: for each slot where its part starts, how long it is, and
 * which slot has the next part (-1: none). A datagram that came whole is a chain of one slot. All parts but
 * the last have even lengths, since fragments are multiples of eight bytes, so a checksum can run over one
 * part after the other.
 */
import { assert } from '../../assert/assert.ts';
import type { PacketPool } from '../../dma/packets.ts';

export class Pieces {
  readonly address: Int32Array;
  readonly length: Int32Array;
  readonly next: Int32Array;
  /** Where the slot's IPv4 header lies, which an ICMP error quotes. */
  readonly header: Int32Array;
  private readonly packets: PacketPool;

  constructor(packets: PacketPool) {
    this.packets = packets;
    this.address = new Int32Array(packets.count);
    this.length = new Int32Array(packets.count);
    this.next = new Int32Array(packets.count);
    this.header = new Int32Array(packets.count);
  }

  /**
   * Describes a datagram that came whole, or a fragment: a chain of one.
   * @param header address of its IPv4 header. @param address of its payload. @param length bytes of payload.
   */
  set(packet: number, header: number, address: number, length: number): void {
    assert(length >= 0 && address > header, 'pieces: a payload follows its header');
    this.header[packet] = header;
    this.address[packet] = address;
    this.length[packet] = length;
    this.next[packet] = -1;
  }

  /** Gives a chain's slots back, from `packet` on; -1: nothing to free. */
  free(packet: number): void {
    let at = packet;
    for (let slots = 0; at >= 0; slots++) {
      assert(slots < this.next.length, 'pieces: a chain has an end');
      const following = this.next[at];
      this.packets.free(at);
      at = following;
    }
  }
}
