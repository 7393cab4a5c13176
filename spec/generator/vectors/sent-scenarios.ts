/** Scenarios of what a card tells of bytes that it has sent: Sent records, and when there is none. */
import type { ExpectedItem, Scenario, ScenarioStep } from '../../../src/conform/card/vector-file.ts';
import * as s from './script.ts';
import type { Specs } from './states.ts';
import { VECTOR_MEMORY } from './vector.ts';

/** Sockets of the setups: connected to each other. */
const SUBJECT = 2;
const PEER = 3;
const NOTSENT_LOWAT = 24;
const SENT = 0x10;
const LAST_IN_BUCKET = 0x40;
const FLAGS_MASK = 0xff00_0000;
const BUCKETS_PER_FRAME = 8;
const EIGHT = [600, 600, 600, 600, 600, 600, 600, 600];
const IMMEDIATE_MODE = 1;

/** Sets TCP_NOTSENT_LOWAT. */
function limit(
  specs: Specs,
  socketId: number,
  value: number,
  items: readonly ExpectedItem[] = [],
): ScenarioStep {
  const frame = s.request(specs, 'SocketOptionSet', { socketId, option: NOTSENT_LOWAT, value });
  const title = value === 0 ? 'no limit any more' : `a limit of ${value} bytes`;
  return s.step(title, frame, { replies: [s.status(frame, s.SUCCESS, 0)], items });
}

/** Sends from whole buffers, which come home. @param lengths of each, from the first buffer on. */
function send(
  specs: Specs,
  title: string,
  lengths: readonly number[],
  items: readonly ExpectedItem[] = [],
  socketId = SUBJECT,
): ScenarioStep {
  const list = lengths.flatMap((length, i): s.Part[] => [
    ((i === lengths.length - 1 ? 0xd5000000 : 0x55000000) | length) >>> 0,
    i,
    s.transmit(i),
  ]);
  const frame = s.request(specs, 'SocketSend', { socketId, replyMode: IMMEDIATE_MODE }, list);
  const arrived = arriving(socketId === SUBJECT ? PEER : SUBJECT);
  return s.step(title, frame, { items: [...lengths.map((_, i) => s.home(i)), ...arrived, ...items] });
}

/** Whatever records bring the bytes to their other end. */
function arriving(socketId: number): ExpectedItem[] {
  return [0, LAST_IN_BUCKET].map((flags) => {
    const words = [undefined, socketId, { value: (flags << 24) >>> 0, mask: FLAGS_MASK }, undefined];
    return { message: 'SocketReceivePost', status: s.SUCCESS, any: true, ...s.expected(words) };
  });
}

/** Posts all buckets that the vectors have, contexts their numbers. */
function buckets(specs: Specs): ScenarioStep[] {
  const { bufferBytes } = VECTOR_MEMORY.receive;
  return [0, BUCKETS_PER_FRAME].map((first) => {
    const list = Array.from({ length: BUCKETS_PER_FRAME }, (_, i): s.Part[] => [
      ((i === BUCKETS_PER_FRAME - 1 ? 0xd1000000 : 0x51000000) | bufferBytes) >>> 0,
      first + i,
      s.receive(first + i),
    ]);
    return s.step(
      'buckets',
      s.request(specs, 'SocketReceivePost', { bucketCount: list.length }, list.flat()),
    );
  });
}

/** @param bytes of the stream, sent in all. */
function sent(bytes: number, socketId = SUBJECT): ExpectedItem {
  return {
    message: 'SocketReceivePost',
    status: s.SUCCESS,
    ...s.expected([bytes, socketId, (SENT << 24) >>> 0, 0]),
  };
}

export function sentScenarios(specs: Specs): Scenario[] {
  const scenario = (name: string, title: string, steps: readonly ScenarioStep[]): Scenario => ({
    id: `SocketSend/sent/${name}`,
    title,
    state: 'socket.Connected',
    steps: [...buckets(specs), ...steps],
  });
  return [
    scenario('told', 'told where a host would think that half of the limit waits, and not before', [
      limit(specs, SUBJECT, 2048),
      send(specs, '4000 bytes in two buffers', [2000, 2000], [sent(4000)]),
      send(specs, '500 more are less than half of the limit', [500]),
      send(specs, '600 more are not, with those', [600], [sent(5100)]),
    ]),
    scenario('later', 'a limit that comes later finds what was sent before', [
      send(specs, '3000 bytes', [1500, 1500]),
      limit(specs, SUBJECT, 2048, [sent(3000)]),
      limit(specs, SUBJECT, 0),
      send(specs, '4000 bytes without a limit', [2000, 2000]),
      limit(specs, SUBJECT, 1024, [sent(7000)]),
    ]),
    scenario('all', 'told once few wait, however many were posted at once', [
      limit(specs, SUBJECT, 800),
      send(specs, '4800 bytes in eight buffers', EIGHT, [sent(4800)]),
    ]),
    scenario('both', 'of each socket by itself', [
      limit(specs, SUBJECT, 2048),
      limit(specs, PEER, 512),
      send(specs, '300 bytes back', [300], [sent(300, PEER)], PEER),
      send(specs, '300 bytes', [300]),
      send(specs, '1000 more', [1000], [sent(1300)]),
    ]),
  ];
}
