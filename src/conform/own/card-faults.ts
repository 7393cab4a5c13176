/**
 * Faults on purpose: what `inic conform` must tell of a card. Each of the first spoils what has to do with
 * SocketNameGet alone, so that every other case still passes; those of the transport spoil cases of that alone.
 */
import { FLAG_MULTIPLE, frameFlags, frameFunction } from '../../i2o/frame.ts';
import {
  getReceiveRecordFlags,
  RECEIVE_FLAG_SENT,
  RECEIVE_RECORD_WORDS,
  SOCKET_NAME_GET,
  SOCKET_RECEIVE_POST,
  SOCKET_RECEIVE_POST_REPLY_WORDS,
} from '../../i2o/socket.gen.ts';
import type { FrameReceiver } from '../ends/frame-receiver.ts';
import * as pipe from '../pipe/pipe.gen.ts';
import type { Backend } from './backend.ts';

export const CARD_FAULTS = [
  'wrong-context',
  'wrong-status',
  'no-answer',
  'double-answer',
  'hang',
  'death',
  'junk',
  'outside-read',
  'outside-write',
  'unannounced',
  'overrun',
  'out-of-turn',
  'flood',
] as const;

/** Of the transport: each spoils what comes in a burst, or behind a reset, or is announced for nothing. */
export const TRANSPORT_FAULTS = [
  'rests-over-work',
  'interrupts-each',
  'minds-hints',
  'outlives-reset',
] as const;
export type TransportFault = (typeof TRANSPORT_FAULTS)[number];
/** Of what is told as sent: each spoils Sent records alone. */
export const SENT_FAULTS = ['sent-too-much', 'sent-not-told', 'sent-of-another'] as const;
export type SentFault = (typeof SENT_FAULTS)[number];
export type CardFault = (typeof CARD_FAULTS)[number] | TransportFault | SentFault;
/** All, by which `--fault` finds them. */
export const ALL_CARD_FAULTS: readonly CardFault[] = [...CARD_FAULTS, ...TRANSPORT_FAULTS, ...SENT_FAULTS];

const EXIT_STATUS = 3;
/** What `answersWrongly` says of an answer that is sent once, and not announced. */
export const QUIETLY = -1;

/** Spoils an answer. @returns how often it is to be sent. */
export function answersWrongly(fault: CardFault, words: Int32Array, at: number): number {
  if (SENT_FAULTS.some((name) => name === fault)) return tellsSentWrongly(fault, words, at);
  if (frameFunction(words, at) !== SOCKET_NAME_GET) return 1;
  switch (fault) {
    case 'wrong-context':
      words[at + 2] ^= 1;
      return 1;
    case 'wrong-status':
      words[at + 4] = 0x0100_0000;
      return 1;
    case 'no-answer':
      return 0;
    case 'double-answer':
      return 2;
    case 'unannounced':
      return QUIETLY;
    default:
      return 1;
  }
}

/** Spoils each Sent record of a reply. @returns how often the reply is to be sent. */
function tellsSentWrongly(fault: CardFault, words: Int32Array, at: number): number {
  if (frameFunction(words, at) !== SOCKET_RECEIVE_POST || (frameFlags(words, at) & FLAG_MULTIPLE) === 0)
    return 1;
  const count = words[at + 3] & 0xff;
  for (let i = 0; i < count; i++) {
    const record = at + SOCKET_RECEIVE_POST_REPLY_WORDS + i * RECEIVE_RECORD_WORDS;
    if (getReceiveRecordFlags(words, record) !== RECEIVE_FLAG_SENT) continue;
    if (fault === 'sent-not-told') return 0;
    if (fault === 'sent-too-much') words[record] += 1;
    else words[record + 1] ^= 1;
  }
  return 1;
}

/** Does what no back-end may, when a SocketNameGet has come. */
export function misbehave(fault: CardFault, backend: Backend, inbound: FrameReceiver): void {
  if (!inbound.waits((words, at) => frameFunction(words, at) === SOCKET_NAME_GET)) return;
  switch (fault) {
    case 'hang':
      for (;;) backend.next();
    case 'death':
      process.exit(EXIT_STATUS);
      break;
    case 'junk':
      backend.raw(new Uint8Array(64).fill(0x4a));
      return;
    case 'outside-read':
      backend.send(pipe.PIPE_MEMORY_READ, [0x7fff_fff0, 4]);
      return;
    case 'outside-write':
      backend.send(pipe.PIPE_MEMORY_WRITE, [0, 4], new Uint8Array(4));
      return;
    case 'overrun':
      backend.numbers(pipe.PIPE_RELEASE, [-1]);
      return;
    case 'out-of-turn':
      backend.send(pipe.PIPE_TURN, [0, 0]);
      return;
    case 'flood':
      for (let i = 0; i < pipe.PIPE_MESSAGES_PER_TURN_MAX; i++) backend.send(pipe.PIPE_INTERRUPT);
      return;
  }
}
