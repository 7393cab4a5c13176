/**
 * Open TOE (netdev, 2005): a registry of offload devices beside the host's own stack. Two makers' cards are
 * registered on one host; what was claimed of that, and what is objected to offload, is tested on it.
 */
import type { Experiment, Findings, Progress } from '../claims/experiment.ts';
import { SEEDS, type SettingValues } from '../claims/settings.ts';
import { ALL_OFFLOADED, type Arm, bedOf, type LoadSettings, type Measure, measureArm } from './arms.ts';
import { type Arms, costClaims, type LiveFigures, liveClaims, receiveClaims } from './claims.ts';
import { handOverPauseNs, retireDevice } from './hand-offs.ts';
import {
  failOver,
  fillDevice,
  forbid,
  loseDevice,
  movePeer,
  narrowPath,
  reroutePeer,
  STALL_NS,
  serveByTwo,
  watchFrames,
} from './live.ts';
import type { LoadFigures } from './load.ts';
import { fallbackTable, loadChart, loadTable, objectionTable, touchTable } from './tables.ts';
import { touchedPlaces } from './touched.ts';

const COSTS = ['card-2002', 'card-2005', 'card-2025'];
const LATER = 'card-2025';
const QUICK = 4;
const FRAME_BYTES = 1514;
const HEADER_BYTES = 96;

export const OPEN_TOE: Experiment = {
  name: 'open-toe',
  title: "Offload devices beside the host's own stack: does open TOE keep its promises?",
  question:
    "In 2005 a registry of offload devices was proposed for Linux, beside the host's own stack and on its " +
    'addresses. Do such devices take in 10 Gbit/s and leave the host its processor, does the host serve ' +
    'what they refuse, and which of the objections to them are so?',
  settings: [
    { ...SEEDS, preset: 3 },
    { key: 'costs', what: 'what work costs', preset: 'card-2005', words: COSTS },
    {
      key: 'hostSpeed',
      what: "how many times as fast the host's processor does TCP's work as the card's",
      preset: 3,
      range: [0.1, 100],
      fractions: true,
    },
    {
      key: 'systemCall',
      what: 'what entering the kernel takes beside, in ns',
      preset: 100,
      range: [0, 10_000],
    },
    { key: 'connections', what: 'connections at once', preset: 4, range: [1, 64] },
    {
      key: 'writes',
      what: 'writes of 64 KiB of each stream that is measured',
      preset: 250,
      range: [100, 100_000],
    },
    {
      key: 'transactions',
      what: 'connections of one request of each run',
      preset: 800,
      range: [100, 100_000],
    },
    {
      key: 'limit',
      what: 'connections that a device holds where it is to be full',
      preset: 8,
      range: [1, 64],
    },
  ],
  run,
};

function run(settings: SettingValues, progress: Progress): Findings {
  const seeds = settings.seeds();
  const profile = settings.word('costs');
  const limit = settings.number('limit');
  const load: LoadSettings = {
    hostSpeed: settings.number('hostSpeed'),
    systemCallNs: settings.number('systemCall'),
    connections: settings.number('connections'),
    writes: settings.number('writes'),
    transactions: settings.number('transactions'),
  };
  const arms = armsOf(profile);
  const list = Object.values(arms);
  // Each arm's stream, five arms' short connections, and twenty trials.
  const total = seeds.length * (list.length + 5 + 20);
  let done = 0;
  const step = <T>(measured: T): T => {
    done += 1;
    progress(Math.min(done, total), total);
    return measured;
  };
  const measure = remembering(seeds, (arm, workload, seed) => step(measureArm(load, arm, workload, seed)));
  const live = trials(load, arms, limit, seeds, step);
  const received = receiveClaims(measure, arms, LATER);
  const costs = costClaims(measure, arms, LATER);
  const of = (name: string): number =>
    [...received, ...costs].find((claim) => claim.name === name)?.effect.mean ?? 0;
  const leftLater = received.find(({ name }) => name === 'left-over')?.under?.[0].effect.mean ?? 0;
  const [seed] = seeds;
  const bed = bedOf(load, arms.card, seed);
  return {
    claims: [...received, ...costs, ...liveClaims(live, STALL_NS)],
    tables: [
      loadTable(measure, list, [arms.host, arms.card, arms.quickCard, arms.laterHost, arms.laterCard]),
      fallbackTable(fillDevice(bed, limit, true)),
      touchTable(live.touched),
      objectionTable({
        setUp: of('set-up'),
        leftNow: of('left-over'),
        leftLater,
        later: LATER,
        death: loseDevice(bed),
      }),
    ],
    charts: [loadChart(measure, list)],
    assumed: [
      `Costs are those of ${profile}; the host does TCP's work ${load.hostSpeed} times as fast as the card.`,
      'The server has one processor and two cards, each on a wire of 10 Gbit/s; its peers take no time.',
      'Devices and host run the same TCP; the plain card makes checksums, and hands over frame by frame.',
      'A tap takes 120 ns a frame, and for each byte that it copies what a receive copy takes.',
      'A device that dies is reset, with all that it holds.',
    ],
    open: [
      'Which rates cards and hosts of 2005 had: ratios and shapes are told here, and no silicon is measured.',
      'How long a hand-off takes a device that keeps the state of its connections in another form.',
      "What other makers' TCP would do differently.",
    ],
  };
}

