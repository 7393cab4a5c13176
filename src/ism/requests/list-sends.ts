/**
 * Sends whose lists are more than whole buffers and immediate data: buffers of several segments, page lists,
 * chained lists, batches of transactions; and datagrams, whose list is one payload. From `send-requests`:
 * where the list begins. To the stack: sends. Buffers that the stack does not take are answered at once, so
 * that each is answered exactly once.
 */
import { assert } from '../../assert/assert.ts';
import {
  DETAILED_STATUS_INVALID_OFFSET,
  DETAILED_STATUS_MESSAGE_TOO_LARGE,
  DETAILED_STATUS_MISSING_PARAMETER,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_SUCCESS,
  REQUEST_STATUS_TRANSACTION_ERROR,
} from '../../i2o/executive.gen.ts';
import { SOCKET_SEND_SGL_WORD, SOCKET_SEND_TO_SGL_WORD } from '../../i2o/socket.gen.ts';
import { BYTES_REFUSED } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { EBADF, EOPNOTSUPP, EPIPE } from '../../socket/errno.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import type { Clock } from '../../time/clock.ts';
import { isWanted } from '../replies/answers.ts';
import { type SendOutcomes, TRANSACTIONS_MAX } from '../replies/send-outcomes.ts';
import { type CardSocket, isOpen, KIND_DATAGRAM } from '../sockets/card-socket.ts';
import type { SendBuffers } from '../sockets/send-buffers.ts';
import {
  LIST_BAD,
  LIST_BUFFER,
  LIST_END,
  LIST_FAULT,
  LIST_TRANSACTION,
  type SendLists,
} from './send-lists.ts';

/** tcpSend's flag: another buffer follows at once, so that a short segment may wait for it. */
const MORE = 1;
const NO_TRANSACTION = 0;

/** What sends by general lists work with. */
export interface ListSendsParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly stack: Stack;
  readonly sockets: readonly CardSocket[];
  readonly sendBuffers: SendBuffers;
  readonly lists: SendLists;
  readonly outcomes: SendOutcomes;
}

export class ListSends {
  /** What is malformed about the latest list: a DetailedStatusCode; 0: nothing. */
  fault = 0;
  /** At which byte of the frame; 0: not said. */
  errorOffset = 0;
  /** Where the latest list is one request: why it was not served; 0: it was. */
  errno = 0;
  /** Buffers that the latest list named. */
  buffers = 0;
  private readonly counters: Float64Array;
  private readonly clock: Clock;
  private readonly stack: Stack;
  private readonly sockets: readonly CardSocket[];
  private readonly sendBuffers: SendBuffers;
  private readonly lists: SendLists;
  private readonly outcomes: SendOutcomes;
  /** Of the batch that is being read. */
  private idHigh = 0;
  /** Connection of the list, or of the transaction that is being read. */
  private connection = -1;
  /**
   * Pieces `waitingFrom` to `waitingTo - 1` are a buffer that waits to hear whether another follows it;
   * equal: none waits.
   */
  private waitingFrom = 0;
  private waitingTo = 0;
  /** Transactions of the batch so far; NO_TRANSACTION before the first. */
  private transactions = NO_TRANSACTION;
  private transactionContext = 0;
  /** What is malformed about the transaction that is being read; 0: nothing. */
  private transactionFault = 0;
  /**
   * Whether the list is a batch: then a fault of what belongs to no transaction does not touch its
   * transactions.
   */
  private inBatch = false;

  constructor(parts: ListSendsParts) {
    this.counters = parts.ledger.counters;
    this.clock = parts.clock;
    this.stack = parts.stack;
    this.sockets = parts.sockets;
    this.sendBuffers = parts.sendBuffers;
    this.lists = parts.lists;
    this.outcomes = parts.outcomes;
  }

  /**
   * Reads a stream's list from `sglWord` on.
   * @param errno why nothing of it may be queued, so that its buffers are only answered; 0: it may be queued.
   * @param flags tcpSend's, for the last buffer of the list.
   */
  stream(
    frame: number,
    sglWord: number,
    sizeWords: number,
    tag: number,
    connection: number,
    flags: number,
    errno: number,
  ): void {
    const { lists } = this;
    lists.begin(frame, sglWord, sizeWords, tag, false);
    this.start(connection, errno);
    this.inBatch = false;
    this.fault = 0;
    for (;;) {
      const found = lists.next();
      if (found === LIST_BUFFER) this.buffer();
      else if (found === LIST_END) break;
      else {
        // What came before the bad element is sent, and nothing after it: a stream has no holes.
        this.flush(flags);
        const offset = lists.reader.errorOffset;
        if (found === LIST_TRANSACTION) this.note(DETAILED_STATUS_INVALID_OFFSET, offset);
        else this.note(lists.fault, lists.errorOffset);
        if (found === LIST_FAULT) break;
      }
    }
    this.flush(flags);
  }

