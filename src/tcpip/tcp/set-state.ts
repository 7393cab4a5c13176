/** The one place where a connection changes its state, so that a user who owns it can be told. */
import { assert } from '../../assert/assert.ts';
import {
  CLOSE_WAIT,
  CLOSED,
  CLOSING,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  LAST_ACK,
  LISTEN,
  SYN_RECEIVED,
  SYN_SENT,
  TIME_WAIT,
} from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

const bits = (...states: number[]) => states.reduce((sum, state) => sum | (1 << state), 1 << CLOSED);

/**
 * The states that may follow each, as bits: RFC 9293 §3.3.2, figure 5, and CLOSED after each. An embryo goes
 * from CLOSED to SYN-RECEIVED because it is a Tcb of its own; who has closed before the handshake was
 * complete goes straight to FIN-WAIT-1; a listener may listen again, with another backlog.
 */
const FOLLOWERS = new Int32Array(16);
FOLLOWERS[CLOSED] = bits(LISTEN, SYN_SENT, SYN_RECEIVED);
FOLLOWERS[LISTEN] = bits(LISTEN);
FOLLOWERS[SYN_SENT] = bits(SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1);
FOLLOWERS[SYN_RECEIVED] = bits(ESTABLISHED, FIN_WAIT_1);
FOLLOWERS[ESTABLISHED] = bits(FIN_WAIT_1, CLOSE_WAIT);
FOLLOWERS[FIN_WAIT_1] = bits(FIN_WAIT_2, CLOSING);
FOLLOWERS[FIN_WAIT_2] = bits(TIME_WAIT);
FOLLOWERS[CLOSING] = bits(TIME_WAIT);
FOLLOWERS[CLOSE_WAIT] = bits(LAST_ACK);
FOLLOWERS[LAST_ACK] = bits();
FOLLOWERS[TIME_WAIT] = bits();

/** @param state a state of `state.ts`. */
export function setState(tcp: TcpTables, tcb: Tcb, state: number): void {
  const former = tcb.state;
  assert(((FOLLOWERS[former] >> state) & 1) === 1, 'state: a connection goes where RFC 9293 has an arrow');
  tcb.state = state;
  tcp.inState[former] -= 1;
  tcp.inState[state] += 1;
  if (tcb.owner >= 0 && former !== state) tcp.environment.owner.stateChanged(tcb.owner, former, state);
}

/** A connection of another stack's goes on here, in the state in which that had it. */
export function takeOverState(tcp: TcpTables, tcb: Tcb, state: number): void {
  assert(tcb.state === CLOSED && tcb.hashed === 0, 'state: only a new connection is another taken over');
  tcb.state = state;
  tcp.inState[CLOSED] -= 1;
  tcp.inState[state] += 1;
}
