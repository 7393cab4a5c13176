import { describe, expect, it } from 'vitest';
import { Path, type Place } from '../../src/explain/path.ts';
import { trips } from '../rules/trips.ts';

const HOST: Place = { who: 'host', where: 'left' };
const WIRE: Place = { who: 'wire', where: 'link' };

describe('a path', () => {
  it('goes on from where it is, in whole nanoseconds', () => {
    const path = new Path(1000.4, 1100.6);
    path.work(HOST, 'send call', 1010.7);
    path.wait(WIRE, 'the link', 1020);
    path.work(WIRE, 'frame', 1020);
    path.work(WIRE, 'frame', 2000);
    const times = path.finish(HOST, 'program').map(({ fromNs, toNs }) => [fromNs, toNs]);
    expect(times).toEqual([
      [0, 10],
      [10, 20],
      [20, 100],
    ]);
    expect(path.astray).toBe(0);
  });

  it('joins what follows itself', () => {
    const path = new Path(0, 30);
    path.work(HOST, 'send call', 10);
    path.work(HOST, 'send call', 20);
    path.wait(HOST, 'send call', 30);
    expect(path.finish(HOST, 'program')).toHaveLength(2);
  });

  it('counts what it cannot place, but not what has begun beside it', () => {
    const path = new Path(0, 30);
    path.work(HOST, 'send call', 20);
    path.work(WIRE, 'frame', 10);
    path.work(WIRE, 'frame', Number.NaN);
    expect(path.astray).toBe(2);
    path.joining = true;
    path.work(WIRE, 'frame', 10);
    expect(path.astray).toBe(2);
  });

  trips('path: its spans are as long as the operation', () => new Path(20, 10).finish(HOST, 'program'));
});
