/**
 * Scenarios of scatter-gather lists: every element type, buffers in pieces, chains, bit buckets, batches of
 * transactions.
 */
import type { ExpectedItem, Scenario, ScenarioStep } from '../../../src/conform/card/vector-file.ts';
import { FLAG_MULTIPLE } from './frames.ts';
import * as s from './script.ts';
import type { Specs } from './states.ts';
import { VECTOR_MEMORY } from './vector.ts';

/** Sockets of the setups: connected to each other. */
const SUBJECT = 2;
const PEER = 3;
const BUCKET_BYTES = VECTOR_MEMORY.receive.bufferBytes;
const INVALID_OFFSET = 0x10;
const INVALID_PARAMETER = 0x11;
const MISSING_PARAMETER = 0x16;
const EBADF = 9;
const LAST_IN_BUCKET = 0x40;
const IMMEDIATE_MODE = 1;
const ON_ERROR = 2;
const NEVER = 3;

/** Posts whole buckets, contexts their numbers. */
function buckets(specs: Specs, count: number): ScenarioStep {
  const list = Array.from({ length: count }, (_, i): s.Part[] => [
    ((i === count - 1 ? 0xd1000000 : 0x51000000) | BUCKET_BYTES) >>> 0,
    i,
    s.receive(i),
  ]);
  const frame = s.request(specs, 'SocketReceivePost', { bucketCount: count }, list.flat());
  return s.step('buckets', frame);
}

/** Bytes of the stream in a bucket. */
function record(bucket: number | undefined, byteLength: number, socketId = PEER): ExpectedItem {
  const words = [bucket, socketId, LAST_IN_BUCKET << 24, byteLength];
  return { message: 'SocketReceivePost', status: s.SUCCESS, ...s.expected(words) };
}

/** A send of one request whose bytes arrive whole in one bucket. */
function good(
  specs: Specs,
  id: string,
  title: string,
  list: readonly s.Part[],
  write: NonNullable<ScenarioStep['write']>,
  contexts: readonly s.Part[],
  arrived: readonly number[],
): Scenario {
  const frame = s.request(specs, 'SocketSend', { socketId: SUBJECT, replyMode: IMMEDIATE_MODE }, list);
  const items = [...contexts.map((context) => s.home(context)), record(0, arrived.length * 4)];
  const read = [s.held(s.receive(0), arrived)];
  return {
    id,
    title,
    state: 'socket.Connected',
    steps: [buckets(specs, 1), s.step(title, frame, { write, items, read })],
  };
}

/**
 * A send that is refused: nothing of it is queued.
 * @param items buffers that were the card's, and are given back.
 */
function bad(
  specs: Specs,
  id: string,
  title: string,
  list: readonly s.Part[],
  detail: number,
  items: readonly ExpectedItem[] = [],
): Scenario {
  const frame = s.request(specs, 'SocketSend', { socketId: SUBJECT, replyMode: IMMEDIATE_MODE }, list);
  return {
    id,
    title,
    state: 'socket.Connected',
    steps: [s.step(title, frame, { items, replies: [s.malformed(frame, detail, undefined)] })],
  };
}

