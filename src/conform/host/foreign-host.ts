/**
 * A host at the other end of the pipe: our own card is the one that it drives. Its frames go into the card's
 * transport as they come, behind a recorder, so that a validator sees what passes.
 */
import type { Region } from '../../dma/region.ts';
import { Doorbell } from '../../i2o/doorbell.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { Clock, MachineClock } from '../../time/clock.ts';
import type { Recorder } from '../../trace/recorder.ts';
import type { Validator } from '../../validate/validator.ts';
import type { CardParts } from '../../world/build/card-parts.ts';
import type { HostEnds } from '../../world/build/card-trace.ts';
import type { CardOverrides } from '../../world/config/settings.ts';
import { settingsOf } from '../card/foreign-card.ts';
import type { Link, LinkListener } from '../link/link.ts';
import { Window } from '../link/window.ts';
import { PipeFault } from '../pipe/fault.ts';
import {
  PIPE_DEVICE_SOCKET,
  PIPE_DONE_STATUS_GOOD,
  PIPE_FAULT_FRAME_OVERRUN,
  PIPE_FAULT_HANG,
  PIPE_FAULT_OUT_OF_TURN,
  PIPE_FAULT_UNANNOUNCED,
  PIPE_FEATURE_PUSH_WRITES,
  PIPE_INTERRUPT,
} from '../pipe/pipe.gen.ts';
import { type HostCard, type HostOutcome, hostCard } from './host-card.ts';
import type { SharedHost } from './shared-host.ts';

/** A replies' failure record names no frame over the pipe: the card gives every frame back. */
const NOTHING_KEPT = -1;
const PRESERVED_WORD = 7;
const FAIL = 0x2000;
const TURNS_MAX = 200_000;
/** Virtual time that a host may take. */
const LIMIT_NS = 300e9;
/** Looks in vain before the card rests. */
const LOOKS = 2000;
const NS_PER_MS = 1e6;
const overrun = (what: string): PipeFault => new PipeFault(PIPE_FAULT_FRAME_OVERRUN, what);

export class ForeignHost implements LinkListener {
  private readonly link: Link;
  private readonly region: Region;
  private readonly window: Window;
  private readonly clock: Clock;
  private readonly shared: SharedHost | undefined;
  readonly marks: HostCard['marks'];
  private supplied = false;
  private readonly parts: CardParts;
  private readonly ledger: Ledger;
  private readonly recorder: Recorder;
  private readonly ends: HostEnds;
  private readonly doorbell: Doorbell;
  /** Numbers of the host's frames that the card has, in the order in which they came. */
  private readonly away: number[] = [];
  /** Numbers of the card's frames: those that are free, and those the host has. */
  private readonly free: number[] = [];
  private readonly lent = new Set<number>();
  private readonly outboundFrames: number;
  private readonly inboundFrames: number;
  private arrived = 0;
  /** The host has released frames since it rang last. */
  private gaveBack = false;
  private posted = 0;
  private received = 0;
  private result: HostOutcome['failure'] | undefined;
  private kept = 0;
  /** Set when the host is to have a turn. */
  private due = true;
  /** When the host wants its next turn. */
  private nextNs = 0;

  constructor(
    link: Link,
    name: string,
    overrides: CardOverrides,
    transferBytes: number,
    validator: Validator,
  ) {
    this.link = link;
    this.clock = link.runsFreely ? new MachineClock() : new Clock();
    if (!link.runsFreely) this.clock.set(0);
    const built = hostCard(overrides, this.clock, validator, link.memory);
    const { region, card, hostLedger } = built;
    const { inboundFrames, outboundFrames } = card.memory.layout;
    this.marks = built.marks;
    this.inboundFrames = inboundFrames;
    this.outboundFrames = outboundFrames;
    this.region = region;
    this.parts = built.parts;
    this.ledger = built.ledger;
    this.recorder = built.recorder;
    this.ends = built.ends;
    this.shared = built.shared;
    this.doorbell = new Doorbell(hostLedger, this.ends.waker);
    const settings = settingsOf(card, PIPE_DEVICE_SOCKET, region.byteLength, transferBytes);
    const tells = this.shared !== undefined || (link.features & PIPE_FEATURE_PUSH_WRITES) !== 0;
    this.window = new Window(region, settings, link.role, tells);
    this.marks?.markAll();
    link.begin(name, settings, 0, this);
    if (this.shared !== undefined) link.shareMemory(this.shared.offsets);
  }

  /**
   * Lets the host work until its program is done.
   * @param strew called once the host has the card up: sends it what it has not asked for.
   * @param hints announcements that nothing is behind, one before each of the first turns.
   */
  run(strew?: (host: ForeignHost) => void, hints = 0): HostOutcome {
    if (this.link.runsFreely) this.runFree(strew);
    else this.runTurns(strew, hints);
    const counters = this.ledger.snapshot();
    this.recorder.end({ inboundPosted: this.posted, outboundReleased: this.received }, counters);
    const never = 'it never said that its program is done (Done)';
    return { failure: this.result ?? never, kept: this.kept, counters };
  }

