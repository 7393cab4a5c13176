/**
 * A path narrows under a full flight: however few records of what was sent are free, the stream goes on at the
 * rate that it has with any number of them.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LONG } from '../long.ts';
import { icmpErrorAbout } from './frames.ts';
import { connected, pattern, type WorldOptions } from './harness.ts';

/** Writes that wait to be acknowledged at a time. */
const WRITES_OUT = 8;
const ROUND_TRIP_US = 10_000;
const ROUTER = 0x0a0000fe;
const PREFIX = 0x0a000000;
/** More records than the streams have bytes in flight for. */
const AMPLE = 4096;

/** How the stack comes to know of it: its port is told, a route says so, a router answers, or nobody does. */
const WAYS = ['port', 'route', 'router', 'nobody'] as const;

interface Narrowing {
  readonly way: (typeof WAYS)[number];
  readonly mtu: number;
  /** Bytes of each write, and how many there are. */
  readonly writeBytes: number;
  readonly writes: number;
  /** When it narrows. */
  readonly afterUs: number;
  readonly segmentBytesMax: number;
}

/** @returns how long the rest of the stream takes once the path has narrowed, and how often it was stuck. */
function restOf(narrowing: Narrowing, sendElementsMax: number): { us: number; timeouts: number } {
  const { way, mtu, writeBytes, writes, afterUs, segmentBytesMax } = narrowing;
  const options: WorldOptions = {
    delayUs: ROUND_TRIP_US / 2,
    segmentBytesMax,
    config: { sendElementsMax, mtuProbing: 1, receiveBufferBytes: 150_000, retries: 15, baseMss: 512 },
    configB: { receiveBufferBytes: 150_000, sendElementsMax: AMPLE },
  };
  const { world, a, b, client, server } = connected(options);
  const data = pattern(writeBytes * writes);
  const got: Uint8Array[] = [];
  let sent = 0;
  world.program = () => {
    while (sent < data.length && a.pendingContexts.size < WRITES_OUT) {
      expect(a.sendBytes(client, data.subarray(sent, sent + writeBytes))).toBe(0);
      sent += writeBytes;
    }
    const bytes = b.takeAll(server);
    if (bytes.length > 0) got.push(bytes);
  };
  world.run(afterUs);
  let isKnown = way === 'nobody';
  world.filter = (segment, bytes, from) => {
    if (bytes.length <= mtu + 14 || from === b) return true;
    if (way === 'router' && segment !== undefined) world.inject(a, icmpErrorAbout(bytes, ROUTER, 3, 4, mtu));
    return false;
  };
  // The flight as it is now comes to nothing; then who knows says so.
  world.run(12_000);
  if (way === 'port') isKnown = a.stack.ways.setMtu(0, mtu, world.nowUs) === 0;
  else if (way === 'route') {
    const route = { destination: PREFIX, prefixLength: 24, via: 0, port: 0, mtu };
    isKnown = a.stack.ways.addRoute(route, world.nowUs) === 0;
  } else isKnown = true;
  expect(isKnown).toBe(true);
  const since = world.timeUs;
  const timeouts = a.counter('tcpTimeouts');
  const total = () => got.reduce((sum, { length }) => sum + length, 0);
  expect(world.run(600_000_000, () => total() === data.length)).toBe(true);
  expect(Buffer.concat(got).equals(data)).toBe(true);
  return { us: world.timeUs - since, timeouts: a.counter('tcpTimeouts') - timeouts };
}

it('recovers at the rate of the path, whatever tells of it, and however few records are free', () => {
  const narrowing = fc.record({
    way: fc.constantFrom(...WAYS),
    mtu: fc.integer({ min: 552, max: 1400 }),
    writeBytes: fc.constant(20_000),
    writes: fc.constant(20),
    afterUs: fc.integer({ min: 25_000, max: 45_000 }),
    segmentBytesMax: fc.constantFrom(0, 20_000, 65_000),
  });
  fc.assert(
    fc.property(narrowing, fc.integer({ min: WRITES_OUT, max: 64 }), (drawn, few) => {
      const ample = restOf(drawn, AMPLE);
      const short = restOf(drawn, few);
      // A record that stands for several segments may tell of a loss a round trip or two later.
      expect(short.us).toBeLessThanOrEqual(ample.us + 6 * ROUND_TRIP_US);
      expect(short.timeouts).toBeLessThanOrEqual(ample.timeouts);
    }),
    { numRuns: LONG ? 48 : 8 },
  );
});
