/** Datagrams that come and go: whom one is for, what is wrong with one, what a call answers. */
import { describe, expect, it } from 'vitest';
import { EACCES, EDESTADDRREQ, EINVAL, EMSGSIZE, ENETUNREACH, ENOBUFS } from '../../src/socket/errno.ts';
import { SO_BROADCAST, SO_REUSEADDR } from '../../src/socket/options.ts';
import { VERIFIED } from './bed.ts';
import { arpFrame, ipv4Frame, udpBody, udpFrame } from './frames.ts';
import { pattern } from './harness.ts';
import { bed, from, LOOPBACK, OTHER, OWN, open, PEER } from './udp-bed.ts';

describe('whom a datagram is for', () => {
  it('a connected socket hears its peer’s address and port, and nobody else', () => {
    const host = bed();
    const u = host.udp(9);
    host.stack.udpConnect(u, PEER, 5);
    for (const [source, port] of [
      [PEER, 6],
      [OTHER, 5],
    ]) {
      host.receive(from(source, port));
    }
    expect(host.takeFrom(u)).toBeUndefined();
    expect(host.counter('udpNoPorts')).toBe(2);
  });

  it('of two it goes to the one that is connected to its sender', () => {
    const host = bed();
    const [any, connected] = [open(host, 1), open(host, 2)];
    for (const u of [any, connected]) {
      host.stack.udpSetOption(u, SO_REUSEADDR, 1);
      host.stack.udpBind(u, 0, 9);
    }
    host.stack.udpConnect(connected, PEER, 5);
    host.receive(from(PEER, 5));
    host.receive(from(OTHER, 5));
    expect([host.stack.udpReadable(connected), host.stack.udpReadable(any)]).toEqual([5, 5]);
    expect(host.told).toEqual(['readable 2', 'readable 1']);
  });

  it('of two bound to its address it goes to the one that is connected, whichever was bound first', () => {
    for (const first of [true, false]) {
      const host = bed();
      const [a, b] = [open(host, 1), open(host, 2)];
      for (const u of [a, b]) {
        host.stack.udpSetOption(u, SO_REUSEADDR, 1);
        host.stack.udpBind(u, OWN, 9);
      }
      host.stack.udpConnect(first ? a : b, PEER, 5);
      host.receive(from(PEER, 5));
      expect(host.stack.udpReadable(first ? a : b)).toBe(5);
    }
  });

  it('of two it goes to the one that is bound to its address', () => {
    const host = bed();
    const [bound, any] = [open(host, 1), open(host, 2)];
    for (const u of [bound, any]) host.stack.udpSetOption(u, SO_REUSEADDR, 1);
    host.stack.udpBind(bound, OWN, 9);
    host.stack.udpBind(any, 0, 9);
    host.receive(from(PEER, 5));
    host.receive(udpFrame(PEER, 0x0a0000ff, 5, 9, pattern(6)));
    expect([host.stack.udpReadable(bound), host.stack.udpReadable(any)]).toEqual([5, 6]);
  });

  it('a socket bound to 127.0.0.1 does not hear the wire', () => {
    const host = bed();
    host.udp(9, LOOPBACK);
    host.receive(from(PEER, 5));
    expect(host.counter('udpNoPorts')).toBe(1);
  });
});