  private runTurns(strew: ((host: ForeignHost) => void) | undefined, hints: number): void {
    let wanted = strew;
    let hostNs = 0;
    for (let turn = 0; turn < TURNS_MAX && this.clock.nowNs < LIMIT_NS && this.result === undefined; turn++) {
      this.due = false;
      if (turn < hints) this.hint();
      this.turnHost();
      hostNs = this.nextNs;
      this.turnCard();
      if (wanted !== undefined && this.isUp) {
        wanted(this);
        wanted = undefined;
      }
      if (this.due || this.result !== undefined) continue;
      const nextNs = Math.min(hostNs, this.parts.processor.nextDeadlineNs());
      if (nextNs === Number.POSITIVE_INFINITY) break;
      this.clock.set(Math.max(this.clock.nowNs + 1, nextNs));
      this.turnCard();
    }
  }

  private turnHost(): void {
    const { shared } = this;
    if (shared === undefined) this.tellChanges();
    else {
      this.window.changes(() => {});
      shared.arm();
    }
    this.nextNs = this.link.turn(this.clock.nowNs);
    this.marks?.inTurn(this.window);
    if (this.result !== undefined) this.kept = shared?.kept ?? this.lent.size;
  }

  /** Card and host run side by side: the card looks for a while, asks for a word, and rests. */
  private runFree(strew?: (host: ForeignHost) => void): void {
    const { clock, link } = this;
    const shared = this.shared!;
    const patienceNs = link.patienceMs * NS_PER_MS;
    const endNs = clock.nowNs + LIMIT_NS;
    let wanted = strew;
    let silentNs = 0;
    for (let looks = 1; this.result === undefined && clock.nowNs < endNs; looks++) {
      clock.update();
      const worked = link.listen(0) + this.turnCard();
      if (worked > 0) {
        silentNs = 0;
        looks = 0;
      }
      if (wanted !== undefined && this.isUp) {
        wanted(this);
        wanted = undefined;
      }
      if (looks < LOOKS || !shared.arm()) continue;
      const waitNs = Math.min(patienceNs, Math.max(0, this.parts.processor.nextDeadlineNs() - clock.nowNs));
      silentNs = link.listen(waitNs) > 0 ? 0 : silentNs + waitNs;
      looks = 0;
      if (silentNs < patienceNs) continue;
      if (!this.probe()) return;
      silentNs = 0;
    }
    this.nextNs = link.turn(clock.nowNs);
    this.kept = shared.kept;
  }

  /** The host has been silent for long. @returns whether it has worked since. @throws PipeFault. */
  private probe(): boolean {
    const { link, clock } = this;
    const shared = this.shared!;
    const { unannounced, kept } = shared;
    if (unannounced > 0)
      throw new PipeFault(
        PIPE_FAULT_UNANNOUNCED,
        `${unannounced} frames were not announced to a card that rests`,
      );
    link.turn(clock.nowNs);
    if (shared.kept < kept)
      throw new PipeFault(PIPE_FAULT_HANG, `it rested with ${kept} replies waiting, and asked for no word`);
    return this.turnCard() > 0 || this.result !== undefined;
  }

  /** The card can answer, and the host has none of its frames. */
  private get isUp(): boolean {
    const { shared, free } = this;
    const idle = shared === undefined ? free.length === this.outboundFrames : shared.kept === 0;
    return idle && this.parts.processor['iop'].canReply;
  }

  /** Sends the host frames that our card never sent. */
  strew(frames: readonly Int32Array[]): void {
    for (const words of frames) {
      if (this.shared?.put(words) === true) continue;
      const number = this.free.shift();
      if (number === undefined) return;
      this.lent.add(number);
      this.link.frame(number, 0, words, 0);
    }
    this.shared?.publish();
    this.hint();
  }

  /** Announces something to the host where nothing is. */
  hint(): void {
    this.link.announce(PIPE_INTERRUPT);
    this.due = true;
  }

  /** @returns how much the card has worked on. */
  private turnCard(): number {
    const { processor } = this.parts;
    const { inbound, outbound } = this.ends;
    let worked = 1;
    let sum = 0;
    for (let looks = 0; worked > 0 && looks < TURNS_MAX; looks++) {
      worked = this.takeShared() + processor.poll();
      if (processor['iop'].starting) this.restart();
      worked += this.bring();
      this.giveBack();
      sum += worked;
    }
    inbound.publish();
    outbound.publish();
    return sum;
  }

