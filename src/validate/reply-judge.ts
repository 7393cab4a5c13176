/** Judges what the card answers: finds the request a reply is to, then what the reply says, then what follows from it. */
import {
  FAILURE_WORDS,
  FLAG_FAIL,
  FLAG_LAST,
  FLAG_MULTIPLE,
  FLAG_REPLY,
  TRANSACTION_ERROR_WORDS,
  VERSION_1_5,
} from '../i2o/frame.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../i2o/tids.ts';
import { hex } from './findings.ts';
import type { FrameCredits } from './frame-credits.ts';
import { WITHDRAWN } from './iop-machine.ts';
import {
  flags as enumerated,
  type MessageRow,
  rowIndex,
  TARGET_DEVICE,
  TARGET_EXECUTIVE,
} from './message-rows.ts';
import { ReplyLists } from './reply-lists.ts';
import {
  FUNCTION_ACCEPT_POST,
  FUNCTION_EVENT_REGISTER,
  FUNCTION_RECEIVE_POST,
  FUNCTION_SEND,
  FUNCTION_SEND_TO,
  MODE_SHIFT,
  type RequestJudge,
  type Trial,
} from './requests.ts';
import { StatusJudge, TRANSACTION_ERROR } from './statuses.ts';
import { ILLEGAL_HERE, MALFORMED } from './transactions.ts';

const REPLY_WORDS = 5;
const REPLY_FLAGS = FLAG_REPLY | FLAG_LAST | FLAG_FAIL | FLAG_MULTIPLE;
/** Word of the control word, where the list of a reply to several transactions begins. */
const TRL_WORD = 3;
const UNIT_RESERVED = 0x0000f000;
const SUCCESS = 0x00;
const PROGRESS = 0x80;
/** 2.0, the greatest version of I2O there was. */
const VERSION_MAX = 2;
const NO_PRESERVED = -1;
const FUNCTION_STATIC_MF_CREATE = 0xdd;

export class ReplyJudge {
  private readonly trial: Trial;
  private readonly credits: FrameCredits;
  private readonly lists: ReplyLists;
  private readonly requests: RequestJudge;
  private readonly frameWords: number;
  private readonly statuses: StatusJudge;
  private readonly failureCodes = enumerated('FailureCode');
  /** The device has withdrawn everything: what was out must be home. */
  private readonly withdrawn: () => void;

  constructor(trial: Trial, credits: FrameCredits, requests: RequestJudge, withdrawn: () => void) {
    this.trial = trial;
    this.credits = credits;
    this.lists = new ReplyLists(trial, requests);
    this.requests = requests;
    this.statuses = new StatusJudge(trial, requests);
    this.frameWords = trial.head.frameBytes >> 2;
    this.withdrawn = withdrawn;
  }

  /** // Hot path: every outbound frame. */
  judge(words: Int32Array, at: number): void {
    const { trial } = this;
    const word0 = words[at];
    const word1 = words[at + 1];
    const flags = (word0 >>> 8) & 0xff;
    const sizeWords = word0 >>> 16;
    const target = (word1 & 0xfff) === IOP_TID ? TARGET_EXECUTIVE : TARGET_DEVICE;
    const row = trial.rows[rowIndex(target, word1 >>> 24)];
    if (!this.header(row, word0, word1)) return;
    if (!trial.iop.replyAllowed()) this.fault('I-03', row, `answered while ${trial.iop.describe()}`);
    const last = (flags & FLAG_LAST) !== 0;
    if ((flags & FLAG_FAIL) !== 0) {
      this.failure(row, words, at, last);
      return;
    }
    const status = words[at + 4] >>> 24;
    const functionCode = row.functionCode;
    if (functionCode === FUNCTION_EVENT_REGISTER && !(last && this.statuses.isRefusal(status, sizeWords))) {
      trial.coverage.reply(row, true);
      trial.events.event(row, words, at, last);
      return;
    }
    if (row.target === TARGET_DEVICE && (flags & FLAG_MULTIPLE) !== 0) {
      if (functionCode === FUNCTION_RECEIVE_POST) {
        this.final(row, last);
        this.lists.records(row, words, at, sizeWords);
        return;
      }
      if (functionCode === FUNCTION_SEND || functionCode === FUNCTION_SEND_TO) {
        this.final(row, last);
        this.lists.contexts(row, words, at, sizeWords);
        return;
      }
      this.fault('H-04', row, 'MULTIPLE, in a reply to one transaction');
    } else if ((flags & FLAG_MULTIPLE) !== 0) {
      this.fault('H-04', row, 'MULTIPLE, in a reply of the executive');
    }
    if (
      functionCode === FUNCTION_ACCEPT_POST &&
      row.target === TARGET_DEVICE &&
      sizeWords >= row.replyWords
    ) {
      this.final(row, last);
      this.lists.accepted(row, words, at, status);
      this.statuses.judge(row, words[at + 4], status);
      return;
    }
    this.single(row, words, at, sizeWords, status, last);
  }

