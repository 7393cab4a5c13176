/**
 * How many connections use each local port, TIME-WAIT included. A large stack has a place for every port, at
 * the port's own number, so that ports in use one after the other lie in the same cache lines. A small one
 * does without a table of 65,536 places: open addressing with linear probing, at most half full.
 */
import { assert } from '../../assert/assert.ts';

const PORTS = 65536;
/** A small table multiplies a port by this, so that ports in a row do not lie in a row. */
const SPREAD = 0x9e35;
/** A table that would have as many places as this has one for every port. */
const LARGE = 8192;

export class PortCounts {
  private readonly ports: Uint16Array;
  private readonly counts: Int32Array;
  private readonly mask: number;
  private readonly spread: number;

  /** @param connectionsMax connections there can be at once, TIME-WAIT included. */
  constructor(connectionsMax: number) {
    let size = 16;
    while (size < connectionsMax * 2 && size < LARGE) size *= 2;
    if (size === LARGE) size = PORTS;
    this.spread = size === PORTS ? 1 : SPREAD;
    this.ports = new Uint16Array(size);
    this.counts = new Int32Array(size);
    this.mask = size - 1;
  }

  /** Connections that use a port. */
  of(port: number): number {
    return this.counts[this.placeOf(port)];
  }

  /** One more connection uses a port. */
  add(port: number): void {
    const place = this.placeOf(port);
    this.ports[place] = port;
    this.counts[place] += 1;
  }

  /** One connection less uses a port. */
  remove(port: number): void {
    const place = this.placeOf(port);
    assert(this.counts[place] > 0, 'port counts: a connection that leaves a port was counted for it');
    this.counts[place] -= 1;
    // Where each port has a place of its own, none was pushed on by another, however many follow in a row.
    if (this.counts[place] === 0 && this.counts.length < PORTS) this.fill(place);
  }

  /** Connections of all ports. Costs a walk over the table. */
  total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** The place of a port, or the free one where it would go. */
  private placeOf(port: number): number {
    const { ports, counts, mask, spread } = this;
    let place = Math.imul(port, spread) & mask;
    while (counts[place] !== 0 && ports[place] !== port) place = (place + 1) & mask;
    return place;
  }

  /** Moves followers back into a place that has become free, so that probing finds them. */
  private fill(free: number): void {
    const { ports, counts, mask, spread } = this;
    let hole = free;
    for (let place = (hole + 1) & mask; counts[place] !== 0; place = (place + 1) & mask) {
      const home = Math.imul(ports[place], spread) & mask;
      // An entry may move back only if its home does not lie between the hole and it.
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      ports[hole] = ports[place];
      counts[hole] = counts[place];
      counts[place] = 0;
      hole = place;
    }
  }
}
