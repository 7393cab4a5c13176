/**
 * Reads what a device with large receive offload says of one packet in several receive buffers
 * (`large-receive.ts`), or of several segments in one (`tap-device.ts`), and makes a chain of slots of it.
 * The descriptors lie in shared memory: each link is followed only to a descriptor that waits, is done, says
 * that it goes on a packet and has a slot.
 */
import type { PacketPool } from '../dma/packets.ts';
import type { Region } from '../dma/region.ts';
import {
  FRAME_OFFSET,
  type NicLayout,
  RX_FOLLOWS,
  RX_IN_ONE,
  RX_LENGTH,
  RX_NEXT_SHIFT,
  RX_STATUS,
} from './nic-rings.ts';
import { TcpFrame } from './tcp-frame.ts';

/** A descriptor whose slot has gone with another's. */
const TAKEN = -1;

export class MergedFrames {
  private readonly words: Int32Array;
  private readonly layout: NicLayout;
  private readonly packets: PacketPool;
  private readonly slots: Int32Array;
  private readonly frameBytesMax: number;
  private readonly frame: TcpFrame;

  /** @param slots the driver's, by place in the ring: those that go on a packet are taken out. */
  constructor(
    region: Region,
    layout: NicLayout,
    packets: PacketPool,
    slots: Int32Array,
    frameBytesMax: number,
  ) {
    this.words = region.words;
    this.layout = layout;
    this.packets = packets;
    this.slots = slots;
    this.frameBytesMax = frameBytesMax;
    this.frame = new TcpFrame(region);
  }

  /**
   * @param packet the first slot. @param length of the whole packet's frame. @param status of its descriptor.
   * @param from index of the first descriptor behind it. @param count how many there are.
   * @returns false where it is no such packet: then the first slot is the caller's, and those that had been
   *   reached are free.
   */
  gather(
    packet: number,
    address: number,
    length: number,
    status: number,
    from: number,
    count: number,
  ): boolean {
    const { chains } = this.packets;
    if ((status & RX_FOLLOWS) !== 0 || !this.frame.read(address, length)) return false;
    const { headerBytes, payloadBytes } = this.frame;
    let left = payloadBytes;
    let last = packet;
    chains.set(packet, address + headerBytes, 0);
    if ((status & RX_IN_ONE) !== 0) return this.takeWhole(packet, status >>> RX_NEXT_SHIFT);
    for (let place = (status >>> RX_NEXT_SHIFT) - 1; place >= 0; ) {
      const next = this.follow(last, place, from, count, headerBytes);
      if (next < 0) return this.giveUp(packet);
      last = chains.next[last];
      left -= chains.length[last];
      place = next - 1;
    }
    if (left <= 0 || headerBytes + left > this.frameBytesMax) return this.giveUp(packet);
    chains.length[packet] = left;
    return true;
  }

  /**
   * Puts the slot at a place of the ring behind the last. @returns its link: 0 where it is the end; or -1.
   */
  private follow(last: number, place: number, from: number, count: number, headerBytes: number): number {
    const { words, layout, slots, packets } = this;
    const distance = (place - from) & layout.rxMask;
    if (place > layout.rxMask || distance >= count) return -1;
    const slot = slots[place];
    const descriptor = layout.rxWord(place);
    const status = words[descriptor + RX_STATUS];
    const length = words[descriptor + RX_LENGTH];
    if (slot === TAKEN || (status & RX_FOLLOWS) === 0) return -1;
    if (length <= 0 || headerBytes + length > this.frameBytesMax) return -1;
    slots[place] = TAKEN;
    packets.chains.set(slot, packets.addressOf(slot) + FRAME_OFFSET + headerBytes, length);
    packets.chains.next[last] = slot;
    return status >>> RX_NEXT_SHIFT;
  }

  /** The packet lies in its first slot alone. */
  private takeWhole(packet: number, segmentBytes: number): boolean {
    const { headerBytes, payloadBytes } = this.frame;
    if (payloadBytes <= 0 || segmentBytes <= 0 || headerBytes + payloadBytes > this.frameBytesMax)
      return false;
    const { chains } = this.packets;
    chains.length[packet] = payloadBytes;
    chains.segmentBytes[packet] = segmentBytes;
    return true;
  }

  private giveUp(packet: number): false {
    const { packets } = this;
    packets.freeChain(packets.chains.next[packet]);
    return false;
  }
}
