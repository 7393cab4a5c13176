/**
 * A trace written is a trace read; what is not one, or not whole, is told in one line after everything before
 * it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEVICE_TID, ECHO_CLASS_ID, SOCKET_CLASS_ID } from '../../src/i2o/tids.ts';
import { readTraces } from '../../src/trace/file.ts';
import { FileSink } from '../../src/trace/file-sink.ts';
import { deviceTidOf } from '../../src/trace/head.ts';
import { TraceDamage, TraceReader } from '../../src/trace/reader.ts';
import type { TraceHead } from '../../src/trace/sink.ts';
import { type Call, CallList, HEAD, replayCall } from './calls.ts';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inic-trace-'));
  path = join(folder, 'a.trace');
});
afterAll(() => rmSync(folder, { recursive: true }));

function written(...traces: (readonly Call[])[]): Uint8Array {
  const sink = new FileSink(path);
  for (const calls of traces) for (const call of calls) replayCall(sink, call);
  sink.close();
  return readFileSync(path);
}

/** Reads bytes in pieces. @returns the calls, and the damage if there was any. */
function read(bytes: Uint8Array, piece = bytes.length): { calls: Call[]; damage: TraceDamage | undefined } {
  const list = new CallList();
  const reader = new TraceReader(() => list);
  try {
    for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
    reader.finish();
  } catch (error) {
    if (!(error instanceof TraceDamage)) throw error;
    return { calls: list.calls, damage: error };
  }
  return { calls: list.calls, damage: undefined };
}

const time = fc.nat(5000);
const side = fc.constantFrom(0, 1);
const slot = fc.nat(15);
const words = fc
  .tuple(fc.integer({ min: 3, max: 32 }), fc.array(fc.integer(), { minLength: 31, maxLength: 31 }))
  .map(([size, rest]) => [(size << 16) | 0x4001, ...rest].slice(0, size));
const anyCall: fc.Arbitrary<(timeNs: number) => Call> = fc.oneof(
  fc.tuple(side, slot, words).map(
    ([d, s, w]) =>
      (t: number): Call => ['frame', d, t, s, w],
  ),
  fc.tuple(side, slot, side).map(
    ([d, s, o]) =>
      (t: number): Call => ['owner', d, t, s, o],
  ),
  side.map(
    (kind) =>
      (t: number): Call => ['notification', kind, t],
  ),
  fc.tuple(side, fc.nat(1000), fc.nat(1000)).map(
    ([s, a, l]) =>
      (t: number): Call => ['write', s, t, a, l],
  ),
  fc.tuple(fc.nat(1000), fc.integer()).map(
    ([a, v]) =>
      (t: number): Call => ['polled', t, a, v],
  ),
  fc.tuple(fc.nat(300), fc.boolean(), fc.array(fc.nat(255), { maxLength: 200 }), fc.nat(2000)).map(
    ([early, sent, bytes, more]) =>
      (t: number): Call => ['packet', Math.max(0, t - early), sent, bytes, bytes.length + more],
  ),
);
const END: Call = ['end', 1e15, { host: { doorbells: 3 }, iop: { interrupts: 0.5 }, lost: 7 }];
const trace = fc.array(fc.tuple(time, anyCall), { maxLength: 60 }).map((parts): Call[] => {
  let now = 0;
  const calls = parts.map(([delta, call]) => {
    now += delta;
    return call(now);
  });
  return [['head', HEAD], ...calls, END];
});

/** Every kind of event, folded and not. */
const SMALL: Call[] = [
  ['head', HEAD],
  ['owner', 0, 5, 3, 0],
  ['frame', 0, 9, 3, [0x00030001, 1, 2]],
  ['notification', 0, 9],
  ['polled', 12, 32768, -5],
  ['frame', 1, 70_000, 2, [0x0005c001, 1, 2, 3, 4]],
  ['owner', 1, 70_001, 2, 1],
  ['frame', 1, 70_002, 3, [0x0005c001, 1, 2, 3, -4]],
  ['write', 0, 80_000, 65536, 100],
  ['owner', 0, 80_001, 4, 0],
  ['owner', 0, 80_002, 4, 1],
  ['packet', 79_000, true, [1, 2, 3], 1500],
  ['end', 90_000, { host: {}, iop: {}, lost: 0 }],
];

describe('a trace file', () => {
  it('gives back the calls it was written with, however its bytes come', () => {
    fc.assert(
      fc.property(trace, fc.integer({ min: 1, max: 300 }), (calls, piece) => {
        expect(read(written(calls), piece)).toEqual({ calls, damage: undefined });
      }),
      { numRuns: 60 },
    );
  });

  it('may hold several traces', async () => {
    written(SMALL, SMALL);
    const lists: CallList[] = [];
    const count = await readTraces(path, () => {
      lists.push(new CallList());
      return lists.at(-1)!;
    });
    expect(count).toBe(2);
    expect(lists.map(({ calls }) => calls)).toEqual([SMALL, SMALL]);
  });

  it('keeps a frame whose size cannot be, whole', () => {
    const odd: Call = ['frame', 0, 1, 0, [0x7fff0001, ...Array.from({ length: 31 }, (_, i) => i)]];
    const calls = [SMALL[0], odd, END];
    expect(read(written(calls)).calls).toEqual(calls);
  });

  it('writes on a full disk no further, and throws nothing', () => {
    const sink = new FileSink('/dev/full');
    for (const call of SMALL) replayCall(sink, call);
    expect(sink.failure).toMatch(/ENOSPC/);
  });
});

