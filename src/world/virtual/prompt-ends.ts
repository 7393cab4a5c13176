/**
 * The ends of a transport whose two sides share a processor, where somebody watches them. Neither side can
 * look before the other has had its turn, so nothing is shown late: each end passes on what it is asked.
 */
import {
  type FrameConsumer,
  type FrameProducer,
  type MarkedConsumer,
  type MarkedProducer,
  NO_FRAME,
} from '../../i2o/transport.ts';
import type { FrameWatch } from './watch.ts';

/** A producer whose frames are shown as it publishes them. */
export class PromptProducer implements FrameProducer {
  private readonly watch: FrameWatch;
  private readonly inner: MarkedProducer;
  private frame = NO_FRAME;

  constructor(watch: FrameWatch, inner: MarkedProducer) {
    this.watch = watch;
    this.inner = inner;
  }

  acquire(): number {
    this.frame = this.inner.acquire();
    if (this.frame === NO_FRAME) this.watch.refused();
    return this.frame;
  }

  post(): void {
    const { inner, watch } = this;
    inner.post();
    watch.posted(this.frame, inner.next);
    // A transport that can be told to keep frames back shows them at once where it is not.
    if (inner.keepBack !== undefined) watch.shown(inner.next);
  }

  publish(): number {
    const published = this.inner.publish();
    this.watch.shown(this.inner.next);
    return published;
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

  restart(destroyed?: (frame: number) => void): number {
    return this.inner.restart(destroyed);
  }

  get inUse(): number {
    return this.inner.inUse;
  }

  get broken(): boolean {
    return this.inner.broken;
  }
}

/** A consumer whose frames are seen as it takes them. */
export class PromptConsumer implements FrameConsumer {
  readonly keepStatic?: (find: (address: number) => number) => void;
  private readonly watch: FrameWatch;
  private readonly inner: MarkedConsumer;

  constructor(watch: FrameWatch, inner: MarkedConsumer) {
    this.watch = watch;
    this.inner = inner;
    if (inner.keepStatic !== undefined) this.keepStatic = (find) => inner.keepStatic?.(find);
  }

  receive(): number {
    const frame = this.inner.receive();
    if (frame !== NO_FRAME) this.watch.received(frame);
    return frame;
  }

  release(): void {
    this.inner.release();
  }

  preserve(record: number): number {
    return this.inner.preserve(record);
  }

  supply(spacing?: number): void {
    this.inner.supply(spacing);
  }

  restart(holding: boolean): number {
    return this.inner.restart(holding);
  }

  publish(): number {
    return this.inner.publish();
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
