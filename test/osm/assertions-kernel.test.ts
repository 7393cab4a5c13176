/**
 * Each assertion of osm/kernel and osm/user, tripped by the fault it guards against: lists, chores, closing,
 * the driver's states.
 */
import { describe } from 'vitest';
import { SOCKET_LISTEN } from '../../src/i2o/socket.gen.ts';
import { NO_TID } from '../../src/i2o/tids.ts';
import { BlockedSenders } from '../../src/osm/kernel/blocked-senders.ts';
import { HeldSend } from '../../src/osm/kernel/held-send.ts';
import { joinAccepts } from '../../src/osm/memory/accept-queue.ts';
import { HostSocket, STATE_CONNECTED, STATE_LISTENING } from '../../src/osm/memory/host-socket.ts';
import { readinessOf } from '../../src/osm/user/readiness.ts';
import { SOCK_DGRAM } from '../../src/socket/contract.ts';
import { SO_KEEPALIVE } from '../../src/socket/options.ts';
import { trips } from '../rules/trips.ts';
import { ScriptedCard } from './scripted-card.ts';

/** The driver of a card, the parts of its kernel subsystem, and a connected socket. */
function bench() {
  const card = new ScriptedCard();
  const socketId = card.connect();
  const { driver } = card.host;
  const table = card.sockets['table'];
  const socket = table.sockets[socketId];
  return { card, driver, table, socketId, socket, receive: card.host.receive, transmit: card.host.transmit };
}

describe('accept posts', () => {
  trips('accept posts: socket ids are posted for a listener', () => {
    const { driver, socketId, socket } = bench();
    driver.accepts.post(socketId, socket);
  });
  trips('accept posts: no more socket ids are posted than are wanted', () => {
    const { driver, table } = bench();
    const listenerId = table.take(STATE_LISTENING);
    const listener = table.sockets[listenerId];
    listener.backlog = 1;
    const post = table.post.bind(table);
    table.post = (id) => {
      listener.acceptsPosted += 1;
      return post(id);
    };
    driver.accepts.post(listenerId, listener);
  });
  trips('accept posts: a listener in the list is marked so', () => {
    const { driver, table } = bench();
    const listenerId = table.take(STATE_LISTENING);
    driver['accepts'].owe(listenerId, table.sockets[listenerId]);
    table.sockets[listenerId].acceptsOwed = 0;
    driver['accepts'].postOwed();
  });
  trips('accept posts: each listener is in the list once', () => {
    const { driver, table, socketId, socket } = bench();
    for (let i = 0; i <= table.sockets.length; i++) {
      socket.acceptsOwed = 0;
      driver['accepts'].owe(socketId, socket);
    }
  });
});

describe('bucket relief', () => {
  trips('bucket relief: what moves to the store leaves a bucket', () => {
    const { driver, socket, socketId, table, receive } = bench();
    for (let i = 0; i < receive.count; i++) {
      receive.filled(i, 0, 100);
      receive.enqueue(socket, i);
    }
    table.unread.add(socketId);
    receive.replaceFirstBucket = () => 0;
    driver.buckets.postDue();
  });
  trips('bucket relief: a datagram that moves is the first of its socket', () => {
    const { driver, socket } = bench();
    socket.datagram = 1;
    driver.buckets['relief']['moveDatagram'](socket);
  });
});

