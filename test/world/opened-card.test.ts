/**
 * A card in a thread of its own, and one in the program's: the three forms of sockets, buffers offered and
 * lent, and a card that dies.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockingSockets } from '../../src/socket/blocking.ts';
import { READABLE } from '../../src/socket/contract.ts';
import { EAGAIN, ECONNREFUSED, ENETDOWN } from '../../src/socket/errno.ts';
import { PromiseSockets } from '../../src/socket/promises.ts';
import { type Card, openCard, openEcho } from '../../src/world/open/card.ts';

const LOOPBACK = 0x7f000001;
describe.each(['thread', 'inline'] as const)('%s', (placement) => {
  let card: Card;

  beforeEach(async () => {
    card = await openCard({ placement, driver: { socketsMax: 64 } });
  });
  afterEach(() => card.close());

  /** A connected pair: the side that connected, and the side that accepted. */
  function connect(port: number): {
    blocking: BlockingSockets;
    client: number;
    server: number;
    listener: number;
  } {
    const blocking = new BlockingSockets(card.stack, 2000);
    const listener = blocking.listen(LOOPBACK, port);
    const client = blocking.connect(LOOPBACK, port);
    return { blocking, client, server: blocking.accept(listener), listener };
  }

  describe('blocking form', () => {
    it('sends, receives and ends', () => {
      const { blocking, client, server, listener } = connect(7001);
      const text = new TextEncoder().encode('over the card and back');
      blocking.send(client, text);
      const buffer = new Uint8Array(100);
      expect(blocking.recv(server, buffer)).toBe(text.length);
      expect(buffer.subarray(0, text.length)).toEqual(text);
      card.stack.close(client);
      expect(blocking.recv(server, buffer)).toBe(0);
      card.stack.close(server);
      card.stack.close(listener);
      expect(card.reconcile().lines).toEqual([]);
    });

    it('throws the errno by name', () => {
      const blocking = new BlockingSockets(card.stack, 2000);
      expect(() => blocking.connect(LOOPBACK, 9)).toThrow('connect ECONNREFUSED');
    });
  });

  describe('datagrams', () => {
    const source = { address: 0, port: 0 };

    it('in the blocking form, up to the longest IPv4 carries', () => {
      const blocking = new BlockingSockets(card.stack, 2000);
      const here = blocking.datagram(LOOPBACK, 7100);
      const there = blocking.datagram(LOOPBACK, 0);
      const buffer = new Uint8Array(70_000);
      for (const length of [0, 1, 1472, 1473, 16_376, 16_377, 65_507]) {
        const bytes = Uint8Array.from({ length }, (_, i) => (i * 3 + length) & 0xff);
        blocking.sendTo(there, bytes, LOOPBACK, 7100);
        const got = blocking.recvFrom(here, buffer, source);
        // A bucket of 16 KiB holds the source's eight bytes and 16,376 of the datagram; the rest is cut, and
        // counted.
        expect(got).toBe(Math.min(length, 16_376));
        expect(buffer.subarray(0, got)).toEqual(bytes.subarray(0, got));
        expect(source).toEqual({ address: LOOPBACK, port: card.stack.localEndpoint(there)?.port });
      }
      expect(() => blocking.datagram(LOOPBACK, 7100)).toThrow('bind EADDRINUSE');
      for (const socket of [here, there]) card.stack.close(socket);
      expect(card.reconcile().lines).toEqual([]);
    });

    it('in the promise form, while the event loop rests', async () => {
      const sockets = new PromiseSockets(card.stack, () => card.news());
      const here = sockets.datagram(LOOPBACK, 7101);
      const buffer = new Uint8Array(100);
      for (let round = 0; round < 20; round++) {
        await sockets.sendTo(here, new Uint8Array(round).fill(round), LOOPBACK, 7101);
        expect(await sockets.recvFrom(here, buffer, source)).toBe(round);
        expect(source.port).toBe(7101);
      }
      card.stack.close(here);
      expect(card.reconcile().lines).toEqual([]);
    });

    it('lent in place, without a copy', () => {
      const blocking = new BlockingSockets(card.stack, 2000);
      const here = blocking.datagram(LOOPBACK, 7102);
      const { receiver } = card.stack;
      blocking.sendTo(here, Uint8Array.of(5, 6, 7), LOOPBACK, 7102);
      while ((card.stack.readiness(here) & READABLE) === 0) card.stack.wait(2000);
      const before = card.ledger().host['receiveCopies'];
      const bucket = receiver.lend(here);
      const at = receiver.addressOf(bucket);
      expect([...card.memory.subarray(at, at + receiver.lengthOf(bucket))]).toEqual([5, 6, 7]);
      receiver.sourceOf(bucket, source);
      expect(source).toEqual({ address: LOOPBACK, port: 7102 });
      expect(receiver.release(bucket)).toBe(0);
      expect(card.ledger().host['receiveCopies']).toBe(before);
      expect(receiver.lend(here)).toBe(-EAGAIN);
      card.stack.close(here);
      expect(card.reconcile().lines).toEqual([]);
    });
  });

  describe('promise form', () => {
    it('serves an echo while the event loop rests', async () => {
      const sockets = new PromiseSockets(card.stack, () => card.news());
      const listener = sockets.listen(LOOPBACK, 7002);
      const client = await sockets.connect(LOOPBACK, 7002);
      const server = await sockets.accept(listener);
      const buffer = new Uint8Array(1000);
      for (let round = 1; round <= 20; round++) {
        await sockets.send(client, new Uint8Array(round).fill(round));
        expect(await sockets.recv(server, buffer)).toBe(round);
        await sockets.send(server, buffer.subarray(0, round));
        expect(await sockets.recv(client, buffer)).toBe(round);
        expect(buffer[0]).toBe(round);
      }
      for (const socket of [client, server, listener]) card.stack.close(socket);
      expect(card.reconcile().lines).toEqual([]);
    });

    it('resolves every call that waits, however many do', async () => {
      const sockets = new PromiseSockets(card.stack, () => card.news());
      const ports = [7201, 7202, 7203];
      const here = ports.map((port) => sockets.datagram(LOOPBACK, port));
      const buffers = ports.map(() => new Uint8Array(10));
      const got = here.map((socket, i) => sockets.recvFrom(socket, buffers[i], { address: 0, port: 0 }));
      await Promise.all(
        ports.map((port, i) => sockets.sendTo(here[2 - i], Uint8Array.of(i), LOOPBACK, port)),
      );
      expect(await Promise.all(got)).toEqual([1, 1, 1]);
      expect(buffers.map(([first]) => first)).toEqual([0, 1, 2]);
      for (const socket of here) card.stack.close(socket);
    });

    it('is told at once of what a call has taken while it rests', () => {
      let told = 0;
      card.onInterrupt(() => told++);
      const socket = card.stack.socket();
      while (!card.arm()) card.stack.poll();
      told = 0;
      expect(card.stack.bind(socket, LOOPBACK, 7210)).toBe(0);
      // No turn of the event loop has come in between, so that no message can have told it.
      expect(told).toBeGreaterThan(0);
      card.stack.poll();
      told = 0;
      card.stack.close(socket);
      while (card.stack.wait(1) > 0);
      expect(told, 'a loop that looks by itself').toBe(0);
    });

    it('rejects with the errno by name', async () => {
      const sockets = new PromiseSockets(card.stack, () => card.news());
      await expect(sockets.connect(LOOPBACK, 9)).rejects.toMatchObject({
        code: 'ECONNREFUSED',
        errno: -ECONNREFUSED,
      });
    });
  });

  describe('buffers', () => {
    it('offered and lent: a send and a receive without a copy', () => {
      const { client, server, listener } = connect(7003);
      const { sender, receiver } = card.stack;
      const before = card.ledger().host;
      const memory = card.memory;
      const offered = sender.allocate(client);
      const address = sender.addressOf(offered);
      for (let i = 0; i < 1000; i++) memory[address + i] = i & 0xff;
      expect(sender.sendAllocated(client, offered, 1000)).toBe(1000);
      let lent = receiver.lend(server);
      while (lent < -1) {
        card.stack.wait(2000);
        lent = receiver.lend(server);
      }
      expect(receiver.lengthOf(lent)).toBe(1000);
      const at = receiver.addressOf(lent);
      for (let i = 0; i < 1000; i++) expect(memory[at + i]).toBe(i & 0xff);
      expect(receiver.release(lent)).toBe(0);
      expect(receiver.release(lent)).toBeLessThan(0);
      const after = card.ledger().host;
      for (const name of ['sendCopies', 'receiveCopies', 'immediateCopies'])
        expect(after[name]).toBe(before[name]);
      for (const socket of [client, server, listener]) card.stack.close(socket);
      expect(card.reconcile().lines).toEqual([]);
    });
  });

  describe('a card that dies', () => {
    it('fails every open socket by name, gives every buffer back, and nothing hangs', async () => {
      const { client, server, listener } = connect(7004);
      card.stack.send(client, new Uint8Array(100_000), 0, 100_000);
      await card.kill();
      const buffer = new Uint8Array(10);
      let answer = card.stack.recv(server, buffer, 0, 10);
      while (answer > 0) answer = card.stack.recv(server, buffer, 0, 10); // what had arrived is still there
      expect(answer).toBe(-ENETDOWN);
      expect(card.stack.send(client, buffer, 0, 10)).toBe(-ENETDOWN);
      expect(card.stack.accept(listener)).toBe(-ENETDOWN);
      expect(card.stack.socket()).toBe(-ENETDOWN);
      while (card.stack.wait(0) > 0); // what it had answered before it died
      expect(card.stack.wait(10_000)).toBe(0);
      for (const socket of [client, server, listener]) expect(card.stack.close(socket)).toBe(0);
      expect(card.transmitInUse).toBe(0);
      expect(card.stack.socketsInUse).toBe(0);
    });

    it('is noticed by a program that waits in a call, where no event can tell of it', async () => {
      const { client } = connect(7005);
      const killed = card.kill();
      expect(card.stack.wait(10_000)).toBe(0);
      expect(card.failed()).toBe(ENETDOWN);
      expect(card.stack.send(client, new Uint8Array(1), 0, 1)).toBe(-ENETDOWN);
      await killed;
    });
  });

  describe('the echo module', () => {
    it('of a dead card answers none, and nothing is written to a frame that is none', async () => {
      const echo = await openEcho({ placement });
      expect(echo.roundTrip(3)).toBe(3);
      await echo.kill();
      expect(echo.roundTrip(3)).toBe(0);
      expect(echo.ledger().host['inboundPosted']).toBe(echo.ledger().host['messageRequests']);
      await echo.close();
    });
  });
});
