/**
 * What is done about the MTU of a datagram's path: IP_MTU_DISCOVER of a socket, IP_MTU, a route's `mtu` and
 * `mtu lock`, and what routers say (RFC 1191). All rows were captured from Linux 6.18.
 */
import { describe, expect, it } from 'vitest';
import { EINVAL, EMSGSIZE, ENOPROTOOPT, ENOTCONN } from '../../src/socket/errno.ts';
import {
  IP_MTU,
  IP_MTU_DISCOVER,
  MTU_DISCOVER_DO,
  MTU_DISCOVER_DONT,
  MTU_DISCOVER_INTERFACE,
  MTU_DISCOVER_OMIT,
  MTU_DISCOVER_PROBE,
  MTU_DISCOVER_WANT,
} from '../../src/socket/options.ts';
import { OPTION_ERROR } from '../../src/tcpip/udp/options.ts';
import { Host } from './bed.ts';
import { arpFrame, icmpErrorAbout } from './frames.ts';
import { pattern } from './harness.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;
const ROUTER = 0x0a0000fe;
const US_PER_SECOND = 1_000_000;

function bed(discover: number = MTU_DISCOVER_WANT, isConnected = true) {
  const host = new Host({ slots: 256 });
  for (const sender of [PEER, ROUTER]) {
    host.receive(arpFrame({ operation: 2, sender, senderMac: 0x222, target: OWN }));
  }
  const open = (port: number, connected = isConnected) => {
    const u = host.udp(port);
    expect(host.stack.udpSetOption(u, IP_MTU_DISCOVER, discover)).toBe(0);
    if (connected) expect(host.stack.udpConnect(u, PEER, 9)).toBe(0);
    return u;
  };
  host.flush();
  host.ports[0].takeSent();
  return { host, open, u: open(7) };
}

/** Sends so many bytes. @returns the lengths of the packets, `df` behind those that have it; or the errno. */
function sends(host: Host, u: number, length: number, named = false): (number | string)[] | number {
  const errno = host.sendTo(u, named ? PEER : 0, named ? 9 : 0, pattern(length));
  if (errno !== 0) return errno;
  host.flush();
  return host.ports[0].takeSent().map((frame) => {
    const bytes = frame.length - 14;
    return (frame[20] & 0x40) !== 0 ? `${bytes} df` : bytes;
  });
}

/** A router names an MTU for a datagram that the socket sends now. */
function complains(host: Host, u: number, mtu: number, named = false): void {
  expect(host.sendTo(u, named ? PEER : 0, named ? 9 : 0, pattern(900))).toBe(0);
  host.flush();
  const frame = host.ports[0].takeSent().at(-1)!;
  host.receive(icmpErrorAbout(frame, ROUTER, 3, 4, mtu));
}

function routes(host: Host, mtu: number, lock: number): void {
  const route = { destination: PEER, prefixLength: 32, via: 0, port: 0, mtu, mtu_lock: lock };
  expect(host.stack.ways.addRoute(route, host.nowUs)).toBe(0);
}

const mtuOf = (host: Host, u: number) => host.stack.udpGetOption(u, IP_MTU);

