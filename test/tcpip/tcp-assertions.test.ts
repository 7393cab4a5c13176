/**
 * The assertions of TCP's connections, each tripped by the bug it guards against; those of its tables are
 * beside.
 */
import { describe, expect, it } from 'vitest';
import {
  addEmbryo,
  checkAcceptQueue,
  joinAcceptQueue,
  leaveListener,
  takeAccepted,
} from '../../src/tcpip/tcp/accept-queue.ts';
import { acknowledge, sampleRoundTrip } from '../../src/tcpip/tcp/acknowledge.ts';
import * as calls from '../../src/tcpip/tcp/calls.ts';
import { CongestionState } from '../../src/tcpip/tcp/congestion/congestion.ts';
import { NewReno } from '../../src/tcpip/tcp/congestion/newreno.ts';
import { ACK_DELAYED, ACK_NONE, ACK_NOW } from '../../src/tcpip/tcp/control-block/acknowledgements.ts';
import { DUE_FIRST, DUE_HOLES, RECOVERY_FAST } from '../../src/tcpip/tcp/control-block/recovery-state.ts';
import {
  TIMER_ACK,
  TIMER_FIN_WAIT,
  TIMER_KEEPALIVE,
  TIMER_PERSIST,
  TIMER_RETRANSMIT,
} from '../../src/tcpip/tcp/control-block/timers.ts';
import { Edges } from '../../src/tcpip/tcp/edges.ts';
import { advanceConnections } from '../../src/tcpip/tcp/expire.ts';
import { acceptSyn, receiveInSynReceived, receiveInSynSent, setIss } from '../../src/tcpip/tcp/handshake.ts';
import { tcpIcmpError } from '../../src/tcpip/tcp/icmp-error.ts';
import { checkTables, checkTcb } from '../../src/tcpip/tcp/identities.ts';
import {
  allocateTcb,
  discardReceived,
  discardSends,
  failTcb,
  forgetEmbryo,
  hashTcb,
  queueReset,
  releaseTcb,
  unhashTcb,
} from '../../src/tcpip/tcp/lifecycle.ts';
import { prepareHeader, routeTcb, stopAwaiting } from '../../src/tcpip/tcp/path.ts';
import { bindTcb, releaseChosenPort, unbindTcb } from '../../src/tcpip/tcp/ports.ts';
import { markReady } from '../../src/tcpip/tcp/ready.ts';
import { noteDuplicate, receiveText } from '../../src/tcpip/tcp/receive.ts';
import { noteLate, writeSackBlocks } from '../../src/tcpip/tcp/sack-receiver.ts';
import { sendSegment } from '../../src/tcpip/tcp/segment-out.ts';
import { setState } from '../../src/tcpip/tcp/set-state.ts';
import {
  CLOSE_WAIT,
  CLOSED,
  ESTABLISHED,
  FIN_WAIT_2,
  LISTEN,
  SYN_RECEIVED,
} from '../../src/tcpip/tcp/state.ts';
import type { TcpTables } from '../../src/tcpip/tcp/tables.ts';
import { portPair, Tcb } from '../../src/tcpip/tcp/tcb.ts';
import {
  challengeFromTimeWait,
  endTimeWait,
  enterTimeWait,
  succeedTimeWait,
} from '../../src/tcpip/tcp/time-wait-state.ts';
import {
  startAckDelay,
  startFinWait,
  startKeepAlive,
  startPersist,
  startRetransmit,
} from '../../src/tcpip/tcp/timers.ts';
import { advertiseWindow, restoreWindow, windowShift } from '../../src/tcpip/tcp/window.ts';
import { trips } from '../rules/trips.ts';
import { pattern, World } from './harness.ts';

const ACK = 16;
const SYN = 2;
const FIN = 1;

/** A connection that both sides have established: the client's side, and the server's. */
function established() {
  const world = new World({ slots: 64 });
  const { client, server, listener } = world.connect();
  const tcp = world.a.stack['tcp'];
  const tcpB = world.b.stack['tcp'];
  return {
    world,
    tcp,
    tcb: tcp.tcbs[client] as Tcb,
    tcpB,
    peer: tcpB.tcbs[server] as Tcb,
    listener: tcpB.tcbs[listener] as Tcb,
  };
}

/** An established connection with 100 bytes queued, none of them sent. */
function withData() {
  const f = established();
  f.world.a.sendBytes(f.tcb.index, pattern(100));
  return f;
}

