/**
 * The two ends of a transport as a side of a virtual world has them: what it publishes is seen once the work
 * before it is done, and not when the turn began in which it was done. Each end stands before one of the
 * transport's own, and tells the same doorbell or interrupt, only later.
 */
import { after } from '../../dma/wrapping.ts';
import type {
  FrameConsumer,
  FrameProducer,
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

/** What is due of an end: up to a mark. */
class Due implements Publisher {
  mark = 0;
  private readonly inner: { publishTo(mark: number): number };

  constructor(inner: { publishTo(mark: number): number }) {
    this.inner = inner;
  }

  publish(): number {
    return this.inner.publishTo(this.mark);
  }
}

/** A producer that shows its frames late. */
export class LateProducer implements FrameProducer, Showing {
  private readonly inner: MarkedProducer;
  private readonly defer: Defer;
  private readonly publishDue: Publish;
  private readonly due: Due;
  private deferred: number;

  constructor(inner: MarkedProducer, defer: Defer, publishDue: Publish) {
    this.inner = inner;
    this.defer = defer;
    this.publishDue = publishDue;
    this.due = new Due(inner);
    inner.keepBack?.();
    this.deferred = this.due.mark = inner.next;
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
    if (after(mark, this.deferred) || !after(mark, this.due.mark)) return;
    this.due.mark = mark;
    this.publishDue(this.due);
  }

  restart(destroyed?: (frame: number) => void): number {
    const count = this.inner.restart(destroyed);
    this.deferred = this.due.mark = this.inner.next;
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

  get broken(): boolean {
    return this.inner.broken;
  }
}

/** A consumer whose releases are seen late. */
export class LateConsumer implements FrameConsumer, Showing {
  private readonly inner: MarkedConsumer;
  private readonly defer: Defer;
  private readonly publishDue: Publish;
  private readonly due: Due;
  private deferred: number;
  readonly keepStatic?: (find: (address: number) => number) => void;

  constructor(inner: MarkedConsumer, defer: Defer, publishDue: Publish) {
    this.inner = inner;
    this.defer = defer;
    this.publishDue = publishDue;
    this.due = new Due(inner);
    inner.keepBack?.();
    this.deferred = this.due.mark = inner.next;
    if (inner.keepStatic !== undefined) this.keepStatic = (find) => inner.keepStatic?.(find);
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
    if (after(mark, this.deferred) || !after(mark, this.due.mark)) return;
    this.due.mark = mark;
    this.publishDue(this.due);
  }

  restart(holding: boolean): number {
    const count = this.inner.restart(holding);
    this.deferred = this.due.mark = this.inner.next;
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

  get broken(): boolean {
    return this.inner.broken;
  }
}
