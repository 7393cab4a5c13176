/**
 * What a send becomes: a frame of its own or one shared, with which reply mode, as immediate data or in
 * buffers.
 */
import { describe, expect, it } from 'vitest';
import { FLAG_LAST, FLAG_MULTIPLE, frameFlags, frameSizeWords } from '../../src/i2o/frame.ts';
import { SGL_IMMEDIATE, SGL_LAST, SGL_SHORT_TRANSACTION, SGL_TRANSMIT } from '../../src/i2o/list/sgl.ts';
import {
  getSocketSendReplyMode,
  REPLY_MODE_BATCH,
  REPLY_MODE_IMMEDIATE,
  REPLY_MODE_NEVER,
  REPLY_MODE_ON_ERROR,
  SOCKET_CLOSE,
  SOCKET_SEND,
  SOCKET_SEND_TO,
  SOCKET_SHUTDOWN,
} from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID } from '../../src/i2o/tids.ts';
import type { DriverConfig } from '../../src/osm/memory/driver-config.ts';
import { SENDS_PER_FRAME } from '../../src/osm/message/send-batch.ts';
import { SHUT_WR, SOCK_DGRAM } from '../../src/socket/contract.ts';
import { EAGAIN, EMSGSIZE } from '../../src/socket/errno.ts';
import { POOLS, ScriptedCard } from './scripted-card.ts';

const BYTES = new Uint8Array(20_000).map((_, i) => i);

describe('batched sends', () => {
  function batching(driver: Partial<DriverConfig> = {}): ScriptedCard {
    return new ScriptedCard({ batchSends: true, ...driver });
  }

  it('of several sockets share one frame at the next look', () => {
    const card = batching();
    const sockets = [card.connect(), card.connect(), card.connect()];
    for (const socket of sockets) expect(card.sockets.send(socket, BYTES, 0, 10 + socket)).toBe(10 + socket);
    expect(card.takenOf(SOCKET_SEND)).toHaveLength(0);
    card.sockets.poll();
    const [request, ...more] = card.takenOf(SOCKET_SEND);
    expect(more).toHaveLength(0);
    expect(frameFlags(request!, 0)).toBe(FLAG_MULTIPLE);
    expect(frameSizeWords(request!, 0)).toBe(6 + 3 * 5);
    sockets.forEach((socket, i) => {
      const at = 6 + i * 5;
      expect(request![at] >>> 24).toBe(SGL_SHORT_TRANSACTION);
      expect(request![at] & 0xffff).toBe(socket);
      expect((request![at] >>> 16) & 0xff).toBe(1);
      expect(request![at + 1] & 0xffff).toBe(socket); // the tag
      expect(request![at + 2] >>> 24).toBe(i === 2 ? SGL_TRANSMIT | SGL_LAST : SGL_TRANSMIT);
      expect(request![at + 2] & 0xffffff).toBe(10 + socket);
    });
    card.contexts(...sockets.map((_, i) => request![6 + i * 5 + 3]));
    expect(card.host.transmit.inUse).toBe(0);
    expect(card.counters['outboundRefused']).toBe(0);
  });

  it('go at once when they fill a frame', () => {
    const card = batching();
    const socket = card.connect();
    for (let i = 0; i < SENDS_PER_FRAME; i++) card.sockets.send(socket, BYTES, 0, 5);
    expect(card.takenOf(SOCKET_SEND)).toHaveLength(1);
  });

  it('keep a socket’s order: a long send, a shutdown or a close comes after them', () => {
    const card = batching();
    const { sockets } = card;
    const socket = card.connect();
    const functions = (): number[] =>
      card
        .take()
        .splice(0)
        .map((request) => request[1] >>> 24);
    sockets.send(socket, BYTES, 0, 5);
    sockets.send(socket, BYTES, 0, 5000);
    expect(functions()).toEqual([SOCKET_SEND, SOCKET_SEND]);
    sockets.send(socket, BYTES, 0, 5);
    sockets.shutdown(socket, SHUT_WR);
    expect(functions()).toEqual([SOCKET_SEND, SOCKET_SHUTDOWN]);
    const other = card.connect();
    sockets.send(other, BYTES, 0, 5);
    sockets.close(other);
    expect(functions()).toEqual([SOCKET_SEND, SOCKET_CLOSE]);
  });

  it('that find no frame wait, and then are refused rather than lost', () => {
    const card = batching();
    const socket = card.connect();
    const { requests, driver } = card.host;
    // The card takes these only later.
    while (requests.framesFree > 0) requests.shutdown(requests.acquire(), 7, 1);
    let taken = 0;
    while (card.sockets.send(socket, BYTES, 0, 5) === 5) taken += 1;
    expect(taken).toBe(SENDS_PER_FRAME);
    expect(card.sockets.send(socket, BYTES, 0, 5)).toBe(-EAGAIN);
    card.take();
    driver.poll();
    expect(card.takenOf(SOCKET_SEND)).toHaveLength(1);
  });

  it('have outcomes of their own, each with the tag of its socket', () => {
    const card = batching();
    const socket = card.connect();
    card.sockets.send(socket, BYTES, 0, 5);
    card.sockets.poll();
    const [request] = card.takenOf(SOCKET_SEND);
    const tag = request![7];
    const multiple = FLAG_LAST | FLAG_MULTIPLE;
    card.reply((w, f) => {
      w[f] = 1 | ((0x80 | multiple) << 8) | (9 << 16);
      w[f + 1] = request![1];
      w[f + 2] = request![2];
      w[f + 3] = 0x80000102 | 0;
      w[f + 5] = tag;
      w[f + 6] = (5 << 24) | 32;
      w[f + 7] = 0x7777; // no such socket
      w[f + 8] = 0;
    });
    card.sockets.poll();
    expect(card.counters['outboundRefused']).toBe(1);
    expect(card.counters['lateReplies']).toBe(0);
  });
});