function sends(specs: Specs): Scenario[] {
  const data = s.filled(256, 3);
  const buffer = [s.written(s.transmit(5), data)];
  const cut = (from: number, byteLength: number): number[] => data.slice(from / 4, (from + byteLength) / 4);
  const chain = [0xd5000010, 6, s.transmit(6)];
  const second = s.filled(16, 77);
  return [
    good(specs, 'SocketSend/list/segments', 'one buffer in three segments that do not touch',
      [0x15000010, 5, s.transmit(5), 0x14000008, s.transmit(5, 96), 0xd4000004, s.transmit(5, 48)],
      buffer, [5], [...cut(0, 16), ...cut(96, 8), ...cut(48, 4)]),
    good(specs, 'SocketSend/list/pages',
      'one buffer as a page list, of pages that SGL_ATTRIBUTES makes 64 bytes long',
      [0x7c010000, 64, 0xe5000060, 5, s.transmit(5, 96), s.transmit(5, 0)],
      buffer, [5], [...cut(96, 32), ...cut(0, 64)]),
    good(specs, 'SocketSend/list/chain', 'a buffer in the frame and one behind a chain pointer',
      [0x55000010, 5, s.transmit(5), 0xb000000c, s.transmit(9)],
      [...buffer, s.written(s.transmit(6), second), s.written(s.transmit(9), chain)],
      [5, 6], [...cut(0, 16), ...second]),
    good(specs, 'SocketSend/list/skipped',
      'IGNORE and TRANSPORT elements, which are skipped, between buffers',
      [0x00000002, 1, 2, 0x55000010, 5, s.transmit(5), 0x04000005, 3, 4,
        0xcc000004, s.immediate(2), 0x44434241],
      buffer, [5, s.immediate(2)], [...cut(0, 16), 0x44434241]),
    bad(specs, 'SocketSend/list/chain-nowhere', 'a chain pointer to what is not memory',
      [0xb000000c, 0xfffff000], INVALID_PARAMETER),
    bad(specs, 'SocketSend/list/chain-empty', 'a chain of no bytes',
      [0xb0000000, s.transmit(9)], INVALID_PARAMETER),
    bad(specs, 'SocketSend/list/chain-odd', 'a chain that is no whole words',
      [0xb000000a, s.transmit(9)], INVALID_PARAMETER),
    bad(specs, 'SocketSend/list/attributes-page', 'pages of a size that is no power of two',
      [0x7c010000, 100, 0xd5000010, 5, s.transmit(5)], INVALID_PARAMETER),
    bad(specs, 'SocketSend/list/local', 'a transmit buffer by a local address',
      [0xdd000010, 5, s.transmit(5)], INVALID_PARAMETER),
    bad(specs, 'SocketSend/list/bucket', 'a bucket, which is nothing to send',
      [0xd1000000 | BUCKET_BYTES, 0, s.receive(0)], INVALID_OFFSET),
    bad(specs, 'SocketSend/list/bit-bucket', 'a bit bucket, which is nothing to send',
      [0xc8000010, 0], INVALID_OFFSET),
    bad(specs, 'SocketSend/list/open', 'a buffer whose last segment is missing',
      [0x95000010, 5, s.transmit(5)], INVALID_OFFSET),
    bad(specs, 'SocketSend/list/endless', 'no element is the last one: the one behind which the message ends is bad',
      [0x55000010, 5, s.transmit(5), 0x55000010, 6, s.transmit(6)], INVALID_OFFSET, [s.home(5)]),
    bad(specs, 'SocketSend/list/endless-skipped', 'the same behind an element that is skipped',
      [0x00000001, 1, 0x55000010, 5, s.transmit(5)], INVALID_OFFSET),
    bad(specs, 'SocketSend/list/transaction',
      'a transaction, and MULTIPLE is clear: what follows is given back',
      [0x70010002, 1, 0xd5000010, 5, s.transmit(5)], INVALID_OFFSET, [s.home(5)]),
  ]; // biome-ignore format: a scenario each
}

function posts(specs: Specs): Scenario[] {
  const ask = (bucketCount: number, list: readonly s.Part[]) =>
    s.request(specs, 'SocketReceivePost', { bucketCount }, list);
  const half = BUCKET_BYTES / 2;
  const data = s.filled(80, 5);
  const send = s.request(specs, 'SocketSend', { socketId: SUBJECT, replyMode: IMMEDIATE_MODE }, [
    0xd5000050,
    0,
    s.transmit(0),
  ]);
  const write = [s.written(s.transmit(0), data)];
  const short = [1, 2, 3, 4].flatMap((bucket) => [
    0x11000040,
    bucket,
    s.receive(bucket),
    (((bucket === 4 ? 0xc8 : 0x48) << 24) | (BUCKET_BYTES - 64)) >>> 0,
    bucket,
  ]);
  const pieces = [0x11000000 | half, 0, s.receive(0), 0xd0000000 | half, s.receive(0, half)];
  const apart = [0x11000000 | half, 0, s.receive(0), 0xd0000000 | half, s.receive(1, half)];
  const wrong = ask(1, apart);
  const behind = [s.written(s.transmit(9), [0xd1000000 | BUCKET_BYTES, 4, s.receive(4)])];
  const { bytes } = s.malformed(wrong, INVALID_PARAMETER, undefined);
  const refusal = { bytes };
  const scenario = (name: string, title: string, state: string, ...steps: ScenarioStep[]): Scenario => ({
    id: `SocketReceivePost/list/${name}`,
    title,
    state,
    steps,
  });
  const title = 'buckets whose last bytes are thrown away: never filled';
  return [
    scenario('bit-bucket', title, 'socket.Connected',
      s.step('four buckets of 64 bytes each', ask(4, short)),
      s.step('80 bytes', send, { write, items: [s.home(0), record(undefined, 64), record(undefined, 16)] }),
    ),
    scenario('segments', 'a bucket in two segments that touch', 'socket.Connected',
      s.step('the bucket', ask(1, pieces)),
      s.step('80 bytes', send, {
        write, items: [s.home(0), record(0, 80)], read: [s.held(s.receive(0), data)],
      }),
    ),
    scenario('chain', 'a bucket behind a chain pointer', 'socket.Connected',
      s.step('the bucket', ask(1, [0xb000000c, s.transmit(9)]), { write: behind }),
      s.step('80 bytes', send, {
        write, items: [s.home(0), record(4, 80)], read: [s.held(s.receive(4), data)],
      }),
    ),
    scenario('apart', 'a bucket in two segments that do not touch', 'operational',
      s.step('refused', wrong, { replies: [refusal] }),
    ),
  ]; // biome-ignore format: a scenario each
}

