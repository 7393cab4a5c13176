/**
 * When the card may sleep: never while something waits that only needs an outbound frame, and never in
 * circles.
 */
import { describe, expect, it } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import {
  SGL_LAST,
  SGL_SIMPLE_IN,
  SGL_TRANSMIT,
  writeSglContext,
  writeSglSimple,
} from '../../src/i2o/list/sgl.ts';
import * as socket from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { BareCard } from './bed.ts';

/** An operational card with few outbound frames. */
function operational(outboundFrames: number): BareCard {
  const card = new BareCard({ pools: { outboundFrames }, driver: { socketsMax: 32 } });
  const { control } = card.memory.layout;
  card.post((w, f) => {
    exec.writeExecOutboundInit(w, f, IOP_TID, HOST_TID, 0, 0, 4096, 0x80, 32, 8);
    writeSglSimple(w, f + 6, SGL_SIMPLE_IN | SGL_LAST, 4, control + 512);
  });
  card.post((w, f) => {
    exec.writeExecSysTabSet(w, f, IOP_TID, HOST_TID, 0, 0, 2, 0, 0, 12);
    let at = f + 6;
    for (const last of [0, 0, SGL_LAST]) at = writeSglSimple(w, at, 0x54 | last, 48, control);
  });
  enable(card);
  expect(card.run().map((reply) => reply[4] >>> 24)).toEqual([0, 0]);
  return card;
}

function enable(card: BareCard): void {
  card.post((w, f) => exec.writeExecSysEnable(w, f, IOP_TID, HOST_TID, 0, 0));
}

/** Turns without taking replies. */
function turns(card: BareCard): void {
  for (let i = 0; i < 20; i++) card.parts.processor.poll();
}

function take(card: BareCard, count: number): void {
  for (let i = 0; i < count; i++) {
    expect(card.outbound.receive()).not.toBe(NO_FRAME);
    card.outbound.release();
  }
}

function create(card: BareCard, count: number): void {
  for (let i = 0; i < count; i++) {
    card.post((w, f) =>
      socket.writeSocketCreate(
        w,
        f,
        DEVICE_TID,
        HOST_TID,
        0,
        0,
        i,
        socket.REPLY_MODE_ON_ERROR,
        socket.SOCKET_TYPE_STREAM,
      ),
    );
  }
  turns(card);
}

function close(card: BareCard, count: number): void {
  for (let i = 0; i < count; i++) {
    card.post((w, f) => socket.writeSocketClose(w, f, DEVICE_TID, HOST_TID, 0, 0, i));
  }
}

/** Sends on a socket that is not connected, and wants no outcome: its contexts are answered, nothing else. */
function send(card: BareCard, socketId: number, contexts: readonly number[]): void {
  const { offset, bufferBytes } = card.memory.layout.transmit;
  card.post((w, f) => {
    const sizeWords = socket.SOCKET_SEND_SGL_WORD + contexts.length * 3;
    socket.writeSocketSend(
      w,
      f,
      DEVICE_TID,
      HOST_TID,
      4,
      0,
      socketId,
      socket.REPLY_MODE_NEVER,
      0,
      0,
      0,
      sizeWords,
    );
    let at = f + socket.SOCKET_SEND_SGL_WORD;
    contexts.forEach((context, i) => {
      const flags = i === contexts.length - 1 ? SGL_TRANSMIT | SGL_LAST : SGL_TRANSMIT;
      at = writeSglContext(w, at, flags, 1, context, offset + context * bufferBytes);
    });
  });
}

describe('a card whose outbound queue is full', () => {
  it('polls again when frames were released between its last turn and its rest', () => {
    const card = operational(8);
    create(card, 10);
    close(card, 10);
    turns(card);
    expect(card.parts.processor.arm()).toBe(true); // two replies wait for a frame
    take(card, 8);
    expect(card.outbound.publish()).toBe(2);
    expect(card.parts.processor.arm()).toBe(false);
    expect(card.run().length).toBe(2);
    expect(card.parts.processor.arm()).toBe(true);
  });

  it('rests while too few frames are free for a request, and hears of each that is released', () => {
    const card = operational(8);
    for (let i = 0; i < 7; i++) enable(card);
    turns(card); // five answered; three frames free
    expect(card.parts.processor.arm()).toBe(true);
    take(card, 1);
    expect(card.outbound.publish()).toBe(2);
    expect(card.parts.processor.poll()).toBe(1);
    expect(card.parts.processor.arm()).toBe(true);
    take(card, 1);
    expect(card.outbound.publish()).toBe(2);
    expect(card.parts.processor.poll()).toBe(1);
  });

  it('asks again when it finds that one was released, but too few', () => {
    const card = operational(8);
    create(card, 10);
    close(card, 7);
    turns(card);
    enable(card); // needs four free; there is one
    turns(card);
    take(card, 1);
    card.outbound.publish();
    expect(card.parts.processor.arm()).toBe(true);
    take(card, 1);
    expect(card.outbound.publish()).toBe(2);
  });

  it('has no deadline for contexts that found no frame', () => {
    const card = operational(8);
    create(card, 11);
    close(card, 10);
    send(card, 10, [0]);
    turns(card);
    card.clock.set(1e9);
    turns(card);
    expect(card.parts.processor.arm()).toBe(true);
    expect(card.parts.processor.nextDeadlineNs()).toBeGreaterThan(1e9);
    take(card, 8);
    card.outbound.publish();
    expect(card.run().length).toBe(3);
  });
});

describe('a quiesced card', () => {
  it('answers contexts, and has a frame left for its own reply', () => {
    const card = operational(4);
    create(card, 1);
    const before = card.region.bytes.slice(0, 64);
    for (let i = 0; i < 15; i++) {
      send(
        card,
        0,
        Array.from({ length: 8 }, (_, k) => i * 8 + k),
      );
    }
    card.post((w, f) => exec.writeExecSysQuiesce(w, f, IOP_TID, HOST_TID, 0, 77));
    card.parts.processor.poll();
    expect(card.region.bytes.slice(0, 64)).toEqual(before);
    const replies = card.run();
    expect(replies.at(-1)![3]).toBe(77);
    enable(card);
    card.clock.set(1e9);
    const counts = [...replies.slice(0, -1), ...card.run()].filter((r) => r[1] >>> 24 === socket.SOCKET_SEND);
    expect(counts.reduce((sum, reply) => sum + (reply[3] & 0xff), 0)).toBe(120);
  });

  it('has no deadlines while it gets no turns', () => {
    const card = operational(8);
    create(card, 1);
    send(card, 0, [0]);
    turns(card);
    card.post((w, f) => exec.writeExecSysQuiesce(w, f, IOP_TID, HOST_TID, 0, 77));
    card.run();
    card.clock.set(1e12);
    expect(card.parts.processor.nextDeadlineNs()).toBe(Number.POSITIVE_INFINITY);
  });
});
