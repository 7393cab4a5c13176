/**
 * The message subsystem's receiving half: finds the handler of a reply by its InitiatorContext and brings the driver's
 * tables up to date. It calls nobody's code: what a program must hear of goes to the table's list of changed sockets.
 * Nothing the card wrote is trusted: each word is read once, checked, then used; a reply that fits nothing is counted.
 */
import {
  checkReplyFrame,
  FLAG_FAIL,
  FLAG_MULTIPLE,
  FRAME_WORDS,
  getFailureSeverity,
  SEVERITY_FORMAT_ERROR,
} from '../../i2o/frame.ts';
import {
  getSocketAcceptPostReplyAcceptedId,
  getSocketAcceptPostReplyListenerId,
  getSocketAcceptPostReplyLocalAddress,
  getSocketAcceptPostReplyLocalPort,
  getSocketAcceptPostReplyRemoteAddress,
  getSocketAcceptPostReplyRemotePort,
  getSocketConnectReplyLocalAddress,
  getSocketConnectReplyLocalPort,
  SOCKET_ACCEPT_POST,
  SOCKET_CONNECT_REPLY_WORDS,
  SOCKET_CREATE,
} from '../../i2o/socket.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import {
  FAILURES_OURS,
  FAILURES_TAKEN,
  MESSAGE_REPLIES,
  OUTBOUND_REFUSED,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { EPROTO } from '../../socket/errno.ts';
import {
  STATE_CLOSING,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_DATAGRAM,
  STATE_FAILED,
  STATE_FREE,
  STATE_LISTENING,
  STATE_OPEN,
  STATE_POSTED,
  socketTag,
} from '../memory/host-socket.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import { CardWatch } from './card-watch.ts';
import type { ControlCall } from './control-call.ts';
import type { DeviceEvents } from './device-events.ts';
import {
  HANDLER_ACCEPT,
  HANDLER_CLOSE,
  HANDLER_CONNECT,
  HANDLER_CONTROL,
  HANDLER_ECHO,
  HANDLER_EVENT,
  HANDLER_NONE,
  HANDLER_RECEIVE,
  HANDLER_SEND,
  HANDLER_WATCH,
} from './handlers.ts';
import { ReceiveReplies } from './receive-replies.ts';
import { replyErrno } from './reply-status.ts';
import type { Requests } from './requests.ts';
import { SendReplies } from './send-replies.ts';
import { Undelivered } from './undelivered.ts';

export class Replies {
  /** Connections accepted for listeners that are gone; the kernel subsystem closes them. */
  readonly orphans: Int32Array;
  orphanCount = 0;
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly table: SocketTable;
  private readonly control: ControlCall;
  private readonly receives: ReceiveReplies;
  private readonly events: DeviceEvents;
  private readonly requests: Requests;
  readonly sends: SendReplies;
  readonly failures: Undelivered;
  readonly watch: CardWatch;

  constructor(
    words: Int32Array,
    ledger: Ledger,
    table: SocketTable,
    transmit: TransmitPool,
    receive: ReceivePool,
    control: ControlCall,
    events: DeviceEvents,
    requests: Requests,
  ) {
    this.words = words;
    this.counters = ledger.counters;
    this.table = table;
    this.control = control;
    this.events = events;
    this.requests = requests;
    this.receives = new ReceiveReplies(words, ledger, table, receive);
    this.watch = new CardWatch(words, ledger, requests);
    this.sends = new SendReplies(words, ledger, table, transmit);
    this.failures = new Undelivered(words, ledger, table, transmit, receive, this.sends);
    this.orphans = new Int32Array(table.sockets.length);
  }

  /** One outbound frame. // Hot path. */
  dispatch(frame: number): void {
    this.counters[MESSAGE_REPLIES] += 1;
    const { words } = this;
    const word0 = words[frame];
    const flags = (word0 >>> 8) & 0xff;
    const sizeWords = word0 >>> 16;
    let good = checkReplyFrame(words, frame) === 0 && sizeWords <= FRAME_WORDS;
    if (good) {
      const handler = words[frame + 2];
      if ((flags & FLAG_FAIL) !== 0) good = this.undelivered(handler, frame);
      else if (handler === HANDLER_RECEIVE) good = this.received(frame, sizeWords, flags);
      else if (handler === HANDLER_SEND) good = this.sends.take(frame, sizeWords, flags);
      else good = this.other(handler, frame);
    }
    if (!good) this.counters[OUTBOUND_REFUSED] += 1;
  }

  private received(frame: number, sizeWords: number, flags: number): boolean {
    // Without MULTIPLE the post itself was refused, which would be the driver's own fault.
    return (flags & FLAG_MULTIPLE) !== 0 && this.receives.take(frame, sizeWords);
  }

  /**
   * A request that could not be delivered: the call that waits has its errno, and all it named is the driver's again.
   * @returns false when nobody waits, or it named what the card had not.
   */
  private undelivered(handler: number, frame: number): boolean {
    const { counters, requests } = this;
    counters[FAILURES_TAKEN] += 1;
    if ((getFailureSeverity(this.words, frame) & SEVERITY_FORMAT_ERROR) !== 0) counters[FAILURES_OURS] += 1;
    const request = requests.adopt(frame);
    const good = this.failed(handler, frame, request);
    if (request !== NO_FRAME) requests.cancel();
    return good;
  }

