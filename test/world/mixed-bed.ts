/** A server with two cards that are its offload devices, and calls on its sockets and its peers'. */
import { openBed, PEER_CARDS, SERVER_ADDRESSES, type TestBed } from '../../src/experiment/open-toe/world.ts';
import { FAILED, type SocketStack, WRITABLE } from '../../src/socket/contract.ts';
import { SO_ERROR } from '../../src/socket/options.ts';
import type { MixedWorld } from '../../src/world/virtual/mixed-world.ts';

const LIMIT_NS = 20e9;

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

export function until(world: MixedWorld, done: () => boolean): void {
  if (!world.run(done, LIMIT_NS)) throw new Error('it never came to that');
}

/** Lets some virtual time pass. */
export function pass(world: MixedWorld, ns: number): void {
  world.run(() => false, ns);
}

export function peer(world: MixedWorld, at: number): SocketStack {
  return world.cards[PEER_CARDS[at]].stack;
}

export function listener(stack: SocketStack, port: number): number {
  const socket = stack.socket();
  if (stack.bind(socket, 0, port) !== 0 || stack.listen(socket, 64) !== 0) throw new Error('no listener');
  return socket;
}

/** Opens a connection and waits for its outcome. @returns the socket, and what SO_ERROR says of it. */
export function opened(
  world: MixedWorld,
  stack: SocketStack,
  address: number,
  port: number,
): { socket: number; errno: number } {
  const socket = stack.socket();
  stack.connect(socket, address, port);
  until(world, () => (stack.readiness(socket) & (WRITABLE | FAILED)) !== 0);
  return { socket, errno: stack.getOption(socket, SO_ERROR) };
}

export function accepted(world: MixedWorld, stack: SocketStack, at: number): number {
  let socket = -1;
  until(world, () => {
    socket = stack.accept(at);
    return socket >= 0;
  });
  return socket;
}

/** A peer connects to the server. @returns both ends, the server's first. */
export function served(world: MixedWorld, at: number, listening: number, port: number): [number, number] {
  const { socket, errno } = opened(world, peer(world, at), SERVER_ADDRESSES[at], port);
  if (errno !== 0) throw new Error(`a peer was refused: ${errno}`);
  return [accepted(world, world.stack, listening), socket];
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
