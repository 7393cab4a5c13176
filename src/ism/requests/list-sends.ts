/**
 * Sends whose lists are more than whole buffers and immediate data: buffers of several segments, page lists, chained lists,
 * batches of transactions; and datagrams, whose list is one payload. From `send-requests`: where the list begins. To the
 * stack: sends. Buffers that the stack does not take are answered at once, so that each is answered exactly once.
 */
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
import { type CardSocket, isOpen, KIND_DATAGRAM, sendTag } from '../sockets/card-socket.ts';
import type { SendBuffers } from '../sockets/send-buffers.ts';
import {
  LIST_BAD,
  LIST_BUFFER,
  LIST_END,
  LIST_FAULT,
  LIST_TRANSACTION,
  type SendLists,
} from './send-lists.ts';

/** tcpSend's flag: more follows soon. */
const MORE = 1;
const NO_TRANSACTION = 0;

export class ListSends {
  /** Of the latest list: what is malformed about it (a DetailedStatusCode, 0: nothing) and at which byte of the frame. */
  fault = 0;
  errorOffset = 0;
  /** Of the latest list that is one request: its errno, 0 for none; and whether it named a buffer. */
  errno = 0;
  buffers = 0;
  private readonly counters: Float64Array;
  private readonly clock: Clock;
  private readonly stack: Stack;
  private readonly sockets: readonly CardSocket[];
  private readonly sendBuffers: SendBuffers;
  private readonly lists: SendLists;
  private readonly outcomes: SendOutcomes;
  /** The transaction being read: its connection, and the buffer that waits to hear whether another follows it. */
  private connection = -1;
  private waitingFrom = 0;
  private waitingTo = 0;
  /** Transactions of the batch so far; NO_TRANSACTION before the first. */
  private transactions = NO_TRANSACTION;
  private transactionContext = 0;
  private transactionFault = 0;
  /** Whether the list is a batch: then a fault outside does not touch its transactions. */
  private inBatch = false;

  constructor(
    ledger: Ledger,
    clock: Clock,
    stack: Stack,
    sockets: readonly CardSocket[],
    sendBuffers: SendBuffers,
    lists: SendLists,
    outcomes: SendOutcomes,
  ) {
    this.counters = ledger.counters;
    this.clock = clock;
    this.stack = stack;
    this.sockets = sockets;
    this.sendBuffers = sendBuffers;
    this.lists = lists;
    this.outcomes = outcomes;
  }

  /**
   * The rest of a stream's list. @param errno why nothing of it may be queued: its buffers are only answered; 0: it may.
   * @param flags of the request's last buffer.
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
        // What came before the bad element is sent.
        this.flush(flags);
        const offset = lists.reader.errorOffset;
        if (found === LIST_TRANSACTION) this.note(DETAILED_STATUS_INVALID_OFFSET, offset);
        else this.note(lists.fault, lists.errorOffset);
        if (found === LIST_FAULT) break;
      }
    }
    this.flush(flags);
  }

  /** A batch: the list of a SocketSend with the flag MULTIPLE. `fault` is of what belongs to no transaction. */
  batch(frame: number, sizeWords: number, initiatorContext: number, flags: number, mode: number): void {
    const { lists } = this;
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
        // What belongs to no transaction is the whole message's fault; and so is a list that cannot be read on.
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

  /** A datagram: all elements together are its payload. @param address and `port` 0: to the connected peer. */
  datagram(frame: number, sizeWords: number, socketId: number, address: number, port: number): void {
    const { lists, stack, sockets } = this;
    const socket = socketId < sockets.length ? sockets[socketId] : undefined;
    const tag = socket === undefined ? 0 : sendTag(socketId, socket);
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
    // An element of no bytes is a whole datagram, and no part of one.
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

  private start(connection: number, errno: number): void {
    this.connection = connection;
    this.errno = errno;
    this.buffers = 0;
    this.waitingFrom = 0;
    this.waitingTo = 0;
    this.transactionFault = 0;
  }

  private note(fault: number, errorOffset: number): void {
    if (this.fault !== 0) return;
    this.fault = fault;
    this.errorOffset = errorOffset;
  }

  /** A buffer has been read whole: the one before it is followed by more. */
  private buffer(): void {
    this.flush(MORE);
    this.waitingFrom = this.lists.from;
    this.waitingTo = this.lists.to;
    this.buffers += 1;
    // What follows a fault or an error is answered and not queued: a stream has no holes.
    if ((this.fault !== 0 && !this.inBatch) || this.transactionFault !== 0) this.flush(0);
  }

  /** Queues the buffer that waits. */
  private flush(flags: number): void {
    const { waitingFrom: from, waitingTo: to } = this;
    if (from === to) return;
    this.waitingFrom = to;
    if (this.errno === 0 && this.transactionFault === 0 && (this.fault === 0 || this.inBatch)) {
      this.errno = this.queue(from, to, flags);
      if (this.errno === 0) return;
    }
    this.giveBack(from, to);
  }

  /** @returns errno; then nothing of the buffer has been queued. */
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
      stack.tcpSend(connection, address[i], length[i], -1, MORE, clock.nowUs);
    }
    const last = to - 1;
    const errno = stack.tcpSend(connection, address[last], length[last], context[last], flags, clock.nowUs);
    // `giveBack` counts what was refused; the stack has counted this piece itself.
    if (errno !== 0) this.counters[BYTES_REFUSED] -= length[last];
    return errno;
  }

  /** Answers buffers the stack has not taken. */
  private giveBack(from: number, to: number): void {
    const { length, context } = this.lists;
    for (let i = from; i < to; i++) {
      this.counters[BYTES_REFUSED] += length[i];
      if (context[i] >= 0) this.sendBuffers.release(context[i]);
    }
  }

  /** A buffer before the first transaction: refused, it never became the card's. */
  private disown(): void {
    const { lists } = this;
    this.note(DETAILED_STATUS_INVALID_OFFSET, lists.reader.errorOffset);
    this.sendBuffers.forget(lists.context[lists.to - 1]);
  }

  private beginTransaction(): void {
    const { lists, sockets } = this;
    const { reader } = lists;
    const socketId = reader.classFields;
    const socket = socketId < sockets.length ? sockets[socketId] : undefined;
    const errno = streamErrno(socket);
    this.start(errno === 0 ? socket!.connection : -1, errno);
    // The list's earlier buffers are done with; the next waits from here on.
    this.waitingFrom = lists.to;
    this.waitingTo = lists.to;
    this.transactionContext = reader.context;
    this.transactions += 1;
    lists.setTag(socket === undefined ? 0 : sendTag(socketId, socket));
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
