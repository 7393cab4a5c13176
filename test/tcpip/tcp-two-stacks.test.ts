/** What shows only between two real stacks, or in one that talks to itself. */
import { describe, expect, it } from 'vitest';
import { ECONNRESET } from '../../src/socket/errno.ts';
import { SO_LINGER_SECONDS, TCP_NODELAY } from '../../src/socket/options.ts';
import { ESTABLISHED, TIME_WAIT } from '../../src/tcpip/tcp/state.ts';
import { RST } from './frames.ts';
import { type Captured, connected, expectNothingLeft, pattern, World } from './harness.ts';

describe('two stacks', () => {
  it('open to each other at once (RFC 9293 §3.5, figure 8)', () => {
    const world = new World({ delayUs: 1000 });
    const { a, b } = world;
    const c = a.stack.tcpOpen(1);
    const d = b.stack.tcpOpen(2);
    a.stack.tcpBind(c, 0, 5000);
    b.stack.tcpBind(d, 0, 6000);
    a.stack.tcpConnect(c, b.address, 6000, world.nowUs);
    b.stack.tcpConnect(d, a.address, 5000, world.nowUs);
    world.run(3_000_000);
    expect([a.connectedWith.get(1), b.connectedWith.get(2)]).toEqual([0, 0]);
    expect([a.stack.tcpState(c), b.stack.tcpState(d)]).toEqual([ESTABLISHED, ESTABLISHED]);
    a.sendBytes(c, pattern(3000));
    world.run(1_000_000);
    expect(b.takeAll(d)).toEqual(pattern(3000));
    a.stack.tcpAbort(c, world.nowUs);
    b.stack.tcpClose(d, world.nowUs);
    expectNothingLeft(world);
  });

  it('close to each other at once: both wait (figure 13)', () => {
    const { world, a, b, client, server } = connected({ delayUs: 1000 });
    a.stack.tcpShutdown(client, 1, world.nowUs);
    b.stack.tcpShutdown(server, 1, world.nowUs);
    world.run(100_000);
    expect([a.stack.tcpState(client), b.stack.tcpState(server)]).toEqual([TIME_WAIT, TIME_WAIT]);
    a.stack.tcpClose(client, world.nowUs);
    b.stack.tcpClose(server, world.nowUs);
    expectNothingLeft(world);
  });

  it('agree on a reset whose number is beyond what arrived, by a challenge (RFC 5961 §3.2)', () => {
    const { world, a, b, client } = connected();
    world.filter = (segment) => segment === undefined || (segment.flags & RST) !== 0;
    a.stack.tcpSetOption(client, SO_LINGER_SECONDS, 0);
    a.sendBytes(client, pattern(1000));
    world.run(1000);
    world.filter = () => true;
    a.stack.tcpClose(client, world.nowUs);
    expect(a.pendingContexts.size).toBe(0);
    world.run(10_000);
    expect(b.failedWith.get(1000)).toBe(ECONNRESET);
    expect(b.counter('tcpChallengeAcks')).toBe(1);
    expectNothingLeft(world);
  });

  it('do not answer each other for ever when they disagree about their numbers', () => {
    const { world, a, b, client, server } = connected();
    // The client's stack gives the connection up, and the server keeps it: half open.
    world.filter = () => false;
    a.stack.tcpAbort(client, world.nowUs);
    world.run(1000);
    world.filter = () => true;
    world.captured.length = 0;
    b.sendBytes(server, pattern(10));
    world.run(10_000_000);
    expect(world.captured.map((segment) => segment.from.name)).toEqual(['b', 'a']);
    expect(b.failedWith.get(1000)).toBe(ECONNRESET);
  });

  it('stream through a window that opens and shuts as the program reads', () => {
    const { world, a, b, client, server } = connected({ config: { receiveBufferBytes: 8192 } });
    const data = pattern(60_000);
    a.sendBytes(client, data);
    const got: Uint8Array[] = [];
    let turn = 0;
    world.wantsTurn = () => true;
    world.program = () => {
      if (turn++ % 7 === 0) got.push(b.takeAll(server, 3000));
    };
    expect(world.run(60_000_000, () => a.pendingContexts.size === 0)).toBe(true);
    world.program = () => {};
    got.push(b.takeAll(server));
    expect(Buffer.concat(got).equals(data)).toBe(true);
    expect(a.counter('tcpRetransSegs')).toBe(0);
  });

  it('never see the right edge of a window move back, though slots run short (SHLD-14)', () => {
    const { world, a, client } = connected({
      config: { receiveBufferBytes: 20_000, timestamps: false },
      slots: 32,
    });
    a.stack.tcpSetOption(client, TCP_NODELAY, 1);
    let sent = 0;
    world.wantsTurn = () => sent < 500;
    world.program = () => {
      if (a.pendingContexts.size < 30 && sent++ < 500) a.sendBytes(client, pattern(13));
    };
    world.run(1_000_000);
    const acks = world.captured.filter((segment: Captured) => segment.from === world.b);
    expect(acks.length).toBeGreaterThan(10);
    let edge = acks[0].ack + acks[0].window;
    for (const { ack, window } of acks) {
      expect((ack + window - edge) | 0).toBeGreaterThanOrEqual(0);
      edge = (ack + window) | 0;
    }
  });

  it('leave slots for other connections when one does not read', () => {
    const { world, a, b, client, listener } = connected({ slots: 64 });
    a.stack.tcpSetOption(client, TCP_NODELAY, 1);
    const other = a.stack.tcpOpen(50);
    a.stack.tcpConnect(other, b.address, 80, world.nowUs);
    world.run(10_000);
    const otherServer = b.stack.tcpAccept(listener, 51);
    let sent = 0;
    world.wantsTurn = () => sent < 20_000;
    world.program = () => {
      if (sent === 20_000 || a.pendingContexts.size >= 20) return;
      a.sendBytes(client, pattern(50, sent));
      sent += 50;
    };
    world.run(1_000_000);
    expect(b.counter('cardCollapseCopies')).toBeGreaterThan(10);
    expect(b.packets.available).toBeGreaterThan(3);
    a.sendBytes(other, pattern(100));
    world.run(1_000_000);
    expect(b.takeAll(otherServer)).toEqual(pattern(100));
  });
});