  /** Takes what the host has posted in the file. @returns how many frames. */
  private takeShared(): number {
    const { shared } = this;
    if (shared === undefined) return 0;
    const { inbound, outbound } = this.ends;
    const { words } = this.region;
    const count = shared.take((from) => {
      // What it wrote for this one was there before it was posted; what it writes for the next, perhaps not.
      if (this.link.runsFreely) this.marks!.look();
      const frame = inbound.acquire();
      if (frame === NO_FRAME) return false;
      words.copyWithin(frame, from, from + FRAME_WORDS);
      inbound.post();
      this.posted += 1;
      return true;
    });
    if (count > 0) this.doorbell.publish(inbound);
    if (!this.supplied && this.parts.processor['iop'].canReply) {
      outbound.supply();
      this.supplied = true;
    }
    if (shared.publish()) this.link.announce(PIPE_INTERRUPT);
    return count;
  }

  /** Brings the host what the card has answered. @returns how many frames. */
  private bring(): number {
    const { outbound } = this.ends;
    const { words } = this.region;
    const { shared } = this;
    let count = 0;
    while (shared === undefined ? this.free.length > 0 : shared.hasRoom) {
      const frame = outbound.receive();
      if (frame === NO_FRAME) break;
      const copy = words.slice(frame, frame + FRAME_WORDS);
      if ((copy[0] & FAIL) !== 0) copy[PRESERVED_WORD] = NOTHING_KEPT;
      this.marks?.before(copy);
      if (shared === undefined) this.send(copy);
      else shared.put(copy);
      outbound.release();
      this.received += 1;
      count += 1;
    }
    outbound.publish();
    if (count === 0) return 0;
    this.recorder.lookForInterrupt();
    if (shared === undefined || shared.publish()) this.link.announce(PIPE_INTERRUPT);
    this.due = true;
    return count;
  }

  private send(reply: Int32Array): void {
    const number = this.free.shift()!;
    this.lent.add(number);
    this.tellChanges();
    this.link.frame(number, 0, reply, 0);
  }

  /** The host gets the frames back that the card has read. */
  private giveBack(): void {
    if (this.shared !== undefined) return;
    const count = this.away.length - this.arrived - this.ends.inbound.inUse;
    if (count <= 0) return;
    this.link.release(this.away.splice(0, count));
    this.due = true;
  }

  private restart(): void {
    const { inbound, outbound } = this.ends;
    if (this.shared === undefined) this.tellChanges();
    this.shared?.restart();
    this.marks?.markAll();
    this.supplied = false;
    this.link.restarted();
    inbound.restart();
    outbound.restart(false);
    this.away.length = 0;
    this.free.length = 0;
    this.lent.clear();
    this.arrived = 0;
    this.due = true;
  }

  frame(number: number, _address: number, bytes: Uint8Array): void {
    this.byPipe();
    if (!(number >= 0 && number < this.inboundFrames))
      throw overrun(`it sent frame ${number >>> 0}, and has ${this.inboundFrames}`);
    if (this.away.includes(number)) throw overrun(`it sent frame ${number} again before that was released`);
    const { inbound } = this.ends;
    const frame = inbound.acquire();
    if (frame === NO_FRAME) throw overrun('it sent more frames than there are');
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let i = 0; i < FRAME_WORDS; i++) this.region.words[frame + i] = view.getInt32(i * 4, true);
    inbound.post();
    this.away.push(number);
    this.arrived += 1;
    this.posted += 1;
  }

  announced(): void {
    this.shared?.announced();
    // Over a file frames come and go unseen, so what a doorbell was for is not known there.
    if (this.shared === undefined && this.arrived === 0 && !this.gaveBack) this.doorbell.ringForNothing();
    this.gaveBack = false;
    this.doorbell.publish(this.ends.inbound);
    this.arrived = 0;
  }

  released(numbers: Int32Array): void {
    this.byPipe();
    const { lent, free, outboundFrames } = this;
    this.gaveBack = true;
    const first = lent.size === 0 && free.length === 0;
    for (const number of numbers) {
      const good = first ? number >= 0 && number < outboundFrames : lent.delete(number);
      if (!good) throw overrun(`it released frame ${number}, which it does not have`);
      free.push(number);
    }
    if (first) this.ends.outbound.supply();
  }

  restarted(): void {}

  write(address: number, bytes: Uint8Array): void {
    this.byPipe();
    this.window.write(address, bytes);
    this.recorder.write(address, bytes.length);
  }

  read(address: number, length: number): Uint8Array {
    this.byPipe();
    return this.window.read(address, length);
  }

  done(status: number, text: string): void {
    if (status === PIPE_DONE_STATUS_GOOD) this.result = '';
    else this.result = `the host gave up: ${text === '' ? 'it does not say why' : text}`;
  }

  get unannounced(): number {
    // Without turns a doorbell is for a card that rests alone.
    if (this.link.runsFreely) return 0;
    return this.shared?.unannounced ?? this.arrived;
  }

  /** @throws PipeFault where frames and memory are in a file. */
  private byPipe(): void {
    if (this.shared === undefined) return;
    throw new PipeFault(PIPE_FAULT_OUT_OF_TURN, 'frames and memory are in the shared file, and not said');
  }

  private tellChanges(): void {
    this.window.changes((address, bytes) => this.link.write(address, bytes));
  }
}
