/** TCP options as bytes, and back (RFC 9293 §3.2, RFC 7323, RFC 2018). */
import {
  OPTION_END,
  OPTION_MSS,
  OPTION_NOP,
  OPTION_SACK,
  OPTION_SACK_PERMITTED,
  OPTION_TIMESTAMPS,
  OPTION_WINDOW_SCALE,
} from '../../tcpip/header/tcp.ts';
import type { TcpOption } from '../script/ast.ts';

/** An option that a script has no name for. */
export interface UnknownOption {
  readonly kind: 'unknown';
  readonly number: number;
}

export type DecodedOption = TcpOption | UnknownOption;

/** @returns their bytes, behind them zeros up to a whole word (RFC 9293 MUST-69). */
export function encodeOptions(options: readonly TcpOption[]): Uint8Array {
  const bytes = options.flatMap(bytesOf);
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  return padded;
}

function bytesOf(option: TcpOption): number[] {
  switch (option.kind) {
    case 'nop':
      return [OPTION_NOP];
    case 'eol':
      return [OPTION_END];
    case 'mss':
      return [OPTION_MSS, 4, option.value >> 8, option.value & 0xff];
    case 'wscale':
      return [OPTION_WINDOW_SCALE, 3, option.value];
    case 'sackOK':
      return [OPTION_SACK_PERMITTED, 2];
    case 'TS':
      return [OPTION_TIMESTAMPS, 10, ...word(option.val), ...word(option.ecr)];
    case 'sack':
      return [
        OPTION_SACK,
        2 + option.blocks.length * 8,
        ...option.blocks.flatMap(([left, right]) => [...word(left), ...word(right)]),
      ];
  }
}

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** Reads what there is; an option whose length is wrong ends the list as an unknown one. */
export function decodeOptions(bytes: Uint8Array): DecodedOption[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const options: DecodedOption[] = [];
  for (let at = 0; at < bytes.length; ) {
    const number = bytes[at];
    if (number === OPTION_END || number === OPTION_NOP) {
      options.push({ kind: number === OPTION_END ? 'eol' : 'nop' });
      at += 1;
      continue;
    }
    const length = at + 1 < bytes.length ? bytes[at + 1] : 0;
    if (length < 2 || at + length > bytes.length) return [...options, { kind: 'unknown', number }];
    options.push(decodeOption(view, at, number, length));
    at += length;
  }
  return options;
}

function decodeOption(view: DataView, at: number, number: number, length: number): DecodedOption {
  if (number === OPTION_MSS && length === 4) return { kind: 'mss', value: view.getUint16(at + 2) };
  if (number === OPTION_WINDOW_SCALE && length === 3) return { kind: 'wscale', value: view.getUint8(at + 2) };
  if (number === OPTION_SACK_PERMITTED && length === 2) return { kind: 'sackOK' };
  if (number === OPTION_TIMESTAMPS && length === 10) {
    return { kind: 'TS', val: view.getUint32(at + 2), ecr: view.getUint32(at + 6) };
  }
  if (number === OPTION_SACK && length % 8 === 2) {
    const blocks = Array.from({ length: (length - 2) / 8 }, (_, i): [number, number] => [
      view.getUint32(at + 2 + i * 8),
      view.getUint32(at + 6 + i * 8),
    ]);
    return { kind: 'sack', blocks };
  }
  return { kind: 'unknown', number };
}
