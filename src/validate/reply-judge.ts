/**
 * Judges what the card answers: finds the request a reply is to, then what the reply says, then what follows
 * from it.
 */
import {
  EXEC_STATIC_MF_CREATE,
  REQUEST_STATUS_PROGRESS_REPORT,
  REQUEST_STATUS_SUCCESS,
  REQUEST_STATUS_TRANSACTION_ERROR,
} from '../i2o/executive.gen.ts';
import {
  FAILURE_WORDS,
  FLAG_FAIL,
  FLAG_LAST,
  FLAG_MULTIPLE,
  FLAG_REPLY,
  frameFlags,
  frameFunction,
  frameInitiator,
  frameInitiatorContext,
  frameRequestStatus,
  frameSglOffset,
  frameSizeWords,
  frameTarget,
  frameTransactionContext,
  getFailurePreservedFrame,
  VERSION_1_5,
} from '../i2o/frame.ts';
import {
  getSocketCloseReplySocketId,
  REPLY_MODE_NEVER,
  REPLY_MODE_ON_ERROR,
  SOCKET_ACCEPT_POST,
  SOCKET_RECEIVE_POST,
  SOCKET_SEND,
  SOCKET_SEND_TO,
} from '../i2o/socket.gen.ts';
import { HOST_TID, IOP_TID } from '../i2o/tids.ts';
import { UTIL_EVENT_REGISTER } from '../i2o/utility.gen.ts';
import { judgeFailure } from './failure-record.ts';
import { hex } from './findings.ts';
import type { FrameCredits } from './frame-credits.ts';
import { WITHDRAWN } from './iop-machine.ts';
import { LanReplies } from './lan-replies.ts';
import { portKey } from './lan-requests.ts';
import {
  CLASS_FUNCTIONS,
  flags as enumerated,
  type MessageRow,
  rowIndex,
  TARGET_DEVICE,
  TARGET_EXECUTIVE,
} from './message-rows.ts';
import { Outcomes } from './outcomes.ts';
import type { PortReplies } from './port-replies.ts';
import { ReplyLayout } from './reply-layout.ts';
import { ReplyLists } from './reply-lists.ts';
import type { RequestJudge } from './requests.ts';
import { StatusJudge } from './statuses.ts';
import { DETAIL_SIZE, ILLEGAL_HERE, MALFORMED, MODE_MASK, MODE_SHIFT } from './transactions.ts';
import type { Trial } from './trial.ts';
import { WindowReplies } from './window-replies.ts';

const REPLY_WORDS = 5;
/** Word 0: VersionOffset's version, and the bit above it that must be clear. */
const VERSION_AND_RESERVED = 0x0f;
const REPLY_FLAGS = FLAG_REPLY | FLAG_LAST | FLAG_FAIL | FLAG_MULTIPLE;
/** Word of the control word, where the list of a reply to several transactions begins. */
const TRL_WORD = 3;
const NO_PRESERVED = -1;
export class ReplyJudge {
  private readonly trial: Trial;
  private readonly credits: FrameCredits;
  private readonly lists: ReplyLists;
  private readonly requests: RequestJudge;
  private readonly frameWords: number;
  private readonly statuses: StatusJudge;
  private readonly layout: ReplyLayout;
  private readonly outcomes: Outcomes;
  /** Of a card of network ports, of the one class or of the other. */
  private readonly ports: PortReplies | undefined;
  private readonly failureCodes = enumerated('FailureCode');
  /** The device has withdrawn everything: what was out must be home. */
  private readonly withdrawn: () => void;

  constructor(trial: Trial, credits: FrameCredits, requests: RequestJudge, withdrawn: () => void) {
    this.trial = trial;
    this.credits = credits;
    this.requests = requests;
    this.statuses = new StatusJudge(trial, requests);
    this.lists = new ReplyLists(trial, requests, this.statuses);
    const { lan, window } = trial;
    if (lan && requests.lan) this.ports = new LanReplies(trial, lan, requests, requests.lan, this.statuses);
    if (window && requests.window)
      this.ports = new WindowReplies(trial, window, requests, requests.window, this.statuses);
    this.layout = new ReplyLayout(trial.findings, trial.head.frameBytes);
    this.outcomes = new Outcomes(trial, requests, this.layout);
    this.frameWords = trial.head.frameBytes >> 2;
    this.withdrawn = withdrawn;
  }

