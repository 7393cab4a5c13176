/**
 * Lists of sends and of bucket posts in every shape, good and hostile: every context is answered once,
 * nothing leaks.
 */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import * as s from '../../src/i2o/socket.gen.ts';
import * as e from '../../src/socket/errno.ts';
import {
  contexts,
  DATAGRAM,
  LOCALHOST,
  outcomes,
  parse,
  type Reply,
  records,
  SocketCard,
  STREAM,
  singles,
} from './card.ts';

let card: SocketCard;
beforeEach(() => {
  card = new SocketCard();
  card.pair(1, 2, 3, 4000);
});

function send(list: readonly number[]): Reply[] {
  return card.ask(s.SOCKET_SEND, [1, 0, ...list], { context: 9, sglWord: 6 });
}

/** Bytes that came to socket 2, in order. */
function received(replies: readonly Reply[]): number[] {
  return records(replies)
    .filter(({ socketId }) => socketId === 2)
    .flatMap(({ bucket, length }) => card.bytes(card.bucketAddress(bucket - 100), length));
}

describe('one transmit buffer', () => {
  it('by several segments, which need not touch, is one piece of the stream and one context', () => {
    card.postBuckets(0, 1);
    const at = card.bufferAddress(5);
    card.fill(at, 4096);
    const replies = send([0x15000010, 5, at, 0x14000010, at + 100, 0xd4000010, at + 50]);
    expect(contexts(replies)).toEqual([5]);
    expect(singles(replies)).toEqual([]);
    expect(received(replies)).toEqual([
      ...card.bytes(at, 16),
      ...card.bytes(at + 100, 16),
      ...card.bytes(at + 50, 16),
    ]);
  });

  it('by a page list, in pages of OutboundInit and of its own', () => {
    card.postBuckets(0, 1);
    const page = (context: number): number => Math.ceil(card.bufferAddress(context) / 4096) * 4096;
    const at = page(5);
    card.fill(at, 0x3000);
    const replies = send([0xe5001400, 5, at + 0xc00, at + 0x1000]);
    expect(contexts(replies)).toEqual([5]);
    expect(received(replies)).toEqual([...card.bytes(at + 0xc00, 0x400), ...card.bytes(at + 0x1000, 0x1000)]);
    const own = send([0x7c010000, 1024, 0xe5000800, 6, page(6), page(6) + 0x2000]);
    expect(contexts(own)).toEqual([6]);
  });

  it('by a chained list, after buffers in the frame', () => {
    card.postBuckets(0, 1, 2, 3);
    const chain = card.bufferAddress(9);
    const [a, b] = [card.bufferAddress(1), card.bufferAddress(2)];
    card.fill(a, 64, 1);
    card.fill(b, 64, 2);
    card.region.words.set([0xd5000010, 2, b], chain >> 2);
    const replies = send([0x55000010, 1, a, 0xb000000c, chain]);
    expect(contexts(replies).sort()).toEqual([1, 2]);
    expect(received(replies)).toEqual([...card.bytes(a, 16), ...card.bytes(b, 16)]);
  });

  it('by its slot of card memory, where the host has written, and nowhere else by a local address', () => {
    card.postBuckets(0, 1);
    const slot = card.transmit.count + 2;
    const at = card.immediate.offset + 2 * card.immediate.bufferBytes;
    card.fill(at, 64);
    const replies = send([0xdd000020, slot, at]);
    expect(contexts(replies)).toEqual([slot]);
    expect(received(replies)).toEqual(card.bytes(at, 32));
    for (const list of [
      [0xdd000020, 1, card.bufferAddress(1)],
      [0xd5000020, slot, at],
      [0xdd000020, slot, at + card.immediate.bufferBytes],
    ]) {
      expect(send(list).map(({ status, code }) => [status, code])).toEqual([[0x0b, 0x11]]);
    }
  });

  it('in more pieces than the stack has references for is refused whole, and whole buffers still go', () => {
    card = new SocketCard({ pools: { transmitBuffers: 16, immediateSlots: 16 } });
    card.create(1, STREAM);
    // A handshake that does not end: what is sent meanwhile stays queued.
    card.ask(s.SOCKET_CONNECT, [1, 0x0a000099, 9]);
    const sent = (list: readonly number[]): number[] => {
      const chain = card.bufferAddress(15);
      card.region.words.set(list, chain >> 2);
      card.put(s.SOCKET_SEND, [1, 0, 0xb0000000 | (list.length * 4), chain], { sglWord: 6 });
      return singles(card.run().map(parse)).map(({ code }) => code);
    };
    const pieces = (context: number): number[] => {
      const at = card.bufferAddress(context);
      const list = [0x15000001, context, at];
      for (let i = 1; i < 60; i++) list.push(0x14000001, at + 2 * i);
      list[list.length - 2] = 0xd4000001 | 0;
      return list;
    };
    expect([0, 1, 2, 3].map((context) => sent(pieces(context)))).toEqual([[], [], [], []]);
    expect([4, 5].map((context) => sent(pieces(context)))).toEqual([[e.ENOBUFS], [e.ENOBUFS]]);
    for (let context = 4; context < 15; context++) {
      card.replies();
      expect(sent([0xd5000010, context, card.bufferAddress(context)])).toEqual([]);
    }
    expect(card.ledger.snapshot()['bytesQueued']).toBe(4 * 60 + 11 * 16);
  });
});

