/** Fake timers of a test runner, in this process: a card in either placement has Node's own, and goes on. */
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { install, uninstall } from '../../src/node/install.ts';
import { openCard } from '../../src/world/open/card.ts';
import { PLACEMENTS } from '../../src/world/open/placement.ts';

afterEach(() => {
  vi.useRealTimers();
  uninstall();
});

describe.each(PLACEMENTS)('a card of placement %s', (placement) => {
  it('sends again what is lost while all timers and clocks of the program stand still', async () => {
    const stack = { seed: 5 };
    const card = await openCard({
      placement,
      driver: { socketsMax: 64 },
      stack,
      wire: { lossProbability: 0.05 },
    });
    install(card);
    vi.useFakeTimers({
      toFake: ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'Date', 'performance', 'hrtime'],
    });
    const stands = performance.now();
    const server = net.createServer((peer) => peer.pipe(peer)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    await once(client, 'connect');
    const size = 300_000;
    client.write(Buffer.alloc(size, 7));
    let got = 0;
    while (got < size) got += ((await once(client, 'data'))[0] as Buffer).length;
    expect(performance.now()).toBe(stands);
    client.destroy();
    server.close();
    await once(server, 'close');
    expect(card.ledger().iop['tcpRetransSegs']).toBeGreaterThan(0);
    vi.useRealTimers();
    await card.close();
  });
});