  /** // Hot path: every outbound frame. */
  judge(words: Int32Array, at: number): void {
    const { trial } = this;
    const flags = frameFlags(words, at);
    const sizeWords = frameSizeWords(words, at);
    const target = frameTarget(words, at) === IOP_TID ? TARGET_EXECUTIVE : TARGET_DEVICE;
    const row = trial.rows[rowIndex(target, frameFunction(words, at))];
    if (!this.header(row, words, at)) return;
    if (!trial.iop.replyAllowed()) this.fault('I-03', row, `answered while ${trial.iop.describe()}`);
    const last = (flags & FLAG_LAST) !== 0;
    if ((flags & FLAG_FAIL) !== 0) {
      this.failure(row, words, at, last);
      return;
    }
    const status = frameRequestStatus(words, at);
    const functionCode = row.functionCode;
    if (functionCode === UTIL_EVENT_REGISTER && !(last && this.statuses.isRefusal(status, sizeWords))) {
      trial.coverage.reply(row, true);
      trial.events.event(row, words, at, last);
      return;
    }
    const { ports } = this;
    if (ports && row.ofPort && (flags & FLAG_MULTIPLE) !== 0 && row.replyForm === 'multiple') {
      this.final(row, last);
      ports.list(row, words, at, sizeWords, this.portOf(words, at));
      return;
    }
    if (row.target === TARGET_DEVICE && (flags & FLAG_MULTIPLE) !== 0) {
      if (functionCode === SOCKET_RECEIVE_POST) {
        this.final(row, last);
        this.lists.records(row, words, at, sizeWords);
        return;
      }
      if (functionCode === SOCKET_SEND || functionCode === SOCKET_SEND_TO) {
        this.final(row, last);
        this.lists.contexts(row, words, at, sizeWords);
        return;
      }
      this.fault('H-04', row, 'MULTIPLE, in a reply to one transaction');
    } else if ((flags & FLAG_MULTIPLE) !== 0) {
      this.fault('H-04', row, 'MULTIPLE, in a reply of the executive');
    }
    if (functionCode === SOCKET_ACCEPT_POST && row.target === TARGET_DEVICE && sizeWords >= row.replyWords) {
      this.final(row, last);
      this.lists.accepted(row, words, at, status);
      this.statuses.judge(row, words[at + 4], status);
      return;
    }
    this.single(row, words, at, sizeWords, status, last);
  }

