/**
 * How many bytes of each stream the host has posted, and how many the records have brought, both ends of a
 * connection of the card's held against each other: rules D-01 and D-02. Where the other end is not on this
 * card the packets are the witness (wire-witness.ts).
 */
import type { Findings } from './findings.ts';

const NONE = -1;
/** What the other end has sent in all is not known. */
const UNKNOWN = -1;

export class Streams {
  /** Bytes posted in send requests, and bytes of records. */
  readonly sent: Float64Array;
  readonly delivered: Float64Array;
  /** A send was refused or cannot be seen: 1 where `sent` may be too much. */
  readonly unsure: Uint8Array;
  /** Which life of its number a socket lives. */
  readonly life: Int32Array;
  private readonly peer: Int32Array;
  /** Of a peer whose number is another socket's by now: all it has sent. */
  private readonly total: Float64Array;
  private readonly findings: Findings;

  constructor(count: number, findings: Findings) {
    this.findings = findings;
    this.sent = new Float64Array(count);
    this.delivered = new Float64Array(count);
    this.unsure = new Uint8Array(count);
    this.life = new Int32Array(count);
    this.peer = new Int32Array(count).fill(NONE);
    this.total = new Float64Array(count).fill(UNKNOWN);
  }

  /** A number begins a new life. */
  begin(socket: number): void {
    this.end(socket);
    this.sent[socket] = 0;
    this.delivered[socket] = 0;
    this.unsure[socket] = 0;
    this.total[socket] = UNKNOWN;
    this.life[socket] = this.life[socket] + 1;
  }

  /** A socket is given up, or its connection is over: what it has sent is known to its peer's account. */
  end(socket: number): void {
    const peer = this.peer[socket];
    this.peer[socket] = NONE;
    if (peer === NONE || this.peer[peer] !== socket) return;
    this.peer[peer] = NONE;
    this.total[peer] = this.unsure[socket] === 1 ? UNKNOWN : this.sent[socket];
  }

  /** Two sockets are the ends of one connection. */
  link(socket: number, peer: number): void {
    this.peer[socket] = peer;
    this.peer[peer] = socket;
    this.check(socket);
    this.check(peer);
  }

  /** Bytes of a send request. // Hot path. */
  send(socket: number, bytes: number): void {
    this.sent[socket] = this.sent[socket] + bytes;
  }

  /** Bytes of a record. // Hot path. */
  record(socket: number, bytes: number): void {
    this.delivered[socket] = this.delivered[socket] + bytes;
    this.check(socket);
  }

  /**
   * The end of a stream was told.
   * @param hasEnded whether a socket has ended its half.
   */
  ended(socket: number, hasEnded: (peer: number) => boolean): void {
    const peer = this.peer[socket];
    const delivered = this.delivered[socket];
    if (peer !== NONE && !hasEnded(peer)) {
      this.fault('D-02', socket, `socket ${socket} was told an end of stream, and socket ${peer} goes on`);
      return;
    }
    const sent = this.boundOf(socket);
    if (sent === UNKNOWN || sent === delivered) return;
    this.fault('D-02', socket, `socket ${socket} was told the end behind ${delivered} bytes of ${sent}`);
  }

  /** The socket at the other end; -1 where it is not on this card or not known. */
  peerOf(socket: number): number {
    return this.peer[socket];
  }

  private check(socket: number): void {
    const sent = this.boundOf(socket);
    if (sent === UNKNOWN || this.delivered[socket] <= sent) return;
    const seen = `socket ${socket} was brought ${this.delivered[socket]} bytes, its peer has sent ${sent}`;
    this.fault('D-01', socket, seen);
  }

  /** All that the other end has posted so far, or UNKNOWN. */
  private boundOf(socket: number): number {
    const peer = this.peer[socket];
    if (peer === NONE) return this.total[socket];
    return this.unsure[peer] === 1 ? UNKNOWN : this.sent[peer];
  }

  private fault(rule: string, socket: number, seen: string): void {
    this.findings.report(rule, socket, seen);
  }
}
