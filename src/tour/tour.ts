/**
 * A program that asks a card for something of everything, so that a validator sees it: connections of both
 * ends, sends of all sizes, datagrams, half closes, aborts, options, names, events and statistics,
 * refusals, and pools run dry. What chance decides comes from the seed. Everything is closed again at the
 * end.
 */
import type { CardSockets } from '../osm/user/card-sockets.ts';
import { type DatagramSource, READABLE, SHUT_WR, SOCK_DGRAM, WRITABLE } from '../socket/contract.ts';
import { EAGAIN, EMFILE, ENOBUFS } from '../socket/errno.ts';
import {
  IP_TTL,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER_SECONDS,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_SNDBUF,
  TCP_MAXSEG,
  TCP_NODELAY,
} from '../socket/options.ts';
import { Random } from '../time/random.ts';

const LOOPBACK = 0x7f000001;
const PORT = 7000;
const DATAGRAM_PORT = 7001;
const CLOSED_PORT = 7999;
/** Waits of one condition, and how long each may take. */
const WAITS_MAX = 500;
const WAIT_MS = 20;
const SIZES = [1, 2, 63, 64, 92, 93, 96, 97, 1460, 2048, 4096, 16_384, 16_385, 65_536, 200_000];
const OPTIONS = [SO_REUSEADDR, SO_KEEPALIVE, SO_RCVBUF, TCP_NODELAY, TCP_MAXSEG, IP_TTL, 12_345];
const ALL_EVENTS = 7;
const EXHAUSTING_BYTES = 1 << 20;

/** Parts of a tour that can be gone through alone. */
export const TOUR_PARTS = [
  'exchange',
  'halfClose',
  'abort',
  'refused',
  'datagrams',
  'exhaustSockets',
  'exhaustBuffers',
] as const;
export type TourPart = (typeof TOUR_PARTS)[number];

export class Tour {
  private readonly stack: CardSockets;
  private readonly random: Random;
  private readonly bytes: Uint8Array;
  private readonly room = new Uint8Array(1 << 18);
  private readonly open = new Set<number>();

  constructor(stack: CardSockets, seed: number) {
    this.stack = stack;
    this.random = new Random(seed);
    this.bytes = new Uint8Array(1 << 18);
    for (let i = 0; i < this.bytes.length; i++) this.bytes[i] = this.random.below(256);
  }

  /**
   * @param rounds how often the middle part is gone through. @throws Error where the card does not do what
   * a card does.
   */
  run(rounds: number): void {
    const { stack } = this;
    stack.device.registerEvents(ALL_EVENTS);
    const listener = this.listen();
    for (let round = 0; round < rounds; round++) {
      this.exchange(listener);
      this.halfClose(listener);
      this.abort(listener);
      this.refused(listener);
      this.datagrams();
    }
    this.exhaustSockets();
    this.exhaustBuffers(listener);
    stack.device.statistics();
    stack.device.group(0xf100);
    stack.device.registerEvents(0);
    this.closeAll();
  }

  /** Goes through one part alone. @throws Error as `run` does. */
  runPart(part: TourPart): void {
    this[part](this.listen());
    this.closeAll();
  }

  private closeAll(): void {
    const { stack } = this;
    for (const socket of [...this.open]) this.close(socket);
    stack.wait(WAIT_MS);
    this.until(() => stack.socketsInUse === 0, 'the last number to come back');
  }

  private listen(): number {
    const { stack } = this;
    const listener = this.socket();
    stack.setOption(listener, SO_REUSEADDR, 1);
    if (stack.bind(listener, LOOPBACK, PORT) !== 0 || stack.listen(listener, 32) !== 0) {
      throw new Error('the card would not listen');
    }
    return listener;
  }

  /** Both directions, all sizes; options and names on the way. */
  private exchange(listener: number): void {
    const { stack, random } = this;
    const [client, server] = this.pair(listener);
    for (const option of OPTIONS) {
      const value = stack.getOption(client, option);
      if (value > 0) stack.setOption(client, option, value);
    }
    stack.setOption(server, SO_SNDBUF, 1 << 17);
    stack.localEndpoint(client);
    stack.remoteEndpoint(server);
    for (const size of SIZES) {
      const length = random.below(3) === 0 ? 1 + random.below(size) : size;
      if (random.below(2) === 0) this.move(client, server, length);
      else this.move(server, client, length);
    }
    this.close(client);
    this.move(server, -1, 100);
    this.close(server);
  }

  private halfClose(listener: number): void {
    const { stack } = this;
    const [client, server] = this.pair(listener);
    this.move(client, server, 3000);
    stack.shutdown(client, SHUT_WR);
    this.until(() => stack.recv(server, this.room, 0, 1) === 0, 'the end of the stream');
    this.move(server, client, 5000);
    this.close(server);
    this.until(() => stack.recv(client, this.room, 0, 1) === 0, 'the end of the other half');
    stack.shutdown(client, SHUT_WR);
    this.close(client);
  }

  /** One side is closed with data unread, the other by linger 0. */
  private abort(listener: number): void {
    const { stack } = this;
    const [client, server] = this.pair(listener);
    stack.send(client, this.bytes, 0, 50_000);
    this.until(() => (stack.readiness(server) & READABLE) !== 0, 'data');
    this.close(server);
    this.until(() => stack.send(client, this.bytes, 0, 100) < 0 || stack.wait(1) < 0, 'the reset');
    stack.getOption(client, SO_ERROR);
    this.close(client);
    const [second, secondServer] = this.pair(listener);
    stack.setOption(second, SO_LINGER_SECONDS, 0);
    stack.send(second, this.bytes, 0, 4000);
    this.close(second);
    this.until(() => stack.recv(secondServer, this.room, 0, this.room.length) <= 0, 'the end');
    this.close(secondServer);
  }

