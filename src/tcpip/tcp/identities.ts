/**
 * What must hold between the fields of a connection, and between the tables, whenever nothing is in the
 * middle of changing them. Looked at where costly assertions run: a connection after each segment, timer and
 * call that was its own and after its output; all tables after some of the flushes.
 */
import { assert } from '../../assert/assert.ts';
import { atOrBefore, before } from '../seq.ts';
import { checkAcceptQueue } from './accept-queue.ts';
import { ACK_DELAYED, ACK_NONE } from './control-block/acknowledgements.ts';
import { DUE_NOTHING, RECOVERY_FAST, RECOVERY_NONE } from './control-block/recovery-state.ts';
import { SENDING_TIMERS, TIMER_ACK, TIMER_FIN_WAIT, TIMER_KEEPALIVE } from './control-block/timers.ts';
import {
  FLAG_BOUND,
  FLAG_REUSE_ADDRESS,
  FLAG_SEARCHES,
  FLAGS_TIMER_RUNS,
  WORD_LOCAL_ADDRESS,
} from './dormant-record.ts';
import { PortHolders } from './port-holders.ts';
import { checkFree, checkSent } from './sent-checks.ts';
import {
  CLOSED,
  CLOSING,
  ESTABLISHED,
  FIN_WAIT_2,
  LISTEN,
  SYN_RECEIVED,
  SYN_SENT,
  TIME_WAIT,
} from './state.ts';
import type { TcpTables } from './tables.ts';
import { flightBytes, portPair, type Tcb } from './tcb.ts';

/** One flush in so many looks at all tables: that costs as much as thousands of segments. */
const FLUSHES_A_CHECK = 4096;
/**
 * A connection's longer queues are walked by one check in so many: else each segment of a long queue costs a
 * walk.
 */
const SHORT_QUEUE = 16;
const CHECKS_A_WALK = 64;

/** Everything that can be said of one connection by itself. Costs a walk over its queues. */
export function checkTcb(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.inUse === 0) {
    checkPooled(tcb);
    return;
  }
  const { state } = tcb;
  tcp.checks.looks += 1;
  const walks = tcp.checks.looks % CHECKS_A_WALK === 0;
  if (walks || tcb.received.slotsHeld <= SHORT_QUEUE) tcp.receiveQueue.check(tcb);
  if (state === CLOSED || state === LISTEN || state === TIME_WAIT) {
    checkQuiet(tcp, tcb);
    return;
  }
  assert(
    tcp.demux.find(tcb.remoteAddress, tcb.localAddress, portPair(tcb)) === tcb.index + 1,
    'TCB: segments of a connection find it',
  );
  checkSequence(tcb);
  // Until the peer's SYN has come, the window that our SYN offers has no edge; and its number may well be 0.
  if (state === SYN_SENT) tcp.checks.edges.forget(tcb.index);
  else tcp.checks.edges.check(tcb);
  if (walks || tcb.sends.count <= SHORT_QUEUE) tcp.sendQueue.check(tcb);
  checkRecovery(tcp, tcb);
  if (tcb.moving === 0) checkTimers(tcp, tcb);
}

/** A Tcb in the pool. */
function checkPooled(tcb: Tcb): void {
  assert(
    tcb.state === CLOSED && tcb.owner < 0 && tcb.parent < 0,
    'TCB: in the pool it is closed and nobody has it',
  );
  assert(tcb.timers.armed === 0, 'TCB: in the pool no timer runs');
  assert(tcb.hashed === 0 && tcb.bound === 0, 'TCB: in the pool it has neither a pair nor a port');
}

/** A Tcb without a living connection: closed, listening, or with its connection in the TIME-WAIT table. */
function checkQuiet(tcp: TcpTables, tcb: Tcb): void {
  assert(tcb.hashed === 0, 'TCB: closed, listening or in TIME-WAIT it is not what segments find');
  assert(tcb.timers.armed === 0, 'TCB: closed, listening or in TIME-WAIT no timer of its runs');
  assert(tcb.sends.count === 0, 'TCB: closed, listening or in TIME-WAIT it has nothing to send');
  assert(
    tcb.received.lateHead < 0,
    'TCB: closed, listening or in TIME-WAIT it waits for no hole to be filled',
  );
  assert(
    tcb.awaitsNeighbour === 0,
    'TCB: closed, listening or in TIME-WAIT it waits for no hardware address',
  );
  if (tcb.state === LISTEN) {
    assert(
      tcb.bound !== 0 && tcb.parent < 0,
      'TCB: a listener is bound to a port, and has no listener itself',
    );
  }
  tcp.checks.edges.forget(tcb.index);
}

