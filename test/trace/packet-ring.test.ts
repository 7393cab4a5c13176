/**
 * Packets on their way from the card's thread to the trace: what finds no room is counted, and nobody waits.
 */
import { describe, expect, it } from 'vitest';
import { DmaEngine } from '../../src/dma/engine.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { Clock, MachineClock } from '../../src/time/clock.ts';
import { PacketReader, PacketWriter, planPacketRing } from '../../src/trace/packet-ring.ts';

type Packet = readonly [timeNs: number, sent: boolean, bytes: number[], packetLength: number];

function bed(snapBytes: number) {
  const plan = new MemoryPlan();
  const ring = planPacketRing(plan, 'ring', snapBytes);
  const packet = plan.reserve('packet', 4096, 'a packet');
  const ledger = plan.reserve('ledger', LEDGER_BYTES, 'counters');
  const region = allocateRegion(plan.byteLength);
  for (let i = 0; i < 4096; i++) region.bytes[packet + i] = i & 0xff;
  const clock = new Clock();
  const writer = new PacketWriter(region, ring, clock, new DmaEngine(region, new Ledger(region, ledger)));
  const reader = new PacketReader(region, ring);
  const drained = (): Packet[] => {
    const packets: Packet[] = [];
    reader.drain((timeNs, sent, offset, length, whole) => {
      packets.push([timeNs, sent, [...region.bytes.subarray(offset, offset + length)], whole]);
    });
    return packets;
  };
  return { ring, region, clock, reader, packet, drained, sent: writer.tap(true), arrived: writer.tap(false) };
}

describe('a packet ring', () => {
  it('carries the first bytes of each packet, its length, direction and time', () => {
    const { sent, arrived, clock, packet, drained } = bed(6);
    clock.set(1000);
    sent.frame(packet, 100);
    clock.set(2000);
    arrived.frame(packet + 10, 3);
    expect(drained()).toEqual([
      [1000, true, [0, 1, 2, 3, 4, 5], 100],
      [2000, false, [10, 11, 12], 3],
    ]);
    expect(drained()).toEqual([]);
  });

  it('goes round, and counts what finds no room', () => {
    const { sent, packet, drained, reader, ring } = bed(8);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < ring.slots + 5; i++) sent.frame(packet + (i & 0xff), 8);
      const packets = drained();
      expect(packets).toHaveLength(ring.slots);
      expect(packets[300][2][0]).toBe(300 & 0xff);
      expect(reader.lost).toBe((round + 1) * 5);
    }
  });

  it('believes nothing that cannot be', () => {
    const { sent, packet, drained, ring, region } = bed(8);
    sent.frame(packet, 8);
    const record = (ring.offset + 384) >> 2;
    region.words[record + 2] = 3; // a packet shorter than
    region.words[record + 3] = 1 << 30; // what is kept of it
    expect(drained()).toEqual([[expect.any(Number), true, [0, 1, 2, 3, 4, 5, 6, 7], 8]]);
    region.words[ring.offset >> 2] = 1 << 20; // more records than there can be
    expect(drained()).toHaveLength(ring.slots);
  });
});

describe('the clocks of two threads', () => {
  it('mean the same time', () => {
    const [a, b] = [new MachineClock(), new MachineClock()];
    a.update();
    b.update();
    expect(Math.abs(a.nowNs + a.originNs - (b.nowNs + b.originNs))).toBeLessThan(50e6);
  });
});