describe('an offered buffer', () => {
  it('counts as its socket’s, so that who only collects them leaves the reserve to others', () => {
    const card = new ScriptedCard({ transmitReserve: 4 });
    const { sender } = card.sockets;
    const collector = card.connect();
    const other = card.connect();
    const collected: number[] = [];
    for (let at = sender.allocate(collector); at >= 0; at = sender.allocate(collector)) collected.push(at);
    expect(collected.length).toBeGreaterThan(4);
    expect(card.host.transmit.available).toBeGreaterThanOrEqual(4);
    const context = sender.allocate(other);
    expect(context).toBeGreaterThanOrEqual(0);
    expect(sender.sendAllocated(other, context, 5)).toBe(5);
    for (const at of collected) expect(sender.releaseAllocated(at)).toBe(0);
    expect(card.sockets['table'].sockets[collector].offeredBuffers).toBe(0);
    expect(card.sockets['table'].sockets[other].offeredBuffers).toBe(0);
  });
});

describe('reply modes', () => {
  it.each([
    ['batch', REPLY_MODE_BATCH],
    ['immediate', REPLY_MODE_IMMEDIATE],
    ['onError', REPLY_MODE_ON_ERROR],
    ['never', REPLY_MODE_NEVER],
  ] as const)('%s is asked of every send', (replyMode, number) => {
    const card = new ScriptedCard({ replyMode });
    card.sockets.send(card.connect(), BYTES, 0, 5);
    const datagrams = card.sockets.socket(SOCK_DGRAM);
    card.sockets.sendTo(datagrams, BYTES, 0, 5, 1, 9);
    for (const code of [SOCKET_SEND, SOCKET_SEND_TO]) {
      expect(getSocketSendReplyMode(card.takenOf(code)[0], 0)).toBe(number);
    }
  });

  it('are chosen by need unless told: company, or at once when the pool runs low', () => {
    const card = new ScriptedCard({ transmitLowWatermark: 4, immediateBytesMax: 0 });
    const socket = card.connect();
    const datagrams = card.sockets.socket(SOCK_DGRAM);
    const mode = (code: number): number => getSocketSendReplyMode(card.takenOf(code)[0], 0);
    card.sockets.send(socket, BYTES, 0, 5);
    expect(mode(SOCKET_SEND)).toBe(REPLY_MODE_BATCH);
    card.sockets.sendTo(datagrams, BYTES, 0, 5, 1, 9);
    expect(mode(SOCKET_SEND_TO)).toBe(REPLY_MODE_ON_ERROR);
    while (card.host.transmit.available > 4) card.sockets.send(socket, BYTES, 0, 5);
    card.take().length = 0;
    card.sockets.sendTo(datagrams, BYTES, 0, 5, 1, 9);
    expect(mode(SOCKET_SEND_TO)).toBe(REPLY_MODE_IMMEDIATE);
  });
});

