/**
 * Every reply vector against the driver: one that is wrong is refused and counted, whether or not somebody
 * waits for it; one that is good is taken when it was asked for; none makes it throw or lose a buffer.
 */
import { describe, expect, it } from 'vitest';
import { FLAG_FAIL, frameFlags, frameTransactionContext } from '../../src/i2o/frame.ts';
import { SOCKET_CLOSE, SOCKET_CONNECT, SOCKET_SEND } from '../../src/i2o/socket.gen.ts';
import {
  HANDLER_ACCEPT,
  HANDLER_CLOSE,
  HANDLER_CONNECT,
  HANDLER_CONTROL,
  HANDLER_EVENT,
  HANDLER_RECEIVE,
  HANDLER_SEND,
} from '../../src/osm/message/handlers.ts';
import { WRITABLE } from '../../src/socket/contract.ts';
import { ScriptedCard } from '../osm/scripted-card.ts';
import { type Vector, vectorFiles, wordsOf } from './vectors.ts';

const HANDLERS: Readonly<Record<string, number>> = {
  SocketSend: HANDLER_SEND,
  SocketSendTo: HANDLER_SEND,
  SocketReceivePost: HANDLER_RECEIVE,
  SocketConnect: HANDLER_CONNECT,
  SocketAcceptPost: HANDLER_ACCEPT,
  SocketClose: HANDLER_CLOSE,
  SocketAbort: HANDLER_CLOSE,
  UtilEventRegister: HANDLER_EVENT,
};

/**
 * The card says the vector's reply, to the handler its message has.
 * @param context word 3, where it is a context.
 */
function say(card: ScriptedCard, vector: Vector, context?: number): void {
  card.reply((words, frame) => {
    words.set(wordsOf(vector), frame);
    words[frame + 2] = HANDLERS[vector.message] ?? HANDLER_CONTROL;
    if (context !== undefined) words[frame + 3] = context;
  });
  card.host.driver.poll();
}

const replies = vectorFiles().flatMap((file) => file.vectors.filter(({ kind }) => kind === 'reply'));
const named = (vectors: readonly Vector[]): [string, Vector][] =>
  vectors.map((vector) => [vector.id, vector]);
const bad = replies.filter(({ expect: { judgement } }) => judgement === 'bad');
const good = replies.filter(({ expect: { judgement } }) => judgement === 'good');
const ofMessage = (vectors: readonly Vector[], name: string): Vector[] =>
  vectors.filter(({ message }) => message === name);

describe('a reply nobody waits for', () => {
  it.each(named(bad))('%s is refused', (_id, vector) => {
    const card = new ScriptedCard();
    const socket = card.connect();
    const refused = card.counters['outboundRefused'];
    say(card, vector);
    expect(card.counters['outboundRefused']).toBe(refused + 1);
    expect(card.sockets.readiness(socket) & WRITABLE).not.toBe(0);
    expect(card.host.transmit.inUse).toBe(0);
  });

  it('does no harm, good as it may be', () => {
    for (const vector of good) {
      const card = new ScriptedCard();
      const socket = card.connect();
      say(card, vector);
      expect(card.sockets.readiness(socket) & WRITABLE, vector.id).not.toBe(0);
      expect(card.sockets.socketsInUse, vector.id).toBe(1);
      expect(card.host.transmit.inUse, vector.id).toBe(0);
    }
  });
});

/** A socket in the middle of its connect. @returns the context the card would answer with. */
function connecting(card: ScriptedCard): { socket: number; context: number } {
  const socket = card.sockets.socket();
  card.sockets.connect(socket, 0x7f000001, 80);
  const [request] = card.takenOf(SOCKET_CONNECT);
  return { socket, context: frameTransactionContext(request!, 0) };
}

describe('a reply to SocketConnect that was asked for', () => {
  it.each(named(ofMessage(bad, 'SocketConnect')))('%s connects nobody', (_id, vector) => {
    const card = new ScriptedCard();
    const { socket, context } = connecting(card);
    const refused = card.counters['outboundRefused'];
    say(card, vector, context);
    expect(card.sockets.send(socket, new Uint8Array(1), 0, 1)).toBeLessThan(0);
    expect(card.counters['outboundRefused']).toBe(refused + 1);
  });

  it.each(named(ofMessage(good, 'SocketConnect')))('%s is taken', (_id, vector) => {
    const card = new ScriptedCard();
    const { context } = connecting(card);
    const refused = card.counters['outboundRefused'];
    say(card, vector, context);
    expect(card.counters['outboundRefused']).toBe(refused);
  });
});

describe('a reply to SocketClose that was asked for', () => {
  const closing = (card: ScriptedCard): number => {
    const socket = card.connect();
    card.sockets.close(socket);
    return frameTransactionContext(card.takenOf(SOCKET_CLOSE)[0], 0);
  };
  it.each(named(ofMessage(good, 'SocketClose')))('%s frees the number', (_id, vector) => {
    const card = new ScriptedCard();
    say(card, vector, closing(card));
    expect(card.sockets.socketsInUse).toBe(0);
  });
});

describe('a reply to SocketSend that was asked for', () => {
  it.each(named(ofMessage(replies, 'SocketSend')))(
    '%s gives back what it names and no more',
    (_id, vector) => {
      const card = new ScriptedCard();
      const socket = card.connect();
      const bytes = new Uint8Array(1000);
      for (let i = 0; i < 4; i++) card.sockets.send(socket, bytes, 0, bytes.length);
      card.takenOf(SOCKET_SEND);
      const lent = card.host.transmit.inUse;
      expect(lent).toBeGreaterThan(0);
      say(card, vector);
      const plain = (frameFlags(wordsOf(vector), 0) & (FLAG_FAIL | 0x10)) === 0x10;
      const contexts = plain && vector.expect['judgement'] === 'good' ? (vector.list ?? []).flat() : [];
      expect(card.host.transmit.inUse).toBeGreaterThanOrEqual(lent - contexts.length);
      expect(card.host.transmit.inUse).toBeLessThanOrEqual(lent);
    },
  );
});
