/**
 * A close that resets comes after what was sent before it, as on Linux, which transmits within the send: the
 * peer reads what the windows let go, and then the reset.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ECONNRESET } from '../../src/socket/errno.ts';
import { SO_LINGER_SECONDS } from '../../src/socket/options.ts';
import * as calls from '../../src/tcpip/tcp/calls.ts';
import { ACK_DELAYED } from '../../src/tcpip/tcp/control-block/acknowledgements.ts';
import { checkTables } from '../../src/tcpip/tcp/identities.ts';
import { failTcb, resetTcb } from '../../src/tcpip/tcp/lifecycle.ts';
import type { Tcb } from '../../src/tcpip/tcp/tcb.ts';
import { trips } from '../rules/trips.ts';
import { RST } from './frames.ts';
import { connected, expectNothingLeft, pattern } from './harness.ts';

const INITIAL_WINDOW = 10 * 1448;

describe('bytes sent before a close that resets', () => {
  it.each([1, 7, 1448, 1449, 10_000])('%i bytes arrive before a close with a linger of 0', (bytes) => {
    const { world, a, b, client, server } = connected();
    a.stack.tcpSetOption(client, SO_LINGER_SECONDS, 0);
    a.sendBytes(client, pattern(bytes));
    a.stack.tcpClose(client, world.nowUs);
    world.run(100_000);
    expect(b.takeAll(server)).toEqual(pattern(bytes));
    expect(b.failedWith.get(1000)).toBe(ECONNRESET);
    b.stack.tcpClose(server, world.nowUs);
    expectNothingLeft(world);
  });

  it('arrive before a close with unread bytes', () => {
    const { world, a, b, client, server } = connected();
    b.sendBytes(server, pattern(500));
    world.run(100_000);
    a.sendBytes(client, pattern(900));
    a.stack.tcpClose(client, world.nowUs);
    world.run(100_000);
    expect(b.takeAll(server)).toEqual(pattern(900));
    expect(b.failedWith.get(1000)).toBe(ECONNRESET);
  });

  it('arrive while an acknowledgement waits for company, which the reset brings', () => {
    const { world, a, b, client, server } = connected({ config: { quickAcks: 0 } });
    b.sendBytes(server, pattern(500));
    world.run(10_000);
    expect(a.stack.tcpTake(client, a['scratch'], 499)).toBe(499);
    expect(a.stack['tcp'].tcbs[client].acks.owed).toBe(ACK_DELAYED);
    a.stack.tcpSetOption(client, SO_LINGER_SECONDS, 0);
    a.sendBytes(client, pattern(900));
    a.stack.tcpClose(client, world.nowUs);
    checkTables(a.stack['tcp']);
    world.run(100_000);
    expect(b.takeAll(server)).toEqual(pattern(900));
    expect(b.failedWith.get(1000)).toBe(ECONNRESET);
    expect(b.stack['tcp'].tcbs[server].sends.count).toBe(0);
  });

  it('arrive before the reset that answers bytes to a user who has closed', () => {
    const { world, a, b, client, server } = connected({ delayUs: 1000 });
    b.sendBytes(server, pattern(500));
    b.stack.flush(world.nowUs);
    world.run(900);
    a.sendBytes(client, pattern(300));
    a.stack.tcpClose(client, world.nowUs);
    world.run(100_000);
    expect(b.takeAll(server)).toEqual(pattern(300));
    expect(b.stack.tcpEndOfStream(server)).toBe(true);
  });

  it('arrive before the reset that answers bytes to a user who has ended both halves and hears of it', () => {
    const { world, a, b, client, server } = connected({ delayUs: 1000 });
    b.sendBytes(server, pattern(500));
    b.stack.flush(world.nowUs);
    world.run(900);
    a.sendBytes(client, pattern(300));
    expect(a.stack.tcpShutdown(client, 2, world.nowUs)).toBe(0);
    world.run(100_000);
    expect(b.takeAll(server)).toEqual(pattern(300));
    expect([...a.failedWith.values()]).toEqual([ECONNRESET]);
    a.stack.tcpClose(client, world.nowUs);
    b.stack.tcpClose(server, world.nowUs);
    expectNothingLeft(world);
  });

  it('arrive before a reset that was asked for, and not before an abort', () => {
    for (const [how, length] of [
      ['tcpReset', 300],
      ['tcpAbort', 0],
    ] as const) {
      const { world, a, b, client, server } = connected();
      a.sendBytes(client, pattern(300));
      a.stack[how](client, world.nowUs);
      world.run(100_000);
      expect(b.takeAll(server)).toEqual(pattern(length));
      expect(b.failedWith.get(1000)).toBe(ECONNRESET);
    }
  });

  it('arrive as far as the congestion window reaches, and the last segment may be short', () => {
    const { world, a, b, client, server } = connected();
    a.stack.tcpSetOption(client, SO_LINGER_SECONDS, 0);
    a.sendBytes(client, pattern(60_000));
    a.stack.tcpClose(client, world.nowUs);
    world.run(100_000);
    const got = b.takeAll(server);
    expect(got.length).toBeGreaterThanOrEqual(INITIAL_WINDOW);
    expect(got).toEqual(pattern(60_000).subarray(0, got.length));
    expect(b.failedWith.get(1000)).toBe(ECONNRESET);
    expectNothingLeft(world);
  });

  it('that Nagle holds back go with the reset', () => {
    const { world, a, b, client, server } = connected({ delayUs: 5000 });
    a.stack.tcpSetOption(client, SO_LINGER_SECONDS, 0);
    a.sendBytes(client, pattern(10));
    world.run(1000);
    a.sendBytes(client, pattern(20));
    a.stack.tcpClose(client, world.nowUs);
    world.run(100_000);
    expect(b.takeAll(server)).toHaveLength(30);
  });

  it('wait with the reset for a hardware address, and are given up with it', () => {
    const { world, a, b, client, server } = connected();
    const tcp = a.stack['tcp'];
    a.stack.tcpSetOption(client, SO_LINGER_SECONDS, 0);
    tcp.tcbs[client].neighbour = -1;
    tcp.tcbs[client].nextHop += 77;
    a.sendBytes(client, pattern(10));
    a.stack.tcpClose(client, world.nowUs);
    world.run(30_000_000);
    expect(tcp.tcbs[client].inUse).toBe(0);
    expect(b.takeAll(server)).toHaveLength(0);
    expect(world.captured.some(({ flags }) => (flags & RST) !== 0)).toBe(false);
  });

  it('arrive whatever was sent, and however full the port (property)', () => {
    let refusals = 0;
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 3 }),
        fc.constantFrom(1, 2, 3, 64),
        (lengths, unread, pause, portFrames) => {
          const { world, a, b, client, server } = connected({ delayUs: 300, portFrames });
          const claim = a.claim.bind(a);
          a.claim = () => {
            const at = claim();
            if (at < 0) refusals += 1;
            return at;
          };
          if (unread) b.sendBytes(server, pattern(100));
          world.run(10_000);
          if (!unread) a.stack.tcpSetOption(client, SO_LINGER_SECONDS, 0);
          let total = 0;
          for (const length of lengths) {
            a.sendBytes(client, pattern(length));
            total += length;
            if (pause > 0) world.run(pause * 200);
          }
          a.stack.tcpClose(client, world.nowUs);
          world.run(200_000);
          expect(b.takeAll(server).length).toBe(total);
          expect(b.failedWith.get(1000)).toBe(ECONNRESET);
          b.stack.tcpClose(server, world.nowUs);
          expectNothingLeft(world);
        },
      ),
      { numRuns: 60 },
    );
    expect(refusals, 'the port was full now and then').toBeGreaterThan(60);
  });
});

/** One connection, established, as its stack sees it. */
function connection() {
  const { world, a, client } = connected();
  const tcp = a.stack['tcp'];
  return { world, tcp, tcb: tcp.tcbs[client] as Tcb };
}

describe('assertions', () => {
  trips('calls: a connection is reset before it is given up', () => {
    const { tcp, tcb } = connection();
    calls.abort(tcp, tcb);
    calls.reset(tcp, tcb);
  });
  trips('calls: a connection that is renewed is over', () => {
    const { world, a, client } = connected();
    const tcp = a.stack['tcp'];
    const tcb = tcp.tcbs[client] as Tcb;
    failTcb(tcp, tcb, ECONNRESET);
    tcb.hashed = 1;
    calls.connect(tcp, tcb, world.b.address, 80);
  });
  trips('connection: one that is to be reset has no user', () => {
    const { tcp, tcb } = connection();
    resetTcb(tcp, tcb);
  });
  trips('output: a connection that is reset belongs to no listener', () => {
    const { world, tcp, tcb } = connection();
    world.a.sendBytes(tcb.index, pattern(10));
    calls.reset(tcp, tcb);
    tcb.parent = 1;
    world.a.stack.flush(world.nowUs);
  });
});
