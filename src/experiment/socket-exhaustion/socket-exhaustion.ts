/** The experiment: a load-balanced server that runs out of sockets, and panics. */
import type { Experiment, Findings, Progress } from '../claims/experiment.ts';
import type { SettingValues } from '../claims/settings.ts';
import { type ArmName, armsOf } from './arms.ts';
import { socketCharts } from './charts.ts';
import { socketClaims } from './claims.ts';
import { engineStorm } from './engine-storm.ts';
import { liveOldHost, OLD_HOSTS, panicClaims, panicExcerpts, panicTables } from './panic.ts';
import { type ArmRun, runArm } from './run-arm.ts';
import type { OldHostLives, OldHostName, Runs } from './runs.ts';
import { caseOf, SETTINGS } from './settings.ts';
import { socketTables } from './tables.ts';

export const SOCKET_EXHAUSTION: Experiment = {
  name: 'socket-exhaustion',
  title: 'A load-balanced server out of sockets',
  question:
    'At about 1,000 requests a second all of some 65,000 sockets are in use, the processor at 75 %. Is it ' +
    'the idle connections, the processor, or arithmetic; does offload help; and what panics?',
  settings: SETTINGS,
  run: findingsOf,
};

function findingsOf(settings: SettingValues, progress: Progress): Findings {
  const runs = runAll(settings, progress);
  return {
    claims: [...socketClaims(runs), ...panicClaims(runs)],
    tables: [...socketTables(runs), ...panicTables(runs)],
    charts: socketCharts(runs),
    excerpts: panicExcerpts(runs),
    assumed: ASSUMED,
    open: OPEN,
  };
}

/** Arms that are run in full size as well, by the setting's word. */
const FULL: Readonly<Record<string, readonly ArmName[]>> = {
  none: [],
  host: ['idle', 'once'],
  all: ['idle', 'once', 'idleCard'],
};

function runAll(settings: SettingValues, progress: Progress): Runs {
  const seeds = settings.seeds();
  const arms = armsOf(caseOf(settings));
  const names = Object.keys(arms) as ArmName[];
  const full = FULL[settings.word('full')];
  const oldHosts = Object.keys(OLD_HOSTS) as OldHostName[];
  const lives = settings.number('lives');
  const total = names.length * seeds.length + full.length + 2;
  let done = 0;
  const stepped = <T>(result: T): T => {
    done += 1;
    progress(done, total);
    return result;
  };
  const measured = names.map(
    (name) => [name, seeds.map((seed) => stepped(runArm(arms[name], seed)))] as const,
  );
  const large = full.map((name) => {
    const { name: called, ...arm } = arms[name];
    return [name, stepped(runArm({ ...arm, name: called, scale: 1 }, seeds[0]))] as const;
  });
  const old = oldHosts.map(
    (name) => [name, seeds.map((seed) => liveOldHost(OLD_HOSTS[name], lives, seed))] as const,
  );
  stepped(old);
  return {
    arms: Object.fromEntries(measured) as Record<ArmName, ArmRun[]>,
    full: Object.fromEntries(large),
    oldHost: Object.fromEntries(old) as Record<OldHostName, OldHostLives[]>,
    engine: stepped(seeds.map(engineStorm)),
  };
}

const ASSUMED: readonly string[] = [
  'The sockets that run out are the ports between one address of the balancer and the server; 65,000 is ' +
    'about the 64,512 ports above 1023.',
  'Requests arrive as a Poisson process that knows nothing of the server, and one that is refused is not ' +
    'tried again.',
  'At 75 % of eight cores and 1,000 requests a second a request takes 6 ms of one core.',
  'Eight cores are one processor eight times as fast. The time a request waits for something else than ' +
    'the processor is left out: at 100 ms it holds 100 sockets.',
  'Calls and protocol cost what the profile card-2005 says, its card’s processor as fast as one core. The ' +
    'balancer’s own processor costs nothing.',
  'A world so many times smaller has as many times fewer ports, sockets and requests, and processors as ' +
    'many times slower; the worlds of full size show how near that is.',
  'TIME-WAIT lasts 60 s, as on Linux. tcp_tw_reuse is off unless an arm says otherwise, as it was by ' +
    'default.',
  'The old host’s queue is a model of its counts alone: no bytes, no device.',
];

const OPEN: readonly string[] = [
  'Whether the balancer ended connections by FIN or by RST, and whether it or the server came first: that ' +
    'decides who holds TIME-WAIT, and so whether the ports run out at all.',
  'Whether the balancer used connections again in its normal mode. If it did, ending them at once costs a ' +
    'set-up and a tear-down for each request; how much that is beside the request, its text does not say.',
  'How 30 to 33 % fewer transactions came about: in this model ending at once loses none, and set-up and ' +
    'tear-down would have to cost as much as the table says.',
  'Whether the panics came of this assertion: the text names the function and the timer, not the line.',
];
