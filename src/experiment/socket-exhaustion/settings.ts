/** What can be set of the experiment, and what of it cannot be together. */
import { type ExperimentSetting, SEEDS, type SettingValues } from '../claims/settings.ts';
import type { Arm } from './arm.ts';

/** How many of a hundred requests a world must leave unanswered to count as exhausted. */
export const UNANSWERED_PERCENT = 5;
/** The fewest ports of a world whose ports run out as a large one's do. */
const PORTS_LEAST = 200;

export const SETTINGS: readonly ExperimentSetting[] = [
  { ...SEEDS, preset: 3 },
  { key: 'rate', what: 'requests a second', preset: 1000, range: [50, 20_000] },
  { key: 'idle', what: 'seconds an unused connection rests before it is ended', preset: 25, range: [1, 120] },
  { key: 'ports', what: 'ports of each balancer address', preset: 64_512, range: [1000, 64_512] },
  { key: 'addresses', what: 'addresses of the balancer', preset: 1, range: [1, 4] },
  { key: 'timeWait', what: 'seconds of TIME-WAIT', preset: 60, range: [2, 240] },
  { key: 'end', what: 'how the balancer ends a connection', preset: 'fin', words: ['fin', 'rst'] },
  { key: 'first', what: 'who ends it first', preset: 'balancer', words: ['balancer', 'server'] },
  {
    key: 'work',
    what: 'processor time of a request, in microseconds of one core',
    preset: 6000,
    range: [0, 100_000],
  },
  { key: 'cores', what: 'cores of the server', preset: 8, range: [1, 64] },
  {
    key: 'spread',
    what: 'whether the time of each request is the mean or drawn around it',
    preset: 'exponential',
    words: ['constant', 'exponential'],
  },
  { key: 'sockets', what: "sockets of the server's program", preset: 65_000, range: [1000, 65_000] },
  { key: 'seconds', what: 'virtual seconds of each world', preset: 180, range: [20, 1200] },
  {
    key: 'scale',
    what: 'how many times smaller and slower the worlds are that several seeds are measured in',
    preset: 32,
    range: [1, 256],
  },
  {
    key: 'full',
    what: 'which worlds are run once more in full size, for the pictures',
    preset: 'host',
    words: ['none', 'host', 'all'],
  },
  {
    key: 'lives',
    what: "lives of a connection on the old host's queue, for each seed",
    preset: 1000,
    range: [50, 100_000],
  },
];

/** The case as it is told: the balancer lets connections rest, and ends them itself. */
export function caseOf(settings: SettingValues): Arm {
  const arm: Arm = {
    name: 'as told',
    onCard: false,
    afterwards: 'idle',
    idleS: settings.number('idle'),
    reset: settings.word('end') === 'rst',
    serverEnds: settings.word('first') === 'server',
    addresses: settings.number('addresses'),
    ports: settings.number('ports'),
    timeWaitS: settings.number('timeWait'),
    reusesTimeWait: false,
    timestamps: true,
    rate: settings.number('rate'),
    serverSockets: settings.number('sockets'),
    workUs: settings.number('work'),
    cores: settings.number('cores'),
    protocolCosts: true,
    spread: settings.word('spread') === 'constant' ? 'constant' : 'exponential',
    scale: settings.number('scale'),
    seconds: settings.number('seconds'),
  };
  check(arm);
  return arm;
}

/** @throws RangeError of one line. */
function check({ ports, scale, rate, idleS, timeWaitS, seconds }: Arm): void {
  if (ports / scale < PORTS_LEAST) {
    const most = Math.floor(ports / PORTS_LEAST);
    throw new RangeError(`scale expected at most ${most} for ${ports} ports, got ${scale}`);
  }
  if (rate / scale < 1) throw new RangeError(`scale expected at most the rate of ${rate}, got ${scale}`);
  const least = 2 * (idleS + timeWaitS);
  if (seconds >= least) return;
  throw new RangeError(
    `seconds expected at least ${least}, twice what a connection rests and waits, got ${seconds}`,
  );
}
