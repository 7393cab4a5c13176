/** Batched sends: one message, several transactions, each answered exactly once as the reply mode says. */
import { beforeEach, describe, expect, it } from 'vitest';
import * as s from '../../src/i2o/socket.gen.ts';
import * as e from '../../src/socket/errno.ts';
import {
  BATCH,
  contexts,
  DATAGRAM,
  IMMEDIATE,
  MULTIPLE,
  NEVER,
  ON_ERROR,
  outcomes,
  parse,
  type Reply,
  records,
  SocketCard,
  singles,
} from './card.ts';

let card: SocketCard;
const SUCCESS = 0;
const FAILED = 5;
const MALFORMED = 0x0b;

beforeEach(() => {
  card = new SocketCard();
  card.pair(1, 2, 3, 4000);
  card.create(6, DATAGRAM);
  card.postBuckets(0, 1, 2, 3, 4, 5, 6, 7, 8);
});

const transaction = (socketId: number, context: number): number[] => [0x70010000 | socketId, context];
const buffer = (context: number, length: number): number[] => [
  0x55000000 | length,
  context,
  card.bufferAddress(context),
];
/** Marks the last of the elements that begins `back` words before the end. */
function list(back: number, ...elements: readonly number[][]): number[] {
  const flat = elements.flat();
  flat[flat.length - back] = flat[flat.length - back] | (1 << 31);
  return flat;
}

function batch(mode: number, elements: readonly number[]): Reply[] {
  return card.ask(s.SOCKET_SEND, [mode << 30, 0, ...elements], { context: 55, sglWord: 6, flags: MULTIPLE });
}

