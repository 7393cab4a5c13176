/**
 * A host that writes in the card's memory: whatever stands in the registers and descriptors of the NIC,
 * neither half fails, and each refusal is counted.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NicDevice } from '../../src/hdm/nic-device.ts';
import type { NicDriver } from '../../src/hdm/nic-driver.ts';
import {
  canMove,
  type NicLayout,
  RX_ADDRESS,
  RX_DONE,
  RX_LENGTH,
  RX_STATUS,
  RX_TAIL,
  TX_FLAGS,
  TX_HEAD,
  TX_HEADER_ADDRESS,
  TX_HEADER_LENGTH,
  TX_PAYLOAD_BYTES,
  TX_PIECE,
  TX_PIECES,
  TX_SEGMENT_BYTES,
  TX_TAIL,
  TX_WORDS,
} from '../../src/hdm/nic-rings.ts';
import { TX_CHECKSUM, TX_SEGMENT } from '../../src/tcpip/contract.ts';
import { createNicBed, drain, headersOf, type NicBed, patternOf, sendPacket } from './bed.ts';

const SUMMED = TX_CHECKSUM;
const SEGMENTED = TX_CHECKSUM | TX_SEGMENT;

interface Halves {
  readonly driver: NicDriver;
  readonly device: NicDevice;
}

const halves = (bed: NicBed): Halves => bed.nic as unknown as Halves;
const layoutOf = (bed: NicBed): NicLayout => halves(bed).driver['layout'];
const refused = (bed: NicBed): number => bed.ledger.snapshot()['deviceRefused'];

/** Posts a packet, lets the host write, and rings the doorbell. */
function sendChanged(bed: NicBed, flags: number, change: (words: Int32Array, at: number) => void): void {
  const { nic, region, payload } = bed;
  const { driver, device } = halves(bed);
  const bytes = flags === SEGMENTED ? 2000 : 4;
  const headers = headersOf({ payloadBytes: bytes, partial: true });
  region.bytes.set(headers, nic.claim());
  nic.addPiece(payload, bytes);
  driver.post(headers.length, flags, flags === SEGMENTED ? 1000 : 0);
  const descriptor = layoutOf(bed).txWord(driver['txTail'] - 1);
  change(region.words, descriptor);
  device.doorbell();
}

/** A packet that nobody has touched comes through. */
function expectAlive(bed: NicBed): void {
  drain(bed.nic);
  const before = bed.recorder.frames.length;
  sendPacket(bed, headersOf({ payloadBytes: 4, partial: true }), [patternOf(4)], SUMMED);
  drain(bed.nic);
  expect(bed.recorder.frames.length).toBe(before + 1);
}

