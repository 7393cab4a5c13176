/** Replies to several transactions at once: receive records, returned contexts, outcomes of a batch; and accepted numbers. */
import {
  RECEIVE_FLAG_DATAGRAM,
  RECEIVE_FLAG_END_OF_STREAM,
  RECEIVE_FLAG_ERROR,
  RECEIVE_FLAG_LAST_IN_BUCKET,
  RECEIVE_FLAG_TRUNCATED,
} from '../i2o/socket.gen.ts';
import { hex } from './findings.ts';
import type { MessageRow } from './message-rows.ts';
import type { RequestJudge, Trial } from './requests.ts';
import { BATCHED } from './transactions.ts';

const TRL_MULTIPLE = 0x80;
const TRL_RESERVED = 0x00ff0000;
const RECORD_WORDS = 4;
const RECORDS_WORD = 6;
const CONTEXTS_WORD = 5;
const NO_BUCKET = -1;
const NO_SOCKET = 0xffff;
const ABORT_FIRST = 0x01;
const ABORT_LAST = 0x03;
const DATAGRAM_SOURCE_BYTES = 8;
const KNOWN_FLAGS =
  RECEIVE_FLAG_ERROR |
  RECEIVE_FLAG_END_OF_STREAM |
  RECEIVE_FLAG_DATAGRAM |
  RECEIVE_FLAG_TRUNCATED |
  RECEIVE_FLAG_LAST_IN_BUCKET;

export class ReplyLists {
  private readonly trial: Trial;
  private readonly requests: RequestJudge;

  constructor(trial: Trial, requests: RequestJudge) {
    this.trial = trial;
    this.requests = requests;
  }

  /** A SocketReceivePost reply with records. // Hot path. */
  records(row: MessageRow, words: Int32Array, at: number, sizeWords: number): void {
    const { trial, requests } = this;
    const count = words[at + 3] & 0xff;
    if (!requests.receivePosted) this.fault('T-01', row, 'records, and no bucket was ever posted');
    else if (words[at + 2] !== requests.receiveInitiator) {
      this.fault('T-05', row, `records with InitiatorContext ${hex(words[at + 2])}`);
    }
    if (!this.control(row, words[at + 3], RECORD_WORDS - 1)) return;
    const ended = this.aborted(row, words[at + 4], 'records');
    if (sizeWords < RECORDS_WORD + count * RECORD_WORDS) {
      this.fault('F-03', row, `${count} records in ${sizeWords} words`);
      return;
    }
    trial.coverage.reply(row, true);
    for (let i = 0; i < count; i++) {
      const record = at + RECORDS_WORD + i * RECORD_WORDS;
      if (ended && (words[record + 1] & 0xffff) === NO_SOCKET) {
        this.ended(row, words[record], words[record + 2], words[record + 3]);
      } else {
        this.record(row, words[record], words[record + 1], words[record + 2], words[record + 3]);
      }
    }
    trial.receive.remaining(words[at + 5]);
  }

  /** A SocketSend or SocketSendTo reply with contexts, or with the outcomes of a batch. // Hot path. */
  contexts(row: MessageRow, words: Int32Array, at: number, sizeWords: number): void {
    const { trial, requests } = this;
    const count = words[at + 3] & 0xff;
    const elementWords = (words[at + 3] >>> 8) & 0xff;
    if (!requests.sendPosted) this.fault('T-01', row, 'contexts, and nothing was ever sent');
    else if (words[at + 2] !== requests.sendInitiator) {
      this.fault('T-05', row, `contexts with InitiatorContext ${hex(words[at + 2])}`);
    }
    if (!this.control(row, words[at + 3], elementWords === 1 ? 1 : 0) || count === 0) {
      if (count === 0) this.fault('F-06', row, 'a list of no contexts');
      return;
    }
    this.aborted(row, words[at + 4], 'contexts');
    if (sizeWords < CONTEXTS_WORD + count * (1 + elementWords)) {
      this.fault('F-03', row, `${count} contexts in ${sizeWords} words`);
      return;
    }
    trial.coverage.reply(row, true);
    if (elementWords === 1) {
      this.outcomes(row, words, at, count);
      return;
    }
    for (let i = 0; i < count; i++) trial.transmit.giveBack(words[at + CONTEXTS_WORD + i]);
  }