describe('blocked senders', () => {
  trips('blocked senders: as many buffers as are enough can be free', () => {
    const { card } = bench();
    const area = card.host.transmit['area'] as { count: number };
    area.count = 0;
    const { driver, transmit } = card.host;
    new BlockedSenders(card.sockets['table'], transmit, driver.config, driver['clock']);
  });
  trips('blocked senders: each socket is promised one buffer', () => {
    const { driver, table, socketId, socket } = bench();
    driver.blocked['promisedCount'] = table.sockets.length;
    driver.blocked['promise'](socketId, socket);
  });
  trips('held send: it is held for a time', () => {
    const { driver, socket } = bench();
    new HeldSend(driver.blocked, socket, driver['clock'], 0);
  });
  trips('blocked senders: a send that is held waits for room', () => {
    const { driver, socket } = bench();
    driver.blocked.hold(socket);
  });
  trips('blocked senders: a socket waits under its own id', () => {
    const { driver, socketId, socket } = bench();
    driver.blocked.add(socketId + 1, socket);
  });
  trips('blocked senders: each socket waits once', () => {
    const { driver, table, socketId, socket } = bench();
    for (let i = 0; i <= table.sockets.length; i++) {
      socket.wantsRoom = 0;
      driver.blocked.add(socketId, socket);
    }
  });
  trips('blocked senders: a socket in the list is marked so', () => {
    const { driver, socketId, socket } = bench();
    driver.blocked.add(socketId, socket);
    socket.wantsRoom = 0;
    driver.blocked.tell(true);
  });
  trips('blocked senders: none needs less than the least', () => {
    const { driver, socketId, socket } = bench();
    socket.sendingBytes = socket.sendBufferBytes;
    socket.sendingContexts = 1;
    driver.blocked.add(socketId, socket);
    socket.sendingBytes = 0;
    socket.sendingContexts = 0;
    driver.blocked.tell(false);
  });
  trips('blocked senders: nobody waits for whom there is room', () => {
    const { driver, socketId, socket, transmit } = bench();
    socket.sendingContexts = 1;
    transmit['freeCount'] = 0;
    driver.blocked.add(socketId, socket);
    driver.blocked['leastFree'] = 1;
    transmit.serves = () => false;
    driver.blocked['tellAll'] = () => {};
    transmit['freeCount'] = transmit.buffers;
    driver.blocked.tell(false);
  });
});

describe('buckets and credits', () => {
  trips('bucket posts: buckets are posted to a card that takes them', () => {
    const { driver } = bench();
    driver.goOffline();
    driver.buckets.postAll();
  });
  trips('credits: no fewer than no bytes were read', () => {
    const { driver, socketId, socket } = bench();
    driver.credits.add(socketId, socket, -1);
  });
  trips('credits: what comes back was a credit', () => {
    const { driver, socketId, socket } = bench();
    driver.credits.giveBack(socketId, socket, 0, 0);
  });
  trips('credits: a socket owes under its own id', () => {
    const { driver, socketId, socket } = bench();
    driver.credits.giveBack(socketId + 1, socket, 1, 0);
  });
  trips('credits: a socket is early under its own id', () => {
    const { driver, socketId, socket } = bench();
    socket.creditBytes = 1;
    driver.credits.early(socketId + 1, socket);
  });
  trips('credits: what is early has gone, or waits for a frame', () => {
    const { driver, socketId, socket } = bench();
    socket.creditBytes = 1;
    driver.credits['owe'] = () => {};
    driver.credits.early(socketId, socket);
  });
  trips('credits: each socket is in the list once', () => {
    const { driver, table, socketId, socket } = bench();
    driver.credits.held = true;
    for (let i = 0; i <= table.sockets.length; i++) {
      socket.creditQueued = 0;
      driver.credits.giveBack(socketId, socket, 1, 0);
    }
  });
  trips('credits: a socket in the list is marked so', () => {
    const { driver, socketId, socket } = bench();
    driver.credits.giveBack(socketId, socket, 1, 0);
    socket.creditQueued = 0;
    driver.credits.send();
  });
});

describe('closing and retries', () => {
  trips('closing: a socket that is given up was in use', () => {
    const { driver, socketId, socket } = bench();
    driver.closeSocket(socketId, socket, false);
    driver.closeSocket(socketId, socket, false);
  });
  trips('retries: a socket that is closed again is closing', () => {
    const { driver, socketId } = bench();
    driver['retries'].close(socketId, 0, false);
  });
  trips('closing: a socket is closed under its own id', () => {
    const { driver, socketId, socket } = bench();
    driver.closeSocket(socketId + 1, socket, false);
  });
  trips('retries: what is closed again is a socket there is', () => {
    const { card, driver } = bench();
    const retries = driver['retries'];
    retries.posts();
    retries['closes'][0] = 99;
    retries['closeCount'] = 1;
    card.clock.set(retries.dueNs);
    retries.run();
  });
  trips('retries: the time is looked at only while something waits', () => bench().driver['retries'].due());
  trips('retries: what is tried again is due', () => {
    const retries = bench().driver['retries'];
    retries.posts();
    retries.run();
  });
  trips('retries: the clock does not go back', () => {
    const { card, driver } = bench();
    driver['retries']['triedNs'] = card.clock.nowNs + 1;
    driver['retries'].posts();
  });
});

