/**
 * How many hold each local port, and by which address: sockets that are bound, connections and those in
 * TIME-WAIT. A bind asks whether anybody holds a port whom it may not share it with, and a SYN who listens, so
 * neither walks over those that do, however many they are.
 *
 * What holds for any address is in `PortTotals`, and that is all there is of a port which everybody holds by one
 * address: of those that connections choose, nearly all. Here is, of each other port and of one that is listened
 * at, one entry for each address by which it is held (0: any): four words in one Int32Array, open addressing with
 * linear probing, at most three quarters full. A removal shifts the followers back, so there are no tombstones.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { PortTotals } from './port-totals.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

const PORTS = 65536;
const WORDS = 4;
const ADDRESS = 0;
/** The port, and `LISTENED` where somebody listens; 0: the place is empty. */
const PORT = 1;
/** Who hold it, and those of them that share it with nobody. */
const HOLDERS = 2;
const EXCLUSIVE = 3;
const PORT_MASK = PORTS - 1;
const LISTENED = PORTS;

export class PortHolders {
  private readonly totals: PortTotals;
  private readonly table: Int32Array;
  /** By place, of those that are listened at: the listener. */
  private readonly listeners: Int32Array;
  private readonly mask: number;
  /** Places looked at: what all questions and changes have cost. Counted with costly assertions. */
  looks = 0;

  /** @param holdersMax connections, TIME-WAIT included, that there can be at once. */
  constructor(holdersMax: number) {
    let size = 16;
    while (size * 3 < holdersMax * 4) size *= 2;
    this.totals = new PortTotals(holdersMax);
    this.table = new Int32Array(size * WORDS);
    this.listeners = new Int32Array(size);
    this.mask = size - 1;
  }

  /** One more holds a port. @param address 0: any. @param exclusive 1: it shares it with nobody. */
  add(port: number, address: number, exclusive: number): void {
    assert(port > 0 && port < PORTS, 'port holders: what is held is a port');
    this.change(port, address, 1, exclusive);
  }

  /** One less holds it. @param exclusive as it was added. */
  remove(port: number, address: number, exclusive: number): void {
    this.change(port, address, -1, -exclusive);
  }

  /** One that held it for itself alone shares it from now on. */
  share(port: number, address: number): void {
    this.change(port, address, 0, -1);
  }

  /** One more, or less, of a port's holders is bound to it. @param step 1 or -1. */
  bind(port: number, step: number): void {
    this.totals.bind(port, step);
  }

  /** Whether anybody is bound to a port. */
  isBound(port: number): boolean {
    return this.totals.bound(this.totals.placeOf(port)) > 0;
  }

  /** Who hold a port: by an address that has one in common with this (0: any). */
  holders(port: number, address: number): number {
    const { totals } = this;
    const place = totals.placeOf(port);
    if (address !== 0 && totals.isApart(place)) return this.sum(port, address, HOLDERS);
    return overlaps(totals.address(place), address) ? totals.holders(place) : 0;
  }

  /** Those of them that share it with nobody. */
  exclusive(port: number, address: number): number {
    const { totals } = this;
    const place = totals.placeOf(port);
    if (address !== 0 && totals.isApart(place)) return this.sum(port, address, EXCLUSIVE);
    return overlaps(totals.address(place), address) ? totals.exclusive(place) : 0;
  }

  /** The listener at exactly this address (0: any); -1: there is none. */
  listener(port: number, address: number): number {
    if (!this.totals.isApart(this.totals.placeOf(port))) return -1;
    const place = this.placeOf(port, address);
    return (this.table[place * WORDS + PORT] & LISTENED) === 0 ? -1 : this.listeners[place];
  }

  /** @param listener its number; -1: nobody listens there any more. It must hold the port. */
  setListener(port: number, address: number, listener: number): void {
    const held = this.totals.placeOf(port);
    if (!this.totals.isApart(held)) this.tellApart(port, held);
    const place = this.placeOf(port, address);
    const at = place * WORDS;
    assert(this.table[at + HOLDERS] > 0, 'port holders: a listener holds its port');
    this.table[at + PORT] = listener < 0 ? port : port | LISTENED;
    this.listeners[place] = listener;
  }

  /** How many hold any port. Costs a walk over the tables. */
  total(): number {
    const { table } = this;
    const { all, apart } = this.totals.total();
    let sum = 0;
    for (let at = 0; at < table.length; at += WORDS) sum += table[at + HOLDERS];
    assert(sum === apart, 'port holders: who holds a port holds it by an address');
    return all;
  }

  /** Whether another one says the same of every port and address in this one. Costs a walk over its tables. */
  isLike(other: PortHolders): boolean {
    const { table, totals } = this;
    for (let at = 0; at < table.length; at += WORDS) {
      if (table[at + HOLDERS] === 0) continue;
      if (!this.agrees(other, table[at + PORT] & PORT_MASK, table[at + ADDRESS])) return false;
    }
    for (let place = 0; place < totals.size; place++) {
      if (totals.holders(place) === 0) continue;
      const port = totals.portAt(place);
      if (!totals.isApart(place) && !this.agrees(other, port, totals.address(place))) return false;
      if (other.totals.bound(other.totals.placeOf(port)) !== totals.bound(place)) return false;
    }
    return true;
  }

