/**
 * Two threads that answer each other, on a machine that may have too few cores for them: a small model of
 * Linux's completely fair scheduler, a microsecond a tick. What is learnt of polling must be nearly as good
 * as the better of polling always and never, wherever the threads and their neighbours are.
 */
import { describe, expect, it } from 'vitest';
import { SpinPolicy } from '../../src/time/spin-policy.ts';

const US = 1e3;
/** Microseconds: how long a thread runs before another may, and by how much who is woken must be behind. */
const SLICE = 3000;
const WAKE_GAIN = 1000;
/** What it takes to sleep or to wake another, and to answer. */
const SWITCH = 5;
const WORK = 2;

type Step = 'run' | 'sleep';

class Thread {
  inbox = 0;
  asleep = false;
  fairness = 0;
  answers = 0;
  core: number;
  readonly body: Generator<Step>;

  constructor(core: number, body: (self: Thread) => Generator<Step>) {
    this.core = core;
    this.body = body(this);
  }
}

class Machine {
  nowUs = 0;
  readonly threads: Thread[] = [];
  private readonly running: (Thread | undefined)[] = [];
  private readonly sliceEnds: number[] = [];

  wake(thread: Thread): void {
    if (!thread.asleep) return;
    thread.asleep = false;
    const running = this.running[thread.core];
    const others = this.threads.filter(
      (other) => other.core === thread.core && !other.asleep && other !== thread,
    );
    const least = Math.min(...others.map((other) => other.fairness), Number.POSITIVE_INFINITY);
    if (least < Number.POSITIVE_INFINITY) thread.fairness = Math.max(thread.fairness, least - SLICE);
    if (running !== undefined && running.fairness - thread.fairness > WAKE_GAIN) {
      this.running[thread.core] = undefined;
    }
  }

  runUntil(us: number): void {
    for (; this.nowUs < us; this.nowUs += 1) for (let core = 0; core < 2; core++) this.tick(core);
  }

  private tick(core: number): void {
    let thread = this.running[core];
    if (
      thread === undefined ||
      thread.asleep ||
      thread.core !== core ||
      this.nowUs >= (this.sliceEnds[core] ?? 0)
    ) {
      const ready = this.threads.filter((other) => other.core === core && !other.asleep);
      thread = ready.sort((a, b) => a.fairness - b.fairness)[0];
      this.running[core] = thread;
      this.sliceEnds[core] = this.nowUs + SLICE;
    }
    if (thread === undefined) return;
    thread.fairness += 1;
    if (thread.body.next().value === 'sleep') thread.asleep = thread.inbox === 0;
  }
}

function* run(us: number): Generator<Step> {
  for (let i = 0; i < us; i++) yield 'run';
}

/** Waits as run-loop.ts does, answers, and wakes its partner. */
function* side(machine: Machine, policy: SpinPolicy, self: Thread, partner: () => Thread): Generator<Step> {
  for (;;) {
    while (self.inbox === 0) {
      yield 'run';
      if (self.inbox > 0 || policy.goesOn(machine.nowUs * US)) continue;
      yield* run(SWITCH);
      while (self.inbox === 0) yield 'sleep';
      policy.rested(machine.nowUs * US);
    }
    policy.found();
    self.inbox -= 1;
    yield* run(WORK);
    policy.worked(machine.nowUs * US, 1);
    self.answers += 1;
    partner().inbox += 1;
    if (!partner().asleep) continue;
    yield* run(SWITCH);
    machine.wake(partner());
  }
}

function* busy(): Generator<Step> {
  for (;;) yield 'run';
}

interface Place {
  readonly cores: readonly [number, number];
  readonly neighbours: readonly number[];
}

const APART: Place = { cores: [0, 1], neighbours: [] };
const TOGETHER: Place = { cores: [0, 0], neighbours: [] };
const PLACES: Readonly<Record<string, Place>> = {
  'a core each': APART,
  'one core for both': TOGETHER,
  'a neighbour on one of their cores': { cores: [0, 1], neighbours: [1] },
  'a neighbour on each of their cores': { cores: [0, 1], neighbours: [0, 1] },
  'one core for both and a neighbour': { cores: [0, 0], neighbours: [0] },
};

function pair(place: Place, spinNs: number): { machine: Machine; first: Thread; second: Thread } {
  const machine = new Machine();
  const [coreA, coreB] = place.cores;
  const policies = [new SpinPolicy(spinNs), new SpinPolicy(spinNs)] as const;
  const first: Thread = new Thread(coreA, (self) => side(machine, policies[0], self, () => second));
  const second: Thread = new Thread(coreB, (self) => side(machine, policies[1], self, () => first));
  machine.threads.push(first, second, ...place.neighbours.map((core) => new Thread(core, busy)));
  first.inbox = 1;
  return { machine, first, second };
}

/** Round trips in half a second, after a tenth to learn. */
function rate(place: Place, spinNs: number): number {
  const { machine, first } = pair(place, spinNs);
  machine.runUntil(100_000);
  const before = first.answers;
  machine.runUntil(600_000);
  return first.answers - before;
}

describe('polling as long as it pays', () => {
  for (const [name, place] of Object.entries(PLACES)) {
    for (const spinUs of [50, 200, 500]) {
      it(`${name}, at most ${spinUs} µs: nearly as good as never, and with cores free as always`, () => {
        const learnt = rate(place, spinUs * US);
        const never = rate(place, 0);
        const always = place === APART ? rate(place, 1e9) : 0;
        expect(learnt / never).toBeGreaterThan(0.9);
        expect(learnt).toBeGreaterThanOrEqual(0.95 * always);
      });
    }
  }

  it('is learnt anew where a core becomes free, in a fifth of a second', () => {
    const { machine, first, second } = pair(TOGETHER, 200 * US);
    machine.runUntil(400_000);
    second.core = 1;
    machine.runUntil(600_000);
    const before = first.answers;
    machine.runUntil(700_000);
    expect(first.answers - before).toBeGreaterThan((0.95 * rate(APART, 200 * US)) / 5);
  });
});
