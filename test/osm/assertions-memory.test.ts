/** Each assertion of sockets and their table, tripped by the fault it guards against. */
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
  takeError,
} from '../../src/osm/memory/host-socket.ts';
import type { SocketTable } from '../../src/osm/memory/socket-table.ts';
import { Stalls } from '../../src/osm/memory/stalls.ts';
import type { TransmitPool } from '../../src/osm/memory/transmit-pool.ts';
import { TransmitShares } from '../../src/osm/memory/transmit-shares.ts';
import { markBound } from '../../src/osm/user/datagram-sender.ts';
import { mark, renew } from '../../src/osm/user/shutdown-call.ts';
import { trips } from '../rules/trips.ts';
import { ScriptedCard } from './scripted-card.ts';

const transmitPool = (): TransmitPool => new ScriptedCard().host.transmit;
const socketTable = (): SocketTable => new ScriptedCard().host.sockets['table'];

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
  trips('socket table: the free list has no more ids than there can be sockets', () => {
    const table = socketTable();
    table.most = 0;
    table['listFree']();
  });
  trips('socket table: what is posted for a listener is an id there is', () => socketTable().listenerOf(-1));
  trips('socket table: there is a socket for each id of the version spoken', () => {
    const table = socketTable();
    Object.assign(table, { config: { ...table['config'], socketsMax: table.sockets.length + 1 } });
    table.speak(3);
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
