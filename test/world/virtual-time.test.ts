/** Virtual time one can believe: what work costs is seen in what others see of it, and when. */
import { describe, expect, it } from 'vitest';
import { LatencyRecorder } from '../../src/record/latency.ts';
import { READABLE } from '../../src/socket/contract.ts';
import { EAGAIN } from '../../src/socket/errno.ts';
import type { ClientProgram } from '../../src/workloads/program.ts';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

/** A round trip of 200 µs between two hosts, which has every cost of its own to add to. */
function pair(parts: {
  host?: object;
  card?: object;
  connections?: number;
  operations?: number;
  workload?: string;
}) {
  const { host = {}, card = {}, connections = 1, operations = 200, workload = 'TCP_RR' } = parts;
  return readTopology({
    costs: 'none',
    hosts: { left: host, right: host },
    cards: {
      a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } }, ...card },
      b: { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } }, ...card },
    },
    links: { wire: { ends: ['a.eth0', 'b.eth0'], delay: '100us' } },
    programs: {
      server: { workload, role: 'server', host: 'right', connections },
      client: { workload, role: 'client', host: 'left', server: 'server', connections, operations },
    },
  });
}

function clientOf(world: VirtualWorld): ClientProgram {
  const client = world.programs.find(({ name }) => name === 'client');
  if (client === undefined || !('operations' in client.body)) throw new Error('no client');
  return client.body;
}

function p50Us(parts: Parameters<typeof pair>[0]): number {
  const world = new VirtualWorld(pair(parts));
  const client = clientOf(world);
  client.latency = new LatencyRecorder();
  expect(world.runPrograms(60e9)).toBe(true);
  expect(world.books().lines).toEqual([]);
  return client.latency.summary()?.p50 ?? 0;
}

describe('what a turn does is seen when its work is done', () => {
  it('a frame that costs its host 20 µs makes a round trip of two frames 40 µs longer', () => {
    expect(p50Us({})).toBeCloseTo(200, 0);
    expect(p50Us({ host: { processor: { costs: { inboundPosted: 20_000 } } } })).toBeCloseTo(240, 0);
  });

  it('and one that costs the card as much, too', () => {
    expect(p50Us({ card: { processor: { costs: { outboundPosted: 20_000 } } } })).toBeCloseTo(240, 0);
  });

  it('a segment leaves its card once it is made', () => {
    expect(p50Us({ card: { processor: { costs: { tcpOutSegs: 5000 } } } })).toBeCloseTo(210, 0);
  });

  it('a call that a program has made before it looks at the clock is in what it sees', () => {
    // A send each, a receive of the request, and one of the response before the clock is read.
    expect(p50Us({ host: { processor: { costs: { userCalls: 5000 } } } })).toBeCloseTo(220, 0);
  });

  it('a doorbell and an interrupt take the time they are said to take', () => {
    // Two requests and two replies cross; the processors rest in between.
    expect(p50Us({ card: { doorbell: '3us', interrupt: '7us' } })).toBeCloseTo(220, 0);
  });

  it('so do a bus, and the requests of a DMA engine', () => {
    expect(p50Us({ card: { bus: { latency: '2us' } } })).toBeCloseTo(208, 0);
    // Of each message: the frame that sends it and its fetch by the one card, its placement and the frame
    // that tells of it by the other.
    expect(p50Us({ card: { dma: { request: '4us' } } })).toBeCloseTo(232, 0);
    // A microsecond for each frame of 128 bytes, and half of one for each fetch and placement of 64.
    expect(p50Us({ card: { bus: { rate: '1.024Gbit/s' } } })).toBeCloseTo(206, 0);
  });

  it('over the FIFOs as over the ring', () => {
    const transport = 'fifo';
    expect(
      p50Us({ host: { processor: { costs: { inboundPosted: 20_000 } } }, card: { transport } }),
    ).toBeCloseTo(240, 0);
  });
});

