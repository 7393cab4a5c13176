/**
 * A card that is open, with its driver in the program's thread: what whoever opens one for a program has in
 * his hands, wherever the card itself runs. `world/thread/` has a card with a thread of its own, and
 * `world/inline/` one that the program's thread drives.
 */
import type { Region } from '../../dma/region.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { type Counters, reconcile } from '../../ledger/reconcile.ts';
import type { Host } from '../../osm/host.ts';
import type { Placement } from '../../record/row.ts';
import { ENETDOWN } from '../../socket/errno.ts';
import type { MachineClock } from '../../time/clock.ts';
import type { Recorder } from '../../trace/recorder.ts';
import type { CardConfig } from '../config/settings.ts';
import { wireCounters } from './books.ts';
import type { CardMemory } from './card-memory.ts';
import { classOf, type HostParts } from './host.ts';
import type { CardPlan, WorldPlan } from './world-plan.ts';

/**
 * How long the end of a trace, or of the process, waits for what is in flight, and between two looks. A card that is well needs
 * microseconds; its thread may have to wait for a core of a busy machine for a tenth of a second and more.
 */
const SETTLE_NS = 1e9;
const LOOK_NS = 1e6;
/** How long a card that is closed may take to answer that it is quiet, for the same reason. */
export const QUIESCE_NS = 1e9;

export abstract class OpenedCard {
  abstract readonly placement: Placement;
  abstract readonly host: Host;
  readonly config: CardConfig;
  readonly region: Region;
  readonly iopLedger: Ledger;
  readonly memory: CardMemory;
  readonly clock: MachineClock;
  protected abstract readonly recorder: Recorder | undefined;
  protected readonly plan: CardPlan;
  private readonly world: WorldPlan;
  private readonly leads: boolean;
  protected interruptCallback: () => void = () => {};
  private readonly awakenLoop = () => this.interruptCallback();

  /** @param leads whether its wire leads to others: then what leaves it need not come back. */
  constructor(region: Region, world: WorldPlan, card: number, clock: MachineClock, leads = false) {
    this.leads = leads;
    this.world = world;
    this.plan = world.cards[card];
    this.config = this.plan.topology.config;
    this.region = region;
    this.memory = this.plan.memory;
    this.clock = clock;
    this.iopLedger = new Ledger(region, this.memory.layout.iopLedger);
  }

  /**
   * What the card's code threw, or which assertion of the driver's failed, if either did: then the IOP is
   * FAILED, it has ended, or the driver has given it up, and every socket has failed.
   */
  abstract readonly fault: string | undefined;
  /** The system's number of the card's thread; 0 where it has none of its own, or it is unknown. */
  abstract readonly iopThreadId: number;
  /**
   * The driver is about to rest in the event loop, and has polled without finding anything.
   * @returns false when it had better poll again.
   */
  abstract armLoop(): boolean;
  /** The loop rests from now on: a call made meanwhile may take what it waits for, and tells it so. */
  protected restInLoop(): void {
    this.host.driver.loop.begin(this.awakenLoop);
  }

  /** Whether the card alone keeps the event loop alive. */
  abstract keepAlive(on: boolean): void;
  /** Processor time of the card's own thread, in nanoseconds; 0 where it has none or it cannot be told. */
  abstract iopCpuNs(): number;
  /** Bytes of heap the card's own thread uses; -1 where it has none, or does not answer. */
  abstract iopHeapBytes(): number;
  /** Ends the card without a word, as a fault would. For tests of what follows. */
  abstract kill(): Promise<void>;
  /** Whether the card has ended, whoever ended it. */
  protected abstract readonly ended: boolean;
  /** Stops the card, whose session has been ended. */
  protected abstract stop(): Promise<void>;

  get name(): string {
    return this.plan.topology.name;
  }

  /**
   * Sets what is called when a driver that rests in the event loop has news to look for. It may be called
   * within a call of the program's, so it only has something done later.
   */
  onInterrupt(callback: () => void): void {
    this.interruptCallback = callback;
  }

  /** Counters of the wires of the card's world, both directions together. */
  wireCounters(): Counters {
    return wireCounters(this.region, this.world);
  }

  /** The same where all of them come back to the card, for its books; undefined where one leads to others. */
  loopCounters(): Counters | undefined {
    return this.leads ? undefined : this.wireCounters();
  }

  /** Ends the session in order and stops the card. Every socket still open has failed by then. */
  async close(): Promise<void> {
    this.endTrace();
    ending.delete(this);
    if (ending.size === 0) process.off('exit', endCards);
    if (!this.ended) {
      this.host.quiesce(QUIESCE_NS);
      this.host.requests.surrender();
      await this.stop();
    }
    this.host.driver.die(ENETDOWN);
  }

  /**
   * Ends the trace, if one is recorded: lets what is in flight arrive, ends the session in order, then
   * tells both ledgers. Nothing later is recorded.
   */
  endTrace(): void {
    const { recorder, host } = this;
    if (recorder === undefined || recorder.ended) return;
    this.settle(() => this.balanced());
    host.quiesce(QUIESCE_NS);
    recorder.end(host.ledger.snapshot(), this.iopLedger.snapshot());
  }

  /**
   * The process is about to end: closes every socket, as the kernel closes the descriptors of a process, and lets
   * what was sent leave, so that the peers of a card whose wire leads to others hear of it. What a peer gives no
   * window for within a second is lost with the card.
   */
  endConnections(): void {
    const { host } = this;
    if (this.ended || !this.leads) return;
    for (let id = 0; id < this.config.driver.socketsMax; id++) host.sockets.close(id);
    this.settle(() => host.sockets.socketsInUse === 0 && this.balanced());
  }

  /** Waits until `isDone`, for a second at most, while the card is well. */
  private settle(isDone: () => boolean): void {
    const { host, clock } = this;
    clock.update();
    const endNs = clock.nowNs + SETTLE_NS;
    while (!isDone() && host.driver.checkHealth() && clock.nowNs < endNs) {
      host.driver.wait(LOOK_NS);
      clock.update();
    }
  }

  /** Class of the device that the driver is for. */
  protected get classId(): number {
    return classOf(this.plan);
  }

  /** Has connections to others and a trace, if there are any, ended when the process exits. */
  protected watchExit({ recorder }: HostParts): void {
    if (recorder === undefined && !this.leads) return;
    // One listener for all cards: with one each, eleven cards would make Node warn of a leak.
    if (ending.size === 0) process.on('exit', endCards);
    ending.add(this);
  }

  private balanced(): boolean {
    const { host, iopLedger } = this;
    const holdings = host.holdings();
    return reconcile(host.ledger.snapshot(), iopLedger.snapshot(), holdings, this.loopCounters()).balanced;
  }
}

/** The cards that have something to do when the process exits. Node itself ends their threads. */
const ending = new Set<OpenedCard>();

function endCards(): void {
  for (const card of ending) {
    card.endConnections();
    card.endTrace();
  }
}
