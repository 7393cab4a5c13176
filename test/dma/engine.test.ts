/** The one place that moves payload: every length, phase and way, counted under the reason given. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DmaEngine } from '../../src/dma/engine.ts';
import type { PoolArea } from '../../src/dma/pool-area.ts';
import { allocateRegion, Region, type RegionMemory } from '../../src/dma/region.ts';
import { RECEIVE_COPIES, SEND_COPIES, TRANSMIT_FETCHES } from '../../src/ledger/counters.gen.ts';
import { Ledger } from '../../src/ledger/ledger.ts';

const REGION_BYTES = 262144;
const BUCKETS: PoolArea = { offset: 65536, count: 8, bufferBytes: 8192 };
const FROM = BUCKETS.offset + BUCKETS.bufferBytes;
const TO = 196608;
/** What is copied by a loop, by `set` and by `fill`, and where one gives way to the other. */
const LENGTHS = [0, 1, 7, 8, 40, 95, 96, 97, 98, 104, 511, 767, 768, 769, 776, 1460, 4096];

function engine(shared: boolean) {
  const region = shared ? allocateRegion(REGION_BYTES) : new Region(ownMemory());
  const ledger = new Ledger(region, 1024);
  return { region, ledger, dma: new DmaEngine(region, ledger, BUCKETS) };
}

/** Memory of one thread. */
function ownMemory(): RegionMemory {
  return { buffer: new ArrayBuffer(REGION_BYTES) as ArrayBufferLike as SharedArrayBuffer };
}

const length = fc.oneof(
  fc.constantFrom(...LENGTHS),
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: 0, max: 4000 }),
);
const phase = fc.integer({ min: 0, max: 9 });

/** Bytes of a program: a view that begins anywhere in its buffer. */
function programBytes(count: number, at: number): Uint8Array {
  const view = new Uint8Array(count + 64).subarray(at, at + count);
  for (let i = 0; i < count; i++) view[i] = (i * 7 + 3) & 0xff;
  return view;
}

describe.each([true, false])('copies (shared memory: %s)', (shared) => {
  const { region, ledger, dma } = engine(shared);

  /** @param behind bytes that the program's memory has behind those copied. */
  function copiesIn(count: number, viewAt: number, sourceOffset: number, to: number, behind: number): void {
    const source = programBytes(sourceOffset + count + behind, viewAt);
    region.bytes.fill(0xee, TO - 16, TO + 5000);
    const before = ledger.snapshot();
    dma.copyIn(SEND_COPIES, source, sourceOffset, TO + to, count);
    const wanted = source.subarray(sourceOffset, sourceOffset + count);
    expect(Buffer.compare(region.bytes.slice(TO + to, TO + to + count), wanted)).toBe(0);
    expect(region.bytes[TO + to - 1]).toBe(0xee);
    expect(region.bytes[TO + to + count]).toBe(0xee);
    const after = ledger.snapshot();
    expect(after['sendCopies'] - before['sendCopies']).toBe(1);
    expect(after['sendCopiesBytes'] - before['sendCopiesBytes']).toBe(count);
  }

  function copiesOut(count: number, viewAt: number, targetOffset: number, from: number): void {
    const target = programBytes(count + 32, viewAt).fill(0xee);
    for (let i = 0; i < count; i++) region.bytes[FROM + from + i] = (i * 5 + count) & 0xff;
    dma.copyOut(RECEIVE_COPIES, FROM + from, target, targetOffset, count);
    const wanted = region.bytes.slice(FROM + from, FROM + from + count);
    expect(Buffer.compare(target.subarray(targetOffset, targetOffset + count), wanted)).toBe(0);
    expect(target[targetOffset + count]).toBe(0xee);
    if (targetOffset > 0) expect(target[targetOffset - 1]).toBe(0xee);
  }

  it('from a program arrive whole, and touch nothing else', () => {
    const behind = fc.constantFrom(0, 0, 1, 30);
    fc.assert(fc.property(length, phase, phase, phase, behind, copiesIn));
  });

  it('to a program arrive whole, and touch nothing else', () => {
    fc.assert(fc.property(length, phase, phase, phase, copiesOut));
  });

  it('go between any two addresses modulo 8', () => {
    for (const count of LENGTHS) {
      for (let pair = 0; pair < 64; pair++) {
        copiesIn(count, pair & 7, 0, pair >>> 3, 0);
        copiesOut(count, pair & 7, 0, pair >>> 3);
      }
    }
  });
});

describe('views of the region', () => {
  /** @returns how many views a number of reads made. */
  function viewsOf(reads: (dma: DmaEngine) => void): number {
    const { region, dma } = engine(true);
    let made = 0;
    region.bytes.subarray = (begin, end) => {
      made += 1;
      return Uint8Array.prototype.subarray.call(region.bytes, begin, end) as Uint8Array<SharedArrayBuffer>;
    };
    reads(dma);
    return made;
  }
  const target = new Uint8Array(8192);

  it('of buckets are made at the start', () => {
    const made = viewsOf((dma) => {
      for (let i = 0; i < 80; i++) {
        const bucket = i % BUCKETS.count;
        dma.copyOut(RECEIVE_COPIES, BUCKETS.offset + bucket * BUCKETS.bufferBytes, target, 0, 1000 + i);
      }
    });
    expect(made).toBe(0);
  });

  it('from the middle of a bucket are made when it is read there', () => {
    const made = viewsOf((dma) => {
      for (let i = 0; i < 10; i++) {
        dma.copyOut(RECEIVE_COPIES, FROM, target, 0, 1000);
        dma.copyOut(RECEIVE_COPIES, FROM + 1000, target, 1000, 1000);
      }
    });
    expect(made).toBe(10);
  });

  it('are not needed for the memory of a program that is read from its beginning', () => {
    const source = programBytes(8192, 3);
    source.subarray = () => {
      throw new Error('a view was made');
    };
    const { dma } = engine(true);
    for (const count of LENGTHS) dma.copyIn(SEND_COPIES, source, 0, TO, count);
    expect(() => dma.copyIn(SEND_COPIES, source, 1, TO, 1000)).toThrow('a view was made');
  });
});

describe('counts', () => {
  it('a DMA under its reason, times and bytes', () => {
    const { ledger, dma } = engine(true);
    dma.move(TRANSMIT_FETCHES, FROM, TO, 100);
    dma.moveSum(TRANSMIT_FETCHES, FROM, TO, 50, 0);
    expect(ledger.counters[TRANSMIT_FETCHES]).toBe(2);
    expect(ledger.counters[TRANSMIT_FETCHES + 1]).toBe(150);
  });
});
