/** Programs for virtual worlds: one side sends a pattern, the other checks every byte of it. */

import type { SocketStack } from '../../src/socket/contract.ts';
import { EAGAIN, errnoName } from '../../src/socket/errno.ts';
import type { Program } from '../../src/workloads/program.ts';

/** Byte `i` of the stream every sender sends. */
export function patternByte(i: number): number {
  return (i * 31 + (i >>> 8) * 7 + (i >>> 16)) & 0xff;
}

export class PatternSender implements Program {
  sent = 0;
  private readonly stack: SocketStack;
  private readonly total: number;
  private readonly chunk: Uint8Array;
  private readonly socket: number;
  private closed = false;

  constructor(stack: SocketStack, address: number, port: number, total: number, chunkBytes = 65536) {
    this.stack = stack;
    this.total = total;
    this.chunk = new Uint8Array(chunkBytes);
    this.socket = stack.socket();
    stack.connect(this.socket, address, port);
  }

  step(): number {
    if (this.closed) return 0;
    let worked = 0;
    while (this.sent < this.total) {
      const length = Math.min(this.chunk.length, this.total - this.sent);
      for (let i = 0; i < length; i++) this.chunk[i] = patternByte(this.sent + i);
      const taken = this.stack.send(this.socket, this.chunk, 0, length);
      if (taken === -EAGAIN) return worked;
      if (taken < 0) throw new Error(`send: ${errnoName(taken)} after ${this.sent} bytes`);
      this.sent += taken;
      worked += 1;
    }
    this.stack.close(this.socket);
    this.closed = true;
    return worked + 1;
  }
}

export class PatternReceiver implements Program {
  received = 0;
  ended = false;
  private readonly stack: SocketStack;
  private readonly buffer: Uint8Array;
  private readonly listener: number;
  private socket = -1;

  constructor(stack: SocketStack, port: number, bufferBytes = 65536) {
    this.stack = stack;
    this.buffer = new Uint8Array(bufferBytes);
    this.listener = stack.socket();
    const errno = stack.bind(this.listener, 0, port) || stack.listen(this.listener, 8);
    if (errno !== 0) throw new Error(`listen: ${errnoName(errno)}`);
  }

  step(): number {
    let worked = 0;
    if (this.socket < 0) {
      this.socket = this.stack.accept(this.listener);
      if (this.socket < 0) return 0;
      worked += 1;
    }
    while (!this.ended) {
      const count = this.stack.recv(this.socket, this.buffer, 0, this.buffer.length);
      if (count === -EAGAIN) return worked;
      if (count < 0) throw new Error(`recv: ${errnoName(count)} after ${this.received} bytes`);
      for (let i = 0; i < count; i++) {
        if (this.buffer[i] !== patternByte(this.received + i))
          throw new Error(`byte ${this.received + i} differs`);
      }
      this.received += count;
      worked += 1;
      if (count === 0) {
        this.ended = true;
        this.stack.close(this.socket);
        this.stack.close(this.listener);
      }
    }
    return worked;
  }
}