describe('a datagram', () => {
  it('travels in its frame up to 92 bytes, then in buffers, whole or not at all', () => {
    const card = new ScriptedCard();
    const socket = card.sockets.socket(SOCK_DGRAM);
    for (const [length, words, flags] of [
      [0, 9, SGL_IMMEDIATE | SGL_LAST],
      [1, 10, SGL_IMMEDIATE | SGL_LAST],
      [92, 32, SGL_IMMEDIATE | SGL_LAST],
      [93, 10, SGL_TRANSMIT | SGL_LAST],
      [2048, 10, SGL_TRANSMIT | SGL_LAST],
      [2049, 13, SGL_TRANSMIT],
    ] as const) {
      expect(card.sockets.sendTo(socket, BYTES, 0, length, 0x0a000002, 9)).toBe(length);
      const [request] = card.takenOf(SOCKET_SEND_TO);
      expect(frameSizeWords(request!, 0)).toBe(words);
      expect(request![7] >>> 24).toBe(flags);
      expect([request![5], request![6]]).toEqual([0x0a000002, 9]);
    }
    expect(card.sockets.sendTo(socket, BYTES, 0, 8 * 2048 + 1, 1, 9)).toBe(-EMSGSIZE);
    const { available } = card.host.transmit;
    expect(available).toBe(POOLS.transmitBuffers - 4);
    expect(card.sockets.sendTo(socket, BYTES, 0, 8 * 2048, 1, 9)).toBe(8 * 2048);
    expect(card.sockets.sendTo(socket, BYTES, 0, 8 * 2048, 1, 9)).toBe(-EAGAIN);
    expect(card.host.transmit.available).toBe(available - 8);
  });

  it('of no bytes takes no buffer and no slot', () => {
    const card = new ScriptedCard();
    const socket = card.sockets.socket(SOCK_DGRAM);
    expect(card.sockets.sendTo(socket, BYTES, 0, 0, 1, 9)).toBe(0);
    expect(card.host.transmit.inUse).toBe(0);
    expect(card.counters['datagramsSent']).toBe(1);
  });

  it('waits in the call for its buffers where that is the policy', () => {
    const card = new ScriptedCard({ transmitDryPolicy: 'block', immediateBytesMax: 0 });
    const socket = card.sockets.socket(SOCK_DGRAM);
    for (let i = 0; i < 2; i++) card.sockets.sendTo(socket, BYTES, 0, 8 * 2048, 1, 9);
    expect(card.host.transmit.available).toBe(0);
    const { clock } = card;
    const started = clock.nowNs;
    card.host.driver.poll();
    setContextsWhenAsleep(card);
    expect(card.sockets.sendTo(socket, BYTES, 0, 100, 1, 9)).toBe(100);
    expect(clock.nowNs).toBeGreaterThan(started);
  });
});

/** The first request taken from now on brings the context 3 home. */
function setContextsWhenAsleep(card: ScriptedCard): void {
  const { clock } = card;
  const set = clock.set.bind(clock);
  clock.set = (ns) => {
    set(ns);
    clock.set = set;
    card.reply((w, f) => {
      w[f] = 1 | (0xd0 << 8) | (6 << 16);
      w[f + 1] = DEVICE_TID | (1 << 12) | (SOCKET_SEND << 24);
      w[f + 2] = 4;
      w[f + 3] = 0x80000001 | 0;
      w[f + 5] = 3;
    });
  };
}
