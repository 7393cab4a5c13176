/** What of an answer is compared between a recording and its replay, and how an answer is told. */
import type { DecodedFrame } from '../trace/decode/frame.ts';
import type { Values } from '../trace/decode/values.ts';
import type { ReplayPorts } from './host-memory.ts';

/** The card chooses them: they are mapped, not compared. */
const PORTS = ['localPort', 'remotePort'];
/** They depend on time, on how answers were batched, or on the transport. */
const VARYING = new Set([
  'state',
  'smoothedRttUs',
  'rtoUs',
  'congestionWindowBytes',
  'slowStartThresholdBytes',
  'sendWindowBytes',
  'receiveWindowBytes',
  'retransmissions',
  'unacknowledgedBytes',
  'bucketsRemaining',
  'preservedMfaLow',
]);
/** Answered by lists whose elements are compared, each by itself. */
const LISTS = ['SocketReceivePost', 'SocketSend', 'SocketSendTo'];
/** The only event whose coming does not depend on time: ConnectionState. */
const EVENT_CONNECTION_STATE = 1;

/**
 * Keys of the answers a request wants, or a reply holds: one an answer that is compared by itself. What a
 * list holds is not among them, but for the outcomes of a batch.
 */
export function keysOf(frame: DecodedFrame): string[] {
  const { message, target, initiatorContext, transactionContext, fields } = frame;
  const key = (context: unknown): string => `${message} ${target} ${initiatorContext} ${context}`;
  if (frame.form === 'request') {
    if (frame.fields['replyMode'] === 'Never' || frame.fields['replyMode'] === 'OnError') return [];
    if (message === 'SocketAcceptPost') return frame.list.map(({ acceptedId }) => key(acceptedId));
    return transactionContext === undefined ? [] : [key(transactionContext)];
  }
  if (message === 'UtilEventRegister' && fields['eventIndicator'] !== '0x0' && frame.form === 'progress') {
    return fields['eventIndicator'] === EVENT_CONNECTION_STATE ? [`${message} ${fields['eventData']}`] : [];
  }
  if (LISTS.includes(message) && frame.transactionContext === undefined) {
    return frame.list
      .filter(({ outcome }) => outcome !== undefined)
      .map(({ context }) => `${message} batch ${context}`);
  }
  return transactionContext === undefined ? [] : [key(transactionContext)];
}

/** A reply's answers, each with its key; of a batch's outcomes each by itself. */
export function answersOf(frame: DecodedFrame): [key: string, answer: DecodedFrame][] {
  const keys = keysOf(frame);
  const outcomes = frame.list.filter(({ outcome }) => outcome !== undefined);
  return keys.map((key, i) => [key, outcomes.length === 0 ? frame : { ...frame, list: [outcomes[i]] }]);
}

/** Whether two answers say the same. Learns what ports of the one stand for those of the other. */
export function sameFields(recorded: DecodedFrame, replayed: DecodedFrame, ports: ReplayPorts): boolean {
  for (const name of PORTS) {
    const from = recorded.fields[name];
    const to = replayed.fields[name];
    if (typeof from === 'number' && typeof to === 'number' && from !== to) ports.learn(from, to);
  }
  return answerText(recorded) === answerText(replayed);
}

/** What an answer says, as far as it is compared. */
export function answerText({ form, status, detail, fields, list }: DecodedFrame): string {
  const parts: string[] = [form];
  if (status !== undefined) parts.push(detail === undefined ? status : `${status} ${detail}`);
  parts.push(...fieldTexts(fields));
  for (const { outcome } of list) if (outcome !== undefined) parts.push(`outcome ${outcome}`);
  return parts.join(', ');
}

function fieldTexts(fields: Values): string[] {
  return Object.entries(fields)
    .filter(
      ([name]) => !VARYING.has(name) && !PORTS.includes(name) && !name.startsWith('trl') && name !== 'count',
    )
    .map(([name, value]) => `${name} ${value}`);
}
