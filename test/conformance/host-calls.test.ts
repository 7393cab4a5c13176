/**
 * Reply vectors in real transactions of the driver: a call is made, the card answers it with the vector. A
 * good one is what the call returns, a bad one is refused and counted, and the call ends with an errno;
 * nothing throws, hangs or is lost.
 */
import { describe, expect, it } from 'vitest';
import { frameFunction, frameInitiatorContext, frameTransactionContext } from '../../src/i2o/frame.ts';
import { SOCKET_BIND } from '../../src/i2o/socket.gen.ts';
import { SOCK_DGRAM } from '../../src/socket/contract.ts';
import { TCP_NODELAY } from '../../src/socket/options.ts';
import { messageNamed } from '../../src/spec/catalogue.ts';
import { ScriptedCard } from '../osm/scripted-card.ts';
import { type Vector, vectorFile, wordsOf } from './vectors.ts';

/** Calls that wait for their reply. @returns what the program is told: negative for an errno. */
const CALLS: Readonly<Record<string, (card: ScriptedCard) => unknown>> = {
  SocketBind: ({ sockets }) => sockets.bind(sockets.socket(), 0x7f000001, 80),
  SocketListen: ({ sockets }) => sockets.listen(sockets.socket(), 8),
  SocketOptionSet: (card) => card.sockets.setOption(card.connect(), TCP_NODELAY, 1),
  SocketOptionGet: (card) => card.sockets.getOption(card.connect(), 0x100),
  SocketStatusGet: (card) => card.sockets.status(card.connect()),
  SocketNameGet: ({ sockets }) => sockets.localEndpoint(sockets.socket(SOCK_DGRAM)),
};

/** The card answers every request of the message with the vector, in the request's own contexts. */
function answerWith(card: ScriptedCard, vector: Vector): () => number {
  const { function: code } = messageNamed(vector.message)!;
  let answered = 0;
  card.onRequest = (request) => {
    if (frameFunction(request, 0) === SOCKET_BIND && code !== SOCKET_BIND) card.status(request, 0, 0, 80);
    if (frameFunction(request, 0) !== code) return;
    answered += 1;
    card.reply((words, frame) => {
      words.set(wordsOf(vector), frame);
      words[frame + 2] = frameInitiatorContext(request, 0);
      words[frame + 3] = frameTransactionContext(request, 0);
    });
  };
  return () => answered;
}

const replies = vectorFile('socket.json').vectors.filter(({ kind }) => kind === 'reply');

describe.each(Object.keys(CALLS))('a reply to %s that was asked for', (name) => {
  const vectors = replies.filter(({ message }) => message === name);
  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', (_id, vector) => {
    const card = new ScriptedCard();
    const answered = answerWith(card, vector);
    const refused = card.counters['outboundRefused'];
    const result = CALLS[name](card);
    if (answered() === 0) throw new Error(`the call sends no ${name}`);
    const good = vector.expect['judgement'] === 'good';
    const successful = good && wordsOf(vector)[4] >>> 24 === 0;
    const failed = result === undefined || (typeof result === 'number' && result < 0);
    const value = name === 'SocketOptionGet' && successful ? vector.fields['value'] | 0 : undefined;
    if (value !== undefined) expect(result).toBe(value);
    else if (name === 'SocketNameGet') {
      // A socket whose name is not told has none: address and port 0, as one that is not bound.
      const { address = 0, port = 0 } = successful ? vector.fields : {};
      expect(result).toEqual({ address, port });
    } else expect(failed).toBe(!successful);
    expect(card.counters['outboundRefused'] - refused).toBe(good ? 0 : 1);
    expect(card.host.transmit.inUse).toBe(0);
  });
});
