/**
 * NewReno's window (RFC 5681 §3.1, RFC 3465 with L = 2, RFC 6928): slow start, congestion avoidance, half the
 * flight on loss.
 */
import type { Tcb } from '../tcb.ts';
import { type CongestionControl, CWND_MAX } from './congestion.ts';

export class NewReno implements CongestionControl {
  readonly name = 'newreno';

  start(tcb: Tcb, segments: number): void {
    tcb.cwnd = Math.min(CWND_MAX, Math.imul(segments, tcb.mss));
    tcb.cwndAcked = 0;
  }

  /** // Hot path. */
  acknowledged(tcb: Tcb, bytes: number): void {
    const { mss, cwnd } = tcb;
    if (cwnd < tcb.ssthresh) {
      const most = mss * 2;
      tcb.cwnd = Math.min(CWND_MAX, cwnd + Math.min(bytes, most)) | 0;
      return;
    }
    tcb.cwndAcked += bytes;
    if (tcb.cwndAcked < cwnd) return;
    tcb.cwndAcked -= cwnd;
    if (tcb.cwndAcked > cwnd) tcb.cwndAcked = 0;
    tcb.cwnd = Math.min(CWND_MAX, cwnd + mss) | 0;
  }

  threshold(tcb: Tcb, flightBytes: number): number {
    return Math.max(flightBytes >> 1, tcb.mss * 2);
  }

  idle(tcb: Tcb, segments: number): void {
    tcb.cwnd = Math.min(tcb.cwnd, Math.imul(segments, tcb.mss));
    tcb.cwndAcked = 0;
  }
}