describe('a bad element', () => {
  it('is refused with its place; what came before is sent, what comes after is answered and not sent', () => {
    card.postBuckets(0, 1, 2);
    const list = [
      0x55000008,
      1,
      card.bufferAddress(1),
      0x55000008,
      1,
      card.bufferAddress(1),
      0xd5000008,
      2,
      card.bufferAddress(2),
    ];
    const replies = send(list);
    expect(singles(replies).map(({ status, code, words }) => [status, code, words[5]])).toEqual([
      [0x0b, 0x11, 36],
    ]);
    expect(contexts(replies).sort()).toEqual([1, 2]);
    expect(received(replies).length).toBe(8);
    const { bytesQueued, bytesRefused } = card.ledger.snapshot();
    expect([bytesQueued, bytesRefused]).toEqual([8, 8]);
  });
});

describe('SocketReceivePost', () => {
  const post = (count: number, list: readonly number[]): Reply[] =>
    card.ask(s.SOCKET_RECEIVE_POST, list, { context: count, sglWord: 4 });
  const faults = (replies: readonly Reply[]): number[][] =>
    singles(replies).map(({ status, code }) => [status, code]);

  it('takes buckets by segments and pages that touch, and by a chain', () => {
    const [a, b, c] = [card.bucketAddress(0), card.bucketAddress(1), card.bucketAddress(2)];
    const chain = card.bufferAddress(9);
    card.region.words.set([0xd1004000, 102, c], chain >> 2);
    // The first page is entered in its middle, since buckets are not laid at pages.
    const pages = [b, ...[1, 2, 3, 4].map((n) => (b & ~0xfff) + n * 0x1000)].slice(0, b % 4096 === 0 ? 4 : 5);
    const list = [0x11001000, 100, a, 0x50003000, a + 0x1000, 0x61004000, 101, ...pages, 0xb000000c, chain];
    expect(faults(post(3, list))).toEqual([]);
    const replies = send([0xd5000010, 1, card.bufferAddress(1)]);
    expect(records(replies).map(({ bucket }) => bucket)).toEqual([102]);
    expect(replies.find(({ functionCode }) => functionCode === s.SOCKET_RECEIVE_POST)!.words[5]).toBe(2);
  });

  it('fills no bytes a bit bucket stands for: a datagram is cut there, a stream goes on in the next', () => {
    card.create(5, DATAGRAM);
    card.bind(5, 5000);
    card.create(6, DATAGRAM);
    const at = card.bucketAddress(0);
    expect(faults(post(1, [0x11000040, 100, at, 0xc8003fc0, 100]))).toEqual([]);
    const replies = card.ask(s.SOCKET_SEND_TO, [6, LOCALHOST, 5000, 0xd5000100, 1, card.bufferAddress(1)], {
      sglWord: 7,
    });
    const truncated = s.RECEIVE_FLAG_TRUNCATED | s.RECEIVE_FLAG_DATAGRAM | s.RECEIVE_FLAG_LAST_IN_BUCKET;
    expect(records(replies).map(({ length, flags }) => [length, flags])).toEqual([[64, truncated]]);
    for (const bucket of [1, 2, 3, 4]) {
      post(1, [0x11000040, 100 + bucket, card.bucketAddress(bucket), 0xc8003fc0, 0]);
    }
    const stream = send([0xd5000080, 2, card.bufferAddress(2)]);
    expect(records(stream).map(({ length }) => length)).toEqual([64, 64]);
  });

  it('refuses what names no whole bucket, and posts the others', () => {
    const [a, b] = [card.bucketAddress(0), card.bucketAddress(1)];
    const bad: [number, number[]][] = [
      [1, [0xd1001000, 100, a]],
      [1, [0xd5004000, 100, a]],
      [1, [0xd9004000, 100, a]],
      [1, [0xc8004000, 100]],
      [1, [0x11001000, 100, a, 0xd0003000, a + 0x2000]],
      [1, [0x11001000, 100, a, 0xd1003000, 100, a + 0x1000]],
      [1, [0xd2004000, 100, 0, a]],
      [2, [0xd1004000, 100, a + 64]],
      [1, [0x51004000, 100, a + 64, 0xd1004000, 100, a + 64]],
      [1, [0x34000000]],
      [0, [0xd1004000, 100, a]],
      [65, [0xd1004000, 100, a]],
      [1, [0x91004000, 100, a]],
    ];
    for (const [count, list] of bad) {
      expect(
        faults(post(count, list)).map(([status]) => status),
        list.map((w) => w.toString(16)).join(' '),
      ).toEqual([0x0b]);
    }
    expect(faults(post(2, [0x51001000, 100, a, 0xd1004000, 101, b]))).toEqual([[0x0b, 0x11]]);
    const replies = send([0xd5000010, 1, card.bufferAddress(1)]);
    expect(records(replies).map(({ bucket }) => bucket)).toEqual([101]);
  });
});