describe('receiving', () => {
  it('tells who sent what was taken last', () => {
    const host = bed();
    const u = host.udp(9);
    host.receive(from(PEER, 5));
    host.receive(from(OTHER, 6));
    host.takeFrom(u);
    expect([host.stack.udpSourceAddress(u), host.stack.udpSourcePort(u)]).toEqual([PEER, 5]);
    host.takeFrom(u);
    expect([host.stack.udpSourceAddress(u), host.stack.udpSourcePort(u)]).toEqual([OTHER, 6]);
  });

  it('keeps datagrams apart and in order, empty ones too', () => {
    const host = bed();
    const u = host.udp(9);
    for (const length of [3, 0, 7]) host.receive(from(PEER, 5, length));
    expect([host.stack.udpReadable(u), host.takeFrom(u)?.length]).toEqual([3, 3]);
    expect([host.stack.udpReadable(u), host.takeFrom(u)?.length]).toEqual([0, 0]);
    expect([host.stack.udpReadable(u), host.takeFrom(u)?.length]).toEqual([7, 7]);
    expect([host.stack.udpReadable(u), host.takeFrom(u)]).toEqual([-1, undefined]);
  });

  it('loses what does not fit the reader, and counts it', () => {
    const host = bed();
    const u = host.udp(9);
    host.receive(from(PEER, 5, 100));
    expect(host.takeFrom(u, 40)).toEqual(pattern(40));
    expect(host.takeFrom(u)).toBeUndefined();
    expect([
      host.counter('bytesAccepted'),
      host.counter('bytesDelivered'),
      host.counter('bytesTruncated'),
    ]).toEqual([100, 40, 60]);
    host.expectSlotsHome();
  });

  it('loses what does not fit the reader of a datagram in fragments', () => {
    const host = bed();
    const u = host.udp(9);
    const body = udpBody(PEER, OWN, 5, 9, pattern(2000));
    host.receive(ipv4Frame(PEER, OWN, 17, body.slice(0, 1480), 0x2000, 1));
    host.receive(ipv4Frame(PEER, OWN, 17, body.slice(1480), 1480 >> 3, 1));
    expect(host.takeFrom(u, 1500)).toEqual(pattern(1500));
    expect(host.counter('bytesTruncated')).toBe(500);
    host.expectSlotsHome();
  });

  it('drops what would pass the limit of datagrams, and goes on when some are taken', () => {
    const host = bed({ config: { udpReceiveDatagrams: 2 } });
    const u = host.udp(9);
    for (let i = 1; i <= 3; i++) host.receive(from(PEER, 5, i));
    expect(host.counter('udpInErrors')).toBe(1);
    expect(host.takeFrom(u)).toEqual(pattern(1));
    host.receive(from(PEER, 5, 4));
    expect([host.takeFrom(u)?.length, host.takeFrom(u)?.length]).toEqual([2, 4]);
  });

  it('drops what would pass the limit of bytes, headers counted', () => {
    const host = bed({ config: { udpReceiveBytes: 60 } });
    const u = host.udp(9);
    host.receive(from(PEER, 5, 22));
    host.receive(from(PEER, 5, 23));
    expect(host.counter('udpInErrors')).toBe(1);
    host.receive(from(PEER, 5, 22));
    expect([host.takeFrom(u)?.length, host.takeFrom(u)?.length]).toEqual([22, 22]);
  });

  it('leaves a quarter of the packet slots to others', () => {
    const host = bed({ slots: 32 });
    host.udp(9);
    for (let i = 0; i < 32; i++) host.receive(from(PEER, 5, 1));
    expect(host.packets.available).toBe(8);
    expect(host.counter('udpInErrors')).toBe(8);
  });

  it('is told for each datagram', () => {
    const host = bed();
    host.udp(9);
    for (let i = 0; i < 3; i++) host.receive(from(PEER, 5, 1));
    expect(host.told).toEqual(Array(3).fill('readable 9'));
  });

  it('of a closed socket’s datagrams is counted as unread', () => {
    const host = bed();
    const u = host.udp(9);
    for (let i = 0; i < 3; i++) host.receive(from(PEER, 5, 10));
    host.stack.udpClose(u);
    expect(host.counter('bytesUnread')).toBe(30);
    host.expectSlotsHome();
  });
});

