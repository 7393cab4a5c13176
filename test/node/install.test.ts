/** The seam itself, in this process: what goes where, what is left behind, and what a dying card does. */
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { nativeBindings } from '../../src/node/bindings.ts';
import { kChannel, type MaybeOnCard } from '../../src/node/channel.ts';
import { install, isInstalled, uninstall } from '../../src/node/install.ts';
import { ENETDOWN } from '../../src/socket/errno.ts';
import { type MemoryCard, type MemoryCardOptions, openMemoryCard } from './memory-stack.ts';

interface WithHandle {
  readonly _handle: MaybeOnCard;
}

const isOnCard = (socket: net.Socket | net.Server) =>
  (socket as unknown as WithHandle)._handle[kChannel] !== undefined;
const portOf = (server: net.Server) => (server.address() as net.AddressInfo).port;

async function listen(server: net.Server, port = 0, host = '127.0.0.1'): Promise<net.Server> {
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

async function outcome(socket: net.Socket): Promise<string> {
  return await new Promise((resolve) => {
    socket.once('connect', () => resolve('connect'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

async function pair(server: net.Server): Promise<[net.Socket, net.Socket]> {
  const accepted = once(server, 'connection');
  const client = net.connect(portOf(server), '127.0.0.1');
  await once(client, 'connect');
  return [client, (await accepted)[0] as net.Socket];
}

function memoryCard(options: MemoryCardOptions = {}, offload = 'all'): MemoryCard {
  const card = openMemoryCard(options);
  install(card, { offload });
  return card;
}

afterEach(() => {
  uninstall();
});

describe('install', () => {
  it('hides the immediates of its pump, and no other, from the active resources', async () => {
    const before = process.getActiveResourcesInfo;
    const immediates = () => process.getActiveResourcesInfo().filter((name) => name === 'Immediate').length;
    const others = immediates();
    memoryCard();
    const server = net.createServer().listen(0); // at once, since no name is looked up
    expect(immediates()).toBe(others);
    const own = setImmediate(() => {});
    expect(immediates()).toBe(others + 1);
    expect(before().filter((name) => name === 'Immediate').length).toBeGreaterThan(others + 1);
    clearImmediate(own);
    server.close();
    await once(server, 'close');
    uninstall();
    expect(process.getActiveResourcesInfo).toBe(before);
  });

  it('puts new sockets on the card and leaves nothing behind', async () => {
    const prototype = nativeBindings().TCP.prototype;
    const before = Object.getOwnPropertyDescriptors(prototype);
    const card = memoryCard();
    const server = await listen(net.createServer());
    const [client, peer] = await pair(server);
    expect([server, client, peer].map(isOnCard)).toEqual([true, true, true]);
    client.destroy();
    peer.destroy();
    server.close();
    await once(server, 'close');
    expect(card.open()).toBe(0);
    uninstall();
    expect(isInstalled()).toBe(false);
    expect(Object.getOwnPropertyDescriptors(prototype)).toEqual(before);
  });

  it('leaves a socket on the card it was made on', async () => {
    memoryCard();
    const server = await listen(net.createServer((peer) => peer.pipe(peer)));
    const [client] = await pair(server);
    uninstall();
    client.write('still there');
    expect(String((await once(client, 'data'))[0])).toBe('still there');
    const kernel = await listen(net.createServer());
    expect(isOnCard(kernel)).toBe(false);
    kernel.close();
    client.end();
    server.close();
    await Promise.all([once(server, 'close'), once(client, 'close')]);
    const prototype = nativeBindings().TCP.prototype;
    expect(Object.hasOwn(prototype, 'readStart')).toBe(false);
  });

  it('leaves kernel sockets made before alone', async () => {
    const server = await listen(net.createServer((peer) => peer.end('kernel')));
    const early = net.connect(portOf(server), '127.0.0.1');
    await once(early, 'connect');
    memoryCard();
    expect(String((await once(early, 'data'))[0])).toBe('kernel');
    expect(await outcome(net.connect(portOf(server), '127.0.0.1'))).toBe('connect');
    server.close();
  });

  it('refuses a bad rule and installs nothing', () => {
    expect(() => install(openMemoryCard(), { offload: 'prot 80' })).toThrow(SyntaxError);
    expect(isInstalled()).toBe(false);
  });
});

describe('the rule', () => {
  it('mixes card and kernel sockets in one program', async () => {
    const kernel = await listen(net.createServer((peer) => peer.end('kernel')));
    const port = portOf(kernel);
    memoryCard({}, `not port ${port}`);
    const card = await listen(net.createServer((peer) => peer.end('card')));
    const [a, b] = [net.connect(port, '127.0.0.1'), net.connect(portOf(card), '127.0.0.1')];
    expect(String((await once(a, 'data'))[0])).toBe('kernel');
    expect(String((await once(b, 'data'))[0])).toBe('card');
    kernel.close();
    card.close();
    await once(card, 'close');
  });

  it('sends a bound client to the kernel when it connects to what is not the card’s', async () => {
    const kernel = await listen(net.createServer((peer) => peer.end(String(peer.remotePort))));
    const port = portOf(kernel);
    const probe = await listen(net.createServer());
    const localPort = portOf(probe);
    probe.close();
    await once(probe, 'close');
    memoryCard({}, `not port ${port}`);
    const client = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1', localPort });
    expect(String((await once(client, 'data'))[0])).toBe(String(localPort));
    kernel.close();
  });

  it('takes the card’s own address and hosts it names, no others', async () => {
    memoryCard({ addresses: [0x0a010001] }, 'all or host 10.9.9.9');
    const server = await listen(net.createServer(), 0, '10.1.0.1');
    expect(isOnCard(server)).toBe(true);
    expect(await outcome(net.connect(portOf(server), '10.1.0.1'))).toBe('connect');
    expect(await outcome(net.connect(1, '10.9.9.9'))).toBe('EHOSTUNREACH');
    server.close();
  });
});

describe('a card that dies', () => {
  it('fails every open socket by name, whatever it was doing, and the next one too', async () => {
    const card = memoryCard({ bufferBytes: 1000 });
    const server = await listen(net.createServer({ pauseOnConnect: true }));
    const serverFailed = once(server, 'error');
    const [reader, peer] = await pair(server);
    const [writer, writerPeer] = await pair(server);
    const writeFailed = new Promise((resolve) => writer.write(Buffer.alloc(100_000), resolve));
    const errors = [reader, writer].map((socket) => once(socket, 'error'));
    const connecting = net.connect(portOf(server), '127.0.0.1');
    const connectFailed = once(connecting, 'error');
    card.kill(ENETDOWN);
    expect(((await serverFailed)[0] as NodeJS.ErrnoException).code).toBe('ENETDOWN');
    for (const [error] of await Promise.all(errors))
      expect((error as NodeJS.ErrnoException).code).toBe('ENETDOWN');
    expect(((await connectFailed)[0] as NodeJS.ErrnoException).code).toBe('ENETDOWN');
    expect(((await writeFailed) as NodeJS.ErrnoException).code).toBe('ENETDOWN');
    expect(await outcome(net.connect(portOf(server), '127.0.0.1'))).toBe('ENETDOWN');
    peer.destroy();
    writerPeer.destroy();
    server.close();
  });

  it('wakes a program that sleeps', async () => {
    const card = memoryCard();
    const server = await listen(net.createServer((peer) => peer.on('error', () => {})));
    server.on('error', () => {});
    const [client] = await pair(server);
    client.resume();
    const failed = once(client, 'error');
    await new Promise((resolve) => setTimeout(resolve, 30));
    card.kill(ENETDOWN);
    expect(((await failed)[0] as NodeJS.ErrnoException).syscall).toBe('read');
    server.close();
  });
});

describe('what is read', () => {
  it('never shares memory with what was read before', async () => {
    memoryCard();
    const server = await listen(net.createServer());
    const [client, peer] = await pair(server);
    const chunks: Buffer[] = [];
    client.on('data', (chunk) => chunks.push(chunk));
    for (let i = 0; i < 2000; i++) {
      peer.write(Buffer.alloc(101, i));
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    peer.end();
    await once(client, 'end');
    const all = Buffer.concat(chunks);
    expect(all.length).toBe(202_000);
    for (let i = 0; i < 2000; i++) expect(all.readUInt8(i * 101 + 50)).toBe(i & 255);
    server.close();
  });

  it('survives a program that gives a chunk’s memory away', async () => {
    memoryCard();
    const server = await listen(net.createServer((peer) => peer.pipe(peer)));
    const [client] = await pair(server);
    for (let i = 0; i < 5; i++) {
      client.write(`message ${i}`);
      const [chunk] = (await once(client, 'data')) as [Buffer];
      expect(String(chunk)).toBe(`message ${i}`);
      try {
        structuredClone(chunk.buffer, { transfer: [chunk.buffer as ArrayBuffer] });
      } catch {
        // refused: just as good
      }
    }
    client.destroy();
    server.close();
  });
});
