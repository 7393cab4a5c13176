/**
 * Judges what the host posts. A request that is malformed, or not to be taken in its state, must be refused;
 * it is remembered so, and has no effect on the validator's tables.
 */
import {
  EXEC_LCT_NOTIFY,
  EXEC_OUTBOUND_INIT,
  EXEC_SYS_TAB_SET,
  getExecLctNotifyLastChangeIndicator,
  getExecOutboundInitHostPageBytes,
  getExecOutboundInitOutboundFrameWords,
  getPrivateEchoXFunctionCode,
  PRIVATE_ECHO,
} from '../i2o/executive.gen.ts';
import {
  FLAG_MULTIPLE,
  FLAG_STATIC,
  frameFlags,
  frameFunction,
  frameInitiator,
  frameInitiatorContext,
  frameSglOffset,
  frameSizeWords,
  frameTarget,
  frameTransactionContext,
  HEADER_WORDS,
  VERSION_1_5,
} from '../i2o/frame.ts';
import {
  getSocketCreateReplyMode,
  getSocketCreateSocketId,
  REPLY_MODE_BATCH,
  REPLY_MODE_ON_ERROR,
  SOCKET_ACCEPT_POST,
  SOCKET_CONNECT,
  SOCKET_RECEIVE_POST,
  SOCKET_SEND,
  SOCKET_SEND_TO,
} from '../i2o/socket.gen.ts';
import { HOST_TID, IOP_TID } from '../i2o/tids.ts';
import { UTIL_ABORT, UTIL_EVENT_REGISTER, UTIL_NOP, UTIL_PARAMS_SET } from '../i2o/utility.gen.ts';
import { AbortCounts } from './abort-counts.ts';
import { ENDING } from './ending.ts';
import { type Findings, hex } from './findings.ts';
import { LanRequests, portKey } from './lan-requests.ts';
import {
  type MessageRow,
  rowIndex,
  SEVERAL_ALWAYS,
  SEVERAL_NEVER,
  TARGET_DEVICE,
  TARGET_EXECUTIVE,
  versionOf,
} from './message-rows.ts';
import { SocketPosts } from './socket-posts.ts';
import {
  BATCHED,
  DETAIL_SIZE,
  DETAIL_STATE,
  ILLEGAL_HERE,
  LATER,
  MALFORMED,
  MODE_SHIFT,
  UNSEEN,
} from './transactions.ts';
import type { Trial } from './trial.ts';
import { WindowRequests } from './window-requests.ts';

const ECHO_COUNT_ONLY = 2; // XFunctionCode of a PrivateEcho that is counted and not answered
const VERSION_AND_RESERVED = 0x0f; // of word 0, VersionOffset: the version, and a bit that must be clear

/** What judges the messages of a class of network ports. */
interface PortRequests {
  /** Whether `ask` finds who waits for its answers: they come in lists. */
  hasOwnAnswers(row: MessageRow): boolean;
  ask(row: MessageRow, words: Int32Array, at: number, port: number, flags: number): void;
  /** @returns whether the port takes it. */
  inState(row: MessageRow, words: Int32Array, at: number, port: number): boolean;
  /** Whether it ends others' requests. */
  endsOthers(row: MessageRow): boolean;
  effects(row: MessageRow, words: Int32Array, at: number, port: number, good: boolean): void;
}

export class RequestJudge {
  readonly posts: SocketPosts;
  /** Words of an outbound frame, as the host has asked for; 0 before. */
  outboundWords = 0;
  /** What the last ExecSysTabSet calls this IOP and its host, as a failure record has it. */
  iopWord = 0;
  /** Static frames the card has made: only then may a request name one. */
  staticFrames = 0;
  /** A request was posted that ends others: then some end with an ABORT, or with a PROCESS_ABORT status. */
  abortPosted = false;
  processAbortPosted = false;
  /** Requests whose list goes on where no trace sees it. */
  chainsSeen = 0;
  deviceEnding = false; // the last was one of the executive
  readonly aborts: AbortCounts;
  /** Of a card of network ports, of the one class or of the other. */
  readonly lan: LanRequests | undefined;
  readonly window: WindowRequests | undefined;
  private readonly ports: PortRequests | undefined;
  private readonly trial: Trial;
  /** By function of the executive: 1 where it ends requests of others. */
  private readonly ending = new Uint8Array(256);
  private readonly findings: Findings;
  private readonly frameWords: number;
  private readonly deviceVersion: number;

  constructor(trial: Trial) {
    this.trial = trial;
    this.aborts = new AbortCounts(trial.findings);
    this.lan = trial.lan && new LanRequests(trial, trial.lan);
    this.window = trial.window && new WindowRequests(trial, trial.window);
    this.ports = this.lan ?? this.window;
    this.findings = trial.findings;
    this.posts = new SocketPosts(trial);
    this.frameWords = trial.head.frameBytes >> 2;
    const device = trial.head.classes.find(({ name }) => name !== 'executive' && name !== 'utility');
    for (const functionCode of ENDING) this.ending[functionCode] = 1;
    this.deviceVersion = device?.version ?? 15;
  }