describe('a damaged trace', () => {
  const bytes = (): Uint8Array => written(SMALL);

  it('cut at any byte is told as such, and all before the cut is delivered', () => {
    const whole = bytes();
    let longest = 0;
    for (let cut = 1; cut < whole.length; cut++) {
      const { calls, damage } = read(whole.subarray(0, cut), 7);
      expect(damage).toMatchObject({ kind: 'truncated', atByte: cut });
      expect(damage!.message).toMatch(/^[^\n]+$/);
      expect(calls).toEqual(SMALL.slice(0, calls.length));
      expect(calls.length).toBeGreaterThanOrEqual(longest);
      longest = calls.length;
    }
    expect(longest).toBe(SMALL.length - 1);
  });

  it('with any byte changed gives sane calls or one line, and never anything else', () => {
    const whole = bytes();
    const first = read(whole).calls;
    let damaged = 0;
    for (let at = 0; at < whole.length; at++) {
      for (const value of [0x00, 0x7f, 0x93, 0xc1, 0xc6, 0xcf, 0xd4, 0xdd, 0xff]) {
        const changed = Uint8Array.from(whole);
        changed[at] = value;
        const { calls, damage } = read(changed);
        if (damage === undefined) continue;
        damaged += 1;
        expect(damage.message).toMatch(/^[^\n]+$/);
        if (damage.kind === 'corrupt' && calls.length > 1) expect(calls[0][0]).toBe(first[0][0]);
      }
    }
    expect(damaged).toBeGreaterThan(whole.length);
  });

  it('names the byte of the damage', () => {
    const whole = bytes();
    const at = whole.length - 20;
    whole.fill(0xc1, at);
    const { damage, calls } = read(whole);
    expect(damage).toMatchObject({ kind: 'corrupt' });
    expect(damage!.atByte).toBeLessThanOrEqual(at);
    expect(calls.length).toBeGreaterThan(8);
  });

  it('does not hide an error of the sink', () => {
    const list = new CallList();
    list.notification = () => {
      throw new RangeError('of the sink');
    };
    expect(() => new TraceReader(() => list).push(bytes())).toThrow('of the sink');
  });
});

describe('the devices of a head', () => {
  const devices = [
    { tid: 0x010, classId: ECHO_CLASS_ID },
    { tid: 0x011, classId: SOCKET_CLASS_ID },
  ];
  const classes = [{ name: 'socket', id: SOCKET_CLASS_ID, version: 2 }];

  it('come back as they were written, and name the one that is spoken to', () => {
    const head = { ...HEAD, classes, devices };
    expect(read(written([['head', head], END])).calls).toEqual([['head', head], END]);
    expect(deviceTidOf(head as unknown as TraceHead)).toBe(0x011);
  });

  it('are one alone where none are listed', () => {
    expect(deviceTidOf({ ...HEAD, classes } as unknown as TraceHead)).toBe(DEVICE_TID);
  });

  it.each([
    ['no list', 3, /"devices" expected a list/],
    ['a TID of the host', [{ tid: 1, classId: SOCKET_CLASS_ID }], /"devices.tid" expected/],
    ['a TID for nobody', [{ tid: 0xfff, classId: SOCKET_CLASS_ID }], /"devices.tid" expected/],
    ['a TID twice', [devices[1], devices[1]], /each TID once/],
    ['no device of what is spoken', [devices[0]], /a class that is spoken/],
  ] as const)('with %s are refused by name', (_name, lie, expected) => {
    const { calls, damage } = read(written([['head', { ...HEAD, classes, devices: lie }]]));
    expect(calls).toEqual([]);
    expect(damage?.message).toMatch(expected);
  });
});

describe('a head that lies', () => {
  const { memory } = HEAD;
  it.each([
    ['a region too small', { ...memory, regionBytes: 64 }, /reaches past the region of 64/],
    ['one pool in another', { ...memory, receive: memory.transmit }, /reaches past "memory\./],
    [
      'more frames than the region has',
      { ...memory, inbound: { ...memory.inbound, count: 1 << 20 } },
      /reaches past/,
    ],
  ] as const)('about %s is refused by name', (_name, lie, expected) => {
    const { calls, damage } = read(written([['head', { ...HEAD, memory: lie }]]));
    expect(calls).toEqual([]);
    expect(damage?.message).toMatch(expected);
  });
});

describe('a foreign file', () => {
  it.each([
    ['an empty one', ''],
    ['a text', 'Once upon a time'],
    ['JSON', '{"format":"inic-trace","version":1}'],
    ['a pcap', '\u{d4}\u{c3}\u{b2}\u{a1}\u{2}\u{0}\u{4}\u{0}'],
  ])('%s is no trace', (_, text) => {
    const { damage, calls } = read(Buffer.from(text, 'latin1'));
    expect(calls).toEqual([]);
    expect(damage).toMatchObject({ kind: 'foreign' });
    expect(damage!.message).toMatch(/^not a trace: /);
  });

  it('random bytes are no trace', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 500 }), (noise) => {
        expect(read(noise).damage?.kind).toBe('foreign');
      }),
      { numRuns: 200 },
    );
  });

  it('is read from a file as from anywhere', async () => {
    writeFileSync(path, 'no trace');
    await expect(readTraces(path, () => new CallList())).rejects.toThrow('not a trace');
  });
});
