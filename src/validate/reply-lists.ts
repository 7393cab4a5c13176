/**
 * Replies to several transactions at once: receive records, returned contexts, outcomes of a batch; and
 * accepted numbers.
 */
import {
  REQUEST_STATUS_ABORT_DIRTY,
  REQUEST_STATUS_ABORT_PARTIAL,
  REQUEST_STATUS_SUCCESS,
} from '../i2o/executive.gen.ts';
import { TRL_FLAG_MULTIPLE } from '../i2o/frame.gen.ts';
import { frameTransactionContext } from '../i2o/frame.ts';
import {
  DATAGRAM_SOURCE_WORDS,
  getReceiveRecordSocketId,
  getSocketAcceptPostReplyAcceptedId,
  getSocketAcceptPostReplyListenerId,
  getSocketReceivePostReplyBucketsRemaining,
  getSocketReceivePostReplyCount,
  getSocketSendReplyCount,
  getSocketSendReplyTrlElementWords,
  getSocketSendReplyTrlFlags,
  getTransactionOutcomeContext,
  getTransactionOutcomeOutcomeStatus,
  RECEIVE_FLAG_DATAGRAM,
  RECEIVE_FLAG_END_OF_STREAM,
  RECEIVE_FLAG_ERROR,
  RECEIVE_FLAG_LAST_IN_BUCKET,
  RECEIVE_FLAG_SENT,
  RECEIVE_FLAG_TRUNCATED,
  RECEIVE_FLAG_URGENT,
  RECEIVE_RECORD_WORDS,
  SOCKET_RECEIVE_POST_REPLY_LIST_WORD,
  SOCKET_SEND_REPLY_LIST_WORD,
  TRANSACTION_OUTCOME_WORDS,
} from '../i2o/socket.gen.ts';
import { NO_SOCKET, SOCKET_ID_MAX } from '../i2o/socket-number.ts';
import { hex } from './findings.ts';
import type { MessageRow } from './message-rows.ts';
import type { RequestJudge } from './requests.ts';
import type { StatusJudge } from './statuses.ts';
import { BATCHED } from './transactions.ts';
import type { Trial } from './trial.ts';

/** Bits of a control word, and of word 4, that no field names. */
const TRL_RESERVED = 0x00ff0000;
const STATUS_AND_RESERVED = 0x00ffffff;
const NO_BUCKET = -1;
/** Bits of a socket's number that a SocketAcceptPost reply has room for. */
const ID_FIELD = 0xffff;
/** The statuses of what a UtilAbort has ended lie in a row. */
const ABORT_FIRST = REQUEST_STATUS_ABORT_DIRTY;
const ABORT_LAST = REQUEST_STATUS_ABORT_PARTIAL;
const DATAGRAM_SOURCE_BYTES = DATAGRAM_SOURCE_WORDS * 4;
const KNOWN_FLAGS =
  RECEIVE_FLAG_ERROR |
  RECEIVE_FLAG_SENT |
  RECEIVE_FLAG_URGENT |
  RECEIVE_FLAG_END_OF_STREAM |
  RECEIVE_FLAG_DATAGRAM |
  RECEIVE_FLAG_TRUNCATED |
  RECEIVE_FLAG_LAST_IN_BUCKET;

export class ReplyLists {
  private readonly trial: Trial;
  private readonly requests: RequestJudge;
  private readonly statuses: StatusJudge;

  constructor(trial: Trial, requests: RequestJudge, statuses: StatusJudge) {
    this.trial = trial;
    this.requests = requests;
    this.statuses = statuses;
  }

