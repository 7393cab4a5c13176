/** Sockets of `node:dgram` beside a card: what goes by the card and what by the kernel, and nothing lost. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { nativeBindings } from '../../src/node/bindings.ts';
import { install, routes, uninstall } from '../../src/node/install.ts';
import { type Card, type CardOptions, openCard } from '../../src/world/open/card.ts';

const OWN = '10.0.0.1';
let card: Card | undefined;
const sockets: dgram.Socket[] = [];

async function onCard(offload = 'all', pools: CardOptions['pools'] = {}): Promise<Card> {
  card = await openCard({ placement: 'inline', stack: { address: 0x0a000001 }, pools });
  install(card, { offload });
  return card;
}

function socket(type: dgram.SocketType | dgram.SocketOptions = 'udp4'): dgram.Socket {
  const made = dgram.createSocket(type as dgram.SocketOptions);
  sockets.push(made);
  return made;
}

async function bound(address?: string, port = 0): Promise<dgram.Socket> {
  const made = socket();
  made.bind(port, address);
  await once(made, 'listening');
  return made;
}

async function message(from: dgram.Socket): Promise<{ text: string; sender: dgram.RemoteInfo }> {
  const [bytes, sender] = (await once(from, 'message')) as [Buffer, dgram.RemoteInfo];
  return { text: String(bytes), sender };
}

const sent = (): number => Number(card?.ledger().iop['udpOutDatagrams'] ?? 0);

afterEach(async () => {
  for (const made of sockets.splice(0)) {
    try {
      made.close();
    } catch {
      // The test has closed it.
    }
  }
  uninstall();
  await card?.close();
  card = undefined;
});

describe('a socket bound to every address', () => {
  it('hears the card and the kernel at one port, and answers each by the way it came', async () => {
    await onCard();
    const server = await bound();
    server.on('message', (bytes, { port, address }) => server.send(`${bytes} back`, port, address));
    const { port } = server.address();
    const client = socket();
    for (const [address, ways] of [
      [OWN, 2],
      ['127.0.0.1', 2],
    ] as const) {
      client.send('there and', port, address);
      const { text, sender } = await message(client);
      expect(text).toBe('there and back');
      expect(sender).toEqual({ address, family: 'IPv4', port, size: 14 });
      expect(sent()).toBe(ways); // those over loopback are the kernel's
    }
  });

  it('hears what comes by the card even if it was bound before any socket needed one', async () => {
    await onCard();
    const server = await bound();
    const heard = message(server);
    socket().send('first', server.address().port, OWN);
    expect((await heard).text).toBe('first');
  });

  it('tells the callback how many bytes were sent, and takes a datagram of none, and of parts', async () => {
    await onCard();
    const server = await bound();
    const { port } = server.address();
    const client = socket();
    const texts: string[] = [];
    server.on('message', (bytes) => texts.push(String(bytes)));
    const counts: number[] = [];
    for (const parts of [[''], ['one'], ['one', 'two', 'three']]) {
      counts.push(
        await new Promise<number>((resolve, reject) => {
          client.send(parts as never, port, OWN, (error, bytes) => (error ? reject(error) : resolve(bytes)));
        }),
      );
    }
    while (texts.length < 3) await once(server, 'message');
    expect(counts).toEqual([0, 3, 11]);
    expect(texts).toEqual(['', 'one', 'onetwothree']);
  });
});

describe('more datagrams than the card has buffers for', () => {
  const BYTES = 1400;
  const BURST = 40;

  async function connected(server: dgram.Socket): Promise<dgram.Socket> {
    const client = socket();
    client.connect(server.address().port, OWN);
    await once(client, 'connect');
    return client;
  }

  /** Sends them all within the call, since the peer's address need not be looked up. @returns how each ends. */
  async function burst(client: dgram.Socket): Promise<string[]> {
    const ended = Array.from(
      { length: BURST },
      () =>
        new Promise<string>((resolve) => {
          client.send(new Uint8Array(BYTES), (error, bytes) =>
            resolve(error === null ? `${bytes}` : ((error as NodeJS.ErrnoException).code ?? '')),
          );
        }),
    );
    return await Promise.all(ended);
  }

  it('wait, and are sent in order as there is room', async () => {
    await onCard('all', { transmitBuffers: 4 });
    const server = await bound(OWN);
    let heard = 0;
    server.on('message', () => heard++);
    const client = await connected(server);
    const ended = burst(client);
    expect(client.getSendQueueCount()).toBeGreaterThan(0);
    expect(client.getSendQueueSize()).toBe(client.getSendQueueCount() * BYTES);
    expect(await ended).toEqual(new Array(BURST).fill(`${BYTES}`));
    while (heard < BURST) await once(server, 'message');
    expect(client.getSendQueueCount()).toBe(0);
  });

  it('are called off when their socket is closed', async () => {
    await onCard('all', { transmitBuffers: 4 });
    const client = await connected(await bound(OWN));
    const ended = burst(client);
    const waiting = client.getSendQueueCount();
    expect(waiting).toBeGreaterThan(0);
    client.close();
    expect((await ended).filter((text) => text === 'ECANCELED')).toHaveLength(waiting);
  });
});

