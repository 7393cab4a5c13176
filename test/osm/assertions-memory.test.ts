/**
 * Each assertion of osm/memory, tripped by the fault it guards against: pools, the table of sockets, their
 * queues.
 */
import { describe } from 'vitest';
import { joinAccepts, takeAccept } from '../../src/osm/memory/accept-queue.ts';
import {
  HostSocket,
  STATE_CLOSING,
  STATE_CONNECTED,
  STATE_DATAGRAM,
  STATE_FREE,
  STATE_LISTENING,
  STATE_OPEN,
  STATE_POSTED,
  socketTag,
  takeError,
} from '../../src/osm/memory/host-socket.ts';
import type { ReceivePool } from '../../src/osm/memory/receive-pool.ts';
import type { SocketTable } from '../../src/osm/memory/socket-table.ts';
import { Stalls } from '../../src/osm/memory/stalls.ts';
import type { TransmitPool } from '../../src/osm/memory/transmit-pool.ts';
import { TransmitShares } from '../../src/osm/memory/transmit-shares.ts';
import { markBound } from '../../src/osm/user/datagram-sender.ts';
import { mark, renew } from '../../src/osm/user/shutdown-call.ts';
import { Clock } from '../../src/time/clock.ts';
import { trips } from '../rules/trips.ts';
import { ScriptedCard } from './scripted-card.ts';

const transmitPool = (): TransmitPool => new ScriptedCard().host.transmit;
const socketTable = (): SocketTable => new ScriptedCard().host.sockets['table'];

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
    pool.lend(context, 0, socket, pool.bufferBytes);
    pool.extend(context, socket, 1);
  });
});

describe('a socket', () => {
  trips('host socket: the next state follows from this one', () => {
    const socket = new HostSocket();
    socket.reset(STATE_LISTENING);
    socket.become(STATE_CONNECTED);
  });
  trips('host socket: only a free socket id is used anew', () => {
    const socket = new HostSocket();
    socket.reset(STATE_OPEN);
    socket.reset(STATE_OPEN);
  });
  trips('datagram sender: a send binds datagram sockets only', () => markBound(new HostSocket()));
  trips('shutdown call: a socket that is renewed is open', () => renew(new HostSocket()));
  trips('shutdown call: what is ended is one half, or both', () => mark(new HostSocket(), 3));
  trips('socket names: only a socket that is not bound is still to be', () => {
    const stack = new ScriptedCard().host.sockets;
    const socketId = stack['table'].take(STATE_DATAGRAM);
    stack['table'].sockets[socketId].bindDue = 1;
    stack['table'].sockets[socketId].bound = 1;
    stack['names'].local(socketId);
  });
  trips('host socket: no more contexts come back than were sent', () => new HostSocket().returned(1, false));
  trips('transmit shares: what is promised is there, once', () => {
    const shares = new TransmitShares(1, 4);
    const socket = new HostSocket();
    shares.promise(socket, 4);
    shares.promise(socket, 4);
  });
  trips('transmit shares: there are buffers to share', () => new TransmitShares(1, 0));
  trips('transmit shares: a share that is taken is there', () => {
    const shares = new TransmitShares(1, 4);
    shares.promised = -1;
    shares.takes(new HostSocket(), 0);
  });
  trips('host socket: slots are among the contexts that the card has', () => {
    const socket = new HostSocket();
    socket.sent(10);
    socket.sent(10);
    socket.returned(10, true);
  });
  trips('host socket: the card has bytes of a socket exactly while it has contexts', () => {
    const socket = new HostSocket();
    socket.sent(10);
    socket.returned(9, false);
  });
  trips('host socket: a tag has 16 bits of socket id and 15 of generation', () => socketTag(-1, 0));
  trips('host socket: an error waits as a positive errno', () => {
    const socket = new HostSocket();
    socket.errno = -11;
    takeError(socket);
  });
});