describe('a processor that looks for work', () => {
  const spun = (look: string) => {
    const host = { processor: { look } };
    const card = {
      processor: { look },
      driver: { spinNs: 1_000_000 },
      iopSpinNs: 1_000_000,
      doorbell: '50us',
      interrupt: '50us',
    };
    const world = new VirtualWorld(pair({ host, card }));
    const client = clientOf(world);
    client.latency = new LatencyRecorder();
    expect(world.runPrograms(60e9)).toBe(true);
    const [left] = world.snapshot();
    return { p50: client.latency.summary()?.p50 ?? 0, doorbells: left?.['doorbells'] ?? 0 };
  };

  it('sees what is shown half a look later, and needs no doorbell', () => {
    const looking = spun('2us');
    expect(looking.p50).toBeCloseTo(204, 0);
    expect(looking.doorbells).toBeLessThan(50);
    const resting = spun('0ns');
    expect(resting.p50).toBeCloseTo(400, 0);
    expect(resting.doorbells).toBeGreaterThan(200);
  });
});

describe('a run', () => {
  const dry = (transmitDryPolicy: 'block' | 'EAGAIN') =>
    new VirtualWorld({
      cards: [{ pools: { transmitBuffers: 1 }, driver: { transmitDryPolicy, immediateBytesMax: 0 } }, {}],
      link: { delayNs: 10e6 },
    });

  it.each(['block', 'EAGAIN'] as const)(
    'keeps its limit when buffers run dry under the policy %s',
    (policy) => {
      const world = dry(policy);
      const [sender, receiver] = world.cards;
      if (sender === undefined || receiver === undefined) throw new Error('two cards were asked for');
      const listener = receiver.stack.socket();
      expect(receiver.stack.bind(listener, 0, 7) || receiver.stack.listen(listener, 1)).toBe(0);
      const socket = sender.stack.socket();
      sender.stack.connect(socket, 0x0a000002, 7);
      expect(world.run(() => (receiver.stack.readiness(listener) & READABLE) !== 0, 1e9)).toBe(true);
      let sent = 0;
      sender.start({
        step() {
          const taken = sender.stack.send(socket, new Uint8Array(1000), 0, 1000);
          if (taken > 0) sent += 1;
          else expect(taken).toBe(-EAGAIN);
          return Math.max(taken, 0);
        },
      });
      for (let run = 0; run < 20; run++) {
        const startNs = world.clock.nowNs;
        world.run(() => false, 7e6);
        expect(world.clock.nowNs - startNs).toBe(7e6);
      }
      expect(sent).toBeGreaterThan(4);
    },
  );
});

describe('a sample', () => {
  it('is no event: whoever looks changes nothing', () => {
    const host = { processor: { costs: { userCalls: 300, inboundPosted: 200 } } };
    const card = { processor: { costs: { inboundReleased: 400, tcpOutSegs: 700 } } };
    const world = () => new VirtualWorld(pair({ host, card, connections: 4 }));
    const alone = world();
    alone.runPrograms(60e9);
    const watched = world();
    const times: number[] = [];
    watched.sample(37_001, (nowNs) => {
      watched.snapshot();
      times.push(nowNs);
    });
    watched.runPrograms(60e9);
    expect(watched.snapshot()).toEqual(alone.snapshot());
    expect(watched.clock.nowNs).toBe(alone.clock.nowNs);
    expect(times.length).toBeGreaterThan(100);
    expect(times.every((ns, i) => i === 0 || Math.abs(ns - (times[i - 1] ?? 0) - 37_001) < 1e-6)).toBe(true);
  });

  it('ends when its callback says so, and needs an interval', () => {
    const world = new VirtualWorld(pair({}));
    let looks = 0;
    world.sample(1000, () => ++looks < 3);
    world.run(() => false, 10_000);
    expect(looks).toBe(3);
    expect(() => world.sample(0, () => true)).toThrow('"everyNs"');
  });
});
