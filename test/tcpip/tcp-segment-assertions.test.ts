/** The assertions of TCP on what it sends and receives are tripped, each by its fault. */
import { describe, expect, it } from 'vitest';
import { acknowledge, sampleRoundTrip } from '../../src/tcpip/tcp/acknowledge.ts';
import { receiveBehindFin, refuseRepeat } from '../../src/tcpip/tcp/behind-fin.ts';
import { mayChallenge } from '../../src/tcpip/tcp/challenge.ts';
import { CongestionState } from '../../src/tcpip/tcp/congestion/congestion.ts';
import { NewReno } from '../../src/tcpip/tcp/congestion/newreno.ts';
import { DUE_FIRST } from '../../src/tcpip/tcp/control-block/recovery-state.ts';
import { Edges } from '../../src/tcpip/tcp/edges.ts';
import { acceptSyn } from '../../src/tcpip/tcp/handshake.ts';
import { markReady } from '../../src/tcpip/tcp/ready.ts';
import { noteDuplicate, receiveMerged, receiveText } from '../../src/tcpip/tcp/receive.ts';
import { noteLate, writeSackBlocks } from '../../src/tcpip/tcp/sack-receiver.ts';
import { sendSegment } from '../../src/tcpip/tcp/segment-out.ts';
import { CLOSE_WAIT, CLOSED } from '../../src/tcpip/tcp/state.ts';
import { Tcb } from '../../src/tcpip/tcp/tcb.ts';
import { advertiseWindow, restoreWindow, windowShift } from '../../src/tcpip/tcp/window.ts';
import { trips } from '../rules/trips.ts';
import { pattern } from './harness.ts';
import { ACK, established, FIN, listening, opened, opening, SYN, withData } from './tcp-assertion-bed.ts';

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

describe('challenges', () => {
  trips('challenge: a connection was challenged before, or was not', () => {
    const { tcp } = established();
    mayChallenge(tcp.environment, -1, 0);
  });
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
  trips('congestion: a connection starts with at least one segment', () =>
    new NewReno().start(new CongestionState(), 1460, 0),
  );
  trips('congestion: an acknowledgement counts for at least one byte', () =>
    new NewReno().acknowledged(new CongestionState(), 1460, 0),
  );
  trips('congestion: a window that grows lets something out', () => {
    const state = new CongestionState();
    state.ssthresh = 0;
    state.cwnd = 0;
    new NewReno().acknowledged(state, 1460, 1460);
  });
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
  trips('behind FIN: the peer’s FIN has been taken', () => {
    const { tcp, tcb } = established();
    receiveBehindFin(tcp, tcb, tcp.segment);
  });
  trips('behind FIN: what is refused has text or a FIN', () => {
    const { tcp, tcb } = established();
    refuseRepeat(tcp, tcb, tcb.rcvNxt, tcb.rcvNxt);
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
  trips('receive: each slot of a packet in several holds text', () => {
    const { world, tcp, tcb } = established();
    world.a.packets.chains.set(0, 64, 0);
    receiveMerged(tcp, tcb, Object.assign(tcp.segment, { packet: 0, seq: tcb.rcvNxt }));
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
  trips('segment: payload beyond the MSS is for the device to cut, or a probe', () => {
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