describe('a hostile host', () => {
  const word = fc.oneof(
    fc.integer(),
    fc.integer({ min: 0, max: 8 }),
    fc.constantFrom(
      0x70010001,
      0x70010002,
      0x15000010,
      0x54000010,
      0xd4000010,
      0x7c010000,
      1024,
      0x55000008,
      0xd5000008,
      0x4c000004,
    ),
    fc.integer({ min: 0, max: 40 }).map((n) => -1 - n),
  );
  const list = fc.array(word, { minLength: 1, maxLength: 26 });

  it('has every buffer it handed over answered exactly once, whatever its lists are', () => {
    card = new SocketCard({
      pools: {
        transmitBuffers: 16,
        transmitBufferBytes: 1024,
        immediateSlots: 8,
        receiveBuckets: 16,
        receiveBucketBytes: 1024,
      },
    });
    card.pair(1, 2, 3, 4000);
    card.create(5, DATAGRAM);
    card.bind(5, 5000);
    const lengths = { [s.SOCKET_SEND]: 2, [s.SOCKET_SEND_TO]: 3, [s.SOCKET_RECEIVE_POST]: 0 };
    const request = fc.record({
      functionCode: fc.constantFrom(s.SOCKET_SEND, s.SOCKET_SEND, s.SOCKET_SEND_TO, s.SOCKET_RECEIVE_POST),
      socketId: fc.constantFrom(1, 2, 5, 9),
      mode: fc.integer({ min: 0, max: 3 }),
      multiple: fc.boolean(),
      list,
    });
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 20 }), (requests) => {
        let replies: Reply[] = [];
        for (const { functionCode, socketId, mode, multiple, list: body } of requests) {
          // Negative words stand for addresses of pools, chains and slots.
          const words = body.map((w) => (w >= -41 && w < 0 ? place(-1 - w) : w));
          card.region.words.set(words, card.bufferAddress(12) >> 2);
          const head = [socketId | (mode << 30), LOCALHOST, 5000].slice(0, lengths[functionCode]);
          const context = functionCode === s.SOCKET_RECEIVE_POST ? 1 + (words.length % 9) : 7;
          const room = 28 - head.length;
          const flags = multiple && functionCode === s.SOCKET_SEND ? 0x10 : 0;
          card.put(functionCode, [...head, ...words.slice(0, room)], {
            context,
            flags,
            sglWord: 4 + head.length,
          });
          replies = [...replies, ...card.replies()];
        }
        // With the sockets gone nothing is held, and each answered context was one that can be.
        const { transmit, immediate } = card;
        for (const context of contexts(replies))
          expect(context).toBeLessThan(transmit.count + immediate.count);
        for (const [, status] of outcomes(replies)) expect([0, 5, 0x0b]).toContain(status);
        expect(card.inbound.inUse).toBe(0);
      }),
      { numRuns: 150 },
    );
    // Every buffer can be handed over once more and comes back: none was lost, none is held twice.
    let last = card.ask(s.SOCKET_ABORT, [1]);
    last = [...last, ...card.ask(s.SOCKET_ABORT, [2]), ...card.ask(s.SOCKET_ABORT, [5])];
    expect(last.length).toBeGreaterThan(0);
    for (let context = 0; context < card.transmit.count; context++) {
      const replies = card.ask(
        s.SOCKET_SEND,
        [9 | (3 << 30), 0, 0xd5000001, context, card.bufferAddress(context)],
        { sglWord: 6 },
      );
      expect(contexts(replies), `buffer ${context}`).toEqual([context]);
    }
  });

  function place(n: number): number {
    if (n < 16) return card.bufferAddress(n);
    if (n < 32) return card.bucketAddress(n - 16);
    return n < 36
      ? card.immediate.offset + (n - 32) * card.immediate.bufferBytes
      : card.transmit.count + n - 36;
  }
});
