/**
 * The two ends of a transport as a side of a virtual world has them: what it publishes is seen once the work
 * before it is done, and not when the turn began in which it was done. Each end stands before one of the
 * transport's own, and tells the same doorbell or interrupt, only later.
 */
import { after } from '../../dma/wrapping.ts';
import type {
  FrameConsumer,
  FrameProducer,
  Marked,
  MarkedConsumer,
  MarkedProducer,
  Publisher,
} from '../../i2o/transport.ts';
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
  private readonly defer: Defer;
  private readonly publishDue: Publish;
  /** Publishes what is due. */
  private readonly due: Publisher = { publish: () => this.inner.publishTo(this.shown) };
  /** Up to where things were put off, and up to where they were shown. */
  private deferred: number;
  private shown: number;

  constructor(inner: Inner, defer: Defer, publishDue: Publish) {
    this.inner = inner;
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
    this.shown = mark;
    this.publishDue(this.due);
  }

  get broken(): boolean {
    return this.inner.broken;
  }

  /** The end has been reset: nothing waits any more. */
  protected forget(): void {
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

  acquire(): number {
    return this.inner.acquire();
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

  constructor(inner: MarkedConsumer, defer: Defer, publishDue: Publish) {
    super(inner, defer, publishDue);
    if (inner.keepStatic !== undefined) this.keepStatic = (find) => inner.keepStatic?.(find);
  }

  restart(holding: boolean): number {
    const count = this.inner.restart(holding);
    this.forget();
    return count;
  }

  receive(): number {
    return this.inner.receive();
  }

  release(): void {
    this.inner.release();
  }

  preserve(record: number): number {
    return this.inner.preserve(record);
  }

  supply(): void {
    this.inner.supply();
  }

  arm(): boolean {
    return this.inner.arm();
  }

  get waiting(): number {
    return this.inner.waiting ?? 0;
  }
}
