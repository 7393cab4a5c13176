/**
 * What a program gets that wants a card: sockets, books, and the hooks of an event loop. Behind it is a card
 * in a thread of its own, or one in the program's; virtual-world.ts offers the same sockets.
 */

import { type Counters, type Reconciliation, reconcile } from '../../ledger/reconcile.ts';
import { closeTap } from '../../linux/tap.ts';
import type { SendStalls } from '../../osm/memory/stalls.ts';
import type { CardSockets } from '../../osm/user/card-sockets.ts';
import type { EchoCalls } from '../../osm/user/echo-calls.ts';
import type { Placement } from '../../record/row.ts';
import { randomSeed } from '../../time/seed.ts';
import { nextTurn } from '../../time/timers.ts';
import type { TraceRequest } from '../build/card-trace.ts';
import type { OpenedCard } from '../build/opened-card.ts';
import { type CardPools, type CardStalls, poolMeters, stallsOf, usesOf } from '../build/pools.ts';
import { sayWarnings } from '../build/start-notices.ts';
import { cardConfig } from '../config/card-config.ts';
import { aMap, checkOverrides } from '../config/card-config-check.ts';
import { type CardConfig, type CardOverrides, DEFAULT_CARD_CONFIG } from '../config/settings.ts';
import { startCheck } from '../config/start-check.ts';
import { InlineCard } from '../inline/inline-card.ts';
import { ThreadedCard } from '../thread/threaded-card.ts';
import type { ModuleKind } from '../topology/checked.ts';
import { type Placed, type PlacementChoice, placeCard } from './placement.ts';
import {
  type CheckedTap,
  checkTap,
  openCheckedTap,
  reachesOver,
  type TapOptions,
  tapSettings,
  unreachable,
} from './tap.ts';
import { awaitAddress } from './tap-address.ts';

/** How long `reconcile` lets the card come to rest, in nanoseconds. */
const SETTLE_NS = 500e6;

/** How a card is to be: where it runs, and what of its configuration is not the default. */
export interface CardOptions extends CardOverrides {
  /**
   * In a thread of its own, which is the default, in the program's, or by the rule of `placement.ts`: see
   * docs/card.md.
   */
  readonly placement?: PlacementChoice;
  /** A TAP of Linux's in place of the wire: see docs/tap.md. Such a card has a thread of its own. */
  readonly tap?: TapOptions;
}

/**
 * Opens a card that serves sockets. Without a seed in `options.stack` its sequence numbers and ports are
 * nobody's to guess (RFC 9293 MUST-9); the configuration tells the one drawn. With `trace` all that passes
 * is told to its sink; the trace ends when the card is closed or the process exits. What the start-up check
 * finds is said on stderr. @throws RangeError for a bad setting, Error when the card does not come up.
 */
export async function openCard(options: CardOptions = {}, trace?: TraceRequest): Promise<Card> {
  const { placement = 'thread', tap, ...overrides } = aMap(options);
  return await openPlacedCard(overrides, placeCard(placement), trace, tap);
}

/** As `openCard`, where it is already known where the card is to run. */
export async function openPlacedCard(
  overrides: CardOverrides,
  placed: Placed,
  trace?: TraceRequest,
  tap?: TapOptions,
): Promise<Card> {
  if (tap !== undefined) return await openTapCard(overrides, placed, trace, checkTap(tap));
  return new Card(await openAt(placed, socketConfig(overrides), 'socket', trace), placed);
}

/** The TAP is opened first, so that what is wrong with it is said before anything is built. */
async function openTapCard(
  overrides: CardOverrides,
  placed: Placed,
  trace: TraceRequest | undefined,
  tap: CheckedTap,
): Promise<Card> {
  if (placed.placement !== 'thread') {
    throw new RangeError(`"placement" expected thread for a card over a TAP, got ${placed.placement}`);
  }
  checkOverrides(overrides, DEFAULT_CARD_CONFIG);
  const opened = openCheckedTap(tap);
  let open: OpenedCard;
  try {
    const config = socketConfig(tapSettings(tap, opened, overrides));
    open = await ThreadedCard.open(config, 'socket', trace, opened);
  } catch (error) {
    closeTap(opened);
    throw error;
  }
  const card = new Card(open, placed, reachesOver(tap));
  if (tap.checkAddress) await awaitAddress(card, tap.address, opened.name);
  sayWarnings(unreachable(tap, opened));
  return card;
}

/** Opens a card in the program's thread, within the call. @throws as `openCard`. */
export function openInlineCard(overrides: CardOverrides, placed: Placed): Card {
  return new Card(InlineCard.open(socketConfig(overrides), 'socket'), placed);
}

