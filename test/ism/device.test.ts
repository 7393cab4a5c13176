/**
 * What the IOP serves for the socket device: aborts, events, parameter groups; and a card of the class's
 * first version.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { SGL_LAST, SGL_SIMPLE_IN, SGL_SIMPLE_OUT, writeSglSimple } from '../../src/i2o/list/sgl.ts';
import * as s from '../../src/i2o/socket.gen.ts';
import * as u from '../../src/i2o/utility.gen.ts';
import * as e from '../../src/socket/errno.ts';
import {
  BATCH,
  contexts,
  DATAGRAM,
  IMMEDIATE,
  LOCALHOST,
  MULTIPLE,
  ON_ERROR,
  type Received,
  type Reply,
  records,
  SocketCard,
  STREAM,
  singles,
} from './card.ts';

const ABORT_NO_DATA = 2;
const ABORT_DIRTY = 1;
const ABORT_PARTIAL = 3;
const CLEAN = 4;
let card: SocketCard;
beforeEach(() => {
  card = new SocketCard();
});

/** Aborts. @returns how many requests the card says it ended, and its other replies. */
function abort(type: number, functionCode: number, context: number): { count: number; replies: Reply[] } {
  const replies = card.ask(u.UTIL_ABORT, [(type << 16) | (functionCode << 24), context], { context: 31 });
  const answer = replies.find((reply) => reply.functionCode === u.UTIL_ABORT)!;
  expect(answer.context).toBe(31);
  return { count: answer.words[4], replies: replies.filter((reply) => reply !== answer) };
}

/** Returned buckets: their contexts and the ReqStatus of their frame. */
function returned(replies: readonly Reply[]): [number, number][] {
  return replies.flatMap((reply) =>
    records([reply]).map(({ bucket }): [number, number] => [bucket, reply.status]),
  );
}

