/**
 * How many hold each local port, whatever the address, how many of them share it with nobody, how many are bound
 * to it, and by which address they hold it where that is one for all of them, as it is of most ports. A large
 * stack has a place for every port, at the port's own number, so that ports in use one after the other lie in the
 * same cache lines. A small one does without a table of 65,536 places: open addressing with linear probing, at
 * most half full.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

const PORTS = 65536;
/** A small table multiplies a port by this, so that ports in a row do not lie in a row. */
const SPREAD = 0x9e35;
/** A table that would have as many places as this has one for every port. */
const LARGE = 8192;

/** Words of a place. Who hold the port: 0 where the place is free. And those of them who share it with nobody. */
const WORDS = 4;
const HOLDERS = 0;
const EXCLUSIVE = 1;
/** Those who are bound to it, and `APART` where they are told apart by address elsewhere. */
const BOUND = 2;
/** The address of all of them, where they are not. */
const ADDRESS = 3;
const APART = 0x4000_0000;

export class PortTotals {
  /** How many places there are. */
  readonly size: number;
  private readonly words: Int32Array;
  /** By place, of a small table: the port. */
  private readonly ports: Uint16Array;
  private readonly mask: number;
  private readonly spread: number;
  private readonly isSmall: boolean;
  private readonly holdersMax: number;

  /** @param holdersMax holders of all ports that there can be at once. */
  constructor(holdersMax: number) {
    assert(holdersMax > 0, 'port holders: somebody may hold a port');
    let size = 16;
    while (size < holdersMax * 2 && size < LARGE) size *= 2;
    this.isSmall = size < LARGE;
    if (!this.isSmall) size = PORTS;
    this.spread = this.isSmall ? SPREAD : 1;
    this.words = new Int32Array(size * WORDS);
    this.ports = new Uint16Array(this.isSmall ? size : 0);
    this.size = size;
    this.mask = size - 1;
    this.holdersMax = holdersMax;
  }

  /** The port of a place that is taken. */
  portAt(place: number): number {
    assert(this.holders(place) > 0, 'port holders: a port has a place while somebody holds it');
    return this.isSmall ? this.ports[place] : place;
  }

  /** The place of a port, or the free one where it would go: until another port comes or goes. // Hot path. */
  placeOf(port: number): number {
    return this.isSmall ? this.search(port) : port;
  }

  holders(place: number): number {
    return this.words[place * WORDS + HOLDERS];
  }

  exclusive(place: number): number {
    return this.words[place * WORDS + EXCLUSIVE];
  }

  bound(place: number): number {
    return this.words[place * WORDS + BOUND] & ~APART;
  }

  /** Whether those who hold a port are told apart by address, each on its own. */
  isApart(place: number): boolean {
    return (this.words[place * WORDS + BOUND] & APART) !== 0;
  }

  /** The address by which all hold it who do, where they are not told apart. */
  address(place: number): number {
    return this.words[place * WORDS + ADDRESS];
  }

  /** They are told apart from now on, until nobody holds the port. */
  setApart(place: number): void {
    assert(this.holders(place) > 0, 'port holders: who are told apart by address hold a port');
    assert(!this.isApart(place), 'port holders: those who hold a port are told apart once');
    this.words[place * WORDS + BOUND] |= APART;
  }

  /** Whether somebody holds a port, and all who do by one address that is not this. // Hot path. */
  isByAnother(place: number, address: number): boolean {
    const { words } = this;
    const at = place * WORDS;
    return words[at + ADDRESS] !== address && words[at + HOLDERS] !== 0 && (words[at + BOUND] & APART) === 0;
  }

  /**
   * So many more hold a port by an address (0: any), and so many more of them share it with nobody; or less.
   * @returns whether that is all: else they are told apart by address. // Hot path.
   */
  count(place: number, port: number, address: number, step: number, exclusive: number): boolean {
    const { words } = this;
    const at = place * WORDS;
    if (words[at + HOLDERS] === 0) {
      if (this.isSmall) this.ports[place] = port;
      words[at + ADDRESS] = address;
    }
    const isAll = (words[at + BOUND] & APART) === 0;
    words[at + HOLDERS] += step;
    words[at + EXCLUSIVE] += exclusive;
    assert(
      words[at + HOLDERS] >= words[at + EXCLUSIVE] && words[at + EXCLUSIVE] >= 0,
      'port holders: who gives a port up held it, and in the same way',
    );
    if (COSTLY) {
      assert(words[at + HOLDERS] <= this.holdersMax, 'port holders: no more hold a port than there may be');
    }
    if (words[at + HOLDERS] === 0) this.leave(place);
    return isAll;
  }

  /** So many more are bound to a port that they hold; or less. */
  bind(port: number, step: number): void {
    const at = this.placeOf(port) * WORDS;
    this.words[at + BOUND] += step;
    const bound = this.words[at + BOUND] & ~APART;
    assert(bound >= 0 && bound <= this.words[at + HOLDERS], 'port holders: who is bound to a port holds it');
  }

  /** Holders of all ports, and of those whose are told apart. Costs a walk over the table. */
  total(): { all: number; apart: number } {
    let all = 0;
    let apart = 0;
    for (let place = 0; place <= this.mask; place++) {
      all += this.holders(place);
      if (this.isApart(place)) apart += this.holders(place);
    }
    assert(apart <= all, 'port holders: who are told apart by address are some of all');
    return { all, apart };
  }

  private search(port: number): number {
    const { ports, words, mask, spread } = this;
    let place = Math.imul(port, spread) & mask;
    while (words[place * WORDS] !== 0 && ports[place] !== port) place = (place + 1) & mask;
    return place;
  }

  /** Nobody holds a port any more. */
  private leave(place: number): void {
    assert(this.bound(place) === 0, 'port holders: nobody is bound to a port that nobody holds');
    this.words[place * WORDS + BOUND] = 0;
    // Where each port has a place of its own, none was pushed on by another, however many follow in a row.
    if (this.isSmall) this.fill(place);
  }

  /** Moves followers back into a place that has become free, so that probing finds them. */
  private fill(free: number): void {
    const { ports, words, mask, spread } = this;
    assert(this.isSmall, 'port holders: a place is filled again where another port may have it');
    let hole = free;
    for (let place = (hole + 1) & mask; words[place * WORDS] !== 0; place = (place + 1) & mask) {
      const home = Math.imul(ports[place], spread) & mask;
      // An entry may move back only if its home does not lie between the hole and it.
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      ports[hole] = ports[place];
      words.copyWithin(hole * WORDS, place * WORDS, (place + 1) * WORDS);
      words.fill(0, place * WORDS, (place + 1) * WORDS);
      hole = place;
    }
  }
}
