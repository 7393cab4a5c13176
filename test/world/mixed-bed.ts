/** A server with two cards that are its offload devices, and calls on its sockets and its peers'. */
import { until } from '../../src/experiment/open-toe/calls.ts';
import { openBed, type TestBed } from '../../src/experiment/open-toe/world.ts';
import type { SocketStack } from '../../src/socket/contract.ts';
import type { MixedWorld } from '../../src/world/virtual/mixed-world.ts';

export function mixedWorld(bed: Partial<TestBed> = {}): MixedWorld {
  return openBed({
    seed: 1,
    profile: 'card-2005',
    policy: 'any => offload',
    hostSpeed: 3,
    systemCallNs: 0,
    ...bed,
  });
}

/** Lets some virtual time pass. */
export function pass(world: MixedWorld, ns: number): void {
  world.run(() => false, ns);
}

/** Sends bytes that say where they belong, and checks each as it comes. */
export function transfer(
  world: MixedWorld,
  from: readonly [SocketStack, number],
  to: readonly [SocketStack, number],
  total: number,
): void {
  const source = Uint8Array.from({ length: 65_536 + 251 }, (_, i) => i % 251);
  const target = new Uint8Array(20_000);
  let sent = 0;
  let got = 0;
  until(world, () => {
    while (sent < total) {
      const taken = from[0].send(from[1], source, sent % 251, Math.min(30_000, total - sent));
      if (taken <= 0) break;
      sent += taken;
    }
    for (;;) {
      const count = to[0].recv(to[1], target, 0, target.length);
      if (count <= 0) break;
      for (let i = 0; i < count; i++) if (target[i] !== (got + i) % 251) throw new Error(`byte ${got + i}`);
      got += count;
    }
    return got === total;
  });
}
