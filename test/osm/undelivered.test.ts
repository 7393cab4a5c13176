/**
 * Requests that come back undelivered: all they named comes home, once; who waits is told; what can be tried
 * again is, for a while.
 */
import { describe, expect, it } from 'vitest';
import { writeExecDdmEnable, writeExecDdmSuspend } from '../../src/i2o/executive.gen.ts';
import {
  frameFunction,
  SEVERITY_CONGESTION,
  SEVERITY_FORMAT_ERROR,
  SEVERITY_PATH_ERROR,
  SEVERITY_PATH_STATE,
} from '../../src/i2o/frame.ts';
import * as socket from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import { reconcile } from '../../src/ledger/reconcile.ts';
import { RETRIES_MAX, RETRY_NS } from '../../src/osm/kernel/retries.ts';
import { HANDLER_CONTROL } from '../../src/osm/message/handlers.ts';
import { READABLE, SOCK_DGRAM } from '../../src/socket/contract.ts';
import { EBADF, ENETDOWN, ENOBUFS, EPROTO } from '../../src/socket/errno.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { ScriptedCard } from './scripted-card.ts';

const LOOPBACK = 0x7f000001;
const SECOND_NS = 1e9;
const BYTES = new Uint8Array(20000).map((_, i) => i * 7);

class Bench {
  readonly world: VirtualWorld;
  readonly listener: number;
  readonly client: number;
  readonly server: number;

