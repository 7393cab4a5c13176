/** What becomes of a script: the failure that ends it, and the verdict that is told. */
import type { Place } from '../script/ast.ts';

/** What was expected did not happen. */
export class Failed extends Error {
  readonly place: Place;
  /** Further lines, such as both packets. */
  readonly details: readonly string[];

  constructor(place: Place, words: string, details: readonly string[] = []) {
    super(words);
    this.name = 'Failed';
    this.place = place;
    this.details = details;
  }
}

export type OutcomeName = 'passed' | 'failed' | 'not judged' | 'no script';

export interface Verdict {
  readonly file: string;
  readonly outcome: OutcomeName;
  /** Where it ended; undefined when it passed. */
  readonly place: Place | undefined;
  /** Why, on one line; '' when it passed. */
  readonly words: string;
  readonly details: readonly string[];
  /** What was skipped, each with a word why. */
  readonly notes: readonly string[];
  /** What code printed. */
  readonly printed: readonly string[];
  /** Virtual time at its end, in microseconds. */
  readonly endUs: number;
  /** Events that were carried out, of how many. */
  readonly events: number;
  readonly eventsTotal: number;
  /** All that went in and out, as a script. */
  readonly trace: readonly string[];
}
