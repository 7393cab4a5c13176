/**
 * What SocketInfoGet, SocketTotalsGet and SocketSnapshotGet tell, beside the state of the socket: that halves and
 * parts are of one snapshot, and that their numbers agree with each other and with what the host has posted.
 */
import {
  getSocketInfoGetReplyNotsentBytes,
  getSocketInfoGetReplyOutqBytes,
  getSocketInfoGetReplySnapshot,
  getSocketInfoGetReplyState,
  getSocketSnapshotGetReplyFirst,
  getSocketSnapshotGetReplySnapshot,
  getSocketTotalsGetReplySnapshot,
  TCP_STATE_CLOSED,
} from '../i2o/socket.gen.ts';
import {
  readSnapshotReply,
  readTotalsReply,
  SNAPSHOT_HALVES,
  SNAPSHOT_PART_WORDS,
  SNAPSHOT_WORDS,
} from '../i2o/tcp-info.ts';
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
  /** Bytes that records had brought when the snapshot was told of. */
  private brought = 0;
  /** The words of a snapshot that is told in parts, and how many of them are known, from the first on. */
  private readonly parts = new Int32Array(SNAPSHOT_WORDS);
  private known = 0;

  constructor(findings: Findings, streams: Streams, told: ToldTotals) {
    this.findings = findings;
    this.streams = streams;
    this.told = told;
  }

  /** An answer to SocketInfoGet. @param stream whether the socket had a connection when it was asked of. */
  info(socket: number, stream: boolean, words: Int32Array, at: number): void {
    if (words === this.parts) this.isOf(socket, getSocketInfoGetReplySnapshot(words, at));
    else {
      this.snapshotOf = socket;
      this.snapshot = getSocketInfoGetReplySnapshot(words, at);
      this.known = 0;
    }
    this.brought = this.streams.delivered[socket];
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
    this.isOf(socket, getSocketTotalsGetReplySnapshot(words, at));
    const totals = readTotalsReply(words, at);
    if (this.ofConnection && this.snapshotOf === socket) this.told.told(socket, totals);
    const { bytes_sent, bytes_retrans, busy_time, rwnd_limited, sndbuf_limited } = totals;
    this.parties(socket, stream, totals);
    if (bytes_retrans > bytes_sent)
      this.fault('E-09', socket, `has sent ${bytes_retrans} bytes again, of ${bytes_sent}`);
    if (rwnd_limited + sndbuf_limited > busy_time)
      this.fault('E-09', socket, `was held back for ${rwnd_limited + sndbuf_limited} µs of ${busy_time}`);
    const once = bytes_sent - bytes_retrans;
    if (stream && once > this.posted(socket))
      this.fault('E-07', socket, `has sent ${once} bytes, ${this.posted(socket)} were posted`);
  }

  /**
   * An answer to SocketSnapshotGet. What it tells is held against the rest as soon as a half of it is whole.
   * @param asked the word that was to come first.
   */
  part(socket: number, stream: boolean, words: Int32Array, at: number, asked: number): void {
    const first = getSocketSnapshotGetReplyFirst(words, at);
    if (first !== asked) {
      this.fault('E-08', socket, `has word ${first} of a snapshot first, and ${asked} was asked for`);
      return;
    }
    const number = getSocketSnapshotGetReplySnapshot(words, at);
    if (first === 0) {
      this.snapshotOf = socket;
      this.snapshot = number;
      this.known = 0;
    } else if (!this.isOf(socket, number)) return;
    const before = this.known;
    if (first > before) return;
    readSnapshotReply(words, at, this.parts);
    this.known = Math.max(before, Math.min(first + SNAPSHOT_PART_WORDS, SNAPSHOT_WORDS));
    const { info, totals } = SNAPSHOT_HALVES;
    if (before < info.end && this.known >= info.end) this.info(socket, stream, this.parts, info.frame);
    if (before < totals.end && this.known >= totals.end)
      this.totals(socket, stream, this.parts, totals.frame);
  }

  /** Of what the totals are parts: what was posted, what records have brought, and all segments. */
  private parties(socket: number, stream: boolean, totals: ReturnType<typeof readTotalsReply>): void {
    const { bytes_acked, bytes_received, segs_out, segs_in, data_segs_out, data_segs_in } = totals;
    if (data_segs_out > segs_out || data_segs_in > segs_in) {
      const seen = `${data_segs_out} of ${segs_out} segments out and ${data_segs_in} of ${segs_in} in`;
      this.fault('E-09', socket, `has data in ${seen}`);
    }
    if (!stream || !this.ofConnection || this.snapshotOf !== socket) return;
    if (bytes_acked > this.posted(socket))
      this.fault('E-07', socket, `has ${bytes_acked} bytes acknowledged, ${this.posted(socket)} were posted`);
    if (bytes_received < this.brought)
      this.fault('E-13', socket, `has received ${bytes_received} bytes, its records brought ${this.brought}`);
  }

  /** Whether a number is that of the snapshot that was told last, of this socket. */
  private isOf(socket: number, number: number): boolean {
    if (this.snapshotOf === socket && number === this.snapshot) return true;
    const last = this.snapshotOf < 0 ? 'none' : `${this.snapshot >>> 0} of socket ${this.snapshotOf}`;
    this.fault('E-08', socket, `has numbers of snapshot ${number >>> 0}, and the last one told is ${last}`);
    return false;
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