describe('one stack at both ends', () => {
  it('serves far more connections than it has ports, at 60,000 a second', () => {
    const config = { timeWaitMax: 256, ephemeralFirst: 65_000, ephemeralLast: 65_535 };
    const world = new World({ config, delayUs: 1 });
    const { a } = world;
    const listener = a.stack.tcpOpen(9);
    a.stack.tcpBind(listener, 0, 80);
    a.stack.tcpListen(listener, 16);
    const count = 1200;
    for (let i = 0; i < count; i++) {
      const c = a.stack.tcpOpen(10 + i);
      expect(a.stack.tcpConnect(c, 0x7f000001, 80, world.nowUs)).toBe(0);
      world.run(4);
      const s = a.stack.tcpAccept(listener, 1_000_000 + i);
      expect(s).toBeGreaterThanOrEqual(0);
      expect(a.stack.tcpRemoteAddress(s)).toBe(0x7f000001);
      a.stack.tcpClose(c, world.nowUs);
      world.run(4);
      a.stack.tcpClose(s, world.nowUs);
      world.run(8);
      world.captured.length = 0;
    }
    expect(a.counter('tcpTimeWaitOverflows')).toBe(count - 256);
  });

  it('talks to itself by its own address as well, and carries bytes', () => {
    const world = new World();
    const { a } = world;
    const listener = a.stack.tcpOpen(9);
    a.stack.tcpBind(listener, 0, 80);
    a.stack.tcpListen(listener, 16);
    const client = a.stack.tcpOpen(1);
    expect(a.stack.tcpConnect(client, a.address, 80, world.nowUs)).toBe(0);
    world.run(1000);
    const server = a.stack.tcpAccept(listener, 2);
    expect(a.sendBytes(client, pattern(5000))).toBe(0);
    world.run(10_000);
    expect(a.takeAll(server)).toEqual(pattern(5000));
    expect(a.stack.tcpLocalAddress(client)).toBe(a.address);
    a.stack.tcpClose(client, world.nowUs);
    world.run(1000);
    a.stack.tcpClose(server, world.nowUs);
    a.stack.tcpClose(listener, world.nowUs);
    expectNothingLeft(world);
  });

  it('opens a connection that is both ends of itself, by one port (§3.5, figure 8), and hears itself', () => {
    const world = new World();
    const { a } = world;
    const c = a.stack.tcpOpen(1);
    expect(a.stack.tcpBind(c, 0x7f000001, 5000)).toBe(0);
    expect(a.stack.tcpConnect(c, 0x7f000001, 5000, world.nowUs)).toBe(0);
    world.run(1_000_000);
    expect(a.connectedWith.get(1)).toBe(0);
    expect(a.stack.tcpState(c)).toBe(ESTABLISHED);
    a.sendBytes(c, pattern(3000));
    world.run(1_000_000);
    expect(a.takeAll(c)).toEqual(pattern(3000));
    a.stack.tcpAbort(c, world.nowUs);
    expectNothingLeft(world);
  });
});
