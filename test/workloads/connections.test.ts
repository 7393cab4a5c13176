/**
 * How a client's connections come to stand, and a server's are taken: refused and tried again, failed, full,
 * given up.
 */
import { describe, expect, it } from 'vitest';
import type { SocketStack } from '../../src/socket/contract.ts';
import { EACCES, EMFILE } from '../../src/socket/errno.ts';
import { NEVER } from '../../src/time/agent.ts';
import { Acceptor, FREE } from '../../src/workloads/acceptor.ts';
import { Connector } from '../../src/workloads/connector.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const LOOPBACK = 0x7f000001;
const PORT = 7;
const SMALL = {
  mtu: 1500,
  driver: { socketsMax: 16 },
  pools: { transmitBuffers: 16, transmitBufferBytes: 2048, receiveBuckets: 16, receiveBucketBytes: 2048 },
};

/** A card alone, and both ends of a workload's connections on it. */
function bed(connections: number, places = connections) {
  const world = new VirtualWorld({ cards: [SMALL] });
  const parts = { stack: world.cards[0].stack, clock: world.clock };
  const shape = { address: LOOPBACK, port: PORT, sizeBytes: 1 };
  const connector = new Connector(parts, { ...shape, connections });
  world.cards[0].start({ step: () => connector.step(), nextDeadlineNs: () => connector.deadlineNs });
  const listen = (): Acceptor => {
    const acceptor = new Acceptor(parts, { ...shape, connections: places });
    world.cards[0].start({
      step: () => {
        let taken = 0;
        while (!acceptor.stopped && acceptor.accept() >= 0) taken += 1;
        return taken;
      },
    });
    return acceptor;
  };
  return { world, connector, listen, parts };
}

describe("a client's connections", () => {
  it('all come to stand where the server listens', () => {
    const { world, connector, listen } = bed(3);
    const acceptor = listen();
    expect(world.run(() => connector.done && acceptor.connections === 3, 1e9)).toBe(true);
    expect([connector.established, acceptor.accepted]).toEqual([3, 3]);
    expect(connector.deadlineNs).toBe(NEVER);
  });

  it('are tried again each millisecond while they are refused, and stand once somebody listens', () => {
    const { world, connector, listen } = bed(2);
    expect(world.run(() => connector.done, 10.5e6)).toBe(false);
    expect(connector.established).toBe(0);
    const wantedNs = connector.deadlineNs - world.clock.nowNs;
    expect(wantedNs).toBeGreaterThan(0);
    expect(wantedNs).toBeLessThanOrEqual(1e6);
    listen();
    expect(world.run(() => connector.done, 2e6)).toBe(true);
  });

  it('leave no socket behind, refused or given up', () => {
    const { world, connector, parts } = bed(2);
    world.run(() => false, 20e6);
    connector.closeAll();
    // As many sockets as the card has are still to be had.
    world.run(() => false, 1e6);
    const sockets = Array.from({ length: 12 }, () => parts.stack.socket());
    expect(sockets.every((socket) => socket >= 0)).toBe(true);
  });

  it('end with the errno where there are no sockets left, or the call is refused', () => {
    const clock = new VirtualWorld({ cards: [SMALL] }).clock;
    const shape = { address: LOOPBACK, port: PORT, sizeBytes: 1, connections: 1 };
    const none = { socket: () => -EMFILE } as unknown as SocketStack;
    expect(() => new Connector({ stack: none, clock }, shape).step()).toThrow('socket failed with EMFILE');
    const denied = { socket: () => 5, connect: () => -EACCES } as unknown as SocketStack;
    expect(() => new Connector({ stack: denied, clock }, shape).step()).toThrow('connect failed with EACCES');
  });
});

describe("a server's connections", () => {
  it('wait for a place where all are taken, and each place is used again', () => {
    const { world, connector, listen, parts } = bed(3, 2);
    const acceptor = listen();
    world.run(() => connector.done, 1e9);
    world.run(() => false, 1e6);
    expect([acceptor.connections, acceptor.accepted]).toEqual([2, 2]);
    acceptor.end(0);
    expect(acceptor.sockets[0]).toBe(FREE);
    world.cards[0].start({ step: () => 0 }); // the host looks again
    expect(world.run(() => acceptor.accepted === 3, 1e9)).toBe(true);
    expect(acceptor.connections).toBe(2);
    expect(acceptor.sockets[0]).not.toBe(FREE);
    expect(parts.stack.localEndpoint(acceptor.sockets[0])?.port).toBe(PORT);
  });

  it('are all given up with the listener, whose port can be had again', () => {
    const { world, connector, listen } = bed(2);
    const first = listen();
    world.run(() => first.connections === 2, 1e9);
    connector.closeAll();
    first.stop();
    expect([first.stopped, first.connections]).toEqual([true, 0]);
    expect([...first.sockets]).toEqual([FREE, FREE]);
    world.run(() => false, 120e9); // a TIME-WAIT keeps the port for a while
    expect(listen().port).toBe(PORT);
  });
});
