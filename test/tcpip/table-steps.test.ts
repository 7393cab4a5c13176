/**
 * What calls and segments cost among very many, in steps and not in time: places of the tables by port that are
 * looked at, and connections that are looked at by their numbers. Neither may grow with how many there are.
 */
import { describe, expect, it } from 'vitest';
import { ScaleBed, tablesOf } from '../../bench/scale/bed.ts';
import { EADDRINUSE } from '../../src/socket/errno.ts';
import { SO_REUSEADDR } from '../../src/socket/options.ts';
import type { Stack } from '../../src/tcpip/stack/stack.ts';
import type { Tcb } from '../../src/tcpip/tcp/tcb.ts';

const FEW = 16;
const MANY = 1024;
const SERVER = 0x0a00_0001;
const PORT = 80;
/** What a lookup in a table with room may look at, by luck; a walk over many looks at more. */
const LUCK = 64;

function opened(count: number): ScaleBed {
  const config = { timeWaitMax: 4 * MANY };
  const bed = new ScaleBed({ connections: count + 200, active: count + 300, addresses: 2, ports: 1, config });
  bed.openTo(count);
  bed.rest();
  return bed;
}

/** Steps of `action`: places by port, entries of TIME-WAIT, and Tcbs reached by number or by a walk. */
function stepsOf(stack: Stack, action: () => void): number {
  const tcp = tablesOf(stack);
  let steps = 0;
  const watched = (list: Tcb[]) =>
    new Proxy(list, {
      get: (target, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) steps += 1;
        return Reflect.get(target, key);
      },
    });
  const { tcbs, made, timeWait } = tcp;
  const following = timeWait.following.bind(timeWait);
  timeWait.following = (entry) => {
    steps += 1;
    return following(entry);
  };
  Object.assign(tcp, { tcbs: watched(tcbs), made: watched(made) });
  const before = tcp.holders.looks;
  action();
  Object.assign(tcp, { tcbs, made });
  return steps + tcp.holders.looks - before;
}

/** A call, or a segment, among few and among many. */
function expectEven(steps: (count: number) => number): void {
  const [few, many] = [steps(FEW), steps(MANY)];
  expect(few).toBeGreaterThan(0);
  expect(many).toBeLessThan(few + LUCK);
}

function bind(stack: Stack, reuses: number): number {
  const c = stack.tcpOpen(1);
  stack.tcpSetOption(c, SO_REUSEADDR, reuses);
  const errno = stack.tcpBind(c, 0, PORT);
  stack.tcpClose(c, 0);
  return errno;
}

/** Sockets of the client's stack that share one port, none of them connected. @returns their numbers. */
function sharing(bed: ScaleBed, count: number): number[] {
  return Array.from({ length: count }, () => {
    const c = bed.client.tcpOpen(1);
    bed.client.tcpSetOption(c, SO_REUSEADDR, 1);
    expect(bed.client.tcpBind(c, 0, PORT)).toBe(0);
    return c;
  });
}

describe('steps that do not grow with the number of connections', () => {
  it('of a bind to the port of connections that nobody has bound', () =>
    expectEven((count) => {
      const bed = opened(count);
      return stepsOf(bed.server, () => expect(bind(bed.server, 1)).toBe(EADDRINUSE));
    }));

  it('of a bind to a port that very many share, and of giving it up', () =>
    expectEven((count) => {
      const bed = new ScaleBed({ connections: count + 8, active: count + 16, addresses: 1, ports: 1 });
      const [first] = sharing(bed, count) as [number];
      return stepsOf(bed.client, () => {
        expect([bind(bed.client, 1), bind(bed.client, 0)]).toEqual([0, EADDRINUSE]);
        bed.client.tcpClose(first, 0);
      });
    }));

  it('of a connect from such a port', () =>
    expectEven((count) => {
      const bed = new ScaleBed({ connections: count + 8, active: count + 16, addresses: 1, ports: 1 });
      const sockets = sharing(bed, count);
      const nowUs = bed.nowUs;
      return stepsOf(bed.client, () => {
        expect(bed.client.tcpConnect(sockets[3] as number, SERVER, PORT, nowUs)).toBe(0);
      });
    }));

  it('of a bind to a port with very many in TIME-WAIT', () =>
    expectEven((count) => {
      const bed = opened(count);
      for (let i = 0; i < count; i++) bed.server.tcpClose(bed.servers[i] as number, bed.nowUs);
      bed.settle();
      for (let i = 0; i < count; i++) bed.client.tcpClose(bed.clients[i] as number, bed.nowUs);
      bed.settle();
      expect(tablesOf(bed.server).timeWait.count).toBe(count);
      return stepsOf(bed.server, () => {
        expect([bind(bed.server, 0), bind(bed.server, 1)]).toEqual([EADDRINUSE, EADDRINUSE]);
      });
    }));

  it('of a reset in the middle of an accept queue', () =>
    expectEven((count) => {
      const bed = new ScaleBed({ connections: count + 8, active: count + 16, addresses: 2, ports: 1 });
      bed.dial(count);
      const listener = tablesOf(bed.server).holders.listener(PORT, 0);
      expect(bed.server.tcpAcceptable(listener)).toBe(count);
      bed.client.tcpAbort(bed.clients[count >> 1] as number, bed.nowUs);
      const steps = stepsOf(bed.server, () => bed.settle());
      expect(bed.server.tcpAcceptable(listener)).toBe(count - 1);
      return steps;
    }));

  it('of the close of a listener with one half-open connection among very many others', () =>
    expectEven((count) => {
      const bed = opened(count);
      const c = bed.client.tcpOpen(1);
      expect(bed.client.tcpConnect(c, SERVER, PORT, bed.nowUs)).toBe(0);
      bed.client.flush(bed.nowUs);
      bed.wire.deliver(bed.nowUs);
      const listener = tablesOf(bed.server).holders.listener(PORT, 0);
      expect(tablesOf(bed.server).tcbs[listener]?.listening.embryoCount).toBe(1);
      return stepsOf(bed.server, () => bed.server.tcpClose(listener, bed.nowUs));
    }));
});
