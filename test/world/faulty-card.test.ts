/** Two real threads: what the host sees of a card whose software breaks. */
import type { WorkerOptions } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  getStatusBlockIopState,
  IOP_STATE_FAILED,
  STATUS_BLOCK_WORDS,
  writeExecStatusGet,
} from '../../src/i2o/executive.gen.ts';
import { HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import { HANDLER_NONE } from '../../src/osm/message/handlers.ts';
import { BlockingSockets } from '../../src/socket/blocking.ts';
import { ENETDOWN } from '../../src/socket/errno.ts';
import { type Card, openCard } from '../../src/world/open/card.ts';
import { FAULTED, RUNNING } from '../../src/world/thread/card-status.ts';
import type { ThreadedCard } from '../../src/world/thread/threaded-card.ts';
import { BREAK_ASSERTION, BREAK_ERROR, breakWord } from './faulty.ts';

// The card's thread is the faulty one, which is the real one but for one method.
vi.mock('node:worker_threads', async (original) => {
  const threads = await original<typeof import('node:worker_threads')>();
  const faulty = new URL('../../dist/test/world/faulty-thread.js', import.meta.url);
  class FaultyWorker extends threads.Worker {
    constructor(_url: URL, options: WorkerOptions) {
      super(faulty, options);
    }
  }
  return { ...threads, Worker: FaultyWorker };
});

const LOOPBACK = 0x7f000001;
let card: Card;
let threaded: ThreadedCard;
let client: number;

beforeEach(async () => {
  card = await openCard({ driver: { socketsMax: 64 } });
  threaded = (card as unknown as { card: ThreadedCard }).card;
  const blocking = new BlockingSockets(card.stack, 2000);
  const listener = blocking.listen(LOOPBACK, 7006);
  client = blocking.connect(LOOPBACK, 7006);
  blocking.accept(listener);
});
afterEach(() => card.close());

/** Breaks the module, and waits until the driver has given the card up. */
function breakModule(how: number): void {
  Atomics.store(threaded.region.words, breakWord(threaded.memory.layout), how);
  card.stack.send(client, new Uint8Array(100), 0, 100);
  for (let looks = 0; card.failed() === 0 && looks < 100; looks++) card.stack.wait(100);
  expect(card.failed()).toBe(ENETDOWN);
  expect(card.stack.send(client, new Uint8Array(1), 0, 1)).toBe(-ENETDOWN);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a card whose software throws', () => {
  it('is FAILED and not gone: its host is told, and fails every socket by name', async () => {
    breakModule(BREAK_ERROR);
    await pause(20);
    expect(threaded.fault).toBe('RangeError: the module broke');
    expect(threaded.status.state).toBe(RUNNING);
    expect(card.iopHeapBytes()).toBeGreaterThan(0);
    // It still takes StatusGet.
    const { region, memory } = threaded;
    const at = memory.layout.control >> 2;
    region.words.fill(0, at, at + STATUS_BLOCK_WORDS);
    const { requests } = threaded.host;
    const frame = requests.acquire();
    writeExecStatusGet(region.words, frame, IOP_TID, HOST_TID, HANDLER_NONE, 0, memory.layout.control, 0, 88);
    requests.post();
    await pause(50);
    expect(getStatusBlockIopState(region.words, at)).toBe(IOP_STATE_FAILED);
  });
});

describe('a card that a failed assertion stops', () => {
  it('is FAULTED: its thread ends, and its host tells what was asserted', async () => {
    breakModule(BREAK_ASSERTION);
    await pause(100);
    expect(threaded.fault).toBe('AssertionFailure: the module asserts what does not hold');
    expect(threaded.status.state).toBe(FAULTED);
  });
});
