/**
 * A receive ring whose buffers must be two pages side by side, on a host that has many pages free, and none
 * beside another: what fails, what causes it, what cures it, and what the peer sees.
 */
import { KERNELS, type Kernel } from '../../host/memory/marks.ts';
import { RECLAIM_AIMS, type ReclaimAim } from '../../host/memory/used-host.ts';
import type { Experiment, Findings, Progress } from '../claims/experiment.ts';
import { type ExperimentSetting, SEEDS, type SettingValues } from '../claims/settings.ts';
import {
  ALL_MIXED,
  ALL_MIXED_RAISED,
  type Arm,
  CURES,
  cellArm,
  LITTLE_MIXED,
  RAISED,
  SENDING,
  SENDING_TSO_OFF,
  SENDING_UNCOUPLED,
  SENDING_UNCOUPLED_TSO_OFF,
  SINGLE_PAGES,
  STANDARD,
} from './arms.ts';
import { claimsOf } from './claims.ts';
import { CELLS, chartsOf, excerptsOf, tablesOf } from './findings.ts';
import { Laboratory } from './laboratory.ts';
import { POOL_BUFFERS_MOST, RING_MOST, type Scene } from './scene.ts';

const SETTINGS: readonly ExperimentSetting[] = [
  SEEDS,
  {
    key: 'lowmem',
    what: 'memory of the host that its kernel can use, in kB',
    preset: 8_259_000,
    range: [1 << 20, 1 << 24],
  },
  {
    key: 'minFreeKbytes',
    what: 'vm.min_free_kbytes; 0: as the kernel sets it',
    preset: 0,
    range: [0, 262_144],
  },
  { key: 'kernel', what: 'whose check of what is free', preset: 'era', words: KERNELS },
  {
    key: 'fragmentation',
    what: 'share of reclaimed pages that lie anywhere, in percent; the others lie beside the one before',
    preset: 90,
    range: [0, 100],
  },
  {
    key: 'reclaim',
    what: 'what kswapd brings about: free pages, or blocks of the order asked',
    preset: 'pages',
    words: RECLAIM_AIMS,
  },
  { key: 'ring', what: 'receive descriptors that are filled', preset: 200, range: [16, RING_MOST] },
  { key: 'mtu', what: 'largest packet of the wire, in bytes', preset: 1500, range: [576, 9000] },
  { key: 'slabOrder', what: 'order of a slab at most', preset: 1, range: [0, 3] },
  { key: 'pool', what: 'buffers of the preallocated pool', preset: 4096, range: [256, POOL_BUFFERS_MOST] },
  {
    key: 'coupling',
    what: 'whether acknowledgements of large sends wait in receive buffers for 30 ms',
    preset: false,
  },
  { key: 'uploads', what: 'connections that send to the host', preset: 8, range: [1, 32] },
  { key: 'pause', what: 'how long the reader does not read, in ms', preset: 30, range: [0, 1000] },
  { key: 'duration', what: 'virtual time of a run, in ms', preset: 75, range: [20, 5000] },
];

/** Pages a second that files are read into, and that kswapd can give up: 40 and 80 MB/s. */
const READ_PER_S = 10_000;
const KSWAPD_PER_S = 20_000;

/** The case as it was, with what is set. */
export function sceneOf(settings: SettingValues): Scene {
  return {
    lowmemKb: settings.number('lowmem'),
    minFreeKbytes: settings.number('minFreeKbytes'),
    kernel: settings.word('kernel') as Kernel,
    tso: true,
    mtu: settings.number('mtu'),
    ring: settings.number('ring'),
    memory: 'kmalloc',
    pool: settings.number('pool'),
    slabOrder: settings.number('slabOrder'),
    mixed: settings.number('fragmentation') / 100,
    aim: settings.word('reclaim') as ReclaimAim,
    coupling: settings.flag('coupling'),
    uploads: settings.number('uploads'),
    durationMs: settings.number('duration'),
    pauseMs: settings.number('pause'),
    readPerS: READ_PER_S,
    kswapdPerS: KSWAPD_PER_S,
  };
}

const ASSUMED: readonly string[] = [
  'A host has three zones, of which DMA32 ends at 3.5 GiB.',
  'A tenth of its pages is held for good; files fill the others, 40 MB/s are read, kswapd frees 80 MB/s.',
  'Programs take 10,000 single pages and start 200 times (a stack of two pages each) a second.',
  'The host sends by four connections; the wire has 1 Gbit/s and takes 50 µs one way.',
  'The reader reads for 5 ms, then pauses: what comes meanwhile waits, up to 256 KiB a connection.',
  'A refused buffer leaves its descriptor empty; tg3 itself drops the frame and keeps the old buffer.',
  'With coupling, there is an acknowledgement for two cut segments, which waits for 30 ms in a buffer.',
];

const OPEN: readonly string[] = [
  'How fragmented the reported host was, and how much of what it received waited unread.',
  'Which of the changes that were made there ended the failures: the report does not say.',
  'What mobility groups, lists of pages by processor, compaction and reserves for atomic callers add.',
];

function run(settings: SettingValues, progress: Progress): Findings {
  const scene = sceneOf(settings);
  const laboratory = new Laboratory(scene, settings.seeds());
  const cells = Array.from({ length: CELLS }, (_, cell) => cellArm(cell));
  const cured: Arm = {
    name: 'little fragmentation, single pages',
    change: { ...LITTLE_MIXED.change, ...SINGLE_PAGES.change },
  };
  const sending = [SENDING, SENDING_TSO_OFF];
  const coupled = scene.coupling ? [SENDING_UNCOUPLED, SENDING_UNCOUPLED_TSO_OFF] : [];
  const mixed = [LITTLE_MIXED, ALL_MIXED, ALL_MIXED_RAISED];
  const others = [STANDARD, RAISED, ...mixed, cured, ...sending, ...coupled];
  laboratory.runAll([...cells, ...CURES, ...others], progress);
  return {
    claims: claimsOf(laboratory, scene),
    tables: tablesOf(laboratory),
    charts: chartsOf(laboratory),
    excerpts: excerptsOf(laboratory),
    assumed: ASSUMED,
    open: OPEN,
  };
}

export const ORDER_1: Experiment = {
  name: 'order-1',
  title: 'Page allocations of order 1 that fail',
  question:
    'A gigabit card is refused receive buffers while megabytes are free. Is it TSO, the reserve, jumbo ' +
    'frames, or fragmentation; what cures it; and what does the peer see?',
  settings: SETTINGS,
  run,
};
