/**
 * What SocketInfoGet and SocketTotalsGet tell, beside the state of the socket: that the two halves are of one
 * snapshot, and that their numbers agree with each other and with what the host has posted.
 */
import {
  getSocketInfoGetReplyNotsentBytes,
  getSocketInfoGetReplyOutqBytes,
  getSocketInfoGetReplySnapshot,
  getSocketInfoGetReplyState,
  getSocketTotalsGetReplySnapshot,
  TCP_STATE_CLOSED,
} from '../i2o/socket.gen.ts';
import { readTotalsReply } from '../i2o/tcp-info.ts';
import type { Findings } from './findings.ts';
import type { Streams } from './streams.ts';
import type { ToldTotals } from './told-totals.ts';

/** A FIN is queued as a byte is, and a SYN. */
const BESIDE_BYTES = 2;

export class InfoJudge {
  private readonly findings: Findings;
  private readonly streams: Streams;
  /** Whose snapshot was told last, and its number; -1: none was. */
  private snapshotOf = -1;
  private snapshot = 0;
  /** Whether that was of a connection. */
  private ofConnection = false;
  private readonly told: ToldTotals;

  constructor(findings: Findings, streams: Streams, told: ToldTotals) {
    this.findings = findings;
    this.streams = streams;
    this.told = told;
  }

  /** An answer to SocketInfoGet. @param stream whether the socket had a connection when it was asked of. */
  info(socket: number, stream: boolean, words: Int32Array, at: number): void {
    this.snapshotOf = socket;
    this.snapshot = getSocketInfoGetReplySnapshot(words, at);
    this.ofConnection = stream && getSocketInfoGetReplyState(words, at) !== TCP_STATE_CLOSED;
    const queued = getSocketInfoGetReplyOutqBytes(words, at) >>> 0;
    const unsent = getSocketInfoGetReplyNotsentBytes(words, at) >>> 0;
    if (unsent > queued)
      this.fault('E-09', socket, `has ${unsent} bytes that were not sent, of ${queued} not acknowledged`);
    if (stream && queued > this.posted(socket))
      this.fault(
        'E-07',
        socket,
        `waits for ${queued} bytes to be acknowledged, ${this.posted(socket)} were sent`,
      );
  }

  /** An answer to SocketTotalsGet. */
  totals(socket: number, stream: boolean, words: Int32Array, at: number): void {
    const number = getSocketTotalsGetReplySnapshot(words, at);
    if (this.snapshotOf !== socket || number !== this.snapshot) {
      const last = this.snapshotOf < 0 ? 'none' : `${this.snapshot >>> 0} of socket ${this.snapshotOf}`;
      this.fault('E-08', socket, `has totals of snapshot ${number >>> 0}, and the last one told is ${last}`);
    }
    const totals = readTotalsReply(words, at);
    if (this.ofConnection && this.snapshotOf === socket) this.told.told(socket, totals);
    const { bytes_sent, bytes_retrans, busy_time, rwnd_limited, sndbuf_limited } = totals;
    if (bytes_retrans > bytes_sent)
      this.fault('E-09', socket, `has sent ${bytes_retrans} bytes again, of ${bytes_sent}`);
    if (rwnd_limited + sndbuf_limited > busy_time)
      this.fault('E-09', socket, `was held back for ${rwnd_limited + sndbuf_limited} µs of ${busy_time}`);
    const once = bytes_sent - bytes_retrans;
    if (stream && once > this.posted(socket))
      this.fault('E-07', socket, `has sent ${once} bytes, ${this.posted(socket)} were posted`);
  }

  /** The most that a socket can have to send; without limit where that is not known. */
  private posted(socket: number): number {
    const { sent, unsure } = this.streams;
    return unsure[socket] === 0 ? sent[socket] + BESIDE_BYTES : Number.POSITIVE_INFINITY;
  }

  private fault(rule: string, socket: number, seen: string): void {
    this.findings.report(rule, socket, `socket ${socket} ${seen}`);
  }
}