  /** What a card must refuse, and what it does with what nobody waits for. */
  private refused(listener: number): void {
    const { stack } = this;
    const taken = this.socket();
    stack.bind(taken, LOOPBACK, PORT);
    stack.bind(taken, 0x01020304, 0);
    stack.setOption(taken, 12_345, 1);
    this.close(taken);
    const nobody = this.socket();
    stack.connect(nobody, LOOPBACK, CLOSED_PORT);
    this.until(() => stack.getOption(nobody, SO_ERROR) !== 0, 'a refusal');
    this.close(nobody);
    const unanswered = this.socket();
    stack.connect(unanswered, LOOPBACK, PORT);
    this.close(unanswered);
    this.until(() => this.acceptAny(listener) || stack.wait(1) < 0, 'nothing', 3);
    this.close(this.socket());
  }

  private datagrams(): void {
    const { stack, random } = this;
    const answering = stack.socket(SOCK_DGRAM);
    if (answering < 0) return;
    this.open.add(answering);
    const asking = this.socket(SOCK_DGRAM);
    const from: DatagramSource = { address: 0, port: 0 };
    stack.bind(answering, LOOPBACK, DATAGRAM_PORT);
    for (const size of [0, 1, 64, 1000, 2000, 1 + random.below(8000)]) {
      if (stack.sendTo(asking, this.bytes, 0, size, LOOPBACK, DATAGRAM_PORT) < 0) continue;
      this.until(() => stack.recvFrom(answering, this.room, 0, this.room.length, from) >= 0, 'a datagram');
      this.until(
        () => stack.sendTo(answering, this.bytes, 0, size, from.address, from.port) !== -EAGAIN,
        'room for an answer',
      );
      this.until(() => stack.recv(asking, this.room, 0, this.room.length) >= 0, 'its answer');
    }
    stack.connect(asking, LOOPBACK, CLOSED_PORT);
    stack.send(asking, this.bytes, 0, 10);
    this.until(() => stack.send(asking, this.bytes, 0, 10) < 0 || stack.wait(1) < 0, 'nothing', 3);
    stack.localEndpoint(asking);
    this.close(asking);
    this.close(answering);
  }

  /** Every number there is, then one more. */
  private exhaustSockets(): void {
    const taken: number[] = [];
    for (;;) {
      const socket = this.stack.socket();
      if (socket === -EMFILE) break;
      if (socket < 0) throw new Error(`socket: ${socket}`);
      taken.push(socket);
      this.open.add(socket);
    }
    for (const socket of taken) this.close(socket);
  }

  /** Sends nobody reads, until nothing more is taken. */
  private exhaustBuffers(listener: number): void {
    const { stack } = this;
    const [client, server] = this.pair(listener);
    stack.setOption(client, SO_SNDBUF, EXHAUSTING_BYTES);
    let refusals = 0;
    for (let sends = 0; sends < 2000 && refusals < 3; sends++) {
      const sent = stack.send(client, this.bytes, 0, 1 + this.random.below(20_000));
      if (sent !== -EAGAIN && sent !== -ENOBUFS) continue;
      refusals += 1;
      stack.wait(1);
    }
    for (let reads = 0; reads < 20; reads++) stack.recv(server, this.room, 0, 1 + this.random.below(9000));
    this.close(client);
    this.close(server);
  }

  private pair(listener: number): [client: number, server: number] {
    const { stack } = this;
    const client = this.socket();
    stack.connect(client, LOOPBACK, PORT);
    let server = -EAGAIN;
    this.until(() => {
      server = stack.accept(listener);
      return server >= 0;
    }, 'a connection');
    this.open.add(server);
    this.until(() => (stack.readiness(client) & WRITABLE) !== 0, 'the handshake');
    return [client, server];
  }

  private acceptAny(listener: number): boolean {
    const socket = this.stack.accept(listener);
    if (socket < 0) return false;
    this.open.add(socket);
    this.close(socket);
    return true;
  }

  /** Sends from one end what the other reads; to nobody where there is none. */
  private move(from: number, to: number, length: number): void {
    const { stack } = this;
    let sent = 0;
    let read = 0;
    this.until(
      () => {
        if (sent < length) {
          const now = stack.send(from, this.bytes, 0, length - sent);
          if (now > 0) sent += now;
          else if (now !== -EAGAIN && now !== -ENOBUFS) return true;
        }
        if (to < 0) return sent === length;
        const got = stack.recv(to, this.room, 0, this.room.length);
        if (got > 0) read += got;
        return read === length;
      },
      () => (to < 0 ? `room for ${length} bytes` : `${length} bytes: ${sent} were taken, and ${read} came`),
    );
  }

  private socket(type?: number): number {
    // The number of a socket that was closed is free once the card has said so.
    let socket = this.stack.socket(type);
    this.until(() => socket !== -EMFILE || (socket = this.stack.socket(type)) !== -EMFILE, 'a free number');
    if (socket < 0) throw new Error(`socket: ${socket}`);
    this.open.add(socket);
    return socket;
  }

  private close(socket: number): void {
    this.open.delete(socket);
    this.stack.close(socket);
  }

  private until(done: () => boolean, what: string | (() => string), waits = WAITS_MAX): void {
    for (let i = 0; i < waits; i++) {
      if (done()) return;
      this.stack.wait(WAIT_MS);
    }
    const missed = typeof what === 'string' ? what : what();
    if (missed !== 'nothing') throw new Error(`the card never brought ${missed}`);
  }
}
