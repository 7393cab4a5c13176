/** An operational card spoken to in raw frames: requests as lists of words, replies taken apart. */

import { expect } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import { SGL_LAST, SGL_SIMPLE_IN, writeSglSimple } from '../../src/i2o/list/sgl.ts';
import * as s from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import type { SocketModule } from '../../src/ism/socket-module.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { BareCard } from '../iop/bed.ts';

export const LOCALHOST = 0x7f000001;
export const STREAM = s.SOCKET_TYPE_STREAM;
export const DATAGRAM = s.SOCKET_TYPE_DATAGRAM;
export const BATCH = s.REPLY_MODE_BATCH;
export const IMMEDIATE = s.REPLY_MODE_IMMEDIATE;
export const ON_ERROR = s.REPLY_MODE_ON_ERROR;
export const NEVER = s.REPLY_MODE_NEVER;
export const MULTIPLE = 0x10;

export interface Reply {
  readonly functionCode: number;
  readonly multiple: boolean;
  readonly initiator: number;
  /** Word 3. */
  readonly context: number;
  /** ReqStatus and DetailedStatusCode. */
  readonly status: number;
  readonly code: number;
  readonly words: Int32Array;
}

export interface Asking {
  /** Word 3. */
  readonly context?: number;
  readonly initiator?: number;
  readonly flags?: number;
  readonly sglWord?: number;
  readonly target?: number;
}

export class SocketCard extends BareCard {
  readonly transmit = this.memory.layout.transmit;
  readonly receive = this.memory.layout.receive;
  readonly immediate = this.memory.layout.immediate;
  readonly module = this.parts.processor['modules'][0] as SocketModule;

  constructor(overrides: CardOverrides = {}, pageBytes = 4096) {
    super({ ...overrides, driver: { socketsMax: 64, ...overrides.driver } });
    const { control } = this.memory.layout;
    this.post((w, f) => {
      exec.writeExecOutboundInit(w, f, IOP_TID, HOST_TID, 0, 0, pageBytes, 0x80, 32, 8);
      writeSglSimple(w, f + 6, SGL_SIMPLE_IN | SGL_LAST, 4, control + 512);
    });
    this.post((w, f) => {
      exec.writeExecSysTabSet(w, f, IOP_TID, HOST_TID, 0, 0, 2, 0, 0, 12);
      let at = f + 6;
      for (const last of [0, 0, SGL_LAST]) at = writeSglSimple(w, at, 0x54 | last, 48, control);
    });
    this.post((w, f) => exec.writeExecSysEnable(w, f, IOP_TID, HOST_TID, 0, 0));
    expect(this.run().map((reply) => reply[4] >>> 24)).toEqual([0, 0]);
  }

  /** Posts a request without giving the card a turn. @param body from word 4 on. */
  put(functionCode: number, body: readonly number[], asking: Asking = {}): void {
    const { context = 0, initiator = 5, flags = 0, sglWord = 0, target = DEVICE_TID } = asking;
    const posted = this.post((w, f) => {
      w[f] = 1 | (sglWord << 4) | (flags << 8) | ((4 + body.length) << 16);
      w[f + 1] = target | (HOST_TID << 12) | (functionCode << 24);
      w[f + 2] = initiator;
      w[f + 3] = context;
      w.set(body, f + 4);
    });
    expect(posted).toBe(true);
  }

  /** Posts a request and lets the card work until it rests. */
  ask(functionCode: number, body: readonly number[], asking: Asking = {}): Reply[] {
    this.put(functionCode, body, asking);
    return this.replies();
  }

  /**
   * Lets the card work; time passes, so that nothing waits for company or for a delayed
   * acknowledgement.
   */
  replies(): Reply[] {
    const first = this.run();
    this.clock.set(this.clock.nowNs + 60e6);
    return [...first, ...this.run()].map(parse);
  }

  /** The one reply to a request. */
  one(functionCode: number, body: readonly number[], asking: Asking = {}): Reply {
    const replies = this.ask(functionCode, body, asking);
    expect(replies.length).toBe(1);
    return replies[0];
  }

  create(id: number, type: number): void {
    expect(this.ask(s.SOCKET_CREATE, [id | (ON_ERROR << 30), type])).toEqual([]);
  }