  private failed(handler: number, frame: number, request: number): boolean {
    switch (handler) {
      case HANDLER_SEND:
      case HANDLER_RECEIVE:
      case HANDLER_ACCEPT:
      case HANDLER_CLOSE:
      case HANDLER_NONE:
        return this.failures.take(frame, request);
      case HANDLER_WATCH:
        return true;
      case HANDLER_EVENT:
        this.events.mask = 0; // nobody was registered
        return true;
      default:
        return this.other(handler, frame);
    }
  }

  private other(handler: number, frame: number): boolean {
    const { words } = this;
    const transaction = words[frame + 3];
    switch (handler) {
      case HANDLER_CONTROL:
        return this.control.answered(words, frame, transaction);
      case HANDLER_CONNECT:
        return this.connected(frame, transaction, replyErrno(words, frame));
      case HANDLER_ACCEPT:
        return this.accepted(frame, transaction, replyErrno(words, frame));
      case HANDLER_CLOSE:
        return this.closed(transaction);
      case HANDLER_EVENT:
        return this.events.take(words, frame);
      case HANDLER_WATCH:
        return this.watch.take(words, frame);
      case HANDLER_ECHO:
        return replyErrno(words, frame) === 0;
      default:
        return false;
    }
  }

  /** The outcome of a connect, or of a create that failed. */
  private connected(frame: number, tag: number, errno: number): boolean {
    const { words, table } = this;
    const number = tag & 0xffff;
    const socket = number < table.sockets.length ? table.sockets[number] : undefined;
    if (socket === undefined || socketTag(number, socket.generation) !== tag) return false;
    const create = words[frame + 1] >>> 24 === SOCKET_CREATE;
    if (socket.state === STATE_CLOSING) return true;
    const made = socket.state === STATE_OPEN || socket.state === STATE_DATAGRAM;
    // The one failed connect is told by the state; a socket that could not be made tells every call.
    if (socket.state !== STATE_CONNECTING && !(create && made && errno !== 0)) return false;
    // A success without its fields is none: the connect fails, and the reply counts as refused.
    const whole = errno !== 0 || words[frame] >>> 16 >= SOCKET_CONNECT_REPLY_WORDS;
    if (errno === 0 && whole) {
      socket.state = STATE_CONNECTED;
      socket.localPort = getSocketConnectReplyLocalPort(words, frame);
      socket.localAddress = getSocketConnectReplyLocalAddress(words, frame);
    } else {
      socket.state = STATE_FAILED;
      socket.errno = whole ? errno : EPROTO;
    }
    table.changed(number);
    return whole;
  }

  /** A posted number has its connection, or comes back without one. */
  private accepted(frame: number, transaction: number, errno: number): boolean {
    const { words, table } = this;
    // A refused post as a whole names the listener; it would be the driver's own fault.
    if (words[frame + 1] >>> 24 !== SOCKET_ACCEPT_POST || words[frame] >>> 16 < 9) return false;
    const number = getSocketAcceptPostReplyAcceptedId(words, frame);
    const listenerNumber = getSocketAcceptPostReplyListenerId(words, frame);
    const { sockets } = table;
    if (number !== transaction || number >= sockets.length || listenerNumber >= sockets.length) return false;
    const socket = sockets[number];
    const listener = sockets[listenerNumber];
    if (socket.state !== STATE_POSTED) return false;
    listener.acceptsPosted -= 1;
    if (errno !== 0) {
      socket.state = STATE_FREE;
      table.give(number);
      return true;
    }
    socket.state = STATE_CONNECTED;
    socket.receiveBufferBytes = listener.receiveBufferBytes;
    socket.remoteAddress = getSocketAcceptPostReplyRemoteAddress(words, frame);
    socket.remotePort = getSocketAcceptPostReplyRemotePort(words, frame);
    socket.localPort = getSocketAcceptPostReplyLocalPort(words, frame);
    socket.localAddress = getSocketAcceptPostReplyLocalAddress(words, frame);
    if (listener.state !== STATE_LISTENING) {
      // The listener was closed while this connection was on its way: it is closed too.
      this.orphans[this.orphanCount++] = number;
      return true;
    }
    if (listener.acceptTail < 0) listener.acceptHead = number;
    else sockets[listener.acceptTail].acceptNext = number;
    listener.acceptTail = number;
    listener.acceptCount += 1;
    table.changed(listenerNumber);
    return true;
  }

  private closed(tag: number): boolean {
    const { table } = this;
    const number = tag & 0xffff;
    const socket = number < table.sockets.length ? table.sockets[number] : undefined;
    if (socket === undefined || socket.state !== STATE_CLOSING) return false;
    if (socketTag(number, socket.generation) !== tag) return false;
    socket.state = STATE_FREE;
    table.give(number);
    return true;
  }
}
