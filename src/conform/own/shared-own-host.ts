/** Our own host driver over a file that the front-end maps as well: in turns, or by itself. */
import { Host } from '../../osm/host.ts';
import { NEVER } from '../../time/agent.ts';
import { Clock, MachineClock } from '../../time/clock.ts';
import { InterruptedSleeper } from '../../time/sleeper.ts';
import { type PipeMessage, textBytes, timeOf } from '../pipe/message.ts';
import * as pipe from '../pipe/pipe.gen.ts';
import type { Backend } from './backend.ts';
import { runProgram } from './host-program.ts';
import { planOwn, readSettings } from './settings.ts';
import { hostRings, mapWindow } from './shared-rings.ts';

const BLANK = 0x20;

export class SharedOwnHost extends InterruptedSleeper {
  private readonly backend: Backend;
  private readonly clock: Clock;
  private readonly host: Host;
  private readonly address: number;
  private readonly transferBytes: number;

  /** @param memory what the front-end says behind Begin. */
  constructor(backend: Backend, begin: PipeMessage, memory: PipeMessage) {
    super();
    this.backend = backend;
    this.clock = backend.runsFreely ? new MachineClock() : new Clock();
    if (!backend.runsFreely) this.clock.set(timeOf(begin.fields[0], begin.fields[1]));
    const own = planOwn(readSettings(begin));
    this.address = own.settings.ipv4Address;
    this.transferBytes = own.settings.transferBytes;
    mapWindow(own, memory);
    this.host = new Host(own.region, own.card.memory.layout, own.config.driver, {
      ...{ clock: this.clock, sleeper: this },
      ...hostRings(own, memory),
      waker: { wake: () => this.ring() },
      health: { alive: () => true },
    });
  }

  /** The program, from bring-up to the end in order. */
  work(): void {
    const { backend } = this;
    // The first turn is the program's start.
    if (!backend.runsFreely) this.hearTurn();
    const failure = runProgram(this.host, this.address, this.transferBytes);
    const status = failure === '' ? pipe.PIPE_DONE_STATUS_GOOD : pipe.PIPE_DONE_STATUS_FAILED;
    backend.send(pipe.PIPE_DONE, [status], textBytes(failure), BLANK);
    backend.flush();
    if (backend.runsFreely) this.hearTurn();
    backend.rest(NEVER);
  }

  sleep(timeoutNs: number): void {
    if (this.woken) return;
    if (this.backend.runsFreely) {
      const message = this.backend.heard(timeoutNs);
      if (message?.type === pipe.PIPE_INTERRUPT) this.interrupt();
      // Whoever rests here has asked for a word of what comes, and has found nothing before.
      if (message?.type === pipe.PIPE_TURN) this.backend.rest(NEVER);
      return;
    }
    this.backend.rest(timeoutNs === NEVER ? NEVER : this.clock.nowNs + timeoutNs);
    this.hearTurn();
  }

  /** Hears what is said until the next turn begins. */
  private hearTurn(): void {
    for (;;) {
      const { type, fields } = this.backend.next();
      if (type === pipe.PIPE_INTERRUPT) this.interrupt();
      if (type !== pipe.PIPE_TURN) continue;
      if (!this.backend.runsFreely) this.clock.set(timeOf(fields[0], fields[1]));
      return;
    }
  }

  private ring(): void {
    this.backend.send(pipe.PIPE_DOORBELL);
    if (this.backend.runsFreely) this.backend.flush();
  }
}
