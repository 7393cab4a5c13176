/** Trips the assertions of src/ism/sockets: each test breaks the state that the assertion vouches for. */
import { describe } from 'vitest';
import { BucketWaits } from '../../src/ism/sockets/bucket-waits.ts';
import { Buckets } from '../../src/ism/sockets/buckets.ts';
import {
  CardSocket,
  checkCardSocket,
  KIND_DATAGRAM,
  KIND_LISTENER,
  KIND_POSTED,
} from '../../src/ism/sockets/card-socket.ts';
import { PendingSockets } from '../../src/ism/sockets/pending-sockets.ts';
import { SendBuffers } from '../../src/ism/sockets/send-buffers.ts';
import { SocketEvents } from '../../src/ism/sockets/socket-events.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { Clock } from '../../src/time/clock.ts';
import { trips } from '../rules/trips.ts';

const AREA = { offset: 4096, count: 4, bufferBytes: 2048 };
const SLOTS = { offset: 65536, count: 2, bufferBytes: 128 };
const TAG = 7;

/** Four buckets posted, two sockets. */
function stocked(): Buckets {
  const buckets = new Buckets(AREA, 2);
  for (let i = 0; i < AREA.count; i++) buckets.post(AREA.offset + i * AREA.bufferBytes, 2048, 100 + i);
  return buckets;
}

function socketOf(fields: Partial<CardSocket>): CardSocket {
  return Object.assign(new CardSocket(), fields);
}

function pendingOf(count: number): { pending: PendingSockets; sockets: CardSocket[] } {
  const sockets = Array.from({ length: count }, () => new CardSocket());
  return { pending: new PendingSockets(sockets), sockets };
}

/** A context that is with the stack. */
function sent(): SendBuffers {
  const buffers = new SendBuffers(AREA, SLOTS);
  buffers.accept(0, AREA.offset, 100, TAG);
  return buffers;
}

describe('waits for buckets', () => {
  trips('bucket waits: a socket of this card waits', () => {
    const memory = { buffer: new SharedArrayBuffer(LEDGER_BYTES) };
    new BucketWaits(new Ledger({ memory }, 0), new Clock(), 2).begin(2);
  });
});

describe('buckets', () => {
  trips('buckets: what may be filled lies within the bucket', () =>
    new Buckets(AREA, 2).post(AREA.offset, 2048, 1, 2049),
  );
  trips('buckets: the free list has room for every bucket', () => {
    const buckets = new Buckets(AREA, 2);
    buckets['freeCount'] = AREA.count;
    buckets.post(AREA.offset, 2048, 1);
  });
  trips('buckets: the socket whose data a bucket carried was charged with it', () => {
    const buckets = stocked();
    const bucket = buckets.take(1);
    buckets['held'][1] = 0;
    buckets.post(buckets.addressOf(bucket), 2048, 1);
  });
  trips('buckets: what carries data of a socket is in use', () => {
    const buckets = stocked();
    buckets['used'][buckets.take(1)] = 0;
    buckets.check();
  });
  trips('buckets: a bucket is taken for a socket of this card', () => stocked().take(2));
  trips("buckets: a bucket on the free list is the card's", () => {
    const buckets = stocked();
    buckets['free'][3] = buckets['free'][2];
    buckets.take(0);
    buckets.take(1);
  });
  trips('buckets: only a bucket of the pool has an address', () => stocked().addressOf(-1));
  trips('buckets: only a bucket of the pool has a context', () => stocked().contextOf(4));
  trips('buckets: an abort ends only a bucket that can be filled', () => {
    const buckets = stocked();
    buckets.end(buckets.take(0));
  });
  trips('buckets: an ended bucket is told of only when there is one', () => stocked().nextEnded());
  trips('buckets: an ended bucket is told of once', () => {
    const buckets = stocked();
    buckets.end(0);
    buckets.nextEnded();
    buckets['endedCount'] = 1;
    buckets.nextEnded();
  });
  trips('buckets: a socket is charged with the buckets that carry its data', () => {
    const buckets = stocked();
    buckets.take(0);
    buckets['held'][0] = 2;
    buckets.forget(0);
  });
  trips('buckets: the free list holds every bucket that can be filled, once', () => {
    const buckets = stocked();
    buckets['freeCount'] = 3;
    buckets.check();
  });
  trips('buckets: the list of ended buckets holds each of them, once', () => {
    const buckets = stocked();
    buckets.end(0);
    buckets['endedCount'] = 0;
    buckets.forgetEnded();
  });
  trips('buckets: the sockets together are charged with what the host holds', () => {
    const buckets = stocked();
    buckets.take(0);
    buckets['held'][1] = 1;
    buckets.check();
  });
});

