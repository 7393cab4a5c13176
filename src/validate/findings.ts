/**
 * What the validator has found. A rule broken by the same thing (a socket, a frame slot, a buffer, a
 * function) is told once and then counted, so that one fault does not drown the next. Only what breaks a rule
 * allocates.
 */
import { assert } from '../assert/assert.ts';
import { ruleWithId } from '../spec/catalogue.ts';

export interface Violation {
  /** As in `H-01`. */
  readonly rule: string;
  readonly title: string;
  /** The spec's words. */
  readonly doc: string;
  readonly reference: string;
  /**
   * Number of the frame, counted from 1 in the order the host saw them; 0 before the first. Its last frame
   * for other events.
   */
  readonly frame: number;
  readonly timeNs: number;
  /** What was there instead. */
  readonly seen: string;
  /** How often the same thing broke the same rule. */
  readonly count: number;
}

/** Found by a witness that may have missed something, which only the end of the trace tells. */
interface Held {
  readonly witness: string;
  readonly rule: string;
  readonly thing: number;
  readonly seen: string;
  readonly frame: number;
  readonly timeNs: number;
}

interface Told extends Violation {
  count: number;
}

/** So many violations are kept to be shown, and so many things are told apart; more are only counted. */
const VIOLATIONS_MAX = 4096;

export class Findings {
  /** Where in the trace we are. */
  frame = 0;
  timeNs = 0;
  /** Every violation, told or only counted. */
  total = 0;
  readonly violations: Violation[] = [];
  readonly countByRule = new Map<string, number>();
  private readonly told = new Map<string, Told>();
  private held: Held[] = [];

  /**
   * @param thing what broke it, as a number of the rule's own choice.
   * @param seen what was there, in words.
   */
  report(rule: string, thing: number, seen: string): void {
    this.total += 1;
    this.countByRule.set(rule, (this.countByRule.get(rule) ?? 0) + 1);
    const key = `${rule} ${thing}`;
    const before = this.told.get(key);
    if (before !== undefined) {
      before.count += 1;
      return;
    }
    if (this.violations.length >= VIOLATIONS_MAX) return;
    const entry = ruleWithId(rule);
    assert(entry !== undefined, 'findings: a rule that is reported is in spec/rules.yaml');
    const { title, doc, reference } = entry;
    const { frame, timeNs } = this;
    const violation: Told = { rule, title, doc, reference, frame, timeNs, seen, count: 1 };
    this.told.set(key, violation);
    this.violations.push(violation);
  }

  /**
   * `report`, of what only holds if a witness has seen everything: nothing is told before `settle`.
   * @param witness of the holder's own choice. @param frame where it was seen, if that was not now.
   */
  hold(
    witness: string,
    rule: string,
    thing: number,
    seen: string,
    frame = this.frame,
    timeNs = this.timeNs,
  ): void {
    if (this.held.length >= VIOLATIONS_MAX) return;
    this.held.push({ witness, rule, thing, seen, frame, timeNs });
  }

  /** A witness is done. @param complete whether it has seen everything; else what it held counts for nothing. */
  settle(witness: string, complete: boolean): void {
    const { frame, timeNs, held } = this;
    this.held = held.filter((one) => one.witness !== witness);
    if (!complete) return;
    for (const one of held) {
      if (one.witness !== witness) continue;
      this.frame = one.frame;
      this.timeNs = one.timeNs;
      this.report(one.rule, one.thing, one.seen);
    }
    this.frame = frame;
    this.timeNs = timeNs;
    this.violations.sort((a, b) => a.frame - b.frame);
  }
}

/** A number in hexadecimal, in the form that all readers of traces use. */
export function hex(value: number, digits = 0): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;
}
