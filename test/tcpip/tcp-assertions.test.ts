/**
 * The assertions of TCP's connections, each tripped by the bug it guards against; those of its tables are
 * beside.
 */
import { describe, expect, it } from 'vitest';
import * as calls from '../../src/tcpip/tcp/calls.ts';
import { TIMER_PERSIST, TIMER_RETRANSMIT } from '../../src/tcpip/tcp/control-block/timers.ts';
import { advanceConnections } from '../../src/tcpip/tcp/expire.ts';
import { tcpIcmpError } from '../../src/tcpip/tcp/icmp-error.ts';
import {
  allocateTcb,
  discardReceived,
  discardSends,
  failTcb,
  hashTcb,
  queueReset,
  releaseTcb,
  unhashTcb,
} from '../../src/tcpip/tcp/lifecycle.ts';
import { prepareHeader, routeTcb, stopAwaiting } from '../../src/tcpip/tcp/path.ts';
import { measureSegment } from '../../src/tcpip/tcp/peer-segments.ts';
import { bindTcb, releaseChosenPort } from '../../src/tcpip/tcp/ports.ts';
import { setState } from '../../src/tcpip/tcp/set-state.ts';
import { FIN_WAIT_2, LISTEN } from '../../src/tcpip/tcp/state.ts';
import * as taking from '../../src/tcpip/tcp/taking.ts';
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
import { trips } from '../rules/trips.ts';
import { established, opened, waiting, withData } from './tcp-assertion-bed.ts';

describe("the user's calls", () => {
  trips('calls: a receive buffer grows up to its limit', () => {
    const tcb = new Tcb(0);
    tcb.received.bufferBytes = 4096;
    tcb.received.bufferBytesMax = 1024;
    taking.widen(tcb, 256);
  });
  trips('calls: bytes are taken to where the program has room for them', () => {
    const { tcp } = opened();
    taking.takeTo(tcp, new Tcb(0), new Uint8Array(8), 4, 8);
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
    const { tcp, tcb } = opened();
    tcb.ttl = 0;
    prepareHeader(tcp, tcb);
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
});

describe('timers', () => {
  trips('peer segments: what is measured carries text', () => {
    const { tcb } = established();
    measureSegment(tcb, 0, false);
  });
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
  trips('expiry: a connection waits for one reason to send again, and no more', () => {
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
    const kept = ['index', 'inUse', 'ready', 'plain', 'ipId'];
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
