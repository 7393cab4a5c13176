/**
 * A thread of a world: builds what belongs to it over the memory it is given, a card or a switch, and runs
 * it until told to stop. Started by `Worker`s of world/thread/.
 */
import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { DmaEngine } from '../../dma/engine.ts';
import { Region, type RegionMemory } from '../../dma/region.ts';
import type { NicPlug } from '../../hdm/nic-silicon.ts';
import { PlainTapFile, VectorTapFile } from '../../hdm/tap-file.ts';
import { IOP_SLEEPS } from '../../ledger/counters.gen.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { loadLibc } from '../../linux/libc.ts';
import type { OpenedTap } from '../../linux/tap.ts';
import type { Agent } from '../../time/agent.ts';
import { MachineClock } from '../../time/clock.ts';
import { runLoop } from '../../time/run-loop.ts';
import { FutexSleeper, FutexWaker, type Sleeper } from '../../time/sleeper.ts';
import { buildCard } from '../build/card-parts.ts';
import { tapWires } from '../build/card-trace.ts';
import { Network } from '../build/network.ts';
import type { CardPlan, WorldPlan } from '../build/world-plan.ts';
import { CardStatus, FAULTED, RUNNING, STOPPED } from './card-status.ts';
import { LoopWaker } from './loop-waker.ts';
import { BlindSleeper, TapSleeper } from './tap-rest.ts';

/** Where a thread rests and shows its state: addresses in the region. */
export interface ThreadPlace {
  readonly wake: number;
  readonly status: number;
}

export interface IopThreadData {
  readonly memory: RegionMemory;
  readonly plan: WorldPlan;
  /** The thread's number in the plan, and where each thread rests. */
  readonly site: number;
  readonly places: readonly ThreadPlace[];
  /** What the first port of its card is plugged into in place of a wire. */
  readonly tap?: OpenedTap;
}

/**
 * The thread's number at the operating system, by which its processor time is read; 0 where there is no
 * /proc.
 */
function threadId(): number {
  try {
    return Number.parseInt(readFileSync('/proc/thread-self/stat', 'utf8'), 10);
  } catch {
    return 0;
  }
}

/** What the thread runs, and whom it counts its sleeps for. */
interface Runnable {
  readonly agent: Agent;
  readonly counters: Float64Array;
  readonly spinNs: number;
}

function main(data: IopThreadData, port: MessagePort): void {
  const { plan, site, places } = data;
  const region = new Region(data.memory);
  const { words } = region;
  const place = places[site];
  const status = new CardStatus(region, place.status);
  try {
    const clock = new MachineClock();
    const network = new Network(region, plan, clock, site, {
      cable: (far) => {
        const waker = new FutexWaker(words, places[far].wake >> 2);
        return { changed: () => waker.wakeIfResting() };
      },
    });
    const { agent, counters, spinNs } = build(region, data, clock, network, port);
    const sleeper = sleeperOf(words, place.wake >> 2, counters, data.tap);
    status.threadId = threadId();
    status.state = RUNNING;
    port.postMessage(null);
    runLoop(agent, clock, sleeper, spinNs, {
      housekeeping() {
        if (status.heapAsked) status.answerHeap(getHeapStatistics().used_heap_size);
        return !status.stopAsked;
      },
      sleeping() {
        counters[IOP_SLEEPS] += 1;
      },
    });
    status.state = STOPPED;
  } catch (error) {
    status.state = FAULTED;
    throw error;
  }
}

/** Where the thread rests: with a TAP, until a frame comes as well. */
function sleeperOf(words: Int32Array, index: number, counters: Float64Array, tap?: OpenedTap): Sleeper {
  if (tap === undefined) return new FutexSleeper(words, index);
  const libc = loadLibc();
  if (libc === undefined || tap.eventFd < 0) return new BlindSleeper(words, index);
  return new TapSleeper(libc, words, index, tap.fd, tap.eventFd, counters);
}

function build(
  region: Region,
  { plan, site, tap }: IopThreadData,
  clock: MachineClock,
  network: Network,
  port: MessagePort,
): Runnable {
  const card = plan.cards.findIndex((candidate) => candidate.site === site);
  if (card >= 0) return buildCardOf(region, plan.cards[card], clock, network.endsOf(card), port, tap);
  const index = plan.switches.findIndex((candidate) => candidate.site === site);
  const agent = network.switches[index];
  if (agent === undefined) throw new Error(`thread ${site} has neither a card nor a switch`);
  return {
    agent,
    counters: new Ledger(region, plan.switches[index].ledger).counters,
    spinNs: SWITCH_SPIN_NS,
  };
}

/** As long as a card polls by default. */
const SWITCH_SPIN_NS = 200_000;

function buildCardOf(
  region: Region,
  { memory, topology, packets }: CardPlan,
  clock: MachineClock,
  ends: ReturnType<Network['endsOf']>,
  port: MessagePort,
  tap: OpenedTap | undefined,
): Runnable {
  const { layout } = memory;
  const { config, modules } = topology;
  const ledger = new Ledger(region, layout.iopLedger);
  const dma = new DmaEngine(region, ledger);
  // What passes a TAP, the kernel shows: `tcpdump -i NAME`.
  const traced = tap === undefined ? ends : ends.slice(1);
  if (packets !== undefined) tapWires(region, packets, new MachineClock(), dma, traced);
  const wires = tap === undefined ? ends : [plugOf(region, tap), ...ends.slice(1)];
  const waker = new LoopWaker(region.words, layout.hostWake >> 2, port);
  // The card is FAILED then, takes StatusGet and IopReset, and tells its host by an event of the executive.
  const onFault = (error: unknown): void => port.postMessage(String(error));
  const environment = { clock, ledger, dma, waker, wires, onFault };
  const { processor } = buildCard(region, memory, config, environment, modules);
  return { agent: processor, counters: ledger.counters, spinNs: config.iopSpinNs };
}

function plugOf(region: Region, { fd }: OpenedTap): NicPlug {
  const libc = loadLibc();
  return { tap: libc === undefined ? new PlainTapFile(fd, region) : new VectorTapFile(libc, fd, region) };
}

if (parentPort !== null) main(workerData as IopThreadData, parentPort);
