/**
 * A card reset with sockets open and data in flight, and brought up again: nothing leaks, the books
 * balance, no rule is broken.
 */
import { describe, expect, it } from 'vitest';
import type { Transport } from '../../src/dma/card-layout.ts';
import { SOCKET_CLASS_ID } from '../../src/i2o/tids.ts';
import type { SocketModule } from '../../src/ism/socket-module.ts';
import { reconcile } from '../../src/ledger/reconcile.ts';
import { READABLE, SOCK_DGRAM } from '../../src/socket/contract.ts';
import { EAGAIN, ENETDOWN } from '../../src/socket/errno.ts';
import { SO_RCVBUF } from '../../src/socket/options.ts';
import { Random } from '../../src/time/random.ts';
import { Validator } from '../../src/validate/validator.ts';
import { cardConfig } from '../../src/world/config/card-config.ts';
import { InlineCard } from '../../src/world/inline/inline-card.ts';
import { ThreadedCard } from '../../src/world/thread/threaded-card.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { found } from '../validate/found.ts';

const LOOPBACK = 0x7f000001;
/** An address of the card's network that no card has. */
const NOBODY = 0x0a00004d;
const PORT = 80;
const SECOND_NS = 1e9;
const BYTES = new Uint8Array(5000).map((_, i) => i * 7);
const ROOM = new Uint8Array(5000);

class Bench {
  readonly validator = new Validator();
  readonly world: VirtualWorld;
  readonly random: Random;
  readonly sockets: number[] = [];

  constructor(seed: number, transport: Transport, batchSends: boolean) {
    const random = new Random(seed);
    this.random = random;
    this.world = new VirtualWorld({
      cards: [
        {
          mtu: 1500,
          transport,
          pools: {
            transmitBuffers: 4 + random.below(20),
            transmitBufferBytes: 2048,
            receiveBuckets: 4 + random.below(28),
            receiveBucketBytes: 2048,
            inboundFrames: 4 << random.below(4),
            outboundFrames: 4 << random.below(5),
            immediateSlots: 1 + random.below(8),
          },
          driver: { socketsMax: 32, bucketsPerPost: 1 + random.below(9), batchSends },
        },
      ],
      seed,
      traces: [{ sink: this.validator }],
      link: { delayNs: 1000 * (1 + random.below(200)) },
      doorbellNs: random.below(2) * 3000,
      interruptNs: random.below(2) * 200_000,
    });
  }

  get card() {
    return this.world.cards[0];
  }

  get host() {
    return this.card.host;
  }

  get stack() {
    return this.host.sockets;
  }

  run(ns: number): void {
    this.card.start({ step: () => 0 });
    this.world.run(() => false, ns);
  }

  /** A listener, connections to it, datagram sockets; the sockets the program has. */
  open(): void {
    const { stack, sockets } = this;
    const listener = stack.socket();
    expect(stack.setOption(listener, SO_RCVBUF, 16384)).toBe(0);
    expect(stack.bind(listener, 0, PORT) || stack.listen(listener, 8)).toBe(0);
    sockets.push(listener);
    for (let i = 1 + this.random.below(5); i > 0; i--) {
      const client = stack.socket();
      stack.connect(client, LOOPBACK, PORT);
      sockets.push(client);
    }
    this.run(SECOND_NS);
    // Some stay where they are: at the listener, accepted by nobody.
    for (let i = this.random.below(5); i > 0 && (stack.readiness(listener) & READABLE) !== 0; i--) {
      sockets.push(stack.accept(listener));
    }
    const datagrams = stack.socket(SOCK_DGRAM);
    expect(stack.bind(datagrams, 0, PORT)).toBe(0);
    sockets.push(datagrams);
  }

  /** Sends and receives as chance has it, and lets so little time pass that much of it is on its way. */
  talk(steps: number): void {
    const { stack, random, sockets } = this;
    for (let i = 0; i < steps; i++) {
      const socket = sockets[random.below(sockets.length)];
      const length = 1 + random.below(random.below(2) === 0 ? 90 : 5000);
      switch (random.below(5)) {
        case 0:
          stack.recv(socket, ROOM, 0, 1 + random.below(4000));
          break;
        case 1:
          stack.sendTo(socket, BYTES, 0, length, LOOPBACK, PORT);
          break;
        default:
          stack.send(socket, BYTES, 0, length);
      }
      if (random.below(4) === 0) this.run(random.below(300_000));
    }
  }

