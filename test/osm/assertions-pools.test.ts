/** Each assertion of the pools and the windows over them, tripped by the fault it guards against. */
import { describe } from 'vitest';
import { HostSocket } from '../../src/osm/memory/host-socket.ts';
import type { ReceivePool } from '../../src/osm/memory/receive-pool.ts';
import type { TransmitPool } from '../../src/osm/memory/transmit-pool.ts';
import { Clock } from '../../src/time/clock.ts';
import { trips } from '../rules/trips.ts';
import { ScriptedCard } from './scripted-card.ts';

const transmitPool = (): TransmitPool => new ScriptedCard().host.transmit;

/** A pool whose buckets are all the host's, empty. */
function receivePool(): ReceivePool {
  const { receive } = new ScriptedCard().host;
  receive.reclaim();
  return receive;
}

/** A bucket that the card has filled. */
function filled(pool: ReceivePool): number {
  const bucket = pool.takeToPost();
  pool.filled(bucket, 0, 100);
  return bucket;
}

/** A socket with a queue of `count` buckets. */
function queued(pool: ReceivePool, count: number): HostSocket {
  const socket = new HostSocket();
  for (let i = 0; i < count; i++) pool.enqueue(socket, filled(pool));
  return socket;
}

describe('a buffer that gets more bytes', () => {
  trips('transmit pool: what is extended is a buffer lent', () => {
    const pool = transmitPool();
    pool.extend(pool.take(true), new HostSocket(), 10);
  });
  trips('transmit pool: what is extended has room for more', () => {
    const pool = transmitPool();
    const socket = new HostSocket();
    const context = pool.take(true);
    pool.lend(context, socket, pool.bufferBytes);
    pool.extend(context, socket, 1);
  });
});

describe('the transmit pool', () => {
  trips('transmit pool: its use is measured from when nothing is in use', () => {
    const pool = transmitPool();
    pool.take(true);
    pool.startMeters(new Clock());
  });
  trips('transmit pool: its meters know how many contexts are in use', () => {
    const pool = transmitPool();
    pool.take(true);
    pool['meter'].gave();
    pool.check();
  });
  trips('transmit pool: a buffer that is taken was free', () => {
    const pool = transmitPool();
    const context = pool.take(true);
    pool['freeCount'] += 1;
    pool.take(true);
    pool.give(context);
  });
  trips('transmit pool: a slot that is taken was free', () => {
    const pool = transmitPool();
    pool.takeSlot(true);
    pool['freeSlotCount'] += 1;
    pool.takeSlot(true);
  });
  trips('transmit pool: whoever asks wants at least one buffer', () => transmitPool().canTake(0, true));
  trips('transmit pool: only a buffer has an address', () => {
    const pool = transmitPool();
    pool.addressOf(pool.takeSlot(true));
  });
  trips('transmit pool: what is lent to the card was taken', () => {
    const pool = transmitPool();
    const context = pool.take(true);
    pool.lend(context, new HostSocket(), 10);
    pool.lend(context, new HostSocket(), 10);
  });
  trips('transmit pool: what is lent has bytes, and no more than fit', () => {
    const pool = transmitPool();
    pool.lend(pool.take(true), new HostSocket(), pool.bufferBytes + 1);
  });
  trips('transmit pool: only what is lent has a socket', () => {
    const pool = transmitPool();
    pool.tagOfContext(pool.take(true));
  });
  trips('transmit pool: only what is lent holds bytes', () => {
    const pool = transmitPool();
    pool.lengthOfContext(pool.take(true));
  });
  trips('transmit pool: a buffer that comes back was taken or lent', () => {
    const pool = transmitPool();
    const context = pool.take(true);
    pool.give(context);
    pool.give(context);
  });
  trips('transmit pool: no more buffers are free than there are', () => {
    const pool = transmitPool();
    const context = pool.take(true);
    pool['freeCount'] += 1;
    pool.give(context);
  });
  trips('transmit pool: no more slots are free than there are', () => {
    const pool = transmitPool();
    const context = pool.takeSlot(true);
    pool['freeSlotCount'] += 1;
    pool.give(context);
  });
  trips('transmit pool: each context is free, taken or lent', () => {
    const pool = transmitPool();
    pool.take(true);
    pool['freeCount'] += 1;
    pool.reclaim();
  });
  trips('transmit pool: the free list names free buffers', () => {
    const pool = transmitPool();
    pool['free'][0] = pool.take(true);
    pool.reclaim();
  });
});

