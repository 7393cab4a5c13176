/** Which payloads the echo module refuses, by a transaction error, and that nothing of those has moved. */
import { beforeEach, expect, it } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import { SGL_BUCKET, SGL_IMMEDIATE, SGL_LAST, SGL_SIMPLE_OUT, SGL_TRANSMIT } from '../../src/i2o/list/sgl.ts';
import { DEVICE_TID } from '../../src/i2o/tids.ts';
import { COUNT_ONLY, ECHO, TAKE } from '../../src/iop/echo/echo-module.ts';
import { type EchoParts, echoParts } from './echo.ts';
import { Bed } from './messages.ts';

let echo: EchoParts;
let bed: Bed;
beforeEach(() => {
  const module = (outbound: Parameters<typeof echoParts>[0]): EchoParts['module'] => {
    echo = echoParts(outbound);
    return echo.module;
  };
  bed = new Bed({}, { module }).operational();
});

const send = (code: number, ...payload: number[]): Int32Array[] =>
  bed.send(exec.PRIVATE_ECHO, [code, 7, ...payload], DEVICE_TID);

const element = (flags: number, length: number, address: number): number[] => [
  (flags << 24) | length,
  0,
  address,
];
const buffer = (length: number, i = 0, flags = 0): number[] =>
  element(SGL_TRANSMIT | flags, length, echo.memory.transmit.offset + 128 * i);
const bucket = (length: number, i = 0, flags = 0): number[] =>
  element(SGL_BUCKET | flags, length, echo.memory.receive.offset + 64 * i);

it('moves each buffer of an echo into the bucket beside it, and answers once', () => {
  const { region, memory } = echo;
  region.bytes.fill(1, memory.transmit.offset, memory.transmit.offset + 64);
  region.bytes.fill(2, memory.transmit.offset + 128, memory.transmit.offset + 128 + 5);
  const replies = send(ECHO, ...buffer(64, 0), ...bucket(64, 2), ...buffer(5, 1), ...bucket(64, 0, SGL_LAST));
  expect(replies.map((reply) => [reply[3], reply[4], reply[5]])).toEqual([[77, 0, 7]]);
  const at = (i: number, byte: number): number => region.bytes[memory.receive.offset + 64 * i + byte];
  expect([at(2, 0), at(2, 63), at(0, 0), at(0, 4), at(0, 5)]).toEqual([1, 1, 2, 2, 0]);
});

it('answers what is taken without a payload, and not what is only counted', () => {
  expect(send(TAKE, ...buffer(128, 3, SGL_LAST)).map((reply) => reply[0] >>> 16)).toEqual([6]);
  expect(send(COUNT_ONLY, ...buffer(128, 3, SGL_LAST))).toEqual([]);
});

const nowhere = 64;
it.each<[string, () => number[], number]>([
  ['a buffer that is none', () => element(SGL_TRANSMIT | SGL_LAST, 8, nowhere), TAKE],
  [
    'an address within a buffer',
    () => element(SGL_TRANSMIT | SGL_LAST, 8, echo.memory.transmit.offset + 4),
    TAKE,
  ],
  ['more than a buffer has', () => buffer(129, 0, SGL_LAST), TAKE],
  ['no bytes of a buffer', () => buffer(0, 0, SGL_LAST), TAKE],
  ['an element of another kind', () => element(SGL_SIMPLE_OUT | SGL_LAST, 8, 4096), TAKE],
  ['buffers without a last', () => [...buffer(8), ...buffer(8, 1)], TAKE],
  ['an echo without a bucket', () => buffer(8, 0, SGL_LAST), ECHO],
  ['a buffer where a bucket belongs', () => [...buffer(8), ...buffer(8, 1, SGL_LAST)], ECHO],
  ['a bucket that is none', () => [...buffer(8), ...element(SGL_BUCKET | SGL_LAST, 64, nowhere)], ECHO],
  ['a bucket of another size', () => [...buffer(8), ...bucket(128, 0, SGL_LAST)], ECHO],
  ['more than a bucket holds', () => [...buffer(65), ...bucket(64, 0, SGL_LAST)], ECHO],
  ['an element that ends beyond the message', () => buffer(8, 0, SGL_LAST).slice(0, 2), TAKE],
  ['immediate data beyond the message', () => [((SGL_IMMEDIATE | SGL_LAST) << 24) | 5, 0, 1], ECHO],
  ['immediate data that is not the last', () => [(SGL_IMMEDIATE << 24) | 4, 0, 1], ECHO],
])('refuses %s', (_, payload, code) => {
  const before = echo.region.bytes.slice();
  const [reply, ...more] = send(code, ...payload());
  expect(more).toEqual([]);
  expect(reply[4] >>> 24).toBe(exec.REQUEST_STATUS_TRANSACTION_ERROR);
  expect([reply[4] & 0xffff, reply[5]]).toEqual([exec.DETAILED_STATUS_INVALID_OFFSET, 24]);
  expect(Buffer.compare(echo.region.bytes, before)).toBe(0);
});
