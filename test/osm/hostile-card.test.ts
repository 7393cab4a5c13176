/**
 * The driver against a card gone mad: whatever frames a card can write, of any function, to any handler, true
 * or nearly true, they never make it throw, hang, or lose a buffer.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXECUTIVE_FUNCTION_NAMES } from '../../src/i2o/executive.gen.ts';
import { FLAG_FAIL, FLAG_LAST, FLAG_MULTIPLE, FLAG_REPLY, FRAME_WORDS } from '../../src/i2o/frame.ts';
import {
  SOCKET_ABORT,
  SOCKET_CLOSE,
  SOCKET_CONNECT,
  SOCKET_FUNCTION_NAMES,
  writeReceiveRecord,
  writeSocketConnectReply,
  writeSocketReceivePostReply,
  writeSocketSendReply,
} from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import { UTILITY_FUNCTION_NAMES } from '../../src/i2o/utility.gen.ts';
import { HANDLER_RECEIVE, HANDLER_SEND } from '../../src/osm/message/handlers.ts';
import { SOCK_DGRAM, WRITABLE } from '../../src/socket/contract.ts';
import { EINPROGRESS } from '../../src/socket/errno.ts';
import { POOLS, type Request, ScriptedCard } from './scripted-card.ts';

const FUNCTIONS = [SOCKET_FUNCTION_NAMES, UTILITY_FUNCTION_NAMES, EXECUTIVE_FUNCTION_NAMES].flatMap((names) =>
  Object.keys(names).map(Number),
);

const body = fc.array(fc.integer(), { minLength: FRAME_WORDS, maxLength: FRAME_WORDS });
const flags = fc.oneof(
  fc.constantFrom(
    FLAG_REPLY | FLAG_LAST,
    FLAG_REPLY | FLAG_LAST | FLAG_MULTIPLE,
    FLAG_REPLY | FLAG_LAST | FLAG_FAIL,
    FLAG_REPLY,
  ),
  fc.integer({ min: 0, max: 255 }),
);
/** A frame of nobody's request. */
const wild = fc.record({
  kind: fc.constant('wild' as const),
  handler: fc.integer({ min: 0, max: 12 }),
  functionCode: fc.oneof(fc.constantFrom(...FUNCTIONS), fc.integer({ min: 0, max: 255 })),
  flags,
  size: fc.integer({ min: 0, max: 40 }),
  small: fc.boolean(),
  body,
});
/** An answer to a request the driver did send, with some words other than they should be. */
const nearly = fc.record({
  kind: fc.constant('nearly' as const),
  pick: fc.nat(),
  flags,
  size: fc.integer({ min: 4, max: 33 }),
  body,
  /** Words of the body that are small numbers, by bits. */
  small: fc.integer(),
  twice: fc.boolean(),
});
const socketId = fc.integer({ min: 0, max: 9 });
/** Records of data, ends and errors that are well formed, whether or not there is such a bucket or socket. */
const records = fc.record({
  kind: fc.constant('records' as const),
  list: fc.array(
    fc.record({
      bucket: fc.integer({ min: -1, max: POOLS.receiveBuckets }),
      socket: socketId,
      flags: fc.constantFrom(0x40, 0x44, 0x4c, 0x04, 0x01, 0x02, 0xff),
      offset: fc.constantFrom(0, 0, 0, 1, 4, 2047, 0xffffff),
      length: fc.constantFrom(0, 1, 7, 8, 9, 100, 2040, 2048, 2049, 0xffffff),
    }),
    { maxLength: 6 },
  ),
});
/** Contexts, or outcomes of transactions, that are well formed. */
const contexts = fc.record({
  kind: fc.constant('contexts' as const),
  elementWords: fc.constantFrom(0, 0, 0, 1, 2),
  list: fc.array(fc.integer({ min: -1, max: POOLS.transmitBuffers + POOLS.immediateSlots }), {
    maxLength: 27,
  }),
});
const reply = fc.oneof(wild, nearly, records, contexts);
const step = fc.record({ reply, call: fc.integer({ min: 0, max: 17 }), which: fc.nat() });

type Value<A> = A extends fc.Arbitrary<infer V> ? V : never;
type Reply = Value<typeof reply>;

let connected = 0;
let datagrams = 0;

/** A program that calls whatever there is to call, on a card that answers whatever there is to answer. */
class Madhouse {
  readonly card: ScriptedCard;
  readonly open: number[] = [];
  private readonly bytes = new Uint8Array(3000);
  private readonly from = { address: 0, port: 0 };

  constructor(batchSends: boolean) {
    this.card = new ScriptedCard({ batchSends, controlTimeoutNs: 3e8 });
  }

