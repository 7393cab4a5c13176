/** Blocks of pages that programs take for a while, at a rate: pages of their own, and stacks. */
import type { Random } from '../../time/random.ts';
import { NO_PAGE } from './buddy-zone.ts';
import { GFP_KERNEL } from './gfp.ts';
import type { PageAllocator } from './page-allocator.ts';

const NS_PER_S = 1e9;
/** More than the rate makes them: a block is given back late by up to a turn of whoever drives it. */
const SPARE = 64;

export class PassingBlocks {
  /** Blocks that are taken now. */
  held = 0;
  private readonly allocator: PageAllocator;
  private readonly order: number;
  private readonly perS: number;
  private readonly lifeNs: number;
  private readonly random: Random;
  private due = 0;
  /** Blocks by age, and when each goes. */
  private readonly pages: Int32Array;
  private readonly endNs: Float64Array;
  private oldest = 0;

  constructor(allocator: PageAllocator, order: number, perS: number, lifeNs: number, random: Random) {
    this.allocator = allocator;
    this.order = order;
    this.perS = perS;
    this.lifeNs = lifeNs;
    this.random = random;
    this.pages = new Int32Array(Math.ceil((2 * perS * lifeNs) / NS_PER_S) + SPARE);
    this.endNs = new Float64Array(this.pages.length);
  }

  /** So much time has passed until `nowNs`. Between none and twice as many as the rate says are taken. */
  pass(seconds: number, nowNs: number): void {
    while (this.held > 0 && this.endNs[this.oldest] <= nowNs) this.end();
    this.due += this.perS * seconds * 2 * this.random.nextFloat();
    for (; this.due >= 1; this.due -= 1) this.begin(nowNs + this.lifeNs);
  }

  private begin(endNs: number): void {
    const { pages } = this;
    if (this.held === pages.length) return;
    const page = this.allocator.allocate(this.order, GFP_KERNEL);
    if (page === NO_PAGE) return;
    const place = (this.oldest + this.held) % pages.length;
    pages[place] = page;
    this.endNs[place] = endNs;
    this.held += 1;
  }

  private end(): void {
    this.allocator.free(this.pages[this.oldest], this.order);
    this.oldest = (this.oldest + 1) % this.pages.length;
    this.held -= 1;
  }
}
