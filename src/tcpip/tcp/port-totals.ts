/**
 * How many hold each local port, whatever the address, how many of them share it with nobody, and how many are
 * bound to it. A large stack has a place for every port, at the port's own number, so that ports in use one
 * after the other lie in the same cache lines. A small one does without a table of 65,536 places: open
 * addressing with linear probing, at most half full.
 */
import { assert } from '../../assert/assert.ts';

const PORTS = 65536;
/** A small table multiplies a port by this, so that ports in a row do not lie in a row. */
const SPREAD = 0x9e35;
/** A table that would have as many places as this has one for every port. */
const LARGE = 8192;

export class PortTotals {
  private readonly ports: Uint16Array;
  /** By place: who hold the port, and after that those who share it with nobody. */
  private readonly counts: Int32Array;
  private readonly boundTo: Int32Array;
  private readonly mask: number;
  private readonly spread: number;

  /** @param holdersMax holders of all ports that there can be at once. */
  constructor(holdersMax: number) {
    let size = 16;
    while (size < holdersMax * 2 && size < LARGE) size *= 2;
    if (size === LARGE) size = PORTS;
    this.spread = size === PORTS ? 1 : SPREAD;
    this.ports = new Uint16Array(size);
    this.counts = new Int32Array(size * 2);
    this.boundTo = new Int32Array(size);
    this.mask = size - 1;
  }

  holders(port: number): number {
    return this.counts[this.placeOf(port) * 2];
  }

  exclusive(port: number): number {
    return this.counts[this.placeOf(port) * 2 + 1];
  }

  bound(port: number): number {
    return this.boundTo[this.placeOf(port)];
  }

  /** So many more hold a port, and so many more of them share it with nobody; or less. // Hot path. */
  count(port: number, step: number, exclusive: number): void {
    const { counts } = this;
    const place = this.placeOf(port);
    const at = place * 2;
    this.ports[place] = port;
    counts[at] += step;
    counts[at + 1] += exclusive;
    assert(
      counts[at] >= counts[at + 1] && counts[at + 1] >= 0,
      'port holders: who gives a port up held it, and in the same way',
    );
    if (counts[at] === 0) {
      assert(this.boundTo[place] === 0, 'port holders: nobody is bound to a port that nobody holds');
      // Where each port has a place of its own, none was pushed on by another, however many follow in a row.
      if (this.mask < PORTS - 1) this.fill(place);
    }
  }

  /** So many more are bound to a port that they hold; or less. */
  bind(port: number, step: number): void {
    const place = this.placeOf(port);
    this.boundTo[place] += step;
    assert(
      this.boundTo[place] >= 0 && this.boundTo[place] <= this.counts[place * 2],
      'port holders: who is bound to a port holds it',
    );
  }

  /** Holders of all ports. Costs a walk over the table. */
  total(): number {
    return this.counts.reduce((sum, count, at) => (at % 2 === 0 ? sum + count : sum), 0);
  }

  /** The place of a port, or the free one where it would go. */
  private placeOf(port: number): number {
    const { ports, counts, mask, spread } = this;
    let place = Math.imul(port, spread) & mask;
    while (counts[place * 2] !== 0 && ports[place] !== port) place = (place + 1) & mask;
    return place;
  }

  /** Moves followers back into a place that has become free, so that probing finds them. */
  private fill(free: number): void {
    const { ports, counts, boundTo, mask, spread } = this;
    let hole = free;
    for (let place = (hole + 1) & mask; counts[place * 2] !== 0; place = (place + 1) & mask) {
      const home = Math.imul(ports[place], spread) & mask;
      // An entry may move back only if its home does not lie between the hole and it.
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      ports[hole] = ports[place];
      counts[hole * 2] = counts[place * 2];
      counts[hole * 2 + 1] = counts[place * 2 + 1];
      boundTo[hole] = boundTo[place];
      counts[place * 2] = 0;
      counts[place * 2 + 1] = 0;
      boundTo[place] = 0;
      hole = place;
    }
  }
}
