/** Connections whose neighbour answers no longer, with nothing in flight when that is found out. */
import { describe, expect, it } from 'vitest';
import { EHOSTUNREACH } from '../../src/socket/errno.ts';
import { TIMER_RETRANSMIT } from '../../src/tcpip/tcp/control-block/timers.ts';
import { advanceConnections } from '../../src/tcpip/tcp/expire.ts';
import { trips } from '../rules/trips.ts';
import { Host, join, run } from './bed.ts';
import { pattern } from './harness.ts';
import { established } from './tcp-assertion-bed.ts';

const A = 0x0a000001;
const B = 0x0a000002;
const SECOND = 1_000_000;

/** A connection between two hosts, at rest for so long that each takes the other's address for stale. */
function rested(config = {}) {
  const a = new Host({ config: { address: A, ...config } });
  const b = new Host({ ports: [{ macLow: 0x200 }], config: { address: B, receiveBufferBytes: 4096 } });
  join(a.ports[0], b.ports[0]);
  const listener = b.listen(80);
  const c = a.connect(B, 80);
  run([a, b], 100_000);
  const accepted = b.stack.tcpAccept(listener, 2);
  run([a, b], 300 * SECOND);
  const cut = () => {
    a.ports[0].cable = undefined;
    b.ports[0].cable = undefined;
  };
  /** The peer's address becomes unreachable: it was given up once already. */
  const fail = () => {
    const neighbours = a.stack['neighbours'];
    neighbours.resolve(B);
    run([a], 20 * SECOND);
    expect(neighbours.list().map(({ state }) => state)).toEqual(['FAILED']);
  };
  const error = () => a.stack['tcp'].tcbs[c].error;
  return { a, b, c, accepted, cut, fail, error };
}

describe('what is sent to a neighbour that is gone', () => {
  it('fails the connection in the end, though nothing of it was ever sent', () => {
    const { a, c, cut, fail, error } = rested({ retries: 3 });
    cut();
    fail();
    expect(a.sendOn(c, pattern(100))).toBe(0);
    run([a], 300 * SECOND);
    expect(error()).toBe(EHOSTUNREACH);
    expect(a.stack.hasDeadline()).toBe(false);
  });

  it('arrives when the neighbour is there again', () => {
    const { a, b, c, accepted, cut, fail, error } = rested();
    cut();
    fail();
    expect(a.sendOn(c, pattern(100))).toBe(0);
    run([a, b], 30 * SECOND);
    join(a.ports[0], b.ports[0]);
    run([a, b], 60 * SECOND);
    expect(error()).toBe(0);
    expect(b.takeOn(accepted)).toEqual(pattern(100));
  });

  it('goes on to probe a closed window, however often the neighbour was lost', () => {
    const { a, b, c, accepted, cut, error } = rested();
    for (let i = 0; i < 6; i++) {
      a.sendOn(c, pattern(1000));
      run([a, b], SECOND);
    }
    const before = b.counter('tcpInSegs');
    for (let i = 0; i < 3; i++) {
      cut();
      run([a, b], 40 * SECOND);
      join(a.ports[0], b.ports[0]);
      run([a, b], 300 * SECOND);
    }
    expect(error()).toBe(0);
    expect(b.counter('tcpInSegs')).toBeGreaterThan(before);
    while (b.takeOn(accepted).length > 0) run([a, b], 200 * SECOND);
    expect(a.stack['tcp'].tcbs[c].sends.count).toBe(0);
    expect(error()).toBe(0);
  });

  it('frees a connection that nobody owns any more', () => {
    const { a, c, cut, fail } = rested({ orphanRetries: 2 });
    cut();
    fail();
    expect(a.sendOn(c, pattern(100))).toBe(0);
    a.stack.tcpClose(c, a.nowUs);
    run([a], 300 * SECOND);
    expect(a.stack['tcp'].freeTcbCount).toBe(a.stack.config.connectionsMax);
  });
});

trips('expiry: a reset that is due waits for no timer', () => {
  const { tcp, tcb } = established();
  tcb.sndEnd = (tcb.sndEnd + 10) | 0;
  tcb.resetDue = 1;
  tcb.timers.armed = TIMER_RETRANSMIT;
  tcb.timers.retransmitAt = tcp.environment.nowUs;
  tcp.timers.schedule(tcb.index, tcb.timers.retransmitAt);
  advanceConnections(tcp);
});
