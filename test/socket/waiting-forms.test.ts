/** MSG_ flags of the two forms that wait, over the card, the host's own stack, and the kernel. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KernelStack } from '../../src/linux/kernel-stack.ts';
import { loadLibc } from '../../src/linux/libc.ts';
import { BlockingSockets } from '../../src/socket/blocking.ts';
import type { SocketStack } from '../../src/socket/contract.ts';
import { MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_TRUNC, MSG_WAITALL } from '../../src/socket/message-flags.ts';
import { SO_LINGER_SECONDS } from '../../src/socket/options.ts';
import { PromiseSockets } from '../../src/socket/promises.ts';
import { openCard } from '../../src/world/open/card.ts';
import { openHostStack } from '../../src/world/open/host-stack.ts';

const ADDRESS = 0x7f000001;
const BIG = new Uint8Array(4_000_000);

interface Under {
  readonly stack: SocketStack;
  close(): Promise<void>;
}

const STACKS: Record<string, () => Promise<Under>> = {
  card: async () => {
    const card = await openCard({ placement: 'inline' });
    return {
      stack: card.stack,
      close: async () => {
        expect(card.reconcile().lines).toEqual([]);
        await card.close();
      },
    };
  },
  host: async () => ({ stack: openHostStack({}).stack, close: async () => {} }),
};
const libc = loadLibc();
if (libc !== undefined) {
  STACKS['kernel'] = async () => {
    const stack = new KernelStack(libc);
    return { stack, close: async () => stack.dispose() };
  };
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array, length: number): string =>
  new TextDecoder().decode(bytes.subarray(0, length));

for (const [name, open] of Object.entries(STACKS)) {
  describe(`flags of the forms that wait, ${name}`, () => {
    let under: Under;
    let sockets: BlockingSockets;
    let opened: number[] = [];

    beforeEach(async () => {
      under = await open();
      sockets = new BlockingSockets(under.stack, 200);
    });

    afterEach(async () => {
      for (const socket of opened) under.stack.close(socket);
      opened = [];
      under.stack.wait(1);
      await under.close();
    });

    const pair = (): { client: number; server: number } => {
      const listener = sockets.listen(ADDRESS, 0);
      const client = sockets.connect(ADDRESS, under.stack.localEndpoint(listener)?.port ?? 0);
      const server = sockets.accept(listener);
      under.stack.close(listener);
      opened.push(client, server);
      return { client, server };
    };
    const recv = (socket: number, length: number, flags: number): string => {
      const bytes = new Uint8Array(length);
      return textOf(bytes, sockets.recv(socket, bytes, flags));
    };

    it('MSG_WAITALL waits for all, until the end of the stream or the time-out', () => {
      const { client, server } = pair();
      sockets.send(client, bytesOf('abc'));
      expect(recv(server, 3, MSG_PEEK)).not.toBe('');
      sockets.send(client, bytesOf('defg'));
      expect(recv(server, 6, MSG_WAITALL)).toBe('abcdef');
      // Nobody sends more: the time-out ends it, and what there is is the answer.
      expect(recv(server, 6, MSG_WAITALL)).toBe('g');
      sockets.send(client, bytesOf('end'));
      under.stack.close(client);
      expect(recv(server, 6, MSG_WAITALL)).toBe('end');
      expect(recv(server, 6, MSG_WAITALL)).toBe('');
    });

    it('MSG_WAITALL gets what came before a reset, and the next call the reset', () => {
      const { client, server } = pair();
      sockets.send(client, bytesOf('abc'));
      expect(recv(server, 3, MSG_PEEK)).not.toBe('');
      under.stack.setOption(client, SO_LINGER_SECONDS, 0);
      under.stack.close(client);
      expect(recv(server, 6, MSG_WAITALL)).toBe('abc');
      expect(() => recv(server, 6, MSG_WAITALL)).toThrow('recv ECONNRESET');
    });

    it('MSG_DONTWAIT tells what is there, and sends what goes at once', () => {
      const { client, server } = pair();
      expect(() => recv(server, 3, MSG_DONTWAIT)).toThrow('recv EAGAIN');
      const sent = sockets.send(client, BIG, MSG_DONTWAIT);
      expect(sent).toBeGreaterThan(0);
      expect(sent).toBeLessThan(BIG.length);
      let got = 0;
      const into = new Uint8Array(BIG.length);
      while (got < sent) got += sockets.recv(server, into, MSG_TRUNC);
      expect(got).toBe(sent);
      expect(() => recv(server, 3, MSG_WAITALL | MSG_DONTWAIT)).toThrow('recv EAGAIN');
    });

    it('what cannot be served is refused by name', () => {
      const { client, server } = pair();
      sockets.send(client, bytesOf('abc'));
      expect(() => recv(server, 6, MSG_PEEK | MSG_WAITALL)).toThrow('recv EOPNOTSUPP');
      expect(() => recv(server, 6, MSG_OOB)).toThrow('recv EINVAL');
      expect(recv(server, 3, MSG_WAITALL)).toBe('abc');
    });

    it('of datagrams MSG_WAITALL means nothing, and the others what they mean', () => {
      const one = sockets.datagram(ADDRESS, 0);
      opened.push(one);
      const from = { address: 0, port: 0 };
      const into = new Uint8Array(20);
      const port = under.stack.localEndpoint(one)?.port ?? 0;
      expect(() => sockets.recvFrom(one, into, from, MSG_DONTWAIT)).toThrow('recvfrom EAGAIN');
      sockets.sendTo(one, bytesOf('abcdef'), ADDRESS, port, MSG_DONTWAIT);
      sockets.sendTo(one, bytesOf('next'), ADDRESS, port);
      expect(sockets.recvFrom(one, into.subarray(0, 2), from, MSG_PEEK | MSG_TRUNC)).toBe(6);
      expect(from).toEqual({ address: ADDRESS, port });
      expect(recv(one, 20, MSG_WAITALL)).toBe('abcdef');
      expect(textOf(into, sockets.recvFrom(one, into, from, MSG_WAITALL))).toBe('next');
    });

    it('the promise form answers alike', async () => {
      const { client, server } = pair();
      const news = async (): Promise<void> => void under.stack.wait(1);
      const promised = new PromiseSockets(under.stack, news);
      const into = new Uint8Array(6);
      expect(await promised.send(client, bytesOf('abc'))).toBe(3);
      expect(await promised.recv(server, into, MSG_PEEK)).toBeGreaterThan(0);
      const all = promised.recv(server, into, MSG_WAITALL);
      await promised.send(client, bytesOf('defg'));
      expect(await all).toBe(6);
      expect(textOf(into, 6)).toBe('abcdef');
      await expect(promised.recv(server, into, MSG_PEEK | MSG_WAITALL)).rejects.toThrow('recv EOPNOTSUPP');
      expect(await promised.recv(server, into, MSG_WAITALL & 0)).toBe(1);
      await expect(promised.recv(server, into, MSG_DONTWAIT)).rejects.toThrow('recv EAGAIN');
      under.stack.close(client);
      opened = [server];
      expect(await promised.recv(server, into, MSG_WAITALL)).toBe(0);
    });
  });
}
