/**
 * What the checks of `identities.ts` remember from one to the next. Empty where costly assertions do not run.
 */
import { COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { Edges } from './edges.ts';

export class CheckMemory {
  readonly edges: Edges;
  /** Embryos that name each connection as their listener, counted anew by each check of all tables. */
  readonly embryos: Int32Array;
  /** 1 where a receive queue holds a packet slot, marked anew by each check of all tables. */
  readonly slots: Uint8Array;
  /** Flushes since all tables were looked at last, and looks at connections. */
  flushes = 0;
  looks = 0;

  constructor(connections: number, packets: number) {
    this.edges = new Edges(COSTLY_ASSERTIONS ? connections : 0);
    this.embryos = new Int32Array(COSTLY_ASSERTIONS ? connections : 0);
    this.slots = new Uint8Array(COSTLY_ASSERTIONS ? packets : 0);
  }
}