/** One outcome of a batch. */
function outcome(context: number, requestStatus: number, detail: number): ExpectedItem {
  return {
    message: 'SocketSend',
    status: s.SUCCESS,
    ...s.expected([context, (requestStatus << 24) | detail]),
  };
}

function batches(specs: Specs): Scenario[] {
  const list = [
    0x70010000 | SUBJECT, 101, 0x55000008, 5, s.transmit(5),
    0x70010000 | 14, 102, 0x55000008, 6, s.transmit(6),
    0x70010000 | PEER, 103,
    0x70010000 | PEER, 104, 0xcc000004, s.immediate(0), 0x64636261,
  ]; // biome-ignore format: a transaction a line
  const data = s.filled(8, 9);
  const write = [s.written(s.transmit(5), data)];
  const batch = (mode: number) =>
    s.request(specs, 'SocketSend', { socketId: 0, replyMode: mode }, list, { flags: FLAG_MULTIPLE });
  const always = [
    s.home(5),
    s.home(6),
    s.home(s.immediate(0)),
    record(undefined, 8),
    record(undefined, 4, SUBJECT),
    outcome(103, s.TRANSACTION_ERROR, MISSING_PARAMETER),
  ];
  const errors = [outcome(102, s.ERROR_NO_DATA, EBADF)];
  const successes = [outcome(101, s.SUCCESS, 0), outcome(104, s.SUCCESS, 0)];
  const scenario = (name: string, mode: number, items: readonly ExpectedItem[]): Scenario => ({
    id: `SocketSend/batch/${name}`,
    title: `four transactions of three sockets, one of them unknown, one empty; reply mode ${name}`,
    state: 'socket.Connected',
    steps: [buckets(specs, 2), s.step('the batch', batch(mode), { write, items: [...always, ...items] })],
  });
  const empty = s.request(
    specs,
    'SocketSend',
    { socketId: SUBJECT, replyMode: IMMEDIATE_MODE },
    [0x80000001, 0],
    { flags: FLAG_MULTIPLE },
  );
  const early = s.request(
    specs,
    'SocketSend',
    { socketId: SUBJECT, replyMode: IMMEDIATE_MODE },
    [0xd5000008, 5, s.transmit(5)],
    { flags: FLAG_MULTIPLE },
  );
  const refused = (name: string, title: string, frame: typeof empty, detail: number): Scenario => ({
    id: `SocketSend/batch/${name}`,
    title,
    state: 'socket.Connected',
    steps: [s.step('refused', frame, { replies: [s.malformed(frame, detail, undefined)] })],
  });
  return [
    scenario('batch', 0, [...errors, ...successes]),
    scenario('immediate', IMMEDIATE_MODE, [...errors, ...successes]),
    scenario('on-error', ON_ERROR, errors),
    scenario('never', NEVER, []),
    refused('empty', 'a batch without a transaction', empty, MISSING_PARAMETER),
    refused('outside', 'a buffer before the first transaction', early, INVALID_OFFSET),
  ]; // biome-ignore format: a scenario each
}

export function listScenarios(specs: Specs): Scenario[] {
  return [...sends(specs), ...posts(specs), ...batches(specs)];
}
