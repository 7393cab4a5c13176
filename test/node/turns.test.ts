/** How much a pump does before it lets the event loop go on: counted, by a clock that the test moves. */
import { afterEach, describe, expect, it } from 'vitest';
import type { NodeCard } from '../../src/node/card.ts';
import { Pump, type PumpedSocket } from '../../src/node/pump.ts';
import { POLLED_PUMP } from '../../src/node/pump-options.ts';
import { Routes } from '../../src/node/routes.ts';
import type { SocketStack } from '../../src/socket/contract.ts';
import { Clock } from '../../src/time/clock.ts';
import { nextTurn } from '../../src/time/timers.ts';

/** A clock on which each reading finds that so much time has passed. */
class SteppingClock extends Clock {
  private readonly stepNs: number;

  constructor(stepUs: number) {
    super();
    this.stepNs = 1000 * stepUs;
    this.set(0);
  }

  override update(): void {
    this.set(this.nowNs + this.stepNs);
  }
}

/** A card on which sockets are ready as long as there are any in `ready`. */
function cardOf(ready: number[]): NodeCard {
  return {
    stack: { poll: () => 0 } as unknown as SocketStack,
    addresses: [],
    socketsFree: 0,
    polled: true,
    nextReady: () => ready.pop() ?? -1,
    keepAlive: () => {},
    onInterrupt: () => {},
    arm: () => true,
    failed: () => 0,
  };
}

class Counted implements PumpedSocket {
  readonly socket: number;
  readonly ownsPort = false;
  readonly boundPort = 0;
  queued = false;
  served = 0;
  onServe: () => void = () => {};

  constructor(socket: number) {
    this.socket = socket;
  }

  serve(): void {
    this.served += 1;
    this.onServe();
  }
}

const turnOfLoop = (): Promise<void> => new Promise((resolve) => nextTurn(resolve));

let end: () => void = () => {};
afterEach(() => end());

describe('a turn of a polled card', () => {
  it('ends after its time, although a socket is always ready again', async () => {
    const ready: number[] = [];
    const pump = new Pump(cardOf(ready), POLLED_PUMP, new Routes(), new SteppingClock(10));
    const busy = new Counted(0);
    busy.onServe = () => ready.push(0);
    end = () => {
      busy.onServe = () => {};
    };
    pump.active = 1;
    pump.add(busy);
    pump.enqueue(busy);
    for (let turn = 0; turn < 5; turn++) {
      const before = busy.served;
      await turnOfLoop();
      // A round is a reading of the clock, and a turn of 100 µs has ten of them here.
      expect(busy.served - before).toBeGreaterThan(0);
      expect(busy.served - before).toBeLessThanOrEqual(11);
    }
  });

  it('serves some of very many ready sockets, and the others in order in the turns after', async () => {
    const pump = new Pump(cardOf([]), POLLED_PUMP, new Routes(), new SteppingClock(60));
    const order: number[] = [];
    const channels = Array.from({ length: 1000 }, (_, i) => new Counted(i));
    pump.active = 1;
    for (const channel of channels) {
      channel.onServe = () => order.push(channel.socket);
      pump.add(channel);
      pump.enqueue(channel);
    }
    const turns: number[] = [];
    for (let turn = 0; turn < 100 && order.length < channels.length; turn++) {
      const before = order.length;
      await turnOfLoop();
      turns.push(order.length - before);
    }
    // The clock is read once for 32 of them, and two readings use a turn up.
    expect(Math.max(...turns)).toBeLessThanOrEqual(64);
    expect(order).toEqual(channels.map(({ socket }) => socket));
  });
});
