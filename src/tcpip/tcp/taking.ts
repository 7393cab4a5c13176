/**
 * The user takes what was received, and says what it has used (RFC 9293 §3.10.3): the part of the calls that
 * moves the window.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { BYTES_DELIVERED } from '../../ledger/counters.gen.ts';
import { ACK_DELAYED } from './control-block/acknowledgements.ts';
import { checkTcb } from './identities.ts';
import { isAwaited } from './peer-segments.ts';
import { acknowledgeNow } from './ready.ts';
import { ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2 } from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';
import { passUrgent, URGENT_NONE } from './urgent.ts';
import { restoreWindow, windowUpdateDue } from './window.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** A receive buffer does not shrink below this, whatever the user says. */
const RECEIVE_BUFFER_LEAST = 2048;
/** Less than one byte in so many (a power of two) of the buffer is little to have consumed. */
const EARLY_SHIFT = 4;

/** RECEIVE (RFC 9293 §3.10.3). // Hot path. */
export function take(tcp: TcpTables, tcb: Tcb, destination: number, lengthMax: number): number {
  return took(tcp, tcb, tcp.receiveQueue.take(tcb, destination, lengthMax));
}

/** The same to the program's own memory. // Hot path. */
export function takeTo(
  tcp: TcpTables,
  tcb: Tcb,
  bytes: Uint8Array,
  offset: number,
  lengthMax: number,
): number {
  if (COSTLY)
    assert(
      offset >= 0 && offset + lengthMax <= bytes.length,
      'calls: bytes are taken to where the program has room for them',
    );
  return took(tcp, tcb, tcp.receiveQueue.takeTo(tcb, bytes, offset, lengthMax));
}

function took(tcp: TcpTables, tcb: Tcb, taken: number): number {
  tcb.received.unconsumedBytes = (tcb.received.unconsumedBytes + taken) | 0;
  tcp.environment.counters[BYTES_DELIVERED] += taken;
  if (tcb.rcvUrgent !== URGENT_NONE) passUrgent(tcb);
  // Slots are free that a window was cut for want of: it may open before anything is consumed.
  if (tcb.received.withheldBytes > 0 && isReceiving(tcb) && windowUpdateDue(tcp, tcb))
    acknowledgeNow(tcp, tcb);
  if (taken > 0 && tcb.received.queuedBytes === 0 && isAwaited(tcb.acks)) acknowledgeNow(tcp, tcb);
  if (COSTLY) checkTcb(tcp, tcb);
  return taken;
}

function isReceiving({ state }: Tcb): boolean {
  return state === ESTABLISHED || state === FIN_WAIT_1 || state === FIN_WAIT_2;
}

/**
 * The program has used bytes that were taken: their room in the window opens again. @param sparing whether the
 * user says so only once it is much, or else because no answer will come that an acknowledgement could go with.
 * // Hot path.
 */
export function consumed(tcp: TcpTables, tcb: Tcb, bytes: number, sparing: boolean): void {
  const { received } = tcb;
  // The user says how much: no more can have been consumed than was taken.
  const used = Math.min(bytes, received.unconsumedBytes);
  received.unconsumedBytes = (received.unconsumedBytes - used) | 0;
  if (received.withheldBytes > 0) restoreWindow(tcb, used);
  if (!isReceiving(tcb)) return;
  const isEarly = sparing && tcb.acks.owed === ACK_DELAYED && used < received.bufferBytes >> EARLY_SHIFT;
  if (isEarly || windowUpdateDue(tcp, tcb)) acknowledgeNow(tcp, tcb);
}

/**
 * The user lets the receive buffer grow or shrink. The window never takes an edge back, so it follows a
 * buffer that shrinks only as bytes are consumed.
 */
export function widen({ received }: Tcb, bytes: number): void {
  const { bufferBytes, bufferBytesMax } = received;
  const least = Math.min(bufferBytes, RECEIVE_BUFFER_LEAST);
  received.bufferBytes = Math.max(least, Math.min(bufferBytesMax, bufferBytes + bytes));
  assert(received.bufferBytes <= bufferBytesMax, 'calls: a receive buffer grows up to its limit');
}
