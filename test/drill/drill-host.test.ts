/** The library below the scripts: a host in virtual time, by bytes in and bytes out. */
import { describe, expect, it } from 'vitest';
import { DrillHost } from '../../src/drill/host/drill-host.ts';
import { DrillMemory } from '../../src/drill/host/drill-memory.ts';
import {
  buildPacket,
  decodePacket,
  type WirePacket,
  type WireTcp,
} from '../../src/drill/wire/wire-packet.ts';
import { errnoName } from '../../src/socket/errno.ts';
import { ACK, FIN, PSH, RST, SYN } from '../../src/tcpip/header/tcp.ts';

const LOCAL = 0xc0a8_0001;
const PEER = 0xc000_0201;
const PORT = 80;
const MEMORY = new DrillMemory();
const NOTHING = new Uint8Array(0);

interface Sent {
  readonly us: number;
  readonly packet: WirePacket;
}

/** A host and what it has sent. */
function drilled(settings: Record<string, number> = {}, seed = 1) {
  const sent: Sent[] = [];
  const host = new DrillHost({
    address: LOCAL,
    seed,
    settings,
    memory: MEMORY,
    capture: (bytes, us) => sent.push({ us, packet: decodePacket(bytes) }),
  });
  const from = (tcp: Partial<WireTcp>, payload = NOTHING): Uint8Array =>
    buildPacket(
      { source: PEER, destination: LOCAL, tos: 0, ttl: 64, id: 1 },
      {
        kind: 'tcp',
        sourcePort: 1000,
        destinationPort: PORT,
        seq: 0,
        ack: 0,
        flags: 0,
        window: 1000,
        urgent: 0,
        options: NOTHING,
        ...tcp,
      },
      payload,
    );
  return { host, sent, from };
}

function tcpOf({ packet: { transport } }: Sent): WireTcp {
  if (transport?.kind !== 'tcp') throw new Error('a segment is expected');
  return transport;
}

/** A connection that a peer has opened and a program has accepted. */
function accepted(settings: Record<string, number> = {}) {
  const drill = drilled(settings);
  const { host, sent, from } = drill;
  const { sockets } = host;
  const listener = sockets.socket();
  expect(sockets.bind(listener, 0, PORT)).toBe(0);
  expect(sockets.listen(listener, 1)).toBe(0);
  host.inject(from({ flags: SYN, seq: 100 }));
  const iss = tcpOf(sent[0]).seq;
  host.inject(from({ flags: ACK, seq: 101, ack: iss + 1 }));
  const socket = sockets.accept(listener);
  expect(socket).toBeGreaterThanOrEqual(0);
  sent.length = 0;
  return { ...drill, sockets, socket, iss };
}

it('answers a connect with a SYN, and again after each second', () => {
  const { host, sent } = drilled();
  const { sockets } = host;
  const socket = sockets.socket();
  expect(errnoName(sockets.connect(socket, PEER, PORT))).toBe('EINPROGRESS');
  expect(host.nextDeadline()).toBe(1_000_000);
  host.advance(3_000_000);
  expect(sent.map(({ us, packet }) => [us, tcpOf({ us, packet }).flags])).toEqual([
    [0, SYN],
    [1_000_000, SYN],
    [2_000_000, SYN],
    [3_000_000, SYN],
  ]);
  expect(host.nowUs).toBe(3_000_000);
  expect(sent.every(({ packet }) => packet.fault === '')).toBe(true);
});

it('carries bytes both ways, and balances its books', () => {
  const { host, sent, from, sockets, socket, iss } = accepted();
  host.inject(from({ flags: ACK | PSH, seq: 101, ack: iss + 1 }, Uint8Array.from([1, 2, 3])));
  const buffer = new Uint8Array(10);
  expect(host.readableBytes(socket)).toBe(3);
  expect(sockets.recv(socket, buffer, 0, 10)).toBe(3);
  expect([...buffer.subarray(0, 3)]).toEqual([1, 2, 3]);
  sent.length = 0;
  expect(sockets.send(socket, Uint8Array.from([4, 5]), 0, 2)).toBe(2);
  expect([tcpOf(sent[0]).flags, ...sent[0].packet.payload]).toEqual([ACK | PSH, 4, 5]);
  expect(host.tcpInfo(socket)).toMatchObject({ unacked: 1, snd_cwnd: 10, outq_bytes: 2, state: 1 });
  host.inject(from({ flags: ACK, seq: 104, ack: iss + 3 }));
  expect(host.tcpInfo(socket)).toMatchObject({ unacked: 0, outq_bytes: 0 });
  expect(host.reconcile().lines).toEqual([]);
  expect(host.counters()).toMatchObject({ bytesSent: 2, bytesReceived: 3 });
});