  /** Rules H. @returns whether the reply can be told what it is: one with a small fault is taken for what it says. // Hot path. */
  private header(row: MessageRow, word0: number, word1: number): boolean {
    const flags = (word0 >>> 8) & 0xff;
    const sizeWords = word0 >>> 16;
    const target = word1 & 0xfff;
    let good = true;
    if ((word0 & 15) !== VERSION_1_5) this.fault('H-01', row, `reply of version ${word0 & 15}`);
    const least = (flags & FLAG_FAIL) === 0 ? REPLY_WORDS : FAILURE_WORDS;
    if (sizeWords < least || sizeWords > this.frameWords) {
      good = this.fault('H-02', row, `reply of MessageSize ${sizeWords}`);
    }
    if ((flags & FLAG_REPLY) === 0 || (flags & ~REPLY_FLAGS) !== 0) {
      this.fault('H-04', row, `reply with MsgFlags ${hex(flags)}`);
      if ((flags & FLAG_REPLY) === 0) good = false;
    }
    const listWord = (word0 >>> 4) & 15;
    const several = (flags & (FLAG_MULTIPLE | FLAG_FAIL)) === FLAG_MULTIPLE;
    if (listWord !== (several ? TRL_WORD : 0) && (flags & FLAG_FAIL) === 0) {
      this.fault('H-05', row, `reply with list offset ${listWord}`);
    }
    const initiator = (word1 >>> 12) & 0xfff;
    // A request with a wrong address is answered with the same.
    const failed = (flags & FLAG_FAIL) !== 0;
    if (!failed && ((target !== DEVICE_TID && target !== IOP_TID) || initiator !== HOST_TID)) {
      good = this.fault('H-07', row, `reply from ${hex(target, 3)} to ${hex(initiator, 3)}`);
    }
    return good;
  }

  /** A single-transaction reply. */
  private single(
    row: MessageRow,
    words: Int32Array,
    at: number,
    sizeWords: number,
    status: number,
    last: boolean,
  ): void {
    const { trial } = this;
    const { transactions } = trial;
    const overlaid = row.replyForm === 'overlaid';
    const success = overlaid || status === SUCCESS;
    if (!overlaid && status === PROGRESS) {
      if (last) this.fault('T-06', row, 'a progress report with LAST set');
      if (!transactions.take(row.index, words[at + 2], words[at + 3], false))
        this.unasked(row, words, at, success, status);
      return;
    }
    this.final(row, last);
    if (!overlaid) this.statuses.judge(row, words[at + 4], status);
    if (!this.find(row, words, at, success, status)) return;
    const { takenSocket: socket, takenFlags: flags } = transactions;
    const illegal = (flags & (ILLEGAL_HERE | MALFORMED)) !== 0;
    trial.coverage.reply(row, success);
    if (success && (flags & MALFORMED) !== 0)
      this.fault(row.target === TARGET_DEVICE ? 'K-05' : 'I-05', row, 'a malformed request succeeded');
    if (success && !illegal) this.layout(row, words, at, sizeWords);
    if (success && row.functionCode === FUNCTION_STATIC_MF_CREATE && row.target === TARGET_EXECUTIVE)
      this.requests.staticFrames += 1;
    if (status === TRANSACTION_ERROR && !overlaid) {
      trial.transmit.doubt(transactions.takenFrame);
      this.errorPlace(row, words, at, sizeWords);
    }
    if (socket >= 0 && socket < trial.sockets.count) {
      if (row.replyNamesSocket && success && sizeWords > 5 && (words[at + 5] & 0xffff) !== socket) {
        trial.findings.report(
          'K-06',
          row.index,
          `${row.name} of socket ${socket} was answered for ${words[at + 5] & 0xffff}`,
        );
      }
      if ((flags & MALFORMED) === 0) trial.sockets.reply(row, socket, success, illegal);
      if (row.functionCode === FUNCTION_ACCEPT_POST && !success) this.refusedPost(socket);
    }
    if (row.target === TARGET_EXECUTIVE || row.functionCode < 0x20) this.moveIop(row, success, illegal);
  }

