/**
 * The message subsystem's receiving half: finds the handler of a reply by its InitiatorContext and brings the driver's
 * tables up to date. It calls nobody's code: what a program must hear of goes to the table's list of changed sockets.
 * Nothing the card wrote is trusted: each word is read once, checked, then used; a reply that fits nothing is counted.
 */
import { checkReplyFrame, FLAG_FAIL } from '../../i2o/frame.ts';
import {
  getSocketAcceptPostReplyAcceptedId,
  getSocketAcceptPostReplyListenerId,
  getSocketAcceptPostReplyLocalAddress,
  getSocketAcceptPostReplyLocalPort,
  getSocketAcceptPostReplyRemoteAddress,
  getSocketAcceptPostReplyRemotePort,
  getSocketConnectReplyLocalAddress,
  getSocketConnectReplyLocalPort,
  RECEIVE_FLAG_END_OF_STREAM,
  RECEIVE_FLAG_ERROR,
  RECEIVE_RECORD_WORDS,
  SOCKET_ACCEPT_POST,
  SOCKET_CREATE,
  SOCKET_RECEIVE_POST_REPLY_LIST_WORD,
  SOCKET_SEND_REPLY_LIST_WORD,
} from '../../i2o/socket.gen.ts';
import { BYTES_DROPPED, MESSAGE_REPLIES, OUTBOUND_REFUSED } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ECONNRESET, EPROTO } from '../../socket/errno.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import {
  type HostSocket,
  STATE_CLOSING,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_FAILED,
  STATE_FREE,
  STATE_LISTENING,
  STATE_OPEN,
  STATE_POSTED,
  socketTag,
} from '../user/host-socket.ts';
import type { SocketTable } from '../user/socket-table.ts';
import type { ControlCall } from './control-call.ts';
import {
  HANDLER_ACCEPT,
  HANDLER_CLOSE,
  HANDLER_CONNECT,
  HANDLER_CONTROL,
  HANDLER_ECHO,
  HANDLER_RECEIVE,
  HANDLER_SEND,
} from './handlers.ts';

export class Replies {
  /** Set when a context came back: senders that wait for room may have it. */
  roomChanged = false;
  /** Connections accepted for listeners that are gone; the kernel subsystem closes them. */
  readonly orphans: Int32Array;
  orphanCount = 0;
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly table: SocketTable;
  private readonly transmit: TransmitPool;
  private readonly receive: ReceivePool;
  private readonly control: ControlCall;

  constructor(
    words: Int32Array,
    ledger: Ledger,
    table: SocketTable,
    transmit: TransmitPool,
    receive: ReceivePool,
    control: ControlCall,
  ) {
    this.words = words;
    this.counters = ledger.counters;
    this.table = table;
    this.transmit = transmit;
    this.receive = receive;
    this.control = control;
    this.orphans = new Int32Array(table.sockets.length);
  }

  /** One outbound frame. // Hot path. */
  dispatch(frame: number): void {
    this.counters[MESSAGE_REPLIES] += 1;
    const { words } = this;
    const word0 = words[frame]!;
    let good = checkReplyFrame(words, frame) === 0;
    if (good) {
      const handler = words[frame + 2]!;
      const failed = ((word0 >>> 8) & FLAG_FAIL) !== 0;
      if (handler === HANDLER_RECEIVE) good = !failed && this.records(frame, word0 >>> 16);
      else if (handler === HANDLER_SEND) good = !failed && this.contexts(frame, word0 >>> 16);
      else good = this.other(handler, frame, failed);
    }
    if (!good) this.counters[OUTBOUND_REFUSED] += 1;
  }

  private other(handler: number, frame: number, failed: boolean): boolean {
    const { words } = this;
    const transaction = words[frame + 3]!;
    const word4 = words[frame + 4]!;
    const status = word4 >>> 24;
    const errno = failed ? EPROTO : status === 0 ? 0 : word4 & 0xffff || EPROTO;
    switch (handler) {
      case HANDLER_CONTROL:
        return this.control.answered(words, frame, transaction);
      case HANDLER_CONNECT:
        return this.connected(frame, transaction, errno);
      case HANDLER_ACCEPT:
        return this.accepted(frame, transaction, errno);
      case HANDLER_CLOSE:
        return this.closed(transaction);
      case HANDLER_ECHO:
        return errno === 0;
      default:
        return false;
    }
  }

  /** Receive records: data, ends of streams, errors. // Hot path. */
  private records(frame: number, sizeWords: number): boolean {
    const { words } = this;
    const count = words[frame + 3]! & 0xff;
    if (SOCKET_RECEIVE_POST_REPLY_LIST_WORD + count * RECEIVE_RECORD_WORDS > sizeWords) return false;
    let good = true;
    let at = frame + SOCKET_RECEIVE_POST_REPLY_LIST_WORD;
    for (let i = 0; i < count; i++) {
      if (!this.record(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)) good = false;
      at += RECEIVE_RECORD_WORDS;
    }
    return good;
  }