/** A connection in SYN-SENT whose SYN has not been sent, beside one that knows the neighbour. */
function opening() {
  const f = established();
  const { a, b } = f.world;
  const index = a.stack.tcpOpen(2);
  a.stack.tcpConnect(index, b.address, 80, f.world.nowUs);
  return { ...f, tcb: f.tcp.tcbs[index] as Tcb };
}

/** A Tcb that a user has opened, and nothing else. */
function opened() {
  const world = new World({ slots: 64 });
  const tcp = world.a.stack['tcp'];
  return { world, tcp, tcb: tcp.tcbs[world.a.stack.tcpOpen(1)] as Tcb };
}

/** A listener, and another Tcb. */
function listening() {
  const world = new World({ slots: 64 });
  const tcp = world.b.stack['tcp'];
  const listener = tcp.tcbs[world.listen(80)] as Tcb;
  return { world, tcp, listener, tcb: allocateTcb(tcp) as Tcb };
}

/** A listener with one connection in its accept queue. */
function waiting() {
  const f = listening();
  f.tcb.state = SYN_RECEIVED;
  addEmbryo(f.listener, f.tcb);
  joinAcceptQueue(f.tcp, f.tcb);
  f.tcb.state = ESTABLISHED;
  return f;
}

/** Runs the checks of a connection after `fault` has been done to it. */
function checked<F extends { tcp: TcpTables; tcb: Tcb }>(
  make: () => F,
  fault: (tcb: Tcb, f: F) => void,
): () => void {
  return () => {
    const f = make();
    checkTcb(f.tcp, f.tcb);
    fault(f.tcb, f);
    checkTcb(f.tcp, f.tcb);
  };
}

