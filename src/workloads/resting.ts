/**
 * Connections that rest beside a workload: each sender has sent all that the stack would take, and no reader
 * ever reads. What they cost the others is what is measured.
 */
import type { SocketStack } from '../socket/contract.ts';
import { EAGAIN, EINPROGRESS } from '../socket/errno.ts';
import { openListener } from '../socket/open-socket.ts';
import { failCall, LOOPBACK } from './workload.ts';

const CHUNK_BYTES = 65_536;
/** Connections that are opened at once, fewer than the listener's backlog. */
const AT_ONCE = 32;
const BACKLOG = 128;
/** Looks at the stack between two rounds of sends, and rounds without a byte taken that end the filling. */
const LOOKS = 64;
const ROUNDS_IDLE = 20;

export class RestingReaders {
  private readonly stack: SocketStack;
  private readonly sockets: number[] = [];

  /** Opens the connections and fills them. @throws when a call fails. */
  constructor(stack: SocketStack, count: number) {
    this.stack = stack;
    if (count === 0) return;
    const listener = this.keep('listen', openListener(stack, LOOPBACK, 0, BACKLOG));
    const port = stack.localEndpoint(listener)?.port ?? 0;
    const senders: number[] = [];
    let accepted = 0;
    while (accepted < count) {
      while (senders.length < Math.min(count, accepted + AT_ONCE)) {
        const sender = this.keep('socket', stack.socket());
        const answer = stack.connect(sender, LOOPBACK, port);
        if (answer !== 0 && answer !== -EINPROGRESS) failCall('connect', answer);
        senders.push(sender);
      }
      stack.wait(1);
      for (let socket = stack.accept(listener); socket !== -EAGAIN; socket = stack.accept(listener)) {
        this.keep('accept', socket);
        accepted += 1;
      }
    }
    this.fill(senders);
  }

  close(): void {
    for (const socket of this.sockets) this.stack.close(socket);
    this.sockets.length = 0;
  }

  private keep(call: string, socket: number): number {
    if (socket < 0) failCall(call, socket);
    this.sockets.push(socket);
    return socket;
  }

  private fill(senders: readonly number[]): void {
    const { stack } = this;
    const bytes = new Uint8Array(CHUNK_BYTES);
    for (let idle = 0; idle < ROUNDS_IDLE; idle++) {
      for (const sender of senders) {
        const taken = stack.send(sender, bytes, 0, CHUNK_BYTES);
        if (taken < 0 && taken !== -EAGAIN) failCall('send', taken);
        if (taken > 0) idle = 0;
      }
      for (let look = 0; look < LOOKS; look++) stack.wait(0);
      stack.wait(1);
    }
  }
}
