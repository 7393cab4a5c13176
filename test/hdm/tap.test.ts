/**
 * A NIC over a TAP: what the virtio-net header of each frame says, and what follows from what it says. The
 * kernel's side is played here; test/interop has the real one.
 */
import { describe, expect, it } from 'vitest';
import { NicLayout } from '../../src/hdm/nic-rings.ts';
import type { TapDevice } from '../../src/hdm/tap-device.ts';
import { VectorTapFile } from '../../src/hdm/tap-file.ts';
import type { Libc } from '../../src/linux/libc.ts';
import { RX_CHECKSUM_CHECKED, RX_MERGED, TX_CHECKSUM, TX_SEGMENT } from '../../src/tcpip/contract.ts';
import { trips } from '../rules/trips.ts';
import { checksumsAreGood, headersOf, joined, patternOf, pseudoSum } from './bed.ts';
import { frameOf } from './segments.ts';
import { createTapBed, sendByTap, type TapBed, turns, type VirtioHeader } from './tap-bed.ts';

const NEEDS_CSUM = 1;
const DATA_VALID = 2;
const TCPV4 = 1;
const UDP_L4 = 5;
const TCP_SUM: VirtioHeader = { flags: NEEDS_CSUM, checksumStart: 34, checksumOffset: 16 };

/** Hands a frame in. @returns what the stack was handed. */
function arrive(bed: TapBed, bytes: Uint8Array, header: VirtioHeader = {}) {
  const before = bed.recorder.frames.length;
  bed.tap.waiting.push({ bytes, header });
  turns(bed);
  return bed.recorder.frames.slice(before);
}

/** A packet longer than a segment, as the kernel leaves it uncut. */
function largePacket(length: number): Uint8Array {
  return joined([headersOf({ payloadBytes: length }), patternOf(length)]);
}

