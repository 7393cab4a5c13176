/**
 * Whether a claim holds. A claim is a bound on an effect: it holds where the whole interval keeps the bound,
 * is refuted where the whole interval breaks it, and is not decided where the interval lies across. A claim
 * that names a cause is refuted as well where the effect is there without the cause; and one that holds under
 * some conditions alone depends on what makes them.
 */
import type { Effect } from './effect.ts';

export type Bound = { readonly above: number } | { readonly below: number };

export interface Claim {
  /** A short name, for tests and files. */
  readonly name: string;
  /** A sentence that can be wrong. */
  readonly statement: string;
  /** Who says so: a text, or what was derived from it. */
  readonly source: string;
  readonly effect: Effect;
  readonly bound: Bound;
  /** The effect with the alleged cause taken away: there the claim must fail. */
  readonly without?: { readonly cause: string; readonly effect: Effect };
  /** The effect under other conditions. */
  readonly under?: readonly {
    /** What differs there, as it completes "depends on". */
    readonly factor: string;
    /** Which value it has there. */
    readonly condition: string;
    readonly effect: Effect;
  }[];
}

export interface Verdict {
  readonly kind: 'holds' | 'refuted' | 'depends' | 'undecided';
  /** Of `depends`: on what. */
  readonly on: string;
  /** Why, where the effect and its bound do not say it all; else empty. */
  readonly why: string;
}

export interface JudgedClaim extends Claim {
  readonly verdict: Verdict;
}

type Side = 'keeps' | 'breaks' | 'across';

export function judged(claim: Claim): JudgedClaim {
  return { ...claim, verdict: verdictOf(claim) };
}

export function verdictOf({ effect, bound, without, under = [] }: Claim): Verdict {
  const here = sideOf(effect, bound);
  if (here === 'across') return verdict('undecided', 'its interval lies across the bound: more seeds tell');
  if (here === 'keeps' && without !== undefined) {
    const there = sideOf(without.effect, bound);
    if (there === 'keeps') return verdict('refuted', `it is so without ${without.cause} as well`);
    if (there === 'across') {
      return verdict('undecided', `whether it is so without ${without.cause} is not: more seeds tell`);
    }
  }
  const other = under.filter(({ effect: there }) => {
    const side = sideOf(there, bound);
    return side !== 'across' && side !== here;
  });
  if (other.length > 0) {
    const on = [...new Set(other.map(({ factor }) => factor))].join(' and ');
    const where = other.map(({ condition }) => condition).join('; ');
    const why = here === 'keeps' ? `not so with ${where}` : `so with ${where}`;
    return { kind: 'depends', on, why };
  }
  return verdict(here === 'keeps' ? 'holds' : 'refuted', '');
}

/** As a reader sees it: `holds`, `refuted`, `depends on …`, `not decided`. */
export function verdictText({ kind, on }: Verdict): string {
  if (kind === 'depends') return `depends on ${on}`;
  return kind === 'undecided' ? 'not decided' : kind;
}

function verdict(kind: 'holds' | 'refuted' | 'undecided', why: string): Verdict {
  return { kind, on: '', why };
}

function sideOf({ low, high }: Effect, bound: Bound): Side {
  if ('above' in bound) {
    if (low > bound.above) return 'keeps';
    return high <= bound.above ? 'breaks' : 'across';
  }
  if (high < bound.below) return 'keeps';
  return low >= bound.below ? 'breaks' : 'across';
}
