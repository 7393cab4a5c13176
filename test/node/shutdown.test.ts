/** What a handle tells of a shutdown, as Node's native handles do. */
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { nativeBindings } from '../../src/node/bindings.ts';
import { install, uninstall } from '../../src/node/install.ts';
import { openMemoryCard } from './memory-stack.ts';

afterEach(() => {
  uninstall();
});

it('a shutdown is told of with its status, its handle, and no error', async () => {
  install(openMemoryCard());
  const server = net.createServer((socket) => socket.resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { TCP, ConnectWrap, ShutdownWrap, socketType } = nativeBindings();
  const handle = new TCP(socketType);
  const connecting = new ConnectWrap();
  const connected = new Promise((resolve) => {
    connecting.oncomplete = resolve;
  });
  expect(handle.connect(connecting, '127.0.0.1', (server.address() as net.AddressInfo).port)).toBe(0);
  expect(await connected).toBe(0);
  const shutting = new ShutdownWrap();
  const told = new Promise<unknown[]>((resolve) => {
    shutting.oncomplete = (...values) => resolve(values);
  });
  expect(handle.shutdown(shutting)).toBe(0);
  const [status, of, error, ...others] = await told;
  expect([status, of === handle, error, others]).toEqual([0, true, undefined, []]);
  handle.close();
  server.close();
});
