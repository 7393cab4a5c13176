/**
 * What has become of routes and paths while connections sleep, for each to take notice of when it wakes: so a
 * route that changes, or a path that is found narrow, costs nothing for connections that nobody uses.
 */
import { assert } from '../../assert/assert.ts';

/** Paths that are remembered; when there are more, all connections that sleep are told. */
export const NARROWED_MAX = 256;

export class PathNews {
  /** How often routes, or what a port carries, have changed. */
  routes = 0;
  /** How many paths have ever been found narrow, and from which of them on they are remembered. */
  narrowed = 0;
  since = 0;
  private readonly destinations = new Int32Array(NARROWED_MAX);
  private readonly mtus = new Int32Array(NARROWED_MAX);

  get isFull(): boolean {
    return this.narrowed - this.since === NARROWED_MAX;
  }

  /** Somebody has heard how much the way to a host carries. There must be room. */
  narrow(destination: number, mtu: number): void {
    assert(!this.isFull, 'path news: there is room for one more');
    const place = this.narrowed - this.since;
    this.destinations[place] = destination;
    this.mtus[place] = mtu;
    this.narrowed += 1;
  }

  /** Everybody has been told. */
  forget(): void {
    this.since = this.narrowed;
  }

  /** Whether anything was heard of the way to a host since so many were known. */
  concerns(destination: number, known: number): boolean {
    assert(known <= this.narrowed, 'path news: nobody knows more than was heard');
    for (let at = Math.max(known, this.since); at < this.narrowed; at++) {
      if (this.destinationOf(at) === destination) return true;
    }
    return false;
  }

  /** @param at the number of one that is remembered, from 0 on. */
  destinationOf(at: number): number {
    assert(at >= this.since && at < this.narrowed, 'path news: one that is asked for is remembered');
    return this.destinations[at - this.since];
  }

  mtuOf(at: number): number {
    return this.mtus[at - this.since];
  }
}
