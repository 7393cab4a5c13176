/**
 * What a card has told of a connection and what only grows: bytes sent, by Sent records, and the totals of
 * SocketTotalsGet. Rule E-11: none is told to be less than it was.
 */
import { before } from '../dma/wrapping.ts';
import type { readTotalsReply } from '../i2o/tcp-info.ts';
import type { Findings } from './findings.ts';

type Totals = ReturnType<typeof readTotalsReply>;

const GROWING = [
  ...(['total_retrans', 'segs_out', 'segs_in', 'data_segs_out', 'data_segs_in', 'delivered'] as const),
  ...(['bytes_acked', 'bytes_received', 'bytes_sent', 'bytes_retrans', 'busy_time'] as const),
];
const COUNT = GROWING.length;

export class ToldTotals {
  private readonly findings: Findings;
  private readonly totals: Float64Array;
  private readonly sent: Int32Array;

  constructor(sockets: number, findings: Findings) {
    this.findings = findings;
    this.totals = new Float64Array(sockets * COUNT);
    this.sent = new Int32Array(sockets);
  }

  forget(socket: number): void {
    this.totals.fill(0, socket * COUNT, (socket + 1) * COUNT);
    this.sent[socket] = 0;
  }

  /** Totals of a connection that is there. */
  told(socket: number, totals: Totals): void {
    for (let i = 0; i < COUNT; i++) {
      const at = socket * COUNT + i;
      const now = totals[GROWING[i]];
      if (now < this.totals[at]) this.falls(socket, GROWING[i], this.totals[at], now);
      this.totals[at] = now;
    }
  }

  /** A Sent record. @param bytes of the stream that were sent, modulo 2^32. */
  record(socket: number, bytes: number): void {
    const last = this.sent[socket];
    if (before(bytes, last)) this.falls(socket, 'bytes sent', last >>> 0, bytes >>> 0);
    this.sent[socket] = bytes;
  }

  private falls(socket: number, what: string, last: number, now: number): void {
    this.findings.report('E-11', socket, `${what} of socket ${socket}: ${now}, and ${last} before`);
  }
}
