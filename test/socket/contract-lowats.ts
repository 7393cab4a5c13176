/** SO_RCVLOWAT and TCP_NOTSENT_LOWAT, by the kernel's answers. */
import { describe, expect, it } from 'vitest';
import { READABLE, WRITABLE } from '../../src/socket/contract.ts';
import * as errno from '../../src/socket/errno.ts';
import { SO_RCVLOWAT, SO_SNDBUF, TCP_NOTSENT_LOWAT } from '../../src/socket/options.ts';
import type { Bed, Pair } from './bed.ts';

const LOW_BYTES = 8192;
/** What may wait beyond the limit: as much as a stack queues in one piece. */
const PIECE_BYTES = 65_536;
const WHOLE_BYTES = 1_000_000;

const byteAt = (place: number): number => (place * 7 + (place >> 8)) & 0xff;

function has({ stack }: Bed, socket: number, bit: number): boolean {
  return (stack.readiness(socket) & bit) !== 0;
}

function arrived({ stack }: Bed, socket: number): number {
  const info = stack.tcpInfo(socket);
  return typeof info === 'number' ? 0 : info.bytes_received;
}

/** Sends until no more is taken. */
function fill({ stack }: Bed, socket: number): void {
  const bytes = new Uint8Array(PIECE_BYTES);
  for (let idle = 0; idle < 20; ) {
    if (stack.send(socket, bytes, 0, bytes.length) <= 0) idle += 1;
    stack.wait(1);
  }
}

/** A connection whose client may have LOW_BYTES that are not sent. */
function limited(bed: Bed): Pair {
  const pair = bed.pair();
  expect(bed.stack.setOption(pair.client, SO_SNDBUF, 1 << 20)).toBe(0);
  expect(bed.stack.setOption(pair.client, TCP_NOTSENT_LOWAT, LOW_BYTES)).toBe(0);
  expect(bed.stack.getOption(pair.client, TCP_NOTSENT_LOWAT)).toBe(LOW_BYTES);
  return pair;
}

export function lowatTests(bed: () => Bed): void {
  describe('SO_RCVLOWAT', () => receiveTests(bed));
  describe('TCP_NOTSENT_LOWAT', () => sendTests(bed));
}

function receiveTests(bed: () => Bed): void {
  it('is 1 at first, and 0 is 1', () => {
    const { stack } = bed();
    const socket = bed().socket();
    expect(stack.getOption(socket, SO_RCVLOWAT)).toBe(1);
    for (const [set, got] of [
      [100, 100],
      [0, 1],
    ]) {
      expect(stack.setOption(socket, SO_RCVLOWAT, set)).toBe(0);
      expect(stack.getOption(socket, SO_RCVLOWAT)).toBe(got);
    }
  });

  it('makes a socket readable by as many bytes, and keeps none from who asks', () => {
    const { client, server } = bed().pair();
    expect(bed().stack.setOption(server, SO_RCVLOWAT, 10)).toBe(0);
    bed().send(client, 'eight by');
    bed().until(() => arrived(bed(), server) >= 8, 'eight bytes');
    for (let i = 0; i < 5; i++) bed().stack.wait(1);
    expect(has(bed(), server, READABLE)).toBe(false);
    bed().send(client, 'te');
    bed().untilReady(server, READABLE);
    expect(bed().receive(server, 4)).toBe('eigh');
    expect(has(bed(), server, READABLE)).toBe(false);
    expect(bed().receive(server)).toBe('t byte');
  });

  it('of more than the window holds does not wait for ever, nor for what comes no more', () => {
    const { client, server } = bed().pair();
    expect(bed().stack.setOption(server, SO_RCVLOWAT, -1)).toBe(0);
    fill(bed(), client);
    bed().untilReady(server, READABLE);
    const other = bed().pair();
    expect(bed().stack.setOption(other.server, SO_RCVLOWAT, 1000)).toBe(0);
    bed().send(other.client, 'short');
    bed().close(other.client);
    bed().untilReady(other.server, READABLE);
    expect(bed().receive(other.server)).toBe('short');
  });

  it('is inherited by connections that are accepted', () => {
    const listener = bed().listen();
    expect(bed().stack.setOption(listener.socket, SO_RCVLOWAT, 77)).toBe(0);
    expect(bed().stack.setOption(listener.socket, TCP_NOTSENT_LOWAT, 999)).toBe(0);
    bed().connect(listener.port);
    const server = bed().accept(listener.socket);
    expect(bed().stack.getOption(server, SO_RCVLOWAT)).toBe(77);
    expect(bed().stack.getOption(server, TCP_NOTSENT_LOWAT)).toBe(999);
  });
}

function sendTests(bed: () => Bed): void {
  it('lets no more wait to be sent, and has the socket writable once half of it is gone', () => {
    const { client, server } = limited(bed());
    fill(bed(), client);
    const info = bed().stack.tcpInfo(client);
    if (typeof info === 'number') throw new Error(errno.errnoName(info));
    expect(info.notsent_bytes).toBeGreaterThan(0);
    expect(info.notsent_bytes).toBeLessThan(LOW_BYTES + PIECE_BYTES);
    expect(has(bed(), client, WRITABLE)).toBe(false);
    expect(bed().sendOne(client)).toBe(-errno.EAGAIN);
    const room = new Uint8Array(PIECE_BYTES);
    bed().until(() => {
      bed().stack.recv(server, room, 0, room.length);
      return has(bed(), client, WRITABLE);
    }, 'room to send');
    expect(bed().sendOne(client)).toBe(1);
  });

  it('loses and doubles no byte', () => {
    const { client, server } = limited(bed());
    const { stack } = bed();
    const bytes = Uint8Array.from({ length: WHOLE_BYTES }, (_, i) => byteAt(i));
    const room = new Uint8Array(PIECE_BYTES);
    let [sent, read, wrong] = [0, 0, 0];
    bed().until(() => {
      if (sent < WHOLE_BYTES && has(bed(), client, WRITABLE))
        sent += Math.max(0, stack.send(client, bytes, sent, Math.min(20_000, WHOLE_BYTES - sent)));
      const got = stack.recv(server, room, 0, room.length);
      for (let i = 0; i < got; i++) if (room[i] !== byteAt(read + i)) wrong += 1;
      read += Math.max(0, got);
      if (got === -errno.EAGAIN) stack.wait(1);
      else if (read < WHOLE_BYTES) stack.poll();
      return read === WHOLE_BYTES;
    }, 'the last byte');
    expect(wrong).toBe(0);
  });
}