describe('a batch', () => {
  it('sends for several sockets, tells each outcome and gives each buffer back', () => {
    card.fill(card.bufferAddress(0), 100, 1);
    card.fill(card.bufferAddress(1), 200, 2);
    const elements = list(
      3,
      transaction(1, 1001),
      buffer(0, 100),
      transaction(2, 1002),
      buffer(1, 200),
      transaction(1, 1003),
      buffer(2, 50),
    );
    const replies = batch(BATCH, elements);
    expect(outcomes(replies)).toEqual([
      [1001, SUCCESS, 0],
      [1002, SUCCESS, 0],
      [1003, SUCCESS, 0],
    ]);
    expect(contexts(replies).sort()).toEqual([0, 1, 2]);
    expect(singles(replies)).toEqual([]);
    const bytesFor = (id: number): number =>
      records(replies)
        .filter(({ socketId }) => socketId === id)
        .reduce((sum, { length }) => sum + length, 0);
    expect([bytesFor(1), bytesFor(2)]).toEqual([200, 150]);
  });

  it('fails for one socket and not for the others', () => {
    const elements = list(
      3,
      transaction(9, 1),
      buffer(0, 10),
      transaction(1, 2),
      buffer(1, 10),
      transaction(6, 3),
      buffer(2, 10),
    );
    const replies = batch(BATCH, elements);
    expect(outcomes(replies)).toEqual([
      [1, FAILED, e.EBADF],
      [2, SUCCESS, 0],
      [3, FAILED, e.EOPNOTSUPP],
    ]);
    expect(contexts(replies).sort()).toEqual([0, 1, 2]);
  });

  it.each([
    [
      BATCH,
      [
        [1, FAILED, e.EBADF],
        [2, SUCCESS, 0],
      ],
    ],
    [
      IMMEDIATE,
      [
        [1, FAILED, e.EBADF],
        [2, SUCCESS, 0],
      ],
    ],
    [ON_ERROR, [[1, FAILED, e.EBADF]]],
    [NEVER, []],
  ])('obeys reply mode %i', (mode, expected) => {
    const elements = list(3, transaction(9, 1), buffer(0, 10), transaction(1, 2), buffer(1, 10));
    const replies = batch(mode, elements);
    expect(outcomes(replies)).toEqual(expected);
    expect(contexts(replies).sort()).toEqual([0, 1]);
  });

  it('lets outcomes wait for company under Batch, and not under Immediate', () => {
    const send = (mode: number, context: number): number => {
      const elements = list(3, transaction(9, context), buffer(context, 10));
      card.put(s.SOCKET_SEND, [mode << 30, 0, ...elements], { sglWord: 6, flags: MULTIPLE });
      return outcomes(card.run().map(parse)).length;
    };
    expect(send(BATCH, 1)).toBe(0);
    expect(send(BATCH, 2)).toBe(0);
    expect(send(IMMEDIATE, 3)).toBe(3);
  });

  it('refuses a malformed transaction by name, and goes on with the next', () => {
    const foreign = [0x55000010, 3, card.bufferAddress(4)];
    const elements = list(
      3,
      transaction(1, 1),
      buffer(0, 10),
      foreign,
      transaction(1, 2),
      transaction(2, 3),
      buffer(1, 10),
    );
    const replies = batch(NEVER, elements);
    expect(outcomes(replies)).toEqual([
      [1, MALFORMED, 0x11],
      [2, MALFORMED, 0x16],
    ]);
    // What came before the bad element of a transaction was sent.
    expect(contexts(replies).sort()).toEqual([0, 1]);
    expect(card.ledger.snapshot()['bytesQueued']).toBe(20);
  });

  it('refuses as a whole what belongs to no transaction, and serves those there are', () => {
    const replies = batch(BATCH, list(3, buffer(0, 10), transaction(1, 1), buffer(1, 10)));
    expect(
      singles(replies).map(({ status, code, context, words }) => [status, code, context, words[5]]),
    ).toEqual([[MALFORMED, 0x10, 55, 24]]);
    expect(outcomes(replies)).toEqual([[1, SUCCESS, 0]]);
    expect(contexts(replies)).toEqual([1]);
  });

  it('answers what was read of a list that breaks off', () => {
    const replies = batch(BATCH, [
      ...transaction(1, 1),
      ...buffer(0, 10),
      ...transaction(1, 2),
      ...buffer(1, 10),
    ]);
    expect(outcomes(replies)).toEqual([
      [1, SUCCESS, 0],
      [2, MALFORMED, 0x10],
    ]);
    expect(singles(replies).map(({ status, code }) => [status, code])).toEqual([[MALFORMED, 0x10]]);
    // The element behind which the list ends is named by ErrorOffset, and never became the card's.
    expect(contexts(replies).sort()).toEqual([0]);
  });

  it('has at most 13 transactions, chained lists or not', () => {
    const chain = card.bufferAddress(40);
    const elements = list(
      3,
      ...Array.from({ length: 14 }, (_, i) => [...transaction(1, i + 1), ...buffer(i, 10)]),
    );
    card.region.words.set(elements, chain >> 2);
    const replies = batch(BATCH, [0xb0000000 | (elements.length * 4), chain]);
    expect(outcomes(replies).length).toBe(13);
    expect(singles(replies).map(({ status, code }) => [status, code])).toEqual([[MALFORMED, 0x14]]);
    expect(contexts(replies).length).toBe(13);
  });

  it('needs no more outbound frames than are kept for a request', () => {
    card = new SocketCard({ pools: { outboundFrames: 4 } });
    const chain = card.bufferAddress(40);
    const elements = list(
      3,
      ...Array.from({ length: 13 }, (_, i) => [...transaction(9, i + 1), ...buffer(i, 10)]),
    );
    card.region.words.set(elements, chain >> 2);
    const body = [0, 0, 0xb0000000 | (elements.length * 4), chain];
    for (let i = 0; i < 3; i++) card.put(s.SOCKET_SEND, body, { sglWord: 6, flags: MULTIPLE });
    card.put(s.SOCKET_SEND, [IMMEDIATE << 30, ...body.slice(1)], {
      sglWord: 6,
      flags: MULTIPLE,
      initiator: 6,
    });
    const replies = card.replies();
    expect(outcomes(replies).length).toBe(4 * 13);
    expect(
      replies.filter(({ initiator, words }) => initiator === 6 && (words[3] & 0xff00) !== 0).length,
    ).toBe(1);
  });

  it('is refused elsewhere, and empty', () => {
    expect(batch(BATCH, [0x80000000]).map(({ status, code }) => [status, code])).toEqual([[MALFORMED, 0x16]]);
    const other = card.one(s.SOCKET_CREATE, [1, 1], { flags: MULTIPLE });
    expect([other.status, other.code]).toEqual([MALFORMED, 0x0f]);
  });
});
