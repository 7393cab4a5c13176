/**
 * Tables of sockets: how the ids are shared between listeners and programs, and what a full table answers.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { READABLE, WRITABLE } from '../../src/socket/contract.ts';
import { EINPROGRESS, EMFILE } from '../../src/socket/errno.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const ADDRESS = 0x7f000001;
const PORT = 1000;
const SECOND_NS = 1e9;

/** One card looped to itself with many listeners, and calls made from outside its turns. */
class Bench {
  readonly world: VirtualWorld;
  readonly listeners: number[] = [];
  readonly bytes = new Uint8Array(100);

  constructor(overrides: CardOverrides) {
    this.world = new VirtualWorld({ cards: [{ mtu: 1500, ...overrides }] });
  }

  get stack() {
    return this.world.cards[0].host.sockets;
  }

  get table() {
    return this.stack['table'];
  }

  counter(name: string): number {
    return this.world.snapshot()[0][name] ?? 0;
  }

  settle(ns = SECOND_NS): void {
    this.world.cards[0].start({ step: () => 0 });
    this.world.run(() => false, ns);
  }

  listen(backlog = 64): number {
    const { stack, listeners } = this;
    const listener = stack.socket();
    expect(listener).toBeGreaterThanOrEqual(0);
    const errno = stack.bind(listener, 0, PORT + listeners.length) || stack.listen(listener, backlog);
    expect(errno).toBe(0);
    listeners.push(listener);
    return listener;
  }

  /** @returns a socket that connects to a listener, by its place in the list; or -EMFILE. */
  connect(listener: number): number {
    const socket = this.stack.socket();
    if (socket < 0) return socket;
    expect(this.stack.connect(socket, ADDRESS, PORT + listener)).toBe(-EINPROGRESS);
    return socket;
  }

  posted(listener: number): number {
    return this.table.sockets[this.listeners[listener]].acceptsPosted;
  }

  /** Accepts at every listener until nobody waits any more. @returns the sockets accepted. */
  acceptAll(): number[] {
    const accepted: number[] = [];
    for (let more = true; more; ) {
      more = false;
      this.settle(SECOND_NS / 10);
      for (const listener of this.listeners) {
        for (let socket = this.stack.accept(listener); socket >= 0; socket = this.stack.accept(listener)) {
          accepted.push(socket);
          more = true;
        }
      }
    }
    return accepted;
  }

  close(sockets: readonly number[]): void {
    for (const socket of sockets) expect(this.stack.close(socket)).toBe(0);
    this.settle(100 * SECOND_NS);
    this.table.check();
  }
}

describe('listeners', () => {
  it('are served although they are many: each has its connection', () => {
    const bench = new Bench({ driver: { socketsMax: 400 } });
    for (let i = 0; i < 100; i++) bench.listen();
    expect(bench.table.posted).toBe(100);
    const clients = bench.listeners.map((_, i) => bench.connect(i));
    expect(Math.min(...clients)).toBeGreaterThanOrEqual(0);
    expect(bench.acceptAll().length).toBe(100);
    expect(bench.counter('userSocketsRefused')).toBe(0);
  });

  it('begin with one accept posted, and keep as many as they are to once they accept often', () => {
    const bench = new Bench({});
    bench.listen();
    expect(bench.posted(0)).toBe(1);
    for (let i = 0; i < 40; i++) {
      bench.connect(0);
      bench.acceptAll();
    }
    expect(bench.posted(0)).toBeGreaterThan(8);
    expect(bench.posted(0)).toBeLessThanOrEqual(16);
  });

  it('have no more than a common share of the ids posted beyond their first', () => {
    const bench = new Bench({ driver: { socketsMax: 160, acceptsPosted: 16 } });
    for (let i = 0; i < 8; i++) bench.listen();
    for (let i = 0; i < 300; i++) {
      const client = bench.connect(i % 8);
      bench.close([client, ...bench.acceptAll()]);
    }
    expect(bench.table.posted).toBeLessThanOrEqual(40 + 8);
  });
});

