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
}

/** A number in hexadecimal, in the form that all readers of traces use. */
export function hex(value: number, digits = 0): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;
}
