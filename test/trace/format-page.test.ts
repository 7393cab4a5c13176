/** The example of docs/trace-format.md is a trace, holds what the page says, and names what there is. */
import { readFileSync } from 'node:fs';
import { decodeMulti, encode } from '@msgpack/msgpack';
import { expect, it } from 'vitest';
import { EVENT_ITEMS } from '../../src/trace/format.ts';
import { TraceReader } from '../../src/trace/reader.ts';
import { asJson } from '../spec/trace-json.ts';
import { CallList } from './calls.ts';

const page = readFileSync(new URL('../../docs/trace-format.md', import.meta.url), 'utf8');
const [dump, written] = [...page.matchAll(/```text\n([\s\S]*?)\n```/g)].map(([, text]) => text);
const lines = dump.split('\n');
const bytes = Uint8Array.from(
  lines.flatMap((line) => line.slice(6).split(' ')),
  (digits) => Number.parseInt(digits, 16),
);

it('its bytes are the objects that stand below them, one behind the other', () => {
  const objects = [...decodeMulti(bytes)];
  expect(objects.map((object) => JSON.stringify(asJson(object)))).toEqual(written.split('\n'));
  expect(Buffer.concat(objects.map((object) => encode(object))).equals(bytes)).toBe(true);
  lines.forEach((line, i) => {
    expect(Number.parseInt(line.slice(0, 4), 16)).toBe(i * 16);
  });
});

it('it is read as a trace, and each event is told as the page says', () => {
  const list = new CallList();
  const reader = new TraceReader(() => list);
  reader.push(bytes);
  reader.finish();
  expect(reader.traces).toBe(1);
  const names = list.calls.map(([name]) => name);
  expect(names).toEqual([
    ...['head', 'owner', 'frame', 'notification', 'polled', 'owner', 'frame', 'write'],
    ...['frame', 'owner', 'notification', 'packet', 'end'],
  ]);
  const cut = new TraceReader(() => new CallList());
  cut.push(bytes.subarray(0, -1));
  expect(() => cut.finish()).toThrow(/cut/);
});

it('each kind of event has a row, with as many items', () => {
  const rows = [...page.matchAll(/^\| (\d) \| ([^|]*) \|/gm)];
  expect(rows.map(([, kind]) => Number(kind))).toEqual(EVENT_ITEMS.map((_, kind) => kind));
  for (const [, kind, items] of rows) expect(items.split(',')).toHaveLength(EVENT_ITEMS[Number(kind)]);
});

it('each key of a head and of its memory has a row', () => {
  const [head] = [...decodeMulti(bytes)] as { memory: object }[];
  for (const key of [...Object.keys(head), ...Object.keys(head.memory)]) expect(page).toContain(`\`${key}\``);
});
