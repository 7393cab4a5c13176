/**
 * The load of the simulated measure: one side sends a stream, then requests that the other answers. Written
 * against the socket contract alone, so that it runs on any tree's cards.
 */
import type { SocketStack } from '../../src/socket/contract.ts';

const PORT = 80;
const CHUNK_BYTES = 16_384;
const REQUEST_BYTES = 64;

/** Sends `streamBytes`, then `requests` requests one after the other, each when the last was answered. */
export class Sender {
  done = false;
  private readonly stack: SocketStack;
  private readonly socket: number;
  private readonly chunk = new Uint8Array(CHUNK_BYTES);
  private left: number;
  private requests: number;
  private awaited = 0;

  constructor(stack: SocketStack, address: number, streamBytes: number, requests: number) {
    this.stack = stack;
    this.left = streamBytes;
    this.requests = requests;
    this.socket = stack.socket();
    stack.connect(this.socket, address, PORT);
  }

  step(): number {
    let worked = 0;
    while (this.left > 0) {
      const sent = this.stack.send(this.socket, this.chunk, 0, Math.min(this.left, CHUNK_BYTES));
      if (sent <= 0) return worked;
      this.left -= sent;
      worked += 1;
    }
    for (;;) {
      while (this.awaited > 0) {
        const got = this.stack.recv(this.socket, this.chunk, 0, this.awaited);
        if (got <= 0) return worked;
        this.awaited -= got;
        worked += 1;
      }
      if (this.requests === 0) break;
      if (this.stack.send(this.socket, this.chunk, 0, REQUEST_BYTES) !== REQUEST_BYTES) return worked;
      this.requests -= 1;
      this.awaited = REQUEST_BYTES;
      worked += 1;
    }
    this.done = true;
    return worked;
  }
}

/** Takes the stream in and answers each request in full. */
export class Answerer {
  private readonly stack: SocketStack;
  private readonly listener: number;
  private readonly buffer = new Uint8Array(CHUNK_BYTES);
  private socket = -1;
  private stream: number;
  private taken = 0;

  constructor(stack: SocketStack, streamBytes: number) {
    this.stack = stack;
    this.stream = streamBytes;
    this.listener = stack.socket();
    stack.bind(this.listener, 0, PORT);
    stack.listen(this.listener, 1);
  }

  step(): number {
    if (this.socket < 0) this.socket = this.stack.accept(this.listener);
    if (this.socket < 0) return 0;
    let worked = 0;
    for (;;) {
      const got = this.stack.recv(this.socket, this.buffer, 0, CHUNK_BYTES);
      if (got <= 0) return worked;
      worked += 1;
      const ofStream = Math.min(this.stream, got);
      this.stream -= ofStream;
      this.taken += got - ofStream;
      for (; this.taken >= REQUEST_BYTES; this.taken -= REQUEST_BYTES) {
        this.stack.send(this.socket, this.buffer, 0, REQUEST_BYTES);
      }
    }
  }
}