describe('the table of sockets', () => {
  trips('socket table: an id that is taken is of a socket there is', () => {
    const table = socketTable();
    table['free'].fill(table.sockets.length);
    table.take(STATE_OPEN);
  });
  trips('socket table: a socket id that comes back was taken', () => {
    const table = socketTable();
    const socketId = table.take(STATE_OPEN);
    table.give(socketId);
    table.give(socketId);
  });
  trips('socket table: a socket id comes back with no unread bucket', () => {
    const table = socketTable();
    const socketId = table.take(STATE_CONNECTED);
    table.sockets[socketId].receiveHead = 0;
    table.give(socketId);
  });
  trips('socket table: a socket id that comes back is posted for no listener', () => {
    const table = socketTable();
    const listenerId = table.take(STATE_LISTENING);
    table.give(table.post(listenerId));
  });
  trips('socket table: no more socket ids are free than there are', () => {
    const table = socketTable();
    const socketId = table.take(STATE_OPEN);
    table['freeCount'] += 1;
    table.give(socketId);
  });
  trips('socket table: a socket id is free when one is posted', () => {
    const table = socketTable();
    const listenerId = table.take(STATE_LISTENING);
    while (table.available > 0) table.post(listenerId);
    table.post(listenerId);
  });
  trips('socket table: no more accepts come back than were posted', () => {
    const table = socketTable();
    const listenerId = table.take(STATE_LISTENING);
    const socketId = table.post(listenerId);
    table.sockets[listenerId].acceptsPosted = 0;
    table.unpost(socketId, listenerId);
  });
  trips('socket table: posted ids are among those of connections accepted', () => {
    const table = socketTable();
    const listenerId = table.take(STATE_LISTENING);
    table.post(listenerId);
    table.sockets[listenerId].accepted = 1;
    table.give(listenerId);
  });
  trips('socket table: no more ids come back from the card than were posted', () => {
    const table = socketTable();
    const listenerId = table.take(STATE_LISTENING);
    const socketId = table.post(listenerId);
    table['postedCount'] = 0;
    table.unpost(socketId, listenerId);
  });
  trips('socket table: as many ids are posted as are counted', () => {
    const table = socketTable();
    table.post(table.take(STATE_LISTENING));
    table['postedCount'] = 0;
    table.check();
  });
  trips('socket table: as many ids have been posted as are counted', () => {
    const table = socketTable();
    table.post(table.take(STATE_LISTENING));
    table['acceptedCount'] = 2;
    table.check();
  });
  trips('socket table: a socket that has changed is one there is', () => {
    const table = socketTable();
    table.changed(table.sockets.length);
  });
  trips('socket table: the list of changed sockets has each once', () => {
    const table = socketTable();
    for (let i = 0; i < table.sockets.length; i++) table.changed(i);
    table.sockets[0].readyQueued = 0;
    table.changed(0);
  });
  trips('socket table: a socket in the list of changed ones is marked so', () => {
    const table = socketTable();
    table.changed(3);
    table.sockets[3].readyQueued = 0;
    table.nextChanged();
  });
  trips('socket table: as many ids are in the free list as sockets are free', () => {
    const table = socketTable();
    table.sockets[table.take(STATE_OPEN)].state = STATE_FREE;
    table.check();
  });
  trips('socket table: an id in the free list is of a free socket', () => {
    const table = socketTable();
    const socketId = table.take(STATE_OPEN);
    table['free'][0] = socketId;
    table.check();
  });
});

describe('the queue of accepts', () => {
  const listening = (): { table: SocketTable; listener: HostSocket } => {
    const table = socketTable();
    return { table, listener: table.sockets[table.take(STATE_LISTENING)] };
  };
  trips('accept queue: connections join a listener', () => {
    const { table, listener } = listening();
    listener.become(STATE_CLOSING);
    joinAccepts(table.sockets, listener, table.take(STATE_CONNECTED));
  });
  trips('accept queue: who joins is connected', () => {
    const { table, listener } = listening();
    joinAccepts(table.sockets, listener, table.take(STATE_POSTED));
  });
  trips('accept queue: who joins is in no queue', () => {
    const { table, listener } = listening();
    const socketId = table.take(STATE_CONNECTED);
    joinAccepts(table.sockets, listener, socketId);
    joinAccepts(table.sockets, listener, socketId);
  });
  trips('accept queue: its count is its length', () => {
    const { table, listener } = listening();
    listener.acceptCount = 1;
    joinAccepts(table.sockets, listener, table.take(STATE_CONNECTED));
  });
  trips('accept queue: its tail is its last', () => {
    const { table, listener } = listening();
    const first = table.take(STATE_CONNECTED);
    joinAccepts(table.sockets, listener, first);
    joinAccepts(table.sockets, listener, table.take(STATE_CONNECTED));
    // The tail is not the last of the list any more.
    listener.acceptTail = table.take(STATE_CONNECTED);
    takeAccept(table.sockets, listener);
  });
});

describe('stalls', () => {
  trips('stalls: a socket waits under its own id', () => {
    const stalls = new Stalls([new HostSocket(), new HostSocket()]);
    const other = new HostSocket();
    other.reset(STATE_OPEN);
    stalls.begin(1, other, transmitPool());
  });
  trips('stalls: they are asked of a socket there is', () => new Stalls([new HostSocket()]).of(2));
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
    pool.lend(context, 0, new HostSocket(), 10);
    pool.lend(context, 0, new HostSocket(), 10);
  });
  trips('transmit pool: what is lent has bytes, and no more than fit', () => {
    const pool = transmitPool();
    pool.lend(pool.take(true), 0, new HostSocket(), pool.bufferBytes + 1);
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
    pool.offer(0, new HostSocket());
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
