/** A host that runs TCP/IP itself, as an agent: its stacks have their turn, then each program its step. */
import type { HostStack } from '../../host/host-stack.ts';
import { type Agent, NEVER } from '../../time/agent.ts';
import type { Program } from '../../workloads/program.ts';
import type { InterruptWatch } from '../build/host-agent.ts';

export class PlainHost implements Agent {
  readonly name: string;
  private readonly stacks: HostStack[] = [];
  private readonly watches: InterruptWatch[] = [];
  private programs: Program[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Called while the world is built. */
  addStack(stack: HostStack, watch?: InterruptWatch): void {
    this.stacks.push(stack);
    if (watch !== undefined) this.watches.push(watch);
  }

  addProgram(program: Program): void {
    this.programs.push(program);
  }

  poll(): number {
    for (const watch of this.watches) watch.lookForInterrupt();
    let work = 0;
    for (const stack of this.stacks) work += stack.poll();
    for (const program of this.programs) work += this.step(program);
    return work;
  }

  /** A program that throws has failed for good, and the others go on when the world is run again. */
  private step(program: Program): number {
    try {
      return program.step();
    } catch (error) {
      this.programs = this.programs.filter((other) => other !== program);
      throw error;
    }
  }

  arm(): boolean {
    for (const stack of this.stacks) if (!stack.arm()) return false;
    return true;
  }

  nextDeadlineNs(): number {
    let nextNs = NEVER;
    for (const stack of this.stacks) nextNs = Math.min(nextNs, stack.nextDeadlineNs());
    for (const program of this.programs) nextNs = Math.min(nextNs, program.nextDeadlineNs?.() ?? NEVER);
    return nextNs;
  }
}
