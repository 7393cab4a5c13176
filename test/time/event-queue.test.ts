/** Agents in virtual time: who runs when, who waits, and what a turn costs. */
import { describe, expect, it } from 'vitest';
import { allocateRegion } from '../../src/dma/region.ts';
import { BYTES_SENT, COUNTER_NAMES, USER_CALLS } from '../../src/ledger/counters.gen.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { type Agent, NEVER } from '../../src/time/agent.ts';
import { Clock } from '../../src/time/clock.ts';
import { CostMeter, type Meter } from '../../src/time/cost-model.ts';
import { EventQueue } from '../../src/time/event-queue.ts';
import { trips } from '../rules/trips.ts';

/** An agent that works `work` times whenever it is notified or due, and notes when. */
class Worker implements Agent {
  readonly name: string;
  readonly log: string[];
  work = 0;
  deadlineNs = NEVER;
  private readonly clock: Clock;

  constructor(name: string, clock: Clock, log: string[]) {
    this.name = name;
    this.clock = clock;
    this.log = log;
  }

  poll(): number {
    if (this.clock.nowNs >= this.deadlineNs) {
      this.deadlineNs = NEVER;
      this.work += 1;
    }
    if (this.work === 0) return 0;
    this.work -= 1;
    this.log.push(`${this.name}@${this.clock.nowNs}`);
    return 1;
  }

  arm(): boolean {
    return this.work === 0;
  }

  nextDeadlineNs(): number {
    return this.deadlineNs;
  }
}

function world(costNs = 0) {
  const clock = new Clock();
  clock.set(0);
  const queue = new EventQueue(clock);
  const log: string[] = [];
  const a = new Worker('a', clock, log);
  const b = new Worker('b', clock, log);
  const meter = (agent: Worker): Meter => {
    const peek = (): number => (agent.log.length > 0 ? costNs : 0);
    const charge = (timesNs: Float64Array, place: number): void => {
      timesNs[place] = (timesNs[place] ?? 0) + peek();
    };
    return { charge, peek };
  };
  const first = queue.add({ agent: a, meter: meter(a) });
  const second = queue.add({ agent: b, meter: meter(b) });
  return { clock, queue, log, a, b, first, second };
}

describe('the event queue', () => {
  it('runs deadlines in the order of time, ties in the order of agents', () => {
    const { queue, log, a, b, clock } = world();
    a.deadlineNs = 500;
    b.deadlineNs = 300;
    queue.run(() => false, 1000, -1);
    a.deadlineNs = b.deadlineNs = 2000;
    queue.run(() => false, 3000, -1);
    expect(log).toEqual(['b@300', 'a@500', 'a@2000', 'b@2000']);
    expect(clock.nowNs).toBe(3000);
  });

  it('sees a deadline that another agent’s turn has made', () => {
    const { queue, log, a, b, second } = world();
    a.deadlineNs = 100;
    const poll = a.poll.bind(a);
    a.poll = () => {
      const worked = poll();
      if (worked > 0) {
        b.deadlineNs = 150;
        queue.deadlineChanged(second);
      }
      return worked;
    };
    queue.run(() => false, 1000, -1);
    expect(log).toEqual(['a@100', 'b@150']);
  });

  it('delivers a notification after its time, and not before the agent is free', () => {
    const { queue, log, b, second } = world(1000);
    queue.run(() => false, 10, -1);
    b.work = 1;
    queue.notify(second, 40);
    queue.run(() => false, 5000, -1);
    expect(log).toEqual(['b@50']);
    b.work = 2;
    queue.notify(second, 0);
    queue.run(() => false, 10_000, -1);
    expect(log).toEqual(['b@50', 'b@5000', 'b@6000']); // the first turn's charge keeps the second waiting
  });

  it('lets one agent wait while the others run', () => {
    const { queue, log, a, b, first } = world();
    a.deadlineNs = 100;
    b.deadlineNs = 200;
    expect(queue.run(() => log.length > 0, 1000, first)).toBe(true);
    expect(log).toEqual(['b@200']);
  });

  it('says when nothing was left to run', () => {
    const { queue } = world();
    expect(queue.run(() => false, NEVER, -1)).toBe(false);
  });
});

