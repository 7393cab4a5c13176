/** The records of the connections of a stack that sleep, and what is looked at in them without waking one. */
import { assert } from '../../../assert/assert.ts';
import type { Tcb } from '../tcb.ts';
import {
  FLAG_BOUND,
  FLAG_KEEPALIVE_RUNS,
  FLAG_REUSE_ADDRESS,
  loadRecord,
  RECORD_WORDS,
  saveRecord,
  WORD_FLAGS,
  WORD_LOCAL_ADDRESS,
  WORD_PATHS_KNOWN,
  WORD_PORTS,
  WORD_REMOTE_ADDRESS,
  WORD_ROUTES_KNOWN,
} from './record.ts';

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

  save(index: number, tcb: Tcb): void {
    this.makeRecords();
    saveRecord(this.words, index * RECORD_WORDS, tcb);
  }

  load(index: number, tcb: Tcb): void {
    assert(this.words.length > 0, 'dormant connection: one that wakes was written down');
    loadRecord(this.words, index * RECORD_WORDS, tcb);
  }

  /** Which news a connection knows. */
  setKnown(index: number, routes: number, paths: number): void {
    const at = index * RECORD_WORDS;
    this.words[at + WORD_ROUTES_KNOWN] = routes;
    this.words[at + WORD_PATHS_KNOWN] = paths;
  }

  routesKnown(index: number): number {
    return this.words[index * RECORD_WORDS + WORD_ROUTES_KNOWN];
  }

  pathsKnown(index: number): number {
    return this.words[index * RECORD_WORDS + WORD_PATHS_KNOWN];
  }

  remoteAddress(index: number): number {
    return this.words[index * RECORD_WORDS + WORD_REMOTE_ADDRESS];
  }

  localAddress(index: number): number {
    return this.words[index * RECORD_WORDS + WORD_LOCAL_ADDRESS];
  }

  localPort(index: number): number {
    return this.words[index * RECORD_WORDS + WORD_PORTS] & 0xffff;
  }

  isBound(index: number): boolean {
    return (this.words[index * RECORD_WORDS + WORD_FLAGS] & FLAG_BOUND) !== 0;
  }

  reusesAddress(index: number): boolean {
    return (this.words[index * RECORD_WORDS + WORD_FLAGS] & FLAG_REUSE_ADDRESS) !== 0;
  }

  runsTimer(index: number): boolean {
    return (this.words[index * RECORD_WORDS + WORD_FLAGS] & FLAG_KEEPALIVE_RUNS) !== 0;
  }
}
