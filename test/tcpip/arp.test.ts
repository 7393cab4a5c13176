/**
 * The neighbour table by state: unknown, asked for, known, expired, given up; and what ARP packets do to it.
 */
import { describe, expect, it } from 'vitest';
import { NEIGHBOUR_BROADCAST, NEIGHBOUR_SELF } from '../../src/tcpip/arp/neighbours.ts';
import { ARP_REPLY, ARP_REQUEST } from '../../src/tcpip/header/arp.ts';
import { Host, type HostOptions } from './bed.ts';
import { arpFrame } from './frames.ts';
import { pattern } from './harness.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;
const PEER_MAC = 0x222222;
const SECOND = 1_000_000;

function bed(config: HostOptions['config'] = {}) {
  const host = new Host({ config: { address: OWN, ...config } });
  const u = host.udp(7);
  const neighbours = host.stack['neighbours'];
  return { host, u, neighbours };
}

/** Sends a datagram, so that its next hop's hardware address is wanted. */
const want = ({ host, u }: ReturnType<typeof bed>, address = PEER) => {
  expect(host.sendTo(u, address, 9, pattern(4))).toBe(0);
  host.flush();
};
const hear = (
  host: Host,
  operation: number,
  fields: { sender?: number; senderMac?: number; target?: number } = {},
) => host.receive(arpFrame({ operation, sender: PEER, senderMac: PEER_MAC, target: OWN, ...fields }));

const isArp = (frame: Uint8Array) => frame[12] === 8 && frame[13] === 6;
const arps = (host: Host) => host.ports[0].takeSent().filter(isArp);
const wordAt = (frame: Uint8Array, at: number) => new DataView(frame.buffer).getInt32(at);
const destinationMac = (frame: Uint8Array) => wordAt(frame, 2);

