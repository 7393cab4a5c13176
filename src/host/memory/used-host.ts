/**
 * A host's memory as it goes on being used: files are read, programs take pages for a short while, kernel
 * objects come and go, and kswapd gives the oldest file pages up whenever a zone falls below its low mark.
 * All at given rates of virtual time and drawn from a seed. It is an agent of its own, so that whoever cannot
 * wait for it does not.
 */
import { assert } from '../../assert/assert.ts';
import type { Agent } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import type { Random } from '../../time/random.ts';
import { NO_PAGE } from './buddy-zone.ts';
import { GFP_KERNEL, GFP_MAY_WAIT } from './gfp.ts';
import type { PageAllocator, Reclaim } from './page-allocator.ts';
import { PageCache, type PageCacheOptions } from './page-cache.ts';
import { PassingBlocks } from './passing-blocks.ts';

/** What kswapd brings above the high mark, once woken: blocks of the order asked, or pages of whatever. */
export const RECLAIM_AIMS = ['order', 'pages'] as const;
export type ReclaimAim = (typeof RECLAIM_AIMS)[number];

export interface UsedHostOptions extends PageCacheOptions {
  /** Pages a second that files are read into, and that kswapd can give up. */
  readonly readPerS: number;
  readonly kswapdPerS: number;
  /** Pages a second that programs take, and programs that start, with a stack of two pages each. */
  readonly takenPerS: number;
  readonly startsPerS: number;
  /** How long each of these is kept. */
  readonly keptNs: number;
  /** Pages a second that kernel objects move to. */
  readonly pinnedPerS: number;
  /**
   * `order`: it goes on until a block of the order it was woken for could be had above the high mark, as
   * `balance_pgdat` of mm/vmscan.c does. `pages`: it counts free pages only.
   */
  readonly aim: ReclaimAim;
}

/** How often its work is done. */
const TICK_NS = 100_000;
const NS_PER_S = 1e9;
/** Pages that reclaim gives up of a zone before it looks again (SWAP_CLUSTER_MAX). */
const CLUSTER_PAGES = 32;
/** Without bounds on reclaim: while a host is aged, kswapd is as fast as need be. */
const AT_ONCE: number = Number.MAX_SAFE_INTEGER;
/** Order of a program's stack in the kernel (THREAD_SIZE of x86-64, 2.6.24). */
const STACK_ORDER = 1;
/** Pages read and kernel objects moved for each program that starts while a host is aged. */
const READS_PER_START = 64;
const READS_PER_MOVE = 16;

export class UsedHost implements Agent, Reclaim {
  readonly name = 'memory';
  readonly cache: PageCache;
  /** Times kswapd was woken, and pages it has given up; pages given up by those who waited. */
  wakes = 0;
  reclaimed = 0;
  reclaimedDirectly = 0;
  private readonly allocator: PageAllocator;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly options: UsedHostOptions;
  private lastNs: number;
  private nextNs: number;
  private awake = false;
  private order = 0;
  /** Parts of a page that are still to be done. */
  private readDue = 0;
  private pinnedDue = 0;
  private kswapdDue = 0;
  private readonly taken: PassingBlocks;
  private readonly stacks: PassingBlocks;

  /** @param allocator whose pages are all in use. */
  constructor(allocator: PageAllocator, clock: Clock, options: UsedHostOptions, random: Random) {
    this.allocator = allocator;
    this.clock = clock;
    this.random = random;
    this.options = options;
    this.cache = new PageCache(allocator, options, random);
    const { takenPerS, startsPerS, keptNs } = options;
    this.taken = new PassingBlocks(allocator, 0, takenPerS, keptNs, random);
    this.stacks = new PassingBlocks(allocator, STACK_ORDER, startsPerS, keptNs, random);
    this.lastNs = clock.nowNs;
    this.nextNs = clock.nowNs;
    allocator.reclaim = this;
    this.wake(0);
    this.balance(AT_ONCE);
    this.resetCounts();
  }

