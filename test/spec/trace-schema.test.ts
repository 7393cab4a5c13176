/**
 * The schema of a trace takes every object of every kind of trace that is written: of each class, over both
 * transports, in virtual time and as cards run, with packets and without, cut short, without its ledgers. A
 * reader finds in each what the schema says, and the schema refuses what a reader refuses.
 */
import { readFileSync, truncateSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Decoder, decodeMulti } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { schemaText } from '../../src/spec/schema-texts.ts';
import { runLanTour } from '../../src/tour/lan-live.ts';
import { Tour } from '../../src/tour/tour.ts';
import { runWindowTour } from '../../src/tour/window-live.ts';
import { FileSink } from '../../src/trace/file-sink.ts';
import { EVENT_PACKET } from '../../src/trace/format.ts';
import type { TraceSink } from '../../src/trace/sink.ts';
import type { TraceRequest } from '../../src/world/build/card-trace.ts';
import { type CardOptions, openCard } from '../../src/world/open/card.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { testFolder } from '../cli/commands.ts';
import { runLan } from '../validate/lan-world.ts';
import { asJson } from './trace-json.ts';

interface Check {
  (value: unknown): boolean;
  readonly errors?: readonly { readonly instancePath: string; readonly message?: string }[] | null;
}

const { default: Ajv } = createRequire(import.meta.url)('ajv/dist/2020.js') as {
  default: new (options: object) => { compile(schema: object): Check };
};
const check = new Ajv({ strict: true, strictTuples: false }).compile(JSON.parse(schemaText('trace')!));
const folder = testFolder();

type Head = { transport: string; classes: { name: string }[]; memory: object };

/** What is in a trace, once each of its objects was held against the schema. */
interface Held {
  readonly head: Head;
  readonly kinds: ReadonlySet<number>;
  readonly ends: number;
  readonly objects: number;
  /** Counters in both ledgers of the last end. */
  readonly counters: number;
}