it('lets a packet arrive later, at its time', () => {
  const { host, sent, from, sockets, socket, iss } = accepted();
  host.inject(from({ flags: ACK | FIN, seq: 101, ack: iss + 1 }), 5000);
  host.advance(4999);
  expect([sent.length, host.nextDeadline()]).toEqual([0, 5000]);
  host.advance(1);
  expect(sent.map(({ us }) => us)).toEqual([5000]);
  expect(sockets.recv(socket, new Uint8Array(1), 0, 1)).toBe(0);
});

it('is the same to the byte with the same seed, and another with another', () => {
  const bytes = (seed: number): string[] => {
    const { host, sent } = drilled({}, seed);
    host.sockets.connect(host.sockets.socket(), PEER, PORT);
    host.advance(10_000_000);
    return sent.map((one) => JSON.stringify(one));
  };
  expect(bytes(7)).toEqual(bytes(7));
  expect(bytes(7)).not.toEqual(bytes(8));
});

describe('settings by Linux’s names', () => {
  it.each([
    [{ 'net.ipv4.tcp_timestamps': 0 }, 12],
    [{ 'net.ipv4.tcp_timestamps': 0, 'net.ipv4.tcp_sack': 0 }, 8],
    [{ 'net.ipv4.tcp_timestamps': 0, 'net.ipv4.tcp_sack': 0, 'net.ipv4.tcp_window_scaling': 0 }, 4],
  ])('%j', (settings, optionBytes) => {
    const { host, sent } = drilled(settings);
    host.sockets.connect(host.sockets.socket(), PEER, PORT);
    expect(tcpOf(sent[0]).options).toHaveLength(optionBytes);
  });

  it('change while the host runs', () => {
    const { host, sent } = drilled();
    expect(host.set('net.ipv4.ip_default_ttl', 7)).toEqual({ kind: 'set' });
    host.sockets.connect(host.sockets.socket(), PEER, PORT);
    expect(sent[0].packet.ip.ttl).toBe(7);
  });

  it.each([
    ['net.ipv4.tcp_frobnicate', '1', /there is no setting net\.ipv4\.tcp_frobnicate here/],
    ['net.ipv4.tcp_abort_on_overflow', '1', /asks for a reset where a backlog is full, which is not there/],
    ['net.ipv4.tcp_ecn', '3', /tcp_ecn=3: expected 0 to 2, got 3/],
    ['net.ipv4.tcp_syn_retries', '1000', /tcp_syn_retries=1000: expected 0 to 255, got 1000/],
    ['net.ipv4.tcp_rmem', '1 2', /expected 3 numbers/],
  ])('%s=%s is lacking', (name, value, words) => {
    expect(drilled().host.set(name, value)).toMatchObject({
      kind: 'lacking',
      words: expect.stringMatching(words),
    });
    expect(() => new DrillHost({ settings: { [name]: value }, memory: MEMORY })).toThrow(words);
  });

  it('that change nothing say why', () => {
    expect(drilled().host.set('net.ipv4.tcp_stdurg', '0')).toEqual({ kind: 'idle', words: 'it is so' });
  });
});

it('resets what comes to a port where nobody listens, before it knows anybody', () => {
  const { host, sent, from } = drilled();
  host.inject(from({ flags: ACK, seq: 1, ack: 77 }));
  expect(sent.map((one) => [tcpOf(one).flags, tcpOf(one).seq])).toEqual([[RST, 77]]);
});

it('survives bytes that are no packet', () => {
  const { host, sent } = drilled();
  for (const length of [0, 1, 19, 20, 40, 65_535]) host.inject(new Uint8Array(length).fill(0x45));
  expect(sent).toEqual([]);
});

it('comes back to itself', () => {
  const { host, sent } = drilled();
  const { sockets } = host;
  const listener = sockets.socket();
  sockets.bind(listener, 0x7f00_0001, PORT);
  sockets.listen(listener, 1);
  const socket = sockets.socket();
  sockets.connect(socket, 0x7f00_0001, PORT);
  host.settle();
  expect(sockets.accept(listener)).toBeGreaterThanOrEqual(0);
  expect(sent).toEqual([]);
});

it.each([
  ['mtu', () => new DrillHost({ mtu: 67, memory: MEMORY })],
  ['mtu', () => drilled().host.setMtu(70_000)],
  ['us', () => drilled().host.advance(-1)],
  ['atUs', () => drilled().host.inject(NOTHING, -1)],
])('refuses a wrong %s by its name', (name, action) => {
  expect(action).toThrow(RangeError);
  expect(action).toThrow(`"${name}" expected`);
});
