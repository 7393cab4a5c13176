/** UDP sockets by state: bound, connected, full, in error, closed; and what each call answers. */
import { describe, expect, it } from 'vitest';
import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  ECONNREFUSED,
  EDESTADDRREQ,
  EHOSTUNREACH,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  ENOBUFS,
  ENOPROTOOPT,
} from '../../src/socket/errno.ts';
import { SO_BROADCAST, SO_ERROR, SO_REUSEADDR, TCP_NODELAY } from '../../src/socket/options.ts';
import { Host, type HostOptions, VERIFIED } from './bed.ts';
import { arpFrame, ipv4Frame, udpBody, udpFrame } from './frames.ts';
import { pattern } from './harness.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;
const OTHER = 0x0a000003;
const LOOPBACK = 0x7f000001;
const SECOND = 1_000_000;

function bed(options: HostOptions = {}) {
  const host = new Host(options);
  host.receive(arpFrame({ operation: 2, sender: PEER, senderMac: 0x222, target: OWN }));
  host.flush();
  host.ports[0].takeSent();
  return host;
}

const open = (host: Host, owner = 1) => host.stack.udpOpen(owner);
const from = (source: number, port: number, length = 5, to = 9) =>
  udpFrame(source, OWN, port, to, pattern(length));

describe('opening', () => {
  it('gives as many sockets as there are, and then none', () => {
    const host = bed({ config: { udpSocketsMax: 3 } });
    const sockets = [0, 1, 2].map((owner) => open(host, owner));
    expect(new Set(sockets).size).toBe(3);
    expect(open(host)).toBe(-1);
    host.stack.udpClose(sockets[1]);
    expect(open(host)).toBe(sockets[1]);
  });

  it('gives none where there are none', () => {
    expect(open(bed({ config: { udpSocketsMax: 0 } }))).toBe(-1);
  });

  it('gives a socket that knows nothing of its last user', () => {
    const host = bed({ config: { udpSocketsMax: 1 } });
    const u = host.udp(9);
    host.stack.udpConnect(u, PEER, 5);
    host.stack.udpSetOption(u, SO_BROADCAST, 1);
    host.receive(from(PEER, 5));
    host.stack.udpClose(u);
    expect(open(host, 2)).toBe(u);
    const { stack } = host;
    expect([stack.udpLocalPort(u), stack.udpRemotePort(u), stack.udpReadable(u)]).toEqual([0, 0, -1]);
    expect(stack.udpGetOption(u, SO_BROADCAST)).toBe(0);
    host.expectSlotsHome();
  });
});

describe('binding', () => {
  for (const [what, address, errno] of [
    ['any address', 0, 0],
    ['its own', OWN, 0],
    ['127.0.0.1', LOOPBACK, 0],
    ['another host’s', PEER, EADDRNOTAVAIL],
  ] as const) {
    it(`to ${what} answers ${errno}`, () => {
      const host = bed();
      const u = open(host);
      expect(host.stack.udpBind(u, address, 80)).toBe(errno);
      expect(host.stack.udpLocalPort(u)).toBe(errno === 0 ? 80 : 0);
    });
  }

  it('twice is refused', () => {
    const host = bed();
    expect(host.stack.udpBind(host.udp(80), 0, 81)).toBe(EINVAL);
  });

  it('to port 0 chooses an ephemeral one that is free', () => {
    const host = bed({ config: { ephemeralFirst: 5000, ephemeralLast: 5002 } });
    const ports = [1, 2, 3].map((owner) => {
      const u = open(host, owner);
      expect(host.stack.udpBind(u, 0, 0)).toBe(0);
      return host.stack.udpLocalPort(u);
    });
    expect(ports.sort()).toEqual([5000, 5001, 5002]);
    expect(host.stack.udpBind(open(host), 0, 0)).toBe(EADDRINUSE);
  });

  for (const [first, second, errno] of [
    [0, 0, EADDRINUSE],
    [OWN, OWN, EADDRINUSE],
    [0, OWN, EADDRINUSE],
    [OWN, 0, EADDRINUSE],
    [OWN, LOOPBACK, 0],
  ] as const) {
    it(`one port to ${first.toString(16)} and to ${second.toString(16)} answers ${errno}`, () => {
      const host = bed();
      host.udp(80, first);
      expect(host.stack.udpBind(open(host), second, 80)).toBe(errno);
    });
  }

  for (const [first, second, errno] of [
    [1, 1, 0],
    [1, 0, EADDRINUSE],
    [0, 1, EADDRINUSE],
  ] as const) {
    it(`one port with SO_REUSEADDR ${first} and ${second} answers ${errno}`, () => {
      const host = bed();
      const a = open(host);
      const b = open(host);
      host.stack.udpSetOption(a, SO_REUSEADDR, first);
      host.stack.udpSetOption(b, SO_REUSEADDR, second);
      expect(host.stack.udpBind(a, 0, 80)).toBe(0);
      expect(host.stack.udpBind(b, 0, 80)).toBe(errno);
    });
  }

  it('to a port that was closed is free again', () => {
    const host = bed();
    host.stack.udpClose(host.udp(80));
    expect(host.stack.udpBind(open(host), 0, 80)).toBe(0);
  });
});

