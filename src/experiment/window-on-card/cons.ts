/**
 * What the text of 2002 holds against the whole stack on a card: packet filters are bypassed, and what the
 * card knows of neighbours and routes goes stale. Each is shown, and shown mended, by the trials of open-toe,
 * in which a host has a card with the whole stack beside its own.
 */

import { effectOf } from '../claims/effect.ts';
import type { Claim } from '../claims/judge.ts';
import { ALL_OFFLOADED } from '../open-toe/arms.ts';
import { forbid, movePeer, reroutePeer, STALL_NS } from '../open-toe/live.ts';
import type { TestBed } from '../open-toe/world.ts';
import type { Run } from './world.ts';

const TEXT = 'linux-net, 2002: four gigabit ports on one card';

/** A trial with what the text complains of, or with it mended. */
type Trial = (bed: TestBed, mended: boolean) => number;

/** @param step told of each figure. */
export function conClaims(
  { costs, hostSpeed, systemCallNs }: Run,
  seeds: readonly number[],
  step: <T>(figure: T) => T = (figure) => figure,
): Claim[] {
  const of = (what: string, unit: string, trial: Trial, mended: boolean) =>
    effectOf(
      what,
      unit,
      seeds.map((seed) => {
        const bed = { seed, profile: costs, policy: ALL_OFFLOADED, hostSpeed, systemCallNs };
        return step(trial(bed, mended));
      }),
    );
  const both = (what: string, unit: string, trial: Trial, cause: string) => ({
    effect: of(what, unit, trial, false),
    without: { cause, effect: of(what, unit, trial, true) },
  });
  const until = 'until an answer comes';
  const unheard = 'a card that does not hear of changes';
  return [
    {
      name: 'filters-bypassed',
      statement: "The whole stack on a card bypasses the host's packet filters",
      source: TEXT,
      bound: { above: 50 },
      ...both('of 100 connections that a filter forbids, opened', '', forbid, 'a card that asks no filter'),
    },
    {
      name: 'neighbours-stale',
      statement: 'What a card with the whole stack knows of its neighbours goes stale',
      source: TEXT,
      bound: { above: STALL_NS / 10 },
      ...both(until, 'ns', movePeer, unheard),
    },
    {
      name: 'routes-stale',
      statement: 'So does what it knows of routes',
      source: TEXT,
      bound: { above: STALL_NS / 10 },
      ...both(until, 'ns', reroutePeer, unheard),
    },
  ];
}