function socketConfig(overrides: CardOverrides): CardConfig {
  checkOverrides(overrides, DEFAULT_CARD_CONFIG);
  const stack = { seed: randomSeed(), ...overrides.stack };
  const config = cardConfig({ ...overrides, stack });
  sayWarnings(startCheck(config));
  return config;
}

async function openAt(
  { placement }: Placed,
  config: CardConfig,
  module: ModuleKind,
  trace: TraceRequest | undefined,
): Promise<OpenedCard> {
  if (placement === 'inline') return InlineCard.open(config, module, trace);
  return await ThreadedCard.open(config, module, trace);
}

/** Counters by name (spec/counters.yaml), by who writes them. */
export interface LedgerSnapshot {
  readonly host: Counters;
  readonly iop: Counters;
  readonly wire: Counters;
}

/** The books of a card, whatever runs over it. */
export class CardBooks {
  protected readonly card: OpenedCard;
  /** Where the card runs, in a thread of its own or in the program's, and why. */
  readonly placed: Placed;

  constructor(card: OpenedCard, placed: Placed) {
    this.card = card;
    this.placed = placed;
  }

  get placement(): Placement {
    return this.card.placement;
  }

  get configuration(): CardConfig {
    return this.card.config;
  }

  /** Both sides' counters by name, and those of the card's wires. */
  ledger(): LedgerSnapshot {
    const { card } = this;
    return { host: card.host.ledger.snapshot(), iop: card.iopLedger.snapshot(), wire: card.wireCounters() };
  }

  /**
   * Use of the card's pools since it was opened. Their owners read the time once a turn, so means and times
   * are exact to that. Frames in use are looked at in every 64th post, and when few are left.
   */
  pools(): CardPools {
    const { host, iopLedger, clock } = this.card;
    clock.update();
    host.requests.tellUse();
    return usesOf(poolMeters(host.ledger, iopLedger), clock);
  }

  /** What the card and its sockets have waited for since it was opened, with the same exactness. */
  stalls(): CardStalls {
    const { host, iopLedger, clock } = this.card;
    clock.update();
    return stallsOf(host, poolMeters(host.ledger, iopLedger), clock);
  }

  /** Lets what is in flight arrive, then balances the books. Call it with no socket open. */
  reconcile(): Reconciliation {
    const { host, clock } = this.card;
    clock.update();
    const endNs = clock.nowNs + SETTLE_NS;
    let result = this.balance();
    while (!result.balanced && clock.nowNs < endNs) {
      host.driver.wait(1e6);
      clock.update();
      result = this.balance();
    }
    return result;
  }

  /** By what the card's bytes are copied and summed: see `Region`. */
  get kernels(): 'WebAssembly' | 'plain' {
    return this.card.region.isPlain ? 'plain' : 'WebAssembly';
  }

  /**
   * Processor time of the card's thread, in nanoseconds; 0 where it cannot be told, as of a card in the
   * program's thread.
   */
  iopCpuNs(): number {
    return this.card.iopCpuNs();
  }

  /** The system's number of the card's thread; 0 where it is unknown, or the card has none of its own. */
  get iopThreadId(): number {
    return this.card.iopThreadId;
  }

  /** Bytes of heap the card's thread uses; -1 where it has none of its own, or does not answer. */
  iopHeapBytes(): number {
    return this.card.iopHeapBytes();
  }

  /** Ends connections that lead to others, and a trace, before the process ends without exit handlers. */
  endTrace(): void {
    this.card.endConnections();
    this.card.endTrace();
  }

  close(): Promise<void> {
    return this.card.close();
  }

  /** Ends the card without a word, as a fault would. For tests of what follows. */
  async kill(): Promise<void> {
    await this.card.kill();
  }

  private balance(): Reconciliation {
    const { host, iop } = this.ledger();
    return reconcile(host, iop, this.card.host.holdings(), this.card.loopCounters());
  }
}

export class Card extends CardBooks {
  readonly stack: CardSockets;
  /** Whether a destination beyond the card is reached by its wire; absent: there is nobody. */
  readonly reaches: ((destination: number) => boolean) | undefined;
  /** The news that somebody waits for. */
  private awaited: Promise<void> | undefined;

  constructor(card: OpenedCard, placed: Placed, reaches?: (destination: number) => boolean) {
    super(card, placed);
    this.stack = card.host.sockets;
    this.reaches = reaches;
  }

  /** The card's own addresses, loopback not among them. */
  get addresses(): readonly number[] {
    return [this.card.config.stack.address];
  }

  /** The region's bytes, for buffers offered and lent (`stack.sender`, `stack.receiver`). */
  get memory(): Uint8Array {
    return this.card.region.bytes;
  }

