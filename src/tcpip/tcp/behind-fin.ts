/** What the stack makes of segments that have been here before, and of those behind the peer's FIN. */
import { assert } from '../../assert/assert.ts';
import { ECONNRESET, EPIPE } from '../../socket/errno.ts';
import { FIN } from '../header/tcp.ts';
import { after, before, earlier } from '../seq.ts';
import { replyReset } from './handshake.ts';
import { failTcb } from './lifecycle.ts';
import { acknowledgeNow } from './ready.ts';
import { receivedBefore } from './receive.ts';
import type { SegmentIn } from './segment-in.ts';
import { CLOSE_WAIT, CLOSING, LAST_ACK } from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/**
 * The peer's FIN has been taken. As on Linux (captured from 6.18): what has been here before is acknowledged and
 * reported as received twice, its FIN too; text that goes on behind the FIN resets, since no peer has that; and
 * what begins behind it is ignored (RFC 9293 §3.10.7.4, seventh check).
 */
export function receiveBehindFin(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  const { state } = tcb;
  const isBehind = state === CLOSE_WAIT || state === CLOSING || state === LAST_ACK;
  assert(isBehind, 'behind FIN: the peer’s FIN has been taken');
  const { seq, length, flags } = segment;
  if (!before(seq, tcb.rcvNxt)) return;
  if (after((seq + length) | 0, tcb.rcvNxt)) {
    replyReset(tcp, segment);
    failByReset(tcp, tcb);
    return;
  }
  refuseRepeat(tcp, tcb, seq, (seq + length + (flags & FIN)) | 0);
}

/**
 * Text or a FIN that is not taken: what of it is below RCV.NXT is reported as received twice (RFC 2883; Linux's
 * tcp_send_dupack counts the FIN, too), and what is expected is said.
 */
export function refuseRepeat(tcp: TcpTables, tcb: Tcb, seq: number, end: number): void {
  assert(before(seq, end), 'behind FIN: what is refused has text or a FIN');
  const length = (earlier(end, tcb.rcvNxt) - seq) | 0;
  if (length > 0) receivedBefore(tcp, tcb, seq, length);
  else acknowledgeNow(tcp, tcb);
}

/**
 * The peer had closed its half, or was in the middle of the connection. A user who is still there after both have
 * closed is told, as on Linux (tcp_reset).
 */
export function failByReset(tcp: TcpTables, tcb: Tcb): void {
  failTcb(tcp, tcb, tcb.state === CLOSE_WAIT ? EPIPE : ECONNRESET);
}
