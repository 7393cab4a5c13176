/** Windows grow on cards of more sockets than there is room for the first windows of. */
import { describe, expect, it } from 'vitest';
import { EAGAIN } from '../../src/socket/errno.ts';
import { cardConfig } from '../../src/world/config/card-config.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { startCheck } from '../../src/world/config/start-check.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const ADDRESS = 0x0a000001;
const PORT = 7;
const GROWTH_BYTES = 4 << 20;
/** As many first windows of three blocks as 262,144 blocks have room for. */
const SOCKETS_WITH_ROOM = 87_381;

const sized = (socketsMax: number, pools: CardOverrides['pools'] = {}): VirtualWorld =>
  new VirtualWorld({ cards: [{ mtu: 1500, pools, driver: { socketsMax } }] });

describe('a card of very many sockets', () => {
  it.each([SOCKETS_WITH_ROOM, SOCKETS_WITH_ROOM + 683, 300_000])(
    'has 4 MiB that windows may grow by, of %i sockets',
    (sockets) => {
      const { host } = sized(sockets).cards[0];
      const budget = host.sockets['table']['windows'];
      expect(budget.free).toBeGreaterThanOrEqual(GROWTH_BYTES - 2048);
      expect(budget.free).toBeLessThanOrEqual(GROWTH_BYTES);
    },
  );

  it('has a store that is larger by these only, and says so where first windows do not fit', () => {
    const fits = cardConfig({ driver: { socketsMax: SOCKETS_WITH_ROOM } });
    const many = cardConfig({ driver: { socketsMax: SOCKETS_WITH_ROOM + 683 } });
    expect(fits.pools.storeBlocks).toBe(3 * SOCKETS_WITH_ROOM + 2048);
    expect(many.pools.storeBlocks).toBe(262_144 + 2048);
    expect(startCheck(fits)).toEqual([]);
    expect(startCheck(cardConfig({ driver: { socketsMax: 100_000 } }))).toMatchObject([
      {
        key: 'driver.socketsMax',
        text: expect.stringContaining('set "pools.storeBlocks" to 300000 or more'),
      },
    ]);
  });

  it('has as many blocks as it is told to set, and windows that may grow', () => {
    const { host } = sized(100_000, { storeBlocks: 300_000 }).cards[0];
    expect(host.sockets['table']['windows'].free).toBe(GROWTH_BYTES);
  });

  it('has none to grow by where a smaller store was asked for', () => {
    const { host } = sized(100_000, { storeBlocks: 65_536 }).cards[0];
    expect(host.sockets['table']['windows'].free).toBe(0);
  });

  it('widens the window of a stream that is read', () => {
    const world = sized(100_000);
    const [card] = world.cards;
    const { sockets } = card.host;
    const listener = sockets.socket();
    expect(sockets.bind(listener, 0, PORT) || sockets.listen(listener, 4)).toBe(0);
    const client = sockets.socket();
    sockets.connect(client, ADDRESS, PORT);
    const chunk = new Uint8Array(16_384);
    let server = -EAGAIN;
    let read = 0;
    card.start({
      step: () => {
        if (server < 0) server = sockets.accept(listener);
        sockets.send(client, chunk, 0, chunk.length);
        const got = server < 0 ? 0 : sockets.recv(server, chunk, 0, chunk.length);
        if (got > 0) read += got;
        return got > 0 ? 1 : 0;
      },
    });
    world.run(() => read > 1 << 18, 1e9);
    expect(read).toBeGreaterThan(1 << 18);
    expect(sockets['table'].open(server)?.receiveWindowBytes).toBeGreaterThan(16_384);
  });
});
