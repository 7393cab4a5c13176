/** A card that is killed amid every kind of call gives each socket its errno, and everything back. */
import { expect, it } from 'vitest';
import { HANGUP } from '../../src/socket/contract.ts';
import { ENETDOWN } from '../../src/socket/errno.ts';
import { Random } from '../../src/time/random.ts';
import { openCard } from '../../src/world/open/card.ts';
import { DEATHS, killedStorm } from './killed-storm.ts';

it.each(DEATHS)('a card that dies by %s fails every socket and keeps nothing', (death) => {
  let open = 0;
  for (let seed = 1; seed <= 6; seed++) open += killedStorm(seed, death);
  expect(open).toBeGreaterThan(24);
});

it.each([1, 2, 3])('a card in a thread that is ended amid calls does, too (seed %i)', async (seed) => {
  const random = new Random(seed);
  const card = await openCard({
    pools: { transmitBuffers: 4, transmitBufferBytes: 2048, receiveBuckets: 4, receiveBucketBytes: 2048 },
    driver: { socketsMax: 64 },
  });
  const { stack } = card;
  const bytes = new Uint8Array(30_000);
  const listener = stack.socket();
  expect(stack.bind(listener, 0, 7010) || stack.listen(listener, 8)).toBe(0);
  const sockets = [listener];
  let ended: Promise<void> | undefined;
  for (let call = 0; call < 3000 && card.failed() === 0; call++) {
    const socket = sockets[random.below(sockets.length)];
    if (call === 200 + random.below(50)) ended ??= card.kill();
    if (call > 260) ended ??= card.kill();
    if (sockets.length < 12) {
      const client = stack.socket();
      if (client >= 0) sockets.push(client);
      stack.connect(client, 0x7f000001, 7010);
    }
    const accepted = stack.accept(listener);
    if (accepted >= 0) sockets.push(accepted);
    stack.send(socket, bytes, 0, 1 + random.below(bytes.length));
    if (random.below(2) === 0) stack.recv(socket, bytes, 0, bytes.length);
    stack.wait(0);
  }
  await ended;
  expect(stack.wait(10_000)).toBe(0);
  expect(card.failed()).toBe(ENETDOWN);
  for (const socket of sockets) {
    expect(stack.readiness(socket) & HANGUP).toBe(HANGUP);
    while (stack.recv(socket, bytes, 0, bytes.length) > 0);
    expect(stack.recv(socket, bytes, 0, 1)).toBe(-ENETDOWN);
    expect(stack.send(socket, bytes, 0, 1)).toBe(-ENETDOWN);
    expect(stack.close(socket)).toBe(0);
  }
  expect(stack.socketsInUse).toBe(0);
  expect(card.transmitInUse).toBe(0);
  await card.close();
});
