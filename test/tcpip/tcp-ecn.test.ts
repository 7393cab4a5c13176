/**
 * Explicit congestion notification (RFC 3168), where scripts (`test/scenario/ecn`) cannot see or reach it.
 */
import { describe, expect, it } from 'vitest';
import { RX_CHECKSUM_CHECKED, RX_MERGED } from '../../src/tcpip/contract.ts';
import { ipv4Frame } from './frames.ts';
import { pattern, World } from './harness.ts';
import { accepted, established, type OpeningOptions, synSent } from './openings.ts';
import type { Script } from './script.ts';

const NOT_CAPABLE = 0;
const CAPABLE = 2;
const MARKED = 3;
const MSS = 1460;
const HEADER_AT = 54;

const BY_COUNT = { lossRecovery: 'sack', congestionControl: 'newreno' } as const;
const BY_TIME = { lossRecovery: 'rack', congestionControl: 'cubic' } as const;
const WAYS = [
  ['by count', BY_COUNT, 5],
  ['by time', BY_TIME, 7],
] as const;

/** A connection from the stack that both sides have agreed to use ECN on. */
function agreed(options: OpeningOptions = {}) {
  const script = synSentAsking(options);
  script.peer.sends({ flags: 'SYN ACK ECE', ack: 1, options: { mss: MSS, sackOk: true } });
  script.peer.expects({ seq: 1, ack: 1, tos: NOT_CAPABLE });
  script.script.forgets();
  return script;
}

function synSentAsking({ config, ...options }: OpeningOptions) {
  const opening = synSent({ ...options, config: { ...config, ecn: 0 } });
  opening.socket.closes();
  const { script } = opening;
  Object.assign(script.host.config, { ecn: 1 });
  const peer = script.peer({ port: 81, sackOk: true });
  const socket = script.socket(2);
  expect(socket.connects(peer.address, 81)).toBe(0);
  peer.expects({ flags: 'SYN ECE CWR', seq: 0, ack: 0, tos: NOT_CAPABLE });
  return { script, peer, socket };
}

const info = (script: Script, { c }: { c: number }) => script.host.stack.tcpInfo(c);

describe('opening with ECN (RFC 3168 §6.1.1)', () => {
  it('at once from both sides is agreed on by two SYNs that ask', () => {
    const { script, peer, socket } = synSentAsking({});
    peer.sends({ flags: 'SYN ECE CWR', options: { mss: MSS } });
    peer.expects({ flags: 'SYN ACK ECE', seq: 0, ack: 1 });
    peer.sends({ ack: 1 });
    expect(info(script, socket)?.options ?? 0).toBe(8);
  });

  it('at once from both sides is not agreed on where one does not ask', () => {
    const { peer } = synSentAsking({});
    peer.sends({ flags: 'SYN', options: { mss: MSS } });
    peer.expects({ flags: 'SYN ACK', seq: 0, ack: 1 });
  });

  it('is forgotten by the next connection that has the same place', () => {
    const { script, peer, socket } = agreed();
    socket.aborts();
    peer.ignores();
    Object.assign(script.host.config, { ecn: 0 });
    const other = script.peer({ port: 82 });
    const next = script.socket(3);
    expect(next.connects(other.address, 82)).toBe(0);
    other.expects({ flags: 'SYN', seq: 0, ack: 0 });
  });
});

describe.each(WAYS)('the sender, where losses are found %s', (_name, config, left) => {
  it('reduces the window once for an echo, says so once, and grows again when more is acknowledged', () => {
    const { script, peer, socket } = agreed({ config });
    socket.queues(30 * MSS);
    script.settle();
    peer.expectsSegments(10, MSS, 1);
    peer.sends({ flags: 'ACK ECE', ack: 1 + 10 * MSS });
    expect(info(script, socket)).toMatchObject({ ca_state: 2, snd_ssthresh: left });
    const first = peer.takes();
    expect([first.flags & 0x80, first.tos]).toEqual([0x80, CAPABLE]);
    for (const { flags, tos } of peer.inbox) expect([flags & 0x80, tos]).toEqual([0, CAPABLE]);
    expect(peer.inbox.length).toBeLessThan(left);
    peer.ignores();
    peer.sends({ flags: 'ACK ECE', ack: 1 + 11 * MSS });
    expect(script.counter('tcpEcnReductions')).toBe(2);
    script.passes(1000);
    peer.ignores();
  });

  it('takes a loss in the same window for no second reason', () => {
    const { script, peer, socket } = agreed({ config });
    socket.queues(10 * MSS);
    script.settle();
    peer.expectsSegments(10, MSS, 1);
    peer.sends({ flags: 'ACK ECE', ack: 1 });
    expect(info(script, socket)).toMatchObject({ ca_state: 2, snd_ssthresh: left });
    for (let held = 2; held < 7; held++) {
      peer.sends({ flags: 'ACK ECE', ack: 1, options: { sack: [[1 + MSS, 1 + held * MSS]] } });
    }
    expect(info(script, socket)).toMatchObject({ ca_state: 3, snd_ssthresh: left });
    expect(script.counter('tcpFastRetransmits')).toBe(1);
    expect(peer.takes()).toMatchObject({ tos: NOT_CAPABLE });
    peer.ignores();
  });

  it('tells of a time-out as of any reduction, and makes none of it twice', () => {
    const { script, peer, socket } = agreed({ config });
    socket.queues(10 * MSS);
    script.settle();
    peer.expectsSegments(10, MSS, 1);
    peer.sends({ flags: 'ACK ECE', ack: 1 });
    script.passes(3_000_000);
    expect(info(script, socket)).toMatchObject({ ca_state: 4, snd_ssthresh: left });
    for (const { tos } of peer.inbox) expect(tos).toBe(NOT_CAPABLE);
    peer.ignores();
    peer.acks(1 + 10 * MSS);
    socket.queues(2 * MSS);
    script.settle();
    expect(peer.takes().flags & 0x80).toBe(0x80);
    peer.ignores();
  });
});

