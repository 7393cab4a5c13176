/**
 * A world of several threads, in real time: each card that asks for one has a worker, and so has each
 * switch; the drivers of all hosts, and the cards that are to run inline, are the program's thread. Links
 * between threads are cables.
 */
import type { MemoryPlan } from '../../dma/plan.ts';
import type { Region } from '../../dma/region.ts';
import type { HostEnvironment } from '../../osm/host.ts';
import { ENETDOWN } from '../../socket/errno.ts';
import type { MachineClock } from '../../time/clock.ts';
import { FutexWaker, type Waker } from '../../time/sleeper.ts';
import type { CableListener } from '../../wire/cable.ts';
import { QUIESCE_NS } from '../build/opened-card.ts';
import type { Sites, WorldPlan } from '../build/world-plan.ts';
import { type AgentWatch, type FarSites, LiveWorld, type Traces } from '../inline/live-world.ts';
import { checkedTopology, type Topology } from '../topology/checked.ts';
import type { ThreadPlace } from './iop-thread.ts';
import { SiteThread } from './site-thread.ts';

/** A pair of cache lines: a wake-up count, or a thread's state. */
const PAIR_BYTES = 128;

/** The threads of a world but the program's, by their number less one. */
class Threads implements FarSites {
  readonly sites: Sites;
  readonly threads: SiteThread[] = [];
  private readonly places: ThreadPlace[] = [];
  private words: Int32Array = new Int32Array(0);

  constructor({ cards, switches }: Topology) {
    let site = 0;
    const next = (): number => (site += 1);
    this.sites = {
      cards: cards.map(({ placement }) => (placement === 'thread' ? next() : 0)),
      // A switch between cards that all run inline needs no thread.
      switches: switches.map(() => (cards.some(({ placement }) => placement === 'thread') ? next() : 0)),
    };
  }

  reserve(memory: MemoryPlan, plan: WorldPlan, programWake: number): void {
    this.places[0] = { wake: programWake, status: 0 };
    for (const { site, memory: planned } of plan.cards) {
      const { iopWake, iopStatus } = planned.layout;
      if (site !== 0) this.places[site] = { wake: iopWake, status: iopStatus };
    }
    for (const { site, name } of plan.switches) {
      if (site === 0) continue;
      const wake = memory.reserve(`${name}.wake`, PAIR_BYTES, "the switch's wake-up count");
      const status = memory.reserve(`${name}.status`, PAIR_BYTES, "the switch's sign of life");
      this.places[site] = { wake, status };
    }
  }

  begin(region: Region, plan: WorldPlan, clock: MachineClock): void {
    this.words = region.words;
    try {
      for (let site = 1; site < this.places.length; site++) {
        const card = plan.cards.find((entry) => entry.site === site);
        const what = card === undefined ? 'the switch' : `the card ${card.topology.name}`;
        this.threads.push(new SiteThread(what, region, plan, site, this.places, clock));
      }
    } catch (error) {
      // One thread could not be had: those that were would keep the program from ending.
      for (const { worker } of this.threads) void worker.terminate();
      throw error;
    }
  }

  card(index: number): { readonly waker: Waker; readonly health: HostEnvironment['health'] } {
    const thread = this.threads[this.sites.cards[index] - 1];
    return { waker: thread.waker, health: { alive: () => thread.alive() } };
  }

  cable(site: number): CableListener {
    const waker = new FutexWaker(this.words, this.places[site].wake >> 2);
    return { changed: () => waker.wakeIfResting() };
  }
}

export class ThreadWorld extends LiveWorld {
  private readonly far: Threads;

  private constructor(topology: Topology, traces: Traces, far: Threads, watch?: AgentWatch) {
    super(topology, traces, far, watch);
    this.far = far;
  }

  /**
   * Starts the threads and brings every card up. @param watch stands before each host, and before each card
   * of the program's thread. @throws Error with one line when one does not come up.
   */
  static async open(topology: Topology, traces: Traces = [], watch?: AgentWatch): Promise<ThreadWorld> {
    const world = new ThreadWorld(checkedTopology(topology), traces, new Threads(topology), watch);
    try {
      await Promise.all(
        world.far.threads.map((thread, i) =>
          thread.started({ interrupted() {}, ended: () => world.ended(i + 1) }),
        ),
      );
      world.bringUp();
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  /** A thread has ended, whoever ended it: the sockets of its card fail at once. */
  private ended(site: number): void {
    this.plan.cards.forEach((card, i) => {
      if (card.site === site) this.cards[i].host.driver.die(ENETDOWN);
    });
  }

  /** What a card's code threw, or a switch's, and which assertions of drivers failed: one line each. */
  get faults(): readonly string[] {
    const drivers = this.cards.map(({ host }) => host.driver);
    return [...this.far.threads, ...drivers].flatMap(({ fault }) => fault ?? []);
  }

  /** Wakes the thread of a card, which finds nothing: for who wants to know what that takes. */
  wakeCard(card: number): void {
    this.far.card(card).waker.wake();
  }

  /** The system's numbers of its threads but the program's; 0 where one is unknown. */
  get threadIds(): readonly number[] {
    return this.far.threads.map(({ status }) => status.threadId);
  }

  /** Ends the sessions in order and stops the threads. */
  async close(): Promise<void> {
    this.plan.cards.forEach((card, i) => {
      const { host } = this.cards[i];
      if (card.site === 0 || this.far.threads[card.site - 1].ended) return;
      host.quiesce(QUIESCE_NS);
      host.requests.surrender();
    });
    await Promise.all(this.far.threads.map((thread) => thread.stop()));
    for (const { host } of this.cards) host.driver.die(ENETDOWN);
  }
}
