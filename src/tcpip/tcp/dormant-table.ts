/** The records of the connections of a stack that sleep, and what is looked at in them without waking one. */
import { assert } from '../../assert/assert.ts';
import type { StackConfig } from '../config.ts';
import {
  FLAG_REST,
  loadRecord,
  RECORD_WORDS,
  STATE_MASK,
  saveRecord,
  WORD_FLAGS,
  WORD_OWNER,
  WORD_PORTS,
  WORD_SLEPT,
  WORD_STATE,
} from './dormant-record.ts';
import { loadRest, REST_WORDS, restOf, saveRest } from './dormant-rest.ts';
import type { Tcb } from './tcb.ts';

const PORT_MASK = 0xffff;
const WORD_BITS = 32;
const WORD_SHIFT = 5;
/** Words of a line of a processor's cache. */
const LINE_WORDS = 16;
/**
 * Where the first record begins. A large array of its own begins 16 bytes behind the start of a page, where its
 * allocator keeps its length there (glibc's does): then each record takes four lines, and not five.
 */
export const FIRST_WORD = LINE_WORDS - 4;

/** Where the record of a connection begins. */
function placeOf(index: number): number {
  return FIRST_WORD + index * RECORD_WORDS;
}

/** The records, by a connection's number, and what is counted of them. */
export class DormantTable {
  /** Made with the first connection that sleeps: a stack that keeps all its Tcbs needs none. */
  private words = new Int32Array(0);
  /** A bit for each connection: 1 while it sleeps. So few words stay in a processor's caches. */
  private readonly sleeping: Int32Array;
  /** And 1 while it sleeps and a timer of its runs. */
  private readonly timed: Int32Array;
  /** What `fetch` has read beside WORD_SLEPT: nobody needs it, but what is not kept is not read. */
  fetched = 0;
  /** The rest of each record, where it has one: memory that nobody has written to takes no room. */
  private rests = new Int32Array(0);
  private readonly connectionsMax: number;
  private readonly config: StackConfig;
  /** Connections that sleep now; that ever did; that were woken. */
  count = 0;
  slept = 0;
  woken = 0;
  /** Of those that sleep: how many nobody owns, and how many search for their path's MTU. */
  orphans = 0;
  searching = 0;

  constructor(connectionsMax: number, config: StackConfig) {
    this.connectionsMax = connectionsMax;
    this.config = config;
    this.sleeping = new Int32Array((connectionsMax + WORD_BITS) >> WORD_SHIFT);
    this.timed = new Int32Array(this.sleeping.length);
  }

  /** Makes the records, so that none is made later. */
  makeRecords(): void {
    if (this.words.length > 0) return;
    this.words = new Int32Array(FIRST_WORD + this.connectionsMax * RECORD_WORDS);
    this.rests = new Int32Array(this.connectionsMax * REST_WORDS);
  }

  /** A connection falls asleep. */
  save(index: number, tcb: Tcb): void {
    this.makeRecords();
    const rest = restOf(tcb, this.config);
    saveRecord(this.words, placeOf(index), tcb, rest);
    if (rest !== 0) saveRest(this.rests, index * REST_WORDS, tcb);
    this.sleeping[index >> WORD_SHIFT] |= 1 << index;
    if (tcb.timers.armed !== 0) this.timed[index >> WORD_SHIFT] |= 1 << index;
    tcb.plain = 1 - rest;
    if (tcb.owner < 0) this.orphans += 1;
    this.searching += tcb.mtuSearch.on;
    this.count += 1;
    this.slept += 1;
  }

  /** A connection wakes in a Tcb that nobody has. Its record stays as it is. */
  load(index: number, tcb: Tcb): void {
    assert(this.count > 0, 'dormant connection: one that wakes was written down');
    // Who slept last in it has left all that a common record does not say as it is in a new one.
    if (tcb.plain === 0) tcb.reset(this.config);
    tcb.plain = 0;
    tcb.inUse = 1;
    this.sleeping[index >> WORD_SHIFT] &= ~(1 << index);
    this.timed[index >> WORD_SHIFT] &= ~(1 << index);
    loadRecord(this.words, placeOf(index), tcb);
    if (this.hasFlag(index, FLAG_REST)) loadRest(this.rests, index * REST_WORDS, tcb);
    if (tcb.owner < 0) this.orphans -= 1;
    this.searching -= tcb.mtuSearch.on;
    this.count -= 1;
    this.woken += 1;
  }

  /** Whether a connection sleeps. // Hot path. */
  has(index: number): boolean {
    return (this.sleeping[index >> WORD_SHIFT] & (1 << index)) !== 0;
  }

  /** Whether it sleeps and no timer of its runs. */
  isUntimed(index: number): boolean {
    const word = index >> WORD_SHIFT;
    return (this.sleeping[word] & ~this.timed[word] & (1 << index)) !== 0;
  }

  /**
   * WORD_SLEPT of a connection that is about to wake. Reads from each line of its record, so that those that no
   * cache has come at the same time, while a Tcb is found for it. // Hot path.
   */
  fetch(index: number): number {
    const { words } = this;
    const at = placeOf(index);
    this.fetched = words[at + LINE_WORDS] ^ words[at + 2 * LINE_WORDS] ^ words[at + 3 * LINE_WORDS];
    return words[at + WORD_SLEPT];
  }

  /** A word of a record. @param word WORD_ number. */
  word(index: number, word: number): number {
    assert(this.words.length > 0, 'dormant connection: what is looked at was written down');
    return this.words[placeOf(index) + word];
  }

  setWord(index: number, word: number, value: number): void {
    assert(word >= 0 && word < RECORD_WORDS, 'dormant connection: what is written lies in its record');
    this.words[placeOf(index) + word] = value;
  }

  localPort(index: number): number {
    return this.word(index, WORD_PORTS) & PORT_MASK;
  }

  state(index: number): number {
    return this.word(index, WORD_STATE) & STATE_MASK;
  }

  isOrphan(index: number): boolean {
    return this.word(index, WORD_OWNER) < 0;
  }

  /** @param flags FLAG_ bits, of which one at least is to be set. */
  hasFlag(index: number, flags: number): boolean {
    return (this.word(index, WORD_FLAGS) & flags) !== 0;
  }
}
