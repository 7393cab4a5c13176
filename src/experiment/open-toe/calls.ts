/** Socket calls on the server and its peers from outside the world's turns, and the waiting between them. */
import { FAILED, type SocketStack, WRITABLE } from '../../socket/contract.ts';
import { SO_ERROR } from '../../socket/options.ts';
import type { MixedWorld } from '../../world/virtual/mixed-world.ts';
import { PEER_CARDS, SERVER_ADDRESSES } from './world.ts';

const LIMIT_NS = 20e9;
const BACKLOG = 64;

/** @throws Error where it does not come to that within seconds. */
export function until(world: MixedWorld, done: () => boolean): void {
  if (!world.run(done, LIMIT_NS)) throw new Error(`it did not come to that in ${LIMIT_NS / 1e9} s`);
}

/** The sockets of the peer at one of the wires. */
export function peer(world: MixedWorld, wire: number): SocketStack {
  return world.cards[PEER_CARDS[wire]].stack;
}

export function listener(stack: SocketStack, port: number): number {
  const socket = stack.socket();
  if (stack.bind(socket, 0, port) !== 0 || stack.listen(socket, BACKLOG) !== 0) {
    throw new Error(`nobody can listen at port ${port}`);
  }
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
export function served(world: MixedWorld, wire: number, listening: number, port: number): [number, number] {
  const { socket, errno } = opened(world, peer(world, wire), SERVER_ADDRESSES[wire], port);
  if (errno !== 0) throw new Error(`a peer was refused: errno ${errno}`);
  return [accepted(world, world.stack, listening), socket];
}
