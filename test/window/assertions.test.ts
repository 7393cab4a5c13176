/** Faults injected into a port with the TCP window: each trips the assertion that guards against it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketPool } from '../../src/dma/packets.ts';
import { FilledBytes } from '../../src/window/filled-bytes.ts';
import { WindowMemory } from '../../src/window/window-memory.ts';
import { buildCard } from '../../src/world/build/card-parts.ts';
import { windowFramesMax } from '../../src/world/build/window-modules.ts';
import { trips } from '../rules/trips.ts';
import { WindowBed } from './bed.ts';

describe('filled bytes', () => {
  trips('filled bytes: there is memory that can be filled', () => new FilledBytes(0));
  trips('filled bytes: what is filled was empty', () => {
    const filled = new FilledBytes(100);
    for (const at of [0, 49]) filled.fill(at, 50);
  });
  trips('filled bytes: what is emptied was filled', () => new FilledBytes(100).empty(3, 1));
  trips('filled bytes: a stretch lies in the memory', () => new FilledBytes(100).all(99, 2));

  it('are those that were filled and not emptied, as a set of bytes has them', () => {
    const size = 200;
    const stretch = fc
      .tuple(fc.nat(size - 1), fc.nat(size))
      .map(([at, length]) => [at, Math.max(1, Math.min(length, size - at))] as const);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), stretch), { maxLength: 40 }), (steps) => {
        const filled = new FilledBytes(size);
        const bytes = new Set<number>();
        for (const [fill, [at, length]] of steps) {
          const all = Array.from({ length }, (_, i) => at + i);
          expect(filled.all(at, length)).toBe(all.every((byte) => bytes.has(byte)));
          expect(filled.none(at, length)).toBe(all.every((byte) => !bytes.has(byte)));
          if (fill && filled.none(at, length)) {
            filled.fill(at, length);
            for (const byte of all) bytes.add(byte);
          } else if (!fill && filled.all(at, length)) {
            filled.empty(at, length);
            for (const byte of all) bytes.delete(byte);
          }
          expect(filled.count).toBe(bytes.size);
          expect(filled.end).toBe(bytes.size === 0 ? 0 : Math.max(...bytes) + 1);
        }
        expect(filled.clear()).toBe(bytes.size);
        expect(filled.none(0, size)).toBe(true);
      }),
    );
  });
});

describe('the memory of a window', () => {
  const { ledger } = new WindowBed();
  const memory = (frames: number): WindowMemory =>
    new WindowMemory(64, 4096, new PacketPool(8192, 4, 2048), frames, ledger);
  trips('window memory: host and devices share the slots', () => memory(4));
  trips('window memory: a port that is closed was open', () => memory(3).close());
  trips('window memory: a packet is held once', () => {
    const shared = memory(3);
    for (let i = 0; i < 2; i++) shared.hold(1, 60, 0);
  });

  it('has one split for all ports, and another only when all are closed', () => {
    const shared = memory(3);
    expect([shared.open(0), shared.open(4097), shared.open(2000)]).toEqual([false, false, true]);
    expect([shared.open(2001), shared.open(2000)]).toEqual([false, true]);
    shared.fill(64 + 1500, 100);
    shared.close();
    expect(shared.isClosed).toBe(false);
    shared.close();
    expect([shared.isClosed, shared.transmitBytes]).toEqual([true, 0]);
    expect([shared.open(1599), shared.open(1600)]).toEqual([false, true]);
  });
});

describe('the card', () => {
  trips('window module: a device at rest holds no packets', () => {
    const { module } = new WindowBed();
    module['sends'].begin(1, 2, 0);
    module['sends'].commit();
    module['transmitter'].cancel = () => {};
    module.quiesce();
  });
  trips('window modules: the memory of a card with the TCP window was planned', () => {
    const bed = new WindowBed();
    const { window: _, ...memory } = bed.memory;
    const environment = { clock: bed.clock, ledger: bed.ledger, waker: { wake: () => {} } };
    const dma = bed.module['transmitter']['dma'];
    const { source } = bed.module['device'] as unknown as { source: never };
    const wires = [
      { source, sink: { receive: () => -1, receivedLength: 0, release: () => {}, nextArrivalNs: () => 0 } },
    ];
    buildCard(bed.region, memory, bed.config, { ...environment, dma, wires }, ['window']);
  });

  it('has slots for more than its receive rings take, or is refused', () => {
    const { config } = new WindowBed();
    expect(windowFramesMax(config)).toBe(config.packetSlots - config.rxRing);
    expect(() => windowFramesMax({ ...config, packetSlots: config.rxRing })).toThrow(
      /^"packetSlots" is 8, and the receive rings .* take 8: give it more$/,
    );
  });
});