describe('the checksum (RFC 1122 §4.1.3.4)', () => {
  const broken = from(PEER, 5).map((byte, at) => (at === 45 ? byte ^ 4 : byte));

  it('that is wrong costs the datagram', () => {
    const host = bed();
    const u = host.udp(9);
    host.receive(broken);
    expect(host.takeFrom(u)).toBeUndefined();
    expect(host.counter('udpInErrors')).toBe(1);
  });

  it('that the device has verified is not made again', () => {
    const host = bed();
    const u = host.udp(9);
    host.receive(broken, 0, VERIFIED);
    expect(host.takeFrom(u)).toHaveLength(5);
  });

  it('0 means that there is none (RFC 768)', () => {
    const host = bed();
    const u = host.udp(9);
    const frame = broken.slice();
    frame.fill(0, 40, 42);
    host.receive(frame);
    expect(host.takeFrom(u)).toHaveLength(5);
  });

  it('covers the pseudo-header: another destination is another checksum', () => {
    const host = bed();
    const u = host.udp(9);
    host.receive(ipv4Frame(OTHER, OWN, 17, udpBody(PEER, OWN, 5, 9, pattern(5))));
    expect(host.takeFrom(u)).toBeUndefined();
  });

  it('of 0 is sent as all ones (RFC 768)', () => {
    const host = bed({ ports: [{ transmitChecksum: false }] });
    const u = host.udp(7);
    // Two bytes that bring the sum to 0xffff.
    const plain = new DataView(udpBody(OWN, PEER, 7, 9, Uint8Array.of(0, 0)).buffer);
    const rest = plain.getUint16(6);
    host.sendTo(u, PEER, 9, Uint8Array.of(rest >> 8, rest & 255));
    host.flush();
    const frame = host.ports[0].sent.at(-1)!;
    expect([frame[40], frame[41]]).toEqual([255, 255]);
  });
});

describe('a UDP header that is wrong', () => {
  for (const [what, stated, isTaken] of [
    ['shorter than itself', 7, false],
    ['longer than the packet', 14, false],
    ['shorter than the packet', 10, true],
  ] as const) {
    it(`a stated length ${what} ${isTaken ? 'cuts the datagram' : 'costs it'}`, () => {
      const host = bed();
      const u = host.udp(9);
      const frame = from(PEER, 5);
      new DataView(frame.buffer).setUint16(38, stated);
      frame.fill(0, 40, 42);
      host.receive(frame);
      expect(host.takeFrom(u)?.length).toBe(isTaken ? stated - 8 : undefined);
      expect(host.counter('udpInErrors')).toBe(isTaken ? 0 : 1);
      host.expectSlotsHome();
    });
  }

  it('cut short costs the datagram', () => {
    const host = bed();
    host.udp(9);
    for (let length = 0; length < 8; length++) host.receive(ipv4Frame(PEER, OWN, 17, pattern(length)));
    expect(host.counter('udpInErrors')).toBe(8);
    host.expectSlotsHome();
  });
});

