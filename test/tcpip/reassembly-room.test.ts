/** What fragments that wait may hold, and for how long. */
import { describe, expect, it } from 'vitest';
import { pattern } from './harness.ts';
import { bed, datagram, fails, fragment, give } from './reassembly-bed.ts';

const SECOND = 1_000_000;

describe('time and room', () => {
  const body = datagram(200);

  it('a datagram is given up after its time, counted from its first fragment (RFC 1122 §3.3.2)', () => {
    const { host } = bed({ config: { reassemblyUs: 10 * SECOND } });
    give(host, body, [80, 160]);
    host.pass(6 * SECOND);
    give(host, body, [0, 80]);
    host.pass(4 * SECOND - 1);
    expect(fails(host)).toBe(0);
    host.pass(1);
    expect(fails(host)).toBe(1);
    // The sender was told, and is looked after as a neighbour for a while.
    for (let second = 0; second < 9; second++) host.pass(SECOND);
    expect(host.stack.hasDeadline()).toBe(false);
  });

  it('tells when it is to be given up', () => {
    const { host } = bed({ config: { reassemblyUs: 10 * SECOND } });
    give(host, body, [80, 160]);
    host.pass(SECOND);
    expect((host.stack.deadlineUs() - host.nowUs) | 0).toBe(9 * SECOND);
  });

  it('the sender is told, if the first fragment is there, and it is quoted', () => {
    const { host } = bed();
    give(host, body, [0, 80], [80, 160]);
    host.pass(30 * SECOND);
    const [error] = host.ports[0].takeSent();
    expect([error[34], error[35]]).toEqual([11, 1]);
    expect(error.slice(42 + 12, 42 + 28)).toEqual(
      fragment(body, { from: 0, to: 80 }).slice(14 + 12, 14 + 28),
    );
    host.expectSlotsHome();
  });

  it('the sender is not told without the first fragment', () => {
    const { host } = bed();
    give(host, body, [80, 160]);
    host.pass(30 * SECOND);
    expect(host.ports[0].takeSent()).toEqual([]);
    expect(fails(host)).toBe(1);
    host.expectSlotsHome();
  });

  it('the oldest datagram gives way when there are as many as may be', () => {
    const { host, v } = bed({ config: { reassembliesMax: 4 } });
    for (let id = 1; id <= 5; id++) {
      host.receive(fragment(body, { from: 0, to: 80, id }));
      host.pass(1000);
    }
    expect(fails(host)).toBe(1);
    expect(host.ports[0].takeSent(), 'who gives way is not told').toEqual([]);
    for (let id = 2; id <= 5; id++) host.receive(fragment(body, { from: 80, to: 208, id }));
    for (let id = 2; id <= 5; id++) expect(host.takeFrom(v)).toEqual(pattern(200));
    host.receive(fragment(body, { from: 80, to: 208, id: 1 }));
    expect(host.takeFrom(v)).toBeUndefined();
  });

  it('fragments hold an eighth of the packet slots, and no more', () => {
    const { host } = bed({ slots: 64, config: { reassembliesMax: 64 } });
    for (let id = 1; id <= 30; id++) host.receive(fragment(body, { from: 0, to: 80, id }));
    expect(host.packets.available).toBe(64 - 8);
    expect(fails(host)).toBe(30 - 8);
    host.pass(30 * SECOND);
    host.pass(0);
    host.expectSlotsHome();
  });

  it('what was dropped for want of slots may come again', () => {
    const { host, v } = bed({ slots: 64, config: { reassembliesMax: 64, icmpErrorsPerSecond: 0 } });
    for (let id = 1; id <= 9; id++) host.receive(fragment(body, { from: 0, to: 80, id }));
    host.pass(30 * SECOND);
    give(host, body, [0, 80], [80, 208]);
    expect(host.takeFrom(v)).toEqual(pattern(200));
    host.expectSlotsHome();
  });
});
