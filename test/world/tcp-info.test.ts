/** TCP_INFO of connections that a card has: what its stack knows, whole, over losses and a full window. */
import { describe, expect, it } from 'vitest';
import { errnoName } from '../../src/socket/errno.ts';
import type { TcpInfo } from '../../src/socket/tcp-info.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { PatternReceiver, PatternSender } from './transfer.ts';

const PORT = 8080;
const ONE_WAY_NS = 10e6;
const STEP_NS = 1e6;

/** What the sender's connection told each STEP_NS; each record is held against the stack's own. */
function told(bytes: number, lossProbability: number, steps: number, reads: boolean): TcpInfo[] {
  const link = { delayNs: ONE_WAY_NS, lossProbability, queueFrames: 1024 };
  const world = new VirtualWorld({ cards: [{}, {}], link, seed: 5 });
  const [from, to] = world.cards;
  const receiver = new PatternReceiver(to.stack, PORT);
  const sender = new PatternSender(from.stack, to.config.stack.address, PORT, bytes);
  from.start(sender);
  if (reads) to.start(receiver);
  const stack = from.parts.stack!;
  const ask = stack.tcpInfo.bind(stack);
  let own: TcpInfo | undefined;
  stack.tcpInfo = (c) => {
    own = ask(c);
    return own;
  };
  const records: TcpInfo[] = [];
  for (let i = 0; i < steps; i++) {
    world.run(() => false, STEP_NS);
    const info = from.stack.tcpInfo(sender['socket']);
    if (typeof info === 'number') throw new Error(errnoName(info));
    expect(info).toEqual(own);
    records.push(info);
  }
  return records;
}

const most = (records: TcpInfo[], name: keyof TcpInfo): number =>
  Math.max(...records.map((info) => info[name]));

describe('TCP_INFO of a card', () => {
  it('tells of losses: what is sacked, lost and sent again, and how the sender stands', () => {
    const records = told(2e6, 0.03, 900, true);
    const states = new Set(records.map(({ ca_state }) => ca_state));
    for (const state of [0, 1, 3]) expect(states).toContain(state);
    for (const name of [
      'sacked',
      'lost',
      'retrans',
      'total_retrans',
      'bytes_retrans',
      'notsent_bytes',
    ] as const)
      expect(most(records, name), name).toBeGreaterThan(0);
    const last = records.at(-1)!;
    expect(last.min_rtt).toBeGreaterThanOrEqual((2 * ONE_WAY_NS) / 1000);
    expect(last.min_rtt).toBeLessThan((2.2 * ONE_WAY_NS) / 1000);
    expect(last.bytes_sent).toBeGreaterThan(last.bytes_acked);
    expect(last.busy_time).toBeGreaterThan(((records.length - 60) * STEP_NS) / 1000);
  });

  it('tells for how long a window that is full has held the sender back', () => {
    const records = told(2e6, 0, 600, false);
    const last = records.at(-1)!;
    expect(last.rwnd_limited).toBeGreaterThan(400_000);
    expect(last.busy_time).toBeGreaterThanOrEqual(last.rwnd_limited);
    expect(most(records, 'probes')).toBeGreaterThan(0);
    expect(last.notsent_bytes).toBeGreaterThan(0);
  });
});