  /** Everything the card had is the host's, and everything the host had is the program's or nobody's. */
  expectWhole(): void {
    const { host } = this;
    expect(host.transmit.inUse).toBe(0);
    expect(host.receive.waiting + host.receive.withCard).toBe(host.receive.count);
    expect(this.stack.socketsInUse).toBe(0);
    expect(host.requests.framesInUse).toBe(0);
    const { lines } = reconcile(
      host.ledger.snapshot(),
      this.card.iopLedger.snapshot(),
      { transmitInUse: 0 },
      this.world.wireCounters(),
    );
    expect(lines).toEqual([]);
  }

  /** The card has nothing of the host's, nor anything to tell of what it had. */
  expectForgotten(): void {
    const module = this.card.parts.processor['modules'][0] as SocketModule;
    const { held, pending } = module['aborts']['sendBuffers'];
    expect({ held, pending }).toEqual({ held: 0, pending: 0 });
  }

  closeAll(): void {
    for (const socket of this.sockets.splice(0)) expect(this.stack.close(socket)).toBe(0);
  }

  /** A stream and a datagram from end to end. */
  prove(): void {
    const { stack } = this;
    const listener = stack.socket();
    expect(stack.bind(listener, 0, PORT) || stack.listen(listener, 8)).toBe(0);
    const client = stack.socket();
    stack.connect(client, LOOPBACK, PORT);
    this.run(SECOND_NS);
    const server = stack.accept(listener);
    expect(stack.send(client, BYTES, 0, 3000)).toBeGreaterThan(0);
    this.run(SECOND_NS);
    expect(stack.send(client, BYTES, 0, 40)).toBeGreaterThan(0);
    this.run(SECOND_NS);
    expect(stack.recv(server, ROOM, 0, 2000)).toBe(2000);
    expect(ROOM.subarray(0, 2000)).toEqual(BYTES.subarray(0, 2000));
    this.sockets.push(listener, client, server);
    const datagrams = stack.socket(SOCK_DGRAM);
    expect(stack.bind(datagrams, 0, PORT)).toBe(0);
    expect(stack.sendTo(datagrams, BYTES, 0, 100, LOOPBACK, PORT)).toBe(100);
    this.run(SECOND_NS);
    expect(stack.recv(datagrams, ROOM, 0, 5000)).toBe(100);
    this.sockets.push(datagrams);
    this.closeAll();
    this.run(200 * SECOND_NS);
  }
}

