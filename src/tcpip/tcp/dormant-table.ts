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
  WORD_STATE,
} from './dormant-record.ts';
import { loadRest, REST_WORDS, restOf, saveRest } from './dormant-rest.ts';
import type { Tcb } from './tcb.ts';

const PORT_MASK = 0xffff;
const WORD_BITS = 32;
const WORD_SHIFT = 5;

/** The records, by a connection's number, and what is counted of them. */
export class DormantTable {
  /** Made with the first connection that sleeps: a stack that keeps all its Tcbs needs none. */
  private words = new Int32Array(0);
  /** A bit for each connection: 1 while it sleeps. So few words stay in a processor's caches. */
  private readonly sleeping: Int32Array;
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
  }

  /** Makes the records, so that none is made later. */
  makeRecords(): void {
    if (this.words.length > 0) return;
    this.words = new Int32Array(this.connectionsMax * RECORD_WORDS);
    this.rests = new Int32Array(this.connectionsMax * REST_WORDS);
  }

  /** A connection falls asleep. */
  save(index: number, tcb: Tcb): void {
    this.makeRecords();
    const rest = restOf(tcb, this.config);
    saveRecord(this.words, index * RECORD_WORDS, tcb, rest);
    if (rest !== 0) saveRest(this.rests, index * REST_WORDS, tcb);
    this.sleeping[index >> WORD_SHIFT] |= 1 << index;
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
    loadRecord(this.words, index * RECORD_WORDS, tcb);
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

  /** A word of a record. @param word WORD_ number. */
  word(index: number, word: number): number {
    assert(this.words.length > 0, 'dormant connection: what is looked at was written down');
    return this.words[index * RECORD_WORDS + word];
  }

  setWord(index: number, word: number, value: number): void {
    assert(word >= 0 && word < RECORD_WORDS, 'dormant connection: what is written lies in its record');
    this.words[index * RECORD_WORDS + word] = value;
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
