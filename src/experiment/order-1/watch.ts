/** Looks at the pages of a host every millisecond, and remembers. */
import type { PageAllocator } from '../../host/memory/page-allocator.ts';
import type { Agent } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';

const LOOK_NS = 1_000_000;

/** What was seen at one time, of the highest zone, in pages; and requests refused so far. */
export interface Look {
  readonly ms: number;
  readonly free: number;
  /** In blocks of at least two pages. */
  readonly paired: number;
  readonly refused: number;
}

export class Watch implements Agent {
  readonly name = 'watch';
  readonly looks: Look[] = [];
  private readonly pages: PageAllocator;
  private readonly clock: Clock;
  private nextNs = 0;

  constructor(pages: PageAllocator, clock: Clock) {
    this.pages = pages;
    this.clock = clock;
  }

  poll(): number {
    const { nowNs } = this.clock;
    if (nowNs < this.nextNs) return 0;
    this.nextNs = nowNs + LOOK_NS;
    const { zones, refused } = this.pages;
    const { buddy } = zones[zones.length - 1];
    const sum = refused.reduce((all, count) => all + count, 0);
    this.looks.push({ ms: nowNs / 1e6, free: buddy.freePages, paired: buddy.freeFrom(1), refused: sum });
    return 0;
  }

  arm(): boolean {
    return true;
  }

  nextDeadlineNs(): number {
    return this.nextNs;
  }
}
