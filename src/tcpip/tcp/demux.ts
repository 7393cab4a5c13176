/**
 * Which connection a segment belongs to. Open addressing with linear probing in one Int32Array, four words an
 * entry (remote address, local address, ports as a segment from the peer has them, value), so that a lookup
 * that hits touches one cache line. A removal shifts the followers back, so there are no tombstones. The
 * table is at most half full.
 *
 * Values: a Tcb index + 1, or -(TIME-WAIT entry + 1); 0 is an empty place.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { ExhaustedPorts } from './exhausted-ports.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

const WORDS = 4;
const VALUE = 3;

export class Demux {
  private readonly table: Int32Array;
  private readonly mask: number;
  private readonly seed: number;
  private readonly entriesMax: number;
  /** How many there are, and how many there ever were; written here alone. */
  count = 0;
  inserted = 0;
  /** Told of each that leaves. */
  readonly exhausted = new ExhaustedPorts();

  /** @param entriesMax connections and TIME-WAIT entries together. @param seed against chosen collisions. */
  constructor(entriesMax: number, seed: number) {
    let size = 16;
    while (size < entriesMax * 2) size *= 2;
    this.table = new Int32Array(size * WORDS);
    this.mask = size - 1;
    this.seed = seed | 0;
    this.entriesMax = entriesMax;
  }

  /**
   * @param ports remote port in the upper half, local in the lower.
   * @returns the value, 0 when there is none. // Hot path.
   */
  find(remote: number, local: number, ports: number): number {
    const { table, mask } = this;
    let place = this.hash(remote, local, ports);
    for (;;) {
      const at = place * WORDS;
      const value = table[at + VALUE];
      if (value === 0) return 0;
      if (table[at + 2] === ports && table[at] === remote && table[at + 1] === local) return value;
      place = (place + 1) & mask;
    }
  }

  /** Places that `find` looks at, the last included: what a lookup costs. For measurements. */
  probes(remote: number, local: number, ports: number): number {
    const { table, mask } = this;
    let place = this.hash(remote, local, ports);
    for (let looks = 1; ; looks++) {
      const at = place * WORDS;
      const same = table[at + 2] === ports && table[at] === remote && table[at + 1] === local;
      if (table[at + VALUE] === 0 || same) return looks;
      assert(looks <= mask, 'demultiplexer: a lookup comes to an end');
      place = (place + 1) & mask;
    }
  }

  /** Adds a connection that is not in the table. */
  insert(remote: number, local: number, ports: number, value: number): void {
    const { table, mask } = this;
    assert(value !== 0, 'demultiplexer: what is inserted is a connection or a TIME-WAIT entry');
    assert(this.count < this.entriesMax, 'demultiplexer: there is a place for each connection');
    if (COSTLY) {
      assert(this.find(remote, local, ports) === 0, 'demultiplexer: a connection is inserted once');
    }
    let place = this.hash(remote, local, ports);
    while (table[place * WORDS + VALUE] !== 0) place = (place + 1) & mask;
    const at = place * WORDS;
    table[at] = remote;
    table[at + 1] = local;
    table[at + 2] = ports;
    table[at + VALUE] = value;
    this.count += 1;
    this.inserted += 1;
  }

  /** Gives a connection in the table another value. */
  replace(remote: number, local: number, ports: number, value: number): void {
    assert(value !== 0, 'demultiplexer: a connection is replaced by another value, not by none');
    this.table[this.placeOf(remote, local, ports) * WORDS + VALUE] = value;
  }

  /** Removes a connection that is in the table. */
  remove(remote: number, local: number, ports: number): void {
    const { table, mask } = this;
    let hole = this.placeOf(remote, local, ports);
    let place = hole;
    for (;;) {
      place = (place + 1) & mask;
      const at = place * WORDS;
      if (table[at + VALUE] === 0) break;
      const home = this.hash(table[at], table[at + 1], table[at + 2]);
      // An entry may move back only if its home does not lie between the hole and it.
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      const to = hole * WORDS;
      table[to] = table[at];
      table[to + 1] = table[at + 1];
      table[to + 2] = table[at + 2];
      table[to + VALUE] = table[at + VALUE];
      hole = place;
    }
    table[hole * WORDS + VALUE] = 0;
    this.exhausted.left(remote, local, ports);
    this.count -= 1;
  }

  /** Every entry can be found, and is counted. @param entries how many there should be. Costs a walk. */
  check(entries: number): void {
    const { table, mask } = this;
    let count = 0;
    for (let place = 0; place <= mask; place++) {
      const at = place * WORDS;
      if (table[at + VALUE] === 0) continue;
      count += 1;
      assert(
        this.find(table[at], table[at + 1], table[at + 2]) === table[at + VALUE],
        'demultiplexer: every entry is found from its own place',
      );
    }
    assert(this.inserted >= count, 'demultiplexer: no more are in it than ever were');
    assert(count === this.count, 'demultiplexer: as many places are taken as are counted');
    assert(count === entries, 'demultiplexer: it holds the hashed connections and TIME-WAIT, and no others');
  }

  private placeOf(remote: number, local: number, ports: number): number {
    const { table, mask } = this;
    let place = this.hash(remote, local, ports);
    for (;;) {
      const at = place * WORDS;
      assert(
        table[at + VALUE] !== 0,
        'demultiplexer: a connection to be replaced or removed is in the table',
      );
      if (table[at + 2] === ports && table[at] === remote && table[at + 1] === local) return place;
      place = (place + 1) & mask;
    }
  }

  private hash(remote: number, local: number, ports: number): number {
    let h = (ports ^ this.seed) | 0;
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) ^ remote;
    h = Math.imul(h ^ (h >>> 13), 0x297a2d39) ^ local;
    h = Math.imul(h ^ (h >>> 15), 0x9e3779b1);
    return (h ^ (h >>> 16)) & this.mask;
  }
}
