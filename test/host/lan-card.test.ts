/** The host's own stack over a card of network ports, in real time: in a thread of its own, and inline. */
import { afterEach, describe, expect, it } from 'vitest';
import type { HostStack } from '../../src/host/host-stack.ts';
import { READABLE, WRITABLE } from '../../src/socket/contract.ts';
import { EAGAIN } from '../../src/socket/errno.ts';
import { Validator } from '../../src/validate/validator.ts';
import type { TraceRequest } from '../../src/world/build/card-trace.ts';
import { type LanCardOptions, type OpenLanCard, openLanCard } from '../../src/world/open/lan-card.ts';
import { PLACEMENTS } from '../../src/world/open/placement.ts';
import { found } from '../validate/found.ts';

const LOOPBACK = 0x7f000001;
const BYTES = 150_000;
let open: OpenLanCard | undefined;

afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function opened(options: LanCardOptions, trace?: TraceRequest): Promise<OpenLanCard> {
  open = await openLanCard({ driver: { socketsMax: 16 }, ...options }, trace);
  return open;
}

function until(stack: HostStack, done: () => boolean, what: string): void {
  for (let waits = 0; !done(); waits++) {
    if (waits === 2000) throw new Error(`${what} never came`);
    stack.wait(10);
  }
}

/** Sends bytes one way over a connection, compares them, and closes all. */
function transfer(stack: HostStack): void {
  const sent = Uint8Array.from({ length: BYTES }, (_, i) => (i * 7 + (i >> 8)) & 255);
  const room = new Uint8Array(BYTES);
  const listener = stack.socket();
  expect([stack.bind(listener, LOOPBACK, 80), stack.listen(listener, 4)]).toEqual([0, 0]);
  const client = stack.socket();
  stack.connect(client, LOOPBACK, 80);
  until(stack, () => (stack.readiness(listener) & READABLE) !== 0, 'the connection');
  const server = stack.accept(listener);
  until(stack, () => (stack.readiness(client) & WRITABLE) !== 0, 'the handshake');
  let taken = 0;
  let read = 0;
  until(
    stack,
    () => {
      if (taken < BYTES) taken += Math.max(0, stack.send(client, sent, taken, BYTES - taken));
      const got = stack.recv(server, room, read, BYTES - read);
      if (got !== -EAGAIN) read += got;
      return read === BYTES;
    },
    'all bytes',
  );
  expect(Buffer.compare(room, sent)).toBe(0);
  for (const socket of [client, server, listener]) stack.close(socket);
}

describe.each(PLACEMENTS)('a card of network ports, %s', (placement) => {
  it.each(['ring', 'fifo'] as const)(
    'carries a stream over the %s, and its trace breaks no rule',
    async (transport) => {
      const validator = new Validator();
      const card = await opened({ placement, transport }, { sink: validator });
      expect(card.placement).toBe(placement);
      expect(card.iopThreadId > 0).toBe(placement === 'thread');
      transfer(card.stack);
      expect(card.reconcile().lines).toEqual([]);
      const { host, iop } = card.ledger();
      expect(host['lanPacketsSentBytes']).toBeGreaterThan(BYTES);
      expect(iop['lanPlacementsBytes']).toBe(host['lanPacketsTakenBytes']);
      await card.close();
      open = undefined;
      expect(found(validator)).toEqual([]);
      expect(validator.ended).toBe(true);
      expect(validator.frames).toBeGreaterThan(50);
    },
  );
});

it('sends nothing more once the card has ended without a word', async () => {
  const card = await opened({ placement: 'thread' });
  const { driver } = card['built'];
  expect(driver.checkHealth()).toBe(true);
  await card.kill();
  until(card.stack, () => !driver.checkHealth(), 'the end of the card');
  expect(driver.ports.every(({ online }) => !online)).toBe(true);
});

it('refuses what it cannot be, by name', async () => {
  await expect(openLanCard({ placement: 'elsewhere' as never })).rejects.toThrow('"placement" expected');
  await expect(openLanCard({ innerLoop: true })).rejects.toThrow('"innerLoop" is of a card in the program');
});