describe('receiving', () => {
  it('takes a frame in one read, and lets the stack sum what nobody has', () => {
    const bed = createTapBed();
    const frame = frameOf({ seq: 1, length: 100 });
    const [got] = arrive(bed, frame);
    expect(got.bytes).toEqual(frame);
    expect(got.flags).toBe(0);
    const counts = bed.ledger.snapshot();
    expect([counts['tapReads'], counts['tapReadsBytes']]).toEqual([1, frame.length + 10]);
    expect([counts['deviceReceives'], counts['deviceReceivesBytes']]).toEqual([1, frame.length]);
  });

  it.each([
    ['still to be made', TCP_SUM],
    ['found good below', { flags: DATA_VALID }],
  ])('sums no packet whose checksum is %s', (_, header) => {
    const bed = createTapBed();
    const [got] = arrive(bed, frameOf({ seq: 1, length: 100, badSum: true }), header);
    expect(got.flags).toBe(RX_CHECKSUM_CHECKED);
    expect(bed.ledger.snapshot()['tapSumsTrusted']).toBe(1);
  });

  it('trusts no flag of a packet whose IPv4 header is damaged, a fragment, or of another protocol', () => {
    const bed = createTapBed();
    const damaged = frameOf({ seq: 1, length: 100 });
    damaged[22] ^= 1;
    const fragment = frameOf({ seq: 1, length: 100 });
    fragment[20] = 0x20;
    const icmp = frameOf({ seq: 1, length: 100 });
    icmp[23] = 1;
    for (const frame of [damaged, fragment, icmp]) {
      expect(arrive(bed, frame, { flags: DATA_VALID })[0].flags).toBe(0);
    }
  });

  it('makes the sum of what is no TCP or UDP', () => {
    const bed = createTapBed();
    const frame = frameOf({ seq: 1, length: 100 });
    frame[23] = 200;
    const [got] = arrive(bed, frame, TCP_SUM);
    expect(got.flags).toBe(0);
    expect(bed.ledger.snapshot()['tapSumsMade']).toBe(1);
    // The field held a sum that was good without it: what is made now adds up to nothing.
    expect(got.bytes.slice(50, 52)).not.toEqual(frame.slice(50, 52));
  });

  it('takes a packet that was never cut as several segments in one slot', () => {
    const bed = createTapBed();
    const frame = largePacket(40_000);
    const [got] = arrive(bed, frame, { ...TCP_SUM, gsoType: TCPV4, gsoSize: 1448 });
    expect(got.bytes).toEqual(frame);
    expect(got.flags).toBe(RX_CHECKSUM_CHECKED | RX_MERGED);
    expect(got.parts).toEqual([40_000]);
    expect(bed.packets.chains.segmentBytes[got.packet]).toBe(1448);
    expect(bed.ledger.snapshot()['tapLargePackets']).toBe(1);
  });

  it('takes one of a single segment as it is', () => {
    const bed = createTapBed();
    const [got] = arrive(bed, largePacket(1000), { ...TCP_SUM, gsoType: TCPV4, gsoSize: 1448 });
    expect(got.flags).toBe(RX_CHECKSUM_CHECKED);
  });

  it.each([
    ['a kind that was not asked for', largePacket(4000), { ...TCP_SUM, gsoType: UDP_L4, gsoSize: 1448 }],
    ['segments of no size', largePacket(4000), { ...TCP_SUM, gsoType: TCPV4 }],
    ['no sum to be made', largePacket(4000), { gsoType: TCPV4, gsoSize: 1448 }],
    ['a sum beyond its end', largePacket(40), { ...TCP_SUM, checksumStart: 60_000 }],
    [
      'a length of its own',
      largePacket(4000).subarray(0, 3000),
      { ...TCP_SUM, gsoType: TCPV4, gsoSize: 1448 },
    ],
  ])('drops and counts a frame with %s, and goes on', (_, frame, header) => {
    const bed = createTapBed();
    expect(arrive(bed, frame, header)).toEqual([]);
    expect(bed.ledger.snapshot()['tapMalformed']).toBe(1);
    expect(arrive(bed, frameOf({ seq: 1, length: 10 }))).toHaveLength(1);
    bed.nic.stop();
    expect(bed.packets.available).toBe(bed.packets.count);
  });

  it('leaves frames where they are while there is no slot for them', () => {
    const bed = createTapBed({}, 65535, 6);
    bed.recorder.keep = true;
    const frame = frameOf({ seq: 1, length: 10 });
    for (let i = 0; i < 8; i++) bed.tap.waiting.push({ bytes: frame, header: {} });
    turns(bed);
    expect([bed.recorder.frames.length, bed.tap.waiting.length]).toEqual([6, 2]);
    bed.packets.free(bed.recorder.frames[0].packet);
    turns(bed);
    expect(bed.tap.waiting.length).toBe(1);
    expect(bed.ledger.snapshot()['deviceRxNoBuffer']).toBe(0);
  });

  it('looks seldom while there is nothing, and more seldom while reads fail', () => {
    const bed = createTapBed();
    turns(bed, 1600);
    expect(bed.tap.reads).toBe(100);
    bed.tap.readsFail = true;
    turns(bed, 4096 * 2);
    expect(bed.ledger.snapshot()['tapReadsFailed']).toBeLessThanOrEqual(3);
  });

  it('asks the kernel for what slots can hold, and no more than is on', () => {
    expect(createTapBed().tap.offloads.at(-1)).toEqual([true, true]);
    expect(createTapBed({}, 1500).tap.offloads.at(-1)).toEqual([true, false]);
    const bed = createTapBed();
    bed.nic.setFeatures({ rxChecksumming: false });
    expect(bed.tap.offloads.at(-1)).toEqual([false, false]);
    bed.nic.setFeatures({ rxChecksumming: true, largeReceiveOffload: false });
    expect(bed.tap.offloads.at(-1)).toEqual([true, false]);
  });
});

