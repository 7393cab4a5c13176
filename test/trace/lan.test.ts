/** What is recorded of a card of network ports in virtual time: frames and packets, and both in words. */
import { describe, expect, it } from 'vitest';
import { TraceLines } from '../../src/report/trace-lines.ts';
import { TraceDecoder, type TraceEvent } from '../../src/trace/decode/decoder.ts';
import { readTopology } from '../../src/world/topology.ts';
import { HostWorld } from '../../src/world/virtual/host-world.ts';
import { runLan } from '../validate/lan-world.ts';

/** @returns the client's trace, event by event, and its lines. */
function recorded(settings: Readonly<Record<string, unknown>>): { events: TraceEvent[]; text: string } {
  const events: TraceEvent[] = [];
  const lines = new TraceLines();
  let text = '';
  const sink = new TraceDecoder((event) => {
    events.push(event);
    text += lines.lines(event);
  });
  runLan([{ sink }], { operations: 20, settings });
  return { events, text };
}

describe.each(['ring', 'fifo'])('a card of network ports, %s', (transport) => {
  const { events, text } = recorded({ transport });

  it('has a head that says what it is, and an end with both ledgers', () => {
    const [first, last] = [events[0], events.at(-1)];
    if (first.type !== 'head' || last?.type !== 'end') throw new Error('no head, or no end');
    const { classes, memory } = first.head;
    expect(classes.map(({ name }) => name)).toEqual(['executive', 'lan']);
    expect(memory.packets?.count).toBeGreaterThan(0);
    expect(last.end.host['lanPacketsSent']).toBeGreaterThan(20);
    expect(last.end.iop['lanTxPackets']).toBe(last.end.host['lanPacketsSent']);
  });

  it('has every packet that the messages name on the wire, too', () => {
    const packets = events.filter((event) => event.type === 'packet' && event.sent).length;
    const named = events
      .flatMap((event) => (event.type === 'frame' && event.message === 'LanPacketSend' ? event.elements : []))
      .filter(({ kind }) => kind === 'transmit').length;
    expect(packets).toBe(named);
    expect(packets).toBeGreaterThan(20);
  });

  it('reads in words: where packets lie, which buckets are posted, what is in them', () => {
    expect(text).toMatch(/→ {2}LanReset: resourceFlags Buckets\|Transmits/);
    expect(text).toMatch(/9 buckets of 1534 bytes, 2 bytes into their buffers: \d+( \d+){8}\n/);
    expect(text).toMatch(/transmit, 66 bytes, context \d+, in packet buffer \d+ \+ 2\n/);
    expect(text).toMatch(/out, 1448 bytes, in transmit buffer \d+\n/);
    expect(text).toMatch(/bucket \d+, a packet of \d+ bytes at 0, .*LastPacket\|LastBucket\n/);
    expect(text).toMatch(/← {2}LanPacketSend reply: Success .*\n {29}contexts? /);
    expect(text).not.toMatch(/undefined|!!/);
  });
});

it('is told in which port a message is for where a card has several', () => {
  const lines = new TraceLines();
  let text = '';
  const sink = new TraceDecoder((event) => (text += lines.lines(event)));
  const topology = readTopology({
    hosts: { left: {}, right: {} },
    cards: {
      a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' }, eth1: { address: '10.0.1.1/24' } } },
      b: { host: 'right', ports: { eth0: { address: '10.0.0.2/24' }, eth1: { address: '10.0.1.2/24' } } },
    },
    links: { first: { ends: ['a.eth0', 'b.eth0'] }, second: { ends: ['a.eth1', 'b.eth1'] } },
  });
  const costs = { costs: {}, interruptNs: 0, lan: true } as const;
  new HostWorld(topology, () => costs, undefined, [{ sink }]);
  expect(text).toMatch(/→ {2}LanReset: port 0, resourceFlags/);
  expect(text).toMatch(/→ {2}LanReset: port 1, resourceFlags/);
});

it('is refused where no messages pass', () => {
  const topology = readTopology({
    hosts: { left: {} },
    cards: { a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } } } },
  });
  const sink = new TraceDecoder(() => {});
  const costs = { costs: {}, interruptNs: 0 };
  const plain = () => new HostWorld(topology, () => costs, undefined, [{ sink }]);
  expect(plain).toThrow('the card a has no messages to trace: its host has neither "lan" nor "window"');
});
