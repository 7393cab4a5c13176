/** Datagrams as they leave: whole or in fragments, whatever the MTU, the pieces and the room in the port. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMSGSIZE } from '../../src/socket/errno.ts';
import { TX_CHECKSUM } from '../../src/tcpip/contract.ts';
import { Host, join, type PortOptions, run } from './bed.ts';
import { arpFrame } from './frames.ts';
import { pattern, sum16 } from './harness.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;

function bed(port: PortOptions = {}) {
  const host = new Host({ ports: [port], slots: 512 });
  host.receive(arpFrame({ operation: 1, sender: PEER, senderMac: 0x222, target: OWN }));
  host.flush();
  host.ports[0].takeSent();
  return { host, u: host.udp(7) };
}

interface Packet {
  id: number;
  flags: number;
  offset: number;
  payload: Uint8Array;
}

function read(frame: Uint8Array): Packet {
  const view = new DataView(frame.buffer);
  expect(sum16(frame, 14, 20), 'IPv4 header checksum').toBe(0xffff);
  expect(view.getUint16(16)).toBe(frame.length - 14);
  const field = view.getUint16(20);
  return {
    id: view.getUint16(18),
    flags: field >>> 13,
    offset: (field & 0x1fff) << 3,
    payload: frame.slice(34),
  };
}

/** The transport's bytes, from packets in order. */
const together = (packets: Packet[]) =>
  new Uint8Array(Buffer.concat(packets.map((packet) => packet.payload)));

describe('a datagram by a route that says an MTU', () => {
  it('goes in fragments of that, and whole where it fits, as by Linux', () => {
    const { host, u } = bed();
    const route = { destination: PEER, prefixLength: 32, via: 0, port: 0, mtu: 600 };
    expect(host.stack.ways.addRoute(route, host.nowUs)).toBe(0);
    const packetsOf = (bytes: number) => {
      host.sendTo(u, PEER, 9, pattern(bytes));
      host.flush();
      return host.ports[0].takeSent().map(read);
    };
    expect(packetsOf(572).map(({ payload }) => payload.length)).toEqual([580]);
    const parts = packetsOf(1472);
    expect(parts.map(({ payload }) => payload.length)).toEqual([576, 576, 328]);
    expect(together(parts).slice(8)).toEqual(pattern(1472));
    host.stack.ways.removeRoute(PEER, 32, host.nowUs);
    expect(packetsOf(1472)).toHaveLength(1);
  });

  it('is as large as its port lets it where the route says more', () => {
    const { host, u } = bed();
    host.stack.ways.addRoute({ destination: PEER, prefixLength: 32, via: 0, port: 0, mtu: 9000 }, host.nowUs);
    host.sendTo(u, PEER, 9, pattern(2000));
    host.flush();
    expect(host.ports[0].takeSent()).toHaveLength(2);
  });
});

describe('a datagram that fits the MTU', () => {
  it('goes whole, with DF and no identification (RFC 6864 §4.1)', () => {
    const { host, u } = bed();
    host.sendTo(u, PEER, 9, pattern(1472));
    host.flush();
    const [packet, ...others] = host.ports[0].takeSent().map(read);
    expect(others).toEqual([]);
    expect([packet.id, packet.flags, packet.offset]).toEqual([0, 2, 0]);
    expect(packet.payload.slice(8)).toEqual(pattern(1472));
  });

  it('has the configured time to live, its protocol, and no options', () => {
    const host = new Host({ config: { ttl: 17 } });
    host.receive(arpFrame({ operation: 1, sender: PEER, senderMac: 0x222, target: OWN }));
    host.sendTo(host.udp(7), PEER, 9, pattern(1));
    host.flush();
    const frame = host.ports[0].sent.at(-1)!;
    expect([frame[14], frame[15], frame[22], frame[23]]).toEqual([0x45, 0, 17, 17]);
  });

  it('leaves its checksum to a device that makes it', () => {
    const { host, u } = bed();
    host.sendTo(u, PEER, 9, pattern(100));
    host.flush();
    expect(host.ports[0].requests.at(-1)!.flags).toBe(TX_CHECKSUM);
  });

  it('with an empty payload is a UDP header alone', () => {
    const { host, u } = bed();
    host.sendTo(u, PEER, 9, pattern(0));
    host.flush();
    expect(host.ports[0].takeSent().map((frame) => frame.length)).toEqual([42]);
  });
});

