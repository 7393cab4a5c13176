/** Which way a listener and a connection go, beside the kernel's stack, and what is counted of it. */
import { once } from 'node:events';
import net from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NOT_AN_ADDRESS, parseGroups, parseIPv4, parseIPv6 } from '../../src/node/addresses.ts';
import { nativeBindings } from '../../src/node/bindings.ts';
import { kChannel, type MaybeOnCard } from '../../src/node/channel.ts';
import { install, routes, uninstall } from '../../src/node/install.ts';
import { Tally } from '../../src/node/routes.ts';
import { ENOBUFS } from '../../src/socket/errno.ts';
import { SO_ERROR } from '../../src/socket/options.ts';
import { type MemoryCardOptions, openMemoryCard } from './memory-stack.ts';

interface WithHandle {
  readonly _handle: MaybeOnCard | null;
}

const isOnCard = (socket: net.Socket) => (socket as unknown as WithHandle)._handle?.[kChannel] !== undefined;
const portOf = (server: net.Server) => (server.address() as net.AddressInfo).port;

async function listen(server: net.Server, options: net.ListenOptions = {}): Promise<net.Server> {
  server.listen({ port: 0, host: '127.0.0.1', ...options });
  await once(server, 'listening');
  return server;
}

async function connect(options: net.TcpNetConnectOpts): Promise<net.Socket> {
  const socket = net.connect(options);
  await once(socket, 'connect');
  return socket;
}

/** What has been counted since, as the ledger's lines. */
let base: Tally[];
function begin(options: MemoryCardOptions = {}, offload = 'all'): void {
  install(openMemoryCard(options), { offload });
}

beforeEach(() => {
  base = [copyOf(routes.connects), copyOf(routes.listens)];
});
afterEach(() => uninstall());

function copyOf(tally: Tally): Tally {
  const copy = new Tally();
  copy.card = tally.card;
  for (const [reason, count] of tally.byReason()) for (let i = 0; i < count; i++) copy.toKernel(reason);
  return copy;
}

/** How often since `begin`, by way and reason. */
function since(tally: Tally, before: Tally): Record<string, number> {
  const counts: Record<string, number> = {};
  if (tally.card !== before.card) counts['card'] = tally.card - before.card;
  const old = new Map(before.byReason());
  for (const [reason, count] of tally.byReason()) {
    const more = count - (old.get(reason) ?? 0);
    if (more > 0) counts[reason] = more;
  }
  return counts;
}

const connects = () => since(routes.connects, base[0]);
const listens = () => since(routes.listens, base[1]);

describe('a connection goes where a listener is', () => {
  it('to the card for its own, else to the kernel', async () => {
    const before = await listen(net.createServer((peer) => peer.end()));
    begin();
    const server = await listen(net.createServer((peer) => peer.end()));
    const [own, other] = [
      await connect({ port: portOf(server), host: '127.0.0.1' }),
      await connect({ port: portOf(before), host: '127.0.0.1' }),
    ];
    expect([own, other].map(isOnCard)).toEqual([true, false]);
    expect(connects()).toEqual({ card: 1, 'no listener on the card': 1 });
    expect(listens()).toEqual({ card: 1 });
    for (const socket of [own, other]) socket.destroy();
    for (const each of [before, server]) each.close();
  });

  it('to the kernel by the rule, and the listener on the card hears it there', async () => {
    begin({}, 'host 127.0.0.1');
    const server = await listen(
      net.createServer((peer) => peer.end('heard')),
      { host: '0.0.0.0' },
    );
    const accepted = routes.acceptedFromKernel;
    const socket = await connect({ port: portOf(server), host: '127.0.0.2' });
    expect(String((await once(socket, 'data'))[0])).toBe('heard');
    expect(isOnCard(socket)).toBe(false);
    expect(connects()).toEqual({ 'not offloaded by the rule': 1 });
    expect(routes.acceptedFromKernel - accepted).toBe(1);
    server.close();
  });

  it('to the kernel from an address that is not the card’s', async () => {
    begin();
    const server = await listen(net.createServer((peer) => peer.end(String(peer.remoteAddress))));
    const options = { port: portOf(server), host: '127.0.0.1', localAddress: '127.6.0.1' };
    const socket = await connect(options);
    expect(String((await once(socket, 'data'))[0])).toBe('127.6.0.1');
    expect(connects()).toEqual({ "bound to what is the kernel's": 1 });
    server.close();
  });

  it('to the kernel when the card has no room for it and its other end', async () => {
    begin({ sockets: 8 });
    const peers: net.Socket[] = [];
    const server = await listen(net.createServer((peer) => peers.push(peer)));
    const all = [...Array(10)].map(() => connect({ port: portOf(server), host: '127.0.0.1' }));
    const sockets = await Promise.all(all);
    while (peers.length < 10) await once(server, 'connection');
    expect(sockets.filter(isOnCard)).toHaveLength(3); // of 8, one listens, and each connection takes two
    expect(connects()).toEqual({ card: 3, 'no room on the card': 7 });
    const listener = await listen(net.createServer());
    expect(listens()).toEqual({ card: 2 });
    const last = await listen(net.createServer());
    expect(listens()).toEqual({ card: 2, 'no room on the card': 1 });
    for (const socket of [...sockets, ...peers]) socket.destroy();
    for (const each of [server, listener, last]) each.close();
  });

  it('to the kernel when the card finds only later that it has no room', async () => {
    const card = openMemoryCard();
    const { stack } = card.node;
    const { getOption } = stack;
    stack.getOption = (socket, option) =>
      option === SO_ERROR ? ENOBUFS : getOption.call(stack, socket, option);
    install(card);
    // This card connects all the same, and its other end is reset.
    const server = await listen(net.createServer((peer) => peer.on('error', () => {}).end('heard')));
    const socket = net.connect({ port: portOf(server), host: '127.0.0.1' });
    expect(String((await once(socket, 'data'))[0])).toBe('heard');
    expect(isOnCard(socket)).toBe(false);
    expect(connects()).toEqual({ 'no room on the card': 1 });
    server.close();
  });

  it('keeps the port a client was bound to, wherever it goes', async () => {
    const kernel = await listen(net.createServer((peer) => peer.end(String(peer.remotePort))));
    begin();
    const card = await listen(net.createServer((peer) => peer.end(String(peer.remotePort))));
    const probe = await listen(net.createServer());
    const localPort = portOf(probe);
    probe.close();
    await once(probe, 'close');
    for (const server of [kernel, card]) {
      const socket = await connect({ port: portOf(server), host: '127.0.0.1', localPort });
      expect(String((await once(socket, 'data'))[0])).toBe(String(localPort));
      socket.destroy();
      server.close();
    }
    expect(connects()).toEqual({ card: 1, 'no listener on the card': 1 });
  });

  it('refuses a port that a client on the card has, as Linux does, and counts it', async () => {
    begin();
    const server = await listen(net.createServer());
    const socket = await connect({ port: portOf(server), host: '127.0.0.1' });
    const refused = routes.refusedPorts;
    const second = net.createServer().listen(socket.localPort, '127.0.0.1');
    expect(((await once(second, 'error'))[0] as NodeJS.ErrnoException).code).toBe('EADDRINUSE');
    expect(routes.refusedPorts - refused).toBe(1);
    socket.destroy();
    server.close();
  });
});

