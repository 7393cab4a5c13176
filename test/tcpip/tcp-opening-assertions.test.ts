/** The assertions of handshakes, ECN, of paths' MTUs and of SYN cookies are tripped, each by its fault. */
import { describe } from 'vitest';
import { PathMtus } from '../../src/tcpip/path-mtus.ts';
import { ChosenControl } from '../../src/tcpip/tcp/congestion/chosen.ts';
import { CongestionState, forbidUndo } from '../../src/tcpip/tcp/congestion/congestion.ts';
import { NoControl } from '../../src/tcpip/tcp/congestion/none.ts';
import { answerWithCookie, takeCookie, wantsCookie } from '../../src/tcpip/tcp/cookie-open.ts';
import {
  agreeOnEcn,
  askForEcn,
  noteEcnBits,
  segmentFlags,
  synFlags,
  takeEcho,
  takeMark,
} from '../../src/tcpip/tcp/ecn.ts';
import { noteTimeoutReduction } from '../../src/tcpip/tcp/ecn-timeout.ts';
import { receiveInSynReceived, receiveInSynSent, setIss } from '../../src/tcpip/tcp/handshake.ts';
import { tcpInfo } from '../../src/tcpip/tcp/info.ts';
import { noteProbe } from '../../src/tcpip/tcp/mtu-probe.ts';
import {
  beginMtuSearch,
  probeAcknowledged,
  probeFailed,
  probePayload,
  suspectBlackHole,
} from '../../src/tcpip/tcp/mtu-search.ts';
import { fillsWindow } from '../../src/tcpip/tcp/output.ts';
import { agePathMtu, recallPathMtu } from '../../src/tcpip/tcp/path-mtu.ts';
import { setState } from '../../src/tcpip/tcp/set-state.ts';
import { SYN_RECEIVED } from '../../src/tcpip/tcp/state.ts';
import { SynCookies, stampWith } from '../../src/tcpip/tcp/syn-cookies.ts';
import { putSynOptions } from '../../src/tcpip/tcp/syn-options.ts';
import { isOffered } from '../../src/tcpip/tcp/tail-probe.ts';
import { Random } from '../../src/time/random.ts';
import { trips } from '../rules/trips.ts';
import { ACK, established, listening, opening, SYN } from './tcp-assertion-bed.ts';

describe('ECN', () => {
  trips('ECN: it is asked for before it is agreed on', () => {
    const { tcp, tcb } = established();
    tcb.marks.on = 1;
    askForEcn(tcb, tcp.environment.config);
  });
  trips('ECN: a SYN is sent only until it is acknowledged', () => {
    const { tcp, tcb } = established();
    synFlags(tcb, false, tcp.environment.config);
  });
  trips('ECN: it is agreed on by SYNs', () => {
    const { tcp, tcb } = opening();
    tcp.segment.flags = ACK;
    agreeOnEcn(tcp.environment.config, tcb, tcp.segment);
  });
  trips('ECN: flags are for a connection that has agreed on it', () => segmentFlags(established().tcb, true));
  trips('ECN: marks are taken by a connection that has agreed on it', () => {
    const { tcp, tcb } = established();
    takeMark(tcp, tcb, tcp.segment, false);
  });
  trips('ECN: an echo is taken by a connection that has agreed on it', () => {
    const { tcp, tcb } = established();
    takeEcho(tcp, tcb, tcp.segment, 0);
  });
});

describe('more of ECN', () => {
  trips('ECN: the header of a segment lies in the region', () => noteEcnBits(established().tcp, 0));
  trips('ECN: a time-out is of what is outstanding', () => noteTimeoutReduction(established().tcb));
});