describe('a datagram larger than the MTU (RFC 791 §3.2)', () => {
  for (const [mtu, length, lengths] of [
    [1500, 1473, [1480, 1]],
    [1500, 2952, [1480, 1480]],
    [1500, 2953, [1480, 1480, 1]],
    [576, 1000, [552, 456]],
    [68, 100, [48, 48, 12]],
    [1006, 1000, [984, 24]],
  ] as const) {
    it(`of ${length} bytes goes in ${lengths.length} packets of an MTU of ${mtu}`, () => {
      const { host, u } = bed({ mtu });
      host.sendTo(u, PEER, 9, pattern(length));
      host.flush();
      const packets = host.ports[0].takeSent().map(read);
      expect(packets.map((packet) => packet.payload.length)).toEqual(lengths);
      expect(packets.map((packet) => packet.flags)).toEqual(
        lengths.map((_, i) => (i + 1 < lengths.length ? 1 : 0)),
      );
      expect(together(packets).slice(8)).toEqual(pattern(length));
    });
  }

  it('has fragments of one identification, and the next datagram another', () => {
    const { host, u } = bed();
    for (let i = 0; i < 2; i++) host.sendTo(u, PEER, 9, pattern(3000));
    host.flush();
    const ids = host.ports[0].takeSent().map((frame) => read(frame).id);
    expect(ids).toHaveLength(6);
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    expect(ids[3]).not.toBe(ids[0]);
  });

  it('has its checksum made before it is cut, whatever the device can', () => {
    const { host, u } = bed();
    const peer = new Host({ config: { address: PEER }, slots: 512 });
    join(host.ports[0], peer.ports[0]);
    const v = peer.udp(9);
    host.sendTo(u, PEER, 9, pattern(3001));
    run([host, peer]);
    expect(host.ports[0].requests.slice(-3).map((request) => request.flags)).toEqual([0, 0, 0]);
    expect(peer.takeFrom(v)).toEqual(pattern(3001));
  });

  it('goes on where it stopped when the port was full', () => {
    const { host, u } = bed();
    host.sendTo(u, PEER, 9, pattern(6000));
    host.ports[0].room = 0;
    for (let i = 0; i < 5; i++) {
      host.flush();
      expect(host.done).toEqual([]);
      host.ports[0].room = 1;
    }
    host.flush();
    const packets = host.ports[0].takeSent().map(read);
    expect(packets.map((packet) => packet.offset)).toEqual([0, 1480, 2960, 4440, 5920]);
    expect(together(packets).slice(8)).toEqual(pattern(6000));
    expect(host.done).toHaveLength(1);
  });

  it('that is discarded in the middle leaves the next one whole', () => {
    const { host, u } = bed();
    host.ports[0].room = 2;
    host.sendTo(u, PEER, 9, pattern(6000));
    host.flush();
    expect(host.stack.udpDiscard(u)).toBe(1);
    host.ports[0].room = 99;
    host.sendTo(u, PEER, 9, pattern(2000, 7));
    host.flush();
    const packets = host.ports[0].takeSent().slice(2).map(read);
    expect(packets.map((packet) => packet.offset)).toEqual([0, 1480]);
    expect(together(packets).slice(8)).toEqual(pattern(2000, 7));
  });

  it('that another socket’s discard does not touch goes on', () => {
    const { host, u } = bed();
    const other = host.udp(8);
    host.ports[0].room = 2;
    host.sendTo(u, PEER, 9, pattern(6000));
    host.sendTo(other, PEER, 9, pattern(10));
    host.flush();
    expect(host.stack.udpDiscard(other)).toBe(1);
    host.ports[0].room = 99;
    host.flush();
    expect(together(host.ports[0].takeSent().map(read)).slice(8)).toEqual(pattern(6000));
  });
});

describe('a datagram of many pieces', () => {
  it('that one packet may not have goes in fragments, each a multiple of eight but the last', () => {
    const { host, u } = bed({ piecesMax: 16 });
    const parts = Array.from({ length: 20 }, (_, i) => pattern(i < 15 ? 1 + (i % 2) : 1, i));
    host.sendTo(u, PEER, 9, ...parts);
    host.flush();
    const packets = host.ports[0].takeSent().map(read);
    expect(packets.map((packet) => packet.payload.length % 8).slice(0, -1)).toEqual([0]);
    expect(together(packets).slice(8)).toEqual(new Uint8Array(Buffer.concat(parts)));
  });

  it('arrives as it was, whatever the pieces, the MTU and the port’s limit', () => {
    const pieces = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 120 });
    const port = fc.record({
      mtu: fc.constantFrom(68, 100, 576, 1500),
      piecesMax: fc.integer({ min: 8, max: 20 }),
      transmitChecksum: fc.boolean(),
    });
    fc.assert(
      fc.property(pieces, port, (lengths, options) => {
        const { host, u } = bed(options);
        const peer = new Host({ config: { address: PEER }, ports: [{ mtu: options.mtu }], slots: 2048 });
        join(host.ports[0], peer.ports[0]);
        const v = peer.udp(9);
        const parts = lengths.map((length, i) => pattern(length, i * 11));
        expect(host.sendTo(u, PEER, 9, ...parts)).toBe(0);
        run([host, peer]);
        const sent = host.ports[0].takeSent().map(read);
        for (const packet of sent.slice(0, -1)) expect(packet.payload.length % 8).toBe(0);
        const expected = new Uint8Array(Buffer.concat(parts));
        expect(together(sent).slice(8)).toEqual(expected);
        if (sent.length <= 128) expect(peer.takeFrom(v)).toEqual(expected);
        expect(host.done).toHaveLength(lengths.length);
      }),
      { numRuns: 150 },
    );
  });

  it('may have 256 of them, and no more', () => {
    const { host, u } = bed();
    const parts = (count: number) => Array.from({ length: count }, () => pattern(9));
    expect(host.sendTo(u, PEER, 9, ...parts(257))).toBe(EMSGSIZE);
    expect(host.sendTo(u, PEER, 9, ...parts(256))).toBe(0);
    host.flush();
    expect(together(host.ports[0].takeSent().map(read))).toHaveLength(8 + 256 * 9);
  });
});
