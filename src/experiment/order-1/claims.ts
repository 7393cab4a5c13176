/** The claims about failing allocations, each with what would show that it is wrong. */
import { minFreeKbytesDefault } from '../../host/memory/marks.ts';
import { differenceOf, type Effect, effectOf, exactly } from '../claims/effect.ts';
import type { Claim } from '../claims/judge.ts';
import {
  ALL_MIXED_RAISED,
  type Arm,
  AS_IT_WAS,
  JUMBO,
  LARGE_RING,
  LARGER_RING,
  LEVELS,
  LITTLE_MIXED,
  POOL,
  POOL_SMALL,
  RAISED,
  RECLAIM_FOR_ORDER,
  SENDING,
  SENDING_TSO_OFF,
  SENDING_UNCOUPLED,
  SENDING_UNCOUPLED_TSO_OFF,
  SINGLE_PAGES,
  SMALL_POOL,
  STANDARD,
  TSO_OFF,
} from './arms.ts';
import type { Figure, Laboratory } from './laboratory.ts';
import type { Scene } from './scene.ts';

/** What the case's author found vm.min_free_kbytes to be. */
const FOUND_KB = 11_495;
/** Fewer than this many a run are none. */
const NONE = { below: 1 } as const;
const SOME = { above: 0 } as const;

const REPORT = 'the report (Linux 2.6.24, tg3, x86-64, 8 GB)';
const DERIVED = 'derived from the source of Linux 2.6.24';
const OURS = 'ours';

export function claimsOf(laboratory: Laboratory, scene: Scene): Claim[] {
  return [
    tsoClaim(laboratory, scene),
    defaultClaim(scene),
    reserveClaim(laboratory),
    ...jumboClaims(laboratory),
    fragmentationClaim(laboratory),
    ...cureClaims(laboratory),
    ...poolClaims(laboratory),
    peerClaim(laboratory),
  ];
}

const count = (laboratory: Laboratory, arm: Arm, figure: Figure, what: string): Effect =>
  effectOf(what, '', laboratory.values(arm, figure));

const failures = (laboratory: Laboratory, arm: Arm): Effect =>
  count(laboratory, arm, 'failures', `failures a run, ${arm.name}`);

export function tsoClaim(laboratory: Laboratory, { coupling }: Scene): Claim {
  const more = (on: Arm, off: Arm, what: string): Effect =>
    differenceOf(what, '', laboratory.values(on, 'failures'), laboratory.values(off, 'failures'));
  const claim = {
    name: 'tso',
    statement:
      'TCP segmentation offload makes requests fail: a host that only sends has more of them with it.',
    source: `${REPORT}: suspected`,
    effect: more(SENDING, SENDING_TSO_OFF, 'failures a run with TSO, less those without'),
    bound: SOME,
  };
  if (!coupling) return claim;
  const effect = more(SENDING_UNCOUPLED, SENDING_UNCOUPLED_TSO_OFF, 'the same, no coupling');
  const factor = 'whether acknowledgements of large sends wait in receive buffers';
  return { ...claim, under: [{ factor, condition: 'coupling=false', effect }] };
}

export function defaultClaim({ lowmemKb, kernel }: Scene): Claim {
  const preset = minFreeKbytesDefault(lowmemKb, kernel);
  return {
    name: 'default',
    statement: `A reserve of ${FOUND_KB} kB is less than such a host has when nobody sets it.`,
    source: `${REPORT}: suspected`,
    effect: exactly('how much less than the default of this host it is, in kB', '', preset - FOUND_KB),
    bound: SOME,
  };
}

export function reserveClaim(laboratory: Laboratory): Claim {
  return {
    name: 'reserve',
    statement: `Raising vm.min_free_kbytes to ${LEVELS.raisedKb} ends the failures.`,
    source: `${REPORT}: suspected; still a common advice`,
    effect: failures(laboratory, RAISED),
    bound: NONE,
    without: { cause: RAISED.name, effect: failures(laboratory, AS_IT_WAS) },
    under: [
      {
        factor: 'fragmentation',
        condition: 'pages reclaimed from anywhere',
        effect: failures(laboratory, ALL_MIXED_RAISED),
      },
    ],
  };
}