describe.each(['ring', 'fifo'] as const)('a card reset in the middle of it all, over the %s', (transport) => {
  const midst = { buffers: 0, replies: 0, bytes: 0 };

  it.each(Array.from({ length: 40 }, (_, i) => i + 1))(
    'is as new, and nothing is lost without a name (seed %i)',
    (seed) => {
      const bench = new Bench(seed, transport, seed % 3 === 0);
      bench.open();
      bench.talk(40 + bench.random.below(100));
      midst.buffers += bench.host.transmit.inUse;
      bench.host.restartCard(SOCKET_CLASS_ID);
      expect(bench.host.driver.deadErrno).toBe(0);
      bench.expectForgotten();
      for (const socket of bench.sockets) {
        const sent = bench.stack.send(socket, BYTES, 0, 10);
        expect(sent).toBeLessThan(0);
        expect(sent).not.toBe(-EAGAIN);
      }
      // A second time, with old sockets still in the program's hands.
      if (seed % 2 === 0) bench.host.restartCard(SOCKET_CLASS_ID);
      bench.closeAll();
      bench.run(SECOND_NS);
      bench.expectWhole();
      bench.prove();
      bench.expectWhole();
      bench.card.endTrace();
      expect(found(bench.validator)).toEqual([]);
      expect(bench.validator.ended).toBe(true);
      midst.replies += bench.card.iopLedger.snapshot()['outboundDestroyed'];
      midst.bytes += bench.card.iopLedger.snapshot()['bytesDestroyed'];
    },
  );

  it('gives back what closed sockets left behind: unacknowledged bytes, and a datagram for nobody', () => {
    const bench = new Bench(1, transport, false);
    const { stack } = bench;
    const listener = stack.socket();
    expect(stack.bind(listener, 0, PORT) || stack.listen(listener, 8)).toBe(0);
    const client = stack.socket();
    stack.connect(client, LOOPBACK, PORT);
    const datagrams = stack.socket(SOCK_DGRAM);
    bench.run(SECOND_NS);
    expect(stack.send(client, BYTES, 0, 1000)).toBe(1000);
    expect(stack.sendTo(datagrams, BYTES, 0, 1000, NOBODY, PORT)).toBe(1000);
    expect(stack.close(client)).toBe(0);
    expect(stack.close(datagrams)).toBe(0);
    bench.run(1000);
    expect(bench.host.transmit.inUse).toBe(2);
    bench.host.restartCard(SOCKET_CLASS_ID);
    bench.expectForgotten();
    bench.sockets.push(listener);
    bench.closeAll();
    bench.run(SECOND_NS);
    bench.expectWhole();
    bench.prove();
    bench.expectWhole();
  });

  it('had buffers of the host, and had told of bytes the host never heard of', () => {
    expect(Object.entries(midst).filter(([, amount]) => amount === 0)).toEqual([]);
  });

  it('tells every call that its socket is gone, and keeps what had arrived', () => {
    const bench = new Bench(1, transport, false);
    const { stack } = bench;
    const listener = stack.socket();
    expect(stack.bind(listener, 0, PORT) || stack.listen(listener, 8)).toBe(0);
    const client = stack.socket();
    stack.connect(client, LOOPBACK, PORT);
    bench.run(SECOND_NS);
    const server = stack.accept(listener);
    stack.send(client, BYTES, 0, 50);
    bench.run(SECOND_NS);
    bench.host.restartCard(SOCKET_CLASS_ID);
    expect(stack.recv(server, ROOM, 0, 100)).toBe(50);
    expect(stack.recv(server, ROOM, 0, 100)).toBe(-ENETDOWN);
    expect(stack.send(client, BYTES, 0, 10)).toBe(-ENETDOWN);
    expect(stack.accept(listener)).toBe(-ENETDOWN);
    expect(stack.status(client)).toBe(-ENETDOWN);
    expect(stack.setOption(client, SO_RCVBUF, 5000)).toBe(-ENETDOWN);
    bench.sockets.push(listener, client, server);
    bench.closeAll();
    bench.run(SECOND_NS);
    bench.expectWhole();
  });
});

describe.each([
  ['ring', ThreadedCard],
  ['fifo', ThreadedCard],
  ['ring', InlineCard],
  ['fifo', InlineCard],
] as const)('a card over the %s', (transport, kind) => {
  it(`is reset and brought up again, five times: ${kind.name}`, async () => {
    const card = await kind.open(cardConfig({ transport, driver: { socketsMax: 32 } }), 'socket');
    const { host } = card;
    const { sockets: stack, driver } = host;
    const until = (done: () => boolean): void => {
      for (let i = 0; i < 200 && !done(); i++) driver.wait(20e6);
      expect(done()).toBe(true);
    };
    for (let round = 0; round < 5; round++) {
      const listener = stack.socket();
      expect(stack.bind(listener, 0, PORT) || stack.listen(listener, 8)).toBe(0);
      const client = stack.socket();
      stack.connect(client, LOOPBACK, PORT);
      until(() => (stack.readiness(listener) & READABLE) !== 0);
      const server = stack.accept(listener);
      expect(stack.send(client, BYTES, 0, 100)).toBe(100);
      until(() => (stack.readiness(server) & READABLE) !== 0);
      expect(stack.recv(server, ROOM, 0, 500)).toBe(100);
      for (let i = 0; i < 20; i++) stack.send(client, BYTES, 0, 5000);
      host.restartCard(SOCKET_CLASS_ID);
      expect(host.transmit.inUse).toBe(0);
      for (const socket of [listener, client, server]) expect(stack.close(socket)).toBe(0);
      expect(stack.socketsInUse).toBe(0);
    }
    const balance = () =>
      reconcile(
        host.ledger.snapshot(),
        card.iopLedger.snapshot(),
        { transmitInUse: host.transmit.inUse },
        card.wireCounters(),
      ).lines;
    until(() => balance().length === 0);
    await card.close();
  });
});