describe('a neighbour that is not known', () => {
  it('is asked for by one broadcast request with our addresses', () => {
    const b = bed();
    want(b);
    const [request, ...others] = arps(b.host);
    expect(others).toEqual([]);
    expect([...request.subarray(0, 6)]).toEqual([255, 255, 255, 255, 255, 255]);
    expect([...request.subarray(14, 22)]).toEqual([0, 1, 8, 0, 6, 4, 0, 1]);
    expect(wordAt(request, 24)).toBe(b.host.ports[0].macLow);
    expect(wordAt(request, 28)).toBe(OWN);
    expect([...request.subarray(32, 38)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(wordAt(request, 38)).toBe(PEER);
  });

  it('is asked for once, however much waits for it', () => {
    const b = bed();
    for (let i = 0; i < 20; i++) want(b);
    expect(arps(b.host)).toHaveLength(1);
    expect(b.host.counter('arpRequestsSent')).toBe(1);
  });

  it('is asked for again after a second, and no sooner (RFC 1122 §2.3.2.1)', () => {
    const b = bed();
    want(b);
    b.host.pass(SECOND - 1);
    expect(arps(b.host)).toHaveLength(1);
    b.host.pass(1);
    expect(arps(b.host)).toHaveLength(1);
  });

  it('tells when it is to be asked for again', () => {
    const b = bed();
    expect(b.host.stack.hasDeadline()).toBe(false);
    want(b);
    expect((b.host.stack.deadlineUs() - b.host.nowUs) | 0).toBe(SECOND);
  });

  it('is given up after three requests and three seconds', () => {
    const b = bed();
    b.host.stack.udpConnect(b.u, PEER, 9);
    want(b);
    b.host.pass(SECOND);
    b.host.pass(SECOND);
    expect(b.host.done).toHaveLength(0);
    b.host.pass(SECOND);
    expect(arps(b.host)).toHaveLength(3);
    expect(b.host.done).toHaveLength(1);
    expect(b.host.stack.udpError(b.u)).toBe(0);
    expect(b.host.stack.hasDeadline()).toBe(false);
  });

  it('is asked for anew by what is sent after it was given up', () => {
    const b = bed();
    want(b);
    for (let i = 0; i < 3; i++) b.host.pass(SECOND);
    arps(b.host);
    want(b);
    expect(arps(b.host)).toHaveLength(1);
  });

  it('gets what waited, in order, when it answers', () => {
    const b = bed();
    for (let i = 1; i <= 3; i++) {
      b.host.sendTo(b.u, PEER, 9, pattern(i));
      b.host.flush();
    }
    arps(b.host);
    hear(b.host, ARP_REPLY);
    b.host.flush();
    const frames = b.host.ports[0].sent.slice(1);
    expect(frames.map((frame) => frame.length - 42)).toEqual([1, 2, 3]);
    for (const frame of frames) expect(destinationMac(frame)).toBe(PEER_MAC);
  });

  it('is learnt from its own request, without being asked for (RFC 826)', () => {
    const b = bed();
    hear(b.host, ARP_REQUEST);
    want(b);
    const frames = b.host.ports[0].takeSent();
    expect(frames.filter(isArp)).toHaveLength(1);
    expect(wordAt(frames[0], 20) & 0xffff).toBe(0x0200);
    expect(destinationMac(frames[1])).toBe(PEER_MAC);
  });

  it('is not learnt from a packet that is for another', () => {
    const b = bed();
    hear(b.host, ARP_REQUEST, { target: 0x0a000009 });
    hear(b.host, ARP_REPLY, { target: 0x0a000009 });
    want(b);
    expect(arps(b.host)).toHaveLength(1);
  });

  it('does not make the request that is out go out again when the port was full', () => {
    const b = bed();
    b.host.ports[0].room = 0;
    want(b);
    b.host.pass(SECOND);
    b.host.pass(SECOND);
    b.host.ports[0].room = 9;
    b.host.flush();
    expect(arps(b.host)).toHaveLength(1);
  });
});

describe('a neighbour that is known', () => {
  it('is sent to without asking', () => {
    const b = bed();
    hear(b.host, ARP_REQUEST);
    b.host.flush();
    arps(b.host);
    want(b);
    expect(arps(b.host)).toEqual([]);
  });

  it('moves to another hardware address when any packet says so (RFC 826)', () => {
    const b = bed();
    hear(b.host, ARP_REQUEST);
    b.host.pass(SECOND);
    hear(b.host, ARP_REQUEST, { senderMac: 0x333, target: 0x0a000009 });
    want(b);
    expect(destinationMac(b.host.ports[0].sent.at(-1)!)).toBe(0x333);
  });

  it('keeps for a second the address that answered first, as on Linux, whoever else answers too', () => {
    const b = bed();
    want(b);
    hear(b.host, ARP_REPLY);
    hear(b.host, ARP_REPLY, { senderMac: 0x333 });
    b.host.pass(SECOND - 1000);
    hear(b.host, ARP_REPLY, { senderMac: 0x333 });
    want(b);
    expect(destinationMac(b.host.ports[0].sent.at(-1)!)).toBe(PEER_MAC);
    b.host.pass(1000);
    hear(b.host, ARP_REPLY, { senderMac: 0x333 });
    want(b);
    expect(destinationMac(b.host.ports[0].sent.at(-1)!)).toBe(0x333);
  });

  it('moves at once by a request for us, and whenever locktime is 0', () => {
    const b = bed();
    hear(b.host, ARP_REQUEST);
    hear(b.host, ARP_REQUEST, { senderMac: 0x333 });
    want(b);
    expect(destinationMac(b.host.ports[0].sent.at(-1)!)).toBe(0x333);
    const free = bed({ neighbourLockUs: 0 });
    hear(free.host, ARP_REQUEST);
    hear(free.host, ARP_REPLY, { senderMac: 0x333 });
    want(free);
    expect(destinationMac(free.host.ports[0].sent.at(-1)!)).toBe(0x333);
  });

  it('moves by a gratuitous request, whose target is its sender (RFC 5227 §3)', () => {
    const b = bed();
    hear(b.host, ARP_REQUEST);
    hear(b.host, ARP_REQUEST, { senderMac: 0x444, target: PEER });
    want(b);
    expect(destinationMac(b.host.ports[0].sent.at(-1)!)).toBe(0x444);
    expect(b.host.counter('arpRepliesSent')).toBe(1);
  });

  it('needs no timer', () => {
    const b = bed();
    hear(b.host, ARP_REQUEST);
    b.host.flush();
    expect(b.host.stack.hasDeadline()).toBe(false);
  });
});

describe('who is not believed', () => {
  for (const [what, fields] of [
    ['a sender with our own address (RFC 5227 §2.4)', { sender: OWN }],
    ['a sender of 127/8', { sender: 0x7f000001 }],
    ['the sender 0.0.0.0, who probes (RFC 5227 §2.1.1)', { sender: 0 }],
    ['a broadcast address', { sender: 0x0a0000ff }],
    ['the limited broadcast address', { sender: -1 }],
    ['a multicast address', { sender: 0xe0000001 | 0 }],
  ] as const) {
    it(`${what} is not learnt`, () => {
      const b = bed();
      hear(b.host, ARP_REPLY, fields);
      const states = [...b.neighbours['state']];
      expect(states.filter((state) => state !== 0)).toHaveLength(2);
    });
  }

  it('a hardware address that is a group’s is not learnt', () => {
    const b = bed();
    const frame = arpFrame({ operation: ARP_REQUEST, sender: PEER, senderMac: PEER_MAC, target: OWN });
    frame[22] |= 1;
    b.host.receive(frame);
    want(b);
    expect(arps(b.host).at(-1)![21]).toBe(ARP_REQUEST);
  });

  for (const at of [14, 16, 18, 19, 20]) {
    it(`a packet that is not ARP for IPv4 over Ethernet, byte ${at}, is counted and changes nothing`, () => {
      const b = bed();
      const frame = arpFrame({ operation: ARP_REQUEST, sender: PEER, senderMac: PEER_MAC, target: OWN });
      frame[at] ^= 0x40;
      b.host.receive(frame);
      b.host.flush();
      expect(arps(b.host)).toEqual([]);
      expect(b.host.counter('arpReceived')).toBe(1);
    });
  }

  it('a packet cut short changes nothing', () => {
    const b = bed();
    const frame = arpFrame({ operation: ARP_REQUEST, sender: PEER, senderMac: PEER_MAC, target: OWN });
    for (let length = 14; length < 42; length++) b.host.receive(frame.slice(0, length));
    b.host.flush();
    expect(arps(b.host)).toEqual([]);
  });
});

describe('requests for us', () => {
  it('are answered to their sender alone, with our addresses', () => {
    const b = bed();
    hear(b.host, ARP_REQUEST);
    b.host.flush();
    const [reply] = arps(b.host);
    expect([wordAt(reply, 0) >>> 16, destinationMac(reply)]).toEqual([0x0200, PEER_MAC]);
    expect(reply[21]).toBe(ARP_REPLY);
    expect([wordAt(reply, 24), wordAt(reply, 28)]).toEqual([b.host.ports[0].macLow, OWN]);
    expect([wordAt(reply, 34), wordAt(reply, 38)]).toEqual([PEER_MAC, PEER]);
  });

  it('of a prober without an address are answered too (RFC 5227 §2.1.1)', () => {
    const b = bed();
    hear(b.host, ARP_REQUEST, { sender: 0 });
    b.host.flush();
    expect(arps(b.host)).toHaveLength(1);
  });

  it('are answered, and replies are not', () => {
    const b = bed();
    hear(b.host, ARP_REPLY);
    b.host.flush();
    expect(arps(b.host)).toEqual([]);
  });

  it('for others, and for 127.0.0.1, are not answered', () => {
    const b = bed();
    for (const target of [0x0a000009, 0x7f000001, 0x0a0000ff, -1, 0]) hear(b.host, ARP_REQUEST, { target });
    b.host.flush();
    expect(arps(b.host)).toEqual([]);
  });

  it('are all answered when a whole segment asks at once', () => {
    const b = bed();
    for (let i = 0; i < 100; i++) hear(b.host, ARP_REQUEST, { sender: 0x0a000010 + i });
    b.host.flush();
    expect(arps(b.host)).toHaveLength(100);
    b.host.expectSlotsHome();
  });

  it('in a storm get an answer for each neighbour the table can hold, and the next storm is as good', () => {
    const b = bed({ neighboursMax: 16 });
    for (let round = 1; round <= 2; round++) {
      for (let i = 0; i < 100; i++) hear(b.host, ARP_REQUEST, { sender: 0x0a000010 + i });
      b.host.flush();
      expect(arps(b.host)).toHaveLength(16);
    }
    b.host.expectSlotsHome();
  });

  it('wait for room in the port', () => {
    const b = bed();
    b.host.ports[0].room = 1;
    for (let i = 0; i < 3; i++) hear(b.host, ARP_REQUEST, { sender: PEER + i });
    b.host.flush();
    expect(arps(b.host)).toHaveLength(1);
    expect(b.host.stack.hasOutput()).toBe(true);
    b.host.ports[0].room = 9;
    b.host.flush();
    expect(arps(b.host)).toHaveLength(2);
    expect(b.host.stack.hasOutput()).toBe(false);
  });
});

describe('the table', () => {
  it('has ourselves and the broadcast address from the start, and for ever', () => {
    const { host, neighbours } = bed({ neighbourReachableUs: 1 });
    host.pass(60 * SECOND);
    expect(neighbours.resolve(OWN)).toBe(NEIGHBOUR_SELF);
    expect(neighbours.resolve(0x7f010203)).toBe(NEIGHBOUR_SELF);
    expect(neighbours.resolve(-1)).toBe(NEIGHBOUR_BROADCAST);
    expect(neighbours.resolve(0x0a0000ff)).toBe(NEIGHBOUR_BROADCAST);
    expect([NEIGHBOUR_SELF, NEIGHBOUR_BROADCAST].map((entry) => neighbours.isReady(entry))).toEqual([
      true,
      true,
    ]);
    expect(host.stack.hasOutput()).toBe(false);
  });

  it('holds as many neighbours as were asked for, each with its own address', () => {
    const { host, neighbours } = bed({ neighboursMax: 1024, prefixLength: 16 });
    // Half full: a probe of eight places finds room for each.
    for (let i = 0; i < 256; i++) hear(host, ARP_REPLY, { sender: 0x0a000100 + i * 7, senderMac: i });
    for (let i = 0; i < 256; i++) {
      const entry = neighbours.resolve(0x0a000100 + i * 7);
      expect(neighbours.isReady(entry)).toBe(true);
      expect(neighbours.macLow[entry]).toBe(i);
    }
  });

  it('gives up the neighbour that would expire first for a new one', () => {
    const { host, neighbours } = bed({ neighboursMax: 16, prefixLength: 16 });
    const known: number[] = [];
    for (let i = 0; known.length < 40; i++) {
      host.pass(1000);
      const sender = 0x0a000100 + i;
      hear(host, ARP_REPLY, { sender, senderMac: i });
      known.push(sender);
      // The newest is always there.
      expect(neighbours.macLow[neighbours.resolve(sender)]).toBe(i);
      expect(neighbours.isReady(neighbours.resolve(sender))).toBe(true);
    }
    const entries = [...neighbours['state']].filter((state) => state !== 0);
    expect(entries).toHaveLength(18);
  });

  it('takes the place of one that has not answered only when all are asked for, and what waits comes back', () => {
    const b = bed({ neighboursMax: 16, prefixLength: 16, udpSocketsMax: 40 });
    for (let i = 0; i < 30; i++) {
      const u = b.host.stack.udpOpen(100 + i);
      expect(b.host.stack.udpConnect(u, 0x0a000100 + i, 9)).toBe(0);
      b.host.sendTo(u, 0, 0, pattern(1));
      b.host.flush();
    }
    expect(b.host.done).toHaveLength(30 - 16);
    // What waits is never forgotten: in the end each has been given up.
    for (let i = 0; i < 4; i++) b.host.pass(SECOND);
    expect(b.host.done).toHaveLength(30);
  });
});
