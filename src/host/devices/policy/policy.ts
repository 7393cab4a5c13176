/** A policy in force: rules in their order, and how often each has decided. */
import { type DecisionKind, matches, type PolicyRule, type RuleSettings, type Tuple } from './rule.ts';

export interface Decision {
  readonly offload: boolean;
  /** Which rule said so, from 0; -1: none, and so no-offload. */
  readonly rule: number;
  readonly settings: RuleSettings;
}

const IMPLICIT: Decision = { offload: false, rule: -1, settings: {} };

export class Policy {
  /** How often each rule has decided; the implicit one is last. */
  hits: number[] = [0];
  private inForce: readonly PolicyRule[] = [];
  private decisions: readonly Decision[] = [];

  constructor(rules: readonly PolicyRule[] = []) {
    this.replace(rules);
  }

  get rules(): readonly PolicyRule[] {
    return this.inForce;
  }

  /** From now on these rules decide. What was decided stays as it is. */
  replace(rules: readonly PolicyRule[]): void {
    this.inForce = rules;
    this.decisions = rules.map(({ offload, settings }, rule) => ({ offload, rule, settings }));
    this.hits = Array.from({ length: rules.length + 1 }, () => 0);
  }

  /** The first rule that matches decides. */
  decide(kind: DecisionKind, tuple: Tuple): Decision {
    const decision = this.peek(kind, tuple);
    this.hits[decision.rule < 0 ? this.inForce.length : decision.rule] += 1;
    return decision;
  }

  /** What `decide` would say, which is not counted. */
  peek(kind: DecisionKind, tuple: Tuple): Decision {
    const at = this.inForce.findIndex((rule) => matches(rule, kind, tuple));
    return at < 0 ? IMPLICIT : this.decisions[at];
  }
}
