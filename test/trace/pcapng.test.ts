/**
 * The capture a trace becomes: its blocks, the comments that link frames and packets, and what Wireshark's
 * own reader makes of it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { TraceDecoder, type TraceEvent } from '../../src/trace/decode/decoder.ts';
import { PcapngBlocks } from '../../src/trace/pcapng/blocks.ts';
import { PcapngExport } from '../../src/trace/pcapng/export.ts';
import { runEcho } from './echo.ts';

const DISSECTOR = fileURLToPath(new URL('../../spec/wireshark/inic.lua', import.meta.url));

const parts: Uint8Array[] = [];
const events: TraceEvent[] = [];
const capture = new PcapngExport((bytes) => parts.push(bytes));
runEcho(
  new TraceDecoder((event) => {
    if (event.type === 'packet') events.push({ ...event, bytes: event.bytes.slice() });
    else events.push(event);
    capture.event(event);
  }),
);
const file = Buffer.concat(parts);

/** Every block: its type and its body. */
function blocks(bytes: Buffer): { type: number; body: Buffer }[] {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4);
    expect(length % 4).toBe(0);
    expect(bytes.readUInt32LE(at + length - 4)).toBe(length);
    found.push({ type: bytes.readUInt32LE(at), body: bytes.subarray(at + 8, at + length - 4) });
    at += length;
  }
  return found;
}

describe('a capture', () => {
  const all = blocks(file);
  const packets = all.filter(({ type }) => type === 6);

  it('is a section with two interfaces and a block for each frame, notification and packet', () => {
    expect(all.slice(0, 3).map(({ type }) => type)).toEqual([0x0a0d0d0a, 1, 1]);
    expect([all[1].body.readUInt16LE(0), all[2].body.readUInt16LE(0)]).toEqual([147, 1]);
    const told = events.filter(({ type }) => ['frame', 'packet', 'doorbell', 'interrupt'].includes(type));
    expect(packets).toHaveLength(told.length);
    expect(all).toHaveLength(told.length + 3);
  });

  it('is in the order of time, in nanoseconds', () => {
    const times = packets.map(({ body }) => body.readUInt32LE(4) * 2 ** 32 + body.readUInt32LE(8));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeGreaterThanOrEqual(0);
  });

  it('pads what is no multiple of four bytes', () => {
    const bytes: Uint8Array[] = [];
    const writer = new PcapngBlocks((block) => bytes.push(block));
    writer.packet(1, 0x1_0000_0002n, Uint8Array.of(1, 2, 3, 4, 5), 60, 2, 'link');
    const [block] = blocks(Buffer.concat(bytes));
    expect(block!.body.subarray(0, 20).toString('hex')).toBe('010000000100000002000000050000003c000000');
    expect(block!.body.subarray(20).toString('latin1')).toContain('\u{1}\u{2}\u{3}\u{4}\u{5}\u{0}\u{0}\u{0}');
    expect(block!.body.toString('latin1')).toContain('link');
  });
});

const missing = spawnSync('tshark', ['--version']).error !== undefined;
const COLUMNS = [
  'frame.number',
  'frame.comment',
  'inic.kind',
  'inic.number',
  'inic.message',
  'inic.form',
  'inic.status',
  'inic.trouble',
  '_ws.malformed',
  '_ws.lua.error',
  'inic.socketconnect.socketid',
  'inic.socketconnect.address',
  'inic.socketconnect.port',
  'inic.socketconnect.reply.localaddress',
  'inic.sgl.kind',
  'inic.sgl.count',
  'inic.receiverecord.length',
  'tcp.len',
  'tcp.flags.str',
] as const;
type Row = Readonly<Record<(typeof COLUMNS)[number], string>>;

describe.skipIf(missing)('tshark (skipped where it is not installed: apt-get install tshark)', () => {
  let rows: readonly Row[];
  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'inic-pcapng-'));
    const path = join(folder, 'a.pcapng');
    writeFileSync(path, file);
    const columns = COLUMNS.flatMap((name) => ['-e', name]);
    const args = ['-X', `lua_script:${DISSECTOR}`, '-r', path, '-T', 'fields', ...columns];
    const text = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    rows = text
      .split('\n')
      .filter(Boolean)
      .map((line) => Object.fromEntries(line.split('\t').map((cell, i) => [COLUMNS[i], cell])) as Row);
    rmSync(folder, { recursive: true });
  }, 60_000);

  const where = (wanted: (row: Row) => boolean): readonly Row[] => rows.filter(wanted);

  it('shows our fields by name, with their values', () => {
    expect(where((row) => row['inic.socketconnect.port'] !== '')).toMatchObject([
      {
        'inic.message': 'SocketConnect',
        'inic.form': 'request',
        'inic.socketconnect.address': '127.0.0.1',
        'inic.socketconnect.port': '7',
      },
    ]);
    expect(where((row) => row['inic.socketconnect.reply.localaddress'] !== '')).toMatchObject([
      {
        'inic.form': 'reply',
        'inic.status': '0x00000000',
        'inic.socketconnect.reply.localaddress': '127.0.0.1',
      },
    ]);
  });

  it('shows list elements and receive records', () => {
    const sends = where((row) => row['inic.message'] === 'SocketSend' && row['inic.form'] === 'request');
    expect(sends).toMatchObject([{ 'inic.sgl.kind': 'transmit', 'inic.sgl.count': '3000' }]);
    const lengths = rows.flatMap((row) => row['inic.receiverecord.length'].split(',').map(Number));
    expect(lengths.reduce((a, b) => a + b, 0)).toBe(3000);
  });

  it('finds every frame sound', () => {
    const bad = where((row) => row['inic.trouble'] + row['_ws.malformed'] + row['_ws.lua.error'] !== '');
    expect(bad).toEqual([]);
    const frames = events.filter(({ type }) => type === 'frame');
    expect(where((row) => row['inic.kind'] === '0')).toHaveLength(frames.length);
  });

  it('shows the wire beside, and what links them', () => {
    const segments = where((row) => Number(row['tcp.len']) > 0);
    expect(segments.length).toBeGreaterThan(1);
    const [send] = where((row) => row['inic.message'] === 'SocketSend' && row['inic.form'] === 'request');
    let from = 0;
    for (const segment of segments) {
      const to = from + Number(segment['tcp.len']);
      const link = `bytes ${from}-${to - 1}, SocketSend: frame ${send!['inic.number']}`;
      expect(segment['frame.comment']).toContain(link);
      from = to;
    }
    expect(from).toBe(3000);
    const [record] = where((row) => Number(row['inic.receiverecord.length'].split(',')[0]) > 0);
    const came = `came in packets? ${segments[0]['frame.number']}`;
    expect(record!['frame.comment']).toMatch(new RegExp(`bytes 0-\\d+ of .*${came}`));
    const [syn] = where((row) => /S/.test(row['tcp.flags.str']) && !/A/.test(row['tcp.flags.str']));
    expect(syn!['frame.comment']).toMatch(/^SocketConnect: frame \d+/);
  });
});