describe('connecting', () => {
  for (const [what, address, port, errno] of [
    ['a host', PEER, 5, 0],
    ['port 0', PEER, 0, EINVAL],
    ['where no route leads', 0x08080808, 5, ENETUNREACH],
    ['a broadcast address without SO_BROADCAST', 0x0a0000ff, 5, EACCES],
    ['the limited broadcast address without SO_BROADCAST', -1, 5, EACCES],
  ] as const) {
    it(`to ${what} answers ${errno}`, () => {
      const host = bed();
      const u = open(host);
      expect(host.stack.udpConnect(u, address, port)).toBe(errno);
      expect(host.stack.udpRemotePort(u)).toBe(errno === 0 ? port : 0);
    });
  }

  it('to a broadcast address is allowed with SO_BROADCAST', () => {
    const host = bed();
    const u = open(host);
    host.stack.udpSetOption(u, SO_BROADCAST, 1);
    expect(host.stack.udpConnect(u, 0x0a0000ff, 5)).toBe(0);
  });

  it('to address 0 means ourselves, as on Linux', () => {
    const host = bed();
    const u = open(host);
    host.stack.udpConnect(u, 0, 5);
    expect(host.stack.udpRemoteAddress(u)).toBe(LOOPBACK);
    expect(host.stack.udpLocalAddress(u)).toBe(LOOPBACK);
  });

  it('gives an unbound socket an address and a port', () => {
    const host = bed();
    const u = open(host);
    host.stack.udpConnect(u, PEER, 5);
    expect(host.stack.udpLocalAddress(u)).toBe(OWN);
    expect(host.stack.udpLocalPort(u)).toBeGreaterThanOrEqual(16384);
  });

  it('when every ephemeral port is taken answers EADDRINUSE', () => {
    const host = bed({ config: { ephemeralFirst: 5000, ephemeralLast: 5000 } });
    host.udp(5000);
    expect(host.stack.udpConnect(open(host), PEER, 5)).toBe(EADDRINUSE);
  });

  it('again changes the peer', () => {
    const host = bed();
    const u = host.udp(9);
    host.stack.udpConnect(u, PEER, 5);
    host.stack.udpConnect(u, OTHER, 6);
    host.receive(from(PEER, 5));
    expect(host.takeFrom(u)).toBeUndefined();
    host.receive(from(OTHER, 6));
    expect(host.takeFrom(u)).toEqual(pattern(5));
  });
});

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

describe('errors of a socket', () => {
  it('EHOSTUNREACH when its next hop never answers, and its bytes come back', () => {
    const host = bed();
    const u = host.udp(7);
    host.stack.udpConnect(u, OTHER, 9);
    host.sendTo(u, 0, 0, pattern(10));
    for (let i = 0; i < 4; i++) host.pass(SECOND);
    expect(host.told).toEqual(['readable 7']);
    expect(host.done).toHaveLength(1);
    expect(host.stack.udpGetOption(u, SO_ERROR)).toBe(EHOSTUNREACH);
    expect(host.stack.udpGetOption(u, SO_ERROR), 'told once').toBe(0);
  });

  it('are read without being cleared by udpError', () => {
    const host = bed();
    const u = host.udp(7);
    host.stack['udp']['tellError'](host.stack['udp'].sockets[u], ECONNREFUSED);
    expect([host.stack.udpError(u), host.stack.udpError(u)]).toEqual([ECONNREFUSED, ECONNREFUSED]);
  });

  it('are told to nobody once the socket is closed', () => {
    const host = bed();
    const u = host.udp(7);
    host.sendTo(u, OTHER, 9, pattern(10));
    host.flush();
    host.stack.udpClose(u);
    for (let i = 0; i < 4; i++) host.pass(SECOND);
    expect(host.told).toEqual([]);
    expect(host.done).toHaveLength(1);
  });
});

describe('options', () => {
  for (const option of [SO_BROADCAST, SO_REUSEADDR]) {
    it(`${option} is off at first, and any number but 0 turns it on`, () => {
      const host = bed();
      const u = open(host);
      const values = [undefined, 5, 0].map((value) => {
        if (value !== undefined) expect(host.stack.udpSetOption(u, option, value)).toBe(0);
        return host.stack.udpGetOption(u, option);
      });
      expect(values).toEqual([0, 1, 0]);
    });
  }

  it('of TCP, and SO_ERROR to be set, are refused', () => {
    const host = bed();
    const u = open(host);
    expect(host.stack.udpSetOption(u, TCP_NODELAY, 1)).toBe(ENOPROTOOPT);
    expect(host.stack.udpSetOption(u, SO_ERROR, 1)).toBe(ENOPROTOOPT);
    expect(host.stack.udpGetOption(u, TCP_NODELAY)).toBe(-1000 - ENOPROTOOPT);
  });
});