describe('sending', () => {
  it.each([
    ['TCP', 6, 16],
    ['UDP', 17, 6],
  ])('leaves the checksum of %s to the kernel, in one write', (_, protocol, field) => {
    const bed = createTapBed();
    const payload = patternOf(999);
    const headers = headersOf({ protocol, payloadBytes: payload.length });
    sendByTap(bed, headers, payload, TX_CHECKSUM);
    const [{ header, bytes }] = bed.tap.written;
    expect(bytes).toEqual(joined([headers, payload]));
    expect(header).toMatchObject({ flags: NEEDS_CSUM, gsoType: 0, checksumStart: 34, checksumOffset: field });
    const counts = bed.ledger.snapshot();
    expect([counts['tapWrites'], counts['tapWritesBytes']]).toEqual([1, bytes.length + 10]);
    expect([counts['transmitFetches'], counts['transmitFetchesBytes']]).toEqual([2, 999]);
  });

  it('leaves a large packet to be cut, with the sum of its pseudo-header', () => {
    const bed = createTapBed();
    const payload = patternOf(30_000);
    const headers = headersOf({ payloadBytes: payload.length, partial: false });
    sendByTap(bed, headers, payload, TX_CHECKSUM | TX_SEGMENT, 1448);
    const [{ header, bytes }] = bed.tap.written;
    expect(header).toMatchObject({ flags: NEEDS_CSUM, gsoType: TCPV4, gsoSize: 1448, headerLength: 54 });
    const sum = new DataView(bytes.buffer, bytes.byteOffset).getUint16(50);
    expect(sum).toBe(pseudoSum(bytes.subarray(14), 20 + payload.length));
    expect(bytes.subarray(54)).toEqual(payload);
  });

  it('says that the first segment alone has CWR', () => {
    const bed = createTapBed();
    const headers = headersOf({ payloadBytes: 3000, tcpFlags: 0x90 });
    sendByTap(bed, headers, patternOf(3000), TX_CHECKSUM | TX_SEGMENT, 1448);
    expect(bed.tap.written[0].header.gsoType).toBe(TCPV4 | 0x80);
  });

  it('sends whole frames with good sums where the kernel is to do nothing', () => {
    const bed = createTapBed({ txChecksumming: false, genericSegmentationOffload: true });
    const headers = headersOf({ payloadBytes: 5000 });
    sendByTap(bed, headers, patternOf(5000), TX_CHECKSUM | TX_SEGMENT, 1448);
    expect(bed.tap.written).toHaveLength(4);
    for (const { header, bytes } of bed.tap.written) {
      expect(header.flags).toBe(0);
      expect(checksumsAreGood(bytes)).toBe(true);
    }
  });

  it('loses and counts what the kernel does not take', () => {
    const bed = createTapBed();
    bed.tap.writesFail = true;
    sendByTap(bed, headersOf({ payloadBytes: 10 }), patternOf(10), TX_CHECKSUM);
    bed.tap.writesFail = false;
    sendByTap(bed, headersOf({ payloadBytes: 10 }), patternOf(10), TX_CHECKSUM);
    const counts = bed.ledger.snapshot();
    expect([counts['tapWritesFailed'], counts['tapWrites'], counts['deviceRefused']]).toEqual([1, 1, 0]);
  });

  it('refuses and counts descriptors that somebody else has written', () => {
    const bed = createTapBed();
    const { words } = bed.region;
    const descriptor = new NicLayout(bed.offset, bed.config).txWord(0);
    const device = bed.nic['device'] as TapDevice;
    sendByTap(bed, headersOf({ payloadBytes: 10 }), patternOf(10), TX_CHECKSUM);
    const good = words.slice(descriptor, descriptor + 48);
    // The header's address and length, the number of pieces, their bytes, and the first one's address.
    const wrong = [
      [0, -5],
      [1, 4],
      [4, 21],
      [5, -1],
      [8, 0],
    ];
    for (const [word, value] of wrong) {
      words.set(good, descriptor);
      words[descriptor + word] = value;
      expect(device['transmit'](descriptor), `word ${word}`).toBe(false);
    }
    expect(bed.tap.written).toHaveLength(1);
    words[bed.offset / 4 + 16] = 1000;
    device.doorbell();
    expect(bed.ledger.snapshot()['deviceRefused']).toBe(1);
  });
});

describe('assertions', () => {
  const libc = { addressOf: () => 4096 } as unknown as Libc;
  trips('tap file: a frame has no more pieces than there are vectors', () => {
    const file = new VectorTapFile(libc, 0, createTapBed().region);
    for (let i = 0; i < 22; i++) file.add(64, 1);
  });
  trips('tap device: it holds nothing back but its looks', () => {
    const bed = createTapBed();
    const device = bed.nic['device'] as TapDevice;
    device['turnsToNextLook'] = -1;
    device.closeMerged();
  });
  trips('tap device: a packet to be cut has TCP’s header', () => {
    (createTapBed().nic['device'] as TapDevice)['askToCut'](64, 32, 0);
  });
  trips('dma engine: what the kernel has moved is some bytes or none', () => {
    createTapBed().dma.movedByKernel(0, -1);
  });
});
