/** What features need of each other, and that a card does the same whichever of them are on. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activeFeatures, FEATURES, NEEDS, type NicFeatures } from '../../src/hdm/features.ts';
import { TX_CHECKSUM, TX_SEGMENT } from '../../src/tcpip/contract.ts';
import { checksumsAreGood, createNicBed, drain, headersOf, joined, patternOf, sendPacket } from './bed.ts';

const ALL = Object.fromEntries(FEATURES.map((name) => [name, true])) as unknown as NicFeatures;
const anyFeatures = fc.record(
  Object.fromEntries(FEATURES.map((name) => [name, fc.boolean()])),
) as fc.Arbitrary<Record<keyof NicFeatures, boolean>>;

describe('features', () => {
  it('lose what they need, and have it back with it', () => {
    const { nic } = createNicBed({ nic: ALL });
    expect(nic.features).toEqual(ALL);
    nic.setFeatures({ scatterGather: false });
    expect(nic.features).toEqual({
      ...ALL,
      scatterGather: false,
      tcpSegmentationOffload: false,
      genericSegmentationOffload: false,
    });
    expect(nic.wantedFeatures).toEqual({ ...ALL, scatterGather: false });
    nic.setFeatures({ scatterGather: true, txChecksumming: false, rxChecksumming: false });
    expect(nic.features).toEqual({
      ...ALL,
      txChecksumming: false,
      rxChecksumming: false,
      tcpSegmentationOffload: false,
      largeReceiveOffload: false,
    });
    nic.setFeatures({ txChecksumming: true, rxChecksumming: true });
    expect(nic.features).toEqual(ALL);
  });

  it('are on only where they are wanted and have what they need', () => {
    fc.assert(
      fc.property(anyFeatures, (wanted) => {
        const active = activeFeatures(wanted);
        for (const name of FEATURES) {
          const lacks = NEEDS.some(({ feature, needs }) => feature === name && !active[needs]);
          expect(active[name]).toBe(wanted[name] && !lacks);
        }
      }),
    );
  });

  it('change nothing of what is sent and received', () => {
    const payload = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 0, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(payload, fc.constantFrom(6, 17), anyFeatures), { minLength: 1, maxLength: 6 }),
        (packets) => {
          const bed = createNicBed();
          const sent: Uint8Array[] = [];
          for (const [pieces, protocol, features] of packets) {
            bed.nic.setFeatures({ ...features, genericReceiveOffload: false, largeReceiveOffload: false });
            const payloadBytes = joined(pieces).length;
            const summing = bed.nic.transmitChecksum;
            const headers = headersOf({ protocol, payloadBytes });
            sendPacket(bed, headers, pieces, summing ? TX_CHECKSUM : 0);
            sent.push(joined([headers, ...pieces]));
            drain(bed.nic);
            const { bytes } = bed.recorder.frames[sent.length - 1];
            if (summing) expect(checksumsAreGood(bytes)).toBe(true);
            expect(bytes.subarray(headers.length)).toEqual(sent[sent.length - 1].subarray(headers.length));
          }
          expect(bed.recorder.frames.length).toBe(sent.length);
          expect(bed.ledger.snapshot()['deviceRefused']).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('without scatter-gather copies a packet together, and counts it', () => {
    const bed = createNicBed({ nic: { scatterGather: false } });
    expect(bed.nic.segmentBytesMax).toBe(0);
    sendPacket(bed, headersOf({ payloadBytes: 300 }), [patternOf(100), patternOf(200, 7)], TX_CHECKSUM);
    sendPacket(bed, headersOf({ payloadBytes: 0 }), [], TX_CHECKSUM);
    drain(bed.nic);
    expect(bed.recorder.frames.map(({ bytes }) => checksumsAreGood(bytes))).toEqual([true, true]);
    expect(bed.ledger.snapshot()).toMatchObject({ driverLinearCopies: 2, driverLinearCopiesBytes: 300 });
  });

  it('cuts large packets in the driver, and sums them there, where the device does neither', () => {
    const off = { tcpSegmentationOffload: false, txChecksumming: false, genericSegmentationOffload: true };
    const frames = [{}, off].map((nic) => {
      const bed = createNicBed({ nic });
      const pieces = [patternOf(701), patternOf(999, 3), patternOf(1300)];
      sendPacket(bed, headersOf({ payloadBytes: 3000 }), pieces, TX_CHECKSUM | TX_SEGMENT, 1000);
      drain(bed.nic);
      const { checksums, checksumsBytes } = bed.ledger.snapshot();
      expect([checksums, checksumsBytes]).toEqual(nic === off ? [3, 3060] : [0, 0]);
      return bed.recorder.frames.map(({ bytes }) => bytes);
    });
    expect(frames[1]).toEqual(frames[0]);
    expect(frames[1].every(checksumsAreGood)).toBe(true);
  });
});