/** The variables of RFC 9293 §3.3.1 against each other. */
function checkSequence(tcb: Tcb): void {
  const { received } = tcb;
  assert(atOrBefore(tcb.sndUna, tcb.sndNxt), 'TCB: sndUna is not past sndNxt');
  assert(atOrBefore(tcb.sndNxt, tcb.sndMax), 'TCB: sndNxt is not past sndMax');
  assert(atOrBefore(tcb.iss, tcb.sndUna), 'TCB: nothing before the initial sequence number is outstanding');
  assert(
    atOrBefore(tcb.sndMax, (tcb.sndEnd + tcb.finQueued) | 0),
    'TCB: no more was sent than was queued, with the FIN where one is',
  );
  assert(tcb.mss > 0, 'TCB: a segment holds at least one byte');
  assert(tcb.sndWnd >= 0 && tcb.sndWnd <= tcb.sndWndMax, 'TCB: no window was larger than the largest');
  if (tcb.state === SYN_SENT) return;
  assert(
    atOrBefore(tcb.rcvNxt, (tcb.rcvAdv + received.finTaken) | 0),
    'TCB: nothing but the FIN was taken beyond the window that was offered',
  );
  assert(
    received.finTaken === 0 || tcb.rcvNxt === ((received.finSeq + 1) | 0),
    'TCB: nothing follows the FIN',
  );
  assert(received.unconsumedBytes >= 0, 'TCB: no more was consumed than was taken');
}

/** Loss recovery and congestion control against what is outstanding. */
function checkRecovery(tcp: TcpTables, tcb: Tcb): void {
  const { recovery, congestion } = tcb;
  if (tcb.sent.head < 0) tcp.scoreboard.check(tcb);
  else checkSent(tcp.sent, tcb);
  if (tcb.state === SYN_SENT || tcb.state === SYN_RECEIVED) {
    assert(recovery.phase === RECOVERY_NONE, 'TCB: a handshake recovers from no loss');
    assert(recovery.due === DUE_NOTHING, 'TCB: a handshake sends its SYN again and nothing else');
    return;
  }
  assert(
    recovery.phase !== RECOVERY_FAST || (before(tcb.sndUna, recovery.recover) && flightBytes(tcb) > 0),
    'TCB: fast recovery ends when what was outstanding is acknowledged',
  );
  assert(atOrBefore(recovery.recover, tcb.sndMax), 'TCB: recovery waits for nothing that was not sent');
  assert(congestion.cwnd > 0, 'TCB: the congestion window lets at least something out');
}

/** Which timers may run, and that the heap knows of those that do. */
function checkTimers(tcp: TcpTables, tcb: Tcb): void {
  const { armed, retransmitAt, ackAt, finWaitAt } = tcb.timers;
  const { owed } = tcb.acks;
  const sending = armed & SENDING_TIMERS;
  assert((sending & (sending - 1)) === 0, 'TCB: the timers that share a deadline exclude each other');
  assert(
    flightBytes(tcb) <= 0 || sending !== 0 || tcb.ready !== 0 || tcb.awaitsNeighbour !== 0,
    'TCB: what is outstanding has a timer, or is about to be sent',
  );
  assert(
    owed !== ACK_DELAYED || (armed & TIMER_ACK) !== 0,
    'TCB: an acknowledgement that waits has its timer',
  );
  assert(
    tcb.acks.pushed === 0 || owed !== ACK_NONE,
    'TCB: the end of a write awaits an acknowledgement that is owed',
  );
  assert((armed & TIMER_ACK) === 0 || owed !== ACK_NONE, 'TCB: the delay timer runs for an acknowledgement');
  assert(
    (armed & TIMER_FIN_WAIT) === 0 || (tcb.state === FIN_WAIT_2 && tcb.owner < 0),
    'TCB: only in FIN-WAIT-2, and owned by nobody, it waits for a FIN by the clock',
  );
  assert(
    (armed & TIMER_KEEPALIVE) === 0 || tcb.state !== SYN_SENT,
    'TCB: what is not open is not kept alive',
  );
  const { timers } = tcp;
  assert(sending === 0 || timers.covers(tcb.index, retransmitAt), 'TCB: the heap knows when to send again');
  assert(
    (armed & TIMER_ACK) === 0 || timers.covers(tcb.index, ackAt),
    'TCB: the heap knows when to acknowledge',
  );
  assert(
    (armed & TIMER_FIN_WAIT) === 0 || timers.covers(tcb.index, finWaitAt),
    'TCB: the heap knows when to stop waiting for a FIN',
  );
}

/** Looks at all tables after some of the flushes. */
export function checkTablesSometimes(tcp: TcpTables): void {
  const { checks } = tcp;
  checks.flushes += 1;
  if (checks.flushes < FLUSHES_A_CHECK) return;
  checks.flushes = 0;
  checkTables(tcp);
}

