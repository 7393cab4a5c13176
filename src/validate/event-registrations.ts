/**
 * What events the host has asked for: an event's reply must be of a mask in force, or of the one it replaced.
 */
import { frameInitiatorContext, frameSizeWords, frameTransactionContext } from '../i2o/frame.ts';
import {
  ADDRESS_OUTCOME_FREE,
  ADDRESS_OUTCOME_LOST,
  getAddressEventOutcome,
  getConnectionStateEventNewState,
  getConnectionStateEventOldState,
  SOCKET_EVENT_ADDRESS,
  SOCKET_EVENT_BUCKETS_LOW,
  SOCKET_EVENT_CONNECTION_STATE,
  SOCKET_EVENT_LISTEN_OVERFLOW,
} from '../i2o/socket.gen.ts';
import { isSocketNumber, stateEventSocketId } from '../i2o/socket-number.ts';
import {
  getUtilEventRegisterEventMask,
  getUtilEventRegisterReplyEventData,
  getUtilEventRegisterReplyEventIndicator,
  UTIL_EVENT_REGISTER_REPLY_WORDS,
} from '../i2o/utility.gen.ts';
import { type Findings, hex } from './findings.ts';
import { flags as enumerated, type MessageRow, TARGET_DEVICE } from './message-rows.ts';
import type { SocketEventJudge } from './socket-events.ts';

const TARGETS = 2;
/** Words of an event's reply with the data every event has. */
const EVENT_WORDS = UTIL_EVENT_REGISTER_REPLY_WORDS;
/** Bits of the events that a class has of its own. */
const CLASS_EVENTS = 0x007fffff;
/** Word of the data in an event's reply. */
const EVENT_DATA_WORD = EVENT_WORDS - 1;
/**
 * Registrations remembered of a target: the one in force and those before, whose events may still be on their
 * way.
 */
const REMEMBERED = 4;

export class EventRegistrations {
  /** Events told, the ends of registrations not among them. */
  seen = 0;
  private readonly findings: Findings;
  private readonly socketEvents: SocketEventJudge | undefined;
  private readonly deviceRuns: () => boolean;
  private readonly sockets: number;
  private readonly buckets: number;
  private readonly tcpStates = enumerated('TcpState');
  private readonly mask = new Int32Array(TARGETS * REMEMBERED);
  private readonly initiator = new Int32Array(TARGETS * REMEMBERED);
  private readonly transaction = new Int32Array(TARGETS * REMEMBERED);
  private readonly used = new Uint8Array(TARGETS * REMEMBERED);
  /** A request with mask 0 ends a registration. 1: its answer has not come; 2: it has. */
  private readonly ending = new Uint8Array(TARGETS * REMEMBERED);

  /**
   * @param socketEvents of a device of the socket class. @param sockets numbers there are. @param buckets there
   * are. @param deviceRuns whether the IOP is OPERATIONAL.
   */
  constructor(
    findings: Findings,
    socketEvents: SocketEventJudge | undefined,
    sockets: number,
    buckets: number,
    deviceRuns: () => boolean,
  ) {
    this.deviceRuns = deviceRuns;
    this.findings = findings;
    this.socketEvents = socketEvents;
    this.sockets = sockets;
    this.buckets = buckets;
  }

  register(row: MessageRow, words: Int32Array, at: number): void {
    if (row.target === TARGET_DEVICE) this.socketEvents?.registered();
    const first = row.target * REMEMBERED;
    for (let i = first + REMEMBERED - 1; i > first; i--) {
      this.mask[i] = this.mask[i - 1];
      this.initiator[i] = this.initiator[i - 1];
      this.transaction[i] = this.transaction[i - 1];
      this.used[i] = this.used[i - 1];
      this.ending[i] = this.ending[i - 1];
    }
    this.mask[first] = getUtilEventRegisterEventMask(words, at);
    this.initiator[first] = frameInitiatorContext(words, at);
    this.transaction[first] = frameTransactionContext(words, at);
    this.used[first] = 1;
    this.ending[first] = this.mask[first] === 0 ? 1 : 0;
  }