  say(reply: Reply): void {
    const { card } = this;
    if (reply.kind === 'wild') {
      card.reply((w, f) => {
        reply.body.forEach((value, i) => {
          w[f + i] = reply.small ? value & 0x00ff000f : value;
        });
        w[f] = 1 | (reply.flags << 8) | (reply.size << 16);
        w[f + 1] = DEVICE_TID | (HOST_TID << 12) | (reply.functionCode << 24);
        w[f + 2] = reply.handler;
      });
    } else if (reply.kind === 'records') {
      card.reply((w, f) => {
        reply.list.forEach((r, i) => {
          writeReceiveRecord(w, f + 6 + i * 4, r.bucket, r.socket, r.offset, r.flags, r.length, 104);
        });
        const count = reply.list.length;
        writeSocketReceivePostReply(
          w,
          f,
          DEVICE_TID,
          HOST_TID,
          HANDLER_RECEIVE,
          0,
          0,
          count,
          9,
          6 + count * 4,
        );
      });
    } else if (reply.kind === 'contexts') {
      card.reply((w, f) => {
        reply.list.forEach((context, i) => {
          w[f + 5 + i] = context;
        });
        const count = reply.list.length >> (reply.elementWords > 0 ? 1 : 0);
        const words = 5 + reply.list.length;
        writeSocketSendReply(
          w,
          f,
          DEVICE_TID,
          HOST_TID,
          HANDLER_SEND,
          0,
          0,
          count,
          reply.elementWords,
          words,
        );
      });
    } else {
      const requests = card.take();
      if (requests.length === 0) return;
      const request = requests[reply.pick % requests.length];
      for (let i = reply.twice ? 2 : 1; i > 0; i--) this.nearly(request, reply);
    }
    card.host.driver.poll();
  }

  private nearly(request: Request, reply: Extract<Reply, { kind: 'nearly' }>): void {
    this.card.reply((w, f) => {
      w[f] = 1 | (reply.flags << 8) | (reply.size << 16);
      for (let i = 1; i < 4; i++) w[f + i] = request[i];
      for (let i = 4; i < FRAME_WORDS; i++) {
        w[f + i] = ((reply.small >>> i) & 1) !== 0 ? reply.body[i] & 0x00000017 : reply.body[i];
      }
      if ((reply.flags & FLAG_MULTIPLE) !== 0) w[f + 3] = (reply.body[3] & 0x0307) | 0x80000000;
    });
  }

  /** @param kind which call. @param which on which of the open sockets. */
  call(kind: number, which: number): void {
    const { sockets, driver } = this.card.host;
    const { bytes, open } = this;
    const socket = open.length > 0 ? open[which % open.length] : -1;
    switch (kind) {
      case 0:
      case 1:
        this.keep(sockets.socket());
        break;
      case 2:
      case 3:
        this.keep(sockets.socket(SOCK_DGRAM));
        break;
      case 4:
        if (sockets.connect(socket, 1, 1) === -EINPROGRESS) this.finishConnect(socket);
        break;
      case 5:
        sockets.send(socket, bytes, 0, bytes.length);
        break;
      case 6:
        sockets.send(socket, bytes, 0, 20);
        break;
      case 7:
        sockets.recv(socket, bytes, 0, bytes.length);
        break;
      case 8:
        if (sockets.sendTo(socket, bytes, 0, 40, 1, 9) === 40) datagrams += 1;
        break;
      case 9:
        sockets.recvFrom(socket, bytes, 0, 10, this.from);
        break;
      case 10:
        if (open.length > 0) this.close(open.splice(which % open.length, 1)[0]);
        break;
      case 11:
        sockets.listen(socket, 4);
        break;
      case 12:
        sockets.accept(socket);
        break;
      case 13:
        sockets.localEndpoint(socket);
        sockets.status(socket);
        break;
      case 14:
        sockets.device.registerEvents(-1);
        break;
      case 15:
        while (sockets.device.nextEvent({ indicator: 0, data: 0 })) {}
        break;
      case 16:
        sockets.device.statistics();
        break;
      default:
        sockets.bind(socket, 1, 1);
    }
    driver.poll();
  }

  private keep(socket: number): void {
    if (socket >= 0) this.open.push(socket);
  }

  /**
   * Also a mad card must say now and then that a number is free, or there are none left to drive it mad with.
   */
  private close(socket: number): void {
    const { card } = this;
    card.sockets.close(socket);
    for (const code of [SOCKET_CLOSE, SOCKET_ABORT]) {
      for (const request of card.takenOf(code)) card.status(request, 0, request[4] & 0xffff);
    }
    card.host.driver.poll();
  }

  private finishConnect(socket: number): void {
    const { card } = this;
    const request = card.takenOf(SOCKET_CONNECT).at(-1);
    if (request === undefined) return;
    card.reply((w, f) =>
      writeSocketConnectReply(w, f, DEVICE_TID, HOST_TID, request[2], request[3], 0, 0, socket, 1, 1),
    );
    card.host.driver.poll();
    connected += card.sockets.readiness(socket) & WRITABLE;
  }

  expectHome(): void {
    const { driver, transmit, receive, sockets } = this.card.host;
    driver.die(100);
    expect(transmit.inUse).toBe(0);
    for (const socket of this.open) if (socket >= 0) sockets.close(socket);
    expect(sockets.socketsInUse).toBe(0);
    expect(receive.waiting).toBe(receive.count);
    const counters = this.card.counters;
    for (const [name, value] of Object.entries(counters)) expect(value, name).toBeGreaterThanOrEqual(0);
    expect(counters['memoryTransmitTaken']).toBe(counters['memoryTransmitReturned']);
    expect(counters['bytesSent']).toBe(
      counters['sendCopiesBytes'] + counters['immediateCopiesBytes'] + counters['bytesLent'],
    );
  }
}

describe('a card gone mad', () => {
  it('never makes the driver throw, hang, or lose a buffer', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { minLength: 1, maxLength: 120 }), (batchSends, steps) => {
        const madhouse = new Madhouse(batchSends);
        for (const { reply, call, which } of steps) {
          madhouse.say(reply);
          madhouse.call(call, which);
        }
        madhouse.expectHome();
      }),
      { numRuns: 500 },
    );
    // The driver's states behind which the most is held were reached.
    expect(connected).toBeGreaterThan(15);
    expect(datagrams).toBeGreaterThan(15);
  });
});
