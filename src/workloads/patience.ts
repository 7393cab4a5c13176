/**
 * What programs do about ENOBUFS. A card whose `driver.transmitDryPolicy` is that tells nobody when it has a
 * buffer again, as a kernel does not after that errno: who hears it tries again a little later. Programs know
 * EAGAIN alone, so this stands between them and the stack: it answers EAGAIN in place of ENOBUFS, and
 * names the socket as ready once its time has come.
 */
import type { SocketStack } from '../socket/contract.ts';
import { EAGAIN, ENOBUFS } from '../socket/errno.ts';
import { NEVER } from '../time/agent.ts';
import type { Clock } from '../time/clock.ts';
import type { Program } from './program.ts';
import type { ReadyStack } from './ready.ts';

/** How long after ENOBUFS a send is tried again (ours): some round trips within a building. */
const RETRY_NS = 100_000;

export type PatientStack = SocketStack & ReadyStack;

/** A program beside those of one stack: it has them stepped when a send of theirs is to be tried again. */
export class Patience implements Program {
  /** The stack as programs have it. */
  readonly sockets: PatientStack;
  private readonly stack: PatientStack;
  private readonly clock: Clock;
  /** Whether a program has looked which sockets are ready since the last step. */
  private asked = false;
  /** Sockets whose send was refused, by when they try again. */
  private readonly refused: { readonly socket: number; readonly dueNs: number }[] = [];

  constructor(stack: PatientStack, clock: Clock) {
    this.stack = stack;
    this.clock = clock;
    const calls = {
      send: (socket: number, bytes: Uint8Array, offset: number, length: number, flags?: number): number =>
        this.answer(socket, stack.send(socket, bytes, offset, length, flags)),
      sendTo: (...call: Parameters<SocketStack['sendTo']>): number =>
        this.answer(call[0], stack.sendTo(...call)),
      nextReady: (): number => this.nextReady(),
    };
    this.sockets = new Proxy(stack, {
      get: (target, name) => {
        if (Object.hasOwn(calls, name)) return calls[name as keyof typeof calls];
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  /**
   * The programs before it have had their step. Where none of them looks at readiness, each has tried all its
   * sockets. Where one does, what has become due since it looked is left for its next step.
   */
  step(): number {
    while (!this.asked && this.isDue()) this.refused.shift();
    this.asked = false;
    return 0;
  }

  nextDeadlineNs(): number {
    return this.refused[0]?.dueNs ?? NEVER;
  }

  private answer(socket: number, sent: number): number {
    if (sent !== -ENOBUFS) return sent;
    const { clock, refused } = this;
    clock.update();
    if (!refused.some((one) => one.socket === socket))
      refused.push({ socket, dueNs: clock.nowNs + RETRY_NS });
    return -EAGAIN;
  }

  private nextReady(): number {
    this.asked = true;
    const due = this.isDue() ? this.refused.shift() : undefined;
    return due?.socket ?? this.stack.nextReady();
  }

  private isDue(): boolean {
    return (this.refused[0]?.dueNs ?? NEVER) <= this.clock.nowNs;
  }
}
