/**
 * Drivers that lose, double or overwrite what they hold: frames, buckets, buffers; and whose sums do not
 * hold.
 */

import { SOCKET_RECEIVE_CREDIT, SOCKET_RECEIVE_POST, SOCKET_SEND } from '../../src/i2o/socket.gen.ts';
import {
  BYTES_SENT,
  INBOUND_POSTED,
  RECEIVE_COPIES_BYTES,
  SEND_COPIES,
} from '../../src/ledger/counters.gen.ts';
import type { VirtualCard } from '../../src/world/virtual/virtual-card.ts';
import { first, type Mutant, nth, part, put, when } from './mutant.ts';

interface Ring {
  acquire(): number;
  post(): void;
}
interface Releasing {
  receive(): number;
  release(): void;
}
interface Engine {
  copyIn(reason: number, source: Uint8Array, offset: number, destination: number, length: number): void;
}

const ring = (card: VirtualCard): Ring => part<Ring>(card.host.requests, 'producer');
const consumer = (card: VirtualCard): Releasing => part<Releasing>(card.host.driver, 'outbound');
const engine = (card: VirtualCard): Engine => part<Engine>(card.stack.sender, 'dma');
const hostCounters = (card: VirtualCard): Float64Array => card.host.ledger.counters;

export const CREDIT_MUTANTS: readonly Mutant[] = [
  {
    name: 'frame posted twice',
    rule: 'C-01',
    late: (card) => {
      card.host.requests.optionGet(card.host.requests.acquire(), 0x7777, 0, 1);
      ring(card).post();
    },
  },
  {
    name: 'frame acquired and neither posted nor given back',
    rule: 'C-05',
    patch: (card) => {
      const inner = ring(card);
      let left = 0;
      const { acquire } = inner;
      inner.acquire = () => {
        left += 1;
        return acquire.call(inner);
      };
      const close = card.endTrace.bind(card);
      card.endTrace = () => {
        if (left > 0) acquire.call(inner);
        close();
      };
    },
  },
  {
    name: 'frame acquired while one is',
    rule: 'C-02',
    late: (card) => {
      ring(card).acquire();
      // The transport asserts against this bug, so it must be made to forget the first frame.
      Object.assign(part<object>(ring(card), 'inner'), { held: 0 });
      ring(card).acquire();
    },
  },
  {
    name: 'reply read twice',
    rule: 'C-03',
    patch: (card) => {
      const inner = consumer(card);
      const release = inner.release.bind(inner);
      let skipped = false;
      inner.release = () => {
        if (skipped) release();
        skipped = true;
      };
    },
  },
  {
    name: 'reply released twice',
    rule: 'C-04',
    late: (_card, sink) => sink.owner(1, 1e12, 0, 1),
  },
  { name: 'frame that is none', rule: 'C-06', late: (_card, sink) => sink.owner(0, 1e12, 100_000, 0) },
  {
    name: 'frame given back that was not taken',
    rule: 'C-04',
    late: (_card, sink) => sink.owner(0, 1e12, 0, 1),
  },
  {
    name: 'frames of a ring out of order',
    rule: 'C-07',
    late: (card, sink) => {
      const { words } = card.host.requests;
      const at = words.length - 64;
      words.fill(0, at, at + 4);
      words[at] = 0x00040001;
      words[at + 1] = 0x00001010;
      sink.owner(0, 1e12, 1023, 0);
      sink.frame(0, 1e12, 1023, words, at);
    },
  },
  {
    name: 'doorbell for nothing',
    rule: 'N-01',
    late: (card) => {
      const waker = part<{ wake(): void }>(card.host.requests, 'doorbell', 'waker');
      waker.wake();
      waker.wake();
    },
  },
  { name: 'time that falls', rule: 'N-02', late: (_card, sink) => sink.notification(1, 1) },
];

export const MEMORY_MUTANTS: readonly Mutant[] = [
  {
    name: 'bucket posted twice',
    rule: 'B-01',
    driver: nth(SOCKET_RECEIVE_POST, 3, (words, at) => {
      words[at + 5] = 1;
      words[at + 6] = words[at + 6] - (words[at + 6] % 1);
      words[at + 8] = words[at + 5];
      words[at + 9] = words[at + 6];
    }),
  },
  {
    name: 'buffer sent again before it is returned',
    rule: 'B-04',
    driver: when(
      SOCKET_SEND,
      (words, at) => words[at] >>> 16 >= 12 && (words[at + 6] & 0x10000000) !== 0,
      (words, at) => {
        for (let i = 0; i < 3; i++)
          words[at + 9 + i] =
            i === 0 ? (words[at + 6] & 0x7fffffff) | (words[at + 9] & 0x80000000) : words[at + 6 + i];
      },
    ),
  },
  {
    name: 'write to a buffer the card has',
    rule: 'O-01',
    patch: (card) => {
      const { requests } = card.host;
      const post = requests.post.bind(requests);
      let frame = -1;
      const acquire = requests.acquire.bind(requests);
      requests.acquire = () => {
        frame = acquire();
        return frame;
      };
      requests.post = () => {
        post();
        const { words } = requests;
        const sends = words[frame + 1] >>> 24 === SOCKET_SEND && (words[frame + 6] & 0x10000000) !== 0;
        if (sends) engine(card).copyIn(SEND_COPIES, new Uint8Array(8), 0, words[frame + 8], 8);
      };
    },
  },
  {
    name: 'write to a posted bucket',
    rule: 'O-02',
    late: (card) => {
      const { receive } = card.host;
      for (let bucket = 0; bucket < receive.count; bucket++) {
        engine(card).copyIn(SEND_COPIES, new Uint8Array(8), 0, receive.addressOf(bucket), 8);
      }
    },
  },
  {
    name: 'write to memory of the card',
    rule: 'O-03',
    late: (card) =>
      engine(card).copyIn(SEND_COPIES, new Uint8Array(8), 0, card.host.requests.words.length * 4 - 64, 8),
  },
  {
    name: 'write to a frame that is posted',
    rule: 'O-03',
    late: (card) => {
      const frame = card.host.requests.acquire();
      card.host.requests.optionGet(frame, 0x7777, 0, 1);
      engine(card).copyIn(SEND_COPIES, new Uint8Array(4), 0, frame * 4 + 64, 4);
    },
    follows: true,
  },
  {
    name: 'credit for more than came',
    rule: 'R-05',
    driver: first(SOCKET_RECEIVE_CREDIT, put(6, 0, 31, 10_000_000)),
  },
  {
    name: 'bytes counted as sent that were not',
    rule: 'R-02',
    late: (card) => void (hostCounters(card)[BYTES_SENT] += 1),
  },
  {
    name: 'bytes copied that were not received',
    rule: 'R-06',
    late: (card) => void (hostCounters(card)[RECEIVE_COPIES_BYTES] += 1),
  },
  {
    name: 'frames counted that were not posted',
    rule: 'R-01',
    late: (card) => void (hostCounters(card)[INBOUND_POSTED] += 1),
  },
];

export const OWNER_MUTANTS: readonly Mutant[] = [...CREDIT_MUTANTS, ...MEMORY_MUTANTS];