describe('the receive pool', () => {
  trips('receive pool: only a bucket there is has an address', () => receivePool().addressOf(-1));
  trips('receive pool: what is enough is asked of a socket with unread bytes', () =>
    receivePool().hasEnough(new HostSocket()),
  );
  trips('receive pool: a queue of buckets holds bytes', () => {
    const pool = receivePool();
    const socket = queued(pool, 1);
    pool.length[socket.receiveHead] = 0;
    pool.unreadBytes(socket);
  });
  trips('receive pool: a bucket whose byte is dropped has one', () => {
    const pool = receivePool();
    const socket = queued(pool, 1);
    pool.length[socket.receiveHead] = 0;
    pool.dropByte(socket);
  });
  trips('receive pool: a byte is dropped where there is one', () => receivePool().dropByte(new HostSocket()));
  trips('receive pool: there is an empty bucket to post', () => {
    const pool = receivePool();
    for (let i = 0; i <= pool.count; i++) pool.takeToPost();
  });
  trips('receive pool: a bucket that is posted was empty', () => {
    const pool = receivePool();
    pool.takeToPost();
    pool['emptyCount'] += 1;
    pool.takeToPost();
  });
  trips('receive pool: the card gives back no more buckets than it has', () => {
    const pool = receivePool();
    const bucket = pool.takeToPost();
    pool['cardCount'] = 0;
    pool.unposted(bucket);
  });
  trips('receive pool: what is read lies within the data', () => {
    const pool = receivePool();
    pool.consume(filled(pool), 101);
  });
  trips('receive pool: a bucket that is read holds data', () => {
    const pool = receivePool();
    const bucket = filled(pool);
    pool.lend(bucket);
    pool.consume(bucket, 1);
  });
  trips('receive pool: a bucket that joins a queue holds data', () => {
    const pool = receivePool();
    pool.enqueue(new HostSocket(), pool.takeToPost());
  });
  trips('receive pool: a queue has a head and a tail, or neither', () => {
    const pool = receivePool();
    const socket = queued(pool, 1);
    socket.receiveTail = -1;
    pool.enqueue(socket, filled(pool));
  });
  trips('receive pool: a queue ends', () => {
    const pool = receivePool();
    const socket = queued(pool, 2);
    pool.next[socket.receiveHead] = socket.receiveHead;
    pool.enqueue(socket, filled(pool));
  });
  trips('receive pool: each bucket of a queue holds data', () => {
    const pool = receivePool();
    const socket = queued(pool, 1);
    const bucket = filled(pool);
    pool.give(socket.receiveHead);
    pool.enqueue(socket, bucket);
  });
  trips('receive pool: a queue ends with its tail', () => {
    const pool = receivePool();
    const socket = queued(pool, 2);
    pool.next[socket.receiveHead] = -1;
    pool.enqueue(socket, filled(pool));
  });
  trips('receive pool: a block that is taken is free', () => {
    const pool = receivePool();
    for (let left = pool.blocksFree; left >= 0; left--) pool.takeBlock(0, 1);
  });
  trips('receive pool: no more blocks are free than there are', () => {
    const pool = receivePool();
    const block = pool.takeBlock(0, 1);
    pool['freeBlockCount'] += 1;
    pool.give(block);
  });
  trips('receive pool: as many blocks are in the free list as are free', () => {
    const pool = receivePool();
    pool.takeBlock(0, 1);
    pool['freeBlockCount'] += 1;
    pool.check();
  });
  trips('receive pool: what the store takes the place of is a bucket', () => {
    const pool = receivePool();
    const block = pool.takeBlock(0, 1);
    pool.replaceFirstBucket(new HostSocket(), block, block);
  });
  trips('receive pool: blocks lie before buckets', () => {
    const pool = receivePool();
    const socket = queued(pool, 1);
    pool.enqueue(socket, pool.takeBlock(0, 1));
  });
  trips('receive pool: the last block of a queue is the one remembered', () => {
    const pool = receivePool();
    const socket = queued(pool, 2);
    const block = pool.takeBlock(0, 100);
    pool.replaceFirstBucket(socket, block, block);
    socket.storedTail = -1;
    pool.enqueue(socket, filled(pool));
  });
  trips('receive pool: a bucket leaves a queue that has one', () => receivePool().dequeue(new HostSocket()));
  trips('receive pool: the last bucket of a queue is its tail', () => {
    const pool = receivePool();
    const socket = queued(pool, 2);
    pool.next[socket.receiveHead] = -1;
    pool.dequeue(socket);
  });
  trips('receive pool: a bucket that is lent holds data', () => {
    const pool = receivePool();
    pool.lend(pool.takeToPost());
  });
  trips('receive pool: a bucket that comes back was filled or lent', () => {
    const pool = receivePool();
    pool.give(pool.takeToPost());
  });
  trips('receive pool: no more buckets are empty than there are', () => {
    const pool = receivePool();
    const bucket = filled(pool);
    pool['emptyCount'] = pool.count;
    pool.give(bucket);
  });
  trips('receive pool: as many buckets are in the empty list as are empty', () => {
    const pool = receivePool();
    pool['emptyCount'] -= 1;
    pool.reclaim();
  });
  trips('receive pool: as many buckets are counted at the card as it has', () => {
    const pool = receivePool();
    pool['cardCount'] = 1;
    pool.check();
  });
});

describe('offers', () => {
  trips('transmit pool: a buffer is offered to one program at a time', () => {
    const pool = transmitPool();
    pool['offeredTo'].fill(1);
    pool.offer(new HostSocket());
  });
});

describe('window budget', () => {
  /** A budget of which a socket has a part. */
  function budget() {
    const { driver } = new ScriptedCard().host;
    const windows = driver.credits['windows'];
    windows['totalBytes' as never] = 100_000 as never;
    windows['freeBytes'] = 50_000;
    const socket = new HostSocket();
    socket.receiveBufferBytes = 1 << 20;
    socket.receiveWindowBytes = 2048;
    socket.widenedBytes = 1024;
    return { windows, socket };
  }

  trips('window budget: a socket gives back no more than it had', () => {
    const { windows, socket } = budget();
    socket.widenedBytes = -1024;
    windows.adjust(socket, 512);
  });
  trips('window budget: windows grow by no more than the store bears', () => {
    const { windows, socket } = budget();
    windows['freeBytes'] = 200_000;
    windows.adjust(socket, 512);
  });
  trips('window budget: no window grows beyond its buffer', () => {
    const { windows, socket } = budget();
    socket.receiveWindowBytes = socket.receiveBufferBytes + 4096;
    windows['freeBytes'] = 512;
    windows.adjust(socket, 512);
  });
  trips('window budget: what was not delivered was a change', () => {
    const { windows, socket } = budget();
    windows.undelivered(socket, 0);
  });
  trips('window budget: no more comes back than there was', () => {
    const { windows, socket } = budget();
    socket.widenedBytes = 60_000;
    windows.release(socket);
  });
});