  /**
   * Makes a used host of a young one, whose free pages lie side by side. All of them are read into, the
   * oldest pages are given up from wherever they lie, and so many more are read, while programs start and
   * end.
   */
  age(pages: number): void {
    this.cache.mixed = this.options.mixed;
    this.cache.readAll();
    this.wake(0);
    this.balance(AT_ONCE);
    for (let i = 0; i < pages; i++) {
      this.cache.read();
      if (i % READS_PER_MOVE === 0) this.cache.movePinned();
      if (i % READS_PER_START === 0) this.startAndEnd();
      if (this.awake) this.balance(AT_ONCE);
    }
    this.resetCounts();
  }

  /** Pages that programs hold now. */
  get passing(): number {
    return this.taken.held + (this.stacks.held << STACK_ORDER);
  }

  wake(order: number): void {
    if (!this.awake) this.wakes += 1;
    this.awake = true;
    if (this.options.aim === 'order' && order > this.order) this.order = order;
  }

  reclaim(pages: number): number {
    const { zones } = this.allocator;
    let done = 0;
    for (let i = zones.length - 1; i >= 0 && done < pages; i--) done += this.cache.reclaim(i, pages - done);
    this.reclaimedDirectly += done;
    return done;
  }

  poll(): number {
    const { nowNs } = this.clock;
    if (nowNs < this.nextNs) return 0;
    const seconds = (nowNs - this.lastNs) / NS_PER_S;
    this.lastNs = nowNs;
    this.nextNs = nowNs + TICK_NS;
    const { readPerS, pinnedPerS, kswapdPerS } = this.options;
    this.readDue += readPerS * seconds * this.swing();
    for (; this.readDue >= 1; this.readDue -= 1) this.cache.read();
    this.taken.pass(seconds, nowNs);
    this.stacks.pass(seconds, nowNs);
    this.pinnedDue += pinnedPerS * seconds * this.swing();
    for (; this.pinnedDue >= 1; this.pinnedDue -= 1) this.cache.movePinned();
    // Time in which it slept it cannot make up for.
    this.kswapdDue = Math.min(this.kswapdDue, 1) + kswapdPerS * seconds;
    if (this.awake) this.kswapdDue -= this.balance(Math.floor(this.kswapdDue));
    return 0;
  }

  arm(): boolean {
    return true;
  }

  nextDeadlineNs(): number {
    return this.nextNs;
  }

  private resetCounts(): void {
    this.wakes = 0;
    this.reclaimed = 0;
    this.reclaimedDirectly = 0;
  }

  /** Anything from nothing to twice as much, once as much in the mean. */
  private swing(): number {
    return 2 * this.random.nextFloat();
  }

  private startAndEnd(): void {
    const page = this.allocator.allocate(STACK_ORDER, GFP_KERNEL);
    if (page !== NO_PAGE) this.allocator.free(page, STACK_ORDER);
  }

  /** Gives file pages up until each zone is above its high mark. @returns how many, up to `budget`. */
  private balance(budget: number): number {
    const { allocator, cache, order } = this;
    const { zones } = allocator;
    let done = 0;
    let isShort = true;
    while (isShort && done < budget) {
      isShort = false;
      let given = 0;
      for (let i = 0; i < zones.length && done + given < budget; i++) {
        if (allocator.isAbove(zones[i], order, zones[i].marks.high, 0, GFP_MAY_WAIT)) continue;
        isShort = true;
        given += cache.reclaim(i, Math.min(CLUSTER_PAGES, budget - done - given));
      }
      assert(given <= budget - done, 'used host: kswapd gives up no more than its rate allows');
      done += given;
      if (given === 0) break;
    }
    if (!isShort) {
      this.awake = false;
      this.order = 0;
    }
    this.reclaimed += done;
    return done;
  }
}