/** Every connection, and the tables against their sum. Costs a walk over all of them. */
export function checkTables(tcp: TcpTables): void {
  const { tcbs } = tcp;
  const { embryos, slots } = tcp.checks;
  embryos.fill(0);
  slots.fill(0);
  let free = 0;
  let hashed = 0;
  let awaiting = 0;
  let elements = 0;
  let ranges = 0;
  for (const tcb of tcbs) {
    checkTcb(tcp, tcb);
    tcp.receiveQueue.check(tcb, slots);
    if (tcb.inUse === 0) free += 1;
    hashed += tcb.hashed;
    awaiting += tcb.awaitsNeighbour;
    elements += tcb.sends.count;
    ranges += tcb.recovery.sackCount;
    if (tcb.parent >= 0 && tcb.state === SYN_RECEIVED) embryos[tcb.parent] += 1;
  }
  const { dormant } = tcp;
  free -= dormant.count;
  hashed += dormant.count;
  assert(free === tcp.freeTcbCount, 'tables: as many connections are in the pool as are counted');
  assert(
    awaiting === tcp.awaitingNeighbour,
    'tables: as many connections wait for a neighbour as are counted',
  );
  for (const tcb of tcbs) if (tcb.state === LISTEN) checkAcceptQueue(tcp, tcb, embryos[tcb.index]);
  tcp.sendQueue.checkFree(elements);
  tcp.scoreboard.checkFree(ranges);
  checkFree(tcp.sent, tcbs);
  tcp.demux.check(hashed + tcp.timeWait.count);
  tcp.timers.check();
  tcp.timeWait.check();
  checkTimeWaitPairs(tcp);
  checkHolders(tcp);
  checkStates(tcp);
}

/** How many connections are in each state but CLOSED, where those in the pool are as well. */
function checkStates({ tcbs, asleep, dormant, inState }: TcpTables): void {
  const counts = new Int32Array(inState.length);
  let [orphans, searching] = [0, 0];
  for (const [index, tcb] of tcbs.entries()) {
    const sleeps = tcb === asleep;
    assert(sleeps === dormant.has(index), 'tables: who has a record in place of a Tcb is known to sleep');
    assert(
      !sleeps || dormant.isUntimed(index) !== dormant.hasFlag(index, FLAGS_TIMER_RUNS),
      'tables: of who sleeps it is known, without its record, whether a timer runs',
    );
    counts[sleeps ? dormant.state(index) : tcb.state] += 1;
    if (sleeps && dormant.isOrphan(index)) orphans += 1;
    if (sleeps && dormant.hasFlag(index, FLAG_SEARCHES)) searching += 1;
  }
  for (let state = ESTABLISHED; state <= CLOSING; state++) {
    if (state === CLOSED) continue;
    assert(counts[state] === inState[state], 'tables: as many connections are in each state as are counted');
  }
  assert(orphans === dormant.orphans, 'tables: those that sleep and that nobody owns are counted');
  assert(searching === dormant.searching, 'tables: those that sleep and search for an MTU are counted');
}

/** Segments of each pair in TIME-WAIT find its entry. */
function checkTimeWaitPairs(tcp: TcpTables): void {
  const { timeWait, demux } = tcp;
  for (let entry = timeWait.oldest; entry >= 0; entry = timeWait.following(entry)) {
    const { remoteAddress, localAddress, ports } = timeWait;
    assert(
      demux.find(remoteAddress[entry], localAddress[entry], ports[entry]) === -(entry + 1),
      'tables: segments of a pair in TIME-WAIT find its entry',
    );
  }
}

/** Who hold the ports, against who is counted for them, by one port and address after the other. */
function checkHolders(tcp: TcpTables): void {
  const { tcbs, asleep, dormant, timeWait, holders } = tcp;
  const counts = new PortHolders(tcbs.length + timeWait.ports.length);
  let count = timeWait.count;
  for (const [index, tcb] of tcbs.entries()) {
    const sleeps = tcb === asleep;
    if (!sleeps && (tcb.bound | tcb.hashed) === 0) continue;
    const port = sleeps ? dormant.localPort(index) : tcb.localPort;
    const address = sleeps ? dormant.word(index, WORD_LOCAL_ADDRESS) : tcb.localAddress;
    const reuses = sleeps ? dormant.hasFlag(index, FLAG_REUSE_ADDRESS) : tcb.options.reuseAddress !== 0;
    const listens = !sleeps && tcb.state === LISTEN;
    counts.add(port, address, reuses && !listens ? 0 : 1);
    if (sleeps ? dormant.hasFlag(index, FLAG_BOUND) : tcb.bound !== 0) counts.bind(port, 1);
    if (listens) counts.setListener(port, address, index);
    count += 1;
  }
  for (let entry = timeWait.oldest; entry >= 0; entry = timeWait.following(entry)) {
    counts.add(timeWait.ports[entry] & 0xffff, timeWait.localAddress[entry], 0);
  }
  assert(holders.total() === count, 'tables: as many hold a port as are counted');
  assert(holders.isLike(counts), 'tables: who holds a port is counted for it, as it holds it');
}
