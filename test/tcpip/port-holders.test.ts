/** Who hold local ports: exact whatever the size of the table, and answered without a walk over them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EADDRINUSE } from '../../src/socket/errno.ts';
import { SO_REUSEADDR } from '../../src/socket/options.ts';
import { PortHolders } from '../../src/tcpip/tcp/port-holders.ts';
import { Host, run } from './bed.ts';

interface Holder {
  readonly port: number;
  readonly address: number;
  readonly exclusive: number;
}

const ADDRESSES = [0, 1, 2, 0x7f00_0001, -1];
const overlaps = (one: number, other: number) => one === other || one === 0 || other === 0;

/** The same questions, answered by a walk over all holders. */
function counted(all: readonly Holder[], port: number, address: number): [number, number] {
  const of = all.filter((holder) => holder.port === port && overlaps(holder.address, address));
  return [of.length, of.filter(({ exclusive }) => exclusive === 1).length];
}

function holdersOf(all: readonly Holder[], most: number): PortHolders {
  const table = new PortHolders(most);
  for (const { port, address, exclusive } of all) table.add(port, address, exclusive);
  return table;
}

/** In whatever order they came, and from whatever they were left of, who hold ports are the same. */
function expectLike(table: PortHolders, all: readonly Holder[], most: number): void {
  const again = holdersOf([...all].reverse(), most);
  expect([table.isLike(again), again.isLike(table)]).toEqual([true, true]);
  const [first, ...others] = all;
  if (first === undefined) return;
  for (const other of [
    { ...first, address: first.address ^ 4 },
    { ...first, exclusive: 1 - first.exclusive },
  ]) {
    expect(table.isLike(holdersOf([other, ...others], most))).toBe(false);
  }
}

describe('the holders of ports', () => {
  it.each([3, 40, 400, 5000])('are counted exactly, whatever comes and goes, in a table for %i', (most) => {
    const holder = fc.record({
      port: fc.integer({ min: 65_530, max: 65_535 }).map((port) => port - 16 * (port & 3)),
      address: fc.constantFrom(...ADDRESSES),
      exclusive: fc.integer({ min: 0, max: 1 }),
    });
    const steps = fc.array(fc.tuple(holder, fc.boolean(), fc.nat()), { maxLength: 120 });
    fc.assert(
      fc.property(steps, (list) => {
        const table = new PortHolders(most);
        const all: Holder[] = [];
        for (const [next, comes, which] of list) {
          if (comes && all.length < most) {
            table.add(next.port, next.address, next.exclusive);
            all.push(next);
          } else if (all.length > 0) {
            const [gone] = all.splice(which % all.length, 1) as [Holder];
            table.remove(gone.port, gone.address, gone.exclusive);
          }
          for (const address of ADDRESSES) {
            expect([table.holders(next.port, address), table.exclusive(next.port, address)]).toEqual(
              counted(all, next.port, address),
            );
          }
        }
        expect(table.total()).toBe(all.length);
        expectLike(table, all, most);
      }),
      { numRuns: 60 },
    );
  });

  it('keep their listeners and sockets when others come and go beside them', () => {
    const table = new PortHolders(3000);
    for (let port = 1; port <= 1000; port++) {
      table.add(port, 9, 1);
      table.setListener(port, 9, port + 7);
      table.bind(port, 1);
      table.add(port, port, 0);
    }
    for (let port = 1; port <= 1000; port++) table.remove(port, port, 0);
    for (let port = 1; port <= 1000; port++) {
      expect([table.listener(port, 9), table.listener(port, 0), table.isBound(port)]).toEqual([
        port + 7,
        -1,
        true,
      ]);
    }
  });
});

describe('a bind', () => {
  /** A host whose port 80 is a connection's, as it came from a listener that has gone since. */
  function afterListener(reuses: boolean) {
    const host = new Host();
    const listener = host.stack.tcpOpen(50);
    if (reuses) host.stack.tcpSetOption(listener, SO_REUSEADDR, 1);
    expect(host.stack.tcpBind(listener, 0, 80)).toBe(0);
    expect(host.stack.tcpListen(listener, 4)).toBe(0);
    const client = host.connect(0x7f00_0001, 80, 1);
    run([host]);
    const server = host.stack.tcpAccept(listener, 51);
    expect(server).toBeGreaterThanOrEqual(0);
    host.stack.tcpClose(listener, host.nowUs);
    return { host, client, server };
  }
  const bindTo = (host: Host, address: number, reuses: boolean) => {
    const c = host.stack.tcpOpen(60);
    host.stack.tcpSetOption(c, SO_REUSEADDR, reuses ? 1 : 0);
    const errno = host.stack.tcpBind(c, address, 80);
    host.stack.tcpClose(c, host.nowUs);
    return errno;
  };

  it.each([
    [false, false, EADDRINUSE],
    [false, true, EADDRINUSE],
    [true, false, EADDRINUSE],
    [true, true, 0],
  ])(
    "shares the port of a connection that nobody has bound: its listener's %s, own %s",
    (its, own, errno) => {
      const { host } = afterListener(its);
      expect([0, 0x7f00_0001].map((address) => bindTo(host, address, own))).toEqual([errno, errno]);
      expect(bindTo(host, 0x7f00_0002, own)).toBe(0);
    },
  );

  it('sees SO_REUSEADDR as it is now, of a connection too', () => {
    const { host, server } = afterListener(false);
    host.stack.tcpSetOption(server, SO_REUSEADDR, 1);
    expect(bindTo(host, 0, true)).toBe(0);
    host.stack.tcpSetOption(server, SO_REUSEADDR, 0);
    expect(bindTo(host, 0, true)).toBe(EADDRINUSE);
  });

  it('finds the port of a listener taken, whatever that asks for as it listens', () => {
    const host = new Host();
    const listener = host.stack.tcpOpen(50);
    expect(host.stack.tcpBind(listener, 0, 80)).toBe(0);
    expect(host.stack.tcpListen(listener, 4)).toBe(0);
    for (const value of [1, 0, 1]) {
      host.stack.tcpSetOption(listener, SO_REUSEADDR, value);
      expect(bindTo(host, 0, true)).toBe(EADDRINUSE);
    }
    host.stack.tcpClose(listener, host.nowUs);
    expect(bindTo(host, 0, false)).toBe(0);
  });

  it('finds a port free once its last connection is over', () => {
    const { host, server, client } = afterListener(false);
    host.stack.tcpAbort(server, host.nowUs);
    run([host]);
    expect(bindTo(host, 0, false)).toBe(0);
    host.stack.tcpClose(client, host.nowUs);
  });
});
