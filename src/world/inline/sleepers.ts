/**
 * Where a driver rests inside a call when its thread has others to run: its card, the switches, the other
 * hosts.
 */
import type { InlineLoop } from '../../time/inline-loop.ts';
import { InterruptedSleeper, type Sleeper } from '../../time/sleeper.ts';

/** Of a driver whose card runs in the same thread. */
export class InlineSleeper extends InterruptedSleeper {
  private readonly loop: InlineLoop;
  private readonly agent: number;

  /** @param agent the host's number in the loop: it waits, and is not run. */
  constructor(loop: InlineLoop, agent: number) {
    super();
    this.loop = loop;
    this.agent = agent;
  }

  get mayNotRest(): boolean {
    return this.loop.underWay;
  }

  sleep(timeoutNs: number): void {
    const { clock } = this.loop;
    clock.update();
    this.loop.run(() => this.woken, clock.nowNs + timeoutNs, this.agent);
  }
}

/** Of a driver whose card has a thread of its own, which counts its interrupts in a word of shared memory. */
export class FarSleeper implements Sleeper {
  private readonly loop: InlineLoop;
  private readonly agent: number;
  private readonly words: Int32Array;
  private readonly index: number;
  private seen = 0;

  /** @param index word of the wake-up count that all cards of the world have in common. */
  constructor(loop: InlineLoop, agent: number, words: Int32Array, index: number) {
    this.loop = loop;
    this.agent = agent;
    this.words = words;
    this.index = index;
  }

  prepare(): void {
    this.seen = Atomics.load(this.words, this.index);
  }

  get mayNotRest(): boolean {
    return this.loop.underWay;
  }

  sleep(timeoutNs: number): void {
    const { clock } = this.loop;
    clock.update();
    const woken = (): boolean => Atomics.load(this.words, this.index) !== this.seen;
    this.loop.run(woken, clock.nowNs + timeoutNs, this.agent);
  }
}
