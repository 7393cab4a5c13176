/**
 * What every replay has: a fresh card in virtual time that a trace's host is played to, the memory that this
 * host polls, and what was found different.
 */
import { EXEC_IOP_RESET, EXEC_OUTBOUND_INIT, EXEC_STATUS_GET } from '../i2o/executive.gen.ts';
import type { DecodedFrame } from '../trace/decode/frame.ts';
import type { TraceEnd, TraceSink } from '../trace/sink.ts';
import type { BareCard } from '../world/virtual/bare-card.ts';

/** How long, in the card's time, the replay waits for an answer that the recording had by then. */
const PATIENCE_NS = 10e9;
const STATUS_BLOCK_BYTES = 88;

export interface Difference {
  /** Number of the recorded frame, from 1. */
  readonly frame: number;
  readonly what: string;
  readonly recorded: string;
  readonly replayed: string;
}

export interface ReplayResult {
  readonly frames: number;
  readonly replies: number;
  readonly contexts: number;
  readonly polled: number;
  readonly streams: { readonly equal: number; readonly cut: number; readonly bytes: number };
  /** Of a card of network ports: packets that both hosts were told of, and that both cards sent. */
  readonly packets?: { readonly told: number; readonly sent: number };
  readonly differences: number;
  /** The card's time at the end, in nanoseconds. */
  readonly cardNs: number;
}

/** Called for each difference. */
export type Tell = (difference: Difference) => void;

export abstract class CardReplay implements TraceSink {
  protected card!: BareCard;
  /** Frames of the recording that have passed. */
  protected frames = 0;
  protected polledWords = 0;
  protected differences = 0;
  private readonly tell: Tell;

  constructor(tell: Tell) {
    this.tell = tell;
  }

  abstract head(...of: Parameters<TraceSink['head']>): void;
  abstract frame(...of: Parameters<TraceSink['frame']>): void;
  abstract packet(...of: Parameters<TraceSink['packet']>): void;
  abstract end(timeNs: number, end: TraceEnd): void;
  /** Judges what is left, at the trace's end or where it was cut. */
  abstract result(): ReplayResult;
  /** Where a place of the recorded card's memory is in that of the replay's. */
  protected abstract address(recorded: number): number;

  owner(): void {}

  notification(): void {}

  write(): void {}

  /** The host polled a word of memory: the replay's card must write the same value there. */
  polled(_timeNs: number, address: number, value: number): void {
    const word = this.address(address) >> 2;
    const { words } = this.card.region;
    if (word < 0 || word >= words.length) return;
    this.polledWords += 1;
    if (this.card.run(() => words[word] === value, this.patience)) return;
    const replayed = `0x${(words[word] >>> 0).toString(16)}`;
    const recorded = `0x${(value >>> 0).toString(16)}`;
    this.differs({
      frame: this.frames,
      what: `memory polled at 0x${address.toString(16)}`,
      recorded,
      replayed,
    });
  }

  /**
   * Until when, in the card's time, the replay waits for an answer. The card may be ahead of the recording.
   */
  protected get patience(): number {
    return this.card.clock.nowNs + PATIENCE_NS;
  }

  protected differs(difference: Difference): void {
    this.differences += 1;
    this.tell(difference);
  }

  protected post(message: string, fill: (words: Int32Array, frame: number) => void): void {
    const { card } = this;
    if (card.run(() => card.post(fill), this.patience)) return;
    this.differs({ frame: this.frames, what: message, recorded: 'taken', replayed: 'no frame free' });
  }

  /** Posts words as a frame. */
  protected postWords(message: string, words: Int32Array): void {
    this.post(message, (region, to) => {
      for (let i = 0; i < words.length; i++) region[to + i] = words[i];
    });
  }

  /** Clears the memory that the card will write for a request, as the host did before it polled it. */
  protected prepare({ functionCode, target }: DecodedFrame, words: Int32Array, at: number): void {
    if (target !== 0) return;
    const clear = (address: number, bytes: number): void => {
      const first = this.address(address) >> 2;
      const { words: region } = this.card.region;
      if (first > 0 && first + (bytes >> 2) <= region.length) region.fill(0, first, first + (bytes >> 2));
    };
    if (functionCode === EXEC_STATUS_GET) clear(words[at + 6] >>> 0, STATUS_BLOCK_BYTES);
    if (functionCode === EXEC_OUTBOUND_INIT) clear(words[at + 7] >>> 0, 4);
    if (functionCode === EXEC_IOP_RESET) clear(words[at + 6] >>> 0, 4);
  }
}