describe('IP_MTU_DISCOVER', () => {
  it('is WANT unless it is set, and refuses what there is not', () => {
    const { host } = bed();
    const u = host.udp(9);
    expect(host.stack.udpGetOption(u, IP_MTU_DISCOVER)).toBe(MTU_DISCOVER_WANT);
    for (const value of [-1, 6]) expect(host.stack.udpSetOption(u, IP_MTU_DISCOVER, value)).toBe(EINVAL);
  });

  it.each<[string, number, (number | string)[][]]>([
    ['DONT', MTU_DISCOVER_DONT, [[128], [1500], [1500, 21]]],
    ['WANT', MTU_DISCOVER_WANT, [['128 df'], ['1500 df'], [1500, 21]]],
    ['INTERFACE', MTU_DISCOVER_INTERFACE, [[128], [1500]]],
    ['OMIT', MTU_DISCOVER_OMIT, [[128], [1500], [1500, 21]]],
    ['DO', MTU_DISCOVER_DO, [['128 df'], ['1500 df']]],
    ['PROBE', MTU_DISCOVER_PROBE, [['128 df'], ['1500 df']]],
  ])('%s, of an MTU of 1500', (_name, discover, [short, full, long]) => {
    const { host, u } = bed(discover);
    expect(sends(host, u, 100)).toEqual(short);
    expect(sends(host, u, 1472)).toEqual(full);
    expect(sends(host, u, 1473)).toEqual(long ?? EMSGSIZE);
    expect(mtuOf(host, u)).toBe(1500);
  });

  // What a router has said of the path; whether the connected socket is told; what the next datagrams are.
  it.each<[string, number, number, number, (number | string)[] | number, (number | string)[] | number]>([
    ['DONT', MTU_DISCOVER_DONT, 0, 1000, [1000], [996, 25]],
    ['WANT', MTU_DISCOVER_WANT, EMSGSIZE, 1000, ['1000 df'], [996, 25]],
    ['DO', MTU_DISCOVER_DO, EMSGSIZE, 1000, ['1000 df'], EMSGSIZE],
    ['PROBE', MTU_DISCOVER_PROBE, EMSGSIZE, 1000, ['1000 df'], ['1001 df']],
    ['INTERFACE', MTU_DISCOVER_INTERFACE, EMSGSIZE, 1500, [1000], [1001]],
    ['OMIT', MTU_DISCOVER_OMIT, EMSGSIZE, 1500, [1000], [1001]],
  ])('%s, where a router has named 1000', (_name, discover, errno, mtu, fits, longer) => {
    const { host, open, u } = bed(discover);
    const other = open(8, false);
    complains(host, u, 1000);
    expect(host.stack.udpError(u)).toBe(errno);
    expect(host.sendTo(u, 0, 0, pattern(1))).toBe(errno);
    host.flush();
    host.ports[0].takeSent();
    expect(mtuOf(host, u)).toBe(mtu);
    expect(sends(host, u, 972)).toEqual(fits);
    expect(sends(host, u, 973)).toEqual(longer);
    expect(sends(host, other, 973, true)).toEqual(longer);
    expect(mtuOf(host, open(10))).toBe(mtu);
    host.expectSlotsHome();
  });

  it.each<[string, number, (number | string)[] | number]>([
    ['WANT', MTU_DISCOVER_WANT, [996, 25]],
    ['DO', MTU_DISCOVER_DO, EMSGSIZE],
    ['PROBE', MTU_DISCOVER_PROBE, ['1001 df']],
  ])('%s of a socket without a peer, which hears of no error', (_name, discover, longer) => {
    const { host, u } = bed(discover, false);
    complains(host, u, 1000, true);
    expect(host.stack.udpError(u)).toBe(0);
    expect(sends(host, u, 973, true)).toEqual(longer);
  });

  it.each<[number, number, (number | string)[], (number | string)[]]>([
    [0, 552, [428], [548, 548, 372]],
    [68, 552, [428], [548, 548, 372]],
    [551, 552, [428], [548, 548, 372]],
    [552, 552, ['428 df'], [548, 548, 372]],
    [1500, 1500, ['428 df'], ['1428 df']],
    [1600, 1500, ['428 df'], ['1428 df']],
  ])(
    'WANT, where a router names %d: less than 552 is not believed, and packets may then be cut',
    (named, mtu, short, long) => {
      const { host, u } = bed();
      complains(host, u, named);
      expect(host.stack.udpGetOption(u, 6)).toBe(EMSGSIZE);
      expect(mtuOf(host, u)).toBe(mtu);
      expect(sends(host, u, 400)).toEqual(short);
      expect(sends(host, u, 1400)).toEqual(long);
    },
  );

  it('believes a router for ten minutes', () => {
    const { host, u } = bed();
    complains(host, u, 1000);
    host.stack.udpGetOption(u, 6);
    host.pass(599 * US_PER_SECOND);
    expect(mtuOf(host, u)).toBe(1000);
    host.pass(2 * US_PER_SECOND);
    expect(mtuOf(host, u)).toBe(1500);
  });

  it('believes nobody who quotes a datagram of no socket', () => {
    const { host, u } = bed();
    expect(host.sendTo(u, 0, 0, pattern(900))).toBe(0);
    host.flush();
    const frame = host.ports[0].takeSent().at(-1)!;
    frame[35] += 1;
    host.receive(icmpErrorAbout(frame, ROUTER, 3, 4, 1000));
    expect([host.stack.udpError(u), mtuOf(host, u)]).toEqual([0, 1500]);
  });
});

describe('a route that names an MTU of 1000', () => {
  it.each<[string, number, (number | string)[] | number, (number | string)[] | number]>([
    ['DONT', MTU_DISCOVER_DONT, [996, 25], [996, 525]],
    ['WANT', MTU_DISCOVER_WANT, [996, 25], [996, 525]],
    ['DO', MTU_DISCOVER_DO, EMSGSIZE, EMSGSIZE],
    ['PROBE', MTU_DISCOVER_PROBE, ['1001 df'], EMSGSIZE],
    ['INTERFACE', MTU_DISCOVER_INTERFACE, [1001], EMSGSIZE],
    ['OMIT', MTU_DISCOVER_OMIT, [1001], [1500, 21]],
  ])('%s', (_name, discover, longer, longest) => {
    for (const lock of [0, 1]) {
      const { host, u } = bed(discover);
      routes(host, 1000, lock);
      expect(mtuOf(host, u)).toBe(1000);
      expect(sends(host, u, 973)).toEqual(longer);
      expect(sends(host, u, 1473)).toEqual(longest);
    }
  });

  it.each<[number, string, number, number | string]>([
    [0, 'WANT', MTU_DISCOVER_WANT, '128 df'],
    [1, 'WANT', MTU_DISCOVER_WANT, 128],
    [1, 'DO', MTU_DISCOVER_DO, '128 df'],
    [1, 'PROBE', MTU_DISCOVER_PROBE, '128 df'],
  ])('with the lock %d: whether packets of %s may be cut', (lock, _name, discover, packet) => {
    const { host, u } = bed(discover);
    routes(host, 1000, lock);
    expect(sends(host, u, 100)).toEqual([packet]);
  });

  it.each([
    [0, 600],
    [1, 1000],
  ])('with the lock %d, and a router that names 600: %d', (lock, mtu) => {
    const { host, u } = bed();
    routes(host, 1000, lock);
    complains(host, u, 600);
    expect([host.stack.udpGetOption(u, 6), mtuOf(host, u)]).toEqual([EMSGSIZE, mtu]);
  });
});

describe('IP_MTU', () => {
  it('is told of a socket with a peer, and set of none', () => {
    const { host, u } = bed(MTU_DISCOVER_WANT, false);
    expect(mtuOf(host, u)).toBe(OPTION_ERROR - ENOTCONN);
    expect(sends(host, u, 1, true)).toEqual(['29 df']);
    expect(mtuOf(host, u)).toBe(OPTION_ERROR - ENOTCONN);
    expect(host.stack.udpSetOption(u, IP_MTU, 1000)).toBe(ENOPROTOOPT);
  });
});
