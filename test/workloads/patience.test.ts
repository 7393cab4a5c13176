/** Programs over a card that answers ENOBUFS when it has no buffer: each goes on once there is one. */
import { describe, expect, it } from 'vitest';
import { MEMORY_TRANSMIT_DRY } from '../../src/ledger/counters.gen.ts';
import { EAGAIN, ENOBUFS } from '../../src/socket/errno.ts';
import { measure } from '../../src/sweep/measure.ts';
import { NEVER } from '../../src/time/agent.ts';
import { VirtualClock } from '../../src/time/clock.ts';
import { Patience, type PatientStack } from '../../src/workloads/patience.ts';
import { WORKLOAD_NAMES } from '../../src/workloads/programs.ts';

const EVERY_WORKLOAD = [
  ...WORKLOAD_NAMES.map((workload) => ({ workload, eventLoop: 'readiness' })),
  { workload: 'TCP_RR', eventLoop: 'polling' },
] as const;

describe('with ENOBUFS and one buffer', () => {
  const card = (host: string, last: number): object => ({
    host,
    ports: { eth0: { address: `10.0.0.${last}/24` } },
    pools: { transmitBuffers: 1, transmitBufferBytes: 4096 },
    driver: { transmitDryPolicy: 'ENOBUFS' },
  });
  const world = {
    hosts: { left: {}, right: {} },
    cards: { a: card('left', 1), b: card('right', 2) },
    links: { wire: { ends: ['a.eth0', 'b.eth0'], rate: '10Gbit/s', delay: '5us' } },
  };

  it.each(EVERY_WORKLOAD)('$workload does all its operations ($eventLoop)', ({ workload, eventLoop }) => {
    const shape = { workload, eventLoop, connections: 5, size: 3000 };
    let refused = 0;
    const measured = measure(world, shape, {
      operations: 40,
      ended: ({ cards }) => {
        for (const { host } of cards) refused += host.ledger.counters[MEMORY_TRANSMIT_DRY];
      },
    });
    expect(measured.operations).toBeGreaterThanOrEqual(40);
    expect(measured.balanced).toBe(true);
    expect(refused).toBeGreaterThan(0);
  });
});

describe('a refused send', () => {
  /** A stack that answers so, and names nobody. */
  function patient(answer: number): { clock: VirtualClock; patience: Patience; sockets: PatientStack } {
    const clock = new VirtualClock(() => clock.nowNs);
    const stack = {
      name: 'inic',
      send: () => answer,
      sendTo: () => answer,
      nextReady: () => -1,
      poll: () => 7,
    };
    const patience = new Patience(stack as unknown as PatientStack, clock);
    return { clock, patience, sockets: patience.sockets };
  }
  const BYTES = new Uint8Array(4);

  it('is EAGAIN to the program, whose socket is named once its time has come', () => {
    const { clock, patience, sockets } = patient(-ENOBUFS);
    expect(patience.nextDeadlineNs()).toBe(NEVER);
    expect(sockets.send(3, BYTES, 0, 4)).toBe(-EAGAIN);
    expect(sockets.sendTo(5, BYTES, 0, 4, 0, 0)).toBe(-EAGAIN);
    expect(sockets.nextReady()).toBe(-1);
    const dueNs = patience.nextDeadlineNs();
    clock.set(dueNs);
    // What becomes due between a program's look and the step beside it is not lost.
    patience.step();
    expect([sockets.nextReady(), sockets.nextReady(), sockets.nextReady()]).toEqual([3, 5, -1]);
    expect(patience.nextDeadlineNs()).toBe(NEVER);
  });

  it('waits no longer where no program looks at readiness', () => {
    const { clock, patience, sockets } = patient(-ENOBUFS);
    sockets.send(3, BYTES, 0, 4);
    clock.set(patience.nextDeadlineNs());
    patience.step();
    expect(patience.nextDeadlineNs()).toBe(NEVER);
  });

  it('leaves every other answer and call as it is', () => {
    const { patience, sockets } = patient(4);
    expect(sockets.send(3, BYTES, 0, 4)).toBe(4);
    expect([sockets.name, sockets.poll()]).toEqual(['inic', 7]);
    expect(patience.nextDeadlineNs()).toBe(NEVER);
  });
});
