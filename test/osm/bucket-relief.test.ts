/** Buckets come back from sockets that rest, at a cost that does not grow with the number of sockets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BucketRelief } from '../../src/osm/kernel/bucket-relief.ts';
import { HostSocket } from '../../src/osm/memory/host-socket.ts';
import type { ReceivePool } from '../../src/osm/memory/receive-pool.ts';
import { SocketSet } from '../../src/osm/memory/socket-set.ts';
import type { SocketTable } from '../../src/osm/memory/socket-table.ts';
import { trips } from '../rules/trips.ts';

describe('a set of socket ids', () => {
  it.each([1, 32, 33, 1025, 40_000])('of %i finds the next from any id on', (count) => {
    const id = fc.integer({ min: 0, max: count - 1 });
    fc.assert(
      fc.property(fc.array(fc.tuple(id, fc.boolean()), { maxLength: 60 }), fc.array(id), (steps, asked) => {
        const set = new SocketSet(count);
        const expected = new Set<number>();
        for (const [socketId, joins] of steps) {
          if (joins) set.add(socketId);
          else set.remove(socketId);
          if (joins) expected.add(socketId);
          else expected.delete(socketId);
        }
        const sorted = [...expected].sort((one, other) => one - other);
        for (const from of [0, count - 1, ...asked, ...sorted.map((at) => at + 1)]) {
          expect(set.next(from)).toBe(sorted.find((at) => at >= from) ?? -1);
        }
      }),
      { numRuns: 50 },
    );
  });
  trips('socket set: who joins has an id that there is', () => new SocketSet(4).add(4));
  trips('socket set: who leaves has an id that there is', () => new SocketSet(4).remove(-1));
  trips('socket set: what is looked for begins at an id', () => new SocketSet(4).next(-1));
  trips('socket set: there is an id that may join', () => new SocketSet(0));
  trips('socket set: below a bit that is set there is one', () => {
    const set = new SocketSet(40);
    set.add(35);
    set['levels'][0].fill(0);
    set.next(0);
  });
});

/** Sockets of which some have a bucket each, and a pool that is short of them and has room to move nothing. */
function resting(count: number, holders: readonly number[]) {
  const sockets = Array.from({ length: count }, (_, socketId) => new HostSocket(socketId));
  const unread = new SocketSet(count);
  for (const [bucket, socketId] of holders.entries()) {
    sockets[socketId].receiveHead = bucket;
    sockets[socketId].receiveTail = bucket;
    // A datagram that rests behind one in the store stays where it is.
    sockets[socketId].datagram = 1;
    unread.add(socketId);
  }
  const pool = {
    count: 1000,
    spare: 0,
    isShort: true,
    blocksFree: 1,
    blockBytes: 0,
    length: new Int32Array(1000).fill(9),
    firstBucket: (socket: HostSocket) => socket.receiveHead,
  };
  const relief = new BucketRelief(
    { sockets, unread } as unknown as SocketTable,
    pool as unknown as ReceivePool,
    undefined as never,
  );
  return { relief, pool, sockets, unread };
}

describe('bucket relief', () => {
  it.each([0, 1, 7])('with %i sockets that have unread data looks at them alone, of however many', (few) => {
    for (const count of [100, 100_000]) {
      const { relief } = resting(
        count,
        Array.from({ length: few }, (_, i) => i * 13),
      );
      relief.run();
      // Each in both rounds, and once to see that no more come.
      expect(relief.looks).toBeLessThanOrEqual(2 * few + 1);
    }
  });

  trips('bucket relief: who may have unread data is a socket', () => {
    const { relief, unread } = resting(40, []);
    unread['levels'][0][1] = 1 << 20;
    unread['levels'][1][0] = 2;
    relief.run();
  });

  it('comes to every socket, run by run, while some buckets are left', () => {
    const { relief, pool } = resting(1000, [3, 600, 999]);
    pool.spare = 500;
    const looked = new Set<number>();
    const { firstBucket } = pool;
    pool.firstBucket = (socket) => {
      looked.add(socket.receiveHead);
      return firstBucket(socket);
    };
    for (let run = 0; run < 4; run++) relief.run();
    expect([...looked].sort()).toEqual([0, 1, 2]);
    expect(relief.looks).toBeLessThanOrEqual(4 + 4);
  });

  it('looks no more at a socket whose data has been read', () => {
    const { relief, sockets, unread } = resting(1000, [5, 6]);
    sockets[5].receiveHead = -1;
    relief.run();
    expect([unread.next(0), unread.next(7)]).toEqual([6, -1]);
  });
});