  /** A SocketReceivePost reply with records. // Hot path. */
  records(row: MessageRow, words: Int32Array, at: number, sizeWords: number): void {
    const { trial, requests } = this;
    const count = getSocketReceivePostReplyCount(words, at);
    if (!requests.posts.receivePosted) this.fault('T-01', row, 'records, and no bucket was ever posted');
    else if (words[at + 2] !== requests.posts.receiveInitiator) {
      this.fault('T-05', row, `records with InitiatorContext ${hex(words[at + 2])}`);
    }
    if (!this.control(row, words, at, RECEIVE_RECORD_WORDS - 1)) return;
    const ended = this.aborted(row, words[at + 4], 'records');
    const end = SOCKET_RECEIVE_POST_REPLY_LIST_WORD + count * RECEIVE_RECORD_WORDS;
    if (sizeWords < end) {
      this.fault('F-03', row, `${count} records in ${sizeWords} words`);
      return;
    }
    this.behind(row, sizeWords, end);
    trial.coverage.reply(row, true);
    for (let i = 0; i < count; i++) {
      const record = at + SOCKET_RECEIVE_POST_REPLY_LIST_WORD + i * RECEIVE_RECORD_WORDS;
      if (ended && getReceiveRecordSocketId(words, record) === NO_SOCKET) {
        this.ended(row, words[record], words[record + 2], words[record + 3]);
      } else {
        this.record(row, words[record], words[record + 1], words[record + 2], words[record + 3]);
      }
    }
    trial.receive.remaining(getSocketReceivePostReplyBucketsRemaining(words, at));
  }

  /** A SocketSend or SocketSendTo reply with contexts, or with the outcomes of a batch. // Hot path. */
  contexts(row: MessageRow, words: Int32Array, at: number, sizeWords: number): void {
    const { trial, requests } = this;
    const count = getSocketSendReplyCount(words, at);
    const elementWords = getSocketSendReplyTrlElementWords(words, at);
    if (!requests.posts.sendPosted) this.fault('T-01', row, 'contexts, and nothing was ever sent');
    else if (words[at + 2] !== requests.posts.sendInitiator) {
      this.fault('T-05', row, `contexts with InitiatorContext ${hex(words[at + 2])}`);
    }
    if (!this.control(row, words, at, elementWords === 1 ? 1 : 0) || count === 0) {
      if (count === 0) this.fault('F-06', row, 'a list of no contexts');
      return;
    }
    this.aborted(row, words[at + 4], 'contexts');
    const end = SOCKET_SEND_REPLY_LIST_WORD + count * (1 + elementWords);
    if (sizeWords < end) {
      this.fault('F-03', row, `${count} contexts in ${sizeWords} words`);
      return;
    }
    this.behind(row, sizeWords, end);
    trial.coverage.reply(row, true);
    if (elementWords === 1) {
      this.outcomes(row, words, at, count);
      return;
    }
    for (let i = 0; i < count; i++) {
      const context = words[at + SOCKET_SEND_REPLY_LIST_WORD + i];
      if (words[at + 4] === 0) trial.accounts?.returned(context);
      trial.transmit.giveBack(context);
    }
    if (words[at + 4] !== 0) this.requests.aborts.ended(row.target, count);
  }

  /** Whether the list is of what a UtilAbort has ended; any other status but success is wrong. */
  private aborted(row: MessageRow, word4: number, what: string): boolean {
    if (word4 === 0) return false;
    const status = word4 >>> 24;
    const known = status >= ABORT_FIRST && status <= ABORT_LAST && (word4 & STATUS_AND_RESERVED) === 0;
    if (!known) this.fault('F-04', row, `${what} with status ${hex(word4, 8)}`);
    else if (!this.requests.abortPosted) {
      this.fault('T-09', row, `${what} with ReqStatus ${hex(status, 2)}, and nobody asked for that`);
    }
    return known;
  }

  /** A bucket that an abort has ended comes back empty. */
  private ended(row: MessageRow, bucket: number, offsetWord: number, lengthWord: number): void {
    if (lengthWord !== 0 || offsetWord !== RECEIVE_FLAG_LAST_IN_BUCKET << 24) {
      this.fault(
        'F-07',
        row,
        `a bucket that was ended, with ${hex(offsetWord, 8)} and ${hex(lengthWord, 8)}`,
      );
    }
    this.trial.receive.fill(bucket);
    this.requests.aborts.ended(row.target, 1);
  }

  /** Rule F-11. */
  private behind(row: MessageRow, sizeWords: number, end: number): void {
    if (sizeWords > end)
      this.fault('F-11', row, `a reply of ${sizeWords} words, of which ${end} mean something`);
  }

