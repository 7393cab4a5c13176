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
  let now = SENDING_BUSY;
  if (waiting > 0) {
    const flight = flightBytes(tcb);
    // Where both windows are full it is the congestion window that holds back, as on Linux.
    const mayGo = flight < tcb.congestion.cwnd;
    if (mayGo && tcb.sndWnd - flight < Math.min(waiting, tcb.mss)) now = SENDING_WINDOW;
  } else if (tcb.sndUna === tcb.sndMax) {
    now = SENDING_NOTHING;
  } else if (totals.awaitsRoom !== 0 && !isWindowUsed(tcb)) {
    // More room would be of use only where the congestion window has some left.
    now = SENDING_BUFFER;
  }
  // What goes on for long is counted now and then, before the clock of 32 bits comes round.
  if (now === totals.sendingAs && (nowUs - totals.sendingSinceUs) >>> 0 < OFTEN_US) return;
  addElapsed(totals, nowUs);
  totals.sendingAs = now;
}

/** The time up to now is counted, too. */
export function addElapsed(totals: Totals, nowUs: number): void {
  const { sendingAs } = totals;
  const elapsedUs = (nowUs - totals.sendingSinceUs) >>> 0;
  totals.sendingSinceUs = nowUs;
  if (sendingAs === SENDING_NOTHING) return;
  totals.busyUs += elapsedUs;
  if (sendingAs === SENDING_WINDOW) totals.windowLimitedUs += elapsedUs;
  else if (sendingAs === SENDING_BUFFER) totals.bufferLimitedUs += elapsedUs;
  const heldBackUs = totals.windowLimitedUs + totals.bufferLimitedUs;
  assert(heldBackUs <= totals.busyUs, 'sending time: what held it back is a part of it');
}