  /** The card was reset: nobody ends anything of what comes from now on. */
  restarted(): void {
    this.abortPosted = this.processAbortPosted = this.deviceEnding = false;
    this.aborts.reset();
  }

  /** // Hot path: every inbound frame. */
  judge(words: Int32Array, at: number): void {
    const { trial } = this;
    const functionCode = frameFunction(words, at);
    const sizeWords = frameSizeWords(words, at);
    const target = frameTarget(words, at) === IOP_TID ? TARGET_EXECUTIVE : TARGET_DEVICE;
    const row = trial.rows[rowIndex(target, functionCode)];
    const initiator = frameInitiator(words, at);
    const header = this.header(row, words, at);
    if (sizeWords < 4 || sizeWords > this.frameWords) return;
    if (functionCode === UTIL_NOP) {
      trial.iop.request(row);
      trial.coverage.request(row, -1);
      return;
    }
    if ((frameFlags(words, at) & FLAG_STATIC) !== 0 && this.staticFrames > 0) {
      // Names a request kept on the card, which no trace has: its answer cannot be told from one nobody asked
      // for.
      trial.transactions.overflowed = true;
      return;
    }
    const batched = (frameFlags(words, at) & FLAG_MULTIPLE) !== 0;
    const socket = row.namesSocket && sizeWords > 4 && !batched ? getSocketCreateSocketId(words, at) : -1;
    const fields = header && this.fields(row, words, at, sizeWords, socket);
    // Of a network port every element with a context is a transaction.
    const framed = batched && !row.ofPort;
    const list =
      fields &&
      (row.sglWord === 0 || trial.lists.judge(row, words, at, sizeWords, socket, framed)) &&
      (row.sglCount === undefined || this.counted(row, words, at)) &&
      (!row.polled || row.sglWord !== 0 || this.inControl(row, words[at + 6], words[at + 7]));
    const port = target === TARGET_DEVICE ? Math.max(0, trial.portOf(frameTarget(words, at))) : 0;
    const covered = row.ofPort ? port : socket;
    trial.coverage.request(row, covered >= 0 && covered < trial.coverage.things ? covered : -1);
    const taken = header && trial.iop.request(row);
    this.note(words, at, sizeWords, socket);
    let flags = list && fields ? 0 : MALFORMED;
    if (initiator !== HOST_TID) for (const users of trial.users) users.unsure = true;
    if (flags === 0 && (!taken || !this.inState(row, socket, port, words, at))) flags = ILLEGAL_HERE;
    if (row.ofPort && this.ports?.hasOwnAnswers(row)) this.ports.ask(row, words, at, port, flags);
    else this.ask(row, words, at, socket, port, flags | this.unseen(row), batched);
    if (row.sglWord !== 0 && trial.lists.chained) this.chainsSeen += 1;
    this.effects(row, words, at, socket, port, flags === 0);
  }

  private unseen(row: MessageRow): number {
    return row.sglWord !== 0 && this.trial.lists.chained ? UNSEEN : 0;
  }

  /** What will be asked of the request when its answer comes. // Hot path. */
  private note(words: Int32Array, at: number, sizeWords: number, socket: number): void {
    const { transactions, sockets } = this.trial;
    const { asking } = transactions;
    for (let i = 0; i < DETAIL_STATE; i++) asking[i] = sizeWords > 4 + i ? words[at + 4 + i] : 0;
    asking[DETAIL_STATE] = socket >= 0 && socket < sockets.count ? sockets.state[socket] : 0;
    asking[DETAIL_SIZE] = sizeWords;
  }