describe('a socket bound to the card’s own address', () => {
  it('is on the card alone, and says where', async () => {
    await onCard();
    const server = await bound(OWN);
    expect(server.address()).toEqual({ address: OWN, family: 'IPv4', port: expect.any(Number) });
    const heard = message(server);
    const client = await bound(OWN);
    client.send('hello', server.address().port, OWN);
    const { text, sender } = await heard;
    expect([text, sender.address, sender.port]).toEqual(['hello', OWN, client.address().port]);
  });

  it('cannot have a port twice, unless both would share it', async () => {
    await onCard();
    const first = await bound(OWN);
    const second = socket();
    second.bind(first.address().port, OWN);
    const [error] = (await once(second, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('EADDRINUSE');
    const sharing = [0, 1].map(() => socket({ type: 'udp4', reuseAddr: true }));
    sharing[0].bind(0, OWN);
    await once(sharing[0], 'listening');
    sharing[1].bind(sharing[0].address().port, OWN);
    await once(sharing[1], 'listening');
  });

  it('keeps the program alive while it listens, and not when it is not referenced', async () => {
    await onCard();
    const server = await bound(OWN);
    expect(server.getRecvBufferSize()).toBeGreaterThan(0);
    server.unref();
    server.ref();
    server.close();
    await once(server, 'close');
    expect(() => server.address()).toThrow();
  });
});

describe('a connected socket', () => {
  it('sends to its peer and hears nobody else, until it is disconnected', async () => {
    await onCard();
    const [server, stranger] = [await bound(OWN), await bound(OWN)];
    const client = socket();
    client.connect(server.address().port, OWN);
    await once(client, 'connect');
    expect(client.remoteAddress()).toEqual({ address: OWN, family: 'IPv4', port: server.address().port });
    const heard = message(server);
    client.send('to the peer');
    const { sender } = await heard;
    const texts: string[] = [];
    client.on('message', (bytes) => texts.push(String(bytes)));
    stranger.send('from a stranger', sender.port, OWN);
    server.send('from the peer', sender.port, OWN);
    await once(client, 'message');
    expect(texts).toEqual(['from the peer']);
    client.disconnect();
    expect(() => client.remoteAddress()).toThrow();
    stranger.send('from a stranger', sender.port, OWN);
    await once(client, 'message');
    expect(texts).toEqual(['from the peer', 'from a stranger']);
  });

  it('stays on the card when it is disconnected, though it is the last there and no card is installed', async () => {
    await onCard();
    const client = await bound(OWN);
    const { port } = client.address();
    client.connect(port, OWN);
    await once(client, 'connect');
    uninstall();
    client.disconnect();
    const heard = message(client);
    client.send('to itself', port, OWN);
    expect((await heard).text).toBe('to itself');
  });

  it('is told that nobody listens at its peer', async () => {
    await onCard();
    const client = socket();
    client.connect(9, OWN);
    await once(client, 'connect');
    client.send('anybody?');
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
  });
});

describe('what is the kernel’s', () => {
  it('are loopback addresses, and what a rule leaves out', async () => {
    await onCard('not port 4000-65535');
    const before = routes.datagrams.kernel;
    const server = await bound('127.0.0.1');
    const heard = message(server);
    socket().send('by the kernel', server.address().port, '127.0.0.1');
    expect((await heard).text).toBe('by the kernel');
    expect(routes.datagrams.kernel).toBe(before + 1);
    expect(sent()).toBe(0);
  });

  it('leaves nothing behind', async () => {
    const prototype = nativeBindings().Udp?.prototype as object;
    const before = Object.getOwnPropertyDescriptors(prototype);
    await onCard();
    expect(Object.getOwnPropertyDescriptors(prototype)).not.toEqual(before);
    uninstall();
    expect(Object.getOwnPropertyDescriptors(prototype)).toEqual(before);
  });
});

it('ends with the errno of a card that died, for each that sends and hears', async () => {
  const dying = await onCard();
  const server = await bound(OWN);
  const failed = once(server, 'error');
  await dying.close();
  const [error] = (await failed) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ENETDOWN');
});
