/**
 * Opens the host's own stack over a card of network ports alone, its wire looped back to itself: in a thread
 * of its own, as a card on a bus works beside its host, or in the program's. Packets travel in messages of
 * the LAN class either way, so what this costs over a plain device is the message layer's price.
 */
import { availableParallelism } from 'node:os';
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import type { HostStack } from '../../host/host-stack.ts';
import { HOST_INTERRUPTS_SERVICED, HOST_SLEEPS } from '../../ledger/counters.gen.ts';
import type { Reconciliation } from '../../ledger/reconcile.ts';
import type { Placement } from '../../record/row.ts';
import { MachineClock, wallClock } from '../../time/clock.ts';
import { randomSeed } from '../../time/seed.ts';
import { FutexSleeper, type Sleeper } from '../../time/sleeper.ts';
import { SpinPolicy } from '../../time/spin-policy.ts';
import { wireCounters } from '../build/books.ts';
import { snapBytesOf, type TraceRequest } from '../build/card-trace.ts';
import { widenInlining } from '../build/inlining.ts';
import { type BuiltLanHost, buildLanHost } from '../build/lan-host.ts';
import { buildLanStack } from '../build/lan-stack.ts';
import { Network } from '../build/network.ts';
import { QUIESCE_NS } from '../build/opened-card.ts';
import { singleCard } from '../build/short-forms.ts';
import { planWorld, type WorldPlan } from '../build/world-plan.ts';
import { cardConfig } from '../config/card-config.ts';
import { checkOverrides } from '../config/card-config-check.ts';
import { type CardConfig, type CardOverrides, DEFAULT_CARD_CONFIG } from '../config/settings.ts';
import { SiteThread } from '../thread/site-thread.ts';
import { withoutPolling } from '../thread/threaded-card.ts';
import type { LedgerSnapshot } from './card.ts';
import { type Placed, type PlacementChoice, placeCard } from './placement.ts';

/** How long `reconcile` and a trace's end let what is under way arrive, and between two looks. */
const SETTLE_NS = 1e9;
const LOOK_MS = 1;
/** The longest rest: then the host looks whether the card's thread is still there. */
const REST_NS_MAX = 100e6;
/** A pair of cache lines: where the thread rests that runs the card as well. */
const PAIR_BYTES = 128;

/** How the card is to be: where it runs, and what of its configuration is not the default. */
export interface LanCardOptions extends CardOverrides {
  readonly placement?: PlacementChoice;
}

/**
 * @throws RangeError for a bad setting, or one of a card that keeps what is its own to itself; Error when
 * the card does not come up.
 */
export async function openLanCard(options: LanCardOptions = {}, trace?: TraceRequest): Promise<OpenLanCard> {
  const { placement = 'thread', ...overrides } = options;
  const placed = placeCard(placement);
  widenInlining();
  checkOverrides(overrides, DEFAULT_CARD_CONFIG);
  const wanted = cardConfig({ ...overrides, stack: { seed: randomSeed(), ...overrides.stack } });
  const inThread = placed.placement === 'thread';
  if (inThread && wanted.innerLoop)
    throw new RangeError(
      '"innerLoop" is of a card in the program\'s thread: the wire of the other leads back',
    );
  const config = inThread && availableParallelism() < 2 ? withoutPolling(wanted) : wanted;
  const memory = new MemoryPlan();
  const topology = singleCard(config, { name: 'card', seed: config.seed, modules: ['lan'] });
  const sites = { cards: [inThread ? 1 : 0], switches: [] };
  const plan = planWorld(memory, topology, sites, [snapBytesOf(trace)]);
  const region = allocateRegion(memory.byteLength, inThread);
  if (!inThread) return openInline(region, plan, placed, trace);
  const card = new ThreadedLan(region, plan, placed, trace);
  await card.start();
  return card;
}

/** The host's stack over such a card, with the books of both. */
export abstract class OpenLanCard {
  readonly placed: Placed;
  readonly configuration: CardConfig;
  protected readonly region: Region;
  private readonly plan: WorldPlan;

  constructor(region: Region, plan: WorldPlan, placed: Placed) {
    this.region = region;
    this.plan = plan;
    this.placed = placed;
    this.configuration = plan.cards[0].topology.config;
  }

  protected abstract readonly built: BuiltLanHost;
  /** The system's number of the card's thread; 0 where it is unknown, or the card has none of its own. */
  abstract readonly iopThreadId: number;
  /** Processor time of the card's thread, in nanoseconds; 0 where it cannot be told. */
  abstract iopCpuNs(): number;
  /** Bytes of heap the card's thread uses; -1 where it has none of its own, or does not answer. */
  abstract iopHeapBytes(): number;
  /** Ends the card without a word, as a fault would. For tests of what follows. */
  abstract kill(): Promise<void>;
  protected abstract stop(): Promise<void>;

  get placement(): Placement {
    return this.placed.placement;
  }

  get stack(): HostStack {
    return this.built.stack;
  }

  /** Both sides' counters by name, and those of the wire. */
  ledger(): LedgerSnapshot {
    const { ledger, cardLedger } = this.built;
    const wire = wireCounters(this.region, this.plan);
    return { host: ledger.snapshot(), iop: cardLedger.snapshot(), wire };
  }

  /** Lets what is under way arrive, then balances the books. Call it with no socket open. */
  reconcile(): Reconciliation {
    return this.settled(() => this.built.reconcile().balanced);
  }

  /** Ends the trace, if one is recorded, once nothing is in flight; then the session. */
  async close(): Promise<void> {
    const { driver, recorder } = this.built;
    if (recorder !== undefined && !recorder.ended)
      this.settled(() => this.built.reconcile().balanced || !driver.checkHealth());
    driver.quiesce(QUIESCE_NS);
    this.built.endTrace();
    await this.stop();
  }

