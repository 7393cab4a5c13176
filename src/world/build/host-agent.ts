/** A host as an agent: its processor takes replies for all its cards, then gives each program its step. */
import type { Driver } from '../../osm/kernel/driver.ts';
import type { HeldSend } from '../../osm/kernel/held-send.ts';
import { type Agent, NEVER } from '../../time/agent.ts';
import type { Program } from '../../workloads/program.ts';

/** What looks at a traced card before its driver does. */
export interface InterruptWatch {
  lookForInterrupt(): void;
}

/** What has a turn of the host's before its drivers: a stack that the host runs itself. */
export interface HostTurn {
  poll(): number;
  nextDeadlineNs(): number;
}

/** A program whose send waits for a buffer. */
interface Hold {
  readonly driver: Driver;
  readonly send: HeldSend;
}

/** Polls between two looks whether the cards run: a host with much to do may rest never. */
const POLLS_PER_HEALTH = 1024;

export class HostAgent implements Agent {
  readonly name: string;
  private readonly drivers: Driver[] = [];
  private readonly watches: InterruptWatch[] = [];
  private readonly turns: HostTurn[] = [];
  private programs: Program[] = [];
  /** Programs that get no step for now. */
  private readonly holds: Map<Program, Hold> = new Map();
  private polls = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Adds a card's driver. Called while the world is built. */
  addDriver(driver: Driver, watch: InterruptWatch | undefined): void {
    this.drivers.push(driver);
    if (watch !== undefined) this.watches.push(watch);
  }

  /** Adds a stack of the host's own. Called while the world is built. */
  addTurn(turn: HostTurn): void {
    this.turns.push(turn);
  }

  /** Adds a program. Whoever adds one notifies the host, which runs it at once. */
  addProgram(program: Program): void {
    this.programs.push(program);
  }

  poll(): number {
    this.polls = (this.polls + 1) | 0;
    if (this.polls % POLLS_PER_HEALTH === 0) this.anyDied();
    for (const watch of this.watches) watch.lookForInterrupt();
    let work = 0;
    for (const turn of this.turns) work += turn.poll();
    for (const driver of this.drivers) work += driver.poll();
    for (const program of this.programs) if (!this.isHeld(program)) work += this.step(program);
    return work;
  }

  /** Looks whether all cards still run. @returns whether one has died since the last look. */
  private anyDied(): boolean {
    let died = false;
    for (const driver of this.drivers) if (driver.deadErrno === 0 && !driver.checkHealth()) died = true;
    return died;
  }

  /** Whether a program waits for a buffer, as if it were inside its call. */
  private isHeld(program: Program): boolean {
    if (this.holds.size === 0) return false;
    const hold = this.holds.get(program);
    if (hold === undefined) return false;
    if (hold.send.holds) return true;
    hold.driver.blocked.overdue = hold.send.overdue;
    this.holds.delete(program);
    return false;
  }

  /** A program has had its step: it gets no other while a send of its waits. */
  private lookForHeld(program: Program): void {
    for (const driver of this.drivers) {
      driver.blocked.overdue = false;
      const send = driver.blocked.takeHeld();
      if (send !== undefined) this.holds.set(program, { driver, send });
    }
  }

  /**
   * A program that throws has failed for good: whoever runs the world is told, once, and the other programs
   * go on when it is run again.
   */
  private step(program: Program): number {
    try {
      const work = program.step();
      this.lookForHeld(program);
      return work;
    } catch (error) {
      this.programs = this.programs.filter((other) => other !== program);
      throw error;
    }
  }

  arm(): boolean {
    // A card whose thread has ended brings no reply ever: its sockets fail, and their programs are to hear of
    // it.
    if (this.anyDied()) return false;
    for (const driver of this.drivers) if (!driver.arm()) return false;
    return true;
  }

  nextDeadlineNs(): number {
    let nextNs = NEVER;
    for (const turn of this.turns) nextNs = Math.min(nextNs, turn.nextDeadlineNs());
    for (const driver of this.drivers) nextNs = Math.min(nextNs, driver.nextDeadlineNs());
    for (const program of this.programs) {
      const held = this.holds.size > 0 ? this.holds.get(program) : undefined;
      nextNs = Math.min(nextNs, held?.send.dueNs ?? program.nextDeadlineNs?.() ?? NEVER);
    }
    return nextNs;
  }
}