  bind(id: number, port: number, address = LOCALHOST): void {
    const reply = this.one(s.SOCKET_BIND, [id, address, port]);
    expect([reply.status, reply.code]).toEqual([0, 0]);
  }

  /** Two connected streams over loopback: `client`, and `server` accepted at the listener `listener`. */
  pair(client: number, server: number, listener: number, port = 4000): void {
    this.create(listener, STREAM);
    this.bind(listener, port);
    this.ask(s.SOCKET_LISTEN, [listener | (ON_ERROR << 30), 8]);
    this.ask(s.SOCKET_ACCEPT_POST, [listener, 1, server]);
    this.create(client, STREAM);
    const replies = this.ask(s.SOCKET_CONNECT, [client, LOCALHOST, port]);
    expect(replies.map(({ functionCode, status }) => [functionCode, status]).sort()).toEqual([
      [s.SOCKET_ACCEPT_POST, 0],
      [s.SOCKET_CONNECT, 0],
    ]);
  }

  /** Posts whole buckets, contexts their numbers plus 100. */
  postBuckets(...buckets: readonly number[]): void {
    const list = buckets.flatMap((bucket, i) => [
      ((i === buckets.length - 1 ? 0xd1 : 0x51) << 24) | this.receive.bufferBytes,
      bucket + 100,
      this.bucketAddress(bucket),
    ]);
    const asking = { context: buckets.length, sglWord: 4 };
    expect(this.ask(s.SOCKET_RECEIVE_POST, list, asking).filter(({ multiple }) => !multiple)).toEqual([]);
  }

  bucketAddress(bucket: number): number {
    return this.receive.offset + bucket * this.receive.bufferBytes;
  }

  bufferAddress(buffer: number): number {
    return this.transmit.offset + buffer * this.transmit.bufferBytes;
  }

  /** Fills shared memory with bytes that say where they are. */
  fill(address: number, length: number, salt = 0): void {
    for (let i = 0; i < length; i++) this.region.bytes[address + i] = (i * 7 + salt) & 0xff;
  }

  bytes(address: number, length: number): number[] {
    return [...this.region.bytes.slice(address, address + length)];
  }
}

export function parse(words: Int32Array): Reply {
  return {
    functionCode: words[1] >>> 24,
    multiple: (words[0] & 0x1000) !== 0,
    initiator: words[2],
    context: words[3],
    status: words[4] >>> 24,
    code: words[4] & 0xffff,
    words,
  };
}

/** Contexts of transmit buffers that came back, in order. */
export function contexts(replies: readonly Reply[]): number[] {
  return replies
    .filter(
      ({ multiple, functionCode, context }) =>
        multiple && functionCode === s.SOCKET_SEND && (context & 0xff00) === 0,
    )
    .flatMap(({ words, context }) => [...words.slice(5, 5 + (context & 0xff))]);
}

/** Outcomes of batched transactions: context, ReqStatus, code. */
export function outcomes(replies: readonly Reply[]): number[][] {
  return replies
    .filter(
      ({ multiple, functionCode, context }) =>
        multiple && functionCode === s.SOCKET_SEND && (context & 0xff00) !== 0,
    )
    .flatMap(({ words, context }) =>
      Array.from({ length: context & 0xff }, (_, i) => [
        words[5 + 2 * i],
        words[6 + 2 * i] >>> 24,
        words[6 + 2 * i] & 0xffff,
      ]),
    );
}

/** Replies that are neither contexts, outcomes nor receive records. */
export function singles(replies: readonly Reply[]): Reply[] {
  return replies.filter(({ multiple }) => !multiple);
}

export interface Received {
  readonly bucket: number;
  readonly socketId: number;
  readonly offset: number;
  readonly flags: number;
  readonly length: number;
  readonly status: number;
}

export function records(replies: readonly Reply[]): Received[] {
  return replies
    .filter(({ multiple, functionCode }) => multiple && functionCode === s.SOCKET_RECEIVE_POST)
    .flatMap(({ words, context }) =>
      Array.from({ length: context & 0xff }, (_, i) => {
        const at = 6 + 4 * i;
        return {
          bucket: words[at],
          socketId: words[at + 1] & 0xffff,
          offset: words[at + 2] & 0xffffff,
          flags: words[at + 2] >>> 24,
          length: words[at + 3] & 0xffffff,
          status: words[at + 3] >>> 24,
        };
      }),
    );
}
