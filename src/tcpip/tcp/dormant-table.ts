/** The records of the connections of a stack that sleep, and what is looked at in them without waking one. */
import { assert } from '../../assert/assert.ts';
import { loadRecord, RECORD_WORDS, saveRecord, WORD_FLAGS, WORD_PORTS } from './dormant-record.ts';
import type { Tcb } from './tcb.ts';

const PORT_MASK = 0xffff;

/** The records, by a connection's number, and what is counted of them. */
export class DormantTable {
  /** Made with the first connection that sleeps: a stack that keeps all its Tcbs needs none. */
  private words = new Int32Array(0);
  private readonly connectionsMax: number;
  /** Connections that sleep now; that ever did; that were woken. */
  count = 0;
  slept = 0;
  woken = 0;

  constructor(connectionsMax: number) {
    this.connectionsMax = connectionsMax;
  }

  /** Makes the records, so that none is made later. */
  makeRecords(): void {
    if (this.words.length === 0) this.words = new Int32Array(this.connectionsMax * RECORD_WORDS);
  }

  /** A connection falls asleep. */
  save(index: number, tcb: Tcb): void {
    this.makeRecords();
    saveRecord(this.words, index * RECORD_WORDS, tcb);
    this.count += 1;
    this.slept += 1;
  }

  /** A connection wakes in a Tcb that is new from the pool. Its record stays as it is. */
  load(index: number, tcb: Tcb): void {
    assert(this.count > 0, 'dormant connection: one that wakes was written down');
    loadRecord(this.words, index * RECORD_WORDS, tcb);
    this.count -= 1;
    this.woken += 1;
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

  /** @param flag FLAG_ bit. */
  hasFlag(index: number, flag: number): boolean {
    return (this.word(index, WORD_FLAGS) & flag) !== 0;
  }
}
