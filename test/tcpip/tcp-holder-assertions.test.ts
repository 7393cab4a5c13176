/** What the connections of a listener, and the holders of ports, must be. */
import { describe, expect, it } from 'vitest';
import {
  addEmbryo,
  checkAcceptQueue,
  leaveListener,
  takeAccepted,
} from '../../src/tcpip/tcp/accept-queue.ts';
import {
  holdAsConnection,
  holdForTimeWait,
  releaseAsConnection,
  takeHold,
} from '../../src/tcpip/tcp/holds.ts';
import { forgetEmbryo } from '../../src/tcpip/tcp/lifecycle.ts';
import { bindTcb } from '../../src/tcpip/tcp/ports.ts';
import { SYN_RECEIVED } from '../../src/tcpip/tcp/state.ts';
import { Tcb } from '../../src/tcpip/tcp/tcb.ts';
import { trips } from '../rules/trips.ts';
import { listening, opened, waiting } from './tcp-assertion-bed.ts';

describe('the accept queue', () => {
  trips('accept queue: an embryo is new, and nobody else has it', () => {
    const { tcp, listener, tcb } = listening();
    tcb.owner = 7;
    addEmbryo(tcp, listener, tcb);
  });
  trips('connection: an embryo that is forgotten has a listener', () => {
    const { tcp, tcb } = opened();
    forgetEmbryo(tcp, tcb);
  });
  trips('accept queue: only a listener has embryos', () => {
    const { tcp, tcb } = listening();
    addEmbryo(tcp, new Tcb(9), tcb);
  });
  trips('accept queue: a connection that is taken out was counted', () => {
    const { tcp, listener } = waiting();
    listener.listening.acceptCount = 0;
    takeAccepted(tcp, listener);
  });
  trips('accept queue: what waits in it belongs to the listener', () => {
    const { tcp, listener, tcb } = waiting();
    tcb.parent = -1;
    takeAccepted(tcp, listener);
  });
  trips('accept queue: an embryo that leaves was counted', () => {
    const { tcp, listener, tcb } = listening();
    tcb.parent = listener.index;
    tcb.state = SYN_RECEIVED;
    leaveListener(tcp, tcb);
  });
  trips('accept queue: as many connections are linked as are counted', () => {
    const { tcp, listener } = waiting();
    listener.listening.acceptCount = 2;
    checkAcceptQueue(tcp, listener, 0);
  });
  trips('accept queue: the tail is the last connection linked', () => {
    const { tcp, listener } = waiting();
    listener.listening.acceptTail = listener.index;
    checkAcceptQueue(tcp, listener, 0);
  });
  it('the tail of an accept queue in which somebody waits is not that of an empty one', () => {
    const { tcp, listener } = waiting();
    listener.listening.acceptTail = -1;
    expect(() => checkAcceptQueue(tcp, listener, 0)).toThrow(/the tail is the last connection linked/);
  });
  trips('accept queue: a connection is no neighbour of its own', () => {
    const { tcp, listener, tcb } = waiting();
    tcb.acceptNext = tcb.index;
    takeAccepted(tcp, listener);
  });
  trips('accept queue: neighbours name each other', () => {
    const { tcp, listener, tcb } = waiting();
    tcb.acceptPrevious = tcb.index;
    checkAcceptQueue(tcp, listener, 0);
  });
  trips('accept queue: as many embryos are linked as are counted', () => {
    const { tcp, listener } = waiting();
    listener.listening.embryoCount = 1;
    checkAcceptQueue(tcp, listener, 1);
  });
  trips('accept queue: as many embryos name the listener as it counts', () => {
    const { tcp, listener } = waiting();
    checkAcceptQueue(tcp, listener, 1);
  });
});

describe('the holders of ports', () => {
  trips('ports: a connection is bound before segments find it', () => {
    const { tcp, tcb } = opened();
    tcb.hashed = 1;
    bindTcb(tcp, tcb, 0, 80);
  });
  trips('holds: a connection holds its port once', () => {
    const { tcp, tcb } = opened();
    tcb.hashed = 1;
    holdAsConnection(tcp, tcb);
  });
  trips('holds: what waits has been a connection', () => {
    const { tcp, tcb } = opened();
    holdForTimeWait(tcp, tcb);
  });
  trips('holds: a connection gives up a port that it held', () => {
    const { tcp, tcb } = opened();
    releaseAsConnection(tcp, tcb);
  });
  trips('holds: who holds a port has one', () => {
    const { tcp, tcb } = opened();
    tcb.bound = 1;
    takeHold(tcp, tcb);
  });
});