  private agrees(other: PortHolders, port: number, address: number): boolean {
    return (
      other.by(port, address, HOLDERS) === this.by(port, address, HOLDERS) &&
      other.by(port, address, EXCLUSIVE) === this.by(port, address, EXCLUSIVE) &&
      other.listener(port, address) === this.listener(port, address)
    );
  }

  /** What is said of those who hold a port by exactly this address (0: any). @param word HOLDERS, EXCLUSIVE. */
  private by(port: number, address: number, word: number): number {
    const { totals } = this;
    const place = totals.placeOf(port);
    if (totals.isApart(place)) return this.table[this.placeOf(port, address) * WORDS + word];
    if (totals.address(place) !== address) return 0;
    return word === HOLDERS ? totals.holders(place) : totals.exclusive(place);
  }

  /** So many more hold a port by an address, and so many more of them share it with nobody. // Hot path. */
  private change(port: number, address: number, step: number, exclusive: number): void {
    const { totals } = this;
    const place = totals.placeOf(port);
    if (totals.isByAnother(place, address)) this.tellApart(port, place);
    if (!totals.count(place, port, address, step, exclusive)) this.count(port, address, step, exclusive);
  }

  /** All have held a port by one address, and others are about to come, or somebody listens there. */
  private tellApart(port: number, place: number): void {
    const { totals } = this;
    totals.setApart(place);
    this.count(port, totals.address(place), totals.holders(place), totals.exclusive(place));
  }

  private sum(port: number, address: number, word: number): number {
    const { table } = this;
    return table[this.placeOf(port, address) * WORDS + word] + table[this.placeOf(port, 0) * WORDS + word];
  }

  private count(port: number, address: number, step: number, exclusive: number): void {
    const { table } = this;
    const place = this.placeOf(port, address);
    const at = place * WORDS;
    if (table[at + HOLDERS] === 0) {
      table[at + ADDRESS] = address;
      table[at + PORT] = port;
    }
    table[at + HOLDERS] += step;
    table[at + EXCLUSIVE] += exclusive;
    if (COSTLY) {
      assert(
        table[at + HOLDERS] >= table[at + EXCLUSIVE] && table[at + EXCLUSIVE] >= 0,
        'port holders: who gives a port up held it by its address',
      );
    }
    if (table[at + HOLDERS] === 0) this.clear(place);
  }

  /** The place of an entry, or the free one where it would go, whose counts are 0. */
  private placeOf(port: number, address: number): number {
    const { table, mask } = this;
    let place = hash(port, address) & mask;
    for (;;) {
      const at = place * WORDS;
      const found = table[at + PORT];
      if (COSTLY) this.looks += 1;
      if (found === 0 || ((found & PORT_MASK) === port && table[at + ADDRESS] === address)) return place;
      place = (place + 1) & mask;
    }
  }

  /** Takes an entry out, and moves followers back into its place, so that probing finds them. */
  private clear(cleared: number): void {
    const { table, listeners, mask } = this;
    assert(
      (table[cleared * WORDS + PORT] & LISTENED) === 0,
      'port holders: nobody listens at a port that nobody holds',
    );
    let hole = cleared;
    for (let place = (hole + 1) & mask; ; place = (place + 1) & mask) {
      const at = place * WORDS;
      const port = table[at + PORT];
      if (port === 0) break;
      const home = hash(port & PORT_MASK, table[at + ADDRESS]) & mask;
      // An entry may move back only if its home does not lie between the hole and it.
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      const to = hole * WORDS;
      table[to + ADDRESS] = table[at + ADDRESS];
      table[to + PORT] = port;
      table[to + HOLDERS] = table[at + HOLDERS];
      table[to + EXCLUSIVE] = table[at + EXCLUSIVE];
      if ((port & LISTENED) !== 0) listeners[hole] = listeners[place];
      hole = place;
    }
    table[hole * WORDS + PORT] = 0;
    table[hole * WORDS + HOLDERS] = 0;
    table[hole * WORDS + EXCLUSIVE] = 0;
  }
}

/** Whether one who holds a port by an address holds it by another as well. @param asked 0: any. */
function overlaps(held: number, asked: number): boolean {
  return held === asked || held === 0 || asked === 0;
}

/**
 * Four ports in a row lie in one line of a processor's cache: connections come and go at ports in a row. The
 * fours lie apart, so that they do not make one long run.
 */
function hash(port: number, address: number): number {
  let h = Math.imul(address ^ (address >>> 15), 0x2c1b3c6d) ^ (port >>> 2);
  h = Math.imul(h ^ (h >>> 13), 0x297a2d39);
  return ((h ^ (h >>> 16)) << 2) | (port & 3);
}
