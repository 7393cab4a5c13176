/** The program of our own host behind the pipe: it opens a stream to itself, and moves bytes. */

import { SOCKET_CLASS_ID } from '../../i2o/tids.ts';
import type { Host } from '../../osm/host.ts';
import type { CardSockets } from '../../osm/user/card-sockets.ts';

const PORT = 4711;
const QUIESCE_NS = 1e9;
const WAIT_MS = 20;
const WAITS_MAX = 5000;
const PIECE_BYTES = 16_384;

/**
 * From bring-up to the end in order. @param address the card's own. @param length bytes to move.
 * @returns why it gave up; '' where all went well.
 */
export function runProgram(host: Host, address: number, length: number): string {
  try {
    host.bringUpCard(SOCKET_CLASS_ID);
    transfer(host.sockets, address, length);
    if (!host.quiesce(QUIESCE_NS)) throw new Error('the card would not quiesce');
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function transfer(stack: CardSockets, address: number, length: number): void {
  const listener = good(stack.socket(), 'a listener');
  good(stack.bind(listener, address, PORT), 'bind');
  good(stack.listen(listener, 1), 'listen');
  const client = good(stack.socket(), 'a socket');
  stack.connect(client, address, PORT);
  let server = -1;
  until(stack, () => (server = stack.accept(listener)) >= 0, 'the connection');
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
  const room = new Uint8Array(PIECE_BYTES);
  let sent = 0;
  let received = 0;
  until(
    stack,
    () => {
      const piece = Math.min(PIECE_BYTES, bytes.length - sent);
      if (piece > 0) sent += Math.max(0, stack.send(client, bytes, sent, piece));
      const taken = stack.recv(server, room, 0, room.length);
      for (let i = 0; i < taken; i++)
        if (room[i] !== bytes[received + i]) throw new Error(`byte ${received + i} is another`);
      received += Math.max(0, taken);
      return received === bytes.length;
    },
    'all bytes',
  );
  for (const socket of [client, server, listener]) stack.close(socket);
  until(stack, () => stack.socketsInUse === 0, 'the last socket back');
}

function until(stack: CardSockets, done: () => boolean, what: string): void {
  for (let waits = 0; !done(); waits++) {
    if (waits === WAITS_MAX) throw new Error(`the card never brought ${what}`);
    stack.wait(WAIT_MS);
  }
}

function good(answer: number, what: string): number {
  if (answer < 0) throw new Error(`the card refused ${what} (errno ${-answer})`);
  return answer;
}