  /** What one socket has waited for to send, since it was made. @throws RangeError for no socket's id. */
  stallsOf(socketId: number): SendStalls {
    const { socketsMax } = this.card.config.driver;
    const known = Number.isInteger(socketId) && socketId >= 0 && socketId < socketsMax;
    if (!known) throw new RangeError(`expected a socket's id below ${socketsMax}, got ${socketId}`);
    return this.card.host.driver.blocked.stalls.of(socketId);
  }

  /** Whether this thread runs the card when it polls it: then nothing comes of waiting for it. */
  get polled(): boolean {
    return this.placement === 'inline';
  }

  /** How many more sockets the card has room for. */
  get socketsFree(): number {
    return this.stack.socketsFree;
  }

  /** Transmit buffers in the card's or the program's hands. */
  get transmitInUse(): number {
    return this.card.host.transmit.inUse;
  }

  /** The same card, as the drop-in for `node:net` wants it. */
  get node(): this {
    return this;
  }

  nextReady(): number {
    return this.stack.nextReady();
  }

  keepAlive(on: boolean): void {
    this.card.keepAlive(on);
  }

  onInterrupt(callback: () => void): void {
    this.card.onInterrupt(callback);
  }

  arm(): boolean {
    return this.card.armLoop();
  }

  failed(): number {
    return this.card.host.driver.deadErrno;
  }

  /**
   * Resolves when the card has news, for all who wait; the event loop rests until then. For `PromiseSockets`.
   * Not together with the drop-in, which has the interrupt to itself.
   */
  news(): Promise<void> {
    return (this.awaited ??= this.nextNews());
  }

  private nextNews(): Promise<void> {
    return new Promise((resolve) => {
      let over = false;
      const done = (): void => {
        if (over) return;
        over = true;
        this.awaited = undefined;
        this.card.keepAlive(false);
        this.stack.poll();
        resolve();
      };
      this.card.onInterrupt(() => nextTurn(done));
      this.card.keepAlive(true);
      if (this.stack.poll() > 0 || this.failed() !== 0 || !this.card.armLoop()) nextTurn(done);
    });
  }
}

/**
 * Opens a card with the echo module: the message layer alone.
 * @param payloads of its messages, all of one length: so many are on their way at once, and take turns.
 */
export async function openEcho(
  options: CardOptions = {},
  trace?: TraceRequest,
  payloads: readonly Uint8Array[] = [new Uint8Array(0)],
): Promise<Echo> {
  const { placement = 'thread', ...overrides } = options;
  const placed = placeCard(placement);
  return new Echo(await openAt(placed, cardConfig(overrides), 'echo', trace), placed, payloads);
}

export class Echo extends CardBooks {
  /** What has come back of each payload. */
  readonly received: readonly Uint8Array[];
  private readonly calls: EchoCalls;
  private readonly atOnce: number;

  constructor(card: OpenedCard, placed: Placed, payloads: readonly Uint8Array[]) {
    super(card, placed);
    this.calls = card.host.echoes;
    this.atOnce = payloads.length;
    this.received = payloads.map(({ length }) => new Uint8Array(length));
    this.calls.open(payloads, this.received);
  }

  /**
   * Posts messages and polls for their echoes, one on its way for each payload, or as many as frames and
   * buffers last for. @returns how many of `count` were echoed in time.
   */
  roundTrip(count: number): number {
    const { calls, atOnce } = this;
    const { driver } = this.card.host;
    const { controlTimeoutNs } = this.card.config.driver;
    const first = calls.echoed;
    for (let posted = 0; ; ) {
      const done = calls.echoed - first;
      if (done === count) return count;
      while (posted < count && posted - done < atOnce && calls.echo()) posted += 1;
      const before = calls.echoed;
      // Without a frame the driver is told when one is free; without a buffer an echo brings one.
      if (driver.wait(controlTimeoutNs) === 0 && calls.echoed === before) return done;
    }
  }

  /** Posts messages that are only taken, published `batch` at a time. @returns once all are, how many. */
  stream(messages: number, batch: number): number {
    const { calls } = this;
    const { requests } = this.card.host;
    let posted = 0;
    while (posted < messages) {
      const wanted = Math.min(batch, messages - posted);
      const free = requests.framesFreeFor(wanted);
      const room = Math.min(free, wanted);
      let taken = 0;
      while (taken < room && calls.take(taken + 1 === room)) taken += 1;
      if (taken < room) calls.recall();
      requests.publish();
      posted += taken;
      if ((taken < wanted || calls.isBuffered) && !this.look()) return posted;
    }
    while ((requests.framesInUse > 0 || calls.waiting > 0) && this.look()) calls.recall();
    return posted;
  }

  /** A card of this thread takes frames only in its turns. @returns whether it is alive. */
  private look(): boolean {
    const { driver } = this.card.host;
    if (this.calls.isBuffered || this.card.placement === 'inline') driver.poll();
    return driver.checkHealth();
  }
}