describe('a transmit descriptor', () => {
  const lies: readonly [string, number, number][] = [
    ['a header nowhere', TX_HEADER_ADDRESS, 0],
    ['a header behind the region', TX_HEADER_ADDRESS, 0x7fff_fff0],
    ['no header', TX_HEADER_LENGTH, 0],
    ['a header longer than its slot', TX_HEADER_LENGTH, 129],
    ['more payload than its pieces', TX_PAYLOAD_BYTES, 2001],
    ['less payload than its pieces', TX_PAYLOAD_BYTES, 3],
    ['payload below zero', TX_PAYLOAD_BYTES, -1],
    ['more pieces than it has room for', TX_PIECES, 21],
    ['fewer than no pieces', TX_PIECES, -1],
    ['a piece nowhere', TX_PIECE, 0],
    ['a piece behind the region', TX_PIECE, 0x7fff_fff0],
    ['a piece of no bytes', TX_PIECE + 1, 0],
    ['a piece of fewer', TX_PIECE + 1, -5],
  ];
  describe.each([
    ['plain', 0],
    ['summed', SUMMED],
    ['to be cut', SEGMENTED],
  ])('(%s)', (_kind, flags) => {
    it.each(lies)('with %s is refused and counted', (_lie, word, value) => {
      const bed = createNicBed();
      sendChanged(bed, flags, (words, at) => {
        words[at + word] = value;
      });
      expect(refused(bed)).toBe(1);
      expectAlive(bed);
    });
  });

  it.each([0, -1, 1461, 0x7fff_ffff])('with segments of %d bytes is refused', (bytes) => {
    const bed = createNicBed();
    sendChanged(bed, SEGMENTED, (words, at) => {
      words[at + TX_SEGMENT_BYTES] = bytes;
    });
    expect(refused(bed)).toBe(1);
    expectAlive(bed);
  });

  it('that asks for an offload that is off is refused', () => {
    const bed = createNicBed({ nic: { txChecksumming: false } });
    sendChanged(bed, 0, (words, at) => {
      words[at + TX_FLAGS] = TX_CHECKSUM;
    });
    expect(refused(bed)).toBe(1);
  });

  it.each([
    ['of a protocol without such a sum', 23, 1],
    ['with an IPv4 header too short', 14, 0x44],
    ['with an IPv4 header as long as all headers', 14, 0x4f],
  ])('to be summed, or cut, %s is refused', (_lie, byte, value) => {
    for (const flags of [SUMMED, SEGMENTED]) {
      const bed = createNicBed();
      sendChanged(bed, flags, (words, at) => {
        bed.region.bytes[words[at + TX_HEADER_ADDRESS] + byte] = value;
      });
      expect(refused(bed)).toBe(1);
      expectAlive(bed);
    }
  });

  it('of any words at all never fails', () => {
    const word = fc.oneof(fc.integer(), fc.integer({ min: -3, max: 3000 }));
    const flags = fc.constantFrom(0, SUMMED, SEGMENTED);
    fc.assert(
      fc.property(
        flags,
        fc.array(fc.tuple(fc.nat(TX_WORDS - 1), word), { maxLength: 8 }),
        (kind, changes) => {
          const bed = createNicBed();
          sendChanged(bed, kind, (words, at) => {
            for (const [i, value] of changes) words[at + i] = value;
          });
          drain(bed.nic);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a receive descriptor', () => {
  it.each([
    ['a buffer that is not where frames begin', RX_ADDRESS, 4096],
    ['a buffer behind the region', RX_ADDRESS, 0x7fff_fff2],
    ['a buffer below zero', RX_ADDRESS, -2],
    ['a frame already', RX_STATUS, 7],
  ])('with %s is refused, and its slot comes home', (_lie, word, value) => {
    const bed = createNicBed();
    const before = bed.packets.available;
    bed.region.words[layoutOf(bed).rxWord(0) + word] = value;
    sendPacket(bed, headersOf({ payloadBytes: 4 }), [patternOf(4)], 0);
    drain(bed.nic);
    expect(bed.recorder.frames).toEqual([]);
    expect(bed.ledger.snapshot()).toMatchObject({
      deviceRefused: 1,
      deviceRxNoBuffer: 1,
      deviceRxPackets: 0,
    });
    expect(bed.packets.available).toBe(before);
    expectAlive(bed);
  });

  it.each([-1, 1515, 0x7fff_ffff])('that is done with %d bytes is refused by the driver', (length) => {
    const bed = createNicBed();
    const { driver } = halves(bed);
    const descriptor = layoutOf(bed).rxWord(0);
    bed.region.words[descriptor + RX_LENGTH] = length;
    bed.region.words[descriptor + RX_STATUS] = RX_DONE;
    driver.deliver();
    expect(bed.recorder.frames).toEqual([]);
    expect(refused(bed)).toBe(1);
  });
});

describe('a register', () => {
  it.each([-1, 0x4000_0000])('that says the transmit ring’s tail is %d posts nothing', (tail) => {
    const bed = createNicBed();
    bed.region.words[layoutOf(bed).registerWord + TX_TAIL] = tail;
    halves(bed).device.doorbell();
    expect(refused(bed)).toBe(1);
    expectAlive(bed);
  });

  it('that says the device is ahead of the driver is told again', () => {
    const bed = createNicBed();
    bed.region.words[layoutOf(bed).registerWord + TX_HEAD] = 1;
    expect(bed.nic.claim()).toBe(-1);
    expect(refused(bed)).toBe(1);
    expectAlive(bed);
  });

  it('that says the receive ring’s tail is behind posts no buffer', () => {
    const bed = createNicBed();
    const word = layoutOf(bed).registerWord + RX_TAIL;
    const tail = bed.region.words[word];
    bed.region.words[word] = -1;
    sendPacket(bed, headersOf({ payloadBytes: 4 }), [patternOf(4)], 0);
    drain(bed.nic);
    expect(bed.ledger.snapshot()).toMatchObject({ deviceRefused: 1, deviceRxNoBuffer: 1 });
    bed.region.words[word] = tail;
    expectAlive(bed);
  });
});

describe('bytes may move', () => {
  it.each([
    [8, 16, 8, true],
    [16, 8, 8, true],
    [8, 15, 8, false],
    [15, 8, 8, false],
    [0, 16, 8, false],
    [8, -16, 8, false],
    [8, 16, 0, false],
    [8, 16, -1, false],
    [92, 16, 8, true],
    [93, 16, 8, false],
    [16, 93, 8, false],
    [8, 16, 0x7fff_ffff, false],
    [0x7fff_ffff, 16, 8, false],
  ])('from %d to %d, %d of them: %s', (source, destination, length, answer) => {
    expect(canMove(source, destination, length, 100)).toBe(answer);
  });
});