  /**
   * Reads a batch: the list of a SocketSend with the flag MULTIPLE. Each transaction has an outcome; `fault`
   * is what is wrong with what belongs to none.
   * @param idHigh bits 16-23 of the numbers of all its sockets, at their places.
   */
  batch(
    frame: number,
    sizeWords: number,
    initiatorContext: number,
    idHigh: number,
    flags: number,
    mode: number,
  ): void {
    const { lists } = this;
    assert((idHigh & 0xffff) === 0, 'list sends: a batch says the high bits of its numbers, and no others');
    this.idHigh = idHigh;
    lists.begin(frame, SOCKET_SEND_SGL_WORD, sizeWords, 0, false);
    this.outcomes.expect(initiatorContext);
    this.inBatch = true;
    this.fault = 0;
    this.transactions = NO_TRANSACTION;
    this.start(-1, 0);
    for (;;) {
      const found = lists.next();
      if (found === LIST_BUFFER) {
        if (this.transactions === NO_TRANSACTION) this.disown();
        else this.buffer();
      } else if (found === LIST_TRANSACTION) {
        this.endTransaction(flags, mode);
        if (this.transactions === TRANSACTIONS_MAX) {
          this.fault = DETAILED_STATUS_MESSAGE_TOO_LARGE;
          this.errorOffset = lists.reader.errorOffset;
          return;
        }
        this.beginTransaction();
      } else if (found === LIST_END) {
        break;
      } else {
        this.flush(flags);
        if (this.transactionFault === 0) this.transactionFault = lists.fault;
        // The whole message is at fault where no transaction is, or where the list cannot be read on.
        if (found === LIST_FAULT || this.transactions === NO_TRANSACTION) {
          this.note(lists.fault, lists.errorOffset);
        }
        if (found === LIST_FAULT) break;
      }
    }
    this.endTransaction(flags, mode);
    if (this.transactions === NO_TRANSACTION && this.fault === 0)
      this.fault = DETAILED_STATUS_MISSING_PARAMETER;
  }

  /**
   * Reads a datagram: all elements together are its payload. // Hot path.
   * @param address @param port where to; both 0: to the connected peer.
   */
  datagram(frame: number, sizeWords: number, socketId: number, address: number, port: number): void {
    const { lists, stack, sockets } = this;
    const socket = socketId < sockets.length ? sockets[socketId] : undefined;
    const tag = socket === undefined ? 0 : socket.tag;
    lists.begin(frame, SOCKET_SEND_TO_SGL_WORD, sizeWords, tag, true);
    this.fault = 0;
    this.buffers = 0;
    this.errno = datagramErrno(socket);
    let found = lists.next();
    for (; found === LIST_BUFFER || found === LIST_BAD || found === LIST_TRANSACTION; found = lists.next()) {
      if (found === LIST_BUFFER) {
        if (lists.context[lists.to - 1] >= 0) this.buffers += 1;
        else if (lists.to > 1) this.note(DETAILED_STATUS_INVALID_OFFSET, lists.reader.errorOffset);
      } else if (found === LIST_BAD) this.note(lists.fault, lists.errorOffset);
      else this.note(DETAILED_STATUS_INVALID_OFFSET, lists.reader.errorOffset);
    }
    if (found === LIST_FAULT) this.note(lists.fault, lists.errorOffset);
    // An element of no bytes is a datagram of no bytes; it cannot be a part of another.
    if (this.fault === 0 && lists.to === 0) this.note(DETAILED_STATUS_MISSING_PARAMETER, 0);
    if (this.fault === 0 && this.buffers > 0 && lists.length[0] === 0) {
      this.note(DETAILED_STATUS_INVALID_OFFSET, SOCKET_SEND_TO_SGL_WORD << 2);
    }
    if (this.fault === 0 && this.errno === 0) {
      const { address: pieces, length, context, to } = lists;
      const u = socket!.connection;
      this.errno = stack.udpSend(u, address, port, pieces, length, context, to, this.clock.nowUs);
      if (this.errno === 0) return;
    }
    this.giveBack(0, lists.to);
  }

  /** Begins a request, or a transaction of a batch. */
  private start(connection: number, errno: number): void {
    this.connection = connection;
    this.errno = errno;
    this.buffers = 0;
    this.waitingFrom = 0;
    this.waitingTo = 0;
    this.transactionFault = 0;
  }

  /** Notes a fault of the list, unless there is one already: the first is told. */
  private note(fault: number, errorOffset: number): void {
    if (this.fault !== 0) return;
    this.fault = fault;
    this.errorOffset = errorOffset;
  }

  /** A buffer has been read whole. The one before it is queued as followed by more; this one waits. */
  private buffer(): void {
    assert(this.lists.to > this.lists.from, 'list sends: a buffer has a piece');
    assert(
      this.lists.context[this.lists.to - 1] >= 0,
      'list sends: the last piece of a buffer has its context',
    );
    this.flush(MORE);
    this.waitingFrom = this.lists.from;
    this.waitingTo = this.lists.to;
    this.buffers += 1;
    // What follows a fault is answered and not queued.
    if ((this.fault !== 0 && !this.inBatch) || this.transactionFault !== 0) this.flush(0);
  }