  private record(bucket: number, socketWord: number, offsetWord: number, lengthWord: number): boolean {
    const number = socketWord & 0xffff;
    const { sockets } = this.table;
    const socket = number < sockets.length ? sockets[number]! : undefined;
    const flags = offsetWord >>> 24;
    if ((flags & (RECEIVE_FLAG_ERROR | RECEIVE_FLAG_END_OF_STREAM)) !== 0) {
      if (socket === undefined || socket.state === STATE_FREE) return false;
      if ((flags & RECEIVE_FLAG_ERROR) !== 0) this.failed(number, socket, lengthWord >>> 24);
      else socket.endOfStream = 1;
      this.table.changed(number);
      return true;
    }
    if (!this.receive.filled(bucket, offsetWord & 0xffffff, lengthWord & 0xffffff)) return false;
    if (socket === undefined || socket.state !== STATE_CONNECTED) {
      // Data that crossed the close of its socket on the way: the bucket comes home, the bytes are counted.
      this.counters[BYTES_DROPPED] += this.receive.length[bucket]!;
      this.receive.give(bucket);
      return socket !== undefined && (socket.state === STATE_CLOSING || socket.state === STATE_FAILED);
    }
    if (socket.receiveTail < 0) socket.receiveHead = bucket;
    else this.receive.next[socket.receiveTail] = bucket;
    socket.receiveTail = bucket;
    this.table.changed(number);
    return true;
  }

  /** Contexts of transmit buffers that are the host's again. // Hot path. */
  private contexts(frame: number, sizeWords: number): boolean {
    const { words, transmit, table } = this;
    const count = words[frame + 3]! & 0xff;
    if (SOCKET_SEND_REPLY_LIST_WORD + count > sizeWords) return false;
    let good = true;
    for (let i = 0; i < count; i++) {
      const context = words[frame + SOCKET_SEND_REPLY_LIST_WORD + i]!;
      if (!transmit.lent(context)) {
        good = false;
        continue;
      }
      const tag = transmit.tagOfContext(context);
      const socket = table.sockets[tag & 0xffff]!;
      if (socket.generation === tag >>> 16) {
        socket.sendingBytes -= transmit.lengthOfContext(context);
        socket.sendingContexts -= 1;
        if (socket.wantsRoom !== 0) this.roomChanged = true;
      }
      transmit.give(context);
    }
    this.roomChanged = true;
    return good;
  }

  /** The outcome of a connect, or of a create that failed. */
  private connected(frame: number, tag: number, errno: number): boolean {
    const { words, table } = this;
    const number = tag & 0xffff;
    const socket = number < table.sockets.length ? table.sockets[number]! : undefined;
    if (socket === undefined || socketTag(number, socket.generation) !== tag) return false;
    const create = words[frame + 1]! >>> 24 === SOCKET_CREATE;
    if (socket.state === STATE_CLOSING) return true;
    if (socket.state !== STATE_CONNECTING && !(create && socket.state === STATE_OPEN)) return false;
    if (errno === 0) {
      socket.state = STATE_CONNECTED;
      socket.localPort = getSocketConnectReplyLocalPort(words, frame);
      socket.localAddress = getSocketConnectReplyLocalAddress(words, frame);
    } else {
      socket.state = STATE_FAILED;
      socket.errno = errno;
    }
    table.changed(number);
    return true;
  }

  /** A posted number has its connection, or comes back without one. */
  private accepted(frame: number, transaction: number, errno: number): boolean {
    const { words, table } = this;
    // A refused post as a whole names the listener; it would be the driver's own fault.
    if (words[frame + 1]! >>> 24 !== SOCKET_ACCEPT_POST || words[frame]! >>> 16 < 9) return false;
    const number = getSocketAcceptPostReplyAcceptedId(words, frame);
    const listenerNumber = getSocketAcceptPostReplyListenerId(words, frame);
    const { sockets } = table;
    if (number !== transaction || number >= sockets.length || listenerNumber >= sockets.length) return false;
    const socket = sockets[number]!;
    const listener = sockets[listenerNumber]!;
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
    else sockets[listener.acceptTail]!.acceptNext = number;
    listener.acceptTail = number;
    listener.acceptCount += 1;
    table.changed(listenerNumber);
    return true;
  }

  private closed(tag: number): boolean {
    const { table } = this;
    const number = tag & 0xffff;
    const socket = number < table.sockets.length ? table.sockets[number]! : undefined;
    if (socket === undefined || socket.state !== STATE_CLOSING) return false;
    if (socketTag(number, socket.generation) !== tag) return false;
    socket.state = STATE_FREE;
    table.give(number);
    return true;
  }

  private failed(number: number, socket: HostSocket, errno: number): void {
    if (socket.state === STATE_CLOSING) return;
    if (socket.state === STATE_CONNECTED || socket.state === STATE_CONNECTING) socket.state = STATE_FAILED;
    socket.errno = errno === 0 ? ECONNRESET : errno;
    socket.endOfStream = 1;
    this.table.changed(number);
  }
}