  private moveIop(row: MessageRow, success: boolean, illegal: boolean): void {
    if (this.trial.iop.reply(row, success, illegal) === WITHDRAWN) this.withdrawn();
  }

  /** A transport failure. */
  private failure(row: MessageRow, words: Int32Array, at: number, last: boolean): void {
    const { trial } = this;
    const word4 = words[at + 4];
    const code = word4 >>> 24;
    const severity = (word4 >>> 16) & 0xff;
    this.final(row, last);
    if (
      this.failureCodes[code] !== 1 ||
      severity === 0 ||
      severity > 15 ||
      (word4 & 0xff) > VERSION_1_5 ||
      ((word4 >>> 8) & 0xff) < VERSION_1_5 ||
      ((word4 >>> 8) & 0xff) > VERSION_MAX ||
      words[at + 8] !== 0
    ) {
      this.fault(
        'H-09',
        row,
        `failure ${hex(code)}, severity ${hex(severity)}, versions ${word4 & 0xff} to ${(word4 >>> 8) & 0xff}, PreservedMFA high ${hex(words[at + 8])}`,
      );
    }
    if ((words[at + 5] & UNIT_RESERVED) !== 0)
      this.fault('F-08', row, `word 5 of a failure ${hex(words[at + 5], 8)}`);
    const preserved = words[at + 7];
    if (preserved !== NO_PRESERVED) this.credits.preserve(preserved);
    const found = this.find(row, words, at, false, TRANSACTION_ERROR, preserved !== NO_PRESERVED);
    if (!found) return;
    const { takenSocket: socket, takenFlags: flags, takenFrame } = trial.transactions;
    trial.coverage.reply(row, false);
    trial.transmit.undelivered(takenFrame);
    if (row.target === TARGET_DEVICE && row.functionCode === FUNCTION_RECEIVE_POST) {
      trial.receive.undelivered = true;
      trial.receive.unsure = true;
    }
    if (row.target === TARGET_DEVICE && row.functionCode === FUNCTION_ACCEPT_POST && socket >= 0)
      this.refusedPost(socket);
    const illegal = (flags & (ILLEGAL_HERE | MALFORMED)) !== 0;
    const addresses = words[at + 1] & 0xffffff;
    const target = addresses & 0xfff;
    // A request with a wrong address is answered with the same.
    const strange = (target !== DEVICE_TID && target !== IOP_TID) || addresses >>> 12 !== HOST_TID;
    if (strange && (flags & MALFORMED) === 0) {
      this.fault('H-07', row, `failure from ${hex(target, 3)} to ${hex(addresses >>> 12, 3)}`);
    }
    if (row.target === TARGET_EXECUTIVE || row.functionCode < 0x20) this.moveIop(row, false, illegal);
    if (socket >= 0 && socket < trial.sockets.count && !illegal)
      trial.sockets.reply(row, socket, false, false);
  }

  /** Finds the request a reply is to. @param preserved its contexts may not be trusted. */
  private find(
    row: MessageRow,
    words: Int32Array,
    at: number,
    success: boolean,
    status: number,
    preserved = false,
  ): boolean {
    const { transactions } = this.trial;
    const initiator = words[at + 2];
    const transaction = words[at + 3];
    if (transactions.take(row.index, initiator, transaction, true)) return true;
    if (transactions.takeQuiet(row.index, initiator, transaction)) {
      this.quietAnswer(row, success, status);
      return true;
    }
    if (preserved && transactions.takeOnly(row.index)) return true;
    return this.unasked(row, words, at, success, status);
  }

