/** What is compared of an answer between a recording and its replay, and how an answer is put in words. */
import { getConnectionStateEventOldState, TCP_STATE_CLOSED } from '../i2o/socket.gen.ts';
import { IOP_TID } from '../i2o/tids.ts';
import type { DecodedFrame } from '../trace/decode/frame.ts';
import type { Values } from '../trace/decode/values.ts';
import type { ReplayPorts } from './host-memory.ts';

/** Fields with ports that the card chooses: they are mapped, not compared. */
const PORTS = ['localPort', 'remotePort'];
/** Fields that depend on time, on how answers were batched, or on the transport. */
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
/** Messages that are answered by lists, of which each element is compared by itself. */
const LISTS = ['SocketReceivePost', 'SocketSend', 'SocketSendTo'];
/**
 * ConnectionState of a device. Only a change that the host itself brings about, out of Closed, comes whatever the
 * timing: every other may find the socket closed by its host.
 */
const EVENT_CONNECTION_STATE = 1;

/**
 * The keys of the answers that a request asks for, or that a reply holds: a key for each answer that is
 * compared by itself. Elements of lists have none, except for the outcomes of a batch.
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
    const data = Number(fields['eventData']);
    const ofSocket = target !== IOP_TID && fields['eventIndicator'] === EVENT_CONNECTION_STATE;
    return ofSocket && getConnectionStateEventOldState(Int32Array.of(data), 0) === TCP_STATE_CLOSED
      ? [`${message} ${data}`]
      : [];
  }
  if (LISTS.includes(message) && frame.transactionContext === undefined) {
    return frame.list
      .filter(({ outcome }) => outcome !== undefined)
      .map(({ context }) => `${message} batch ${context}`);
  }
  return transactionContext === undefined ? [] : [key(transactionContext)];
}

/**
 * Whether an answer may come or not as time has it: a send that is refused since its connection is over was sent
 * before that in another run.
 */
export function dependsOnTime({ message, status }: DecodedFrame): boolean {
  return (message === 'SocketSend' || message === 'SocketSendTo') && status !== 'Success';
}

/** A reply's answers, each with its key. A batch's reply has an answer for each outcome. */
export function answersOf(frame: DecodedFrame): [key: string, answer: DecodedFrame][] {
  const keys = keysOf(frame);
  const outcomes = frame.list.filter(({ outcome }) => outcome !== undefined);
  return keys.map((key, i) => [key, outcomes.length === 0 ? frame : { ...frame, list: [outcomes[i]] }]);
}

/** Whether two answers say the same. Learns from them which replayed port stands for which recorded one. */
export function sameFields(recorded: DecodedFrame, replayed: DecodedFrame, ports: ReplayPorts): boolean {
  for (const name of PORTS) {
    const from = recorded.fields[name];
    const to = replayed.fields[name];
    if (typeof from === 'number' && typeof to === 'number' && from !== to) ports.learn(from, to);
  }
  return answerText(recorded) === answerText(replayed);
}

/** What an answer says, in words, as far as it is compared. */
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
