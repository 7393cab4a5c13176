/** Urgent data, by the kernel's answers: MSG_OOB, SO_OOBINLINE, SIOCATMARK and EPOLLPRI. */
import { describe, expect, it } from 'vitest';
import { PRIORITY, READABLE, SOCK_DGRAM } from '../../src/socket/contract.ts';
import * as errno from '../../src/socket/errno.ts';
import { MSG_OOB, MSG_PEEK, MSG_TRUNC } from '../../src/socket/message-flags.ts';
import { SO_OOBINLINE, SO_RCVLOWAT } from '../../src/socket/options.ts';
import type { Bed, Pair } from './bed.ts';

const text = (bytes: Uint8Array, length: number): string =>
  new TextDecoder().decode(bytes.subarray(0, Math.max(0, length)));

export function urgentTests(bed: () => Bed): void {
  describe('urgent data', () => {
    apartTests(bed);
    otherTests(bed);
    inlineTests(bed);
    markTests(bed);
  });
}

/** Sends bytes whose last is urgent, and waits until all of them have come. */
function urgent(bed: Bed, { client, server }: Pair, bytes: string): void {
  const { stack } = bed;
  const before = received(bed, server);
  const data = new TextEncoder().encode(bytes);
  expect(stack.send(client, data, 0, data.length, MSG_OOB)).toBe(data.length);
  bed.until(() => received(bed, server) >= before + data.length, `${bytes} has come`);
}

/** Sends bytes, and waits until all of them have come. */
function plain(bed: Bed, { client, server }: Pair, bytes: string): void {
  const before = received(bed, server);
  bed.send(client, bytes);
  bed.until(() => received(bed, server) >= before + bytes.length, `${bytes} has come`);
}

function received({ stack }: Bed, socket: number): number {
  stack.poll();
  const info = stack.tcpInfo(socket);
  return typeof info === 'number' ? 0 : info.bytes_received;
}

/** What a receive answers: its bytes, or an errno's name. */
function got({ stack }: Bed, socket: number, length: number, flags = 0): string {
  stack.poll();
  const bytes = new Uint8Array(length);
  const answer = stack.recv(socket, bytes, 0, length, flags);
  return answer < 0 ? errno.errnoName(answer) : text(bytes, answer);
}

const isReady = ({ stack }: Bed, socket: number, bit: number): boolean =>
  (stack.readiness(socket) & bit) !== 0;

function apartTests(bed: () => Bed): void {
  it('is one byte that recv leaves out, and MSG_OOB receives once', () => {
    const pair = bed().pair();
    expect(got(bed(), pair.server, 9, MSG_OOB)).toBe('EINVAL');
    urgent(bed(), pair, 'abcU');
    plain(bed(), pair, 'xyz');
    bed().untilReady(pair.server, PRIORITY);
    expect(got(bed(), pair.server, 9, MSG_OOB | MSG_PEEK)).toBe('U');
    expect(got(bed(), pair.server, 9, MSG_OOB)).toBe('U');
    expect(isReady(bed(), pair.server, PRIORITY)).toBe(false);
    expect(got(bed(), pair.server, 9, MSG_OOB)).toBe('EINVAL');
    expect(got(bed(), pair.server, 9)).toBe('abc');
    expect(got(bed(), pair.server, 9)).toBe('xyz');
    expect(got(bed(), pair.server, 9)).toBe('EAGAIN');
  });

  it('is lost to who reads past it', () => {
    const pair = bed().pair();
    urgent(bed(), pair, 'abU');
    plain(bed(), pair, 'cd');
    bed().untilReady(pair.server, PRIORITY);
    expect(got(bed(), pair.server, 1)).toBe('a');
    expect(got(bed(), pair.server, 9)).toBe('b');
    expect(isReady(bed(), pair.server, PRIORITY)).toBe(true);
    expect(got(bed(), pair.server, 1)).toBe('c');
    expect(isReady(bed(), pair.server, PRIORITY)).toBe(false);
    expect(got(bed(), pair.server, 9, MSG_OOB)).toBe('EINVAL');
    expect(got(bed(), pair.server, 9)).toBe('d');
  });

  it('alone makes nothing readable, and counts for nobody who waits for more', () => {
    const pair = bed().pair();
    urgent(bed(), pair, 'U');
    bed().untilReady(pair.server, PRIORITY);
    expect(isReady(bed(), pair.server, READABLE)).toBe(false);
    expect(got(bed(), pair.server, 9)).toBe('EAGAIN');
    plain(bed(), pair, 'abc');
    bed().untilReady(pair.server, READABLE);
    expect(bed().stack.setOption(pair.server, SO_RCVLOWAT, 4)).toBe(0);
    expect(got(bed(), pair.server, 2, MSG_PEEK)).toBe('ab');
    expect(got(bed(), pair.server, 9, MSG_PEEK)).toBe('abc');
    expect(got(bed(), pair.server, 9)).toBe('abc');
  });
}

