/** An HTTP/2 session over the card reaches the TCP socket beneath it, as one over the kernel does. */
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { nativeBindings } from '../../src/node/bindings.ts';
import { type Channel, kChannel, type MaybeOnCard } from '../../src/node/channel.ts';
import { install, uninstall } from '../../src/node/install.ts';
import { TCP_NODELAY } from '../../src/socket/options.ts';
import { openMemoryCard } from './memory-stack.ts';

const channelOf = (socket: net.Socket) =>
  (socket as unknown as { _handle: MaybeOnCard })._handle[kChannel] as Channel;
const isNoDelay = (socket: net.Socket) => {
  const { pump, socket: id } = channelOf(socket);
  return pump.stack.getOption(id, TCP_NODELAY) === 1;
};

afterEach(() => {
  uninstall();
});

describe('an HTTP/2 session over the card', () => {
  // First in this file: later tests leave sockets behind that keep the methods in a little longer.
  it('leaves one over another stream as it is, and takes its methods out again', async () => {
    const prototype = nativeBindings().JSStream.prototype;
    const before = Object.getOwnPropertyNames(prototype);
    install(openMemoryCard());
    const session = http2.connect('http://nowhere', { createConnection: () => new PassThrough() });
    session.on('error', () => {});
    session.unref();
    expect(session.socket.remoteAddress).toBeUndefined();
    session.destroy();
    await once(session, 'close');
    uninstall();
    expect(Object.getOwnPropertyNames(prototype)).toEqual(before);
  });

  it('turns Nagle off on both ends, knows its addresses, and lets go of the loop', async () => {
    install(openMemoryCard());
    const server = http2.createServer();
    const raw: net.Socket[] = [];
    server.on('connection', (socket: net.Socket) => raw.push(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = (server.address() as net.AddressInfo).port;
    const socket = net.connect(port, '127.0.0.1');
    const accepted = once(server, 'session');
    const session = http2.connect(`http://127.0.0.1:${port}`, { createConnection: () => socket });
    await once(session, 'connect');
    const [peer] = (await accepted) as [http2.ServerHttp2Session];
    expect([socket, raw[0]].map(isNoDelay)).toEqual([true, true]);
    expect(session.socket.remotePort).toBe(port);
    expect(peer.socket.remotePort).toBe(socket.localPort);
    session.unref();
    expect(channelOf(socket).referenced).toBe(false);
    session.ref();
    expect(channelOf(socket).referenced).toBe(true);
    session.close();
    server.close();
    await once(server, 'close');
  });
});
