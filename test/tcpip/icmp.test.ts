/** ICMP errors (RFC 792, RFC 1122 §3.2.2): which are sent, and what is done with those that come. */
import { describe, expect, it } from 'vitest';
import { ECONNREFUSED, EHOSTUNREACH, ENOPROTOOPT, EPROTO } from '../../src/socket/errno.ts';
import { arpFrame, echoBody, ipv4Frame, tcpFrame, udpFrame } from './frames.ts';
import { pattern, sum16 } from './harness.ts';
import { answers, bed, icmp, isIcmp, summed } from './icmp-bed.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;
const STRANGER = 0x0a000003;
const SECOND = 1_000_000;
const UNREACHABLE = 3;

/** An ICMP error that quotes a frame. */
function errorAbout(frame: Uint8Array, type: number, code: number, word = 0, quoted = 28): Uint8Array {
  const body = new Uint8Array(8 + quoted);
  body[0] = type;
  body[1] = code;
  new DataView(body.buffer).setInt32(4, word);
  body.set(frame.slice(14, 14 + quoted), 8);
  return icmp(summed(body));
}

describe('"destination unreachable" (RFC 1122 §3.2.2.1)', () => {
  const closed = udpFrame(PEER, OWN, 5, 99, pattern(40));

  it('"port" answers a datagram that no socket wants, and quotes it', () => {
    const host = bed();
    host.receive(closed);
    const [error] = answers(host);
    expect([...error.slice(34, 36), ...error.slice(38, 42)]).toEqual([UNREACHABLE, 3, 0, 0, 0, 0]);
    expect(error.slice(42)).toEqual(closed.slice(14));
    expect(sum16(error, 34, error.length - 34)).toBe(0xffff);
    expect(host.counter('icmpOutDestUnreachs')).toBe(1);
    expect(host.counter('udpNoPorts')).toBe(1);
    host.expectSlotsHome();
  });

  it('"protocol" answers a packet that is nobody’s', () => {
    const host = bed();
    const frame = ipv4Frame(PEER, OWN, 132, pattern(40));
    host.receive(frame);
    const [error] = answers(host);
    expect([...error.slice(34, 36)]).toEqual([UNREACHABLE, 2]);
    expect(error.slice(42)).toEqual(frame.slice(14));
  });

  // Captured from Linux 6.18: bytes of the datagram's payload, the MTU, and bytes of the packet that answers.
  for (const [bytes, mtu, whole] of [
    [0, 1500, 56],
    [4, 1500, 60],
    [100, 1500, 156],
    [519, 1500, 575],
    [520, 1500, 576],
    [521, 1500, 576],
    [1400, 1500, 576],
    [100, 200, 156],
    [150, 200, 200],
    [400, 200, 200],
  ] as const) {
    it(`of ${whole} bytes answers a datagram of ${bytes} over an MTU of ${mtu} (RFC 1812 §4.3.2.3)`, () => {
      const host = bed({ ports: [{ mtu }] });
      const frame = udpFrame(PEER, OWN, 5, 99, pattern(bytes));
      host.receive(frame);
      const [error, ...others] = answers(host);
      expect(others).toEqual([]);
      expect(error).toHaveLength(14 + whole);
      expect(error.slice(42)).toEqual(frame.slice(14, 14 + whole - 28));
      expect(sum16(error, 34, error.length - 34)).toBe(0xffff);
      host.expectSlotsHome();
    });
  }

  // Captured from Linux 6.18.
  for (const [service, answered] of [
    [0, 0xc0],
    [0x10, 0xd0],
    [0xff, 0xde],
  ] as const) {
    it(`has the type of service ${answered} where that of its cause is ${service}, and may be cut`, () => {
      const host = bed();
      const frame = udpFrame(PEER, OWN, 5, 99, pattern(40));
      frame[15] = service;
      frame[22] = 9;
      frame.fill(0, 24, 26);
      new DataView(frame.buffer).setUint16(24, ~sum16(frame, 14, 20) & 0xffff);
      host.receive(frame);
      const [error] = answers(host);
      expect([error[15], error[20] & 0x40, error[22]]).toEqual([answered, 0, 64]);
    });
  }

  it('quotes a datagram that came in fragments as if it had come whole, across its slots', () => {
    const host = bed();
    // Captured from Linux 6.18: length 3028, no fragment, and the checksum of that header.
    const body = udpFrame(PEER, OWN, 5, 99, pattern(3000)).slice(34);
    for (const [from, to] of [
      [0, 24],
      [24, 1480],
      [1480, 2960],
      [2960, 3008],
    ] as const) {
      const field = (from >> 3) | (to < 3008 ? 0x2000 : 0);
      host.receive(ipv4Frame(PEER, OWN, 17, body.slice(from, to), field, 78));
    }
    const [error] = answers(host);
    const quoted = new DataView(error.buffer, error.byteOffset + 42);
    expect([quoted.getUint16(2), quoted.getUint16(4), quoted.getUint16(6)]).toEqual([3028, 78, 0]);
    expect(sum16(error, 42, 20)).toBe(0xffff);
    expect(error.slice(62)).toEqual(body.slice(0, 528));
    host.expectSlotsHome();
  });

  it('quotes of a datagram in many small fragments what its port takes in one packet', () => {
    const host = bed({ ports: [{ piecesMax: 4 }] });
    const body = udpFrame(PEER, OWN, 5, 99, pattern(72)).slice(34);
    for (let from = 0; from < 80; from += 8) {
      const field = (from >> 3) | (from < 72 ? 0x2000 : 0);
      host.receive(ipv4Frame(PEER, OWN, 17, body.slice(from, from + 8), field, 78));
    }
    const [error, ...others] = answers(host);
    expect(others).toEqual([]);
    expect(error.slice(62)).toEqual(body.slice(0, 32));
    host.expectSlotsHome();
  });

  it('has another identification than the one before it, and says nothing of those of other hosts', () => {
    const host = bed({ config: { icmpErrorsPerSecond: 1000 } });
    const ids = [0, 1, 2].map(() => {
      host.receive(closed);
      return new DataView(answers(host)[0].buffer).getUint16(18);
    });
    expect([(ids[1] - ids[0]) & 0xffff, (ids[2] - ids[1]) & 0xffff]).toEqual([1, 1]);
    host.receive(arpFrame({ operation: 2, sender: STRANGER, senderMac: 0x333, target: OWN }));
    host.receive(udpFrame(STRANGER, OWN, 5, 99, pattern(40)));
    host.receive(closed);
    const [, after] = answers(host).map((frame) => new DataView(frame.buffer).getUint16(18));
    expect((after - ids[2]) & 0xffff).toBe(1);
  });

  for (const length of [0, 1, 7, 8, 9]) {
    it(`quotes no more than there is of a payload of ${length} bytes`, () => {
      const host = bed();
      // Every slot has held other bytes before.
      host.region.bytes.fill(0x77, host.packets.addressOf(0));
      host.receive(ipv4Frame(PEER, OWN, 132, pattern(length)));
      expect(answers(host)[0].slice(42 + 20)).toEqual(pattern(length));
    });
  }

  it('quotes the options of the header as well', () => {
    const host = bed();
    const plain = ipv4Frame(PEER, OWN, 132, new Uint8Array([1, 1, 1, 1, ...pattern(40)]));
    plain[14] = 0x46;
    plain.fill(0, 24, 26);
    new DataView(plain.buffer).setUint16(24, ~sum16(plain, 14, 24) & 0xffff);
    host.receive(plain);
    expect(answers(host)[0].slice(42)).toEqual(plain.slice(14));
  });

  for (const [what, frame] of [
    ['a datagram to the limited broadcast address', udpFrame(PEER, -1, 5, 99, pattern(4))],
    ['a datagram to the subnet’s broadcast address', udpFrame(PEER, 0x0a0000ff, 5, 99, pattern(4))],
    ['an ICMP message', icmp(summed(Uint8Array.of(13, 0, 0, 0, 0, 1, 0, 1)))],
    ['an ICMP error', errorAbout(closed, UNREACHABLE, 3)],
    ['an ICMP message of a type that nobody knows', icmp(summed(Uint8Array.of(99, 0, 0, 0, 0, 1, 0, 1)))],
    [
      'a datagram whose checksum is wrong',
      udpFrame(PEER, OWN, 5, 99, pattern(4)).map((b, i) => (i === 44 ? b ^ 1 : b)),
    ],
  ] as const) {
    it(`is never sent about ${what}`, () => {
      const host = bed();
      host.receive(frame);
      expect(answers(host)).toEqual([]);
      host.expectSlotsHome();
    });
  }

  it('"time exceeded" is sent about an echo request whose fragments did not all come', () => {
    const host = bed();
    host.receive(ipv4Frame(PEER, OWN, 1, echoBody(1, 1, pattern(64)).slice(0, 40), 0x2000, 3));
    host.pass(30 * SECOND);
    expect(host.ports[0].sent.filter(isIcmp).map((frame) => [frame[34], frame[35]])).toEqual([[11, 1]]);
    host.expectSlotsHome();
  });

  it('"time exceeded" is never sent about an ICMP error whose fragments did not all come', () => {
    const host = bed();
    const error = errorAbout(closed, UNREACHABLE, 3).slice(34);
    host.receive(ipv4Frame(PEER, OWN, 1, error.slice(0, 32), 0x2000, 3));
    host.pass(30 * SECOND);
    expect(host.counter('ipReasmFails')).toBe(1);
    expect(host.ports[0].sent.filter(isIcmp)).toEqual([]);
    host.expectSlotsHome();
  });

  it('is not sent faster than the limit, all destinations together', () => {
    const host = bed({ config: { icmpErrorsPerSecond: 3 } });
    const burst = () => {
      for (let i = 0; i < 10; i++) host.receive(closed);
      return answers(host).length;
    };
    expect(burst()).toBe(3);
    host.pass(SECOND / 2);
    expect(burst()).toBe(0);
    host.pass(SECOND / 2);
    expect(burst()).toBe(3);
    host.expectSlotsHome();
  });

  it('is not sent at all with a limit of 0', () => {
    const host = bed({ config: { icmpErrorsPerSecond: 0 } });
    host.receive(closed);
    expect(answers(host)).toEqual([]);
    host.expectSlotsHome();
  });

  it('does not count an echo reply against the limit', () => {
    const host = bed({ config: { icmpErrorsPerSecond: 1 } });
    host.receive(closed);
    for (let i = 0; i < 5; i++) host.receive(icmp(echoBody(1, i, pattern(1))));
    expect(answers(host)).toHaveLength(6);
  });
});