  /** A posted number has its connection, or comes back without one. */
  accepted(row: MessageRow, words: Int32Array, at: number, status: number): void {
    const { sockets, findings, coverage } = this.trial;
    const listener = getSocketAcceptPostReplyListenerId(words, at);
    const acceptedId = acceptedOf(words, at);
    if (!sockets.isPosted(acceptedId)) {
      const name = acceptedId < sockets.count ? sockets.nameOf(acceptedId) : 'none';
      this.fault('T-01', row, `socket ${acceptedId} was not posted, it is ${name}`);
      return;
    }
    coverage.reply(row, status === 0);
    if (status !== 0)
      this.trial.refusals.unposted(row, sockets.listenerOf(acceptedId), words[at + 4] & 0xffff);
    if (words[at + 3] !== acceptedId || words[at + 2] !== sockets.postInitiator[acceptedId]) {
      this.fault(
        'T-05',
        row,
        `socket ${acceptedId} with contexts ${hex(words[at + 2])} and ${hex(words[at + 3])}`,
      );
    }
    if (((sockets.listenerOf(acceptedId) ^ listener) & ID_FIELD) !== 0) {
      findings.report(
        'K-06',
        acceptedId,
        `socket ${acceptedId} was posted at ${sockets.listenerOf(acceptedId)}, not at ${listener}`,
      );
    }
    sockets.reply(row, acceptedId, status === 0, false);
    if (status === 0)
      this.trial.accounts?.answers.accepted(sockets.listenerOf(acceptedId), acceptedId, words, at);
  }

  /** A record of an urgent byte, so many bytes on. */
  private urgent(
    row: MessageRow,
    socket: number,
    ahead: number,
    offsetWord: number,
    lengthWord: number,
  ): void {
    const plain = (lengthWord & 0xffffff) === 1 || lengthWord === 0;
    if (offsetWord !== RECEIVE_FLAG_URGENT << 24 || !plain || ahead < 0) {
      const words = `${hex(offsetWord, 8)} and ${hex(lengthWord, 8)}`;
      this.fault('F-07', row, `a record of an urgent byte ${ahead} bytes on, with ${words}`);
    }
    this.trial.sockets.record(socket, 4, 0, false);
  }

  private record(
    row: MessageRow,
    bucket: number,
    socketWord: number,
    offsetWord: number,
    lengthWord: number,
  ): void {
    const { trial } = this;
    const socket = socketWord & SOCKET_ID_MAX;
    const flags = offsetWord >>> 24;
    const offset = offsetWord & 0xffffff;
    const length = lengthWord & 0xffffff;
    if (!trial.sockets.has(socket) || (socketWord & ~SOCKET_ID_MAX) !== 0 || (flags & ~KNOWN_FLAGS) !== 0) {
      this.fault('F-07', row, `a record of socket ${socketWord}, flags ${hex(flags, 2)}`);
      return;
    }
    if ((flags & (RECEIVE_FLAG_ERROR | RECEIVE_FLAG_END_OF_STREAM)) !== 0) {
      const error = (flags & RECEIVE_FLAG_ERROR) !== 0;
      const alone = error ? RECEIVE_FLAG_ERROR : RECEIVE_FLAG_END_OF_STREAM;
      const status = lengthWord >>> 24;
      const wrong = offsetWord !== alone << 24 || length !== 0 || (status === 0) === error;
      if (bucket !== NO_BUCKET || wrong) {
        this.fault(
          'F-07',
          row,
          `a record without data: bucket ${hex(bucket)}, flags ${hex(flags, 2)}, offset ${offset}, ` +
            `length ${length}, status ${status}`,
        );
      }
      trial.accounts?.record(socket, error ? 2 : 1, 0, status);
      trial.sockets.record(socket, error ? 2 : 1, 0, false);
      return;
    }
    if ((flags & RECEIVE_FLAG_SENT) !== 0) {
      if (offsetWord !== RECEIVE_FLAG_SENT << 24 || lengthWord !== 0)
        this.fault('F-07', row, `a record of what was sent: ${hex(offsetWord, 8)}, ${hex(lengthWord, 8)}`);
      trial.accounts?.sent(socket, bucket);
      trial.sockets.record(socket, 3, 0, false);
      return;
    }
    if ((flags & RECEIVE_FLAG_URGENT) !== 0) {
      this.urgent(row, socket, bucket, offsetWord, lengthWord);
      return;
    }
    const datagram = (flags & RECEIVE_FLAG_DATAGRAM) !== 0;
    const least = datagram ? DATAGRAM_SOURCE_BYTES : 1;
    const { bucketBytes } = trial.receive;
    const cut = (flags & RECEIVE_FLAG_TRUNCATED) !== 0 && !datagram;
    const unclosed = (flags & RECEIVE_FLAG_LAST_IN_BUCKET) === 0;
    if (length < least || offset + length > bucketBytes || unclosed || cut || lengthWord >>> 24 !== 0) {
      this.fault(
        'F-07',
        row,
        `${length} bytes at ${offset} of a bucket of ${bucketBytes}, flags ${hex(flags, 2)}, ` +
          `status ${lengthWord >>> 24}`,
      );
    }
    const full = offset + length === bucketBytes || trial.receive.unsure;
    if ((flags & RECEIVE_FLAG_TRUNCATED) !== 0 && !full)
      this.fault('F-07', row, `Truncated, with ${bucketBytes - offset - length} bytes of room left`);
    if (datagram) {
      const truncated = (flags & RECEIVE_FLAG_TRUNCATED) !== 0;
      trial.accounts?.datagrams.record(socket, length - DATAGRAM_SOURCE_BYTES, truncated);
    }
    trial.receive.fill(bucket);
    trial.sums.delivered += datagram ? length - DATAGRAM_SOURCE_BYTES : length;
    trial.sockets.record(socket, 0, length, datagram);
    if (!datagram) trial.accounts?.record(socket, 0, length, 0);
  }