describe('UtilAbort', () => {
  it('ends posted accepts: one, those of a function, none of another', () => {
    card.create(1, STREAM);
    card.bind(1, 4000);
    card.ask(s.SOCKET_LISTEN, [1 | (ON_ERROR << 30), 4]);
    card.ask(s.SOCKET_ACCEPT_POST, [1, 4, 10, 11, 12, 13]);
    expect(abort(u.ABORT_TYPE_EXACT, s.SOCKET_CONNECT, 11).count).toBe(0);
    const one = abort(u.ABORT_TYPE_EXACT, s.SOCKET_ACCEPT_POST, 11);
    expect(one.replies.map(({ status, code, context }) => [status, code, context])).toEqual([
      [ABORT_NO_DATA, e.ECONNABORTED, 11],
    ]);
    card.create(2, STREAM);
    const accepted = card.ask(s.SOCKET_CONNECT, [2, LOCALHOST, 4000]);
    expect(accepted.filter(({ functionCode }) => functionCode === s.SOCKET_ACCEPT_POST)[0].context).toBe(10);
    const rest = abort(u.ABORT_TYPE_FUNCTION, s.SOCKET_ACCEPT_POST, 0);
    expect([rest.count, rest.replies.map(({ context }) => context)]).toEqual([2, [12, 13]]);
    // The numbers are free, and the listener goes on.
    card.create(11, STREAM);
    card.ask(s.SOCKET_ACCEPT_POST, [1, 1, 12]);
    card.create(3, STREAM);
    expect(card.ask(s.SOCKET_CONNECT, [3, LOCALHOST, 4000]).length).toBe(2);
  });

  it('ends a connect, dirty, and not a clean one; the socket can connect again', () => {
    card.create(1, STREAM);
    card.ask(s.SOCKET_CONNECT, [1, 0x0a000099, 1], { context: 7 });
    expect(abort(u.ABORT_TYPE_TRANSACTION + CLEAN, 0, 7).count).toBe(0);
    const { count, replies } = abort(u.ABORT_TYPE_TRANSACTION, 0, 7);
    expect([count, replies.map(({ status, code, context }) => [status, code, context])]).toEqual([
      1,
      [[ABORT_DIRTY, e.ECONNABORTED, 7]],
    ]);
    expect(card.ask(s.SOCKET_CONNECT, [1, LOCALHOST, 1], { context: 8 }).map(({ code }) => code)).toEqual([
      e.ECONNREFUSED,
    ]);
  });

  it('returns buckets empty, each context once, also through few frames', () => {
    card = new SocketCard({ pools: { outboundFrames: 4 } });
    const all = Array.from({ length: 9 }, (_, i) => i);
    card.postBuckets(...all);
    card.postBuckets(...all.map((n) => n + 9));
    card.postBuckets(...all.map((n) => n + 18));
    const one = abort(u.ABORT_TYPE_EXACT, s.SOCKET_RECEIVE_POST, 105);
    expect([one.count, returned(one.replies)]).toEqual([1, [[105, ABORT_NO_DATA]]]);
    const { count, replies } = abort(u.ABORT_TYPE_WILD + CLEAN, 0, 0);
    expect(count).toBe(26);
    expect(
      returned(replies)
        .map(([bucket]) => bucket)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 27 }, (_, i) => 100 + i).filter((n) => n !== 105));
    expect(records(replies).every(({ length, socketId }) => length === 0 && socketId === 0xffff)).toBe(true);
    card.postBuckets(5);
  });

  it('ends queued sends: a stream with its connection, datagrams by themselves', () => {
    card.pair(1, 2, 3);
    card.create(4, STREAM);
    card.ask(s.SOCKET_CONNECT, [4, 0x0a000099, 1], { context: 70 });
    card.put(
      s.SOCKET_SEND,
      [4, 0, 0x55000010, 1, card.bufferAddress(1), 0xd5000010, 2, card.bufferAddress(2)],
      { sglWord: 6 },
    );
    card.create(5, DATAGRAM);
    card.put(s.SOCKET_SEND_TO, [5, 0x0a000099, 9, 0xd5000010, 3, card.bufferAddress(3)], { sglWord: 7 });
    card.run();
    expect(abort(u.ABORT_TYPE_EXACT + CLEAN, s.SOCKET_SEND, 1).count).toBe(0);
    const datagram = abort(u.ABORT_TYPE_EXACT, s.SOCKET_SEND_TO, 3);
    expect([
      datagram.count,
      datagram.replies.map(({ status }) => status),
      contexts(datagram.replies),
    ]).toEqual([1, [ABORT_NO_DATA], [3]]);
    const stream = abort(u.ABORT_TYPE_EXACT, s.SOCKET_SEND, 1);
    expect([stream.count, contexts(stream.replies)]).toEqual([2, [1, 2]]);
    expect(stream.replies.filter(({ multiple }) => multiple).map(({ status }) => status)).toEqual([
      ABORT_PARTIAL,
    ]);
    expect(singles(stream.replies).map(({ context, status }) => [context, status])).toEqual([
      [70, ABORT_DIRTY],
    ]);
    expect(card.ledger.snapshot()['bytesDiscarded']).toBe(48);
    // The established pair was not touched.
    expect(card.one(s.SOCKET_STATUS_GET, [1]).words[5]).toBe(s.TCP_STATE_ESTABLISHED);
  });

  it('tells an established connection it resets by an Error record', () => {
    card.pair(1, 2, 3);
    card.put(s.SOCKET_SEND, [1, 0, 0xd5000010, 1, card.bufferAddress(1)], { sglWord: 6 });
    card.put(u.UTIL_ABORT, [(u.ABORT_TYPE_FUNCTION << 16) | (s.SOCKET_SEND << 24), 0]);
    const errors = records(card.replies()).map(({ socketId, flags, status }: Received) => [
      socketId,
      flags,
      status,
    ]);
    expect(errors).toContainEqual([1, s.RECEIVE_FLAG_ERROR, e.ECONNABORTED]);
  });
});

