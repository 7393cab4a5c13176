/** What a recorder sees of a card in virtual time: every frame both ways, in order, with nothing missing. */
import { describe, expect, it } from 'vitest';
import { OUTBOUND_RELEASED } from '../../src/ledger/counters.gen.ts';
import { type Call, CallList } from './calls.ts';
import { runEcho } from './echo.ts';

describe('a recorder', () => {
  const list = new CallList();
  const world = runEcho(list);
  const { calls } = list;
  const host = world.cards[0].host.ledger;
  const frames = (direction: number): Call[] =>
    calls.filter(([name, d]) => name === 'frame' && d === direction);

  it('begins with the head and ends with both ledgers', () => {
    expect(calls[0][0]).toBe('head');
    expect(calls[0][1]).toMatchObject({ transport: 'ring', command: ['test'], frameBytes: 128 });
    expect(calls.at(-1)![0]).toBe('end');
    expect(calls.at(-1)![2]).toMatchObject({ lost: 0, host: host.snapshot() });
  });

  it('tells every frame, as many as the ledger counts', () => {
    expect(frames(0)).toHaveLength(host.snapshot()['inboundPosted']);
    expect(frames(1)).toHaveLength(host.counters[OUTBOUND_RELEASED]);
    expect(frames(1).length).toBeGreaterThan(5);
  });

  it('tells of each frame who took it and who gave it back', () => {
    const owners = (direction: number, side: number): number =>
      calls.filter(([name, d, , , s]) => name === 'owner' && d === direction && s === side).length;
    expect(owners(0, 0)).toBe(frames(0).length + owners(0, 1));
    expect(owners(1, 1)).toBe(frames(1).length);
  });

  it('tells doorbells and interrupts, as many as the ledger counts', () => {
    const doorbells = calls.filter(([name, kind]) => name === 'notification' && kind === 0);
    expect(doorbells).toHaveLength(host.snapshot()['doorbells']);
    const interrupts = calls.filter(([name, kind]) => name === 'notification' && kind === 1);
    expect(interrupts.length).toBeGreaterThan(0);
    expect(interrupts.length).toBeLessThanOrEqual(world.cards[0].iopLedger.snapshot()['interrupts']);
  });

  it('tells the bytes the host wrote, and the words it polled', () => {
    const bytes = calls
      .filter(([name]) => name === 'write')
      .reduce((sum, call) => sum + (call[4] as number), 0);
    expect(bytes).toBe(3000);
    const polled = calls.filter(([name]) => name === 'polled');
    expect(polled.length).toBeGreaterThanOrEqual(2);
    expect(polled.some(([, , , value]) => value === 4)).toBe(true); // OutboundInit COMPLETE
  });

  it('tells the packets of the wire, cut', () => {
    const packets = calls.filter(([name]) => name === 'packet');
    expect(packets.length).toBeGreaterThan(5);
    for (const packet of packets) expect((packet[3] as number[]).length).toBeLessThanOrEqual(128);
    expect(packets.some((packet) => (packet[4] as number) > 1000)).toBe(true);
  });

  it('tells times that do not fall', () => {
    const times = calls
      .filter(([name]) => ['frame', 'owner', 'write'].includes(name))
      .map((call) => call[2] as number);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeGreaterThanOrEqual(0);
  });
});
