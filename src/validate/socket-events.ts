/** What the socket class's events say of each socket, one after the other: rules V. */
import {
  getConnectionStateEventNewState,
  getConnectionStateEventOldState,
  SOCKET_EVENT_BUCKETS_LOW,
  SOCKET_EVENT_CONNECTION_STATE,
  SOCKET_EVENT_LISTEN_OVERFLOW,
  TCP_STATE_CLOSE_WAIT,
  TCP_STATE_CLOSED,
  TCP_STATE_CLOSING,
  TCP_STATE_ESTABLISHED,
  TCP_STATE_FIN_WAIT1,
  TCP_STATE_FIN_WAIT2,
  TCP_STATE_LAST_ACK,
  TCP_STATE_LISTEN,
  TCP_STATE_SYN_RECEIVED,
  TCP_STATE_SYN_SENT,
  TCP_STATE_TIME_WAIT,
} from '../i2o/socket.gen.ts';
import { stateEventSocketId } from '../i2o/socket-number.ts';
import type { Findings } from './findings.ts';
import type { ReceiveBuckets } from './receive-buckets.ts';
import type { Sockets } from './sockets.ts';

/** What `Findings.hold` knows the events by: the card may have lost some, which its ledger says. */
export const EVENTS = 'events';
const LATE_NS = 20e6;
const UNKNOWN = 0;
const STATES = 16;

/** Which states follow which: RFC 9293 3.3.2, figure 5; every connection may be lost at once. */
const FOLLOWERS: readonly (readonly [state: number, next: readonly number[]])[] = [
  [TCP_STATE_CLOSED, [TCP_STATE_LISTEN, TCP_STATE_SYN_SENT, TCP_STATE_SYN_RECEIVED]],
  [TCP_STATE_SYN_SENT, [TCP_STATE_SYN_RECEIVED, TCP_STATE_ESTABLISHED, TCP_STATE_FIN_WAIT1]],
  [TCP_STATE_SYN_RECEIVED, [TCP_STATE_ESTABLISHED, TCP_STATE_FIN_WAIT1]],
  [TCP_STATE_ESTABLISHED, [TCP_STATE_FIN_WAIT1, TCP_STATE_CLOSE_WAIT]],
  [TCP_STATE_FIN_WAIT1, [TCP_STATE_FIN_WAIT2, TCP_STATE_CLOSING, TCP_STATE_TIME_WAIT]],
  [TCP_STATE_FIN_WAIT2, [TCP_STATE_TIME_WAIT]],
  [TCP_STATE_CLOSING, [TCP_STATE_TIME_WAIT]],
  [TCP_STATE_CLOSE_WAIT, [TCP_STATE_LAST_ACK]],
];

export class SocketEventJudge {
  private readonly findings: Findings;
  private readonly sockets: Sockets;
  private readonly receive: ReceiveBuckets;
  private readonly told: Uint8Array;
  private readonly follows = new Uint16Array(STATES);
  private readonly gone: number;
  private readonly deaf: number;

  /** @param gone states of the socket machine in which there is no socket. @param deaf without a connection. */
  constructor(findings: Findings, sockets: Sockets, receive: ReceiveBuckets, gone: number, deaf: number) {
    this.findings = findings;
    this.sockets = sockets;
    this.receive = receive;
    this.gone = gone;
    this.deaf = deaf;
    this.told = new Uint8Array(sockets.count);
    this.follows.fill(1 << TCP_STATE_CLOSED);
    for (const [state, next] of FOLLOWERS) for (const one of next) this.follows[state] |= 1 << one;
  }

  /** A number begins a new life. */
  begin(socket: number): void {
    this.told[socket] = UNKNOWN;
  }

  /** Another registration: which states were told before is not known. */
  registered(): void {
    this.told.fill(UNKNOWN);
  }

  /** An event of the class whose fields are good. @param data word index of its data. */
  event(indicator: number, words: Int32Array, data: number): void {
    const { findings, sockets } = this;
    if (indicator === SOCKET_EVENT_CONNECTION_STATE) {
      this.connection(words, data);
    } else if (indicator === SOCKET_EVENT_LISTEN_OVERFLOW) {
      const socket = words[data];
      if (socket >= sockets.count || !sockets.isIn(socket, this.gone | this.deaf)) return;
      const what = `socket ${socket}, which is ${sockets.nameOf(socket)}`;
      findings.hold(EVENTS, 'V-03', socket, `ListenOverflow of ${what}`);
    } else if (indicator === SOCKET_EVENT_BUCKETS_LOW) {
      const most = this.receive.withCard + this.receive.unseen;
      if (words[data] >>> 0 > most && !this.receive.unsure)
        findings.report('V-04', 0, `BucketsLow with ${words[data]} buckets, at most ${most} are posted`);
    }
  }

  /** For how long the number's former life has been over. */
  private lateNs(socket: number): number {
    return this.findings.timeNs - this.sockets.freedAt(socket);
  }

  private connection(words: Int32Array, data: number): void {
    const { findings, sockets, told } = this;
    const before = getConnectionStateEventOldState(words, data);
    const after = getConnectionStateEventNewState(words, data);
    const socket = stateEventSocketId(words, data);
    if (socket >= sockets.count) return;
    const what = `socket ${socket} from TCP state ${before} to ${after}`;
    // An event that waited for a frame may come behind the answer that gave its number back.
    const late = this.lateNs(socket) < LATE_NS;
    if (late && sockets.isIn(socket, this.gone)) return;
    if (late && told[socket] !== before) told[socket] = UNKNOWN;
    if (sockets.isIn(socket, this.gone)) {
      findings.hold(EVENTS, 'V-03', socket, `${what}; it is ${sockets.nameOf(socket)}`);
      return;
    }
    if (told[socket] !== UNKNOWN && told[socket] !== before)
      findings.hold(EVENTS, 'V-01', socket, `${what}; the last told was ${told[socket]}`);
    if (((this.follows[before & (STATES - 1)] >> after) & 1) === 0) findings.report('V-02', socket, what);
    told[socket] = after;
  }
}