describe('the accept queue', () => {
  trips('accept queue: an embryo is new, and nobody else has it', () => {
    const { listener, tcb } = listening();
    tcb.owner = 7;
    addEmbryo(listener, tcb);
  });
  trips('connection: an embryo that is forgotten has a listener', () => {
    const { tcp, tcb } = opened();
    forgetEmbryo(tcp, tcb);
  });
  trips('accept queue: only a listener has embryos', () => {
    const { tcb } = listening();
    addEmbryo(new Tcb(9), tcb);
  });
  trips('accept queue: a connection that is taken out was counted', () => {
    const { tcp, listener } = waiting();
    listener.listening.acceptCount = 0;
    takeAccepted(tcp, listener);
  });
  trips('accept queue: a connection that joins was counted as an embryo', () => {
    const { tcp, listener, tcb } = listening();
    tcb.parent = listener.index;
    joinAcceptQueue(tcp, tcb);
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
  trips('accept queue: a connection that leaves waits in it', () => {
    const { tcp, listener, tcb } = listening();
    tcb.parent = listener.index;
    tcb.state = ESTABLISHED;
    leaveListener(tcp, tcb);
  });
  trips('accept queue: as many connections are linked as are counted', () => {
    const { tcp, listener } = waiting();
    listener.listening.acceptCount = 2;
    checkAcceptQueue(tcp, listener, 0);
  });
  trips('accept queue: the tail is the last connection linked', () => {
    const { tcp, listener } = waiting();
    listener.listening.acceptTail = -1;
    checkAcceptQueue(tcp, listener, 0);
  });
  trips('accept queue: as many embryos name the listener as it counts', () => {
    const { tcp, listener } = waiting();
    checkAcceptQueue(tcp, listener, 1);
  });
});

describe("the user's calls", () => {
  trips('calls: a receive buffer grows up to its limit', () => {
    const tcb = new Tcb(0);
    tcb.received.bufferBytes = 4096;
    tcb.received.bufferBytesMax = 1024;
    calls.widen(tcb, 256);
  });
  trips('calls: a connection that is opened is new', () => {
    const { tcp } = opened();
    const next = tcp.tcbs[tcp.freeTcbs[tcp.freeTcbCount - 1] as number] as Tcb;
    next.owner = 7;
    next.reset = () => {};
    calls.open(tcp, 2);
  });
  trips('calls: a connection that is accepted belongs to nobody yet', () => {
    const { tcp, listener, tcb } = waiting();
    tcb.owner = 7;
    calls.accept(tcp, listener, 8);
  });
  trips('calls: a listener that stops has no connection left', () => {
    const { tcp, listener } = waiting();
    listener.listening.acceptCount = 0;
    calls.close(tcp, listener);
  });
  trips('calls: the FIN is queued while the sending half is open', () => {
    const { tcp, tcb } = established();
    tcb.state = FIN_WAIT_2;
    calls.shutdown(tcp, tcb, 1);
  });
  trips('calls: a connection is given up once', () => {
    const { tcp, tcb } = opened();
    calls.close(tcp, tcb);
    calls.close(tcp, tcb);
  });
  trips('calls: a connection is aborted before it is given up', () => {
    const { tcp, tcb } = opened();
    calls.close(tcp, tcb);
    calls.abort(tcp, tcb);
  });
});

describe('the edges of the windows', () => {
  const movesBack = (field: 'sndUna' | 'sndMax' | 'rcvNxt' | 'rcvAdv') => () => {
    const edges = new Edges(1);
    const tcb = new Tcb(0);
    tcb.iss = 1;
    edges.check(tcb);
    tcb[field] -= 1;
    edges.check(tcb);
  };
  trips('TCB: what was acknowledged stays acknowledged', movesBack('sndUna'));
  trips('TCB: what was sent stays sent', movesBack('sndMax'));
  trips('TCB: what was received stays received', movesBack('rcvNxt'));
  trips('TCB: a window that was offered is not taken back', movesBack('rcvAdv'));
});

describe('the handshake', () => {
  trips('handshake: the initial sequence number is set before anything is sent', () =>
    setIss(established().tcb, 5),
  );
  trips('handshake: a SYN is taken by a connection that has seen none', () => {
    const { tcp, tcb } = established();
    tcp.segment.flags = SYN;
    receiveInSynSent(tcp, tcb, tcp.segment);
  });
  trips('handshake: nothing has been received before the SYN', () => {
    const { tcp, tcb } = opening();
    tcb.received.slotsHeld = 1;
    tcp.segment.flags = SYN;
    receiveInSynSent(tcp, tcb, tcp.segment);
  });
  trips('handshake: our SYN is acknowledged once', () => {
    const { tcp, tcb } = established();
    tcb.state = SYN_RECEIVED;
    tcp.segment.ack = tcb.sndMax;
    receiveInSynReceived(tcp, tcb, tcp.segment);
  });
});

describe('the identities of a connection in the pool, closed, listening or in TIME-WAIT', () => {
  const pooled = () => {
    const { tcp } = opened();
    return { tcp, tcb: tcp.tcbs[tcp.freeTcbs[0] as number] as Tcb };
  };
  trips(
    'TCB: in the pool it is closed and nobody has it',
    checked(pooled, (tcb) => {
      tcb.owner = 7;
    }),
  );
  trips(
    'TCB: in the pool no timer runs',
    checked(pooled, (tcb) => {
      tcb.timers.armed = TIMER_ACK;
    }),
  );
  trips(
    'TCB: in the pool it has neither a pair nor a port',
    checked(pooled, (tcb) => {
      tcb.bound = 1;
    }),
  );
  trips(
    'TCB: closed, listening or in TIME-WAIT it is not what segments find',
    checked(opened, (tcb) => {
      tcb.hashed = 1;
    }),
  );
  trips(
    'TCB: closed, listening or in TIME-WAIT no timer of its runs',
    checked(opened, (tcb) => {
      tcb.timers.armed = TIMER_KEEPALIVE;
    }),
  );
  trips(
    'TCB: closed, listening or in TIME-WAIT it has nothing to send',
    checked(opened, (tcb) => {
      tcb.sends.count = 1;
    }),
  );
  trips(
    'TCB: closed, listening or in TIME-WAIT it waits for no hole to be filled',
    checked(opened, (tcb, { tcp, world }) => {
      tcb.rcvAdv = 100;
      tcp.receiveQueue.insertLate(tcb, world.a.packets.take(), 50, 0, 10);
    }),
  );
  trips(
    'TCB: closed, listening or in TIME-WAIT it waits for no hardware address',
    checked(opened, (tcb) => {
      tcb.awaitsNeighbour = 1;
    }),
  );
  trips('TCB: a listener is bound to a port, and has no listener itself', () => {
    const { tcp, listener } = listening();
    listener.bound = 0;
    checkTcb(tcp, listener);
  });
});

describe('the identities of a living connection', () => {
  const broken = (fault: (tcb: Tcb) => void) => checked(established, fault);
  trips(
    'TCB: segments of a connection find it',
    broken((tcb) => {
      tcb.remotePort += 1;
    }),
  );
  trips(
    'TCB: sndUna is not past sndNxt',
    broken((tcb) => {
      tcb.sndUna += 1;
    }),
  );
  trips(
    'TCB: sndNxt is not past sndMax',
    broken((tcb) => {
      tcb.sndNxt += 1;
    }),
  );
  trips(
    'TCB: nothing before the initial sequence number is outstanding',
    broken((tcb) => {
      tcb.iss = tcb.sndUna + 1;
    }),
  );
  trips(
    'TCB: no more was sent than was queued, with the FIN where one is',
    broken((tcb) => {
      tcb.sndMax += 5;
    }),
  );
  trips(
    'TCB: a segment holds at least one byte',
    broken((tcb) => {
      tcb.mss = 0;
    }),
  );
  trips(
    'TCB: no window was larger than the largest',
    broken((tcb) => {
      tcb.sndWnd = tcb.sndWndMax + 1;
    }),
  );
  trips(
    'TCB: nothing but the FIN was taken beyond the window that was offered',
    broken((tcb) => {
      tcb.rcvNxt = tcb.rcvAdv + 1;
    }),
  );
  trips(
    'TCB: nothing follows the FIN',
    broken((tcb) => {
      tcb.received.finTaken = 1;
      tcb.received.finSeq = tcb.rcvNxt - 2;
    }),
  );
  trips(
    'TCB: no more was consumed than was taken',
    broken((tcb) => {
      tcb.received.unconsumedBytes = -1;
    }),
  );
  trips(
    'TCB: a handshake recovers from no loss',
    checked(opening, (tcb) => {
      tcb.recovery.phase = RECOVERY_FAST;
    }),
  );
  trips(
    'TCB: a handshake sends its SYN again and nothing else',
    checked(opening, (tcb) => {
      tcb.recovery.due = DUE_HOLES;
    }),
  );
  trips(
    'TCB: fast recovery ends when what was outstanding is acknowledged',
    broken((tcb) => {
      tcb.recovery.phase = RECOVERY_FAST;
      tcb.recovery.recover = tcb.sndUna;
    }),
  );
  trips(
    'TCB: recovery waits for nothing that was not sent',
    broken((tcb) => {
      tcb.recovery.recover = tcb.sndMax + 1;
    }),
  );
  trips(
    'TCB: the congestion window lets at least something out',
    broken((tcb) => {
      tcb.congestion.cwnd = 0;
    }),
  );
});

describe('the identities of timers', () => {
  /** Long before anything the heap could know of. */
  const LONG_AGO_US = -1_000_000_000;
  const broken = (fault: (tcb: Tcb) => void) => checked(established, fault);
  trips(
    'TCB: the retransmission and the persist timer exclude each other',
    broken((tcb) => {
      tcb.timers.armed = TIMER_RETRANSMIT | TIMER_PERSIST;
    }),
  );
  trips(
    'TCB: what is outstanding has a timer, or is about to be sent',
    checked(withData, (tcb) => {
      tcb.sndMax += 50;
      tcb.ready = 0;
    }),
  );
  trips(
    'TCB: an acknowledgement that waits has its timer',
    broken((tcb) => {
      tcb.acks.owed = ACK_DELAYED;
    }),
  );
  trips(
    'TCB: the delay timer runs for an acknowledgement',
    broken((tcb) => {
      tcb.timers.armed = TIMER_ACK;
      tcb.acks.owed = ACK_NONE;
    }),
  );
  trips(
    'TCB: only in FIN-WAIT-2, and owned by nobody, it waits for a FIN by the clock',
    broken((tcb) => {
      tcb.timers.armed = TIMER_FIN_WAIT;
    }),
  );
  trips(
    'TCB: what is not open is not kept alive',
    checked(opening, (tcb) => {
      tcb.timers.armed = TIMER_KEEPALIVE;
    }),
  );
  trips(
    'TCB: the heap knows when to send again',
    broken((tcb) => {
      tcb.timers.armed = TIMER_RETRANSMIT;
      tcb.timers.retransmitAt = LONG_AGO_US;
    }),
  );
  trips(
    'TCB: the heap knows when to acknowledge',
    broken((tcb) => {
      tcb.timers.armed = TIMER_ACK;
      tcb.acks.owed = ACK_NOW;
      tcb.timers.ackAt = LONG_AGO_US;
    }),
  );
  trips(
    'TCB: the heap knows when to stop waiting for a FIN',
    broken((tcb) => {
      tcb.state = FIN_WAIT_2;
      tcb.owner = -1;
      tcb.timers.armed = TIMER_FIN_WAIT;
      tcb.timers.finWaitAt = LONG_AGO_US;
    }),
  );
});

describe('the tables together', () => {
  const broken = (fault: (tcp: TcpTables, tcb: Tcb) => void) => () => {
    const { tcp, tcb } = established();
    checkTables(tcp);
    fault(tcp, tcb);
    checkTables(tcp);
  };
  trips(
    'tables: as many connections are in the pool as are counted',
    broken((tcp) => {
      tcp.freeTcbCount -= 1;
    }),
  );
  trips(
    'tables: as many connections wait for a neighbour as are counted',
    broken((tcp) => {
      tcp.awaitingNeighbour = 1;
    }),
  );
  trips(
    'tables: segments of a pair in TIME-WAIT find its entry',
    broken((tcp) => {
      tcp.timeWait.take(0, 100);
      tcp.demux.insert(1, 2, 3, -7);
    }),
  );
  const bound = (fault: (tcp: TcpTables, listener: Tcb, tcb: Tcb) => void) => () => {
    const { tcp, listener, tcb } = listening();
    checkTables(tcp);
    fault(tcp, listener, tcb);
    checkTables(tcp);
  };
  trips(
    'tables: who is in the list of a port is bound to one',
    bound((_tcp, listener, tcb) => {
      listener.boundNext = tcb.index;
    }),
  );
  trips(
    'tables: the list of a port comes to an end',
    bound((_tcp, listener) => {
      listener.boundNext = listener.index;
    }),
  );
  trips(
    'tables: who is bound to a port is in its list, once',
    bound((tcp, listener) => {
      tcp.bound.setFirst(listener.localPort, -1);
    }),
  );
});

describe('recovery and congestion control', () => {
  trips('acknowledgement: only what was sent is acknowledged', () => {
    const { tcp, tcb } = established();
    tcp.segment.ack = tcb.sndMax + 1;
    acknowledge(tcp, tcb, tcp.segment);
  });
  trips('round trip: its scaled mean does not overflow', () => {
    const { tcp, tcb } = established();
    tcb.rtt.srtt = -0x7fff_0000;
    sampleRoundTrip(tcp, tcb, 1);
  });
  trips('recovery: duplicates say something only while something is outstanding', () => {
    const { tcp, tcb } = established();
    tcp.recovery.acknowledgedAgain(tcb, tcp.segment);
  });
  trips('recovery: the timer expires only while something is outstanding', () => {
    const { tcp, tcb } = established();
    tcp.recovery.timedOut(tcb);
  });
  trips('recovery: only what was sent before is sent again', () => {
    const { tcp, tcb } = established();
    tcp.recovery.resent(tcb, tcb.sndMax + 1);
  });
  trips('recovery: something new was acknowledged', () => {
    const { tcp, tcb } = established();
    tcp.recovery.acknowledged(tcb, tcp.segment, 0);
  });
  trips('recovery: what has been sent is outstanding', () => {
    const { tcp, tcb } = established();
    tcp.recovery.sent(tcb);
  });
  trips('congestion: a connection starts with at least one segment', () =>
    new NewReno().start(new CongestionState(), 1460, 0),
  );
  trips('congestion: an acknowledgement counts for at least one byte', () =>
    new NewReno().acknowledged(new CongestionState(), 1460, 0),
  );
  trips('congestion: what is outstanding is not negative', () =>
    new NewReno().lossFound(new CongestionState(), 1460, -1),
  );
});

describe('segments in and out', () => {
  trips('segment: its header lies within what has arrived', () => {
    const { world, tcp } = opened();
    tcp.segment.parse(tcp.environment, 0, world.a.scratch, 24, 20);
  });
  trips('input: a segment finds a connection that lives', () => {
    const { world, peer, tcb } = established();
    peer.state = CLOSED;
    world.a.sendBytes(tcb.index, pattern(10));
    world.run(10_000);
  });
  trips('receive: the peer closes its half while that is open', () => {
    const { tcp, tcb } = established();
    tcb.state = CLOSE_WAIT;
    Object.assign(tcp.segment, { seq: tcb.rcvNxt, length: 0, flags: ACK | FIN });
    receiveText(tcp, tcb, tcp.segment);
  });
  trips('receive: text that is taken begins in the window', () => {
    const { tcp, tcb } = established();
    Object.assign(tcp.segment, { seq: (tcb.rcvAdv + 1) | 0, length: 10, flags: ACK });
    receiveText(tcp, tcb, tcp.segment);
  });
  trips('SACK: a block of what came twice holds at least one byte', () =>
    noteDuplicate(established().tcb, 5, 0),
  );
  trips('receive: no byte is taken beyond the window that was offered', () => {
    const { world, tcpB, tcb } = established();
    tcpB.receiveQueue.append = (peer) => {
      peer.rcvAdv = peer.rcvNxt;
    };
    world.a.sendBytes(tcb.index, pattern(10));
    world.run(10_000);
  });
  trips('output: a connection in the ring is marked as being in it', () => {
    const { world, tcp, tcb } = established();
    tcp.ready[0]?.append(tcb.index);
    world.a.stack.flush(world.nowUs);
  });
  trips('output: a SYN is sent only until it is acknowledged', () => {
    const { world, tcb } = opening();
    tcb.sndUna += 1;
    world.a.stack.flush(world.nowUs);
  });
  trips('output: what is sent again has been sent and is not acknowledged', () => {
    const { world, tcp, tcb } = withData();
    tcb.recovery.due = DUE_FIRST;
    tcp.recovery.next = () => {
      tcb.recovery.lostSeq = tcb.sndMax;
      return 10;
    };
    world.a.stack.flush(world.nowUs);
  });
  trips('output: no more is sent than is queued', () => {
    const { world, tcp, tcb } = withData();
    world.a.stack.flush(world.nowUs);
    tcp.sendQueue.rewind(tcb);
    tcp.recovery.bytesToHeld = () => 5000;
    markReady(tcp, tcb);
    world.a.stack.flush(world.nowUs);
  });
  trips('output: a segment of data holds bytes, the FIN, or both', () => {
    const { world, tcp } = withData();
    tcp.sendQueue.gather = () => 0;
    world.a.stack.flush(world.nowUs);
  });
  trips('segment: but for a probe it repeats nothing that was acknowledged', () => {
    const { world, tcp, tcb } = established();
    sendSegment(tcp, tcb, world.a.claim(), (tcb.sndUna - 2) | 0, ACK, 0, 0, 0, 0);
  });
  trips('segment: the next hop has a hardware address', () => {
    const { world, tcp, tcb } = established();
    tcb.neighbour = -1;
    sendSegment(tcp, tcb, world.a.claim(), tcb.sndNxt, ACK, 0, 0, 0, 0);
  });
  trips('segment: payload beyond the MSS is for the device to cut', () => {
    const { world, tcp, tcb } = established();
    sendSegment(tcp, tcb, world.a.claim(), tcb.sndNxt, ACK, tcb.mss + 1, 0, 0, 0);
  });
  trips('SACK: what has arrived last is in the late queue', () => {
    const { tcp, tcb } = established();
    noteLate(tcp, tcb, tcb.rcvNxt + 5);
  });
  trips('SACK: what is reported lies beyond what is acknowledged', () => {
    const { world, tcp, tcb } = established();
    const packet = world.a.packets.take();
    tcp.receiveQueue.insertLate(tcb, packet, tcb.rcvNxt + 5, world.a.packets.addressOf(packet), 5);
    tcb.rcvNxt += 5;
    writeSackBlocks(tcp, tcb, world.a.claim());
  });
  trips('window: it is not negative', () => {
    const { tcp, tcb } = established();
    tcb.rcvAdv = (tcb.rcvNxt - 1_000_000) | 0;
    tcb.received.bufferBytes = 100;
    tcb.received.queuedBytes = 500;
    advertiseWindow(tcp, tcb, tcb.rcvScale);
  });
  trips('window: its right edge does not move back', () => {
    const { tcp, tcb } = established();
    tcb.rcvScale = 0;
    tcb.rcvAdv = tcb.rcvNxt + 100_000;
    advertiseWindow(tcp, tcb, 0);
  });
  trips('window: what is restored was withheld', () => restoreWindow(new Tcb(0), 100));
  trips('window: the largest buffer can be told with the largest shift', () => windowShift(0x7fff_ffff));
});

describe('how a connection comes and goes', () => {
  trips('connection: one that the pool gives was in the pool', () => {
    const { tcp } = opened();
    (tcp.tcbs[tcp.freeTcbs[tcp.freeTcbCount - 1] as number] as Tcb).inUse = 1;
    allocateTcb(tcp);
  });
  const released = (fault: (tcb: Tcb) => void) => () => {
    const { tcp, tcb } = opened();
    fault(tcb);
    releaseTcb(tcp, tcb);
  };
  trips(
    'connection: one that goes back to the pool was taken from it',
    released((tcb) => {
      tcb.inUse = 0;
    }),
  );
  trips(
    'connection: one that goes back to the pool is not to be found by segments',
    released((tcb) => {
      tcb.hashed = 1;
    }),
  );
  trips(
    'connection: one that goes back to the pool holds no packet slot',
    released((tcb) => {
      tcb.received.slotsHeld = 1;
    }),
  );
  trips(
    'connection: one that goes back to the pool has nothing to send',
    released((tcb) => {
      tcb.sends.count = 1;
    }),
  );
  trips(
    'connection: one that goes back to the pool holds no SACK range',
    released((tcb) => {
      tcb.recovery.sackCount = 1;
    }),
  );
  trips(
    'connection: one that goes back to the pool has left its listener',
    released((tcb) => {
      tcb.parent = 3;
    }),
  );
  trips('connection: one that segments are to find is not to be found yet', () => {
    const { tcp, tcb } = established();
    hashTcb(tcp, tcb);
  });
  trips('connection: one takes only itself out of the demultiplexer', () => {
    const { tcp, tcb } = established();
    tcp.demux.replace(tcb.remoteAddress, tcb.localAddress, portPair(tcb), tcb.index + 2);
    unhashTcb(tcp, tcb);
  });
  trips('connection: a reset goes out while its connection lives', () => {
    const { tcp, tcb } = opened();
    queueReset(tcp, tcb);
  });
  trips('connection: no slot is held once all that came is thrown away', () => {
    const { tcp, tcb } = established();
    tcb.received.slotsHeld = 1;
    discardReceived(tcp, tcb);
  });
  trips('connection: what is outstanding is still queued', () => {
    const { tcp, tcb } = withData();
    tcb.iss -= 1000;
    tcb.sndUna -= 1000;
    tcb.sndMax = tcb.sndEnd;
    discardSends(tcp, tcb);
  });
  trips('connection: one that fails has a reason', () => {
    const { tcp, tcb } = established();
    failTcb(tcp, tcb, 0);
  });
  trips('state: a connection goes where RFC 9293 has an arrow', () => {
    const { tcp, tcb } = established();
    setState(tcp, tcb, LISTEN);
  });
  trips('TIME-WAIT: it ends for an entry that there is', () => {
    const { tcp } = established();
    endTimeWait(tcp, tcp.timeWait.oldest);
  });
  trips('TIME-WAIT: what challenges is a connection that waits', () => {
    const { tcp } = established();
    challengeFromTimeWait(tcp, 0);
  });
  trips('TIME-WAIT: the peer has closed its half before', () => {
    const { tcp, tcb } = established();
    enterTimeWait(tcp, tcb, true);
  });
  trips('TIME-WAIT: the peer has acknowledged our FIN before', () => {
    const { tcp, tcb } = established();
    tcb.received.finTaken = 1;
    enterTimeWait(tcp, tcb, true);
  });
  trips('TIME-WAIT: a pair is taken over from the table, not from a living connection', () => {
    const { tcp, tcb } = established();
    succeedTimeWait(tcp, tcb);
  });
});

describe('the path and the ports', () => {
  trips('path: a connection leaves by a port that there is', () => {
    const { tcp, tcb } = opened();
    tcp.routes.portFor = () => 9;
    routeTcb(tcp, tcb);
  });
  trips('path: a smaller MTU makes no segment longer', () => {
    const { tcp, tcb } = withData();
    tcb.mss = 100;
    tcb.sndMax += 100;
    const { localAddress, remoteAddress, localPort, remotePort, sndUna } = tcb;
    tcpIcmpError(tcp, localAddress, remoteAddress, localPort, remotePort, sndUna, 3, 4, 1000);
  });
  trips('path: the time to live fits its octet and is not 0', () => {
    const { tcb } = opened();
    tcb.ttl = 0;
    prepareHeader(tcb);
  });
  trips('path: a connection that stops waiting for its neighbour was counted', () => {
    const { tcp, tcb } = opened();
    tcb.awaitsNeighbour = 1;
    stopAwaiting(tcp, tcb);
  });
  trips('ports: a connection is bound to one port', () => {
    const { tcp, tcb } = opened();
    bindTcb(tcp, tcb, 0, 80);
    bindTcb(tcp, tcb, 0, 81);
  });
  trips('ports: a port that was chosen for a bind is held', () => {
    const { tcp, tcb } = opened();
    tcb.portChosen = 1;
    releaseChosenPort(tcp, tcb);
  });
  trips('ports: a connection is bound to a port that there is', () => {
    const { tcp, tcb } = opened();
    bindTcb(tcp, tcb, 0, 65536);
  });
  trips('ports: a connection that is bound is in the list of its port', () => {
    const { tcp, tcb } = opened();
    bindTcb(tcp, tcb, 0, 80);
    tcp.bound.setFirst(80, -1);
    unbindTcb(tcp, tcb);
  });
});

describe('timers', () => {
  trips('timers: only a connection that lives sends again', () => {
    const { tcp, tcb } = opened();
    startRetransmit(tcp, tcb);
  });
  trips('timers: the retransmission time-out is not negative', () => {
    const { tcp, tcb } = established();
    tcb.rtt.rto = -1;
    startRetransmit(tcp, tcb);
  });
  trips('timers: an acknowledgement that is delayed is owed', () => {
    const { tcp, tcb } = established();
    startAckDelay(tcp, tcb);
  });
  trips('timers: only a connection that lives probes a window', () => {
    const { tcp, tcb } = opened();
    startPersist(tcp, tcb);
  });
  trips('timers: a keep-alive interval is not 0', () => {
    const { tcp, tcb } = established();
    startKeepAlive(tcp, tcb, 0);
  });
  trips('timers: only a connection that lives is kept alive', () => {
    const { tcp, tcb } = opened();
    startKeepAlive(tcp, tcb, 1000);
  });
  trips("timers: only what nobody owns waits for the peer's FIN by the clock", () => {
    const { tcp, tcb } = established();
    startFinWait(tcp, tcb);
  });
  trips('expiry: a connection sends again or probes a window, not both', () => {
    const { tcp, tcb } = established();
    tcb.timers.armed = TIMER_RETRANSMIT | TIMER_PERSIST;
    tcb.timers.retransmitAt = tcp.environment.nowUs;
    tcp.timers.schedule(tcb.index, tcb.timers.retransmitAt);
    advanceConnections(tcp);
  });
});

describe('a Tcb that is used again', () => {
  /** Every number of a Tcb and its groups, by its path. */
  function numbersOf(value: object, path = ''): [object, string, string][] {
    return Object.entries(value).flatMap(([key, field]): [object, string, string][] =>
      typeof field === 'number'
        ? [[value, key, `${path}${key}`]]
        : numbersOf(field as object, `${path}${key}.`),
    );
  }

  it('is as new, whatever it was before: but for its index and what outlives a connection', () => {
    const { tcp } = opened();
    const used = new Tcb(3);
    const fresh = new Tcb(3);
    const kept = ['index', 'inUse', 'ready', 'ipId'];
    for (const [holder, key, path] of numbersOf(used)) {
      if (!kept.includes(path)) (holder as Record<string, number>)[key] = 123_456;
    }
    used.reset(tcp.environment.config);
    fresh.reset(tcp.environment.config);
    expect(numbersOf(used).length).toBeGreaterThan(130);
    expect(used).toEqual(fresh);
  });

  it('holds int32 numbers alone, so that no store allocates', () => {
    const { tcb } = established();
    for (const [holder, key, path] of numbersOf(tcb)) {
      const value = (holder as Record<string, number>)[key] as number;
      expect(value | 0, path).toBe(value);
    }
  });
});

describe('the window of an embryo', () => {
  it('counts for the largest window that the peer has offered', () => {
    const { peer } = established();
    expect(peer.sndWnd).toBeGreaterThan(65535);
    expect(peer.sndWndMax).toBe(peer.sndWnd);
  });
});

describe('what a peer may do', () => {
  it('opens from port 0, and is forgotten when nobody will accept the connection: no bug of ours', () => {
    const { world, tcp, listener } = listening();
    const { a, b } = world;
    const free = tcp.freeTcbCount;
    Object.assign(tcp.segment, { source: a.address, destination: b.address, ports: 80, seq: 7, flags: SYN });
    acceptSyn(tcp, listener, tcp.segment, 0);
    b.stack.tcpClose(listener.index, world.nowUs);
    expect(tcp.replies.pending).toBe(false);
    // The embryo and its listener are back.
    expect(tcp.freeTcbCount).toBe(free + 1);
  });
});
