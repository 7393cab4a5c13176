/** Storms of registry calls, sockets and broken wires on a host with offload devices: `npm run devices`. */
import { describe, expect, it } from 'vitest';
import { LONG } from '../../long.ts';
import { addTally, emptyTally } from './bed.ts';
import { devicesStorm } from './storm.ts';

const SEEDS = LONG ? 60 : 6;

describe('a host with offload devices', () => {
  const sum = emptyTally();

  it.each(Array.from({ length: SEEDS }, (_, i) => i + 1))(
    'loses no connection and no byte in a storm, and answers each call by its name: seed %i',
    (seed) => addTally(sum, devicesStorm(seed)),
    60_000,
  );

  // Seeds that found something: a listener of a dead device, both ends of a connection on one device, a peer's
  // connection to a dead device, a full device.
  it.each([1, 12, 37, 75])(
    'does so with seed %i, which once showed a fault',
    (seed) => addTally(sum, devicesStorm(seed)),
    60_000,
  );

  it('has had enough happen to it', () => {
    const { errnos, ...counts } = sum;
    expect(Object.entries(counts).filter(([, count]) => count === 0)).toEqual([]);
    expect(Object.keys(errnos)).toEqual(expect.arrayContaining(['ECONNREFUSED', 'ECONNRESET', 'ENETDOWN']));
  });

  it('does the same with the same seed', () => {
    expect(devicesStorm(5)).toEqual(devicesStorm(5));
  });
});
