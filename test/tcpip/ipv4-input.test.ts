/** The boundary for IPv4 packets: each refusal, under its counter, and what must not be refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Host, type HostOptions, VERIFIED } from './bed.ts';
import { ipv4Frame, tcpFrame, udpBody, udpFrame } from './frames.ts';
import { pattern, sum16 } from './harness.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;
const SIZE = 20;

function bed(options: HostOptions = {}) {
  const host = new Host(options);
  return { host, v: host.udp(9) };
}

/** A good datagram to us, changed, with its header's checksum made right again. */
function changed(change: (view: DataView) => void, isSummed = true): Uint8Array {
  const frame = udpFrame(PEER, OWN, 5, 9, pattern(SIZE));
  const view = new DataView(frame.buffer);
  change(view);
  if (isSummed) sumHeader(frame);
  return frame;
}

function sumHeader(frame: Uint8Array): void {
  const view = new DataView(frame.buffer);
  const length = Math.min((frame[14] & 15) * 4, frame.length - 14);
  view.setUint16(24, 0);
  view.setUint16(24, ~sum16(frame, 14, length) & 0xffff);
}

/** A datagram whose IPv4 header has options. */
function withOptions(options: number[]): Uint8Array {
  const plain = udpFrame(PEER, OWN, 5, 9, pattern(SIZE));
  const frame = new Uint8Array(plain.length + options.length);
  frame.set(plain.subarray(0, 34));
  frame.set(options, 34);
  frame.set(plain.subarray(34), 34 + options.length);
  frame[14] = 0x40 | (5 + options.length / 4);
  new DataView(frame.buffer).setUint16(16, frame.length - 14);
  sumHeader(frame);
  return frame;
}

function expectRefused(frame: Uint8Array, counter: string, options: HostOptions = {}): void {
  const { host, v } = bed(options);
  host.receive(frame);
  host.flush();
  expect(host.counter(counter)).toBe(1);
  expect(host.counter('ipInReceives')).toBe(1);
  expect(host.takeFrom(v)).toBeUndefined();
  expect(host.ports[0].sent, 'no answer').toEqual([]);
  host.expectSlotsHome();
}

describe('a header that is wrong is dropped without an answer, under ipInHdrErrors', () => {
  for (const [what, change] of [
    ['version 6 (RFC 1122 §3.2.1.1)', (view: DataView) => view.setUint8(14, 0x65)],
    ['a header length of four words', (view: DataView) => view.setUint8(14, 0x44)],
    ['a header longer than the packet', (view: DataView) => view.setUint8(14, 0x4f)],
    ['a total length beyond the frame', (view: DataView) => view.setUint16(16, 49)],
    ['a total length shorter than the header', (view: DataView) => view.setUint16(16, 19)],
  ] as const) {
    it(what, () => expectRefused(changed(change), 'ipInHdrErrors'));
  }

  for (let bit = 0; bit < 16; bit += 5) {
    it(`a checksum that is wrong in bit ${bit} (RFC 1122 §3.2.1.2)`, () => {
      expectRefused(
        changed((view) => view.setUint16(24, view.getUint16(24) ^ (1 << bit)), false),
        'ipInHdrErrors',
      );
    });
  }

  it('a checksum of 0 is a checksum', () => {
    expectRefused(
      changed((view) => view.setUint16(24, 0), false),
      'ipInHdrErrors',
    );
  });

  for (let length = 14; length < 34; length += 3) {
    it(`${length - 14} bytes of a header`, () => {
      expectRefused(udpFrame(PEER, OWN, 5, 9, pattern(SIZE)).slice(0, length), 'ipInHdrErrors');
    });
  }
});

describe('a header that the device has verified', () => {
  it('is not summed again', () => {
    const { host, v } = bed();
    host.receive(
      changed((view) => view.setUint16(24, 0x1234), false),
      0,
      VERIFIED,
    );
    expect(host.takeFrom(v)).toEqual(pattern(SIZE));
  });

  it('is checked in all but its sum', () => {
    const { host, v } = bed();
    host.receive(
      changed((view) => view.setUint16(16, 49)),
      0,
      VERIFIED,
    );
    expect(host.counter('ipInHdrErrors')).toBe(1);
    expect(host.takeFrom(v)).toBeUndefined();
  });
});