export function jumboClaims(laboratory: Laboratory): Claim[] {
  const order = (arm: Arm): Effect => {
    return exactly(`order of a receive buffer's pages, ${arm.name}`, '', laboratory.outcomes(arm)[0].order);
  };
  const worse = differenceOf(
    'frames discarded with jumbo frames, less those without, of a hundred that come',
    '',
    laboratory.values(JUMBO, 'lost'),
    laboratory.values(STANDARD, 'lost'),
  );
  return [
    {
      name: 'jumbo',
      statement: 'Jumbo frames are why a receive buffer takes pages that lie side by side.',
      source: `${DERIVED}, which says otherwise`,
      effect: order(JUMBO),
      bound: SOME,
      without: { cause: 'jumbo frames', effect: order(STANDARD) },
    },
    {
      name: 'jumbo-worse',
      statement: 'Jumbo frames make it worse: of the frames that come, a larger share is discarded.',
      source: DERIVED,
      effect: worse,
      bound: SOME,
    },
  ];
}

export function fragmentationClaim(laboratory: Laboratory): Claim {
  return {
    name: 'fragmentation',
    statement: 'Fragmentation decides: where reclaimed pages lie side by side, no request is refused.',
    source: DERIVED,
    effect: failures(laboratory, AS_IT_WAS),
    bound: SOME,
    without: { cause: 'fragmentation', effect: failures(laboratory, LITTLE_MIXED) },
  };
}

/** Cures that are said to end the failures, and one that ends only what the peer sees of them. */
export function cureClaims(laboratory: Laboratory): Claim[] {
  const cure = (name: string, arm: Arm, statement: string, source: string): Claim => ({
    name,
    statement,
    source,
    effect: failures(laboratory, arm),
    bound: NONE,
    without: { cause: arm.name, effect: failures(laboratory, AS_IT_WAS) },
  });
  const discards = (arm: Arm): Effect => {
    return count(laboratory, arm, 'discards', `frames discarded a run, ${arm.name}`);
  };
  return [
    cure('tso-off', TSO_OFF, 'Turning TSO off ends the failures.', `${REPORT}: suspected`),
    cure('order-0', SINGLE_PAGES, 'Receive buffers made of single pages end the failures.', DERIVED),
    cure('ring', LARGER_RING, `A ring of ${LARGE_RING} descriptors ends the failures.`, OURS),
    {
      name: 'ring-hides',
      statement: `A ring of ${LARGE_RING} descriptors hides them: no frame is discarded.`,
      source: OURS,
      effect: discards(LARGER_RING),
      bound: NONE,
      without: { cause: LARGER_RING.name, effect: discards(AS_IT_WAS) },
    },
    cure(
      'reclaim',
      RECLAIM_FOR_ORDER,
      'Reclaim that goes on until two pages side by side are free ends the failures.',
      DERIVED,
    ),
  ];
}

export function poolClaims(laboratory: Laboratory): Claim[] {
  const discards = (arm: Arm): Effect => {
    return count(laboratory, arm, 'discards', `frames discarded a run, ${arm.name}`);
  };
  return [
    {
      name: 'pool',
      statement: 'Buffers allocated once, at start, never fail to be allocated.',
      source: "Intel's iNIC prototype: its aim of no allocation at run time",
      effect: failures(laboratory, POOL),
      bound: NONE,
      without: { cause: POOL.name, effect: failures(laboratory, AS_IT_WAS) },
    },
    {
      name: 'pool-lossless',
      statement: 'And such a pool loses no frame.',
      source: OURS,
      effect: discards(POOL),
      bound: NONE,
      under: [
        {
          factor: 'how many buffers there are for what waits unread',
          condition: `${SMALL_POOL} buffers`,
          effect: discards(POOL_SMALL),
        },
      ],
    },
  ];
}

export function peerClaim(laboratory: Laboratory): Claim {
  const lost = (arm: Arm, what: string): Effect => {
    const cured = laboratory.values({ ...arm, change: { ...arm.change, ...SINGLE_PAGES.change } }, 'goodput');
    const values = laboratory.values(arm, 'goodput').map((rate, i) => 100 * (1 - rate / cured[i]));
    return effectOf(what, '%', values);
  };
  return {
    name: 'peer',
    statement: 'The peer loses throughput by what fails in this host, both ways taken together.',
    source: `${DERIVED}: the ring drains, frames are discarded, TCP sends them again`,
    effect: lost(AS_IT_WAS, 'goodput lost beside the same host with buffers of single pages'),
    bound: SOME,
    without: { cause: 'fragmentation', effect: lost(LITTLE_MIXED, 'the same, little fragmentation') },
  };
}