  /** Words 0 and 1: rules H. // Hot path. */
  private header(row: MessageRow, words: Int32Array, at: number): boolean {
    const { findings } = this;
    const version = words[at] & VERSION_AND_RESERVED;
    const sizeWords = frameSizeWords(words, at);
    const flags = frameFlags(words, at);
    const sglOffset = frameSglOffset(words, at);
    const target = frameTarget(words, at);
    const initiator = frameInitiator(words, at);
    const least = row.functionCode === UTIL_NOP ? HEADER_WORDS : HEADER_WORDS + 1;
    let good = true;
    if (version !== VERSION_1_5) good = this.fault('H-01', row, `version ${version}`);
    if (sizeWords < least || sizeWords > this.frameWords)
      good = this.fault('H-02', row, `MessageSize ${sizeWords}`);
    const several = (flags & FLAG_MULTIPLE) !== 0;
    const known = this.staticFrames > 0 ? FLAG_STATIC | FLAG_MULTIPLE : FLAG_MULTIPLE;
    const wrong = several ? row.several === SEVERAL_NEVER : row.several === SEVERAL_ALWAYS;
    if ((flags & ~known) !== 0 || wrong) good = this.fault('H-03', row, `MsgFlags ${hex(flags)}`);
    if (sglOffset !== row.sglWord && row.known && (flags & FLAG_STATIC) === 0) {
      good = this.fault('H-05', row, `list offset ${sglOffset}, not ${row.sglWord}`);
    }
    if ((target !== IOP_TID && this.trial.portOf(target) < 0) || initiator !== HOST_TID) {
      good = this.fault('H-06', row, `from ${hex(initiator, 3)} to ${hex(target, 3)}`);
    } else if (!row.known) {
      findings.report('H-08', row.index, `${row.name} to ${hex(target, 3)}`);
      good = false;
    }
    const since = row.target === TARGET_DEVICE ? versionOf(row, words, at, several) : 1;
    if (since > this.deviceVersion)
      good = this.fault('K-04', row, `of version ${since}, to a card of version ${this.deviceVersion}`);
    return good;
  }

  /** Rules F, and the socket's number. // Hot path. */
  private fields(row: MessageRow, words: Int32Array, at: number, sizeWords: number, socket: number): boolean {
    if (sizeWords < row.requestWords) {
      return this.fault('F-02', row, `${sizeWords} words of ${row.requestWords}`);
    }
    if (socket >= 0 && row.namesSocket && !this.trial.sockets.has(socket))
      return this.fault('F-01', row, `socketId ${socket}`);
    const { requestChecks } = row;
    for (let i = 0; i < requestChecks.length; i++) {
      const check = requestChecks[i];
      if (!check.good(words, at))
        return this.fault('F-01', row, `${check.name} ${hex(check.read(words, at))}`);
    }
    const { requestReserved } = row;
    for (let word = HEADER_WORDS + 1; word < requestReserved.length; word++) {
      const stray = words[at + word] & requestReserved[word];
      // The card ignores bits that no field names, so that the request is a good one all the same.
      if (stray !== 0) this.fault('F-08', row, `bits ${hex(stray)} of word ${word}`);
    }
    if (row.listCount === undefined) return true;
    const count = row.listCount.read(words, at);
    if (row.listWord + count * row.listStride <= sizeWords) return true;
    return this.fault('F-02', row, `${count} in a list of ${sizeWords} words`);
  }

  private counted(row: MessageRow, words: Int32Array, at: number): boolean {
    const { lists } = this.trial;
    const count = row.sglCount!.read(words, at);
    if (count === lists.elements || lists.chained) return true;
    return this.fault('S-06', row, `${count} announced, ${lists.elements} in the list`);
  }

  /** Where a request without a list wants its answer in memory. */
  private inControl(row: MessageRow, low: number, high: number): boolean {
    const { control } = this.trial.head.memory;
    const inside = low >= control.offset && low < control.offset + control.byteLength && (low & 3) === 0;
    if (inside && high === 0) return true;
    return this.fault('S-05', row, `an answer at ${hex(high)}:${hex(low)}, not in the control area`);
  }

  private inState(row: MessageRow, socket: number, port: number, words: Int32Array, at: number): boolean {
    const { sockets, lists } = this.trial;
    if (row.ofPort) return this.ports === undefined || this.ports.inState(row, words, at, port);
    if (socket >= 0) return sockets.request(row, socket, words, at);
    if (row.functionCode !== SOCKET_SEND) return true;
    // A batch: each transaction is judged by its own socket, and refused alone.
    for (let i = 0; i < lists.transactions; i++) {
      const one = lists.transactionSocket[i];
      if (!sockets.has(one)) this.fault('F-01', row, `socketId ${one} of a transaction`);
      else sockets.request(row, one, words, at);
    }
    return true;
  }