describe('an address that is wrong is dropped, under ipInAddrErrors (RFC 1122 §3.2.1.3)', () => {
  for (const [what, source, destination] of [
    ['to another host', PEER, 0x0a000009],
    ['to another network', PEER, 0x0a000109],
    ['to another network’s broadcast address', PEER, 0x0a0001ff],
    ['to a multicast group nobody has joined', PEER, 0xe0000001 | 0],
    ['to 0.0.0.0', PEER, 0],
    ['to 127/8 from a wire', PEER, 0x7f000001],
    ['from a broadcast address', 0x0a0000ff, OWN],
    ['from the limited broadcast address', -1, OWN],
    ['from 0.0.0.0', 0, OWN],
    ['from network 0', 0x00010203, OWN],
    ['from a multicast address', 0xe0000001 | 0, OWN],
    ['from class E', 0xf0000001 | 0, OWN],
    ['from 127/8 by a wire', 0x7f000001, OWN],
    ['from our own address by a wire', OWN, OWN],
  ] as const) {
    it(what, () => {
      const frame = udpFrame(source, destination, 5, 9, pattern(SIZE));
      new DataView(frame.buffer).setInt32(8, 0x222);
      expectRefused(frame, 'ipInAddrErrors');
    });
  }

  it('our own address is believed in a frame with our own hardware address', () => {
    const { host, v } = bed();
    const frame = udpFrame(OWN, OWN, 5, 9, pattern(SIZE));
    new DataView(frame.buffer).setInt32(8, host.ports[0].macLow);
    host.receive(frame);
    expect(host.takeFrom(v)).toEqual(pattern(SIZE));
  });

  it('all six bytes of the hardware address must be ours', () => {
    const { host, v } = bed();
    const frame = udpFrame(OWN, OWN, 5, 9, pattern(SIZE));
    new DataView(frame.buffer).setInt32(8, host.ports[0].macLow);
    frame[6] ^= 2;
    host.receive(frame);
    expect(host.takeFrom(v)).toBeUndefined();
  });
});

