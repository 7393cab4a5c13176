/**
 * What was set of the options of each socket, held against what SocketOptionGet tells of them: rule E-10. Only
 * options that a card keeps as they are: those that are on or off, and those whose values are names, counts
 * or limits. What was never set, or was set without an answer, is not known.
 */
import {
  getSocketOptionGetOption,
  getSocketOptionGetReplyValue,
  getSocketOptionSetOption,
  SOCKET_OPTION_GET,
  SOCKET_OPTION_SET,
} from '../i2o/socket.gen.ts';
import {
  IP_MTU_DISCOVER,
  SO_BROADCAST,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  TCP_CONGESTION,
  TCP_CORK,
  TCP_KEEPCNT,
  TCP_KEEPIDLE_SECONDS,
  TCP_KEEPINTVL_SECONDS,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
} from '../socket/options.ts';
import { optionValues } from '../spec/find.ts';
import type { Findings } from './findings.ts';
import type { MessageRow } from './message-rows.ts';

/** Any value but 0 is 1. */
const SWITCHES: readonly number[] = [SO_REUSEADDR, SO_KEEPALIVE, SO_BROADCAST, TCP_NODELAY, TCP_CORK];
const EXACT: readonly number[] = [
  ...[TCP_KEEPIDLE_SECONDS, TCP_KEEPINTVL_SECONDS, TCP_KEEPCNT],
  ...[TCP_NOTSENT_LOWAT, TCP_CONGESTION, IP_MTU_DISCOVER],
];
const OPTIONS = [...SWITCHES, ...EXACT];
const COUNT = OPTIONS.length;
const NONE = -1;

export class OptionValues {
  private readonly findings: Findings;
  private readonly named: ReadonlySet<number>;
  private readonly value: Int32Array;
  private readonly known: Uint8Array;
  /** Requests to set it that are not answered yet. */
  private readonly setting: Uint16Array;
  /** The last of them was posted while the host asked for an option's value: that may be the old one. */
  private readonly unclear: Uint8Array;
  /** Requests for a value that are not answered yet, of each socket. */
  private readonly asking: Uint16Array;

  constructor(sockets: number, findings: Findings) {
    this.findings = findings;
    this.named = new Set(optionValues().map(({ value }) => value));
    this.value = new Int32Array(sockets * COUNT);
    this.known = new Uint8Array(sockets * COUNT);
    this.setting = new Uint16Array(sockets * COUNT);
    this.unclear = new Uint8Array(sockets * COUNT);
    this.asking = new Uint16Array(sockets);
  }

  /** A number begins a new life, or its options are another's. */
  forget(socket: number): void {
    this.known.fill(0, socket * COUNT, (socket + 1) * COUNT);
    this.unclear.fill(1, socket * COUNT, (socket + 1) * COUNT);
  }

  /** A request of any message is posted. */
  asked(row: MessageRow, socket: number, words: Int32Array, at: number): void {
    if (row.functionCode === SOCKET_OPTION_GET) {
      if (OPTIONS.includes(getSocketOptionGetOption(words, at))) this.asking[socket] += 1;
      return;
    }
    const i = this.indexOf(socket, getSocketOptionSetOption(words, at));
    if (i === NONE) return;
    this.known[i] = 0;
    if (row.silent(words, at)) return;
    this.setting[i] += 1;
    this.unclear[i] = this.asking[socket] === 0 ? 0 : 1;
  }

  /** It is answered. @param option of the request. @param wanted its value. */
  answered(
    functionCode: number,
    socket: number,
    option: number,
    wanted: number,
    success: boolean,
    words: Int32Array,
    at: number,
  ): void {
    if (success && !this.named.has(option))
      this.findings.report(
        'E-10',
        socket,
        `option ${option} of socket ${socket}, which there is not, is taken`,
      );
    const i = this.indexOf(socket, option);
    if (i === NONE) return;
    if (functionCode === SOCKET_OPTION_SET) {
      if (this.setting[i] > 0) this.setting[i] -= 1;
      if (!success || this.setting[i] > 0 || this.unclear[i] === 1) return;
      this.value[i] = SWITCHES.includes(option) && wanted !== 0 ? 1 : wanted;
      this.known[i] = wanted < 0 ? 0 : 1;
      return;
    }
    if (this.asking[socket] > 0) this.asking[socket] -= 1;
    if (!success || this.known[i] === 0) return;
    const told = getSocketOptionGetReplyValue(words, at);
    if (told === this.value[i]) return;
    const seen = `option ${option} of socket ${socket} was set to ${this.value[i]}, and is told as ${told}`;
    this.findings.report('E-10', socket, seen);
  }

  private indexOf(socket: number, option: number): number {
    const place = OPTIONS.indexOf(option);
    return place < 0 ? NONE : socket * COUNT + place;
  }
}
