/** The tables by local port: exact whatever their size, and small where the stack is. */
import { describe, expect, it } from 'vitest';
import { EADDRINUSE } from '../../src/socket/errno.ts';
import { PortLists } from '../../src/tcpip/port-lists.ts';
import { Host, run } from './bed.ts';
import { pattern } from './harness.ts';

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