describe('what must not be refused', () => {
  for (const [what, destination] of [
    ['its own address', OWN],
    ['the limited broadcast address', -1],
    ['the subnet’s broadcast address', 0x0a0000ff],
  ] as const) {
    it(`a datagram to ${what}`, () => {
      const { host, v } = bed();
      host.receive(udpFrame(PEER, destination, 5, 9, pattern(SIZE)));
      expect(host.takeFrom(v)).toEqual(pattern(SIZE));
    });
  }

  for (const ttl of [0, 1, 255]) {
    it(`a time to live of ${ttl}: only routers look at it (RFC 1122 §3.2.1.7)`, () => {
      const { host, v } = bed();
      host.receive(changed((view) => view.setUint8(22, ttl)));
      expect(host.takeFrom(v)).toEqual(pattern(SIZE));
    });
  }

  for (const tos of [0, 0x10, 0xb8, 0xff]) {
    it(`a type of service of ${tos}`, () => {
      const { host, v } = bed();
      host.receive(changed((view) => view.setUint8(15, tos)));
      expect(host.takeFrom(v)).toEqual(pattern(SIZE));
    });
  }

  it('an atomic packet without DF, whatever its identification (RFC 6864 §4.1)', () => {
    const { host, v } = bed();
    host.receive(
      changed((view) => {
        view.setUint16(18, 0xbeef);
        view.setUint16(20, 0);
      }),
    );
    expect(host.takeFrom(v)).toEqual(pattern(SIZE));
    expect(host.counter('ipReasmReqds')).toBe(0);
  });

  it('the reserved bit of the fragment field', () => {
    const { host, v } = bed();
    host.receive(changed((view) => view.setUint16(20, 0x8000)));
    expect(host.takeFrom(v)).toEqual(pattern(SIZE));
  });

  it('padding to the least Ethernet frame', () => {
    const { host, v } = bed();
    const frame = udpFrame(PEER, OWN, 5, 9, pattern(1));
    const padded = new Uint8Array(60).fill(0x5a);
    padded.set(frame);
    host.receive(padded);
    expect(host.takeFrom(v)).toEqual(pattern(1));
  });

  for (const [what, options] of [
    ['no-operations', [1, 1, 1, 1]],
    ['end of the list', [0, 0, 0, 0]],
    ['record route', [7, 7, 4, 0, 0, 0, 0, 0]],
    ['a timestamp', [68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['a router alert', [148, 4, 0, 0]],
    ['an option that nobody knows', [222, 4, 9, 9]],
    ['an option whose length is 0', [7, 0, 0, 0]],
    ['an option longer than the header', [7, 200, 4, 0]],
    ['40 bytes of them', Array(40).fill(1) as number[]],
  ] as const) {
    it(`options: ${what} (RFC 1122 §3.2.1.8: those not understood are ignored)`, () => {
      const { host, v } = bed();
      host.receive(withOptions([...options]));
      expect(host.takeFrom(v)).toEqual(pattern(SIZE));
    });
  }
});

describe('what the packet is', () => {
  for (const type of [0x86dd, 0x0842, 0x8100, 0, 0xffff, 46]) {
    it(`Ethernet type ${type.toString(16)} is not looked at`, () => {
      const { host } = bed();
      const frame = udpFrame(PEER, OWN, 5, 9, pattern(SIZE));
      new DataView(frame.buffer).setUint16(12, type);
      host.receive(frame);
      expect(host.counter('ipInReceives')).toBe(0);
      host.expectSlotsHome();
    });
  }

  it('less than an Ethernet header is not looked at', () => {
    const { host } = bed();
    for (let length = 0; length < 14; length++) host.receive(new Uint8Array(length));
    expect(host.counter('ipInReceives')).toBe(0);
    host.expectSlotsHome();
  });

  for (const protocol of [0, 2, 41, 89, 255]) {
    it(`protocol ${protocol} is unknown, and answered so (RFC 1122 §3.2.2.1)`, () => {
      const { host } = bed();
      host.receive(ipv4Frame(PEER, OWN, protocol, pattern(SIZE)));
      host.stack.flush(host.nowUs);
      expect(host.counter('ipInUnknownProtos')).toBe(1);
      expect(host.stack['icmp']['queues'][0].isWaiting).toBe(true);
    });
  }

  it('a segment to many is not TCP’s, and not answered (RFC 9293 MUST-57)', () => {
    const { host } = bed();
    host.listen(80);
    for (const destination of [-1, 0x0a0000ff]) {
      host.receive(tcpFrame({ source: PEER, destination, sourcePort: 5, destinationPort: 80, flags: 2 }));
      host.receive(tcpFrame({ source: PEER, destination, sourcePort: 5, destinationPort: 81, flags: 2 }));
    }
    host.flush();
    expect(host.ports[0].sent).toEqual([]);
    host.expectSlotsHome();
  });
});

describe('whatever a frame’s bytes are', () => {
  it('its slot comes home, and one packet is counted once', () => {
    const host = new Host();
    host.udp(9);
    const base = udpFrame(PEER, OWN, 5, 9, udpBody(PEER, OWN, 1, 2, pattern(40)));
    const flips = fc.array(
      fc.tuple(fc.integer({ min: 12, max: base.length - 1 }), fc.integer({ min: 0, max: 255 })),
      {
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(flips, fc.integer({ min: 0, max: base.length }), fc.boolean(), (list, length, summed) => {
        const frame = base.slice();
        for (const [at, value] of list) frame[at] = value;
        if (summed) sumHeader(frame);
        const counted = host.counter('ipInReceives');
        host.receive(frame.slice(0, length));
        host.flush();
        expect(host.counter('ipInReceives') - counted).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
    for (let i = 0; i < 64; i++) host.pass(1_000_000);
    while (host.takeFrom(0) !== undefined);
    host.expectSlotsHome();
  });
});
