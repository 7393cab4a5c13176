/** What programs do with their sockets in a storm over a host with offload devices. */
import type { SocketStack } from '../../src/socket/contract.ts';
import type { Random } from '../../src/time/random.ts';

/** Who calls, and what is open by now. */
export interface Calling {
  readonly random: Random;
  /** The host's own stack first, then one of a peer behind each of its ports. */
  readonly stacks: readonly SocketStack[];
  /** A listener on port 80 of each stack. */
  readonly listeners: readonly number[];
  /** By port: the host's address there, and its peer's. */
  readonly own: readonly number[];
  readonly peers: readonly number[];
  readonly open: [stack: SocketStack, socket: number][];
  readonly bytes: Uint8Array;
}

export function callsOf({ random, stacks, listeners, own, peers, open, bytes }: Calling): (() => unknown)[] {
  return [
    () => {
      const port = random.below(peers.length);
      const outwards = random.below(2) === 0;
      const stack = stacks[outwards ? 0 : 1 + port];
      const socket = stack.socket();
      stack.connect(socket, outwards ? peers[port] : own[port], 80);
      open.push([stack, socket]);
    },
    () => {
      stacks.forEach((stack, i) => {
        for (let got = stack.accept(listeners[i]); got >= 0; got = stack.accept(listeners[i]))
          open.push([stack, got]);
      });
    },
    () => {
      for (const [stack, socket] of open) {
        if (random.below(2) === 0) stack.send(socket, bytes, 0, 1 + random.below(bytes.length));
        else stack.recv(socket, bytes, 0, bytes.length);
      }
    },
    () => {
      const [stack, socket] = open.splice(random.below(Math.max(1, open.length)), 1)[0] ?? [];
      stack?.close(socket ?? -1);
    },
  ];
}