describe('a full table', () => {
  it('is told by EMFILE and counted, and has room again when a socket is closed', () => {
    const bench = new Bench({ driver: { socketsMax: 4 } });
    const sockets = [0, 1, 2, 3].map(() => bench.stack.socket());
    expect(bench.stack.socket()).toBe(-EMFILE);
    expect(bench.counter('userSocketsRefused')).toBe(1);
    bench.close(sockets.slice(3));
    expect(bench.stack.socket()).toBeGreaterThanOrEqual(0);
  });

  it('leaves connections waiting in the backlog, and serves them as ids come back', () => {
    const bench = new Bench({ driver: { socketsMax: 12, acceptsPosted: 1 } });
    bench.listen();
    const clients = Array.from({ length: 10 }, () => bench.connect(0));
    const accepted = bench.acceptAll();
    expect(accepted.length).toBe(1);
    expect(bench.counter('acceptsWithoutSocket')).toBeGreaterThan(0);
    bench.close([...accepted, ...clients.splice(0, 4)]);
    expect(bench.acceptAll().length).toBeGreaterThanOrEqual(4);
  });

  it('with `acceptsFirst` refuses a socket before it takes the ids that the others’ connections need', () => {
    const bench = new Bench({ driver: { socketsMax: 40, acceptsFirst: true } });
    bench.listen();
    const clients: number[] = [];
    for (let client = bench.connect(0); client >= 0; client = bench.connect(0)) clients.push(client);
    expect(clients.length).toBeGreaterThan(15);
    expect(bench.acceptAll().length).toBe(clients.length);
  });

  it('of the card is told by ENFILE, and counted', () => {
    const bench = new Bench({ driver: { socketsMax: 8 }, stack: { connectionsMax: 2 } });
    for (let i = 0; i < 3; i++) bench.stack.socket();
    bench.settle();
    expect(bench.counter('userSocketsRefused')).toBe(1);
  });
});

describe('a connection made while no buffer is free', () => {
  it('is told once there is room to send', () => {
    const bench = new Bench({
      pools: { transmitBuffers: 4, transmitBufferBytes: 2048, immediateSlots: 1 },
      driver: { transmitReserve: 0, transmitLowWatermark: 1 },
    });
    const { stack } = bench;
    bench.listen();
    const client = bench.connect(0);
    bench.acceptAll();
    const offered = [0, 1, 2, 3].map(() => stack.sender.allocate(client));
    const late = bench.connect(0);
    bench.settle();
    while (stack.nextReady() >= 0);
    expect(stack.send(client, bench.bytes, 0, 10)).toBe(10); // it has the one slot
    expect(stack.readiness(late) & WRITABLE).toBe(0);
    bench.settle();
    for (const context of offered) stack.sender.releaseAllocated(context);
    const told = new Set<number>();
    for (let id = stack.nextReady(); id >= 0; id = stack.nextReady()) told.add(id);
    expect(told.has(late)).toBe(true);
    expect(stack.readiness(late) & WRITABLE).toBe(WRITABLE);
  });
});

describe('storms with tiny tables', () => {
  const storm = fc.record({
    socketsMax: fc.integer({ min: 8, max: 60 }),
    acceptsPosted: fc.integer({ min: 1, max: 16 }),
    listeners: fc.integer({ min: 1, max: 6 }),
    acceptsFirst: fc.boolean(),
    steps: fc.array(fc.nat(1000), { minLength: 10, maxLength: 60 }),
  });

  it('hold no connection for ever while ids come back, and end with every id free', () => {
    fc.assert(
      fc.property(storm, ({ steps, listeners, ...driver }) => {
        const bench = new Bench({ driver });
        const { stack } = bench;
        for (let i = 0; i < Math.min(listeners, driver.socketsMax >> 2); i++) bench.listen();
        const clients: number[] = [];
        const servers: number[] = [];
        let made = 0;
        let accepted = 0;
        const accept = () => {
          const more = bench.acceptAll();
          accepted += more.length;
          servers.push(...more);
        };
        for (const step of steps) {
          const kind = step % 4;
          if (kind < 2) {
            const client = bench.connect(step % bench.listeners.length);
            if (client >= 0) {
              made += 1;
              clients.push(client);
            } else expect(client).toBe(-EMFILE);
          } else if (kind === 2) accept();
          else if (servers.length > 0) {
            // The server goes first; its client sees the end, and goes.
            const at = step % servers.length;
            bench.close(servers.splice(at, 1));
            const ended = clients.findIndex((client) => (stack.readiness(client) & READABLE) !== 0);
            if (ended >= 0) bench.close(clients.splice(ended, 1));
          }
          if (driver.acceptsFirst && kind === 2) expect(accepted, 'all are accepted').toBe(made);
        }
        // Whoever has been served goes, until all have been.
        for (let round = 0; accepted < made; round++) {
          expect(round, 'waiting connections are served').toBeLessThan(200);
          accept();
          bench.close(servers.splice(0));
          const ended = clients.filter((client) => (stack.readiness(client) & READABLE) !== 0);
          for (const client of ended) clients.splice(clients.indexOf(client), 1);
          bench.close(ended);
        }
        bench.close([...servers, ...clients, ...bench.listeners]);
        expect(bench.table.available).toBe(driver.socketsMax);
      }),
      { numRuns: 40 },
    );
  });
});
