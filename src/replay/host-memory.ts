/**
 * What the recorded host owned, and what the host of the replay owns: receive buckets, contexts of transmit
 * memory, ports and places in memory. The replay's card may give buckets and contexts back in another order,
 * so a recorded request may name one that this card still has; it is then posted with another that is free.
 */
import type { PoolArea } from '../dma/pool-area.ts';
import type { TraceMemory } from '../trace/sink.ts';

const FREE = -1;

/** Receive buckets. A bucket's context is its number. */
export class ReplayBuckets {
  /** How many buckets the host has, in the recording and in the replay. */
  heldRecorded: number;
  heldReplayed: number;
  private readonly area: PoolArea;
  private readonly withHost: Uint8Array;

  constructor(area: PoolArea) {
    this.area = area;
    this.heldRecorded = area.count;
    this.heldReplayed = area.count;
    this.withHost = new Uint8Array(area.count).fill(1);
  }

  /**
   * Takes a bucket to post: the wanted one if the host has it, else any other.
   * @returns its number, or -1 when the host has none.
   */
  take(wanted: number): number {
    const bucket = this.withHost[wanted] === 1 ? wanted : this.withHost.indexOf(1);
    if (bucket < 0) return -1;
    this.withHost[bucket] = 0;
    this.heldReplayed -= 1;
    return bucket;
  }

  /** The card has given a bucket back. */
  give(bucket: number): void {
    if (this.withHost[bucket] !== 0) return;
    this.withHost[bucket] = 1;
    this.heldReplayed += 1;
  }

  addressOf(bucket: number): number {
    return this.area.offset + bucket * this.area.bufferBytes;
  }

  get bufferBytes(): number {
    return this.area.bufferBytes;
  }
}

/** Contexts of transmit memory: those of the buffers, then those of the slots for immediate data. */
export class ReplayContexts {
  private readonly transmit: PoolArea;
  /** For each context lent to the card, the recorded context it stands for; FREE for those the host has. */
  private readonly lentFor: Int32Array;

  constructor(transmit: PoolArea, immediate: PoolArea) {
    this.transmit = transmit;
    this.lentFor = new Int32Array(transmit.count + immediate.count).fill(FREE);
  }

  /**
   * Lends the recorded context itself if it is free, else another of the same kind.
   * @returns the context lent, or -1 when none is free.
   */
  lend(recorded: number): number {
    const { transmit, lentFor } = this;
    if (recorded < 0 || recorded >= lentFor.length) return -1;
    let context = recorded;
    if (lentFor[recorded] !== FREE) {
      const first = recorded < transmit.count ? 0 : transmit.count;
      const end = recorded < transmit.count ? transmit.count : lentFor.length;
      context = lentFor.indexOf(FREE, first);
      if (context < 0 || context >= end) return -1;
    }
    lentFor[context] = recorded;
    return context;
  }

  /**
   * Takes a context back, which the card has answered.
   * @returns the recorded context that it stood for, or -1 when it was not lent.
   */
  giveBack(context: number): number {
    const recorded = this.lentFor[context] ?? FREE;
    if (recorded !== FREE) this.lentFor[context] = FREE;
    return recorded;
  }

  addressOf(context: number): number {
    return this.transmit.offset + context * this.transmit.bufferBytes;
  }
}

/** The ports that the card chose: for each recorded one, that of the replay. */
export class ReplayPorts {
  private readonly replayed = new Map<number, number>();

  /** From now on the replayed port stands for the recorded one, wherever the host names it. */
  learn(recorded: number, replayed: number): void {
    this.replayed.set(recorded, replayed);
  }

  of(recorded: number): number {
    return this.replayed.get(recorded) ?? recorded;
  }
}

/** Areas of memory of a card of ours, by what a trace's head calls them. */
export type OurMemory = Pick<TraceMemory, 'transmit' | 'receive' | 'immediate' | 'packets' | 'headers'> & {
  readonly control: { readonly offset: number };
};

/**
 * @returns a function that maps an address of the recorded card's memory to the same place in the same area
 *   of the replay's.
 */
export function addressMap(recorded: TraceMemory, ours: OurMemory): (address: number) => number {
  const names = ['transmit', 'receive', 'immediate', 'packets', 'headers'] as const;
  const pools = names.flatMap((name): [number, number, number][] => {
    const area = recorded[name];
    const to = ours[name];
    if (area === undefined || to === undefined) return [];
    return [[area.offset, area.count * area.bufferBytes, to.offset]];
  });
  const control = [recorded.control.offset, recorded.control.byteLength, ours.control.offset] as const;
  const areas = [...pools, control];
  return (address) => {
    const area = areas.find(([offset, bytes]) => address >= offset && address < offset + bytes);
    return area === undefined ? address : address - area[0] + area[2];
  };
}
