/** Which events of a trace somebody wants to see. */
import type { TraceEvent } from './decoder.ts';

export interface TraceFilter {
  /** Only frames that name one of these sockets; empty: any. */
  readonly sockets: readonly number[];
  /** Only frames of these messages, names as in the spec; empty: any. */
  readonly messages: readonly string[];
  /** Nanoseconds since the trace began, both inclusive. */
  readonly fromNs: number;
  readonly toNs: number;
  /** Frame numbers, both inclusive. Events between frames go with the frame before them. */
  readonly firstFrame: number;
  readonly lastFrame: number;
  /** Who owns which frame slot, and what was written where, as well. */
  readonly all: boolean;
}

/** One trace's filter: it counts what passes it. */
export class EventFilter {
  /** Events that were wanted, but for the trace's head and end. */
  chosen = 0;
  /** When the last event was. */
  endNs = 0;
  private readonly filter: TraceFilter;
  private frame = 0;

  constructor(filter: TraceFilter) {
    this.filter = filter;
  }

  /** Frames the trace has had so far. */
  get frames(): number {
    return this.frame;
  }

  wants(event: TraceEvent): boolean {
    this.endNs = event.timeNs;
    if (event.type === 'head') this.frame = 0;
    if (event.type === 'head' || event.type === 'end') return true;
    if (event.type === 'frame') this.frame = event.number;
    const wanted = this.chooses(event);
    if (wanted) this.chosen += 1;
    return wanted;
  }

  private chooses(event: Exclude<TraceEvent, { readonly type: 'head' | 'end' }>): boolean {
    const { filter } = this;
    if (event.timeNs < filter.fromNs || event.timeNs > filter.toNs) return false;
    if (this.frame < filter.firstFrame || this.frame > filter.lastFrame) return false;
    const chosen = filter.sockets.length > 0 || filter.messages.length > 0;
    if (event.type !== 'frame') {
      return !chosen && (filter.all || (event.type !== 'owner' && event.type !== 'write'));
    }
    if (filter.messages.length > 0 && !filter.messages.includes(event.message)) return false;
    return filter.sockets.length === 0 || event.sockets.some((socket) => filter.sockets.includes(socket));
  }
}