  constructor(transport: 'ring' | 'fifo', batchSends = false) {
    this.world = new VirtualWorld({
      cards: [
        {
          mtu: 1500,
          transport,
          driver: { socketsMax: 32, batchSends, acceptsPosted: 4 },
          stack: { receiveWindowBytes: 1 << 20 },
        },
      ],
    });
    const { stack } = this;
    this.listener = stack.socket();
    expect(stack.bind(this.listener, 0, 80) || stack.listen(this.listener, 8)).toBe(0);
    this.client = stack.socket();
    stack.connect(this.client, LOOPBACK, 80);
    this.run(SECOND_NS);
    expect(stack.readiness(this.listener) & READABLE).toBe(READABLE);
    this.server = stack.accept(this.listener);
    this.run(SECOND_NS);
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

  counter(name: string): number {
    return this.host.ledger.snapshot()[name];
  }

  run(ns: number): void {
    this.card.start({ step: () => 0 });
    this.world.run(() => false, ns);
  }

  /** The device takes nothing from now on, or everything again. */
  suspend(suspended: boolean): void {
    const { requests, driver, bringUp } = this.host;
    const transaction = bringUp['control'].begin();
    const head = [
      requests.words,
      driver.awaitFrame(),
      IOP_TID,
      HOST_TID,
      HANDLER_CONTROL,
      transaction,
    ] as const;
    if (suspended) writeExecDdmSuspend(...head, DEVICE_TID);
    else writeExecDdmEnable(...head, DEVICE_TID, 0, 0);
    requests.post();
    expect(driver.awaitControl()).toBe(0);
  }

  expectWhole(): void {
    const { host } = this;
    expect(host.transmit.inUse).toBe(0);
    expect(host.receive.waiting + host.receive.withCard).toBe(host.receive.count);
    expect(host.requests.framesInUse).toBe(0);
    expect(this.counter('outboundRefused')).toBe(0);
    const { lines } = reconcile(
      host.ledger.snapshot(),
      this.card.iopLedger.snapshot(),
      { transmitInUse: 0 },
      this.world.wireCounters(),
    );
    expect(lines).toEqual([]);
  }
}

describe.each(['ring', 'fifo'] as const)('over the %s', (transport) => {
  it.each([
    ['inside the frame', 40],
    ['in buffers', 15000],
  ])('a send %s: the buffers come home, the stream fails and is reset', (_, length) => {
    const bench = new Bench(transport);
    const { stack, client, server } = bench;
    bench.suspend(true);
    expect(stack.send(client, BYTES, 0, length)).toBe(length);
    bench.run(RETRY_NS / 2);
    expect(bench.host.transmit.inUse).toBe(0);
    expect(stack.send(client, BYTES, 0, 1)).toBe(-ENETDOWN);
    bench.suspend(false);
    stack.close(client);
    bench.run(SECOND_NS);
    // A FIN would say that the peer has had it all.
    expect(stack.recv(server, new Uint8Array(10), 0, 10)).toBeLessThan(0);
    stack.close(server);
    stack.close(bench.listener);
    bench.run(SECOND_NS);
    expect(stack.socketsInUse).toBe(0);
    expect(bench.counter('bytesUndelivered')).toBe(length);
    bench.expectWhole();
  });

  it('a batch of sends: every socket of it is told', () => {
    const bench = new Bench(transport, true);
    const { stack, client, server } = bench;
    bench.suspend(true);
    expect(stack.send(client, BYTES, 0, 30)).toBe(30);
    expect(stack.send(server, BYTES, 0, 50)).toBe(50);
    bench.run(RETRY_NS / 2);
    expect(stack.send(client, BYTES, 0, 1)).toBe(-ENETDOWN);
    expect(stack.send(server, BYTES, 0, 1)).toBe(-ENETDOWN);
    expect(bench.counter('bytesUndelivered')).toBe(80);
    bench.suspend(false);
    bench.expectWhole();
  });

  it.each([0, 60, 6000])('a datagram of %i bytes: its socket is told, and goes on', (length) => {
    const bench = new Bench(transport);
    const { stack } = bench;
    const one = stack.socket(SOCK_DGRAM);
    expect(stack.bind(one, 0, 90)).toBe(0);
    bench.suspend(true);
    expect(stack.sendTo(one, BYTES, 0, length, LOOPBACK, 90)).toBe(length);
    bench.run(RETRY_NS / 2);
    expect(stack.sendTo(one, BYTES, 0, length, LOOPBACK, 90)).toBe(-ENETDOWN);
    bench.suspend(false);
    expect(stack.sendTo(one, BYTES, 0, 10, LOOPBACK, 90)).toBe(10);
    bench.run(SECOND_NS);
    expect(stack.recv(one, new Uint8Array(100), 0, 100)).toBe(10);
    expect(bench.counter('datagramsUnsent')).toBe(1);
    bench.expectWhole();
  });

  it('buckets, credits, numbers and closes are tried again until the device takes them', () => {
    const bench = new Bench(transport);
    const { stack, client, server, host } = bench;
    let sent = 0;
    for (let i = 0; i < 20; i++) {
      const taken = stack.send(client, BYTES, 0, 20000);
      if (taken > 0) sent += taken;
      bench.run(SECOND_NS / 100);
    }
    stack.connect(stack.socket(), LOOPBACK, 80);
    bench.run(SECOND_NS / 100);
    bench.suspend(true);
    // All that can be read is: it leaves the buckets empty, and bytes to credit.
    const into = new Uint8Array(20000);
    let received = 0;
    for (let got = 1; got > 0; got = stack.recv(server, into, 0, 20000)) received += got === 1 ? 0 : got;
    expect(stack.accept(bench.listener)).toBeGreaterThan(0);
    bench.run(3.5 * RETRY_NS);
    expect(bench.counter('failuresTaken')).toBeGreaterThan(3);
    expect(bench.counter('deliveryRetries')).toBe(3);
    expect(host.receive.waiting).toBeGreaterThan(0);
    bench.suspend(false);
    bench.run(SECOND_NS);
    expect(host.receive.withCard).toBe(host.receive.count);
    const failures = bench.counter('failuresTaken');
    // The window is open again: the rest arrives, whole.
    for (let idle = 0; idle < 20; idle++) {
      const taken = sent < 600_000 ? stack.send(client, BYTES, 0, 20000) : 0;
      if (taken > 0) sent += taken;
      for (let got = stack.recv(server, into, 0, 20000); got > 0; got = stack.recv(server, into, 0, 20000)) {
        received += got;
        idle = 0;
      }
      bench.run(SECOND_NS / 100);
    }
    expect(received).toBe(sent);
    bench.suspend(true);
    stack.close(client);
    stack.close(server);
    bench.run(RETRY_NS);
    expect(stack.send(client, BYTES, 0, 1)).toBe(-EBADF);
    expect(stack.socketsInUse).toBeGreaterThan(3); // their numbers are not free: the card has them still
    bench.suspend(false);
    bench.run(SECOND_NS);
    expect(bench.counter('failuresTaken')).toBeGreaterThan(failures);
    expect(bench.host.driver.deadErrno).toBe(0);
    bench.expectWhole();
  });

  it('a device that never comes back is given up after so many tries', () => {
    const bench = new Bench(transport);
    bench.suspend(true);
    bench.stack.close(bench.client);
    bench.run((RETRIES_MAX - 2) * RETRY_NS);
    expect(bench.host.driver.deadErrno).toBe(0);
    bench.run(SECOND_NS);
    expect(bench.host.driver.deadErrno).toBe(ENETDOWN);
    expect(bench.counter('deliveryRetries')).toBe(RETRIES_MAX + 1);
  });
});

describe('by severity', () => {
  const failing = (functionCode: number, severity: number, card: ScriptedCard): void => {
    card.severityOf = (request) => (frameFunction(request, 0) === functionCode ? severity : 0);
  };

  it.each([
    ['congestion', SEVERITY_CONGESTION, ENOBUFS, 0],
    ['a path that is shut', SEVERITY_PATH_STATE, ENETDOWN, 0],
    ['a path that is gone', SEVERITY_PATH_ERROR, ENETDOWN, 0],
    ["the driver's own fault", SEVERITY_FORMAT_ERROR, EPROTO, 1],
  ])('%s', (_, severity, errno, ours) => {
    const card = new ScriptedCard();
    const socketId = card.connect();
    failing(socket.SOCKET_SEND, severity, card);
    expect(card.sockets.send(socketId, BYTES, 0, 5000)).toBe(5000);
    card.take();
    card.host.driver.poll();
    expect(card.host.transmit.inUse).toBe(0);
    expect(card.sockets.send(socketId, BYTES, 0, 1)).toBe(-errno);
    expect(card.host.ledger.snapshot()['failuresOurs']).toBe(ours);
    card.sockets.close(socketId);
    expect(card.takenOf(socket.SOCKET_ABORT).length).toBe(1);
  });

  it('a congested datagram is lost without a word, as Linux loses it', () => {
    const card = new ScriptedCard();
    const socketId = card.sockets.socket(SOCK_DGRAM);
    failing(socket.SOCKET_SEND_TO, SEVERITY_CONGESTION, card);
    expect(card.sockets.sendTo(socketId, BYTES, 0, 50, LOOPBACK, 9)).toBe(50);
    card.take();
    card.host.driver.poll();
    card.severityOf = () => 0;
    expect(card.sockets.sendTo(socketId, BYTES, 0, 50, LOOPBACK, 9)).toBe(50);
  });

  it('a close is tried again not at once, and its number is not free before', () => {
    const card = new ScriptedCard();
    const socketId = card.connect();
    const inUse = card.sockets.socketsInUse;
    failing(socket.SOCKET_CLOSE, SEVERITY_CONGESTION, card);
    card.sockets.close(socketId);
    card.take();
    card.host.driver.poll();
    card.severityOf = () => 0;
    card.host.driver.poll();
    expect(card.takenOf(socket.SOCKET_CLOSE).length).toBe(0);
    expect(card.sockets.socketsInUse).toBe(inUse);
    card.clock.set(card.clock.nowNs + RETRY_NS);
    card.host.driver.poll();
    const [close] = card.takenOf(socket.SOCKET_CLOSE);
    card.status(close!, 0, socketId);
    card.host.driver.poll();
    expect(card.sockets.socketsInUse).toBe(inUse - 1);
  });

  it('a device that is gone has no sockets: the number is free', () => {
    const card = new ScriptedCard();
    const socketId = card.connect();
    failing(socket.SOCKET_CLOSE, SEVERITY_PATH_ERROR, card);
    card.sockets.close(socketId);
    card.take();
    card.host.driver.poll();
    expect(card.sockets.socketsInUse).toBe(0);
  });

  it('a copy that names what the card had not gives nothing back', () => {
    const card = new ScriptedCard();
    const socketId = card.connect();
    failing(socket.SOCKET_SEND, SEVERITY_CONGESTION, card);
    // The card says twice that the same request was undelivered.
    const fail = card['fail'].bind(card);
    card['fail'] = (request, severity) => {
      fail(request, severity);
      fail(request, severity);
    };
    expect(card.sockets.send(socketId, BYTES, 0, 50)).toBe(50);
    card.take();
    const returned = card.host.ledger.snapshot()['memoryTransmitReturned'];
    card.host.driver.poll();
    expect(card.host.ledger.snapshot()['memoryTransmitReturned']).toBe(returned + 1);
    expect(card.host.ledger.snapshot()['outboundRefused']).toBe(1);
    expect(card.host.transmit.inUse).toBe(0);
  });
});
