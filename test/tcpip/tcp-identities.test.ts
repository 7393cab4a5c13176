/** The identities of a connection, of its timers and of the tables: each is broken, and found. */
import { describe } from 'vitest';
import { ACK_DELAYED, ACK_NONE, ACK_NOW } from '../../src/tcpip/tcp/control-block/acknowledgements.ts';
import { DUE_HOLES, RECOVERY_FAST } from '../../src/tcpip/tcp/control-block/recovery-state.ts';
import {
  TIMER_ACK,
  TIMER_FIN_WAIT,
  TIMER_KEEPALIVE,
  TIMER_PERSIST,
  TIMER_RETRANSMIT,
} from '../../src/tcpip/tcp/control-block/timers.ts';
import { checkTables, checkTcb } from '../../src/tcpip/tcp/identities.ts';
import { ESTABLISHED, FIN_WAIT_2 } from '../../src/tcpip/tcp/state.ts';
import type { TcpTables } from '../../src/tcpip/tcp/tables.ts';
import type { Tcb } from '../../src/tcpip/tcp/tcb.ts';
import { trips } from '../rules/trips.ts';
import { checked, established, listening, opened, opening, withData } from './tcp-assertion-bed.ts';

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
    'TCB: the timers that share a deadline exclude each other',
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
    'TCB: the end of a write awaits an acknowledgement that is owed',
    broken((tcb) => {
      tcb.acks.pushed = 1;
      tcb.acks.owed = ACK_NONE;
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
    'tables: as many connections are in each state as are counted',
    broken((tcp) => {
      tcp.inState[ESTABLISHED] += 1;
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
  const held = (fault: (tcp: TcpTables, listener: Tcb) => void) => () => {
    const { tcp, listener } = listening();
    checkTables(tcp);
    fault(tcp, listener);
    checkTables(tcp);
  };
  trips(
    'tables: as many hold a port as are counted',
    held((tcp) => tcp.holders.add(81, 0, 0)),
  );
  trips(
    'tables: who holds a port is counted for it, as it holds it',
    held((tcp, listener) => tcp.holders.setListener(listener.localPort, 0, 77)),
  );
});