describe('paths and windows', () => {
  trips('path MTUs: a path that is known carries something', () => new PathMtus().note(1, 0, 0));
  trips('path MTUs: what is known is known for a while', () => new PathMtus().find(1, 0, -1));
  trips('mtu search: only what is outstanding can have been dropped in silence', () => {
    const { tcp, tcb } = established();
    Object.assign(tcp.environment.config, { mtuProbing: 1 });
    tcb.timers.retries = 9;
    suspectBlackHole(tcp, tcb);
  });
  /** One that searches, and may probe for all that it has queued. */
  const searching = () => {
    const { tcp, tcb } = established();
    Object.assign(tcp.environment.config, { mtuProbing: 2 });
    beginMtuSearch(tcp, tcb);
    tcb.congestion.cwnd = 20 * tcb.mss;
    return { tcp, tcb };
  };
  trips('mtu search: it begins once', () => {
    const { tcp, tcb } = searching();
    beginMtuSearch(tcp, tcb);
  });
  trips('mtu search: a segment may hold something', () => {
    const { tcp, tcb } = established();
    Object.assign(tcp.environment.config, { mtuProbing: 2 });
    tcb.mssPeer = 0;
    beginMtuSearch(tcp, tcb);
  });
  trips('mtu search: only who searches probes', () => {
    const { tcp, tcb } = established();
    probePayload(tcp, tcb);
  });
  trips('mtu search: it rests for a while before it begins again', () => {
    const { tcp, tcb } = searching();
    Object.assign(tcp.environment.config, { mtuProbeIntervalSeconds: 0 });
    tcb.mtuSearch.high = tcb.mtuSearch.low;
    probePayload(tcp, tcb);
  });
  trips('mtu search: a probe has the room of two segments', () => {
    const { tcb } = searching();
    tcb.congestion.cwnd = tcb.mss;
    noteProbe(tcb, tcb.sndNxt, tcb.mss + 1);
  });
  trips('mtu search: it goes no higher than it was told', () => {
    const { tcp, tcb } = searching();
    tcb.mtuSearch.probeBytes = tcb.mtuSearch.high + 1;
    tcb.mtuSearch.probeEnd = tcb.sndUna;
    probeAcknowledged(tcp, tcb);
  });
  trips('mtu search: a probe that is lost was sent', () => {
    const { tcp, tcb } = searching();
    probeFailed(tcp, tcb);
  });
  trips('path MTU: it is recalled before anything is sent', () => {
    const { tcp, tcb } = established();
    recallPathMtu(tcp, tcb);
  });
  trips('congestion: a window that stays as it is lets something out', () =>
    forbidUndo(new CongestionState()),
  );
  trips('congestion: the control of a stack is there', () => new ChosenControl('bbr' as 'cubic'));
  trips('congestion: what was chosen is there', () => {
    const state = new CongestionState();
    state.chosen = 3;
    new ChosenControl('cubic').numberOf(state);
  });
  trips('congestion: a window after a rest lets something out', () =>
    new ChosenControl('cubic').idle(new CongestionState(), 1460, 0),
  );
  trips('congestion: a control that is chosen is there', () =>
    new ChosenControl('cubic').choose(new CongestionState(), 3),
  );
  trips('path MTU: what ages is known', () => {
    const { tcp, tcb } = established();
    agePathMtu(tcp, tcb);
  });
  trips('output: what fills a window is less than a full segment', () => {
    const { tcb } = established();
    fillsWindow(tcb, tcb.mss);
  });
  trips('no congestion control: a segment holds at least one byte', () =>
    new NoControl().start(new CongestionState(), 0),
  );
});

describe('SYN cookies', () => {
  trips('SYN cookies: it is known when to use them', () => {
    const { tcp, listener } = listening();
    wantsCookie({ ...tcp.environment.config, synCookies: 3 }, listener);
  });
  trips('SYN cookies: a shift has four bits', () => {
    const { tcp, listener } = listening();
    Object.assign(tcp.segment, { timestamps: 1, windowScale: 99, flags: SYN });
    answerWithCookie(tcp, listener, tcp.segment);
  });
  trips('SYN cookies: a cookie answers a SYN', () => {
    const { tcp, listener } = listening();
    tcp.segment.flags = ACK;
    answerWithCookie(tcp, listener, tcp.segment);
  });
  trips('SYN cookies: only a listener is sent one back', () => {
    const { tcp, tcb } = established();
    takeCookie(tcp, tcb, tcp.segment);
  });
  trips('SYN cookies: a peer takes segments of some size', () =>
    new SynCookies(new Random(1)).make(1, 2, 3, 4, 0, 0),
  );
  trips('SYN cookies: a minute has eight bits', () => new SynCookies(new Random(1))['ofMinute'](256));
  trips('SYN cookies: the options fit the bits that there are', () => stampWith(64, 0));
  trips('SYN: its MSS fits its field', () =>
    putSynOptions(new DataView(new ArrayBuffer(64)), 0, 65_536, false, -1, false, 0, 0),
  );
  trips('replies: options are for a segment that waits', () =>
    established().tcp.replies.addSynOptions(1460, -1, false),
  );
  trips('replies: what a SYN offers is in a SYN', () => {
    const { world, tcp, tcb } = established();
    tcp.replies.queue(tcb.localAddress, tcb.remoteAddress, 1, 0, 0, ACK, 0);
    tcp.replies.addSynOptions(1460, -1, false);
    world.settle();
  });
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
  trips('handshake: what asks again is a SYN that was not acknowledged', () => {
    const { tcp, tcb } = established();
    tcp.segment.flags = ACK;
    tcp.segment.ack = (tcb.sndMax + 1) | 0;
    receiveInSynSent(tcp, tcb, tcp.segment);
  });
  trips('handshake: our first SYN was sent before it is answered', () => {
    const { tcp, tcb } = opening();
    const { segment, environment } = tcp;
    setState(tcp, tcb, SYN_RECEIVED);
    tcb.stamps.on = 1;
    tcb.sndMax = (tcb.iss + 1) | 0;
    tcb.recovery.retransmissions = 2;
    tcb.rtt.timedUs = (environment.nowUs + 2_000_000) | 0;
    Object.assign(segment, { flags: ACK, ack: tcb.sndMax, timestamps: 1, tsValue: 1, tsEcho: 1 });
    receiveInSynReceived(tcp, tcb, segment);
  });
});

describe('what is told of a connection, and when it is probed', () => {
  trips('TCP_INFO: a round trip that was measured has made a time-out', () => {
    const { tcp, tcb } = established();
    Object.assign(tcb.rtt, { srtt: 8, rto: 0 });
    tcpInfo(tcp, tcb);
  });
  trips('tail probe: the window that it heeds is not negative', () => {
    const { tcb } = established();
    tcb.sndWnd = -1;
    isOffered(tcb, tcb.sndUna);
  });
});
