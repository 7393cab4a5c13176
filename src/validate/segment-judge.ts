/**
 * Holds the segments that leave a card against those that passed before: bytes beyond the window that the other end
 * has offered, a window that is taken back, bytes that are others when they are sent again, options that were not
 * agreed on, and what leaves behind a FIN or a reset: rules P-16 to P-19.
 */
import { StreamWords } from './stream-words.ts';
import { HAS_SACK_PERMITTED, HAS_SCALE, HAS_TIMESTAMPS, NO_MSS, TcpOptions } from './tcp-options.ts';
import { FLOW_CUT, FLOW_DOUBT, FLOW_SYN, type Flows, NO_END, NO_FLOW } from './wire-flows.ts';
import {
  half,
  type Segment,
  TCP_ACK,
  TCP_FIN,
  TCP_HEADER_BYTES,
  TCP_RST,
  TCP_SYN,
  TCP_WINDOW_AT,
  word,
} from './wire-segment.ts';

/** A probe of a closed window has a byte beyond it. */
const PROBE_BYTES = 1;
const BLOCK_BYTES = 8;
/** Nothing has been granted yet; no timestamp has passed. */
const NONE = -1;

export type Hold = (rule: string, flow: number, seen: string) => void;

export class SegmentJudge {
  private readonly flows: Flows;
  private readonly hold: Hold;
  private readonly options = new TcpOptions();
  private readonly words = new StreamWords();
  /** By flow: the options of its SYN, the longest segment that its sender takes, and its shift. */
  private readonly offered: Uint8Array;
  private readonly mss: Int32Array;
  private readonly shift: Uint8Array;
  /** By flow: how far its sender lets the other end send; NONE before its SYN. */
  private readonly granted: Float64Array;
  /** By flow: its latest timestamp, where it has passed one. */
  private readonly timestamp: Int32Array;
  private readonly stamped: Uint8Array;
  /** By flow: the number of its life, for the words of its stream. */
  private readonly stream: Int32Array;
  private streams = 0;

  constructor(flows: Flows, hold: Hold) {
    const { count } = flows;
    this.flows = flows;
    this.hold = hold;
    this.offered = new Uint8Array(count);
    this.mss = new Int32Array(count);
    this.shift = new Uint8Array(count);
    this.granted = new Float64Array(count).fill(NONE);
    this.timestamp = new Int32Array(count);
    this.stamped = new Uint8Array(count);
    this.stream = new Int32Array(count);
  }

  /** A flow begins with the SYN that passes. */
  begin(flow: number): void {
    this.streams = (this.streams + 1) | 0 || 1;
    this.stream[flow] = this.streams;
    this.granted[flow] = NONE;
    this.stamped[flow] = 0;
    this.offered[flow] = 0;
    this.mss[flow] = NO_MSS;
    this.shift[flow] = 0;
  }

  /** A good segment of a flow passes, before the flow has noted it. // Hot path. */
  judge(flow: number, back: number, sent: boolean, segment: Segment, bytes: Uint8Array, end: number): void {
    const { flows } = this;
    if ((flows.flags[flow] & (FLOW_SYN | FLOW_DOUBT)) !== FLOW_SYN || segment.dataAt > end) return;
    const { options } = this;
    const formed = options.read(bytes, segment.headerAt + TCP_HEADER_BYTES, segment.dataAt);
    if (!formed) {
      if (sent)
        this.hold('P-17', flow, `${flows.nameOf(flow)}: options that are longer or shorter than they may be`);
      return;
    }
    const known = back !== NO_FLOW && (flows.flags[back] & (FLOW_SYN | FLOW_DOUBT)) === FLOW_SYN;
    if ((segment.flags & TCP_SYN) !== 0) this.syn(flow, back, sent && known, segment);
    else if (sent && known) this.agreed(flow, back, segment, bytes);
    if ((options.has & HAS_TIMESTAMPS) !== 0) this.stamp(flow, sent);
    if (sent) this.order(flow, segment);
    if (known && sent) this.data(flow, back, segment);
    if ((segment.flags & TCP_RST) === 0) this.window(flow, back, sent, known, segment, bytes);
    if (segment.length === 0 || (segment.flags & TCP_SYN) !== 0) return;
    const at = flows.position(flow, segment.sequence);
    const other = this.words.put(this.stream[flow], at, bytes, segment.dataAt, segment.kept);
    if (sent && other >= 0)
      this.hold('P-16', flow, `${flows.nameOf(flow)}: byte ${other} is another than when it was sent first`);
  }

  private syn(flow: number, back: number, judged: boolean, { flags }: Segment): void {
    const { options, flows } = this;
    this.offered[flow] = options.has;
    this.mss[flow] = options.mss;
    this.shift[flow] = options.shift;
    if (judged && (flags & TCP_ACK) !== 0 && (options.has & ~this.offered[back]) !== 0)
      this.hold('P-17', flow, `${flows.nameOf(flow)}: a SYN is answered with options that it has not`);
  }

