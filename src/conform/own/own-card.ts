/** Our own card behind the pipe: the known good back-end, and with a fault on purpose a known bad one. */
import type { Region } from '../../dma/region.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { NEVER } from '../../time/agent.ts';
import { Clock } from '../../time/clock.ts';
import type { CardParts } from '../../world/build/card-parts.ts';
import { FrameReceiver } from '../ends/frame-receiver.ts';
import { FrameSender } from '../ends/frame-sender.ts';
import type { FramePort } from '../ends/port.ts';
import { Window } from '../link/window.ts';
import { type PipeMessage, timeOf } from '../pipe/message.ts';
import * as pipe from '../pipe/pipe.gen.ts';
import type { Backend } from './backend.ts';
import { answersWrongly, type CardFault, misbehave, QUIETLY, TRANSPORT_FAULTS } from './card-faults.ts';
import { buildOwn } from './own-parts.ts';
import { planOwn, readSettings } from './settings.ts';
import { SharedOwnCard } from './shared-own-card.ts';
import { SpoiltTransport } from './spoilt-transport.ts';

/** Looks of the card's in a turn; it comes back for the rest. */
const LOOKS_MAX = 100_000;

export class OwnCard implements FramePort {
  private readonly backend: Backend;
  private readonly fault: CardFault | undefined;
  private readonly clock = new Clock();
  private readonly window: Window;
  private readonly parts: CardParts;
  private readonly inbound: FrameReceiver;
  private readonly outbound: FrameSender;
  private readonly spoilt: SpoiltTransport | undefined;
  private readonly region: Region;
  /** While an answer is sent for the second time; after one that is not to be announced. */
  private spoiling = false;
  private silent = false;

  constructor(backend: Backend, begin: PipeMessage, fault: CardFault | undefined) {
    this.backend = backend;
    this.fault = fault;
    this.clock.set(timeOf(begin.fields[0], begin.fields[1]));
    const own = planOwn(readSettings(begin));
    const { region, settings, inbound, outbound } = own;
    const { words } = region;
    this.region = region;
    this.spoilt = TRANSPORT_FAULTS.some((name) => name === fault) ? new SpoiltTransport(fault) : undefined;
    // What is written here is told the host; what the host writes is brought.
    this.window = new Window(region, settings, pipe.PIPE_ROLE_HOST, true);
    this.inbound = new FrameReceiver({ words, first: inbound, count: settings.inboundFrames }, this, true);
    this.outbound = new FrameSender({ words, first: outbound, count: settings.outboundFrames }, this, false);
    const ends = { inbound: this.inbound, outbound: this.outbound };
    this.parts = buildOwn(own, this.clock, ends, { wake: () => this.interrupt() });
  }

  /** What the front-end says. */
  hear({ type, fields, tail }: PipeMessage): void {
    switch (type) {
      case pipe.PIPE_FRAME:
        this.inbound.arrive(fields[0], fields[1], tail);
        break;
      case pipe.PIPE_DOORBELL:
        this.spoilt?.heard(this.inbound.unannounced);
        if (this.spoilt?.minds !== true) this.inbound.announced();
        break;
      case pipe.PIPE_RELEASE:
        this.outbound.released(new Int32Array(tail.buffer as ArrayBuffer));
        break;
      case pipe.PIPE_MEMORY_WRITE:
        this.window.write(fields[0], tail.subarray(0, fields[1]));
        break;
      case pipe.PIPE_TURN:
        this.turn(timeOf(fields[0], fields[1]));
        break;
    }
  }

  private turn(nowNs: number): void {
    const { processor } = this.parts;
    this.clock.set(nowNs);
    if (this.fault !== undefined && this.inbound.waiting > 0)
      misbehave(this.fault, this.backend, this.inbound);
    if (this.spoilt?.rests(this.inbound.waiting) === true) {
      this.backend.rest(NEVER);
      return;
    }
    for (let looks = 0; processor.poll() > 0 && looks < LOOKS_MAX; looks++);
    this.tellChanges();
    const idle = processor.arm();
    this.backend.rest(idle ? processor.nextDeadlineNs() : nowNs);
  }

  frame(number: number, _address: number, words: Int32Array, at: number): void {
    this.tellChanges();
    const times = this.fault === undefined || this.spoiling ? 1 : answersWrongly(this.fault, words, at);
    this.silent = times === QUIETLY;
    if (times === 0) return;
    this.backend.frame(number, words, at);
    if (times === 2) this.again(words, at);
    const late = this.spoilt?.sent(words, at);
    if (late === 'announce') this.backend.send(pipe.PIPE_INTERRUPT);
    else if (late !== undefined) this.again(late, 0);
  }

  /** Sends an answer a second time, in another frame. */
  private again(words: Int32Array, at: number): void {
    const frame = this.outbound.acquire();
    if (frame === NO_FRAME) return;
    this.region.words.set(words.subarray(at, at + FRAME_WORDS), frame);
    this.outbound.post();
    this.spoiling = true;
    this.outbound.publish();
    this.spoiling = false;
  }

  release(numbers: readonly number[]): void {
    this.backend.numbers(pipe.PIPE_RELEASE, numbers);
  }

  restarted(): void {
    this.spoilt?.restarted();
    this.tellChanges();
    this.backend.send(pipe.PIPE_RESTART);
  }

  private interrupt(): void {
    this.tellChanges();
    if (!this.silent) this.backend.send(pipe.PIPE_INTERRUPT);
  }

  private tellChanges(): void {
    this.window.changes((address, bytes) => {
      this.backend.send(pipe.PIPE_MEMORY_WRITE, [address, bytes.length], bytes);
    });
  }
}

/** Serves cases until the front-end ends. @param fault of a card over the pipe alone. */
export function serveCard(backend: Backend, fault: CardFault | undefined): never {
  let card: OwnCard | SharedOwnCard | undefined;
  for (;;) {
    const free = backend.runsFreely && card instanceof SharedOwnCard ? card : undefined;
    const message = free === undefined ? backend.next() : free.next();
    if (message.type !== pipe.PIPE_BEGIN) card?.hear(message);
    else if (backend.shares) card = new SharedOwnCard(backend, message, backend.next());
    else card = new OwnCard(backend, message, fault);
  }
}
