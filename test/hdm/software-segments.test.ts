/** Segments that the driver cuts are those that the device would have cut, to the byte. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TX_CHECKSUM, TX_RETRANSMIT, TX_SEGMENT } from '../../src/tcpip/contract.ts';
import { checksumsAreGood, createNicBed, drain, headersOf, joined, patternOf, sendPacket } from './bed.ts';

const FLAGS = TX_CHECKSUM | TX_SEGMENT;
const GSO = { tcpSegmentationOffload: false, genericSegmentationOffload: true };
const ALL_FLAGS = 0x99;

describe('generic segmentation offload', () => {
  it('sends the frames that a device with TSO sends', () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 900 }), { minLength: 1, maxLength: 20 });
    const number = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(
        pieces,
        fc.integer({ min: 40, max: 1400 }),
        fc.constantFrom(0, 12),
        number,
        (payload, segmentBytes, tcpOptionBytes, sequence) => {
          const [cut, device] = [GSO, {}].map((nic) => {
            const bed = createNicBed({ nic, pipe: { queueFrames: 512 } });
            const payloadBytes = joined(payload).length;
            const identification = sequence & 0xffff;
            const options = { payloadBytes, tcpOptionBytes, sequence, identification, tcpFlags: ALL_FLAGS };
            sendPacket(bed, headersOf(options), payload, FLAGS, segmentBytes);
            drain(bed.nic);
            return { frames: bed.recorder.frames.map(({ bytes }) => bytes), counters: bed.ledger.snapshot() };
          });
          expect(cut.frames).toEqual(device.frames);
          expect(cut.frames.every(checksumsAreGood)).toBe(true);
          expect(cut.counters['driverGsoSegments']).toBe(cut.frames.length);
          expect(cut.counters['deviceTsoSegments']).toBe(0);
          expect(cut.counters['transmitFetchesBytes']).toBe(device.counters['transmitFetchesBytes']);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps what is sent again apart, and cuts what follows as well', () => {
    const bed = createNicBed({ nic: GSO });
    const headers = headersOf({ payloadBytes: 2500 });
    for (const again of [0, TX_RETRANSMIT]) sendPacket(bed, headers, [patternOf(2500)], FLAGS | again, 1000);
    expect(bed.ledger.snapshot()).toMatchObject({
      transmitFetchesBytes: 2500,
      retransmitFetchesBytes: 2500,
      driverGsoSegments: 6,
      deviceRefused: 0,
    });
  });

  it('is off where the device fetches from one place only, and where the device cuts itself', () => {
    expect(createNicBed({ nic: { ...GSO, scatterGather: false } }).nic.segmentBytesMax).toBe(0);
    const both = createNicBed({ nic: { ...GSO, tcpSegmentationOffload: true } });
    sendPacket(both, headersOf({ payloadBytes: 2500 }), [patternOf(2500)], FLAGS, 1000);
    expect(both.ledger.snapshot()).toMatchObject({ driverGsoSegments: 0, deviceTsoSegments: 3 });
  });
});
