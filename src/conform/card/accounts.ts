/**
 * The books of a card at rest, closed by the protocol alone: the device is quiesced and started again, then
 * every buffer, bucket and number there is is used once. Whatever the card still held would be refused.
 */
import { SGL_BUCKET, SGL_IMMEDIATE, SGL_LAST, SGL_TRANSMIT } from '../../i2o/list/sgl.ts';
import * as socket from '../../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../i2o/tids.ts';
import type { BareHost } from './bare-host.ts';
import { replyText } from './reply-words.ts';

const SYS_QUIESCE = 0xc3;
const SYS_ENABLE = 0xd1;
const EPIPE = 32;
const NEVER = 3;
const BUCKETS_PER_FRAME = 9;
const BUFFERS_PER_FRAME = 8;
const SLOTS_PER_FRAME = 6;
const HOLD_NS = 100_000;

/** Contexts of transmit buffers and immediate slots that came back, in order. */
export function contextsOf(replies: readonly Int32Array[]): number[] {
  return replies
    .filter((words) => (words[0] & 0x1000) !== 0 && words[1] >>> 24 === socket.SOCKET_SEND)
    .filter((words) => (words[3] & 0xff00) === 0)
    .flatMap((words) => [...words.subarray(5, 5 + (words[3] & 0xff))]);
}

/**
 * An operational card of `socketsMax` numbers; its sockets do not outlive this.
 * @returns what it has kept, in words; '' for nothing.
 */
export function poolsLost(card: BareHost, socketsMax: number): string {
  const { layout } = card.memory;
  ask(card, IOP_TID, SYS_QUIESCE, 0, []);
  ask(card, IOP_TID, SYS_ENABLE, 0, []);
  const lost: string[] = [];
  for (let id = 0; id < socketsMax; id++) {
    const mode = 1 << 30;
    const [reply] = ask(card, DEVICE_TID, socket.SOCKET_CREATE, 0, [id | mode, socket.SOCKET_TYPE_STREAM]);
    if (reply === undefined || reply[4] !== 0)
      lost.push(`socket ${id} cannot be made: ${saidOf(reply === undefined ? [] : [reply])}`);
  }
  const { transmit, immediate, receive } = layout;
  const buffers = Array.from({ length: transmit.count }, (_, i) => [
    (SGL_TRANSMIT << 24) | 4,
    i,
    transmit.offset + i * transmit.bufferBytes,
  ]);
  const slots = Array.from({ length: immediate.count }, (_, i) => [
    (SGL_IMMEDIATE << 24) | 4,
    transmit.count + i,
    0,
  ]);
  const home: number[] = [];
  for (const list of [...groups(buffers, BUFFERS_PER_FRAME), ...groups(slots, SLOTS_PER_FRAME)]) {
    const replies = ask(card, DEVICE_TID, socket.SOCKET_SEND, 6, [1 << 30, 0, ...list]);
    home.push(...contextsOf(replies));
    // Nobody is connected: each is given back, and the request is refused by that and nothing else.
    const refused = replies.filter((words) => (words[0] & 0x1000) === 0);
    if (refused.length !== 1 || (refused[0][4] & 0xffff) !== EPIPE)
      lost.push(`a send of contexts ${list[1]} and on drew ${saidOf(refused)}, and not EPIPE`);
  }
  const all = transmit.count + immediate.count;
  if (home.length !== all || new Set(home).size !== all)
    lost.push(`${all - new Set(home).size} of ${all} contexts never came back`);
  const buckets = Array.from({ length: receive.count }, (_, i) => [
    (SGL_BUCKET << 24) | receive.bufferBytes,
    i,
    receive.offset + i * receive.bufferBytes,
  ]);
  for (const list of groups(buckets, BUCKETS_PER_FRAME)) {
    const replies = ask(card, DEVICE_TID, socket.SOCKET_RECEIVE_POST, 4, list, list.length / 3);
    if (replies.length > 0) lost.push(`a post of ${list.length / 3} buckets drew ${saidOf(replies)}`);
  }
  const kept = [...lost, card.framesLost().replace(/^(?=.)/, 'the card has kept ')].filter(
    (text) => text !== '',
  );
  return kept.length === 0 ? '' : `quiesced and enabled again, ${kept.join('; ')}`;
}

const saidOf = (replies: readonly Int32Array[]): string =>
  replies.map((reply) => replyText(reply)).join('; ') || 'nothing';

/** Lists of so many elements each, the last of each marked. */
function groups(elements: readonly number[][], length: number): number[][] {
  const lists: number[][] = [];
  for (let from = 0; from < elements.length; from += length) {
    const part = elements.slice(from, from + length).map((words) => [...words]);
    const last = part.at(-1)!;
    last[0] = last[0] | (SGL_LAST << 24);
    lists.push(part.flat());
  }
  return lists;
}

function ask(
  card: BareHost,
  target: number,
  functionCode: number,
  sglWord: number,
  body: readonly number[],
  context: number = NEVER,
): Int32Array[] {
  const posted = card.post((words, frame) => {
    words[frame] = 1 | (sglWord << 4) | ((4 + body.length) << 16);
    words[frame + 1] = target | (HOST_TID << 12) | (functionCode << 24);
    words[frame + 2] = 0;
    words[frame + 3] = context;
    words.set(body, frame + 4);
  });
  if (!posted) throw new Error('no inbound frame is free');
  const replies = card.run();
  card.clock.set(card.clock.nowNs + HOLD_NS);
  return [...replies, ...card.run()];
}
