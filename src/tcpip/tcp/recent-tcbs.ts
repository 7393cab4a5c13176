/** The Tcbs that connections have got last, by opening or by waking, the oldest first. */
import { assert } from '../../assert/assert.ts';
import type { Tcb } from './tcb.ts';

/** As many as a processor's nearer caches hold, at 2.2 KB each. */
const RECENT_MAX = 32;

/** Counts stay above 0, so that -1 is none. */
const COUNT_MASK = 0x7fff_ffff;

export class RecentTcbs {
  private readonly ring: Tcb[] = [];
  private readonly size: number;
  private head = 0;
  private count = 0;
  /** How many have ever been appended. */
  wakes = 0;

  /** @param active Tcbs that there are: a quarter of them at most is recent. */
  constructor(active: number) {
    this.size = Math.max(1, Math.min(RECENT_MAX, active >> 2));
  }

  get isFull(): boolean {
    return this.count === this.size;
  }

  /** How many have been appended since there had been so many. */
  since(wakes: number): number {
    assert(wakes >= 0, 'recent TCBs: what was counted is no negative number');
    return (this.wakes - wakes) & COUNT_MASK;
  }

  /** One more; the oldest is recent no longer where there is no room. */
  append(tcb: Tcb): void {
    assert(tcb.index >= 0, 'recent TCBs: one that is appended has a connection');
    if (this.isFull) this.shift();
    this.ring[(this.head + this.count) % this.size] = tcb;
    this.count += 1;
    this.wakes = (this.wakes + 1) & COUNT_MASK;
  }

  /** Takes the oldest out; there must be one. */
  shift(): Tcb {
    assert(this.count > 0, 'recent TCBs: one is taken out only where there is one');
    const tcb = this.ring[this.head];
    this.head = (this.head + 1) % this.size;
    this.count -= 1;
    return tcb;
  }
}
