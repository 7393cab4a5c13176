/** TCP options as a script writes them: `<mss 1460,nop,nop,sackOK,TS val 100 ecr 0,sack 1:2 3:4>`. */
import type { TcpOption } from './ast.ts';
import type { Cursor } from './cursor.ts';

const WORD_MAX = 0xffff_ffff;
/** What a TCP header has room for (RFC 9293 §3.1). */
const BYTES_MAX = 40;
const KNOWN = 'nop, eol, mss, wscale, sackOK, sack or TS';
/** Options of packetdrill's that no stack here has. */
const BEYOND: Readonly<Record<string, string>> = {
  FO: 'TCP Fast Open',
  FOEXP: 'TCP Fast Open',
  md5: 'TCP MD5 signatures',
  ECN: 'accurate ECN',
  AccECN: 'accurate ECN',
  exp: 'experimental TCP options',
};

/** @returns undefined for `<...>`. */
export function parseTcpOptions(cursor: Cursor, inbound: boolean): readonly TcpOption[] | undefined {
  const { place } = cursor;
  cursor.expectSign('<');
  if (cursor.takeSign('...')) {
    if (inbound) throw cursor.wrong('<...> is for outbound packets: expected the options themselves', place);
    cursor.expectSign('>');
    return undefined;
  }
  if (cursor.takeSign('>')) return [];
  const options = [parseTcpOption(cursor, inbound)];
  while (cursor.takeSign(',')) options.push(parseTcpOption(cursor, inbound));
  cursor.expectSign('>');
  const bytes = options.reduce((sum, option) => sum + optionBytes(option), 0);
  if (bytes > BYTES_MAX) {
    throw cursor.wrong(`expected at most ${BYTES_MAX} bytes of TCP options, got ${bytes}`, place);
  }
  return options;
}

/** Bytes of an option in a header. */
export function optionBytes(option: TcpOption): number {
  switch (option.kind) {
    case 'nop':
    case 'eol':
      return 1;
    case 'mss':
      return 4;
    case 'wscale':
      return 3;
    case 'sackOK':
      return 2;
    case 'TS':
      return 10;
    case 'sack':
      return 2 + option.blocks.length * 8;
  }
}

function parseTcpOption(cursor: Cursor, inbound: boolean): TcpOption {
  const { token } = cursor;
  if (token.kind !== 'word') throw cursor.expected(KNOWN);
  const beyond = Object.hasOwn(BEYOND, token.text) ? BEYOND[token.text] : undefined;
  if (beyond !== undefined) throw cursor.beyond(beyond);
  if (/^(mp_capable|mp_join|dss|add_addr|mptcp)/.test(token.text)) throw cursor.beyond('Multipath TCP');
  cursor.take();
  switch (token.text) {
    case 'nop':
    case 'eol':
    case 'sackOK':
      return { kind: token.text };
    case 'mss':
      return { kind: 'mss', value: cursor.expectInteger('an MSS', 0, 0xffff) };
    case 'wscale':
      return { kind: 'wscale', value: cursor.expectInteger('a window shift', 0, 0xff) };
    case 'sack':
      return { kind: 'sack', blocks: parseBlocks(cursor) };
    case 'TS':
      return parseTimestamps(cursor, inbound);
    default:
      throw cursor.expected(KNOWN, token);
  }
}

function parseTimestamps(cursor: Cursor, inbound: boolean): TcpOption {
  if (!cursor.takeWord('val')) throw cursor.expected('val');
  const val = parseTimestamp(cursor, inbound);
  if (!cursor.takeWord('ecr')) throw cursor.expected('ecr');
  const ecr = parseTimestamp(cursor, inbound);
  if (val !== undefined && ecr !== undefined) return { kind: 'TS', val, ecr };
  const any = { val: val === undefined, ecr: ecr === undefined };
  return { kind: 'TS', val: val ?? 0, ecr: ecr ?? 0, any };
}

/** A number, or `...` of a packet of ours: any. */
function parseTimestamp(cursor: Cursor, inbound: boolean): number | undefined {
  if (!inbound && cursor.takeSign('...')) return undefined;
  return cursor.expectInteger('a timestamp', 0, WORD_MAX);
}

/** `1001:2001 3001:4001`. */
function parseBlocks(cursor: Cursor): (readonly [number, number])[] {
  const blocks: (readonly [number, number])[] = [];
  do {
    const left = cursor.expectInteger('a sequence number', 0, WORD_MAX);
    cursor.expectSign(':');
    blocks.push([left, cursor.expectInteger('a sequence number', 0, WORD_MAX)]);
  } while (cursor.token.kind === 'integer');
  return blocks;
}