function armsOf(profile: string): Arms {
  const arm = (name: string, offloaded: boolean, more: Partial<Arm> = {}): Arm => ({
    name,
    offloaded,
    profile,
    cardSpeed: 1,
    ...more,
  });
  return {
    host: arm('host', false),
    card: arm('offload', true),
    quickCard: arm('offload, a card 4 times as fast', true, { cardSpeed: QUICK }),
    laterHost: arm(`host, ${LATER}`, false, { profile: LATER }),
    laterCard: arm(`offload, ${LATER}`, true, { profile: LATER }),
    tapped: arm('offload, a tap', true, { tapBytes: FRAME_BYTES }),
    tappedHeaders: arm('offload, a tap on headers', true, { tapBytes: HEADER_BYTES }),
  };
}

/** Measures what is asked for the first time, and remembers it. */
function remembering(
  seeds: readonly number[],
  measured: (...of: [...Parameters<Measure>, seed: number]) => LoadFigures,
): Measure {
  const kept = new Map<string, readonly LoadFigures[]>();
  return (arm, workload) => {
    const key = `${workload} ${arm.name}`;
    const known = kept.get(key) ?? seeds.map((seed) => measured(arm, workload, seed));
    kept.set(key, known);
    return known;
  };
}

function trials(
  load: LoadSettings,
  { host, card }: Arms,
  limit: number,
  seeds: readonly number[],
  step: <T>(measured: T) => T,
): LiveFigures {
  const bed = (seed: number, offloaded = true) => ({
    ...bedOf(load, offloaded ? card : host, seed),
    policy: offloaded ? ALL_OFFLOADED : '',
  });
  const each = (figure: (seed: number) => number): number[] => seeds.map((seed) => step(figure(seed)));
  return {
    lost: each((seed) => fillDevice(bed(seed), limit, true).lostPercent),
    lostWithout: each((seed) => fillDevice(bed(seed), limit, false).lostPercent),
    byTwo: each((seed) => serveByTwo(bed(seed), true)),
    byTwoWithout: each((seed) => serveByTwo(bed(seed), false)),
    seen: each((seed) => watchFrames(bed(seed)).seenPercent),
    seenWithout: each((seed) => watchFrames(bed(seed)).hostsPercent),
    stalledNs: each((seed) => movePeer(bed(seed), true)),
    stalledWithoutNs: each((seed) => movePeer(bed(seed), false)),
    reroutedNs: each((seed) => reroutePeer(bed(seed), true)),
    reroutedWithoutNs: each((seed) => reroutePeer(bed(seed), false)),
    narrowedNs: each((seed) => narrowPath(bed(seed), true)),
    narrowedWithoutNs: each((seed) => narrowPath(bed(seed), false)),
    failedOverNs: each((seed) => failOver(bed(seed), true)),
    failedOverWithoutNs: each((seed) => failOver(bed(seed), false)),
    bypassed: each((seed) => forbid(bed(seed), false)),
    bypassedWithout: each((seed) => forbid(bed(seed), true)),
    died: each((seed) => loseDevice(bed(seed)).lostPercent),
    diedWithout: each((seed) => loseDevice(bed(seed, false)).lostPercent),
    retired: each((seed) => retireDevice(bed(seed))),
    touched: touchedPlaces(bed(seeds[0])),
    pausesNs: each((seed) => Math.max(0, handOverPauseNs(bed(seed)))),
  };
}
