/**
 * For how long a connection has had something to send, and what held it back meanwhile: TCP_INFO's busy_time,
 * rwnd_limited and sndbuf_limited (Linux's chronometers, net/ipv4/tcp_output.c). Looked at when something was
 * sent, acknowledged or refused.
 */
import { assert } from '../../assert/assert.ts';
import {
  SENDING_BUFFER,
  SENDING_BUSY,
  SENDING_NOTHING,
  SENDING_WINDOW,
  type Totals,
} from './control-block/totals.ts';
import { flightBytes, type Tcb } from './tcb.ts';
import { isWindowUsed } from './window-use.ts';

/** A quarter of the time after which the clock comes round. */
const OFTEN_US = 2 ** 30;

/** Looks what the connection is doing now. // Hot path: a few compares, and no store while that stays. */
export function noteSending(tcb: Tcb, nowUs: number): void {
  const { totals } = tcb;
  const waiting = (tcb.sndEnd - tcb.sndMax) | 0;
  let now = tcb.sndUna === tcb.sndMax ? SENDING_NOTHING : SENDING_BUSY;
  if (waiting > 0 || totals.awaitsRoom !== 0) now = heldBackBy(tcb, waiting, now);
  // What goes on for long is counted now and then, before the clock of 32 bits comes round.
  if (now === totals.sendingAs && (nowUs - totals.sendingSinceUs) >>> 0 < OFTEN_US) return;
  addElapsed(totals, nowUs);
  totals.sendingAs = now;
}

/** Apart from `noteSending`: most bytes go as soon as they are queued. @param now what it is without more. */
function heldBackBy(tcb: Tcb, waiting: number, now: number): number {
  if (waiting > 0) {
    const flight = flightBytes(tcb);
    // Where both windows are full it is the congestion window that holds back, as on Linux.
    const mayGo = flight < tcb.congestion.cwnd;
    return mayGo && tcb.sndWnd - flight < Math.min(waiting, tcb.mss) ? SENDING_WINDOW : SENDING_BUSY;
  }
  // More room would be of use only where the congestion window has some left.
  return now === SENDING_BUSY && !isWindowUsed(tcb) ? SENDING_BUFFER : now;
}

/** The time up to now is counted, too. // Hot path. */
export function addElapsed(totals: Totals, nowUs: number): void {
  const { sendingAs } = totals;
  const elapsedUs = (nowUs - totals.sendingSinceUs) >>> 0;
  totals.sendingSinceUs = nowUs;
  if (sendingAs === SENDING_NOTHING) return;
  totals.busyUs += elapsedUs;
  if (sendingAs === SENDING_BUSY) return;
  if (sendingAs === SENDING_WINDOW) totals.windowLimitedUs += elapsedUs;
  else totals.bufferLimitedUs += elapsedUs;
  const heldBackUs = totals.windowLimitedUs + totals.bufferLimitedUs;
  assert(heldBackUs <= totals.busyUs, 'sending time: what held it back is a part of it');
}