function otherTests(bed: () => Bed): void {
  it('that comes again takes the earlier one back into the stream, but for one that is read next', () => {
    const pair = bed().pair();
    urgent(bed(), pair, 'aU');
    urgent(bed(), pair, 'bV');
    bed().untilReady(pair.server, PRIORITY);
    bed().until(() => got(bed(), pair.server, 9, MSG_OOB | MSG_PEEK) === 'V', 'V is urgent');
    expect(got(bed(), pair.server, 9)).toBe('aUb');
    expect(got(bed(), pair.server, 9, MSG_OOB)).toBe('V');
    plain(bed(), pair, 'c');
    urgent(bed(), pair, 'W');
    expect(got(bed(), pair.server, 9)).toBe('c');
    expect(bed().stack.atMark(pair.server)).toBe(1);
    urgent(bed(), pair, 'dX');
    bed().until(() => got(bed(), pair.server, 9, MSG_OOB | MSG_PEEK) === 'X', 'X is urgent');
    expect(got(bed(), pair.server, 9)).toBe('d');
  });

  it('is received although there is no room for it, cut or not', () => {
    const pair = bed().pair();
    urgent(bed(), pair, 'aU');
    bed().untilReady(pair.server, PRIORITY);
    expect(bed().stack.recv(pair.server, new Uint8Array(1), 0, 0, MSG_OOB | MSG_PEEK)).toBe(0);
    expect(bed().stack.recv(pair.server, new Uint8Array(1).fill(9), 0, 1, MSG_OOB | MSG_TRUNC)).toBe(1);
    expect(got(bed(), pair.server, 9, MSG_OOB)).toBe('EINVAL');
    expect(got(bed(), pair.server, 9, MSG_TRUNC)).toBe('\0');
  });

  it('is told before an end of the stream', () => {
    const pair = bed().pair();
    urgent(bed(), pair, 'abU');
    bed().close(pair.client);
    bed().untilReady(pair.server, PRIORITY);
    expect(got(bed(), pair.server, 9)).toBe('ab');
    expect(got(bed(), pair.server, 9, MSG_OOB)).toBe('U');
    bed().until(() => got(bed(), pair.server, 9) === '', 'the end');
    expect(got(bed(), pair.server, 9, MSG_OOB)).toBe('EINVAL');
  });
}

function inlineTests(bed: () => Bed): void {
  it('stays in the stream with SO_OOBINLINE, whose receives end before it', () => {
    const pair = bed().pair();
    const { stack } = bed();
    expect(stack.getOption(pair.server, SO_OOBINLINE)).toBe(0);
    expect(stack.setOption(pair.server, SO_OOBINLINE, 7)).toBe(0);
    expect(stack.getOption(pair.server, SO_OOBINLINE)).toBe(1);
    urgent(bed(), pair, 'abU');
    plain(bed(), pair, 'cd');
    bed().untilReady(pair.server, PRIORITY);
    expect(got(bed(), pair.server, 9, MSG_OOB)).toBe('EINVAL');
    expect(got(bed(), pair.server, 9)).toBe('ab');
    expect(isReady(bed(), pair.server, READABLE)).toBe(true);
    expect(got(bed(), pair.server, 9)).toBe('Ucd');
    expect(isReady(bed(), pair.server, PRIORITY)).toBe(false);
  });

  it('is inherited by connections that are accepted', () => {
    const listener = bed().listen();
    expect(bed().stack.setOption(listener.socket, SO_OOBINLINE, 1)).toBe(0);
    bed().connect(listener.port);
    expect(bed().stack.getOption(bed().accept(listener.socket), SO_OOBINLINE)).toBe(1);
  });

  it('may come before its connection is accepted', () => {
    const listener = bed().listen();
    const client = bed().connect(listener.port);
    const data = new TextEncoder().encode('abU');
    bed().until(() => bed().stack.send(client, data, 0, 3, MSG_OOB) === 3, 'a send');
    for (let i = 0; i < 5; i++) bed().stack.wait(2);
    const server = bed().accept(listener.socket);
    bed().untilReady(server, PRIORITY | READABLE);
    expect(got(bed(), server, 9)).toBe('ab');
    expect(got(bed(), server, 9, MSG_OOB)).toBe('U');
  });
}

function markTests(bed: () => Bed): void {
  it('is where SIOCATMARK says that it is', () => {
    const pair = bed().pair();
    const { stack } = bed();
    expect(stack.atMark(pair.server)).toBe(0);
    urgent(bed(), pair, 'aU');
    plain(bed(), pair, 'b');
    bed().untilReady(pair.server, PRIORITY);
    expect(stack.atMark(pair.server)).toBe(0);
    expect(got(bed(), pair.server, 9)).toBe('a');
    expect(stack.atMark(pair.server)).toBe(1);
    expect(got(bed(), pair.server, 9, MSG_OOB)).toBe('U');
    expect(stack.atMark(pair.server)).toBe(1);
    expect(got(bed(), pair.server, 9)).toBe('b');
    expect(stack.atMark(pair.server)).toBe(0);
  });

  it('there is none of datagrams, nor of what is no socket', () => {
    const { stack } = bed();
    const datagram = bed().socket(SOCK_DGRAM);
    expect(stack.atMark(datagram)).toBe(-errno.ENOTTY);
    expect(stack.atMark(-1)).toBe(-errno.EBADF);
    expect(stack.sendTo(datagram, new Uint8Array(1), 0, 1, 0x7f000001, 9, MSG_OOB)).toBe(-errno.EOPNOTSUPP);
    expect(stack.recv(bed().listen().socket, new Uint8Array(1), 0, 1, MSG_OOB)).toBe(-errno.ENOTCONN);
    expect(stack.recv(bed().socket(), new Uint8Array(1), 0, 1, MSG_OOB)).toBe(-errno.EINVAL);
  });
}
