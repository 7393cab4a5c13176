/**
 * A cable between two threads: what a pipe does, with its two halves told of each other's doings. Here both
 * are in one thread.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DmaEngine } from '../../src/dma/engine.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { NEVER } from '../../src/time/agent.ts';
import { Clock } from '../../src/time/clock.ts';
import { Random } from '../../src/time/random.ts';
import { CableSink, CableSource, planCable } from '../../src/wire/cable.ts';
import { PERFECT_PIPE, type PipeConfig } from '../../src/wire/config.ts';
import { numbered, numberOf, SLOT_BYTES } from './bed.ts';

class Bed {
  readonly clock = new Clock();
  readonly region: Region;
  readonly ledger: Ledger;
  readonly source: CableSource;
  readonly sink: CableSink;
  /** How often each half told of the other's change. */
  toldSink = 0;
  toldSource = 0;

  constructor(changes: Partial<PipeConfig> = {}) {
    const config = { ...PERFECT_PIPE, queueFrames: 4, slotBytes: SLOT_BYTES, ...changes };
    const plan = new MemoryPlan();
    const counters = plan.reserve('ledger', LEDGER_BYTES, 'counters');
    const offset = planCable(plan, 'cable', config);
    this.region = allocateRegion(plan.byteLength);
    this.clock.set(0);
    this.ledger = new Ledger(this.region, counters);
    const { region, clock, ledger } = this;
    this.source = new CableSource(region, offset, config, clock, ledger, {
      changed: () => {
        this.toldSink += 1;
      },
    });
    const dma = new DmaEngine(region, ledger);
    this.sink = new CableSink(region, offset, config, clock, new Random(1), ledger, dma, {
      changed: () => {
        this.toldSource += 1;
      },
    });
  }

  put(number: number, length = 64): boolean {
    const address = this.source.reserve(length);
    if (address < 0) return false;
    this.region.bytes.set(numbered(number, length), address);
    this.source.commit(length);
    return true;
  }

  take(): number {
    const address = this.sink.receive();
    if (address < 0) return -1;
    const bytes = this.region.bytes.slice(address, address + this.sink.receivedLength);
    this.sink.release();
    return numberOf(bytes);
  }

  counter(name: string): number {
    return this.ledger.snapshot()[name];
  }
}

describe('a cable', () => {
  it('carries frames in order, and tells the far end of each', () => {
    const bed = new Bed();
    expect([1, 2, 3].map((number) => bed.put(number))).toEqual([true, true, true]);
    expect(bed.toldSink).toBe(3);
    expect([bed.take(), bed.take(), bed.take(), bed.take()]).toEqual([1, 2, 3, -1]);
  });

  it('refuses and counts what finds it full, and has room again after a release', () => {
    const bed = new Bed();
    for (let i = 0; i < 4; i++) expect(bed.put(i)).toBe(true);
    expect(bed.put(4)).toBe(false);
    expect(bed.counter('wireOverflow')).toBe(1);
    expect(bed.source.room).toBe(0);
    bed.take();
    expect(bed.source.room).toBe(1);
    expect(bed.put(5)).toBe(true);
  });

  it('tells a source that waits for room, once', () => {
    const bed = new Bed();
    for (let i = 0; i < 4; i++) bed.put(i);
    bed.take();
    expect(bed.toldSource).toBe(0);
    bed.source.awaitRoom(1);
    bed.take();
    bed.take();
    expect(bed.toldSource).toBe(1);
  });

  it('says when the next frame arrives', () => {
    const perfect = new Bed();
    expect(perfect.sink.nextArrivalNs()).toBe(NEVER);
    perfect.put(1);
    expect(perfect.sink.nextArrivalNs()).toBe(0);
    const slow = new Bed({ delayNs: 700 });
    slow.clock.set(100);
    slow.put(1);
    slow.clock.set(400); // the sink looks later than the frame was sent
    expect(slow.sink.nextArrivalNs()).toBe(800);
    expect(slow.take()).toBe(-1);
    slow.clock.set(800);
    expect(slow.take()).toBe(1);
  });

  it('gives the slot of a lost frame back', () => {
    const bed = new Bed({ lossProbability: 1 });
    for (let i = 0; i < 40; i++) {
      expect(bed.put(i)).toBe(true);
      expect(bed.take()).toBe(-1);
    }
    expect(bed.counter('wireDropped')).toBe(40);
  });

  it('doubles into slots that are the sink’s own', () => {
    const bed = new Bed({ duplicateProbability: 1 });
    for (let i = 0; i < 40; i++) {
      expect(bed.put(i)).toBe(true);
      expect([bed.take(), bed.take(), bed.take()]).toEqual([i, i, -1]);
    }
    expect(bed.counter('wireDuplicated')).toBe(40);
  });

  it('loses nothing and reorders nothing, whoever is ahead by how much', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 300 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 50 }),
        (turns, queueFrames, delayNs) => {
          const bed = new Bed({ queueFrames, delayNs });
          let next = 0;
          let expected = 0;
          const check = (): void => {
            for (let got = bed.take(); got >= 0; got = bed.take()) expect(got).toBe(expected++);
          };
          turns.forEach((sends, turn) => {
            bed.clock.set(turn * 10);
            if (!sends) check();
            else if (bed.put(next)) next += 1;
          });
          bed.clock.set(1e9);
          check();
          expect(expected).toBe(next);
          expect(bed.source.room).toBe(queueFrames);
          expect(bed.counter('wireSent')).toBe(next);
          expect(bed.counter('wireArrived')).toBe(next);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('refuses by name what the other thread cannot have put there, and carries the rest', () => {
    const word = (bed: Bed) => (bed.sink as unknown as { memory: { word: number } }).memory.word;
    const bed = new Bed();
    const ring = word(bed) + 96;
    const forge = (entry: number, slot: number, length: number): void => {
      bed.put(entry);
      bed.region.words.set([slot, length], ring + 4 * entry);
    };
    forge(0, 99, 64);
    forge(1, -1, 64);
    forge(2, 2, SLOT_BYTES);
    expect(bed.put(3)).toBe(true);
    expect([bed.take(), bed.take()]).toEqual([3, -1]);
    expect(bed.counter('wireRefused')).toBe(3);
    // A slot given back twice, or that is none, is no slot more.
    bed.region.words.set([7, 7], word(bed) + 96 + 4 * 4);
    expect(bed.source.room).toBeLessThanOrEqual(4);
    expect(bed.counter('wireSlotsRefused')).toBe(1);
  });

  it('takes a time that is none for now', () => {
    const bed = new Bed({ delayNs: 10 });
    bed.put(1);
    const { word } = (bed.sink as unknown as { memory: { word: number } }).memory;
    bed.region.doubles[(word + 96 + 2) >> 1] = Number.NaN;
    expect(bed.sink.nextArrivalNs()).toBe(10);
  });
});