describe('events', () => {
  const register = (mask: number): void => card.put(u.UTIL_EVENT_REGISTER, [mask], { context: 606 });
  const events = (replies: readonly Reply[]): [number, number][] =>
    replies
      .filter(({ functionCode, context }) => functionCode === u.UTIL_EVENT_REGISTER && context === 606)
      .map(({ words }): [number, number] => [words[4], words[5]]);

  it('tell each state a connection goes through', () => {
    register(s.SOCKET_EVENT_CONNECTION_STATE);
    card.create(1, STREAM);
    card.put(s.SOCKET_CONNECT, [1, LOCALHOST, 4999]);
    const [closed, sent] = [s.TCP_STATE_CLOSED, s.TCP_STATE_SYN_SENT];
    expect(events(card.replies())).toEqual([
      [s.SOCKET_EVENT_CONNECTION_STATE, 1 | (closed << 16) | (sent << 24)],
      [s.SOCKET_EVENT_CONNECTION_STATE, 1 | (sent << 16) | (closed << 24)],
    ]);
    card.create(3, STREAM);
    card.create(2, STREAM);
    card.put(s.SOCKET_BIND, [3, LOCALHOST, 4000]);
    card.put(s.SOCKET_LISTEN, [3, 4]);
    card.put(s.SOCKET_ACCEPT_POST, [3, 1, 4]);
    card.put(s.SOCKET_CONNECT, [2, LOCALHOST, 4000]);
    const words = events(card.replies()).map(([, data]) => [
      data & 0xffff,
      (data >>> 16) & 0xff,
      data >>> 24,
    ]);
    expect(words.filter(([id]) => id === 2)).toEqual([
      [2, closed, sent],
      [2, sent, s.TCP_STATE_ESTABLISHED],
    ]);
    const after = card.ask(s.SOCKET_SHUTDOWN, [2, s.SHUTDOWN_HOW_WRITE]);
    expect(events(after).map(([, data]) => [data & 0xffff, data >>> 24])).toEqual([
      [2, s.TCP_STATE_FIN_WAIT1],
      [4, s.TCP_STATE_CLOSE_WAIT],
      [2, s.TCP_STATE_FIN_WAIT2],
    ]);
  });

  it('tell of few buckets once, and again after the pool has recovered', () => {
    card = new SocketCard({ pools: { receiveBuckets: 16 } });
    card.pair(1, 2, 3);
    card.pair(10, 11, 12, 4001);
    register(s.SOCKET_EVENT_BUCKETS_LOW);
    card.postBuckets(0, 1, 2, 3);
    const send = (id = 1): [number, number][] =>
      events(card.ask(s.SOCKET_SEND, [id, 0, 0xd5000010, 1, card.bufferAddress(1)], { sglWord: 6 }));
    expect([send(), send()]).toEqual([[], [[s.SOCKET_EVENT_BUCKETS_LOW, 2]]]);
    card.postBuckets(4, 5);
    expect(send()).toEqual([]);
    card.postBuckets(6, 7, 8, 9, 10);
    // One reader may not hold more than are free: others take the last.
    const later = [send(), send(), send(2), send(2), send(2), send(10), send(10)].flat();
    expect(later).toEqual([[s.SOCKET_EVENT_BUCKETS_LOW, 2]]);
  });

  it('tell of a full backlog', () => {
    register(s.SOCKET_EVENT_LISTEN_OVERFLOW);
    card.create(3, STREAM);
    card.bind(3, 4000);
    card.ask(s.SOCKET_LISTEN, [3 | (ON_ERROR << 30), 0]);
    for (let id = 10; id < 40; id++) card.create(id, STREAM);
    let seen: [number, number][] = [];
    for (let id = 10; id < 40; id++) {
      seen = [...seen, ...events(card.ask(s.SOCKET_CONNECT, [id, LOCALHOST, 4000]))];
    }
    expect(seen.length).toBeGreaterThan(0);
    expect(seen[0]).toEqual([s.SOCKET_EVENT_LISTEN_OVERFLOW, 3]);
    expect(card.ledger.snapshot()['tcpListenOverflows']).toBe(seen.length);
  });
});

/** One operation on a group. @returns BlockStatus and the data's bytes. */
function operate(functionCode: number, operation: readonly number[]): { block: number; data: DataView } {
  const at = card.memory.layout.control + 4096;
  const view = new DataView(card.region.words.buffer);
  [1, 0, ...operation].forEach((half, i) => {
    view.setUint16(at + 2 * i, half, true);
  });
  const result = at + 512;
  card.region.bytes.fill(0, result, result + 1024);
  card.post((w, f) => {
    const write = functionCode === u.UTIL_PARAMS_GET ? u.writeUtilParamsGet : u.writeUtilParamsSet;
    let end = writeSglSimple(w, f + u.UTIL_PARAMS_GET_SGL_WORD, SGL_SIMPLE_OUT, 4 + 2 * operation.length, at);
    end = writeSglSimple(w, end, SGL_SIMPLE_IN | SGL_LAST, 1024, result);
    write(w, f, 0x010, 1, 0, 0, end - f);
  });
  const reply = card.replies().find((r) => r.functionCode === functionCode)!;
  return {
    block: view.getUint8(result + 6) * (reply.status === 0xff ? -1 : 1),
    data: new DataView(view.buffer, result + 8),
  };
}

const GET_ALL = [1, 0xffff] as const;
const get = (group: number) => operate(u.UTIL_PARAMS_GET, [GET_ALL[0], group, GET_ALL[1]]);

