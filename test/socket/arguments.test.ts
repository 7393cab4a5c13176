/** Arguments that plain JavaScript may give the forms that throw: a text where a number or bytes belong. */
import { expect, it } from 'vitest';
import { BlockingSockets } from '../../src/socket/blocking.ts';
import { PromiseSockets } from '../../src/socket/promises.ts';
import { openHostStack } from '../../src/world/open/host-stack.ts';

const HERE = 0x7f000001;
const text = (words: string) => words as unknown as number;
const noBytes = 'hello' as unknown as Uint8Array;

it('refuse in one line what is no address, no port and no bytes', async () => {
  const { stack } = openHostStack({});
  const sockets = new BlockingSockets(stack, 100);
  const address = '"address" expected an IPv4 address as a number, such as 0x7f000001, got "127.0.0.1"';
  const listener = sockets.listen(HERE, 8080);
  const client = sockets.connect(HERE, 8080);
  const datagrams = sockets.datagram(HERE, 0);
  expect(() => sockets.listen(text('127.0.0.1'), 80)).toThrow(address);
  expect(() => sockets.datagram(text('127.0.0.1'), 80)).toThrow(address);
  expect(() => sockets.connect(text('127.0.0.1'), 80)).toThrow(address);
  expect(() => sockets.listen(HERE, text('80'))).toThrow('"port" expected a whole number, got "80"');
  expect(() => sockets.sendTo(datagrams, new Uint8Array(4), text('127.0.0.1'), 80)).toThrow(address);
  const bytes = '"bytes" expected a Uint8Array, got "hello"';
  expect(() => sockets.send(client, noBytes)).toThrow(bytes);
  expect(() => sockets.send(client, new Uint16Array(3) as unknown as Uint8Array)).toThrow(
    '[object Uint16Array]',
  );
  expect(() => sockets.recv(client, undefined as unknown as Uint8Array)).toThrow('got nothing');
  const promised = new PromiseSockets(stack, async () => void stack.wait(1));
  await expect(promised.connect(text('127.0.0.1'), 80)).rejects.toThrow(address);
  await expect(promised.send(client, noBytes)).rejects.toThrow(bytes);
  await expect(promised.recv(client, noBytes)).rejects.toThrow(bytes);
  await expect(promised.recvFrom(datagrams, noBytes, { address: 0, port: 0 })).rejects.toThrow(bytes);
  for (const socket of [client, listener, datagrams]) stack.close(socket);
});
