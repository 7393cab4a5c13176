/** The tables by local port: exact whatever their size, and small where the stack is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EADDRINUSE } from '../../src/socket/errno.ts';
import { PortLists } from '../../src/tcpip/port-lists.ts';
import { PortCounts } from '../../src/tcpip/tcp/port-counts.ts';
import { Host, run } from './bed.ts';
import { pattern } from './harness.ts';

describe('connections counted by port', () => {
  it('are counted exactly, whatever is added and removed, in a table half full', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.boolean()), { maxLength: 400 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 8 }), (list, stride) => {
        const counts = new PortCounts(20);
        const expected = new Map<number, number>();
        for (const [step, isAdded] of list) {
          const port = (40_000 + step * 16 * stride) & 0xffff;
          const now = expected.get(port) ?? 0;
          if (isAdded && (now > 0 || expected.size < 20)) {
            counts.add(port);
            expected.set(port, now + 1);
          } else if (!isAdded && now > 0) {
            counts.remove(port);
            if (now === 1) expected.delete(port);
            else expected.set(port, now - 1);
          }
          for (let other = 0; other <= 40; other++) {
            const asked = (40_000 + other * 16 * stride) & 0xffff;
            expect(counts.of(asked)).toBe(expected.get(asked) ?? 0);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('have a place for every port when there may be that many', () => {
    const counts = new PortCounts(100_000);
    for (let port = 0; port < 65536; port++) counts.add(port);
    counts.add(7);
    counts.remove(8);
    expect([counts.of(0), counts.of(7), counts.of(8), counts.of(65535)]).toEqual([1, 2, 0, 1]);
  });

  it('cost no walk over the ports in a row when one of them becomes free', () => {
    const counts = new PortCounts(100_000);
    for (let port = 0; port < 65536; port++) counts.add(port);
    // A walk for each would be two thousand million steps.
    for (let port = 0; port < 65536; port++) counts.remove(port);
    expect(counts.total()).toBe(0);
  });
});

describe('lists by port', () => {
  it('are empty at first', () => {
    const lists = new PortLists(4);
    expect(Array.from({ length: 65536 }, (_, port) => lists.first(port)).every((first) => first === -1)).toBe(
      true,
    );
  });

  it('of 65,536 entries have one list for each port', () => {
    const lists = new PortLists(65536);
    for (let port = 1; port < 65536; port++) lists.setFirst(port, port + 1);
    expect(lists.first(0)).toBe(-1);
    expect(lists.first(1)).toBe(2);
    expect(lists.first(65535)).toBe(65536);
  });
});

describe('ports that share a list', () => {
  // A stack of so few sockets has 16 lists: 80, 96 and 112 are in one.
  const config = { connectionsMax: 8, timeWaitMax: 8, udpSocketsMax: 8 };

  it('may each have their UDP socket, and get their own datagrams', () => {
    const host = new Host({ config });
    const sockets = [80, 96, 112].map((port) => host.udp(port));
    const u = host.udp(7);
    for (const port of [112, 80, 96]) host.sendTo(u, 0x7f000001, port, pattern(port));
    host.sendTo(u, 0x7f000001, 128, pattern(1));
    run([host]);
    expect(sockets.map((v) => host.takeFrom(v)?.length)).toEqual([80, 96, 112]);
    expect(host.counter('udpNoPorts')).toBe(1);
  });

  it('are refused only to who asks for a port that is taken', () => {
    const host = new Host({ config });
    host.udp(80);
    host.udp(96);
    expect(host.stack.udpBind(host.stack.udpOpen(1), 0, 80)).toBe(EADDRINUSE);
    expect(host.stack.udpBind(host.stack.udpOpen(1), 0, 112)).toBe(0);
    host.listen(80);
    host.listen(96);
    expect(host.stack.tcpBind(host.stack.tcpOpen(1), 0, 80)).toBe(EADDRINUSE);
    expect(host.stack.tcpBind(host.stack.tcpOpen(1), 0, 112)).toBe(0);
  });

  it('may each have their listener, and get their own connections', () => {
    const host = new Host({ config });
    const first = host.listen(80);
    const second = host.listen(96);
    host.connect(0x7f000001, 96, 1);
    host.connect(0x7f000001, 112, 2);
    run([host]);
    expect(host.stack.tcpAccept(first, 5)).toBe(-1);
    expect(host.stack.tcpAccept(second, 5)).toBeGreaterThanOrEqual(0);
    expect(host.told).toContain('connected 2 111');
  });

  it('stay found when another of the list is closed', () => {
    const host = new Host({ config });
    const [, middle, last] = [80, 96, 112].map((port) => host.udp(port));
    host.stack.udpClose(middle);
    host.stack.udpClose(last);
    const u = host.udp(7);
    host.sendTo(u, 0x7f000001, 80, pattern(3));
    host.sendTo(u, 0x7f000001, 96, pattern(3));
    run([host]);
    expect(host.told).toContain('readable 80');
    expect(host.told).not.toContain('readable 96');
  });
});

describe('a small stack', () => {
  it('has tables of 100 KB at most beyond its control blocks', () => {
    const host = new Host({
      config: {
        connectionsMax: 16,
        timeWaitMax: 16,
        sendElementsMax: 64,
        udpSocketsMax: 8,
        udpSendsMax: 16,
        reassembliesMax: 4,
        neighboursMax: 16,
      },
    });
    expect(tableBytes(host.stack, new Set([host.region, host.ledger, host]))).toBeLessThan(100 * 1024);
  });
});

/** Bytes of all typed arrays that are reached from an object. */
function tableBytes(part: unknown, seen: Set<unknown>): number {
  if (part === null || typeof part !== 'object' || seen.has(part)) return 0;
  seen.add(part);
  if (ArrayBuffer.isView(part)) return part.buffer instanceof SharedArrayBuffer ? 0 : part.byteLength;
  return Object.values(part).reduce((sum: number, value) => sum + tableBytes(value, seen), 0);
}