function held(bytes: Uint8Array): Held {
  const kinds = new Set<number>();
  let [head, ends, objects, counters] = [undefined as Head | undefined, 0, 0, 0];
  for (const object of objectsOf(bytes)) {
    const good = check(object)
      ? []
      : check.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`);
    expect(good, JSON.stringify(object).slice(0, 200)).toEqual([]);
    objects += 1;
    if (Array.isArray(object)) kinds.add(object[0] as number);
    else if ('format' in (object as object)) head ??= object as Head;
    else {
      const { host, iop } = object as { host: object; iop: object };
      ends += 1;
      counters = Object.keys(host).length + Object.keys(iop).length;
    }
  }
  return { head: head!, kinds, ends, objects, counters };
}

/** The whole objects, up to where the file was cut. */
function* objectsOf(bytes: Uint8Array): Generator<unknown> {
  try {
    for (const object of decodeMulti(bytes)) yield asJson(object);
  } catch (error) {
    // What is cut ends within an object; anything else is a fault.
    expect(String(error)).toMatch(/RangeError|Insufficient data/);
  }
}

/** Records a trace to a file. @returns its path. */
function recorded(name: string, run: (sink: TraceSink) => void): string {
  const path = join(folder, `${name.replaceAll(/\W+/g, '-')}.trace`);
  const sink = new FileSink(path);
  run(sink);
  expect(sink.failure).toBe('');
  return path;
}

const POOLS = {
  transmitBuffers: 64,
  receiveBuckets: 64,
  inboundFrames: 64,
  outboundFrames: 64,
  immediateSlots: 32,
};
const CARD = { pools: POOLS, driver: { socketsMax: 128 } } as const;

function tour(request: Omit<TraceRequest, 'sink'>, card: CardOptions = {}, ended = true) {
  return (sink: TraceSink): void => {
    const world = new VirtualWorld({
      cards: [{ ...CARD, ...card }],
      seed: 1,
      traces: [{ sink, ...request }],
    });
    new Tour(world.cards[0].stack, 1).run(1);
    world.run(() => false, 1e9);
    if (ended) world.cards[0].endTrace();
  };
}

const FEW = { operations: 30 };

describe.each(TRANSPORTS)('the schema of a trace takes, over the %s,', (transport) => {
  const settings = { transport };
  it.each<[string, string, (sink: TraceSink) => void, number]>([
    ['a tour of sockets, datagrams and lists', 'socket', tour({ snapBytes: 0 }, settings), 0],
    ['the same with packets', 'socket', tour({ snapBytes: 96, command: ['a', 'b'] }, settings), 1],
    [
      'a driver of version 1',
      'socket',
      tour({ snapBytes: 0 }, { ...settings, driver: { ...CARD.driver, classVersion: 1 } }),
      0,
    ],
    ['a tour of network ports', 'lan', (sink) => void runLanTour(sink, settings, 1, 1), 1],
    ['a tour of the window', 'window', (sink) => void runWindowTour(sink, settings, 1, 1), 0],
    ['a stack over ports', 'lan', (sink) => void runLan([{ sink }], { ...FEW, settings }), 1],
    [
      'a stack over the window',
      'window',
      (sink) => void runLan([{ sink }], { ...FEW, window: true, settings }),
      1,
    ],
  ])('%s', (name, spoken, run, packets) => {
    const { head, kinds, ends, objects, counters } = held(
      readFileSync(recorded(`${transport} ${name}`, run)),
    );
    expect(head).toMatchObject({ transport, classes: [{ name: 'executive' }, { name: spoken }] });
    expect([ends, objects > 100, counters > 20]).toEqual([1, true, true]);
    expect(kinds.has(EVENT_PACKET)).toBe(packets === 1);
    for (const kind of [1, 3]) expect(kinds).toContain(kind);
  });
});

describe('the schema of a trace takes', () => {
  it.each(['thread', 'inline'] as const)('that of a card as it runs: %s', async (placement) => {
    const path = join(folder, `${placement}.trace`);
    const sink = new FileSink(path);
    const card = await openCard({ placement }, { sink, command: ['program'] });
    const listener = card.stack.socket();
    card.stack.bind(listener, 0x7f00_0001, 7);
    card.stack.listen(listener, 1);
    card.stack.close(listener);
    await card.close();
    expect(held(readFileSync(path))).toMatchObject({ head: { transport: 'ring' }, ends: 1 });
  });

  it('what was cut short anywhere, as far as it goes, and what was never ended', () => {
    const path = recorded('cut', tour({ snapBytes: 96 }));
    const whole = readFileSync(path);
    const { objects } = held(whole);
    for (const share of [0.9, 0.5, 0.1]) {
      truncateSync(path, Math.floor(whole.length * share) + 1);
      const cut = held(readFileSync(path));
      expect(cut.ends).toBe(0);
      expect(Math.abs(cut.objects / objects - share)).toBeLessThan(0.1);
    }
  });

  it('several traces in one file', () => {
    const one = readFileSync(recorded('one', tour({})));
    expect(held(Buffer.concat([one, one, one])).ends).toBe(3);
  });

  it('an end of whose ledgers nobody has told', () => {
    const path = recorded('untold', (sink) => {
      const inner: TraceSink = Object.create(sink);
      inner.end = (timeNs, end) => sink.end(timeNs, { ...end, host: {}, iop: {} });
      tour({})(inner);
    });
    expect(held(readFileSync(path))).toMatchObject({ ends: 1, counters: 0 });
  });
});

it('what the schema refuses is no object of a trace', () => {
  const [head] = objectsOf(readFileSync(recorded('head', tour({})))) as Generator<Record<string, unknown>>;
  expect(check(head)).toBe(true);
  for (const change of [
    { transport: 'pipe' },
    { frameBytes: 130 },
    { memory: {} },
    { devices: [{ tid: 4096, classId: 0 }] },
    { version: 2 },
    { more: 1 },
  ])
    expect(check({ ...head, ...change })).toBe(false);
  expect(check(new Decoder().decode(Uint8Array.of(0x93, 5, 1, 2)))).toBe(false);
});
