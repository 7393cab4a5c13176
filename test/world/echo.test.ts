/** Messages of any size go to the echo module and come back whole, however few the frames and buffers. */
import { afterEach, describe, expect, it } from 'vitest';
import { type CardOptions, type Echo, openEcho } from '../../src/world/open/card.ts';

let echo: Echo | undefined;
afterEach(async () => {
  await echo?.close();
  echo = undefined;
});

const patterns = (count: number, size: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => Uint8Array.from({ length: size }, (_byte, at) => (i + at) % 251));

/** One buffer of 64 bytes each way, and as few frames as there can be. */
const TINY: CardOptions = {
  pools: {
    transmitBuffers: 1,
    transmitBufferBytes: 64,
    receiveBuckets: 1,
    receiveBucketBytes: 128,
    inboundFrames: 16,
    outboundFrames: 16,
  },
  driver: { socketsMax: 4 },
};
const FEW: CardOptions = { pools: { transmitBuffers: 5, receiveBuckets: 3 }, driver: { socketsMax: 4 } };

describe.each(['ring', 'fifo'] as const)('over the %s, inline', (transport) => {
  it.each([0, 1, 3, 64, 95, 96, 97, 4096, 16_384, 16_385, 65_536, 65_537, 131_073, 1 << 20])(
    'payloads of %i bytes come back, and are taken',
    async (size) => {
      const payloads = patterns(3, size);
      echo = await openEcho({ placement: 'inline', transport }, undefined, payloads);
      expect(echo.roundTrip(10)).toBe(10);
      expect(echo.stream(100, 64)).toBe(100);
      expect(echo.roundTrip(3)).toBe(3);
      for (const [i, received] of echo.received.entries()) {
        expect(Buffer.compare(received, payloads[i])).toBe(0);
      }
      const { host, iop } = echo.ledger();
      expect([host['bytesSent'], host['bytesReceived']]).toEqual([113 * size, 13 * size]);
      expect([iop['bytesEchoTaken'], iop['bytesEchoAnswered']]).toEqual([113 * size, 13 * size]);
      expect(echo.reconcile().lines).toEqual([]);
    },
  );

  it.each([
    ['one buffer', TINY, 1000],
    ['a few buffers', FEW, 300_000],
    ['no immediate data', { driver: { immediateBytesMax: 0, socketsMax: 4 } }, 5],
  ] as const)('%s is enough for any message, and for many at once', async (_, options, size) => {
    const payloads = patterns(20, size);
    echo = await openEcho({ ...options, placement: 'inline', transport }, undefined, payloads);
    expect(echo.roundTrip(60)).toBe(60);
    expect(echo.stream(60, 64)).toBe(60);
    expect(echo.roundTrip(20)).toBe(20);
    for (const [i, received] of echo.received.entries()) {
      expect(Buffer.compare(received, payloads[i])).toBe(0);
    }
    expect(echo.reconcile().lines).toEqual([]);
  });
});

it('a card in a thread takes and echoes the same', async () => {
  const payloads = patterns(8, 40_000);
  echo = await openEcho({}, undefined, payloads);
  expect(echo.roundTrip(40)).toBe(40);
  expect(echo.stream(200, 64)).toBe(200);
  for (const [i, received] of echo.received.entries()) {
    expect(Buffer.compare(received, payloads[i])).toBe(0);
  }
  expect(echo.reconcile().lines).toEqual([]);
});

it('as many messages are on their way as there are payloads', async () => {
  echo = await openEcho({ placement: 'inline' }, undefined, patterns(16, 64));
  echo.roundTrip(16);
  const before = echo.ledger().iop;
  echo.roundTrip(160);
  const { iop } = echo.ledger();
  // A look of the card's takes all sixteen, and the driver's next look finds their answers.
  expect(iop['inboundReleased'] - before['inboundReleased']).toBe(160);
  expect(iop['iopPolls'] - before['iopPolls']).toBeLessThan(80);
});