  /**
   * Rules H.
   * @returns whether the reply can be told what it is: one with a small fault is taken for what it says. //
   * Hot path.
   */
  private header(row: MessageRow, words: Int32Array, at: number): boolean {
    const version = words[at] & VERSION_AND_RESERVED;
    const flags = frameFlags(words, at);
    const sizeWords = frameSizeWords(words, at);
    const target = frameTarget(words, at);
    let good = true;
    if (version !== VERSION_1_5) this.fault('H-01', row, `reply of version ${version}`);
    const least = (flags & FLAG_FAIL) === 0 ? REPLY_WORDS : FAILURE_WORDS;
    const { outboundWords } = this.requests;
    if (outboundWords > 0 && sizeWords > outboundWords && sizeWords <= this.frameWords)
      this.fault('H-10', row, `reply of ${sizeWords} words, the host has asked for ${outboundWords}`);
    if (sizeWords < least || sizeWords > this.frameWords) {
      good = this.fault('H-02', row, `reply of MessageSize ${sizeWords}`);
    }
    if ((flags & FLAG_REPLY) === 0 || (flags & ~REPLY_FLAGS) !== 0) {
      this.fault('H-04', row, `reply with MsgFlags ${hex(flags)}`);
      if ((flags & FLAG_REPLY) === 0) good = false;
    }
    const listWord = frameSglOffset(words, at);
    const several = (flags & (FLAG_MULTIPLE | FLAG_FAIL)) === FLAG_MULTIPLE;
    if (listWord !== (several ? TRL_WORD : 0) && (flags & FLAG_FAIL) === 0) {
      this.fault('H-05', row, `reply with list offset ${listWord}`);
    }
    const initiator = frameInitiator(words, at);
    // A request with a wrong address is answered with the same.
    const failed = (flags & FLAG_FAIL) !== 0;
    const known = target === IOP_TID || this.trial.portOf(target) >= 0;
    if (!failed && (!known || initiator !== HOST_TID)) {
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
    const success = overlaid || status === REQUEST_STATUS_SUCCESS;
    if (!overlaid && status === REQUEST_STATUS_PROGRESS_REPORT) {
      if (last) this.fault('T-06', row, 'a progress report with LAST set');
      if (!transactions.take(row.index, this.keyOf(row, words, at), words[at + 3], false))
        this.unasked(row, words, at, success, status);
      return;
    }
    this.final(row, last);
    if (!overlaid) this.statuses.judge(row, words[at + 4], status);
    if (!this.find(row, words, at, success, status)) return;
    const { takenSocket: socket, takenFlags: flags } = transactions;
    const illegal = (flags & (ILLEGAL_HERE | MALFORMED)) !== 0;
    trial.coverage.reply(row, success);
    if (success && (flags & MALFORMED) !== 0) {
      const ofDevice = this.ports?.acceptedRule ?? 'K-05';
      this.fault(row.target === TARGET_DEVICE ? ofDevice : 'I-05', row, 'a malformed request succeeded');
    }
    if (row.target === TARGET_DEVICE)
      this.ports?.answered(row, words, at, this.portOf(words, at), success, illegal);
    if (success && !illegal) this.layout.judge(row, words, at, sizeWords);
    if (success) this.outcomes.success(row, words, at, illegal);
    else this.outcomes.refusal(row, words, at, sizeWords, status);
    if (row.target === TARGET_DEVICE && row.functionCode < CLASS_FUNCTIONS && flags === 0 && !overlaid)
      trial.users[this.portOf(words, at)]?.answered(row, transactions.taken[0], words[at + 4] & 0xffff);
    if (success && row.functionCode === EXEC_STATIC_MF_CREATE && row.target === TARGET_EXECUTIVE)
      this.requests.staticFrames += 1;
    if (status === REQUEST_STATUS_TRANSACTION_ERROR && !overlaid) {
      trial.transmit.doubt(transactions.takenFrame);
      this.layout.judgeErrorPlace(row, words, at, sizeWords, transactions.taken[DETAIL_SIZE]);
    }
    if (socket >= 0 && socket < trial.sockets.count) {
      if (
        row.replyNamesSocket &&
        success &&
        sizeWords > 5 &&
        ((getSocketCloseReplySocketId(words, at) ^ socket) & row.replySocketMask) !== 0
      ) {
        const told = getSocketCloseReplySocketId(words, at) & row.replySocketMask;
        this.fault('K-06', row, `of socket ${socket}, was answered for ${told}`);
      }
      if ((flags & MALFORMED) === 0) trial.sockets.reply(row, socket, success, illegal);
      if (row.functionCode === SOCKET_ACCEPT_POST && !success) this.refusedPost(socket);
    }
    if (row.target === TARGET_EXECUTIVE || row.functionCode < CLASS_FUNCTIONS)
      this.moveIop(row, success, illegal);
  }

  private moveIop(row: MessageRow, success: boolean, illegal: boolean): void {
    if (this.trial.iop.reply(row, success, illegal) === WITHDRAWN) this.withdrawn();
  }

  /** A transport failure. */
  private failure(row: MessageRow, words: Int32Array, at: number, last: boolean): void {
    const { trial } = this;
    this.final(row, last);
    judgeFailure(trial.findings, this.failureCodes, row, words, at);
    const preserved = getFailurePreservedFrame(words, at);
    if (preserved !== NO_PRESERVED) this.credits.preserve(preserved);
    const found = this.find(
      row,
      words,
      at,
      false,
      REQUEST_STATUS_TRANSACTION_ERROR,
      preserved !== NO_PRESERVED,
    );
    this.layout.nothingBehind(row, frameSizeWords(words, at), FAILURE_WORDS);
    trial.refusals.failed(row, words, at, found);
    if (!found) return;
    const { takenSocket: socket, takenFlags: flags, takenFrame } = trial.transactions;
    trial.coverage.reply(row, false);
    if (row.target === TARGET_DEVICE && row.functionCode === SOCKET_SEND) trial.accounts?.doubt(socket);
    trial.transmit.undelivered(takenFrame);
    if (row.target === TARGET_DEVICE) this.ports?.failed(row, this.portOf(words, at));
    if (row.target === TARGET_DEVICE && row.functionCode === SOCKET_RECEIVE_POST) {
      trial.receive.undelivered = true;
      trial.receive.unsure = true;
    }
    if (row.target === TARGET_DEVICE && row.functionCode === SOCKET_ACCEPT_POST && socket >= 0)
      this.refusedPost(socket);
    const illegal = (flags & (ILLEGAL_HERE | MALFORMED)) !== 0;
    const target = frameTarget(words, at);
    const initiator = frameInitiator(words, at);
    // A request with a wrong address is answered with the same.
    const strange = (target !== IOP_TID && trial.portOf(target) < 0) || initiator !== HOST_TID;
    if (strange && (flags & MALFORMED) === 0) {
      this.fault('H-07', row, `failure from ${hex(target, 3)} to ${hex(initiator, 3)}`);
    }
    if (row.target === TARGET_EXECUTIVE || row.functionCode < CLASS_FUNCTIONS)
      this.moveIop(row, false, illegal);
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
    const initiator = this.keyOf(row, words, at);
    const transaction = frameTransactionContext(words, at);
    if (transactions.take(row.index, initiator, transaction, true)) return true;
    if (row.ofPort) {
      const ports = this.trial.lan?.ports ?? this.trial.window?.ports;
      const behind = ports?.all[this.portOf(words, at)].takenFrame ?? 0;
      if (transactions.takeQuietBehind(row.index, initiator, transaction, behind)) {
        if (success)
          this.fault('T-04', row, 'success was answered; the return of what it names is the answer');
        return true;
      }
    }
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
    const mode = (flags >>> MODE_SHIFT) & MODE_MASK;
    const malformed = (flags & MALFORMED) !== 0 || status === REQUEST_STATUS_TRANSACTION_ERROR;
    if (malformed) return;
    if (row.replyForm === 'none') this.fault('T-04', row, 'was answered, which it never is');
    else if (mode === REPLY_MODE_NEVER) this.fault('T-04', row, 'was answered, its reply mode is Never');
    else if (success) {
      const why =
        mode === REPLY_MODE_ON_ERROR
          ? 'its reply mode is OnError'
          : 'the return of its buffers is the answer';
      this.fault('T-04', row, `success was answered; ${why}`);
    }
  }

  /** Nobody waits for this reply: says why, as far as can be told. @returns false. */
  private unasked(row: MessageRow, words: Int32Array, at: number, success: boolean, status: number): boolean {
    const { transactions } = this.trial;
    if (transactions.overflowed) return false;
    const contexts = `contexts ${hex(words[at + 2])} and ${hex(words[at + 3])}`;
    if (row.known && row.replyForm === 'none' && status !== REQUEST_STATUS_TRANSACTION_ERROR) {
      this.fault('T-04', row, 'was answered, which it never is');
    } else if (transactions.wasAnswered(row.index, this.keyOf(row, words, at), words[at + 3])) {
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

  /** Number of the port whose TID a reply has; 0 where its device has one alone. */
  private portOf(words: Int32Array, at: number): number {
    return Math.max(0, this.trial.portOf(frameTarget(words, at)));
  }

  /** What a reply's InitiatorContext is remembered as. */
  private keyOf(row: MessageRow, words: Int32Array, at: number): number {
    const port = row.target === TARGET_DEVICE ? this.portOf(words, at) : 0;
    return portKey(frameInitiatorContext(words, at), port);
  }

  private final(row: MessageRow, last: boolean): void {
    if (!last) this.fault('T-06', row, 'a final reply without LAST');
  }

  /**
   * A SocketAcceptPost was refused as a whole: which numbers it took is only known where the listener is
   * none.
   */
  private refusedPost(listener: number): void {
    const { sockets } = this.trial;
    if (sockets.nameOf(listener) !== 'Listening') sockets.unpost(listener);
  }

  private fault(rule: string, row: MessageRow, seen: string): false {
    this.trial.findings.report(rule, row.index, `${row.name}: ${seen}`);
    return false;
  }
}
