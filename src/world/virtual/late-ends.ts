/**
 * The two ends of a transport as a side of a virtual world has them: what it publishes is seen once the work
 * before it is done, and not when the turn began in which it was done. Each end stands before one of the
 * transport's own, and tells the same doorbell or interrupt, only later.
 */
import { after } from '../../dma/wrapping.ts';
import {
  type FrameConsumer,
  type FrameProducer,
  type Marked,
  type MarkedConsumer,
  type MarkedProducer,
  NO_FRAME,
  type Publisher,
} from '../../i2o/transport.ts';
import type { PoolMeter } from '../../ledger/pool-meter.ts';
import type { Showing } from '../../time/showings.ts';

/** Puts something off until its side has done its work so far. */
export type Defer = (showing: Showing, mark: number) => void;

/** Publishes with the notifier that the side itself would have called. */
export type Publish = (due: Publisher) => void;

/** What `publish` answers of what is put off: nothing is to be told yet. */
const NOT_YET = 0;

/** An end that keeps back what it publishes. */
abstract class LateEnd<Inner extends Marked> implements Showing {
  protected readonly inner: Inner;
  /** Told by both ends of the frames that are shown and not seen released. */
  protected readonly meter: PoolMeter;
  private readonly defer: Defer;
  private readonly publishDue: Publish;
  /** Publishes what is due. */
  private readonly due = { publish: () => this.inner.publishTo(this.shown), unshown: 0 };
  /** Up to where things were put off, and up to where they were shown. */
  private deferred: number;
  private shown: number;

  constructor(inner: Inner, defer: Defer, publishDue: Publish, meter: PoolMeter) {
    this.inner = inner;
    this.meter = meter;
    this.defer = defer;
    this.publishDue = publishDue;
    inner.keepBack?.();
    this.deferred = this.shown = inner.next;
  }

  publish(): number {
    const mark = this.inner.next;
    if (mark === this.deferred) return NOT_YET;
    this.deferred = mark;
    this.defer(this, mark);
    return NOT_YET;
  }

  show(mark: number): void {
    // A reset has taken away what was put off before it.
    if (after(mark, this.deferred) || !after(mark, this.shown)) return;
    this.tell((mark - this.shown) | 0);
    this.shown = mark;
    this.due.unshown = (this.inner.next - mark) | 0;
    this.publishDue(this.due);
  }

  get broken(): boolean {
    return this.inner.broken;
  }

  /** Tells the meter that so many more frames are shown, or seen released. */
  protected abstract tell(frames: number): void;

  /** The end has been reset: nothing waits any more. */
  protected forget(): void {
    this.meter.set(0);
    this.deferred = this.shown = this.inner.next;
  }
}

/** A producer that shows its frames late. */
export class LateProducer extends LateEnd<MarkedProducer> implements FrameProducer {
  restart(destroyed?: (frame: number) => void): number {
    const count = this.inner.restart(destroyed);
    this.forget();
    return count;
  }

  protected tell(frames: number): void {
    this.meter.set(this.meter.inUse + frames);
  }

  acquire(): number {
    const frame = this.inner.acquire();
    if (frame === NO_FRAME) this.meter.refused();
    else this.meter.served();
    return frame;
  }

  post(): void {
    this.inner.post();
  }

  cancel(): void {
    this.inner.cancel();
  }

  available(wanted: number): number {
    return this.inner.available(wanted);
  }

  armForFree(wanted: number): boolean {
    return this.inner.armForFree(wanted);
  }

  adopt(address: number): number {
    return this.inner.adopt(address);
  }

  surrender(): void {
    this.inner.surrender();
  }

  get inUse(): number {
    return this.inner.inUse;
  }
}

/** A consumer whose releases are seen late. */
export class LateConsumer extends LateEnd<MarkedConsumer> implements FrameConsumer {
  readonly keepStatic?: (find: (address: number) => number) => void;

  constructor(inner: MarkedConsumer, defer: Defer, publishDue: Publish, meter: PoolMeter) {
    super(inner, defer, publishDue, meter);
    if (inner.keepStatic !== undefined) this.keepStatic = (find) => inner.keepStatic?.(find);
  }

  restart(holding: boolean): number {
    const count = this.inner.restart(holding);
    this.forget();
    return count;
  }

  /** The free frames that a host supplies at first are no releases. */
  protected tell(frames: number): void {
    this.meter.set(Math.max(0, this.meter.inUse - frames));
  }

  receive(): number {
    return this.inner.receive();
  }

  release(): void {
    const { inner } = this;
    const mark = inner.next;
    inner.release();
    // A static frame, or one kept for the host to adopt, frees nothing, and is in use no more.
    if (inner.next === mark) this.tell(1);
  }

  preserve(record: number): number {
    return this.inner.preserve(record);
  }

  supply(spacing?: number): void {
    this.inner.supply(spacing);
  }

  arm(): boolean {
    return this.inner.arm();
  }

  get waiting(): number {
    return this.inner.waiting ?? 0;
  }
}
