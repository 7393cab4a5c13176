/**
 * Which connection a segment belongs to. Open addressing with linear probing in one Int32Array, four words an
 * entry (remote address, local address, ports as a segment from the peer has them, value), so that a lookup
 * that hits touches one cache line. A removal shifts the followers back, so there are no tombstones. The
 * table is at most half full.
 *
 * Values: a Tcb index + 1, or -(TIME-WAIT entry + 1); 0 is an empty place. It also counts connections per
 * local port.
 */
import { PortCounts } from './port-counts.ts';

const WORDS = 4;
const VALUE = 3;

export class Demux {
  private readonly table: Int32Array;
  private readonly mask: number;
  private readonly seed: number;
  /** Connections, TIME-WAIT included, that use each local port. */
  readonly portUsers: PortCounts;

  /**
   * @param entriesMax connections and TIME-WAIT entries together. @param seed hash key, against chosen
   * collisions.
   */
  constructor(entriesMax: number, seed: number) {
    let size = 16;
    while (size < entriesMax * 2) size *= 2;
    this.table = new Int32Array(size * WORDS);
    this.mask = size - 1;
    this.seed = seed | 0;
    this.portUsers = new PortCounts(entriesMax);
  }

  /**
   * @param ports remote port in the upper half, local in the lower. @returns the value, 0 when there is none.
   * // Hot path.
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

  /** Adds a connection that is not in the table. */
  insert(remote: number, local: number, ports: number, value: number): void {
    const { table, mask } = this;
    let place = this.hash(remote, local, ports);
    while (table[place * WORDS + VALUE] !== 0) place = (place + 1) & mask;
    const at = place * WORDS;
    table[at] = remote;
    table[at + 1] = local;
    table[at + 2] = ports;
    table[at + VALUE] = value;
    this.portUsers.add(ports & 0xffff);
  }

  /** Gives a connection in the table another value. */
  replace(remote: number, local: number, ports: number, value: number): void {
    this.table[this.placeOf(remote, local, ports) * WORDS + VALUE] = value;
  }

  /** Removes a connection that is in the table. */
  remove(remote: number, local: number, ports: number): void {
    const { table, mask } = this;
    this.portUsers.remove(ports & 0xffff);
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
  }

  private placeOf(remote: number, local: number, ports: number): number {
    const { table, mask } = this;
    let place = this.hash(remote, local, ports);
    for (;;) {
      const at = place * WORDS;
      if (table[at + VALUE] === 0) throw new Error('the connection is not in the table');
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
