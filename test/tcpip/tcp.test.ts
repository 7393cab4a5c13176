import { describe, expect, it } from 'vitest';
import { CLOSE_WAIT, CLOSED, ESTABLISHED, FIN_WAIT_2, TIME_WAIT } from '../../src/tcpip/tcp/state.ts';
import { pattern, World } from './harness.ts';

describe('RFC 9293 §3.5 opening and §3.6 closing', () => {
  it('opens, carries a request and an answer, closes from the client, and leaves nothing behind', () => {
    const world = new World();
    const { a, b } = world;
    const { client, server, listener } = world.connect();
    expect(a.stack.tcpState(client)).toBe(ESTABLISHED);
    expect(b.stack.tcpState(server)).toBe(ESTABLISHED);
    expect(a.sendBytes(client, pattern(100))).toBe(0);
    world.run(1000);
    expect(b.stack.tcpReadable(server)).toBe(100);
    expect(b.takeAll(server)).toEqual(pattern(100));
    expect(b.sendBytes(server, pattern(200, 7))).toBe(0);
    world.run(1000);
    expect(a.takeAll(client)).toEqual(pattern(200, 7));
    expect(a.doneContexts).toEqual([0]);
    expect(a.stack.tcpShutdown(client, 1, world.nowUs)).toBe(0);
    world.run(1000);
    expect(a.stack.tcpState(client)).toBe(FIN_WAIT_2);
    expect(b.stack.tcpState(server)).toBe(CLOSE_WAIT);
    expect(b.stack.tcpEndOfStream(server)).toBe(true);
    b.stack.tcpClose(server, world.nowUs);
    world.run(1000);
    expect(a.stack.tcpState(client)).toBe(TIME_WAIT);
    expect(a.stack.tcpEndOfStream(client)).toBe(true);
    a.stack.tcpClose(client, world.nowUs);
    expect(a.stack.tcpState(client)).toBe(CLOSED);
    b.stack.tcpClose(listener, world.nowUs);
    expect(world.run(61_000_000)).toBe(false);
    a.expectBalanced();
    b.expectBalanced();
    a.expectSlotsHome();
    b.expectSlotsHome();
    expect(a.stack.hasDeadline()).toBe(false);
    expect(a.counter('tcpRetransSegs')).toBe(0);
  });

  for (const [name, options] of [
    ['clean', {}],
    ['with segmentation offload', { segmentBytesMax: 65000 }],
    ['with checksums in software', { checksumOffload: false }],
    ['over a jumbo MTU', { mtu: 65535, slots: 256 }],
    ['over a full port', { portFrames: 2 }],
    ['with loss', { loss: 0.03, delayUs: 1000 }],
    ['with reordering and duplication', { reorder: 0.1, duplicate: 0.1, delayUs: 500 }],
    ['without options', { config: { timestamps: false, windowScaling: false, sack: false }, loss: 0.02 }],
    ['with corruption', { corrupt: 0.02, checksumOffload: false }],
  ] as const) {
    it(`streams 1 MB each way ${name}`, () => {
      const world = new World({ ...options, seed: 5 });
      const { a, b } = world;
      const { client, server } = world.connect();
      const total = 1_000_000;
      const got: Uint8Array[][] = [[], []];
      const sent = [0, 0];
      const ends = [
        [a, client],
        [b, server],
      ] as const;
      world.program = () => {
        ends.forEach(([side, c], i) => {
          while (sent[i] < total && side.pendingContexts.size < 40) {
            const n = Math.min(total - sent[i], 1 + ((sent[i] * 7919) % 40_000));
            expect(side.sendBytes(c, pattern(n, sent[i] + i))).toBe(0);
            sent[i] += n;
          }
          if (side.stack.tcpReadable(c) > 0) got[i].push(side.takeAll(c));
        });
      };
      const size = (i: number) => got[i].reduce((sum, piece) => sum + piece.length, 0);
      expect(world.run(600_000_000, () => size(0) === total && size(1) === total)).toBe(true);
      expect(Buffer.concat(got[1]).equals(pattern(total, 0))).toBe(true);
      expect(Buffer.concat(got[0]).equals(pattern(total, 1))).toBe(true);
      a.stack.tcpClose(client, world.nowUs);
      b.stack.tcpClose(server, world.nowUs);
      world.program = () => {};
      world.run(600_000_000);
      for (const side of [a, b]) {
        side.expectBalanced();
        side.expectSlotsHome();
      }
    });
  }
});
