/** Our own card over a file that the front-end maps as well: in turns, or by itself. */
import { NEVER } from '../../time/agent.ts';
import { Clock, MachineClock } from '../../time/clock.ts';
import type { CardParts } from '../../world/build/card-parts.ts';
import { type PipeMessage, timeOf } from '../pipe/message.ts';
import * as pipe from '../pipe/pipe.gen.ts';
import type { Backend } from './backend.ts';
import { buildOwn } from './own-parts.ts';
import { planOwn, readSettings } from './settings.ts';
import { cardRings, LOOKS, mapWindow } from './shared-rings.ts';

/** Looks of the card's in a turn; it comes back for the rest. */
const LOOKS_MAX = 100_000;

export class SharedOwnCard {
  private readonly backend: Backend;
  private readonly clock: Clock;
  private readonly parts: CardParts;

  /** @param memory what the front-end says behind Begin. */
  constructor(backend: Backend, begin: PipeMessage, memory: PipeMessage) {
    this.backend = backend;
    this.clock = backend.runsFreely ? new MachineClock() : new Clock();
    if (!backend.runsFreely) this.clock.set(timeOf(begin.fields[0], begin.fields[1]));
    const own = planOwn(readSettings(begin));
    mapWindow(own, memory);
    const ends = cardRings(own, memory, () => this.say(pipe.PIPE_RESTART));
    this.parts = buildOwn(own, this.clock, ends, { wake: () => this.say(pipe.PIPE_INTERRUPT) });
  }

  /** What the front-end says. */
  hear({ type, fields }: PipeMessage): void {
    if (type !== pipe.PIPE_TURN) return;
    const { backend, clock, parts } = this;
    const { processor } = parts;
    if (backend.runsFreely) {
      this.untilIdle();
      backend.rest(NEVER);
      return;
    }
    const nowNs = timeOf(fields[0], fields[1]);
    clock.set(nowNs);
    for (let looks = 0; processor.poll() > 0 && looks < LOOKS_MAX; looks++);
    backend.rest(processor.arm() ? processor.nextDeadlineNs() : nowNs);
  }

  /** Of a card without turns: works until the front-end says something. @returns what it says. */
  next(): PipeMessage {
    for (;;) {
      this.untilIdle();
      const waitNs = this.parts.processor.nextDeadlineNs() - this.clock.nowNs;
      const message = this.backend.heard(Math.max(0, waitNs));
      if (message !== undefined) return message;
    }
  }

  /** Works until nothing has come for a while, and it has asked for a word of what comes next. */
  private untilIdle(): void {
    const { processor } = this.parts;
    for (let looks = 0; ; looks++) {
      this.clock.update();
      if (processor.poll() > 0) looks = 0;
      if (looks < LOOKS) continue;
      if (processor.arm()) return;
      looks = 0;
    }
  }

  private say(type: number): void {
    this.backend.send(type);
    if (this.backend.runsFreely) this.backend.flush();
  }
}
