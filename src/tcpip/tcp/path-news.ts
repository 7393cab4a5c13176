/**
 * What has become of routes, MTUs and paths while connections sleep, for each to take notice of when it wakes: so
 * a route that changes, or a path that is found narrow, costs nothing for connections that nobody uses. Each piece
 * of news has a number. Narrow paths are remembered one by one, and in their order; of routes and MTUs only that
 * they have changed, since a connection follows from what they are.
 */
import { assert } from '../../assert/assert.ts';

/** Paths that are remembered; when there are more, all connections that sleep are told. */
export const NARROWED_MAX = 256;

export class PathNews {
  /** How much was ever heard: the number of the news to come. */
  heard = 0;
  /** The numbers behind the latest change of a route, and of what a port carries. */
  rerouted = 0;
  resized = 0;
  /** How many paths are remembered: those that were heard of last. */
  private count = 0;
  private readonly destinations = new Int32Array(NARROWED_MAX);
  private readonly mtus = new Int32Array(NARROWED_MAX);
  private readonly atMs = new Int32Array(NARROWED_MAX);

  get isFull(): boolean {
    return this.count === NARROWED_MAX;
  }

  /** Whether any path is remembered. */
  get hasPaths(): boolean {
    return this.count > 0;
  }

  /** Somebody has heard how much the way to a host carries. There must be room. */
  narrow(destination: number, mtu: number, nowMs: number): void {
    assert(!this.isFull, 'path news: there is room for one more');
    this.destinations[this.count] = destination;
    this.mtus[this.count] = mtu;
    this.atMs[this.count] = nowMs;
    this.count += 1;
    this.heard += 1;
  }

  /** Routes have changed; what was heard of paths before that, everybody knows. */
  reroute(): void {
    assert(this.count === 0, 'path news: what was said of a path is heeded by the routes that there were');
    this.heard += 1;
    this.rerouted = this.heard;
  }

  /** The same of what a port carries. */
  resize(): void {
    assert(this.count === 0, 'path news: what was said of a path is heeded by the MTUs that there were');
    this.heard += 1;
    this.resized = this.heard;
  }

  /** Everybody has been told of the paths. */
  forget(): void {
    this.count = 0;
  }

  /** How many paths are remembered that are news to who knew so much. They are the last ones. */
  unknownTo(known: number): number {
    assert(known <= this.heard, 'path news: nobody knows more than was heard');
    return Math.min(this.count, this.heard - known);
  }

  /** Whether anything was heard of the way to a host since so much was known. */
  concerns(destination: number, known: number): boolean {
    for (let at = this.count - this.unknownTo(known); at < this.count; at++) {
      if (this.destinations[at] === destination) return true;
    }
    return false;
  }

  /** @param back how many came after it, 0 for the last one. */
  destinationOf(back: number): number {
    return this.destinations[this.placeOf(back)];
  }

  mtuOf(back: number): number {
    return this.mtus[this.placeOf(back)];
  }

  /** When it was heard, by the slow clock. */
  atMsOf(back: number): number {
    return this.atMs[this.placeOf(back)];
  }

  private placeOf(back: number): number {
    assert(back >= 0 && back < this.count, 'path news: one that is asked for is remembered');
    return this.count - 1 - back;
  }
}