  /** Whether the list is of what a UtilAbort has ended; any other status but success is wrong. */
  private aborted(row: MessageRow, word4: number, what: string): boolean {
    if (word4 === 0) return false;
    const status = word4 >>> 24;
    const known = status >= ABORT_FIRST && status <= ABORT_LAST && (word4 & 0xffffff) === 0;
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
  }

  /** A posted number has its connection, or comes back without one. */
  accepted(row: MessageRow, words: Int32Array, at: number, status: number): void {
    const { sockets, findings, coverage } = this.trial;
    const listener = words[at + 5] & 0xffff;
    const number = words[at + 5] >>> 16;
    if (!sockets.isPosted(number)) {
      const name = number < sockets.count ? sockets.nameOf(number) : 'none';
      this.fault('T-01', row, `socket ${number} was not posted, it is ${name}`);
      return;
    }
    coverage.reply(row, status === 0);
    if (words[at + 3] !== number || words[at + 2] !== sockets.postInitiator[number]) {
      this.fault(
        'T-05',
        row,
        `socket ${number} with contexts ${hex(words[at + 2])} and ${hex(words[at + 3])}`,
      );
    }
    if (sockets.listenerOf(number) !== listener) {
      findings.report(
        'K-06',
        number,
        `socket ${number} was posted at ${sockets.listenerOf(number)}, not at ${listener}`,
      );
    }
    sockets.reply(row, number, status === 0, false);
  }

  private record(
    row: MessageRow,
    bucket: number,
    socketWord: number,
    offsetWord: number,
    lengthWord: number,
  ): void {
    const { trial } = this;
    const socket = socketWord & 0xffff;
    const flags = offsetWord >>> 24;
    const offset = offsetWord & 0xffffff;
    const length = lengthWord & 0xffffff;
    if (socket >= trial.sockets.count || (socketWord & ~0xffff) !== 0 || (flags & ~KNOWN_FLAGS) !== 0) {
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
          `a record without data: bucket ${hex(bucket)}, flags ${hex(flags, 2)}, offset ${offset}, length ${length}, status ${status}`,
        );
      }
      trial.sockets.record(socket, error ? 2 : 1, 0, false);
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
        `${length} bytes at ${offset} of a bucket of ${bucketBytes}, flags ${hex(flags, 2)}, status ${lengthWord >>> 24}`,
      );
    }
    trial.receive.fill(bucket);
    trial.sums.delivered += datagram ? length - DATAGRAM_SOURCE_BYTES : length;
    trial.sockets.record(socket, 0, length, datagram);
  }

  private outcomes(row: MessageRow, words: Int32Array, at: number, count: number): void {
    const { transactions, sockets } = this.trial;
    for (let i = 0; i < count; i++) {
      const context = words[at + CONTEXTS_WORD + 2 * i];
      const success = words[at + CONTEXTS_WORD + 2 * i + 1] >>> 24 === 0;
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
      if (socket >= 0 && socket < sockets.count) sockets.reply(row, socket, success, false);
    }
  }

  private control(row: MessageRow, word: number, elementWords: number): boolean {
    const right = word >>> 24 === TRL_MULTIPLE && ((word >>> 8) & 0xff) === elementWords;
    if (right && (word & TRL_RESERVED) === 0) return true;
    return this.fault('F-06', row, `control word ${hex(word, 8)}`);
  }

  private fault(rule: string, row: MessageRow, seen: string): false {
    this.trial.findings.report(rule, row.index, `${row.name}: ${seen}`);
    return false;
  }
}