  /** A reply of UtilEventRegister with an indicator. @param last whether LAST is set. */
  event(row: MessageRow, words: Int32Array, at: number, last: boolean): void {
    const { findings } = this;
    const first = row.target * REMEMBERED;
    const indicator = getUtilEventRegisterReplyEventIndicator(words, at);
    const seen = `event ${hex(indicator, 8)}`;
    if (indicator === 0) {
      if (!last) findings.report('T-06', row.index, `${row.name}: the end of a registration without LAST`);
      this.ends(row, words, at);
      return;
    }
    this.seen += 1;
    if (last) findings.report('T-06', row.index, `${row.name}: ${seen} with LAST set`);
    let asked = false;
    let contexts = false;
    for (let i = first; i < first + REMEMBERED; i++) {
      if (this.used[i] === 0) continue;
      if ((this.mask[i] & indicator) === indicator) asked = true;
      if (this.initiator[i] === words[at + 2] && this.transaction[i] === words[at + 3]) contexts = true;
    }
    if (row.target === TARGET_DEVICE && (indicator & CLASS_EVENTS) !== 0 && !this.deviceRuns())
      findings.report('V-05', row.index, `${row.name}: ${seen}, and the device is quiesced`);
    if (asked) this.data(row, indicator, words, at);
    if (!asked) findings.report('T-01', row.index, `${row.name}: ${seen}, which nobody asked for`);
    else if (!contexts) {
      findings.report(
        'T-05',
        row.index,
        `${row.name}: ${seen} with contexts ${hex(words[at + 2])} and ${hex(words[at + 3])}`,
      );
    }
  }

  /** Rule F-09: an event's data is what the spec says for it. */
  private data(row: MessageRow, indicator: number, words: Int32Array, at: number): void {
    const data = getUtilEventRegisterReplyEventData(words, at);
    const sizeWords = frameSizeWords(words, at);
    const device = row.target === TARGET_DEVICE && this.socketEvents !== undefined;
    const several = (indicator & (indicator - 1)) !== 0;
    const bare = sizeWords < EVENT_WORDS;
    let wrong = several || bare;
    if (device && indicator === SOCKET_EVENT_CONNECTION_STATE) {
      const before = getConnectionStateEventOldState(words, at + EVENT_DATA_WORD);
      const after = getConnectionStateEventNewState(words, at + EVENT_DATA_WORD);
      const socketId = stateEventSocketId(words, at + EVENT_DATA_WORD);
      const known = this.tcpStates[before] === 1 && this.tcpStates[after] === 1;
      wrong ||= !isSocketNumber(socketId, this.sockets) || !known || before === after;
    } else if (device && indicator === SOCKET_EVENT_LISTEN_OVERFLOW) {
      wrong ||= !isSocketNumber(data, this.sockets);
    } else if (device && indicator === SOCKET_EVENT_ADDRESS) {
      const outcome = getAddressEventOutcome(words, at + EVENT_DATA_WORD);
      wrong ||= outcome < ADDRESS_OUTCOME_FREE || outcome > ADDRESS_OUTCOME_LOST || data >>> 16 !== 0;
    } else if (device && indicator === SOCKET_EVENT_BUCKETS_LOW) {
      wrong ||= data >>> 0 > this.buckets;
    }
    if (device && sizeWords > EVENT_WORDS) {
      const seen = `event ${hex(indicator, 8)} in ${sizeWords} words, of which ${EVENT_WORDS} mean something`;
      this.findings.report('F-11', row.index, `${row.name}: ${seen}`);
    }
    if (!wrong) {
      if (device) this.socketEvents?.event(indicator, words, at + EVENT_DATA_WORD);
      return;
    }
    const seen = `event ${hex(indicator, 8)}, data ${hex(data, 8)}, in ${sizeWords} words`;
    this.findings.report('F-09', row.index, `${row.name}: ${seen}`);
  }

  /** The last answer of a registration, the oldest with these contexts first. */
  private ends(row: MessageRow, words: Int32Array, at: number): void {
    const first = row.target * REMEMBERED;
    for (let i = first + REMEMBERED - 1; i >= first; i--) {
      if (this.ending[i] !== 1 || this.initiator[i] !== words[at + 2]) continue;
      if (this.transaction[i] !== words[at + 3]) continue;
      this.ending[i] = 2;
      return;
    }
    this.findings.report('T-01', row.index, `${row.name}: no registration with these contexts has ended`);
  }
}
