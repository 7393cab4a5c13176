/**
 * Replies to SocketSend and SocketSendTo. They bring the contexts of buffers that are the host's again, and
 * outcomes of requests. The outcome of a stream's send is not used, because its receive records say the same,
 * in order; a datagram's error is reported by the socket's next call. Nothing the card wrote is trusted: a
 * context that was not lent is refused, and so is an outcome that names no socket.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { FLAG_MULTIPLE } from '../../i2o/frame.ts';
import { SOCKET_SEND_REPLY_LIST_WORD, TRANSACTION_OUTCOME_WORDS } from '../../i2o/socket.gen.ts';
import { DATAGRAMS_UNSENT, LATE_REPLIES } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ENOBUFS } from '../../socket/errno.ts';
import { STATE_DATAGRAM } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import { statusErrno } from './reply-status.ts';

const COSTLY = COSTLY_ASSERTIONS;

/**
 * Control words of lists of contexts and of outcomes, without the count: transactions of fixed length, of so
 * many words beside.
 */
const CONTEXTS = 0x80_0000;
const OUTCOMES = CONTEXTS | (TRANSACTION_OUTCOME_WORDS - 1);

export class SendReplies {
  /** Set when a context has come back: senders that wait for room may have it. */
  roomChanged = false;
  /** Set when one of a socket that waits for room has. */
  waiterReturned = false;
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly table: SocketTable;
  private readonly transmit: TransmitPool;

  constructor(words: Int32Array, ledger: Ledger, table: SocketTable, transmit: TransmitPool) {
    this.words = words;
    this.counters = ledger.counters;
    this.table = table;
    this.transmit = transmit;
  }

  /** Takes a reply. @returns false when a part of it was refused; the rest has been taken. // Hot path. */
  take(frame: number, sizeWords: number, flags: number): boolean {
    const { words } = this;
    if ((flags & FLAG_MULTIPLE) === 0) return this.outcome(words[frame + 3], words[frame + 4]);
    const control = words[frame + 3];
    const count = control & 0xff;
    if (control >>> 8 !== CONTEXTS) return this.outcomes(frame, sizeWords, control);
    if (count === 0 || SOCKET_SEND_REPLY_LIST_WORD + count > sizeWords) return false;
    let good = true;
    for (let i = 0; i < count; i++) {
      if (!this.context(words[frame + SOCKET_SEND_REPLY_LIST_WORD + i])) good = false;
    }
    this.roomChanged = true;
    return good;
  }

  /** A context is the host's again. @returns false when the card did not have it. // Hot path. */
  context(context: number): boolean {
    const { transmit, table } = this;
    if (!transmit.lent(context)) return false;
    const tag = transmit.tagOfContext(context);
    const socketId = table.idOf(tag);
    if (COSTLY) this.checkSocket(socketId);
    const socket = table.sockets[socketId];
    if (socket.tag === tag) {
      socket.returned(transmit.lengthOfContext(context), transmit.isSlot(context));
      if (socket.wantsRoom !== 0) this.waiterReturned = true;
    }
    transmit.give(context);
    return true;
  }

  private checkSocket(socketId: number): void {
    assert(this.table.has(socketId), 'send replies: a buffer was lent for a socket there is');
  }

  /** A list of outcomes, one for each transaction of a batch. */
  private outcomes(frame: number, sizeWords: number, control: number): boolean {
    const { words } = this;
    const count = control & 0xff;
    if (control >>> 8 !== OUTCOMES || count === 0) return false;
    if (SOCKET_SEND_REPLY_LIST_WORD + count * TRANSACTION_OUTCOME_WORDS > sizeWords) return false;
    let good = true;
    for (let i = 0; i < count; i++) {
      const at = frame + SOCKET_SEND_REPLY_LIST_WORD + i * TRANSACTION_OUTCOME_WORDS;
      if (!this.outcome(words[at], words[at + 1])) good = false;
    }
    return good;
  }

  /** How one request ended. @param tag its TransactionContext. @returns false when no socket can have it. */
  private outcome(tag: number, statusWord: number): boolean {
    const { table } = this;
    const socketId = table.idOf(tag);
    if (tag < 0 || !table.has(socketId)) return false;
    const socket = table.tagged(tag);
    if (socket === undefined) {
      this.counters[LATE_REPLIES] += 1;
      return true;
    }
    const errno = statusErrno(statusWord);
    if (errno === 0 || socket.state !== STATE_DATAGRAM) return true;
    this.counters[DATAGRAMS_UNSENT] += 1;
    // A full queue loses a datagram and reports nothing, as on Linux without IP_RECVERR.
    if (errno === ENOBUFS) return true;
    socket.errno = errno;
    table.changed(socketId);
    return true;
  }
}