describe('a socket', () => {
  trips('card socket: a tag has room for the socket number', () => new CardSocket(0x1_0000, 16));
  trips('card socket: a free number has no connection', () => checkCardSocket(socketOf({ connection: 3 })));
  trips('card socket: a posted number has no connection yet', () =>
    checkCardSocket(socketOf({ kind: KIND_POSTED, postedFor: 1, connection: 3 })),
  );
  trips('card socket: a posted number knows its listener', () =>
    checkCardSocket(socketOf({ kind: KIND_POSTED })),
  );
  trips('card socket: only a listener has posted numbers', () =>
    checkCardSocket(socketOf({ kind: KIND_DATAGRAM, postedHead: 2, postedTail: 2 })),
  );
  trips('card socket: a list of posted numbers has both ends or neither', () =>
    checkCardSocket(socketOf({ kind: KIND_LISTENER, postedHead: 2 })),
  );
  trips('card socket: only a stream connects', () =>
    checkCardSocket(socketOf({ kind: KIND_DATAGRAM, connecting: 1 })),
  );
});

describe('the queue of pending sockets', () => {
  trips('pending sockets: a failure has an errno', () => pendingOf(2).pending.noteFailed(0, 0));
  trips('pending sockets: news is of a socket of this card', () => pendingOf(2).pending.note(2, 1));
  trips('pending sockets: a note says what is pending', () => pendingOf(2).pending.note(0, 0));
  trips('pending sockets: the queue has room for every socket', () => {
    const { pending, sockets } = pendingOf(1);
    pending.enqueue(0);
    sockets[0].queued = 0;
    pending.enqueue(0);
  });
  trips('pending sockets: a socket is taken from a queue that holds one', () =>
    pendingOf(1).pending.dequeue(),
  );
  trips('pending sockets: a socket in the queue is marked as queued', () => {
    const { pending, sockets } = pendingOf(2);
    pending.enqueue(1);
    sockets[1].queued = 0;
    pending.dequeue();
  });
  trips('pending sockets: no socket is marked as queued when the queue is empty', () => {
    const { pending, sockets } = pendingOf(2);
    sockets[1].queued = 1;
    pending.clear();
  });
});

describe('send buffers', () => {
  trips('send buffers: a status is asked for only when a context waits to be told', () => sent().nextStatus);
  trips('send buffers: a tag is asked for of a context that the stack has', () => sent().tagOf(1));
  trips('send buffers: the pieces are those of a known context', () =>
    sent().contains(-1, AREA.offset, 100, false),
  );
  trips('send buffers: a context is forgotten only after it was taken', () => sent().forget(1));
  trips('send buffers: the stack releases a context it has, once', () => {
    const buffers = sent();
    buffers.release(0);
    buffers.release(0);
  });
  trips('send buffers: there is room to tell of every context', () => {
    const buffers = sent();
    buffers['doneCount'] = buffers.count;
    buffers.release(0);
  });
  trips('send buffers: a context is told only when one waits', () => sent().next());
  trips('send buffers: a context that is told was done with', () => {
    const buffers = sent();
    buffers['doneCount'] = 1;
    buffers.next();
  });
  trips('send buffers: the contexts with the stack are as many as were counted', () => {
    const buffers = sent();
    buffers['heldCount'] = 2;
    buffers.check();
  });
  trips('send buffers: every context that is done with waits to be told, once', () => {
    const buffers = sent();
    buffers.release(0);
    buffers['doneCount'] = 2;
    buffers.check();
  });
});

describe('the events of the device', () => {
  const source = { raise: () => {} };
  trips('socket events: the events go to one source', () => {
    const events = new SocketEvents();
    events.attach(source);
    events.attach(source);
  });
  trips('socket events: a state change is of a numbered socket', () =>
    new SocketEvents().connectionState(-1, 1, 2),
  );
  trips('socket events: a state change ends in another state', () =>
    new SocketEvents().connectionState(0, 1, 1),
  );
  trips('socket events: what became of an address has a number', () =>
    new SocketEvents().addressSettled(0, 0),
  );
});
