/**
 * The memory in which the two halves of the fake NIC meet: registers, descriptor rings and header slots, in
 * card memory. nic-driver.ts is the software half: it writes transmit descriptors, posts receive buffers and
 * reads what is done. nic-device.ts is the silicon half: it fetches descriptors, moves bytes and marks what
 * is done. Nothing else passes between.
 *
 * Each ring is a power of two of descriptors under two free-running int32 indices: the driver advances the
 * tail, the device the head; `tail - head` descriptors are the device's. As in a real NIC the head tells the
 * driver that a transmit descriptor is done, and a bit in the descriptor tells it that a receive descriptor
 * is.
 *
 * The host shares the region, so each half takes what it reads here for what somebody else may have written:
 * it checks it where it uses it, and refuses and counts (deviceRefused) what cannot be.
 *
 *   registers (words, each on a cache line of its own)
 *     +0 transmit head   +16 transmit tail   +32 receive head   +48 receive tail
 *
 *   transmit descriptor (48 words)                      receive descriptor (4 words)
 *   +--------------------------------+ 0                +--------------------------------+ 0
 *   | header address                 |                  | packet slot                    |  driver
 *   | header length in bytes         | 1                | frame address                  | 1  driver
 *   | flags: TX_ bits                | 2                | frame length in bytes          | 2  device
 *   | segment bytes (TX_SEGMENT)     | 3                | status: DONE | RX_ bits        | 3  device
 *   | number of pieces, 0 to 20      | 4                +--------------------------------+
 *   | payload bytes, all pieces      | 5
 *   | reserved                       | 6, 7
 *   | piece 0: address, length       | 8, 9             header slot (192 bytes): 2 bytes unused, so that the
 *   | ...                            |                  header behind Ethernet's 14 bytes is aligned, then
 *   | piece 19: address, length      | 46, 47           128 bytes of headers
 *   +--------------------------------+
 *
 * Behind them lies room for one frame, in which the driver puts a packet together for a device that fetches
 * from one place only. One is enough: the device fetches before the call that posts returns.
 */
import { assert } from '../assert/assert.ts';
import type { MemoryPlan } from '../dma/plan.ts';
import { checkNicConfig, type NicConfig } from './nic-config.ts';

/** Register word offsets. */
export const TX_HEAD = 0;
export const TX_TAIL = 16;
export const RX_HEAD = 32;
export const RX_TAIL = 48;
const REGISTER_BYTES = 256;

/** Transmit descriptor word offsets. */
export const TX_HEADER_ADDRESS = 0;
export const TX_HEADER_LENGTH = 1;
export const TX_FLAGS = 2;
export const TX_SEGMENT_BYTES = 3;
export const TX_PIECES = 4;
export const TX_PAYLOAD_BYTES = 5;
export const TX_PIECE = 8;
export const PIECES_MAX = 20;
/** Words of a transmit descriptor. */
export const TX_WORDS = 48;

/** Receive descriptor word offsets. */
export const RX_PACKET = 0;
export const RX_ADDRESS = 1;
export const RX_LENGTH = 2;
export const RX_STATUS = 3;
/** Words of a receive descriptor. */
export const RX_WORDS = 4;
/** The device has filled the buffer; the RX_ bits of tcpip/contract.ts lie below. */
export const RX_DONE = 0x8000;
/**
 * The buffer holds a further segment of a packet, behind headers as long as the first one's; its length is
 * that of the payload. It is reached from the first descriptor, whose length is that of the whole.
 */
export const RX_FOLLOWS = 0x4000;
/**
 * The buffer holds a whole packet that is yet to be cut into segments. Above, in place of a link: the payload
 * bytes of each segment.
 */
export const RX_IN_ONE = 0x2000;
/** Above: the place in the ring of the descriptor with what follows, and one more; 0: nothing does. */
export const RX_NEXT_SHIFT = 16;

/**
 * Frames start two bytes into a slot, so that the IPv4 header behind Ethernet's 14 bytes is aligned to 4
 * bytes.
 */