describe('sending', () => {
  for (const [what, address, port, errno] of [
    ['to nobody', 0, 0, EDESTADDRREQ],
    ['to port 0', PEER, 0, EDESTADDRREQ],
    ['where no route leads', 0x08080808, 9, ENETUNREACH],
    ['to a broadcast address without SO_BROADCAST', 0x0a0000ff, 9, EACCES],
    ['to the limited broadcast address without SO_BROADCAST', -1, 9, EACCES],
  ] as const) {
    it(`${what} answers ${errno}, and nothing is queued`, () => {
      const host = bed();
      expect(host.sendTo(host.udp(7), address, port, pattern(1))).toBe(errno);
      host.flush();
      expect([host.done, host.ports[0].takeSent()]).toEqual([[], []]);
    });
  }

  it('more than 65,507 bytes answers EMSGSIZE', () => {
    const host = bed();
    const u = host.udp(7);
    expect(host.sendTo(u, PEER, 9, pattern(65508))).toBe(EMSGSIZE);
    expect(host.sendTo(u, PEER, 9, pattern(65000), pattern(508))).toBe(EMSGSIZE);
    expect(host.sendTo(u, PEER, 9, pattern(65507))).toBe(0);
  });

  it('from 127.0.0.1 to another host answers EINVAL, as on Linux (RFC 1122 §3.2.1.3)', () => {
    const host = bed();
    const u = host.udp(7, LOOPBACK);
    host.stack.udpSetOption(u, SO_BROADCAST, 1);
    for (const address of [PEER, 0x08080808, -1, 0x0a0000ff]) {
      expect(host.sendTo(u, address, 9, pattern(1))).toBe(EINVAL);
      expect(host.stack.udpConnect(u, address, 9)).toBe(EINVAL);
    }
    expect(host.sendTo(u, OWN, 9, pattern(1))).toBe(0);
  });

  it('counts what had no route', () => {
    const host = bed();
    host.sendTo(host.udp(7), 0x08080808, 9, pattern(1));
    expect(host.counter('ipOutNoRoutes')).toBe(1);
  });

  it('to address 0 with a port means ourselves, as on Linux', () => {
    const host = bed();
    const v = host.udp(9);
    host.sendTo(host.udp(7), 0, 9, pattern(3));
    host.turn();
    host.turn();
    expect(host.takeFrom(v)).toEqual(pattern(3));
  });

  it('from an unbound socket binds it', () => {
    const host = bed();
    const u = open(host);
    host.sendTo(u, PEER, 9, pattern(1));
    expect(host.stack.udpLocalPort(u)).toBeGreaterThan(0);
    expect(host.stack.udpLocalAddress(u)).toBe(0);
  });

  it('a connected socket may send to another', () => {
    const host = bed();
    const u = host.udp(7);
    host.stack.udpConnect(u, OTHER, 5);
    host.sendTo(u, PEER, 9, pattern(1));
    host.flush();
    const frame = host.ports[0].takeSent()[0];
    expect(new DataView(frame.buffer).getInt32(30)).toBe(PEER);
  });

  it('takes as many pieces as there are references, and then answers ENOBUFS', () => {
    const host = bed({ config: { udpSendsMax: 4 } });
    host.ports[0].room = 0;
    const u = host.udp(7);
    expect(host.sendTo(u, PEER, 9, pattern(1), pattern(1), pattern(1))).toBe(0);
    expect(host.sendTo(u, PEER, 9, pattern(1), pattern(1))).toBe(ENOBUFS);
    expect(host.sendTo(u, PEER, 9, pattern(1))).toBe(0);
    expect(host.sendTo(u, PEER, 9, pattern(1))).toBe(ENOBUFS);
    host.ports[0].room = 9;
    host.flush();
    expect(host.sendTo(u, PEER, 9, ...Array.from({ length: 4 }, () => pattern(1)))).toBe(0);
  });

  it('answers each piece’s context once, when the datagram has gone', () => {
    const host = bed();
    host.ports[0].room = 0;
    const u = host.udp(7);
    host.sendTo(u, PEER, 9, pattern(1), pattern(2), pattern(3));
    host.flush();
    expect(host.done).toEqual([]);
    host.ports[0].room = 1;
    host.flush();
    expect(host.done).toHaveLength(3);
  });

  it('balances the bytes: queued are sent or discarded', () => {
    const host = bed();
    const u = host.udp(7);
    host.sendTo(u, PEER, 9, pattern(100));
    host.flush();
    host.sendTo(u, PEER, 9, pattern(30));
    host.stack.udpDiscard(u);
    expect(['bytesQueued', 'udpOutDataBytes', 'bytesDiscarded'].map((name) => host.counter(name))).toEqual([
      130, 100, 30,
    ]);
  });

  it('of a closed socket is finished', () => {
    const host = bed();
    const u = host.udp(7);
    host.sendTo(u, PEER, 9, pattern(10));
    host.stack.udpClose(u);
    host.flush();
    expect(host.ports[0].takeSent()).toHaveLength(1);
    expect(host.done).toHaveLength(1);
  });

  it('discards only its own socket’s datagrams, those put aside too', () => {
    const host = bed();
    const [a, b] = [host.udp(7), host.udp(8)];
    host.ports[0].room = 0;
    for (const u of [a, b, a]) host.sendTo(u, PEER, 9, pattern(10));
    for (const u of [a, b]) host.sendTo(u, OTHER, 9, pattern(20));
    host.flush();
    expect(host.stack.udpDiscard(a)).toBe(3);
    expect(host.done).toHaveLength(3);
    host.ports[0].room = 9;
    host.receive(arpFrame({ operation: 2, sender: OTHER, senderMac: 0x333, target: OWN }));
    host.flush();
    const ports = host.ports[0].takeSent().filter((frame) => frame[13] === 0);
    expect(ports.map((frame) => frame[35])).toEqual([8, 8]);
  });
});