describe('what is left of a card that is gone', () => {
  trips('withdrawal: every socket has failed, or is free', () => {
    const { driver, socketId } = bench();
    const withdrawal = driver['withdrawal'];
    const fail = withdrawal['fail'].bind(withdrawal);
    withdrawal['fail'] = (id, errno) => (id === socketId ? undefined : fail(id, errno));
    driver.die(100);
  });
  trips('withdrawal: a socket fails with an errno', () => bench().driver['withdrawal'].run(0));
  trips('closing: a card is not told of a socket that it has forgotten', () => {
    const { card, driver, socketId, socket } = bench();
    socket.lost = 1;
    driver['closing'].close(card.host.requests.acquire(), socketId, socket, false);
  });
  trips('retries: whose posts are sent again is a socket there is', () =>
    bench().driver['retries'].accepts(8),
  );
  trips('retries: who is credited again is a socket there is', () =>
    bench().driver['retries'].credit(8, 1, 0),
  );
});

describe('the driver', () => {
  trips('driver: chores are done while no frame is held', () => {
    const { card, driver } = bench();
    card.host.requests.acquire();
    card.host.requests.short = true;
    driver.poll();
  });
  trips('driver: while it lives it rests with no frame in its hands', () => {
    const { card, driver } = bench();
    card.host.requests.acquire();
    driver.arm();
  });
  trips('driver: whoever waits for a reply has begun a call', () => bench().driver.awaitControl());
  trips('driver: who waits for something gives it a time', () => bench().driver.waitUntil(() => false, 0));
  trips('driver: a card goes online once its device is known', () => {
    const { card, driver } = bench();
    driver.goOffline();
    card.host.requests.deviceTid = NO_TID;
    driver.goOnline(2);
  });
  trips('driver: replies are not taken while a reply is being taken', () => {
    const { card, driver } = bench();
    driver['replies'].dispatch = () => void driver.poll();
    card.contexts(0);
  });
  trips('driver: the card gets its frames before it is online', () => bench().driver.supplyOutbound());
  trips('driver: the card goes online once', () => bench().driver.goOnline(2));
  trips('driver: a card that goes online lives', () => {
    const { driver } = bench();
    driver.die(100);
    driver.goOnline(2);
  });
  trips('driver: a dead card has an errno', () => bench().driver.die(0));
  trips('driver: one that has failed brings no card up again', () => {
    const { driver } = bench();
    driver.fault = 'something';
    driver.cardReset(100);
  });
});