describe('a turn that throws', () => {
  it('ends the run with its error; the queue goes on when it is run again, and forgets no work', () => {
    const { queue, log, a, b, clock } = world();
    a.deadlineNs = 100;
    b.deadlineNs = 200;
    const poll = a.poll.bind(a);
    let broken = true;
    a.poll = () => {
      if (!broken || clock.nowNs < 100) return poll();
      broken = false;
      throw new Error('a is broken');
    };
    expect(() => queue.run(() => false, 1000, -1)).toThrow('a is broken');
    expect(clock.nowNs).toBe(100);
    queue.run(() => false, 1000, -1);
    expect(log).toEqual(['a@100', 'b@200']);
  });

  it('within a call that waits leaves nobody waiting', () => {
    const { queue, log, a, b, first } = world();
    b.deadlineNs = 50;
    a.deadlineNs = 100;
    b.poll = () => {
      b.deadlineNs = NEVER;
      throw new Error('b is broken');
    };
    expect(() => queue.run(() => false, 1000, first)).toThrow('b is broken');
    b.poll = () => 0;
    queue.run(() => false, 1000, -1);
    expect(log).toEqual(['a@100']);
  });
});

describe('the assertions of the event queue', () => {
  interface Inside {
    turn(agent: number): void;
    include(agent: number): void;
    waiting: Float64Array;
    due: { count: number; dues: Float64Array; turnOf(agent: number): number; makeRoom(): void };
    timeNs: number;
  }
  const inside = () => world().queue as unknown as Inside;
  trips('event queue: an agent that waits inside a call is not run', () => {
    const queue = inside();
    queue.waiting[0] = 1;
    queue.turn(0);
  });
  trips('event queue: time does not run back', () => {
    const queue = inside();
    queue.due.dues[0] = 99;
    queue.timeNs = 100;
    (queue as unknown as { show(agent: number): void }).show(0);
  });
  trips('event queue: an agent ends only a wait that it began', () => inside().include(0));
  trips('due tree: there is a place for every agent', () => {
    const { due } = inside();
    due.count = 9;
    due.makeRoom();
  });
});

describe('the cost meter', () => {
  const ledger = (): Ledger => new Ledger(allocateRegion(65536), 1024);

  it('charges what counters grew by since the last time', () => {
    const books = ledger();
    books.counters[USER_CALLS] = 5; // before the meter: free
    const meter = new CostMeter(books, { userCalls: 100, bytesSent: 0.5 });
    books.counters[USER_CALLS] += 2;
    books.counters[BYTES_SENT] += 1000;
    const timesNs = Float64Array.of(50, 1000);
    meter.charge(timesNs, 1);
    expect([...timesNs]).toEqual([50, 1700]);
    meter.charge(timesNs, 1);
    expect([...timesNs]).toEqual([50, 1700]);
  });

  it('charges what counts for the first time late, to the bit of a sum over all costs in their order', () => {
    const costs = { userCalls: 60.1, messageRequests: 0.3, sendCopies: 7, bytesSent: 0.05, doorbells: 30.7 };
    const books = ledger();
    const meter = new CostMeter(books, costs);
    const sumNs = (): number => {
      let totalNs = 0;
      for (const [name, ns] of Object.entries(costs)) {
        totalNs += (books.counters[COUNTER_NAMES.indexOf(name)] ?? 0) * ns;
      }
      return totalNs;
    };
    let charged = 0;
    for (const name of [
      'bytesSent',
      'userCalls',
      'doorbells',
      'sendCopies',
      'userCalls',
      'messageRequests',
    ]) {
      books.counters[COUNTER_NAMES.indexOf(name)] += 3;
      const owed = sumNs() - charged;
      charged = sumNs();
      const times = new Float64Array([0]);
      expect(meter.peek()).toBe(owed);
      meter.charge(times, 0);
      expect(times[0]).toBe(owed);
      expect(meter.peek()).toBe(0);
    }
  });

  it('refuses a counter there is not, and a cost below nothing', () => {
    expect(() => new CostMeter(ledger(), { noSuchThing: 1 })).toThrow('no counter "noSuchThing"');
    expect(() => new CostMeter(ledger(), { userCalls: -1 })).toThrow(RangeError);
  });
});
