/** TCP at an address that is the card's alone: clients bound to it, with a port and without, and the counts of its listeners. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { installLater, routes, uninstall } from '../../src/node/install.ts';
import { type Card, openCard } from '../../src/world/open/card.ts';

const OWN = '10.0.0.1';
let card: Card;
let server: net.Server;
let before: { connects: number; fromCard: number; fromKernel: number; alone: number; both: number };

beforeEach(async () => {
  card = await openCard({ placement: 'inline', stack: { address: 0x0a000001 } });
  installLater(
    () => card,
    card.addresses,
    {},
    () => true,
  ); // as over a TAP with a gateway
  before = {
    connects: routes.connects.card,
    fromCard: routes.acceptedFromCard,
    fromKernel: routes.acceptedFromKernel,
    alone: routes.cardAlone,
    both: routes.listens.card,
  };
  server = net.createServer((peer) => peer.end(`${peer.remoteAddress} ${peer.remotePort}`));
  server.listen(0, OWN);
  await once(server, 'listening');
});

afterEach(async () => {
  server.close();
  uninstall();
  await card.close();
});

async function ask(options: Partial<net.TcpNetConnectOpts>): Promise<{ text: string; from: string }> {
  const socket = net.connect({ host: OWN, port: (server.address() as AddressInfo).port, ...options });
  let text = '';
  socket.on('data', (bytes) => (text += String(bytes)));
  await once(socket, 'connect');
  const from = `${socket.localAddress} ${socket.localPort}`;
  await once(socket, 'close');
  return { text, from };
}

it.each<[string, Partial<net.TcpNetConnectOpts>]>([
  ['neither named', {}],
  ['its address named', { localAddress: OWN }],
  ['its address and no port', { localAddress: OWN, localPort: 0 }],
  ['its address and a port', { localAddress: OWN, localPort: 45_001 }],
])('a client connects from there: %s', async (_, options) => {
  const { text, from } = await ask(options);
  expect(text).toBe(from);
  expect(from).toMatch(/^10\.0\.0\.1 [1-9]/);
  if (options.localPort) expect(from).toBe(`${OWN} ${options.localPort}`);
  expect(routes.connects.card - before.connects).toBe(1);
});

it('a listener there is counted as the card’s alone, and what it accepts as the card’s', async () => {
  await ask({});
  await ask({});
  expect(routes.cardAlone - before.alone).toBe(1);
  expect(routes.listens.card - before.both).toBe(0);
  expect(routes.acceptedFromCard - before.fromCard).toBe(2);
  expect(routes.acceptedFromKernel - before.fromKernel).toBe(0);
  expect(routes.lines()[1]).toMatch(/^listeners: \d+ on the card alone, \d+ on the card and the kernel, /);
});

it('nobody is bound to another station’s address, although the wire leads there: the kernel says so', async () => {
  const code = async (emitter: net.Server | net.Socket | dgram.Socket): Promise<string> => {
    const [error] = (await once(emitter, 'error')) as [NodeJS.ErrnoException];
    return `${error.syscall} ${error.code}`;
  };
  const { port } = server.address() as AddressInfo;
  const client = net.connect({ host: OWN, port, localAddress: '10.0.0.99' });
  expect(await code(client)).toBe('bind EADDRNOTAVAIL');
  expect(await code(net.createServer().listen(0, '10.0.0.99'))).toBe('listen EADDRNOTAVAIL');
  const datagrams = dgram.createSocket('udp4');
  datagrams.bind(0, '10.0.0.99');
  expect(await code(datagrams)).toBe('bind EADDRNOTAVAIL');
  datagrams.close();
  expect(routes.connects.card - before.connects).toBe(0);
});