  private settled(done: () => boolean): Reconciliation {
    for (let looks = 0; !done() && looks * LOOK_MS * 1e6 < SETTLE_NS; looks++) this.stack.wait(LOOK_MS);
    return this.built.reconcile();
  }
}

/** The thread that runs the host's stack rests for its card: it looks for a while, then sleeps. */
class CardRest {
  /** Whether it has looked in vain since there was work, and for how long that pays. */
  private looking = false;
  private readonly spin: SpinPolicy;
  private readonly clock: MachineClock;
  private readonly words: Int32Array;
  private readonly wake: number;
  private readonly sleeper: Sleeper;

  /** @param wake word index of the host's wake-up count. */
  constructor(clock: MachineClock, words: Int32Array, wake: number, spinNs: number, sleeper: Sleeper) {
    this.clock = clock;
    this.words = words;
    this.wake = wake;
    this.spin = new SpinPolicy(spinNs);
    this.sleeper = sleeper;
  }

  found(): void {
    if (this.looking) this.spin.found();
    this.looking = false;
  }

  /** A look has found nothing. Returns at once while looking again pays. */
  rest({ stack, driver, ledger }: BuiltLanHost, ns: number): void {
    const { clock, spin, sleeper, words, wake } = this;
    clock.update();
    if (!this.looking) spin.rested(clock.nowNs);
    this.looking = true;
    if (spin.goesOn(clock.nowNs)) return;
    this.looking = false;
    driver.checkHealth();
    const wakes = Atomics.load(words, wake);
    sleeper.prepare();
    if (!stack.arm()) return;
    ledger.counters[HOST_SLEEPS] += 1;
    sleeper.sleep(Math.min(ns, REST_NS_MAX));
    if (Atomics.load(words, wake) !== wakes) ledger.counters[HOST_INTERRUPTS_SERVICED] += 1;
    clock.update();
  }
}

class ThreadedLan extends OpenLanCard {
  protected readonly built: BuiltLanHost;
  private readonly thread: SiteThread;

  constructor(region: Region, plan: WorldPlan, placed: Placed, trace: TraceRequest | undefined) {
    super(region, plan, placed);
    const [card] = plan.cards;
    const { layout } = card.memory;
    const clock = new MachineClock();
    const places = [
      { wake: layout.hostWake, status: 0 },
      { wake: layout.iopWake, status: layout.iopStatus },
    ];
    this.thread = new SiteThread('the card', region, plan, 1, places, clock);
    const { words } = region;
    const wake = layout.hostWake >> 2;
    const plain = new FutexSleeper(words, wake);
    const wakes = (): number => Atomics.load(words, wake);
    let rest: CardRest | undefined;
    const time = { clock, sleep: (ns: number) => rest?.rest(this.built, ns), interruptNs: 0 };
    this.built = buildLanHost(region, card, [], time, {
      waker: this.thread.waker,
      health: { alive: () => this.thread.alive() },
      found: () => rest?.found(),
      rest: (ns) => {
        plain.prepare();
        plain.sleep(ns);
      },
      trace: trace && { request: trace, clock: new MachineClock(), startedAt: wallClock(), wakes },
    });
    const sleeper = this.built.recorder?.sleeper(plain) ?? plain;
    rest = new CardRest(clock, words, wake, this.configuration.driver.spinNs, sleeper);
  }

  /** Waits for the thread and brings the card up; closes it when that fails. @throws Error with one line. */
  async start(): Promise<void> {
    const { driver } = this.built;
    try {
      await this.thread.started({ interrupted() {}, ended: () => void driver.checkHealth() });
      driver.bringUp();
    } catch (error) {
      await this.thread.stop();
      throw error;
    }
  }

  get iopThreadId(): number {
    return this.thread.status.threadId;
  }

  iopCpuNs(): number {
    return this.thread.cpuNs();
  }

  iopHeapBytes(): number {
    return this.thread.heapBytes();
  }

  async kill(): Promise<void> {
    await this.thread.worker.terminate();
  }

  protected async stop(): Promise<void> {
    await this.thread.stop();
  }
}

class InlineLan extends OpenLanCard {
  readonly iopThreadId = 0;
  protected readonly built: BuiltLanHost;

  constructor(region: Region, plan: WorldPlan, placed: Placed, built: BuiltLanHost) {
    super(region, plan, placed);
    this.built = built;
  }

  iopCpuNs(): number {
    return 0;
  }

  iopHeapBytes(): number {
    return -1;
  }

  async kill(): Promise<void> {}

  protected async stop(): Promise<void> {}
}

/** The thread runs the card before each of the driver's looks, and nothing comes while it rests. */
function openInline(
  region: Region,
  plan: WorldPlan,
  placed: Placed,
  trace: TraceRequest | undefined,
): OpenLanCard {
  const clock = new MachineClock();
  const [card] = plan.cards;
  const sleeper = new FutexSleeper(new Int32Array(new SharedArrayBuffer(PAIR_BYTES)), 0);
  const sleep = (ns: number): void => {
    sleeper.prepare();
    sleeper.sleep(ns);
  };
  let wakes = 0;
  const request = trace && { request: trace, clock: new MachineClock(), startedAt: wallClock() };
  const built = buildLanStack(
    region,
    card,
    new Network(region, plan, clock, 0).endsOf(0),
    {
      clock,
      sleep,
      interruptNs: 0,
    },
    {
      waker: { wake: () => undefined },
      host: { wake: () => void (wakes += 1) },
      inline: true,
      rest: () => undefined,
      packetClock: new MachineClock(),
      trace: request && { ...request, wakes: () => wakes },
    },
  );
  built.driver.bringUp();
  return new InlineLan(region, plan, placed, built);
}
