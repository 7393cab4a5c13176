/** A chain of spans without a gap: each begins where the one before it ended. */
import { assert } from '../assert/assert.ts';

/** What a span's time belongs to. */
export const WHO = ['host', 'bus', 'iop', 'dma', 'wire'] as const;
export type Who = (typeof WHO)[number];

/** The parts of an operation's way: a connection's handshake, the request, its answer, the stream's end. */
export type Leg = 'handshake' | 'request' | 'response' | 'end';

export interface Span {
  readonly who: Who;
  /** Which one: a host's, a card's or a link's name. */
  readonly where: string;
  /** What was done, or waited for. */
  readonly what: string;
  /** Which part of the way it is of. */
  readonly leg: Leg;
  /** Whether nothing was done for this operation meanwhile. */
  readonly waiting: boolean;
  /** Whole nanoseconds since the operation began. */
  readonly fromNs: number;
  readonly toNs: number;
}

/** Whose time it is, and by what name it goes. */
export interface Place {
  readonly who: Who;
  readonly where: string;
}

export class Path {
  readonly spans: Span[] = [];
  /** How often something had ended before what came before it: the way was not found there. */
  astray = 0;
  /** What has begun beside the path so far is taken up where it is: what has ended by then is passed over. */
  joining = false;
  leg: Leg = 'request';
  private readonly originNs: number;
  private readonly endNs: number;
  private atNs = 0;

  /** @param startNs when it begins and when it ends, in the world's time. */
  constructor(startNs: number, endNs: number) {
    this.originNs = startNs;
    this.endNs = Math.round(endNs - startNs);
  }

  /** Where it has come to, in the world's time. */
  get nowNs(): number {
    return this.originNs + this.atNs;
  }

  /** Something was worked on until then. */
  work(place: Place, what: string, untilNs: number): void {
    this.until(place, what, false, untilNs);
  }

  /** Nothing was done until then. @param what it waited for. */
  wait(place: Place, what: string, untilNs: number): void {
    this.until(place, what, true, untilNs);
  }

  /** Ends the path at its end. */
  finish(place: Place, what: string): readonly Span[] {
    this.work(place, what, this.originNs + this.endNs);
    assert(this.atNs === this.endNs, 'path: its spans are as long as the operation');
    return this.spans;
  }

  /** As `work`, or as `wait`. */
  until(place: Place, what: string, waiting: boolean, untilNs: number): void {
    if (Number.isNaN(untilNs)) {
      this.astray += 1;
      return;
    }
    const toNs = Math.min(this.endNs, Math.round(untilNs - this.originNs));
    if (toNs < this.atNs - 1 && !this.joining) this.astray += 1;
    if (toNs <= this.atNs) return;
    const { who, where } = place;
    const last = this.spans[this.spans.length - 1];
    const { leg, atNs } = this;
    const span = { who, where, what, leg, waiting, fromNs: atNs, toNs };
    if (last !== undefined && isSame(last, span)) this.spans[this.spans.length - 1] = { ...last, toNs };
    else this.spans.push(span);
    this.atNs = toNs;
  }
}

/** Whether two spans that follow each other are one. */
function isSame(a: Span, b: Span): boolean {
  return (
    a.who === b.who && a.where === b.where && a.what === b.what && a.waiting === b.waiting && a.leg === b.leg
  );
}
