/**
 * The conformance vectors as the decoder and Wireshark's dissector read them: every message, every field,
 * good frames and bad.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { type FrameEvent, TraceDecoder } from '../../src/trace/decode/decoder.ts';
import { PcapngExport } from '../../src/trace/pcapng/export.ts';
import type { TraceHead } from '../../src/trace/sink.ts';
import { INBOUND, OUTBOUND } from '../../src/trace/sink.ts';
import { type Vector, vectorFiles, wordsOf } from '../conformance/vectors.ts';
import { HEAD } from './calls.ts';

const DISSECTOR = fileURLToPath(new URL('../../spec/wireshark/inic.lua', import.meta.url));
const files = vectorFiles().filter(({ path }) => !path.includes('states'));
const headOf = (name: string, id: number): TraceHead => ({
  ...HEAD,
  classes: [HEAD.classes[0], { name, id, version: 1 }],
});
const isGood = ({ expect: expected }: Vector): boolean =>
  expected['answer'] === 'legal' || expected['judgement'] === 'good';

/** What the decoder makes of vectors, and the capture that is exported of them. */
interface Decoded {
  readonly device: string;
  readonly vectors: readonly Vector[];
  readonly frames: readonly FrameEvent[];
  readonly parts: readonly Uint8Array[];
}

function decode(device: string, head: TraceHead, vectors: readonly Vector[]): Decoded {
  const parts: Uint8Array[] = [];
  const frames: FrameEvent[] = [];
  const capture = new PcapngExport((bytes) => parts.push(bytes));
  const decoder = new TraceDecoder((event) => {
    if (event.type === 'frame') frames.push(event);
    capture.event(event);
  });
  decoder.head(head);
  for (const [i, vector] of vectors.entries()) {
    const words = new Int32Array(32);
    words.set(wordsOf(vector).subarray(0, 32));
    decoder.frame(vector.kind === 'request' ? INBOUND : OUTBOUND, i, 0, words, 0);
  }
  decoder.end(vectors.length, { host: {}, iop: {}, lost: 0 });
  return { device, vectors, frames, parts };
}

/** Vectors of the classes of one device: of sockets, all that no other device has. */
const ofFiles = (device: string): readonly Vector[] => {
  const others = ['lan', 'window'];
  const wanted = ({ class: name }: { class: string }): boolean =>
    device === 'socket' ? !others.includes(name) : name === device;
  return files.filter(wanted).flatMap((file) => file.vectors);
};
const captures = [
  decode('socket', HEAD, ofFiles('socket')),
  decode('lan', headOf('lan', 0x020), ofFiles('lan')),
  decode('window', headOf('window', 0x0a1), ofFiles('window')),
];
const least: Readonly<Record<string, number>> = { socket: 400, lan: 40, window: 40 };

describe.each(captures)('the decoder of a $device device', ({ device, vectors, frames }) => {
  it('has vectors to read', () => expect(vectors.filter(isGood).length).toBeGreaterThan(least[device]));

  it('finds every good frame sound, and names its message and its fields', () => {
    const wrong = vectors.flatMap((vector, i) => {
      const frame = frames[i];
      const named = vector.kind === 'request' ? Object.keys(vector.fields) : [];
      const missing = named.filter((name) => !(name in frame.fields));
      const sound = frame.trouble === '' && frame.message === vector.message && missing.length === 0;
      return !isGood(vector) || sound ? [] : [`${vector.id}: ${frame.message} ${frame.trouble} ${missing}`];
    });
    expect(wrong).toEqual([]);
  });
});

const missing = spawnSync('tshark', ['--version']).error !== undefined;

const tshark = describe.skipIf(missing).each(captures);
tshark('tshark of a $device device (skipped where it is not installed)', ({ device, vectors, parts }) => {
  const columns = [
    ...new Set([
      'inic.message',
      'inic.trouble',
      '_ws.lua.error',
      ...vectors
        .filter(isGood)
        .flatMap((vector) => Object.keys(vector.fields).map((name) => abbreviation(vector, name))),
    ]),
  ];
  let rows: readonly Readonly<Record<string, string>>[];
  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'inic-vectors-'));
    const path = join(folder, 'a.pcapng');
    writeFileSync(path, Buffer.concat(parts));
    const args = ['-X', `lua_script:${DISSECTOR}`, '-r', path, '-T', 'fields'];
    const text = execFileSync('tshark', [...args, ...columns.flatMap((name) => ['-e', name])], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 26,
    });
    const lines = text.split('\n').slice(0, vectors.length);
    rows = lines.map((line) => Object.fromEntries(line.split('\t').map((cell, i) => [columns[i], cell])));
    rmSync(folder, { recursive: true });
  }, 60_000);

  it('survives every frame, good and bad', () => {
    expect(rows).toHaveLength(vectors.length);
    expect(rows.filter((row) => row['_ws.lua.error'])).toEqual([]);
  });

  it('finds every good frame sound, and shows every field with its value', () => {
    let fields = 0;
    const wrong = vectors.flatMap((vector, i) => {
      const row = rows[i];
      if (!isGood(vector)) return [];
      const differing = Object.entries(vector.fields).filter(([name, value]) => {
        fields += 1;
        return numberOf(row[abbreviation(vector, name)] ?? '') !== value >>> 0;
      });
      const sound =
        row['inic.trouble'] === '' && row['inic.message'] === vector.message && differing.length === 0;
      return sound ? [] : [`${vector.id}: ${row['inic.message']} ${row['inic.trouble']} ${differing}`];
    });
    expect(wrong).toEqual([]);
    expect(fields).toBeGreaterThan(least[device]);
  });
});

function abbreviation({ message, kind }: Vector, field: string): string {
  return `inic.${message}${kind === 'reply' ? '.reply' : ''}.${field}`.toLowerCase();
}

/** tshark writes numbers in decimal or hexadecimal, and addresses with dots. */
function numberOf(cell: string): number {
  if (!cell.includes('.')) return cell === '' ? Number.NaN : Number(cell);
  return cell.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}