describe('calls of the program', () => {
  const BYTES = new Uint8Array(5000);
  trips('readiness: only a socket in use is ready for anything', () =>
    readinessOf(new HostSocket(), bench().transmit, bench().receive),
  );
  trips('send policy: who waits for room can send', () => {
    const { card } = bench();
    card.sockets.sender['policy'].blocked(3, new HostSocket());
  });
  trips('sender: what is taken is lent to the card', () => {
    const { card, socketId } = bench();
    card.sockets.sender['fillImmediate'] = () => 5;
    card.sockets.send(socketId, BYTES, 0, 5);
  });
  trips('sender: less waits to be sent than may', () => {
    const { card } = bench();
    const socket = new HostSocket();
    socket.unsentLowBytes = 5;
    socket.givenBytes = 5;
    card.sockets.sender['roomByLimit'](socket);
  });
  trips('send policy: only a limit makes a send wait for what is unsent', () =>
    bench().card.sockets.sender['policy'].unsentLimit(new HostSocket()),
  );
  trips('sender: a buffer that is offered has been taken', () => {
    const { card, socketId, transmit } = bench();
    transmit.takeFor = () => 3;
    card.sockets.sender.allocate(socketId);
  });
  trips('datagram sender: a datagram is lent to the card whole', () => {
    const { card } = bench();
    const socketId = card.sockets.socket(SOCK_DGRAM);
    card.sockets.sender['datagrams']['fillBuffers'] = () => true;
    card.sockets.sendTo(socketId, BYTES, 0, 5000, 1, 9);
  });
  trips('socket calls: a listener is bound', () => {
    const { card } = bench();
    card.onRequest = (request) => void (request[1] >>> 24 === SOCKET_LISTEN && card.status(request, 0));
    card.sockets['calls'].bind = () => 0;
    card.sockets.listen(card.sockets.socket(), 5);
  });
  trips('socket calls: a connection that is accepted is open', () => {
    const { card, table } = bench();
    const listenerId = table.take(STATE_LISTENING);
    const accepted = table.take(STATE_CONNECTED);
    joinAccepts(table.sockets, table.sockets[listenerId], accepted);
    table.give(accepted);
    card.sockets.accept(listenerId);
  });
  trips('socket calls: a connection that is accepted came by its listener', () => {
    const { card, table } = bench();
    const listenerId = table.take(STATE_LISTENING);
    const accepted = table.take(STATE_CONNECTED);
    joinAccepts(table.sockets, table.sockets[listenerId], accepted);
    card.sockets.accept(listenerId);
  });
  trips('socket calls: a peer is fixed for a datagram socket', () => {
    const { card, table } = bench();
    const socketId = card.sockets.socket(SOCK_DGRAM);
    table.sockets[socketId].datagram = 0;
    card.sockets.connect(socketId, 1, 9);
  });
  trips('socket calls: a socket that was closed is not open', () => {
    const { card, driver, socketId } = bench();
    driver.closeSocket = () => {};
    card.sockets.close(socketId);
  });
  trips('socket options: what setting one comes to is an errno, or 0', () => {
    const { card, driver, socketId } = bench();
    driver.awaitControl = () => -5;
    card.sockets.setOption(socketId, SO_KEEPALIVE, 1);
  });
  trips('sender: no more bytes are taken than there are', () => {
    const { card, socketId } = bench();
    card.sockets.sender['fillBuffers'] = () => 5001;
    card.sockets.send(socketId, BYTES, 0, 5000);
  });
  trips('datagram sender: a pool that can give all buffers gives each', () => {
    const { card, transmit } = bench();
    const socketId = card.sockets.socket(SOCK_DGRAM);
    transmit.canTake = () => true;
    while (transmit.available > 0) transmit.take(true);
    card.sockets.sendTo(socketId, BYTES, 0, 5000, 1, 9);
  });
  trips('datagram sender: a datagram that is not too long fits a frame', () => {
    const { card } = bench();
    const socketId = card.sockets.socket(SOCK_DGRAM);
    const datagrams = card.sockets.sender['datagrams'] as unknown as { bytesMax: number };
    datagrams.bytesMax = 1e6;
    card.sockets.sendTo(socketId, new Uint8Array(20_000), 0, 20_000, 1, 9);
  });
  trips('receiver: a bucket in the queue of a stream holds bytes', () => {
    const { card, socketId, receive, socket } = bench();
    receive.reclaim();
    const bucket = receive.takeToPost();
    receive.filled(bucket, 0, 100);
    receive.enqueue(socket, bucket);
    receive.length[bucket] = 0;
    card.sockets.recv(socketId, BYTES, 0, 50);
  });
  trips('datagram receiver: a datagram that is looked at is there', () => {
    const { card } = bench();
    const socketId = card.sockets.socket(SOCK_DGRAM);
    const socket = card.sockets['table'].sockets[socketId];
    card.sockets.receiver['datagrams'].takeAs(socket, BYTES, 0, 10, undefined, 0);
  });
  trips('datagram receiver: a datagram has no fewer than no bytes', () => {
    const { card, receive } = bench();
    const socketId = card.sockets.socket(SOCK_DGRAM);
    receive.reclaim();
    const bucket = receive.takeToPost();
    receive.filled(bucket, 0, 100);
    receive.enqueue(card.sockets['table'].sockets[socketId], bucket);
    receive.length[bucket] = -1;
    card.sockets.recv(socketId, BYTES, 0, 10);
  });
});
