/** Datagrams of all lengths over the card that `inic run` opens: whole, up to the longest that UDP has. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { uninstall } from '../../src/node/install.ts';
import { register } from '../../src/node/start.ts';
import type { Card } from '../../src/world/open/card.ts';
import { pattern } from '../tcpip/harness.ts';

const OWN = '10.0.0.1';
const LONGEST = 65_507;
let card: Card;
const echo = dgram.createSocket('udp4');
const asker = dgram.createSocket('udp4');

beforeAll(async () => {
  card = (await register({}, undefined, { placement: 'inline' }))!;
  echo.on('message', (bytes, { address, port }) => echo.send(bytes, port, address));
  for (const socket of [echo, asker]) {
    socket.bind(0, OWN);
    await once(socket, 'listening');
  }
});

afterAll(async () => {
  echo.close();
  asker.close();
  uninstall();
  await card.close();
});

// The default buckets of a card hold 16,376 bytes of a datagram; those of a program's are not to cut any.
it.each([0, 16_376, 16_377, 32_768, LONGEST - 1, LONGEST])('comes back whole: %d bytes', async (length) => {
  const sent = pattern(length);
  const answer = once(asker, 'message');
  asker.send(sent, echo.address().port, OWN);
  const [came] = (await answer) as [Buffer];
  expect(came.length).toBe(length);
  expect(Buffer.compare(came, sent)).toBe(0);
});

it('is refused where it is longer, as by the kernel', async () => {
  const refused = new Promise((resolve) => {
    asker.send(pattern(LONGEST + 1), echo.address().port, OWN, resolve);
  });
  expect(await refused).toMatchObject({ code: 'EMSGSIZE' });
});