describe('the ledger’s lines', () => {
  it('say both ways, and why', () => {
    const tally = new Tally();
    tally.card = 2;
    for (const reason of ['a', 'b', 'b']) tally.toKernel(reason);
    expect(tally.text('here', 'there')).toBe('2 here, 3 there (1: a; 2: b)');
    expect(new Tally().text('here', 'there')).toBe('0 here, 0 there');
  });
});

/** Any text of IPv6's alphabet, right or wrong, and every spelling of an address. */
const spelling = fc
  .tuple(
    fc.array(fc.oneof(fc.constant(0), fc.constant(0), fc.constant(0xffff), fc.nat(65535)), {
      minLength: 8,
      maxLength: 8,
    }),
    fc.nat(8),
    fc.nat(8),
    fc.boolean(),
    fc.constantFrom('', '%lo', '%1'),
  )
  .map(([groups, from, count, dotted, zone]) => {
    const texts = groups.map((group, i) =>
      i % 3 === 1 ? group.toString(16).padStart(4, '0') : group.toString(16),
    );
    if (dotted) {
      const [g6, g7] = groups.slice(6);
      texts.splice(6, 2, [g6 >> 8, g6 & 255, g7 >> 8, g7 & 255].join('.'));
    }
    const head = texts.slice(0, from).join(':');
    const tail = texts.slice(from + count).join(':');
    return (count === 0 ? texts.join(':') : `${head}::${tail}`) + zone;
  });
const garbage = fc
  .array(fc.constantFrom('0', '1', 'f', 'ffff', ':', '::', '.', '7f', '127', '0.0.1', '12345', 'g'), {
    maxLength: 12,
  })
  .map((parts) => parts.join(''));

describe('an IPv6 address', () => {
  it('is one to us where it is one to Node', () => {
    fc.assert(
      fc.property(fc.oneof(spelling, garbage), (text) => {
        fc.pre(text.indexOf('%') <= 39); // what libuv reads of one with a zone; Node looks at it first
        expect(parseGroups(text) !== undefined, text).toBe(net.isIPv6(text));
        expect(parseIPv6(text) !== NOT_AN_ADDRESS, text).toBe(net.isIPv6(text));
        expect(parseIPv4(text) !== NOT_AN_ADDRESS, text).toBe(net.isIPv4(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('is the same address to us as to Node, however it is written', () => {
    fc.assert(
      fc.property(spelling, (text) => {
        fc.pre(net.isIPv6(text) && !text.includes('%'));
        const { address } = new net.SocketAddress({ address: text, family: 'ipv6' });
        expect(parseGroups(text), text).toEqual(parseGroups(address));
        expect(parseIPv6(text), text).toBe(parseIPv6(address));
      }),
      { numRuns: 2000 },
    );
  });

  it('with a zone is read as far as libuv reads it', async () => {
    const { TCP, serverType, socketType, ConnectWrap } = nativeBindings();
    const server = new TCP(serverType);
    server.bind('0.0.0.0', 0);
    server.listen(1);
    const at: { port?: number } = {};
    server.getsockname(at);
    const text = '0000:0000:0000:0000:0000:ffff:127.0.0.10%lo';
    const client = new TCP(socketType);
    const request = new ConnectWrap();
    const done = new Promise((resolve) => {
      request.oncomplete = resolve;
    });
    client.connect6(request, text, at.port ?? 0);
    await done;
    const peer: { address?: string } = {};
    client.getpeername(peer);
    expect(parseIPv6(peer.address ?? '')).toBe(parseIPv6(text));
    client.close();
    server.close();
  });
});
