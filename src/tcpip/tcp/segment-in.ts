/**
 * The segment being processed: its header is parsed once. There is one object, used again for every segment.
 * Offsets and lengths are bytes.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { Environment } from '../environment.ts';
import {
  OPTION_END,
  OPTION_MSS,
  OPTION_NOP,
  OPTION_SACK,
  OPTION_SACK_PERMITTED,
  OPTION_TIMESTAMPS,
  OPTION_WINDOW_SCALE,
  TCP_ACK,
  TCP_OFFSET_FLAGS,
  TCP_OPTIONS,
  TCP_SEQ,
  TCP_URGENT,
  TIMESTAMPS_WORD,
} from '../header/tcp.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** FIN, SYN, RST, PSH, ACK, URG, ECE and CWR. */
const FLAG_BITS = 255;
/** RFC 7323 §2.3: a larger shift counts as 14. */
const SHIFT_MAX = 14;

export class SegmentIn {
  /** The packet slot that it lies in. */
  packet = 0;
  /** Whether it was put together of several, in the slots of a chain. */
  merged = false;
  /** The two bits of its IPv4 header that say whether it may be, or is, marked (RFC 3168 §5). */
  ecn = 0;
  /** The other bits of the same octet: its type of service, or DSCP (RFC 2474 §3). */
  tos = 0;
  /** The addresses of the peer and of us. */
  source = 0;
  destination = 0;
  /** The ports as they are on the wire: the peer's in the upper half. */
  ports = 0;
  seq = 0;
  ack = 0;
  flags = 0;
  /** The window as on the wire, not yet scaled. */
  window = 0;
  /** The urgent pointer; it says something only with URG. */
  urgent = 0;
  /** The address of the payload, and its length. */
  payload = 0;
  length = 0;
  /** The most payload that one segment of it had on the wire: less than its length where it was not cut. */
  segmentBytes = 0;
  /** 1 when the option is there; then its value and its echo. */
  timestamps = 0;
  tsValue = 0;
  tsEcho = 0;
  /** The peer's MSS; 0 when the option is not there. */
  mss = 0;
  /** The peer's shift; -1 when the option is not there. */
  windowScale = -1;
  /** 1 when the option is there. */
  sackPermitted = 0;
  /** The address of the first SACK block, and how many there are. */
  sackAt = 0;
  sackBlocks = 0;

  /**
   * Takes the fixed header and the options; their lengths have been checked (`checkTcpHeader`).
   * @param at the TCP header. @param length of header and payload. // Hot path.
   */
  parse(environment: Environment, packet: number, at: number, headerLength: number, length: number): void {
    const { view } = environment;
    this.packet = packet;
    this.ports = view.getInt32(at);
    this.seq = view.getInt32(at + TCP_SEQ);
    this.ack = view.getInt32(at + TCP_ACK);
    const flagsAndWindow = view.getInt32(at + TCP_OFFSET_FLAGS);
    this.flags = (flagsAndWindow >> 16) & FLAG_BITS;
    this.window = flagsAndWindow & 0xffff;
    this.urgent = view.getUint16(at + TCP_URGENT);
    this.payload = at + headerLength;
    this.length = length - headerLength;
    this.segmentBytes = this.length;
    if (COSTLY) assert(this.length >= 0, 'segment: its header lies within what has arrived');
    this.timestamps = 0;
    this.sackBlocks = 0;
    // Most segments carry timestamps and nothing else, laid out as RFC 7323 appendix A recommends.
    if (headerLength === 32 && view.getInt32(at + TCP_OPTIONS) === TIMESTAMPS_WORD) {
      this.timestamps = 1;
      this.tsValue = view.getInt32(at + TCP_OPTIONS + 4);
      this.tsEcho = view.getInt32(at + TCP_OPTIONS + 8);
    } else if (headerLength > TCP_OPTIONS) {
      this.parseOptions(view, at + TCP_OPTIONS, at + headerLength);
    } else {
      this.mss = 0;
      this.windowScale = -1;
      this.sackPermitted = 0;
    }
  }

  /**
   * Options of any kind at any alignment; a length that makes no sense ends the list (RFC 9293 MUST-5 to
   * MUST-7, MUST-64).
   */
  private parseOptions(view: DataView, from: number, end: number): void {
    this.mss = 0;
    this.windowScale = -1;
    this.sackPermitted = 0;
    let at = from;
    while (at < end) {
      const kind = view.getUint8(at);
      if (kind === OPTION_END) return;
      if (kind === OPTION_NOP) {
        at += 1;
        continue;
      }
      if (at + 1 >= end) return;
      const length = view.getUint8(at + 1);
      if (length < 2 || at + length > end) return;
      this.takeOption(view, kind, at, length);
      at += length;
    }
  }

  /** Takes one option; one of a wrong length, or of a kind that says nothing to us, is passed over. */
  private takeOption(view: DataView, kind: number, at: number, length: number): void {
    if (kind === OPTION_MSS && length === 4) {
      this.mss = view.getUint16(at + 2);
    } else if (kind === OPTION_WINDOW_SCALE && length === 3) {
      this.windowScale = Math.min(SHIFT_MAX, view.getUint8(at + 2));
    } else if (kind === OPTION_SACK_PERMITTED && length === 2) {
      this.sackPermitted = 1;
    } else if (kind === OPTION_TIMESTAMPS && length === 10) {
      this.timestamps = 1;
      this.tsValue = view.getInt32(at + 2);
      this.tsEcho = view.getInt32(at + 6);
    } else if (kind === OPTION_SACK && length > 2 && (length & 7) === 2) {
      this.sackAt = at + 2;
      this.sackBlocks = (length - 2) >> 3;
    }
  }
}