export const FRAME_OFFSET = 2;
export const ETHERNET_HEADER_BYTES = 14;
/** Bytes a claim has room for. */
export const HEADER_BYTES_MAX = 128;
const HEADER_SLOT_BYTES = 192;
const LINE_BYTES = 64;

/**
 * Relations of the layout's constants.
 * @param descriptorWords of a transmit descriptor.
 * @param slotBytes of its headers.
 */
export function checkNicLayout(descriptorWords: number, pieces: number, slotBytes: number): void {
  assert(TX_PIECE + 2 * pieces <= descriptorWords, 'nic rings: every piece has its place in the descriptor');
  assert(
    (descriptorWords * 4) % LINE_BYTES === 0 && slotBytes % LINE_BYTES === 0,
    'nic rings: descriptors and header slots begin on cache lines',
  );
  assert(FRAME_OFFSET + HEADER_BYTES_MAX <= slotBytes, 'nic rings: the longest headers fit a slot');
}

checkNicLayout(TX_WORDS, PIECES_MAX, HEADER_SLOT_BYTES);

/**
 * Whether a descriptor's bytes may be moved: both places lie in the region, and neither in the other.
 * // Hot path.
 */
export function canMove(source: number, destination: number, length: number, regionBytes: number): boolean {
  const low = source < destination ? source : destination;
  const high = source < destination ? destination : source;
  return low > 0 && length > 0 && low <= high - length && high <= regionBytes - length;
}

/** Bytes a packet slot needs for the largest frame of an MTU. */
export function packetSlotBytes(mtu: number): number {
  return Math.ceil((FRAME_OFFSET + ETHERNET_HEADER_BYTES + mtu) / LINE_BYTES) * LINE_BYTES;
}

/** The largest packet whose frame fits a packet slot. */
export function packetBytesIn(slotBytes: number): number {
  return Math.min(65535, slotBytes - FRAME_OFFSET - ETHERNET_HEADER_BYTES);
}

/**
 * Plans a NIC's registers, rings and header slots. @returns their address. @throws RangeError for a bad
 * `config`.
 */
export function planNic(plan: MemoryPlan, name: string, config: NicConfig): number {
  checkNicConfig(config);
  const layout = new NicLayout(0, config);
  const reason = `${config.txRing} transmit and ${config.rxRing} receive descriptors, and header slots`;
  return plan.reserve(name, layout.byteLength, reason);
}

/** Where each part lies. Addresses in bytes, `...Word` in words. */
export class NicLayout {
  readonly registerWord: number;
  readonly txRingWord: number;
  readonly txMask: number;
  readonly rxRingWord: number;
  readonly rxMask: number;
  readonly headers: number;
  /** Room for one frame, which begins as one in a packet slot does. */
  readonly linear: number;
  readonly byteLength: number;

  /** @param offset what `planNic` returned for the same `config`. */
  constructor(offset: number, config: NicConfig) {
    const txRing = offset + REGISTER_BYTES;
    const headers = txRing + config.txRing * TX_WORDS * 4;
    const rxRing = headers + config.txRing * HEADER_SLOT_BYTES;
    this.registerWord = offset >> 2;
    this.txRingWord = txRing >> 2;
    this.txMask = config.txRing - 1;
    this.headers = headers;
    this.rxRingWord = rxRing >> 2;
    this.rxMask = config.rxRing - 1;
    const linear = rxRing + config.rxRing * RX_WORDS * 4;
    this.linear = linear + FRAME_OFFSET;
    this.byteLength = linear + packetSlotBytes(config.mtu) - offset;
  }

  /** Word of the transmit descriptor with a free-running index. */
  txWord(index: number): number {
    return (this.txRingWord + (index & this.txMask) * TX_WORDS) | 0;
  }

  /** Word of the receive descriptor with a free-running index. */
  rxWord(index: number): number {
    return (this.rxRingWord + (index & this.rxMask) * RX_WORDS) | 0;
  }

  /** Address of the headers that go with the transmit descriptor of a free-running index. */
  headerAddress(index: number): number {
    return (this.headers + (index & this.txMask) * HEADER_SLOT_BYTES + FRAME_OFFSET) | 0;
  }
}
