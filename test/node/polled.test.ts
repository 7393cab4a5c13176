/** A card in the program's thread costs nothing while nothing happens. */
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { install, uninstall } from '../../src/node/install.ts';
import { pause } from '../../src/time/timers.ts';
import { type Card, openCard } from '../../src/world/open/card.ts';

let card: Card;
afterEach(async () => {
  uninstall();
  await card.close();
});

async function connections(count: number): Promise<{ server: net.Server; clients: net.Socket[] }> {
  const server = net.createServer((peer) => peer.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const clients = Array.from({ length: count }, () => net.connect(port, '127.0.0.1'));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  return { server, clients };
}

it('idle connections have no turns of the card', async () => {
  card = await openCard({ placement: 'inline', driver: { socketsMax: 512 } });
  install(card);
  const { server, clients } = await connections(200);
  const polls = (): number => card.ledger().iop['iopPolls'];
  let before = -1;
  // Acknowledgements that were put off, and what timers are still left, come to an end by themselves.
  for (let looks = 0; looks < 100 && polls() !== before; looks++) {
    before = polls();
    await pause(100);
  }
  expect(polls()).toBe(before);
  for (const client of clients) client.destroy();
  server.close();
  await once(server, 'close');
});
