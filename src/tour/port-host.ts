/**
 * A host that speaks to a network port in messages of its own, and knows nothing of TCP/IP: bring-up, requests
 * and waiting, whatever the port's class.
 */
import type { CardLayout } from '../dma/card-layout.ts';
import type { Region } from '../dma/region.ts';
import { Doorbell } from '../i2o/doorbell.ts';
import { FLAG_MULTIPLE, frameFlags, frameFunction } from '../i2o/frame.ts';
import { NO_FRAME } from '../i2o/transport.ts';
import { OUTBOUND_RELEASED } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { BringUp, type BringUpCaller } from '../osm/message/bring-up.ts';
import { CardWatch } from '../osm/message/card-watch.ts';
import { ControlCall } from '../osm/message/control-call.ts';
import { HANDLER_CONTROL, HANDLER_WATCH } from '../osm/message/handlers.ts';
import { InboundFrames } from '../osm/message/inbound-frames.ts';
import { ENETDOWN } from '../socket/errno.ts';
import type { Clock } from '../time/clock.ts';
import type { HostEnds } from '../world/build/card-trace.ts';

/** Looks at the card before it counts as one that does not answer, and how long between two. */
const LOOKS_MAX = 20_000;
const REST_NS = 50_000;

/** What a world lends such a host. */
export interface PortGround {
  readonly region: Region;
  readonly layout: CardLayout;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly ends: HostEnds;
  /** Size of an outbound frame, as the host asks for it. */
  readonly outboundFrameWords: number;
  /** Gives the card its turn, where it has no thread of its own. @returns how much it worked on. */
  readonly turn: () => number;
  /** Rests for so long at most; time passes meanwhile. */
  readonly rest: (ns: number) => void;
}

/** A class that is spoken, and its version. */
export interface SpokenClass {
  readonly id: number;
  readonly version: number;
}

/** What became of a transaction, or of a request: a context or a function, and word 4 of the reply. */
export type Told = readonly [context: number, status: number];

export abstract class PortHost implements BringUpCaller {
  readonly frames: InboundFrames;
  /** Requests refused as a whole by their function, since the list was last cleared. */
  readonly refused: Told[] = [];
  private readonly ground: PortGround;
  private readonly spoken: SpokenClass;
  protected readonly control: ControlCall;
  private readonly watch: CardWatch;
  private readonly steps: BringUp;
  private readonly doorbell: Doorbell;

  constructor(ground: PortGround, spoken: SpokenClass) {
    const { region, layout, ledger, ends } = ground;
    this.ground = ground;
    this.spoken = spoken;
    this.doorbell = new Doorbell(ledger, ends.waker);
    this.frames = new InboundFrames(region, ends.inbound, this.doorbell, ledger);
    this.control = new ControlCall(ledger);
    this.watch = new CardWatch(region.words, ledger, this.frames);
    const { frames, control, watch } = this;
    const { version } = spoken;
    const base = [region, layout.control, frames, control, this, watch] as const;
    this.steps = new BringUp(...base, version, version, ground.outboundFrameWords);
  }

  bringUp(): void {
    let looks = 0;
    this.steps.run(this.spoken.id, () => {
      if (this.poll() === 0) this.ground.rest(REST_NS);
      return ++looks < LOOKS_MAX;
    });
  }

  quiesce(): void {
    this.steps.quiesce();
    while (this.poll() > 0) {}
  }

  get words(): Int32Array {
    return this.ground.region.words;
  }

  get tid(): number {
    return this.frames.deviceTid;
  }

  /** Posts a request that `write` writes. */
  post(write: (words: Int32Array, frame: number) => void): void {
    const frame = this.awaitFrame();
    if (frame === NO_FRAME) throw new Error('the card takes no frames');
    write(this.words, frame);
    this.frames.post();
  }

  /** A request that is answered as a whole: waits for that. @returns its errno. */
  ask(write: (words: Int32Array, frame: number, handler: number, transaction: number) => void): number {
    this.post((words, frame) => write(words, frame, HANDLER_CONTROL, this.control.begin()));
    return this.awaitControl();
  }

  /** Looks for replies and lets time pass until so it is. @throws Error that says what never came. */
  until(done: () => boolean, what: string): void {
    for (let looks = 0; !done(); looks++) {
      if (looks === LOOKS_MAX) throw new Error(`the card never brought ${what}`);
      if (this.poll() === 0 && this.arm()) this.ground.rest(REST_NS);
    }
  }

  /** Gives the card its turn and takes what it has answered. @returns how much was worked on. */
  poll(): number {
    const { ends, turn, ledger } = this.ground;
    let work = turn();
    let taken = 0;
    for (let frame = ends.outbound.receive(); frame !== NO_FRAME; frame = ends.outbound.receive()) {
      this.take(frame);
      ends.outbound.release();
      taken += 1;
    }
    if (taken > 0) {
      ledger.counters[OUTBOUND_RELEASED] += taken;
      this.doorbell.publishReleases(ends.outbound);
    }
    work += taken;
    return work;
  }

  awaitFrame(): number {
    let frame = this.frames.acquire();
    for (let looks = 0; frame === NO_FRAME && looks < LOOKS_MAX; looks++) {
      if (this.poll() === 0) this.ground.rest(REST_NS);
      frame = this.frames.acquire();
    }
    return frame;
  }

  awaitControl(): number {
    const { control } = this;
    for (let looks = 0; control.pending && looks < LOOKS_MAX; looks++) {
      if (this.poll() === 0 && this.arm()) this.ground.rest(REST_NS);
    }
    if (control.pending) control.abandon(ENETDOWN);
    return control.errno;
  }

  supplyOutbound(spacing = 1): void {
    this.ground.ends.outbound.supply(spacing);
    this.doorbell.publishReleases(this.ground.ends.outbound);
  }

  cardReset(errno: number): void {
    this.frames.restart();
    this.ground.ends.outbound.restart(false);
    if (this.control.pending) this.control.abandon(errno);
    this.watch.forget();
  }

  goOnline(): void {}

  private arm(): boolean {
    return this.ground.ends.outbound.arm();
  }

  /** A reply with a list, or an answer that nobody waits for, is told here. */
  protected abstract listed(frame: number, functionCode: number): void;

  private take(frame: number): void {
    const { words } = this;
    const handler = words[frame + 2];
    const functionCode = frameFunction(words, frame);
    if (handler === HANDLER_CONTROL) this.control.answered(words, frame, words[frame + 3]);
    else if (handler === HANDLER_WATCH) this.watch.take(words, frame);
    else if ((frameFlags(words, frame) & FLAG_MULTIPLE) === 0)
      this.refused.push([functionCode, words[frame + 4]]);
    else this.listed(frame, functionCode);
  }

  /** Whether a request of a function has been refused since `refused` was last cleared. */
  hasRefused(functionCode: number): boolean {
    return this.refused.some(([code]) => code === functionCode);
  }
}
