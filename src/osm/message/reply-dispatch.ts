/**
 * The message subsystem's receiving half: finds the handler of a reply by its InitiatorContext and brings the
 * driver's tables up to date. It calls none of the program's code: what a program must hear of goes to the
 * table's list of changed sockets. Nothing the card wrote is trusted: each word is read once, checked, then
 * used; a reply that was not asked for is refused and counted.
 */
import { assert } from '../../assert/assert.ts';
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
  SOCKET_ACCEPT_POST_REPLY_WORDS,
  SOCKET_CONNECT_REPLY_WORDS,
  SOCKET_CREATE,
  SOCKET_SEND,
} from '../../i2o/socket.gen.ts';
import { IOP_TID, NO_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import {
  FAILURES_OURS,
  FAILURES_TAKEN,
  MESSAGE_REPLIES,
  OUTBOUND_REFUSED,
  USER_SOCKETS_REFUSED,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ENFILE, EPROTO } from '../../socket/errno.ts';
import { joinAccepts } from '../memory/accept-queue.ts';
import {
  type HostSocket,
  STATE_CLOSING,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_DATAGRAM,
  STATE_FAILED,
  STATE_LISTENING,
  STATE_OPEN,
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

/** Who posts further socket ids for a listener. */
export interface AcceptPoster {
  /** The listener's posts are used up: it is to have more at the driver's next chores. */
  owe(listenerId: number, listener: HostSocket): void;
}

/** Who has asked the echo module for something. */
export interface EchoTaker {
  /** @returns whether the answer is to a request that waits for one. */
  answered(words: Int32Array, frame: number): boolean;
}

export class ReplyDispatch {
  readonly sends: SendReplies;
  readonly failures: Undelivered;
  readonly watch: CardWatch;
  /** Connections that came for listeners that are gone. */
  private readonly orphans: Int32Array;
  private orphanCount = 0;
  private poster: AcceptPoster | undefined;
  private echoes: EchoTaker | undefined;
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly table: SocketTable;
  private readonly control: ControlCall;
  private readonly receives: ReceiveReplies;
  private readonly events: DeviceEvents;
  private readonly requests: Requests;

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

  /** Says who posts for the listeners whose posts are used up. */
  postBy(poster: AcceptPoster): void {
    assert(this.poster === undefined, 'reply dispatch: one posts for all listeners');
    this.poster = poster;
  }

  /** Says who takes the echo module's answers. */
  echoesTo(taker: EchoTaker): void {
    assert(this.echoes === undefined, 'reply dispatch: one takes all answers of the echo module');
    this.echoes = taker;
  }

  /** Takes one reply. @param frame word index of the outbound frame. // Hot path. */
  dispatch(frame: number): void {
    this.counters[MESSAGE_REPLIES] += 1;
    const { words } = this;
    const word0 = words[frame];
    const flags = (word0 >>> 8) & 0xff;
    const sizeWords = word0 >>> 16;
    const handler = words[frame + 2];
    let good = checkReplyFrame(words, frame) === 0 && sizeWords <= FRAME_WORDS;
    // A failure record is the IOP's, whatever target the request was for: the frame it names must come home.
    if (good && (flags & FLAG_FAIL) !== 0) good = this.undelivered(handler, frame);
    else if (good && this.isFromWhomItAsks(handler, words[frame + 1] & 0xfff)) {
      if (handler === HANDLER_RECEIVE) good = this.received(frame, sizeWords, flags);
      else if (handler === HANDLER_SEND || this.isOfImport(handler, frame))
        good = this.sends.take(frame, sizeWords, flags);
      else good = this.other(handler, frame);
    } else {
      good = false;
    }
    if (!good) this.counters[OUTBOUND_REFUSED] += 1;
  }

  /**
   * Whether a reply comes from a target that its handler sends requests to: a card may have other devices,
   * and this driver asks nothing of them. // Hot path: nearly all replies are the device's.
   */
  private isFromWhomItAsks(handler: number, source: number): boolean {
    if (source === this.requests.deviceTid) return handler !== HANDLER_WATCH && source !== NO_TID;
    const asksIop = handler === HANDLER_CONTROL || handler === HANDLER_WATCH || handler === HANDLER_NONE;
    return source === IOP_TID && asksIop;
  }

  /** Whether buffers come back that went with a connection which was handed over, before anything was sent. */
  private isOfImport(handler: number, frame: number): boolean {
    return handler === HANDLER_CONTROL && this.words[frame + 1] >>> 24 === SOCKET_SEND;
  }

  private received(frame: number, sizeWords: number, flags: number): boolean {
    // Without MULTIPLE it says that the post as a whole was malformed, which no post of this driver is.
    return (flags & FLAG_MULTIPLE) !== 0 && this.receives.take(frame, sizeWords);
  }

  /**
   * A failure record: the call that waits for the request has an errno, and all that the request named is the
   * driver's again.
   * @returns false when nobody waits for it, or it named what the card did not have.
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
        this.events.mask = 0; // the registration was not delivered
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
        return this.echoes?.answered(words, frame) ?? false;
      default:
        return false;
    }
  }

  /** The outcome of a connect, or of a create that failed: a create that went well is not answered. */
  private connected(frame: number, tag: number, errno: number): boolean {
    const { words, table } = this;
    const socketId = table.idOf(tag);
    const socket = table.tagged(tag);
    if (socket === undefined) return false;
    const create = words[frame + 1] >>> 24 === SOCKET_CREATE;
    if (socket.state === STATE_CLOSING) return true;
    const made = socket.state === STATE_OPEN || socket.state === STATE_DATAGRAM;
    // Only two replies fit: the outcome of a connect in progress, or the failure of a create.
    if (socket.state !== STATE_CONNECTING && !(create && made && errno !== 0)) return false;
    // A success without its fields is not believed: the connect fails, and the reply counts as refused.
    const whole = errno !== 0 || words[frame] >>> 16 >= SOCKET_CONNECT_REPLY_WORDS;
    if (errno === 0 && whole) {
      socket.become(STATE_CONNECTED);
      socket.localPort = getSocketConnectReplyLocalPort(words, frame);
      socket.localAddress = getSocketConnectReplyLocalAddress(words, frame);
      // As on Linux, the address 0 as a destination is this host, by the name that the socket itself has.
      if (socket.remoteAddress === 0) socket.remoteAddress = socket.localAddress;
    } else {
      socket.become(STATE_FAILED);
      socket.errno = whole ? errno : EPROTO;
      if (create) socket.unmade = 1;
      else if (errno !== 0) this.keepName(socket, frame);
      if (create && errno === ENFILE) this.counters[USER_SOCKETS_REFUSED] += 1;
    }
    table.changed(socketId);
    return whole;
  }

  /** A connect that has failed leaves the socket the name it had meanwhile, as on Linux. */
  private keepName(socket: HostSocket, frame: number): void {
    const { words } = this;
    assert(socket.state === STATE_FAILED, 'reply dispatch: only a connect that has failed leaves its name');
    if (words[frame] >>> 16 < SOCKET_CONNECT_REPLY_WORDS) return;
    const port = getSocketConnectReplyLocalPort(words, frame);
    if (port === 0) return;
    socket.localPort = port;
    socket.localAddress = getSocketConnectReplyLocalAddress(words, frame);
  }

  /** A posted socket id has its connection, or comes back without one. */
  private accepted(frame: number, transaction: number, errno: number): boolean {
    const { words, table } = this;
    // A reply that refuses a post as a whole has no such fields; no post of this driver is malformed.
    if (
      words[frame + 1] >>> 24 !== SOCKET_ACCEPT_POST ||
      words[frame] >>> 16 < SOCKET_ACCEPT_POST_REPLY_WORDS
    )
      return false;
    // The fields have room for 16 bits of a number; the context is the whole of it.
    const socketId = transaction;
    if ((socketId & 0xffff) !== getSocketAcceptPostReplyAcceptedId(words, frame)) return false;
    const listenerId = table.has(socketId) ? table.listenerOf(socketId) : -1;
    if ((listenerId & 0xffff) !== getSocketAcceptPostReplyListenerId(words, frame)) return false;
    if (!table.unpost(socketId, listenerId)) return false;
    const { sockets } = table;
    const socket = sockets[socketId];
    const listener = sockets[listenerId];
    if (errno !== 0) {
      table.give(socketId);
      return true;
    }
    socket.become(STATE_CONNECTED);
    socket.receiveBufferBytes = listener.receiveBufferBytes;
    socket.receiveWindowBytes = Math.min(socket.receiveWindowBytes, listener.receiveBufferBytes);
    socket.remoteAddress = getSocketAcceptPostReplyRemoteAddress(words, frame);
    socket.remotePort = getSocketAcceptPostReplyRemotePort(words, frame);
    socket.localPort = getSocketAcceptPostReplyLocalPort(words, frame);
    socket.localAddress = getSocketAcceptPostReplyLocalAddress(words, frame);
    if (listener.state !== STATE_LISTENING) {
      // The listener was closed while this connection was on its way: the driver closes it, too.
      assert(this.orphanCount < this.orphans.length, 'reply dispatch: each orphan is in the list once');
      this.orphans[this.orphanCount++] = socketId;
      return true;
    }
    joinAccepts(sockets, listener, socketId);
    table.changed(listenerId);
    // Others may wait at the card already, and the program may be long in accepting this one.
    if (listener.acceptsPosted === 0) this.poster?.owe(listenerId, listener);
    return true;
  }

  /**
   * Takes a connection whose listener was gone when it came.
   * @returns its socket id; -1 when there is none.
   */
  nextOrphan(): number {
    if (this.orphanCount === 0) return -1;
    const socketId = this.orphans[--this.orphanCount];
    assert(this.table.has(socketId), 'reply dispatch: an orphan is a socket there is');
    return socketId;
  }

  /** A close has been answered: the socket id is free. */
  private closed(tag: number): boolean {
    const socket = this.table.tagged(tag);
    if (socket === undefined || socket.state !== STATE_CLOSING) return false;
    this.table.give(this.table.idOf(tag));
    return true;
  }
}