it('tells in the first segment alone of a packet that the device cuts', () => {
  const { script, peer, socket } = agreed({ config: BY_TIME, segmentBytesMax: 65_000 });
  socket.queues(10 * MSS);
  script.settle();
  peer.ignores();
  peer.sends({ flags: 'ACK ECE', ack: 1 + 10 * MSS });
  socket.queues(3 * MSS);
  script.settle();
  const cut = peer.inbox.map(({ payload, flags, tos }) => [payload.length, flags & 0x80, tos]);
  expect(cut).toEqual([
    [MSS, 0x80, CAPABLE],
    [MSS, 0, CAPABLE],
    [MSS, 0, CAPABLE],
  ]);
  expect(script.host.requests.at(-1)?.payloadBytes).toBe(3 * MSS);
  peer.ignores();
});

describe('the receiver (RFC 3168 §6.1.3)', () => {
  it('echoes the mark of several segments that cross as one, until the sender slows down', () => {
    const { script, peer } = agreed();
    const { packets, stack } = script.host;
    const frames = [0, 1].map((i) => peer.frame({ length: 100, flags: i ? 'ACK' : 'ACK CWR', tos: MARKED }));
    const slots = frames.map((frame) => {
      const slot = packets.take();
      script.region.bytes.set(frame, packets.addressOf(slot));
      packets.chains.set(slot, packets.addressOf(slot) + HEADER_AT, 100);
      return slot;
    });
    packets.chains.next[slots[0]] = slots[1];
    script.region.view.setUint16(packets.addressOf(slots[0]) + 16, 240);
    stack.input(slots[0], packets.addressOf(slots[0]), 254, RX_CHECKSUM_CHECKED | RX_MERGED, script.nowUs);
    script.settle();
    peer.expects({ flags: 'ACK ECE', ack: 201 });
    peer.sends({ length: 100, flags: 'ACK CWR', tos: CAPABLE });
    peer.expects({ flags: 'ACK', ack: 301 });
    expect(script.counter('ipInCePkts')).toBe(1);
  });

  it.each([
    ['one fragment is marked', [CAPABLE, MARKED], ['ACK ECE', 0]],
    ['one is marked, and one cannot be: all is dropped', [NOT_CAPABLE, MARKED], ['', 1]],
  ])('of a segment in fragments: %s (§5.3)', (_name, tos, expected) => {
    const { script, peer } = agreed();
    const frame = peer.frame({ length: 100 });
    const body = frame.slice(34);
    const part = (from: number, to: number, field: number, service: number) =>
      script.inject(
        ipv4Frame(peer.address, script.host.address, 6, body.slice(from, to), field, 7, service),
        0,
      );
    part(0, 64, 0x2000, tos[0]);
    part(64, body.length, 8, tos[1]);
    script.settle();
    const flags = peer.inbox.length === 0 ? '' : peer.relative(peer.takes()).flags;
    expect([flags, script.counter('ipReasmFails')]).toEqual(expected);
  });

  it('takes no mark where ECN was not agreed on', () => {
    const { script, peer } = established();
    peer.sends({ length: 100, tos: MARKED });
    peer.expects({ flags: 'ACK', ack: 101 });
    expect(script.counter('ipInCePkts')).toBe(1);
  });

  it('is agreed on by a listener, whose connections it makes', () => {
    const { script, socket } = accepted();
    expect(info(script, socket)?.options ?? -1).toBe(0);
  });
});

it.each(WAYS)(
  'a stream over a wire that marks, and loses nothing, is never sent again %s',
  (_name, config) => {
    const world = new World({ delayUs: 5000, mark: 0.03, config: { ...config, ecn: 1 } });
    const { client, server } = world.connect();
    const bytes = pattern(200_000);
    expect(world.a.sendBytes(client, bytes)).toBe(0);
    expect(world.run(20_000_000, () => world.b.stack.tcpReadable(server) === bytes.length)).toBe(true);
    expect(Buffer.from(world.b.takeAll(server)).equals(bytes)).toBe(true);
    const counts = world.a.ledger.snapshot();
    expect(counts['tcpRetransSegs']).toBe(0);
    expect(counts['tcpEcnReductions']).toBeGreaterThan(1);
    const marks = world.b.ledger.snapshot()['ipInCePkts'];
    expect(marks).toBeGreaterThanOrEqual(counts['tcpEcnReductions']);
  },
);
