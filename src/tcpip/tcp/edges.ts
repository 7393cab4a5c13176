/**
 * The edges of each connection's windows as they were when it was looked at last, so that an edge that moves
 * back is noticed (RFC 9293 §3.3.1 lets none). Kept only where costly assertions run.
 */
import { assert } from '../../assert/assert.ts';
import { atOrAfter } from '../seq.ts';
import type { Tcb } from './tcb.ts';

const WORDS = 7;

export class Edges {
  /**
   * By Tcb index: ISS and IRS, which tell one connection from the next, the edges, and 1 where all this is
   * so.
   */
  private readonly seen: Int32Array;

  /** @param count of connections; 0: nothing is ever looked at. */
  constructor(count: number) {
    this.seen = new Int32Array(count * WORDS);
  }

  /** The Tcb has no window yet, or not any more: what was seen says nothing about the next one. */
  forget(index: number): void {
    this.seen[index * WORDS + 6] = 0;
  }

  check(tcb: Tcb): void {
    const { seen } = this;
    const at = tcb.index * WORDS;
    if (seen[at + 6] === 1 && seen[at] === tcb.iss && seen[at + 1] === tcb.irs) {
      assert(atOrAfter(tcb.sndUna, seen[at + 2]), 'TCB: what was acknowledged stays acknowledged');
      assert(atOrAfter(tcb.sndMax, seen[at + 3]), 'TCB: what was sent stays sent');
      assert(atOrAfter(tcb.rcvNxt, seen[at + 4]), 'TCB: what was received stays received');
      assert(atOrAfter(tcb.rcvAdv, seen[at + 5]), 'TCB: a window that was offered is not taken back');
    }
    seen[at] = tcb.iss;
    seen[at + 1] = tcb.irs;
    seen[at + 2] = tcb.sndUna;
    seen[at + 3] = tcb.sndMax;
    seen[at + 4] = tcb.rcvNxt;
    seen[at + 5] = tcb.rcvAdv;
    seen[at + 6] = 1;
  }
}
