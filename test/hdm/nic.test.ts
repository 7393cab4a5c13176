import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RX_CHECKSUM_CHECKED, TX_CHECKSUM, TX_RETRANSMIT } from '../../src/tcpip/contract.ts';
import { NEVER } from '../../src/time/agent.ts';
import {
  checksumsAreGood,
  createNicBed,
  drain,
  headersOf,
  joined,
  patternOf,
  sendPacket,
  transportOffset,
} from './bed.ts';

const piecesOf = (max: number, maxLength: number) =>
  fc.array(fc.uint8Array({ minLength: 1, maxLength }), { maxLength: max });

test('what is sent comes back byte for byte, in order, with right checksums, whatever its pieces', () => {
  const packet = fc.record({
    pieces: piecesOf(20, 60),
    protocol: fc.constantFrom(6, 17),
    ipOptionBytes: fc.constantFrom(0, 4, 12),
    tcpOptionBytes: fc.constantFrom(0, 12),
  });
  fc.assert(
    fc.property(fc.array(packet, { minLength: 1, maxLength: 40 }), (sent) => {
      const bed = createNicBed({ nic: { txRing: 4, rxRing: 2 } });
      for (const { pieces, ...options } of sent) {
        const headers = headersOf({ ...options, payloadBytes: joined(pieces).length });
        expect(sendPacket(bed, headers, pieces, TX_CHECKSUM)).toBe(true);
      }
      expect(drain(bed.nic)).toBe(sent.length);
      bed.recorder.frames.forEach(({ bytes, flags }, i) => {
        const { pieces, ...options } = sent[i];
        const headers = headersOf({ ...options, payloadBytes: joined(pieces).length });
        expect(bytes.subarray(headers.length)).toEqual(joined(pieces));
        const field = transportOffset(bytes) + (options.protocol === 6 ? 16 : 6);
        const unfilled = bytes.slice(0, headers.length);
        unfilled.set(headers.subarray(field, field + 2), field);
        expect(unfilled).toEqual(headers);
        expect(checksumsAreGood(bytes)).toBe(true);
        expect(flags).toBe(RX_CHECKSUM_CHECKED);
      });
      expect(bed.recorder.frames.length).toBe(sent.length);
      expect(bed.ledger.snapshot()['deviceRxBadChecksum']).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('each fetch is counted once under its reason, with its bytes', () => {
  const bed = createNicBed();
  const headers = headersOf({ payloadBytes: 30 });
  sendPacket(bed, headers, [patternOf(10), patternOf(20)], TX_CHECKSUM);
  sendPacket(bed, headers, [patternOf(30)], TX_CHECKSUM | TX_RETRANSMIT);
  drain(bed.nic);
  expect(bed.ledger.snapshot()).toMatchObject({
    transmitFetches: 2,
    transmitFetchesBytes: 30,
    retransmitFetches: 1,
    retransmitFetchesBytes: 30,
    deviceHeaderFetches: 2,
    deviceHeaderFetchesBytes: 108,
    deviceReceives: 2,
    deviceReceivesBytes: 168,
    deviceTxPackets: 2,
    deviceTxPacketsBytes: 168,
    deviceRxPackets: 2,
    deviceRxPacketsBytes: 168,
  });
});

test('a frame that is all headers, such as ARP, needs no piece and no offload', () => {
  const bed = createNicBed();
  const arp = patternOf(42);
  arp.set([8, 6], 12);
  sendPacket(bed, arp, [], 0);
  drain(bed.nic);
  expect(bed.recorder.frames.map(({ bytes, flags }) => ({ bytes, flags }))).toEqual([
    { bytes: arp, flags: 0 },
  ]);
});

test('received frames lie two bytes into a packet slot, so that the IPv4 header is aligned', () => {
  const bed = createNicBed();
  sendPacket(bed, headersOf({ payloadBytes: 1 }), [patternOf(1)], TX_CHECKSUM);
  drain(bed.nic);
  const [{ packet, address }] = bed.recorder.frames;
  expect(address).toBe(bed.packets.addressOf(packet) + 2);
  expect((address + 14) % 4).toBe(0);
});

test('a claim that is followed by another claim is forgotten with its pieces', () => {
  const bed = createNicBed();
  const first = bed.nic.claim();
  bed.nic.addPiece(bed.payload, 100);
  expect(bed.nic.claim()).toBe(first);
  sendPacket(bed, headersOf({ payloadBytes: 5 }), [patternOf(5)], TX_CHECKSUM);
  drain(bed.nic);
  expect(bed.recorder.frames.map(({ bytes }) => bytes.length)).toEqual([59]);
});

test('the client gets the clock in microseconds', () => {
  const bed = createNicBed();
  bed.clock.set(12_345_678);
  sendPacket(bed, headersOf({ payloadBytes: 0 }), [], TX_CHECKSUM);
  drain(bed.nic);
  expect(bed.recorder.frames[0].nowUs).toBe(12_345);
});

test('slots the client does not keep go back to the pool, slots it keeps stay its own', () => {
  const bed = createNicBed({ nic: { rxRing: 4 }, packetCount: 10 });
  expect(bed.packets.available).toBe(6);
  for (let i = 0; i < 20; i++) {
    sendPacket(bed, headersOf({ payloadBytes: 0 }), [], TX_CHECKSUM);
    drain(bed.nic);
  }
  expect(bed.packets.available).toBe(6);
  bed.recorder.keep = true;
  for (let i = 0; i < 3; i++) sendPacket(bed, headersOf({ payloadBytes: 0 }), [], TX_CHECKSUM);
  drain(bed.nic);
  expect(bed.packets.available).toBe(3);
  expect(new Set(bed.recorder.frames.slice(-3).map(({ packet }) => packet)).size).toBe(3);
});

test('frames with no buffer left are dropped and counted, and reception resumes when slots come back', () => {
  const bed = createNicBed({ nic: { rxRing: 2 }, packetCount: 3 });
  bed.recorder.keep = true;
  for (let i = 0; i < 5; i++) sendPacket(bed, headersOf({ payloadBytes: i }), [patternOf(i)], TX_CHECKSUM);
  expect(drain(bed.nic)).toBe(5);
  expect(bed.recorder.frames.map(({ bytes }) => bytes.length)).toEqual([54, 55, 56]);
  expect(bed.ledger.snapshot()).toMatchObject({ deviceRxNoBuffer: 2, deviceRxPackets: 3 });
  bed.packets.free(bed.recorder.frames[1].packet);
  sendPacket(bed, headersOf({ payloadBytes: 9 }), [patternOf(9)], TX_CHECKSUM);
  drain(bed.nic);
  expect(bed.recorder.frames.at(-1)?.bytes.length).toBe(63);
  expect(bed.ledger.snapshot()['deviceRxNoBuffer']).toBe(2);
});

test('a poll takes at most pollFrames frames', () => {
  const bed = createNicBed({ nic: { pollFrames: 3 } });
  for (let i = 0; i < 7; i++) sendPacket(bed, headersOf({ payloadBytes: 0 }), [], TX_CHECKSUM);
  expect([bed.nic.poll(), bed.nic.poll(), bed.nic.poll(), bed.nic.poll()]).toEqual([3, 3, 1, 0]);
});

test('with pause a full wire makes claim find no space, and nothing is lost', () => {
  const bed = createNicBed({ pipe: { queueFrames: 4 }, nic: { tcpSegmentationOffload: false } });
  const headers = headersOf({ payloadBytes: 0 });
  let sent = 0;
  while (sendPacket(bed, headers, [], TX_CHECKSUM)) sent++;
  expect(sent).toBe(4);
  expect(bed.ledger.snapshot()).toMatchObject({ deviceTxFull: 1, wireOverflow: 0 });
  expect(drain(bed.nic)).toBe(4);
  expect(sendPacket(bed, headers, [], TX_CHECKSUM)).toBe(true);
});

test('a packet that found no room asks again on the way to a rest, and looks once more', () => {
  let room = 64;
  const asked: number[] = [];
  const bed = createNicBed({
    intercept: (pipe) => ({
      get room() {
        return room;
      },
      awaitRoom: (frames) => asked.push(frames),
      reserve: (length) => pipe.reserve(length),
      commit: (length) => pipe.commit(length),
    }),
  });
  const headers = headersOf({ payloadBytes: 0 });
  room = 0;
  expect(sendPacket(bed, headers, [], TX_CHECKSUM)).toBe(false);
  // The other thread may tell of room between the question and the rest, where nobody hears it.
  expect(bed.nic.nextDeadlineNs()).toBe(NEVER);
  expect(asked.length).toBe(2);
  room = 64;
  expect(bed.nic.nextDeadlineNs()).toBe(0);
  bed.nic.poll();
  expect(bed.nic.nextDeadlineNs()).toBe(NEVER);
  expect(sendPacket(bed, headers, [], TX_CHECKSUM)).toBe(true);
});

test('without pause a full wire loses what does not fit, and counts it', () => {
  const bed = createNicBed({ pipe: { queueFrames: 4 }, nic: { rxPause: false } });
  for (let i = 0; i < 6; i++) {
    expect(sendPacket(bed, headersOf({ payloadBytes: i }), [patternOf(i)], TX_CHECKSUM)).toBe(true);
  }
  expect(drain(bed.nic)).toBe(4);
  expect(bed.ledger.snapshot()).toMatchObject({ deviceTxPackets: 4, wireOverflow: 2, deviceTxFull: 0 });
});

test('the deadline is the next arrival on the wire', () => {
  const bed = createNicBed({ pipe: { delayNs: 5000 } });
  expect(bed.nic.nextDeadlineNs()).toBe(NEVER);
  bed.clock.set(1000);
  sendPacket(bed, headersOf({ payloadBytes: 0 }), [], TX_CHECKSUM);
  expect(bed.nic.nextDeadlineNs()).toBe(6000);
  expect(bed.nic.poll()).toBe(0);
  bed.clock.set(6000);
  expect(bed.nic.poll()).toBe(1);
});

test('stop gives every posted buffer back', () => {
  const bed = createNicBed({ nic: { rxRing: 8 }, packetCount: 20 });
  sendPacket(bed, headersOf({ payloadBytes: 0 }), [], TX_CHECKSUM);
  drain(bed.nic);
  bed.nic.stop();
  expect(bed.packets.available).toBe(20);
});

test('the card tells the stack what it can do', () => {
  const { nic } = createNicBed({ nic: { mac: [2, 0xff, 0x80, 1, 2, 3] } });
  expect(nic).toMatchObject({ mtu: 1500, macHigh: 0x02ff, macLow: 0x80010203 | 0, transmitChecksum: true });
  expect(nic.segmentBytesMax).toBe(65415);
  expect(createNicBed({ nic: { tcpSegmentationOffload: false } }).nic.segmentBytesMax).toBe(0);
  const plain = createNicBed({ nic: { txChecksumming: false } }).nic;
  expect([plain.transmitChecksum, plain.segmentBytesMax]).toEqual([false, 0]);
  const small = createNicBed({ pipe: { queueFrames: 8 } }).nic;
  expect(small.segmentBytesMax).toBe(4 * 1448);
});

test.each([
  [{ mtu: 67 }, '"mtu" expected 68 to 65535, got 67'],
  [{ txRing: 3 }, '"txRing" expected a power of two, got 3'],
  [{ rxRing: 0 }, '"rxRing" expected 1 to 4096, got 0'],
  [{ pollFrames: 0.5 }, '"pollFrames"'],
  [{ mac: [1, 2, 3] }, '"mac" expected six bytes'],
  [{ mac: [1, 0, 0, 0, 0, 0] }, 'unicast'],
])('a bad configuration is named: %j', (nic, message) => {
  expect(() => createNicBed({ nic })).toThrow(message);
});

test('over a wire that loses, doubles, damages and reorders, frames and bytes balance', () => {
  const run = (seed: number) => {
    const pipe = {
      delayNs: 1000,
      jitterNs: 300,
      lossProbability: 0.1,
      duplicateProbability: 0.1,
      corruptProbability: 0.2,
      reorderProbability: 0.1,
      reorderDelayNs: 500,
    };
    const bed = createNicBed({ pipe, seed, nic: { rxRing: 4 } });
    for (let i = 0; i < 300; i++) {
      const payload = [patternOf(i, i)];
      expect(sendPacket(bed, headersOf({ payloadBytes: i }), payload, TX_CHECKSUM)).toBe(true);
      bed.clock.set(bed.clock.nowNs + 100);
      bed.nic.poll();
    }
    for (let next = bed.nic.nextDeadlineNs(); next !== NEVER; next = bed.nic.nextDeadlineNs()) {
      bed.clock.set(Math.max(bed.clock.nowNs, next));
      bed.nic.poll();
    }
    return { frames: bed.recorder.frames, counts: bed.ledger.snapshot() };
  };
  const { frames, counts } = run(11);
  expect(counts['deviceTxPackets']).toBe(300);
  expect(300 + counts['wireDuplicated']).toBe(counts['deviceRxPackets'] + counts['wireDropped']);
  expect(frames.length).toBe(counts['deviceRxPackets']);
  // A flipped bit of the Ethernet header is beyond the checksums; any other costs the frame its flag.
  const unflagged = frames.filter(({ flags }) => flags === 0).length;
  expect(unflagged).toBeGreaterThan(0);
  expect(unflagged).toBeLessThanOrEqual(counts['wireCorrupted']);
  expect(counts['deviceRxBadChecksum']).toBeLessThanOrEqual(unflagged);
  expect(run(11)).toEqual({ frames, counts });
  expect(run(12).counts).not.toEqual(counts);
});
