/** The one place that moves payload: every length, phase and way, counted under the reason given. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DmaEngine } from '../../src/dma/engine.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import {
  RECEIVE_COPIES,
  SEND_COPIES,
  STAGING_COPIES_BYTES,
  TRANSMIT_FETCHES,
} from '../../src/ledger/counters.gen.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';

const STAGING = 65536;
const STAGING_BYTES = 512; // small, so that copies are cut
const FROM = 131072;
const TO = 196608;

function engine(staged: boolean) {
  const region = allocateRegion(262144);
  const ledger = new Ledger(region, 1024);
  expect(1024 + LEDGER_BYTES).toBeLessThan(STAGING);
  const dma = staged ? new DmaEngine(region, ledger, STAGING, STAGING_BYTES) : new DmaEngine(region, ledger);
  return { region, ledger, dma };
}

const length = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 4000 }));
const phase = fc.integer({ min: 0, max: 9 });

/** Bytes of a program: a view that begins anywhere in its buffer. */
function programBytes(count: number, at: number): Uint8Array {
  const view = new Uint8Array(count + 64).subarray(at, at + count);
  for (let i = 0; i < count; i++) view[i] = (i * 7 + 3) & 0xff;
  return view;
}

describe.each([true, false])('copies (by way of scratch memory: %s)', (staged) => {
  it('from a program arrive whole, and touch nothing else', () => {
    const { region, ledger, dma } = engine(staged);
    fc.assert(
      fc.property(length, phase, phase, phase, (count, viewAt, sourceOffset, to) => {
        const source = programBytes(count + sourceOffset, viewAt);
        region.bytes.fill(0xee, TO - 16, TO + 5000);
        const before = ledger.snapshot();
        dma.copyIn(SEND_COPIES, source, sourceOffset, TO + to, count);
        expect(region.bytes.slice(TO + to, TO + to + count)).toEqual(source.slice(sourceOffset));
        expect(region.bytes[TO + to - 1]).toBe(0xee);
        expect(region.bytes[TO + to + count]).toBe(0xee);
        const after = ledger.snapshot();
        expect(after['sendCopies'] - before['sendCopies']).toBe(1);
        expect(after['sendCopiesBytes'] - before['sendCopiesBytes']).toBe(count);
      }),
    );
  });

  it('to a program arrive whole, and touch nothing else', () => {
    const { region, dma } = engine(staged);
    fc.assert(
      fc.property(length, phase, phase, phase, (count, viewAt, targetOffset, from) => {
        const target = programBytes(count + 32, viewAt).fill(0xee);
        for (let i = 0; i < count; i++) region.bytes[FROM + from + i] = (i * 5 + 1) & 0xff;
        dma.copyOut(RECEIVE_COPIES, FROM + from, target, targetOffset, count);
        expect(target.slice(targetOffset, targetOffset + count)).toEqual(
          region.bytes.slice(FROM + from, FROM + from + count),
        );
        expect(target[targetOffset + count]).toBe(0xee);
        if (targetOffset > 0) expect(target[targetOffset - 1]).toBe(0xee);
      }),
    );
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

  it('the second half of a staged copy as what it is', () => {
    const { ledger, dma } = engine(true);
    dma.copyIn(SEND_COPIES, new Uint8Array(1000), 0, TO, 1000);
    expect(ledger.counters[STAGING_COPIES_BYTES]).toBe(1000);
    dma.copyIn(SEND_COPIES, new Uint8Array(64), 0, TO, 64);
    expect(ledger.counters[STAGING_COPIES_BYTES]).toBe(1000); // short copies need no scratch memory
  });
});