describe('parameter groups', () => {
  it('say what the device is and what it has', () => {
    const info = get(0x0000);
    expect(info.block).toBe(0);
    expect([info.data.getUint16(0, true), info.data.getUint16(2, true)]).toEqual([3, 2]);
    expect(info.data.getUint32(4, true)).toBe(0x0a000001);
    const limits = get(0x0001);
    expect([limits.data.getUint32(0, true), limits.data.getUint32(20, true)]).toEqual([
      64,
      card.receive.count,
    ]);
    expect(operate(u.UTIL_PARAMS_SET, [6, 0x0001, 1, 0, 5, 0]).block).not.toBe(0);
    expect(get(0x0077).block).toBe(u.BLOCK_STATUS_INVALID_GROUP_ID);
  });

  it('count, and count from zero again when cleared', () => {
    card.pair(1, 2, 3);
    card.ask(s.SOCKET_SEND, [1, 0, 0xd5000010, 1, card.bufferAddress(1)], { sglWord: 6 });
    expect(get(0x0100).data.getUint32(0, true)).toBe(16);
    expect(operate(u.UTIL_PARAMS_SET, [0x0a, 0x0100, 0]).block).toBe(0);
    expect(get(0x0100).data.getUint32(0, true)).toBe(0);
  });

  it('change how replies are batched while the card runs', () => {
    card.pair(1, 2, 3);
    card.postBuckets(0, 1, 2, 3, 4, 5, 6, 7, 8);
    const set = (field: number, value: number): number =>
      operate(u.UTIL_PARAMS_SET, [6, 0x0003, 1, field, value & 0xffff, value >>> 16]).block;
    const send = (mode: number, buffer: number): number => {
      card.put(s.SOCKET_SEND, [1 | (mode << 30), 0, 0xd5000010, buffer, card.bufferAddress(buffer)], {
        sglWord: 6,
      });
      const count = card.run().filter((words) => words[1] >>> 24 === s.SOCKET_SEND).length;
      card.replies();
      return count;
    };
    expect([send(BATCH, 1), send(IMMEDIATE, 2)]).toEqual([0, 1]);
    expect(set(0, 1)).toBe(0); // disabled: nothing waits
    expect(send(BATCH, 3)).toBe(1);
    expect(set(0, 4)).toBe(0); // forced: all waits
    expect(send(IMMEDIATE, 4)).toBe(0);
    expect(set(0, 0)).toBe(0);
    expect(set(3, 1)).toBe(0); // one context is company enough
    expect(send(BATCH, 5)).toBe(1);
    expect(set(3, 28)).not.toBe(0);
    expect(set(1, 7)).not.toBe(0);
    expect(set(0, 5)).not.toBe(0);
    expect(get(0x0003).data.getUint32(12, true)).toBe(1);
    expect(set(1, 1)).toBe(0); // one record a frame
    card.postBuckets(9, 10, 11, 12, 13, 14, 15, 16, 17);
    card.put(s.SOCKET_SEND, [1, 0, 0xd5000010, 6, card.bufferAddress(6)], { sglWord: 6 });
    card.put(s.SOCKET_SEND, [2, 0, 0xd5000010, 7, card.bufferAddress(7)], { sglWord: 6 });
    const frames = card.replies().filter((reply) => records([reply]).length > 0);
    expect(frames.map((reply) => records([reply]).length)).toEqual([1, 1]);
  });
});

describe('a card of class version 1', () => {
  beforeEach(() => {
    card = new SocketCard({ classVersion: 1 });
  });

  it('has neither datagrams, names, batches, events nor groups', () => {
    const answer = (functionCode: number, body: readonly number[], flags = 0, sglWord = 0): number[] => {
      const { status, code } = card.one(functionCode, body, { flags, sglWord });
      return [status, code];
    };
    const unknown = [5, 0x19];
    expect(answer(0x9f, [0])).toEqual(unknown);
    expect(answer(s.SOCKET_SEND_TO, [1, 0, 0, 0xd5000001, 0, card.bufferAddress(0)], 0, 7)).toEqual(unknown);
    expect(answer(s.SOCKET_NAME_GET, [1, 0])).toEqual(unknown);
    expect(answer(s.SOCKET_CREATE, [1, DATAGRAM])).toEqual([5, e.EPROTONOSUPPORT]);
    expect(answer(s.SOCKET_SEND, [1, 0, 0x80000000], MULTIPLE, 6)[0]).toBe(0x0b);
    expect(get(0x0100).block).toBe(u.BLOCK_STATUS_INVALID_GROUP_ID);
    card.pair(1, 2, 3);
    card.put(s.SOCKET_SEND, [1, 0, 0xd5000010, 1, card.bufferAddress(1)], { sglWord: 6 });
    expect(abort(u.ABORT_TYPE_WILD, 0, 0).count).toBe(0);
  });

  it('serves streams as ever', () => {
    card.pair(1, 2, 3);
    card.postBuckets(0);
    const replies = card.ask(s.SOCKET_SEND, [1, 0, 0xd5000010, 1, card.bufferAddress(1)], { sglWord: 6 });
    expect([contexts(replies), records(replies).length]).toEqual([[1], 1]);
  });
});