describe('an ICMP error that comes, about a datagram of ours', () => {
  /** A connected socket that has sent one datagram, and that datagram. */
  function connected() {
    const host = bed();
    const u = host.udp(7);
    host.stack.udpConnect(u, PEER, 9);
    host.sendTo(u, 0, 0, pattern(20));
    host.flush();
    return { host, u, sent: host.ports[0].takeSent()[0] };
  }

  for (const [code, errno, what] of [
    [2, ENOPROTOOPT, 'protocol'],
    [3, ECONNREFUSED, 'port'],
    [13, EHOSTUNREACH, 'prohibited'],
  ] as const) {
    it(`"${what} unreachable" is errno ${errno} of the socket`, () => {
      const { host, u, sent } = connected();
      host.receive(errorAbout(sent, UNREACHABLE, code));
      expect(host.told).toEqual(['readable 7']);
      expect(host.stack.udpError(u)).toBe(errno);
    });
  }

  // As Linux: what may be over by the next datagram is told only to who asks for it (IP_RECVERR).
  for (const [code, what] of [
    [0, 'network'],
    [1, 'host'],
    [5, 'source route'],
  ] as const) {
    it(`"${what} unreachable" is not told to a UDP socket`, () => {
      const { host, u, sent } = connected();
      host.receive(errorAbout(sent, UNREACHABLE, code));
      expect(host.told).toEqual([]);
      expect(host.stack.udpError(u)).toBe(0);
    });
  }

  it('"parameter problem" is EPROTO', () => {
    const { host, u, sent } = connected();
    host.receive(errorAbout(sent, 12, 0));
    expect(host.stack.udpError(u)).toBe(EPROTO);
    host.expectSlotsHome();
  });

  it('is told once, by the next send', () => {
    const { host, u, sent } = connected();
    host.receive(errorAbout(sent, UNREACHABLE, 3));
    expect(host.sendTo(u, 0, 0, pattern(1))).toBe(ECONNREFUSED);
    expect(host.sendTo(u, 0, 0, pattern(1))).toBe(0);
  });

  for (const [what, change] of [
    ['quotes another source', (body: DataView) => body.setInt32(12, STRANGER)],
    ['quotes another destination', (body: DataView) => body.setInt32(16, STRANGER)],
    ['quotes another local port', (body: DataView) => body.setUint16(20, 8)],
    ['quotes another remote port', (body: DataView) => body.setUint16(22, 8)],
    ['quotes another protocol', (body: DataView) => body.setUint8(9, 132)],
    ['quotes a later fragment', (body: DataView) => body.setUint16(6, 100)],
    ['quotes a header of four words', (body: DataView) => body.setUint8(0, 0x44)],
    ['quotes a header longer than what it quotes', (body: DataView) => body.setUint8(0, 0x4f)],
  ] as const) {
    it(`that ${what} is told to nobody`, () => {
      const { host, u, sent } = connected();
      const quoted = sent.slice();
      change(new DataView(quoted.buffer, 14));
      host.receive(errorAbout(quoted, UNREACHABLE, 3));
      expect(host.told).toEqual([]);
      expect(host.stack.udpError(u)).toBe(0);
      host.expectSlotsHome();
    });
  }

  for (const quoted of [0, 1, 19, 20, 27]) {
    it(`that quotes ${quoted} bytes is dropped, under icmpInErrors`, () => {
      const { host, u, sent } = connected();
      host.receive(errorAbout(sent, UNREACHABLE, 3, 0, quoted));
      expect(host.counter('icmpInErrors')).toBe(1);
      expect(host.stack.udpError(u)).toBe(0);
    });
  }

  for (const type of [4, 5, 11]) {
    it(`of type ${type} is not told to a UDP socket`, () => {
      const { host, u, sent } = connected();
      host.receive(errorAbout(sent, type, 0));
      expect(host.stack.udpError(u)).toBe(0);
      host.expectSlotsHome();
    });
  }

  it('is not told to a socket that is not connected (RFC 1122 §4.1.3.3)', () => {
    const host = bed();
    const u = host.udp(7);
    host.sendTo(u, PEER, 9, pattern(20));
    host.flush();
    host.receive(errorAbout(host.ports[0].takeSent()[0], UNREACHABLE, 3));
    expect(host.stack.udpError(u)).toBe(0);
  });

  it('about a segment of no connection is told to nobody', () => {
    const host = bed();
    const segment = tcpFrame({ source: OWN, destination: PEER, sourcePort: 5, destinationPort: 80 });
    host.receive(errorAbout(segment, UNREACHABLE, 3));
    expect(host.told).toEqual([]);
    host.expectSlotsHome();
  });

  it('about a SYN of ours fails the open (RFC 5461)', () => {
    const host = bed();
    host.connect(PEER, 80, 3);
    host.flush();
    const [syn] = host.ports[0].takeSent();
    host.receive(errorAbout(syn, UNREACHABLE, 3));
    expect(host.told).toEqual([`connected 3 ${ECONNREFUSED}`]);
  });
});

describe('other ICMP messages', () => {
  for (const type of [0, 1, 2, 6, 7, 9, 10, 13, 14, 15, 16, 17, 18, 30, 40, 255]) {
    it(`of type ${type} are counted, and dropped without an answer (RFC 1122 §3.2.2)`, () => {
      const host = bed();
      host.receive(icmp(summed(Uint8Array.of(type, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8))));
      expect(answers(host)).toEqual([]);
      expect([host.counter('icmpInMsgs'), host.counter('icmpInErrors')]).toEqual([1, 0]);
      host.expectSlotsHome();
    });
  }
});