  /** Options behind the SYN: those that both have offered. // Hot path. */
  private agreed(flow: number, back: number, segment: Segment, bytes: Uint8Array): void {
    const { options, flows } = this;
    const both = this.offered[flow] & this.offered[back];
    const stamps = options.has & HAS_TIMESTAMPS;
    if ((options.has & (HAS_SCALE | HAS_SACK_PERMITTED)) !== 0)
      this.hold('P-17', flow, `${flows.nameOf(flow)}: an option of a SYN behind it`);
    if (stamps !== (both & HAS_TIMESTAMPS) && (segment.flags & TCP_RST) === 0)
      this.hold(
        'P-17',
        flow,
        `${flows.nameOf(flow)}: ${stamps === 0 ? 'no' : 'a'} timestamp, agreed otherwise`,
      );
    const late = this.stamped[back] === 0 || (options.echo - this.timestamp[back]) >> 31 === 0;
    const news = late && options.echo !== this.timestamp[back];
    if (stamps !== 0 && (segment.flags & TCP_ACK) !== 0 && news)
      this.hold('P-17', flow, `${flows.nameOf(flow)}: it echoes a timestamp that has not come`);
    if (options.blocks > 0) this.blocks(flow, back, both, bytes);
  }

  private blocks(flow: number, back: number, both: number, bytes: Uint8Array): void {
    const { options, flows } = this;
    const most = flows.high[back] + (flows.end[back] === NO_END ? 0 : 1);
    let good = (both & HAS_SACK_PERMITTED) !== 0;
    for (let i = 0; i < options.blocks; i++) {
      const left = flows.position(back, word(bytes, options.blocksAt + i * BLOCK_BYTES));
      const right = flows.position(back, word(bytes, options.blocksAt + i * BLOCK_BYTES + 4));
      if (left >= right || right > most) good = false;
    }
    if (!good) this.hold('P-17', flow, `${flows.nameOf(flow)}: a block of bytes that have not come`);
  }

  private stamp(flow: number, sent: boolean): void {
    const { options, flows, stamped, timestamp } = this;
    const falls = stamped[flow] !== 0 && (options.timestamp - timestamp[flow]) >> 31 !== 0;
    if (falls && sent) this.hold('P-17', flow, `${flows.nameOf(flow)}: its timestamp falls`);
    if (!falls || stamped[flow] === 0) timestamp[flow] = options.timestamp;
    stamped[flow] = 1;
  }

  /** Nothing leaves behind a FIN or a reset. // Hot path. */
  private order(flow: number, segment: Segment): void {
    const { flows } = this;
    const { flags } = segment;
    if ((flags & TCP_SYN) !== 0) return;
    const at = flows.position(flow, segment.sequence);
    const after = at + segment.length;
    const end = flows.end[flow];
    if ((flags & TCP_RST) !== 0) {
      if (at < 0 || at > flows.high[flow] + 1)
        this.hold('P-19', flow, `${flows.nameOf(flow)}: a reset at byte ${at}, of ${flows.high[flow]}`);
      return;
    }
    if ((flows.flags[flow] & FLOW_CUT) !== 0)
      this.hold('P-19', flow, `${flows.nameOf(flow)}: a segment behind its reset`);
    if (end === NO_END) return;
    if (at > end + 1 || (segment.length > 0 && after > end))
      this.hold('P-19', flow, `${flows.nameOf(flow)}: byte ${after}, behind the FIN at ${end}`);
    else if ((flags & TCP_FIN) !== 0 && after !== end)
      this.hold('P-19', flow, `${flows.nameOf(flow)}: a FIN at ${after} that was at ${end}`);
  }

  /** // Hot path. */
  private data(flow: number, back: number, segment: Segment): void {
    if (segment.length === 0) return;
    const { flows } = this;
    const after = flows.position(flow, segment.sequence) + segment.length;
    const most = this.granted[back];
    if (most !== NONE && after > most + PROBE_BYTES)
      this.hold('P-18', flow, `${flows.nameOf(flow)}: byte ${after} is sent, and ${most} are let through`);
    const mss = this.mss[back];
    const headers = segment.dataAt - segment.headerAt - TCP_HEADER_BYTES;
    if (mss !== NO_MSS && segment.length + headers > mss)
      this.hold(
        'P-17',
        flow,
        `${flows.nameOf(flow)}: ${segment.length} bytes in a segment, of ${mss} at most`,
      );
  }

  /** How far a segment lets the other end send. // Hot path. */
  private window(
    flow: number,
    back: number,
    sent: boolean,
    known: boolean,
    segment: Segment,
    bytes: Uint8Array,
  ): void {
    const window = half(bytes, segment.headerAt + TCP_WINDOW_AT);
    if ((segment.flags & TCP_SYN) !== 0) {
      // A SYN may come again, with another window; it is never scaled.
      if (window > this.granted[flow]) this.granted[flow] = window;
      return;
    }
    if (!known || (segment.flags & TCP_ACK) === 0) return;
    const scaled = (this.offered[flow] & this.offered[back] & HAS_SCALE) !== 0;
    const unit = scaled ? 1 << this.shift[flow] : 1;
    const edge = this.flows.position(back, segment.acknowledgement) + window * unit;
    if (edge > this.granted[flow]) this.granted[flow] = edge;
    else if (sent && edge + unit <= this.granted[flow])
      this.hold(
        'P-18',
        flow,
        `${this.flows.nameOf(flow)}: it lets ${edge} bytes through, ${this.granted[flow]} before`,
      );
  }
}