  /** Notes who waits for what answer. // Hot path. */
  private ask(
    row: MessageRow,
    words: Int32Array,
    at: number,
    socket: number,
    port: number,
    flags: number,
    batched: boolean,
  ): void {
    const { transactions, lists } = this.trial;
    const initiator = portKey(frameInitiatorContext(words, at), port);
    const transaction = frameTransactionContext(words, at);
    const mode = row.hasReplyMode ? getSocketCreateReplyMode(words, at) : REPLY_MODE_BATCH;
    // A send's contexts are its socket's: what it names comes back by contexts of its own.
    const own = row.functionCode !== SOCKET_SEND && row.functionCode !== SOCKET_SEND_TO;
    const waits = transactions.waitingOf[row.index] > 0;
    if (own && waits && transactions.waits(row.index, initiator, transaction)) {
      const contexts = `contexts ${hex(words[at + 2])} and ${hex(words[at + 3])}`;
      this.fault('T-10', row, `${contexts} are of a request that waits already`);
    }
    const quiet = mode >= REPLY_MODE_ON_ERROR;
    if ((flags & MALFORMED) !== 0 && row.target === TARGET_DEVICE) {
      // What is malformed is answered in every mode, but a message without a reply need not be.
      if (row.replyForm === 'none') transactions.mention(row.index, initiator, transaction, socket, flags);
      else transactions.ask(row.index, initiator, transaction, socket, flags);
      return;
    }
    if (row.replyForm === 'none' || row.functionCode === UTIL_EVENT_REGISTER) {
      transactions.mention(row.index, initiator, transaction, socket, flags | modeFlags(mode));
      return;
    }
    if (row.ofPort) {
      transactions.ask(row.index, initiator, transaction, socket, flags);
      return;
    }
    switch (row.functionCode) {
      case SOCKET_SEND:
      case SOCKET_SEND_TO:
        if (batched) {
          const batch = flags | BATCHED;
          for (let i = 0; i < lists.transactions; i++) {
            const one = lists.transactionSocket[i];
            if (quiet)
              transactions.mention(row.index, initiator, lists.transaction[i], one, batch | modeFlags(mode));
            else transactions.ask(row.index, initiator, lists.transaction[i], one, batch);
          }
          transactions.mention(row.index, initiator, transaction, -1, flags | modeFlags(mode));
          return;
        }
        if (quiet || lists.named > 0 || lists.chained) break;
        transactions.ask(row.index, initiator, transaction, socket, flags);
        return;
      case SOCKET_RECEIVE_POST:
      case SOCKET_ACCEPT_POST:
        break;
      case PRIVATE_ECHO:
        if (getPrivateEchoXFunctionCode(words, at) === ECHO_COUNT_ONLY) return;
        transactions.ask(row.index, initiator, transaction, socket, flags);
        return;
      default:
        if (quiet) break;
        transactions.ask(row.index, initiator, transaction, socket, flags | laterFlags(row, words, at));
        return;
    }
    transactions.mention(row.index, initiator, transaction, socket, flags | modeFlags(mode));
  }

  /** What a request does besides waiting for an answer. // Hot path. */
  private effects(
    row: MessageRow,
    words: Int32Array,
    at: number,
    socket: number,
    port: number,
    good: boolean,
  ): void {
    const { trial, lan, ports } = this;
    const { lists } = trial;
    if (row.functionCode === UTIL_ABORT) {
      this.abortPosted = true;
      this.aborts.posted(row.target);
      trial.receive.unsure = true;
    }
    if (row.target === TARGET_EXECUTIVE) {
      trial.refusals.executive(row.functionCode);
      if (row.functionCode === EXEC_SYS_TAB_SET && good)
        this.iopWord = (words[at + 4] & 0xffff0000) | (words[at + 4] & 0xfff);
      if (this.ending[row.functionCode] === 1) this.processAbortPosted = this.deviceEnding = true;
      if (row.polled) {
        trial.iop.polls(row, row.sglWord === 0 ? words[at + 6] : lists.answerAddress, good);
        if (good && row.functionCode === EXEC_OUTBOUND_INIT)
          this.outboundWords = getExecOutboundInitOutboundFrameWords(words, at);
        if (good && row.functionCode === EXEC_OUTBOUND_INIT)
          lists.hostPageBytes = getExecOutboundInitHostPageBytes(words, at);
      }
      if (row.functionCode === UTIL_EVENT_REGISTER && good) trial.events.register(row, words, at);
      return;
    }
    if (ports !== undefined && row.ofPort) {
      if (ports.endsOthers(row)) this.processAbortPosted = true;
      ports.effects(row, words, at, port, good);
      return;
    }
    if (lan !== undefined && row.functionCode === UTIL_PARAMS_SET && good)
      lan.settings(words, at, frameSizeWords(words, at), port);
    if (row.functionCode === UTIL_EVENT_REGISTER && good) trial.events.register(row, words, at);
    this.posts.effects(row, words, at, socket, good);
  }

  private fault(rule: string, row: MessageRow, seen: string): false {
    this.findings.report(rule, row.index, `${row.name}: ${seen}`);
    return false;
  }
}

function modeFlags(mode: number): number {
  return mode << MODE_SHIFT;
}

/** A request whose answer may be a long time coming. */
function laterFlags(row: MessageRow, words: Int32Array, at: number): number {
  if (row.functionCode === SOCKET_CONNECT && row.target === TARGET_DEVICE) return LATER;
  const waits = row.functionCode === EXEC_LCT_NOTIFY && row.target === TARGET_EXECUTIVE;
  return waits && getExecLctNotifyLastChangeIndicator(words, at) !== 0 ? LATER : 0;
}