  private outcomes(row: MessageRow, words: Int32Array, at: number, count: number): void {
    const { transactions, sockets } = this.trial;
    for (let i = 0; i < count; i++) {
      const outcome = at + SOCKET_SEND_REPLY_LIST_WORD + TRANSACTION_OUTCOME_WORDS * i;
      const context = getTransactionOutcomeContext(words, outcome);
      const status = getTransactionOutcomeOutcomeStatus(words, outcome);
      const success = status === REQUEST_STATUS_SUCCESS;
      this.statuses.outcome(row, words[outcome + 1], status, 'an outcome');
      const initiator = words[at + 2];
      const found =
        transactions.take(row.index, initiator, context, true) ||
        transactions.takeQuiet(row.index, initiator, context);
      if (!found) {
        const before = transactions.wasAnswered(row.index, initiator, context);
        this.fault(before ? 'T-02' : 'T-01', row, `the outcome of transaction ${hex(context)}`);
        continue;
      }
      if ((transactions.takenFlags & BATCHED) === 0)
        this.fault('F-06', row, `${hex(context)} is no transaction of a batch`);
      const socket = transactions.takenSocket;
      if (!success) this.trial.accounts?.doubt(socket);
      if (socket >= 0 && socket < sockets.count) sockets.reply(row, socket, success, false);
    }
  }

  /** Rule F-06: the control word, before the list. */
  private control(row: MessageRow, words: Int32Array, at: number, elementWords: number): boolean {
    const flags = getSocketSendReplyTrlFlags(words, at);
    const word = frameTransactionContext(words, at);
    const right =
      flags === TRL_FLAG_MULTIPLE && getSocketSendReplyTrlElementWords(words, at) === elementWords;
    if (right && (word & TRL_RESERVED) === 0) return true;
    return this.fault('F-06', row, `control word ${hex(word, 8)}`);
  }

  private fault(rule: string, row: MessageRow, seen: string): false {
    this.trial.findings.report(rule, row.index, `${row.name}: ${seen}`);
    return false;
  }
}

/**
 * The number that a SocketAcceptPost reply is about: the TransactionContext, of which the reply has bits 0-15 once
 * more; where they differ, what these say.
 */
function acceptedOf(words: Int32Array, at: number): number {
  const told = getSocketAcceptPostReplyAcceptedId(words, at);
  const context = frameTransactionContext(words, at);
  return (context & ID_FIELD) === told && context >>> 0 <= SOCKET_ID_MAX ? context : told;
}
