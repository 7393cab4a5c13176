/** What goes through the host's own stack comes out, and its kernel memory comes back. */
import { describe, expect, it } from 'vitest';
import type { HostStack } from '../../src/host/host-stack.ts';
import { Clock } from '../../src/time/clock.ts';
import type { BuiltHostStack, HostReceive } from '../../src/world/build/host-stack.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { openHostStack } from '../../src/world/open/host-stack.ts';
import { trips } from '../rules/trips.ts';

const LOOPBACK = 0x7f000001;
const WAIT_MS = 1000;
const TURNS_MAX = 100_000;

interface Bench {
  readonly host: BuiltHostStack;
  readonly clock: Clock;
  /** Waits, in a time of its own, until something holds. */
  until(done: () => boolean): void;
}

function open(settings: CardOverrides = {}, device: HostReceive = {}): Bench {
  const clock = new Clock();
  const small = { driver: { socketsMax: 64 }, ...settings, stack: { seed: 5, ...settings.stack } };
  const time = { clock, sleep: (ns: number) => clock.set(clock.nowNs + ns), interruptNs: 0 };
  const host = openHostStack(small, time, device);
  const until = (done: () => boolean): void => {
    for (let i = 0; !done(); i++) {
      if (i === TURNS_MAX) throw new Error('it never came to that');
      host.stack.wait(WAIT_MS);
    }
  };
  return { host, clock, until };
}

function connected({ host, until }: Bench): {
  stack: HostStack;
  client: number;
  server: number;
  listener: number;
} {
  const { stack } = host;
  const listener = stack.socket();
  stack.bind(listener, LOOPBACK, 0);
  stack.listen(listener, 8);
  const client = stack.socket();
  stack.connect(client, LOOPBACK, stack.localEndpoint(listener)?.port ?? 0);
  let server = -1;
  until(() => {
    server = stack.accept(listener);
    return server >= 0;
  });
  return { stack, client, server, listener };
}

/** Sends `total` bytes that say where they belong, and checks each as it comes. */
function transfer(bench: Bench, total: number, piece: number): void {
  const { stack, client, server, listener } = connected(bench);
  const source = Uint8Array.from({ length: 65_536 + 251 }, (_, i) => i % 251);
  const target = new Uint8Array(10_000);
  let sent = 0;
  let got = 0;
  bench.until(() => {
    while (sent < total) {
      const taken = stack.send(client, source, sent % 251, Math.min(piece, total - sent));
      if (taken < 0) break;
      sent += taken;
    }
    for (;;) {
      const count = stack.recv(server, target, 0, target.length);
      if (count <= 0) break;
      for (let i = 0; i < count; i++)
        if (target[i] !== (got + i) % 251) throw new Error(`byte ${got + i} is wrong`);
      got += count;
    }
    return got === total;
  });
  for (const socket of [client, server, listener]) stack.close(socket);
}

trips('host stack: what may be queued is queued', () => {
  const { stack, client } = connected(open());
  stack['stack'].tcpSend = () => 1;
  stack.send(client, new Uint8Array(1), 0, 1);
});

describe("the host's own stack", () => {
  it.each([
    ['few long sends', {}, 1_000_000, 65_536],
    ['many short ones', {}, 20_000, 7],
    ['an MTU of 576 and little kernel memory', { mtu: 576, pools: { transmitBuffers: 4 } }, 300_000, 30_000],
    [
      'a wire that loses and doubles',
      { wire: { lossProbability: 0.05, duplicateProbability: 0.05 } },
      400_000,
      9000,
    ],
    ['no offloads', { checksumOffload: false }, 300_000, 20_000],
  ] as const)('moves every byte once, with books that balance: %s', (_, settings, total, piece) => {
    const bench = open(settings);
    const { available } = bench.host.memory;
    transfer(bench, total, piece);
    bench.until(() => bench.host.reconcile().balanced && bench.host.memory.available === available);
    const counters = bench.host.ledger.snapshot();
    expect(counters['bytesSent']).toBe(total);
    expect(counters['bytesReceived']).toBe(total);
    expect(counters['sendCopiesBytes']).toBe(total);
    expect(counters['receiveCopiesBytes']).toBe(total);
  });

  it('has lost by name what nobody read, and resets a peer that sent it', () => {
    const bench = open();
    const { stack, client, server } = connected(bench);
    stack.send(client, new Uint8Array(5000), 0, 5000);
    bench.until(() => stack.poll() === 0);
    stack.close(server);
    bench.until(() => stack.recv(client, new Uint8Array(1), 0, 1) === -104);
    stack.close(client);
    bench.until(() => bench.host.reconcile().balanced);
    expect(bench.host.ledger.snapshot()['bytesUnread']).toBe(5000);
  });

  it('has room for what a long send is refused for want of memory, and no more', () => {
    const bench = open({ pools: { transmitBuffers: 2, transmitBufferBytes: 4096 } });
    const { stack, client } = connected(bench);
    const bytes = new Uint8Array(100_000);
    expect(stack.send(client, bytes, 0, bytes.length)).toBe(8192);
    expect(stack.send(client, bytes, 0, bytes.length)).toBe(-11);
    bench.until(() => stack.send(client, bytes, 0, 1) === 1);
  });
});