  /** Queues the buffer that waits, if one does. @param flags tcpSend's. */
  private flush(flags: number): void {
    const { waitingFrom: from, waitingTo: to } = this;
    if (from === to) return;
    assert(from < to && to <= this.lists.to, 'list sends: a buffer that waits is one of the list');
    this.waitingFrom = to;
    if (this.errno === 0 && this.transactionFault === 0 && (this.fault === 0 || this.inBatch)) {
      this.errno = this.queue(from, to, flags);
      if (this.errno === 0) return;
    }
    this.giveBack(from, to);
  }

  /** Hands a buffer to the stack, whole or not at all. @returns errno; then nothing of it has been queued. */
  private queue(from: number, to: number, flags: number): number {
    const { stack, clock, lists, connection, sendBuffers } = this;
    const { address, length, context } = lists;
    if (to - from > 1) {
      let bytes = 0;
      for (let i = from; i < to; i++) bytes += length[i];
      const errno = stack.tcpSendErrno(connection, bytes, to - from, sendBuffers.unheld);
      if (errno !== 0) return errno;
    }
    for (let i = from; i < to - 1; i++) {
      const errno = stack.tcpSend(connection, address[i], length[i], -1, MORE, clock.nowUs);
      assert(errno === 0, 'list sends: the stack takes every piece of a buffer it has room for');
    }
    const last = to - 1;
    const errno = stack.tcpSend(connection, address[last], length[last], context[last], flags, clock.nowUs);
    assert(
      errno === 0 || from === last,
      'list sends: the stack takes the last piece of a buffer it has room for',
    );
    // `giveBack` counts what was refused, and the stack has counted this piece already.
    if (errno !== 0) this.counters[BYTES_REFUSED] -= length[last];
    return errno;
  }

  /** Answers the contexts of pieces that the stack has not taken. */
  private giveBack(from: number, to: number): void {
    assert(from <= to, 'list sends: pieces are given back from the first on');
    const { length, context } = this.lists;
    for (let i = from; i < to; i++) {
      this.counters[BYTES_REFUSED] += length[i];
      if (context[i] >= 0) this.sendBuffers.release(context[i]);
    }
  }

  /** Refuses a buffer that comes before the first transaction: it never became the card's. */
  private disown(): void {
    const { lists } = this;
    this.note(DETAILED_STATUS_INVALID_OFFSET, lists.reader.errorOffset);
    this.sendBuffers.forget(lists.context[lists.to - 1]);
  }

  private beginTransaction(): void {
    assert(
      this.transactions < TRANSACTIONS_MAX,
      'list sends: a message has no more transactions than outcomes',
    );
    assert(
      this.waitingFrom === this.waitingTo,
      'list sends: no buffer waits from one transaction to the next',
    );
    const { lists, sockets } = this;
    const { reader } = lists;
    const socketId = reader.classFields | this.idHigh;
    const socket = socketId < sockets.length ? sockets[socketId] : undefined;
    const errno = streamErrno(socket);
    this.start(errno === 0 ? socket!.connection : -1, errno);
    // The earlier buffers of the list are done with.
    this.waitingFrom = lists.to;
    this.waitingTo = lists.to;
    this.transactionContext = reader.context;
    this.transactions += 1;
    lists.setTag(socket === undefined ? 0 : socket.tag);
  }

  /** Queues the last buffer of the transaction and says how it ended. */
  private endTransaction(flags: number, mode: number): void {
    if (this.transactions === NO_TRANSACTION) return;
    this.flush(flags);
    const { outcomes, errno } = this;
    if (this.transactionFault === 0 && this.buffers === 0) {
      this.transactionFault = DETAILED_STATUS_MISSING_PARAMETER;
    }
    if (this.transactionFault !== 0) {
      outcomes.add(this.transactionContext, REQUEST_STATUS_TRANSACTION_ERROR, this.transactionFault);
    } else if (isWanted(errno, mode)) {
      const status = errno === 0 ? REQUEST_STATUS_SUCCESS : REQUEST_STATUS_ERROR_NO_DATA;
      outcomes.add(this.transactionContext, status, errno);
    }
  }
}

/** Why a stream request cannot be served for a socket; 0: it can. */
export function streamErrno(socket: CardSocket | undefined): number {
  if (socket === undefined || !isOpen(socket)) return EBADF;
  return socket.kind === KIND_DATAGRAM ? EOPNOTSUPP : 0;
}

function datagramErrno(socket: CardSocket | undefined): number {
  if (socket === undefined || !isOpen(socket)) return EBADF;
  if (socket.kind !== KIND_DATAGRAM) return EOPNOTSUPP;
  return socket.sendEnded !== 0 ? EPIPE : 0;
}