  /** Whether an answer that is only given in certain cases was due. */
  private quietAnswer(row: MessageRow, success: boolean, status: number): void {
    const flags = this.trial.transactions.takenFlags;
    const mode = flags >>> MODE_SHIFT;
    const malformed = (flags & MALFORMED) !== 0 || status === TRANSACTION_ERROR;
    if (malformed) return;
    if (row.replyForm === 'none') this.fault('T-04', row, 'was answered, which it never is');
    else if (mode === 3) this.fault('T-04', row, 'was answered, its reply mode is Never');
    else if (success) {
      const why = mode === 2 ? 'its reply mode is OnError' : 'the return of its buffers is the answer';
      this.fault('T-04', row, `success was answered; ${why}`);
    }
  }

  /** Nobody waits for this reply: says why, as far as can be told. @returns false. */
  private unasked(row: MessageRow, words: Int32Array, at: number, success: boolean, status: number): boolean {
    const { transactions } = this.trial;
    if (transactions.overflowed) return false;
    const contexts = `contexts ${hex(words[at + 2])} and ${hex(words[at + 3])}`;
    if (row.known && row.replyForm === 'none' && status !== TRANSACTION_ERROR) {
      this.fault('T-04', row, 'was answered, which it never is');
    } else if (transactions.wasAnswered(row.index, words[at + 2], words[at + 3])) {
      this.fault('T-02', row, `${contexts} were answered before`);
    } else if (transactions.waitingOf[row.index] > 0) {
      this.fault('T-05', row, `${contexts} are of no request that waits`);
      // Most likely it is meant for the only one there is: then that one is not missed again at the end.
      if (transactions.takeOnly(row.index) && success) this.resynchronise(row);
    } else {
      this.fault('T-01', row, `${contexts}, and none waits`);
    }
    return false;
  }

  /** What a reply with wrong contexts most likely did. */
  private resynchronise(row: MessageRow): void {
    const { transactions, sockets } = this.trial;
    const socket = transactions.takenSocket;
    if (socket >= 0 && socket < sockets.count && transactions.takenFlags === 0)
      sockets.reply(row, socket, true, false);
    if (row.target === TARGET_EXECUTIVE) this.moveIop(row, true, false);
  }

  private final(row: MessageRow, last: boolean): void {
    if (!last) this.fault('T-06', row, 'a final reply without LAST');
  }

  /** Where a transaction error says that the request is wrong. */
  private errorPlace(row: MessageRow, words: Int32Array, at: number, sizeWords: number): void {
    const offset = words[at + 5];
    const bit = words[at + 6];
    if (sizeWords < TRANSACTION_ERROR_WORDS) {
      this.fault('F-03', row, `a transaction error of ${sizeWords} words, not ${TRANSACTION_ERROR_WORDS}`);
    } else if (offset < 0 || offset >= this.frameWords * 4 || bit < 0 || bit > 7) {
      this.fault('F-03', row, `a transaction error at byte ${offset >>> 0}, bit ${bit >>> 0} of the request`);
    }
  }

  /** Rule F-03. */
  private layout(row: MessageRow, words: Int32Array, at: number, sizeWords: number): void {
    if (!row.known) return;
    const { functionCode } = row;
    if (row.target === TARGET_DEVICE && (functionCode === FUNCTION_SEND || functionCode === FUNCTION_SEND_TO))
      return;
    if (sizeWords < row.replyWords) {
      this.fault('F-03', row, `a reply of ${sizeWords} words, not ${row.replyWords}`);
      return;
    }
    const { replyChecks, replyReserved } = row;
    for (let word = TRL_WORD + 1; word < replyReserved.length; word++) {
      const stray = words[at + word] & replyReserved[word];
      if (stray !== 0) this.fault('F-08', row, `bits ${hex(stray)} of word ${word} of a reply`);
    }
    for (let i = 0; i < replyChecks.length; i++) {
      const check = replyChecks[i];
      if (!check.good(words, at))
        this.fault('F-03', row, `reply with ${check.name} ${hex(check.read(words, at))}`);
    }
  }

  /** A SocketAcceptPost was refused as a whole: which numbers it took is only known where the listener is none. */
  private refusedPost(listener: number): void {
    const { sockets } = this.trial;
    if (sockets.nameOf(listener) !== 'Listening') sockets.unpost(listener);
  }

  private fault(rule: string, row: MessageRow, seen: string): false {
    this.trial.findings.report(rule, row.index, `${row.name}: ${seen}`);
    return false;
  }
}
