/**
 * Each assertion of osm/kernel and osm/user, tripped by the fault it guards against: lists, chores, closing,
 * the driver's states.
 */
import { describe } from 'vitest';
import { BlockedSenders } from '../../src/osm/kernel/blocked-senders.ts';
import { STATE_LISTENING } from '../../src/osm/memory/host-socket.ts';
import { SOCK_DGRAM } from '../../src/socket/contract.ts';
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
    driver.postAccepts(socketId, socket);
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

describe('blocked senders', () => {
  trips('blocked senders: as many buffers as are enough can be free', () => {
    const { card } = bench();
    const area = card.host.transmit['area'] as { count: number };
    area.count = 0;
    const { driver, transmit } = card.host;
    new BlockedSenders(card.sockets['table'], transmit, driver.config);
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
    driver.blocked.tell();
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
    driver.credits.giveBack(socketId, socket, 0);
  });
  trips('credits: each socket is in the list once', () => {
    const { driver, table, socketId, socket } = bench();
    driver.credits.held = true;
    for (let i = 0; i <= table.sockets.length; i++) {
      socket.creditQueued = 0;
      driver.credits.giveBack(socketId, socket, 1);
    }
  });
  trips('credits: a socket in the list is marked so', () => {
    const { driver, socketId, socket } = bench();
    driver.credits.giveBack(socketId, socket, 1);
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

describe('the driver', () => {
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
