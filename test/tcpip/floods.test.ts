/**
 * Floods cost bounded memory and leave an established connection working: what each may take is said by a
 * bound, and the connection carries bytes both during it and after. When all is over, the books balance and
 * nothing is left.
 */
import { describe, expect, it } from 'vitest';
import { LONG } from '../long.ts';
import {
  ACK,
  arpFrame,
  echoBody,
  FIN,
  icmpErrorAbout,
  ipv4Frame,
  PSH,
  RST,
  SYN,
  tcpFrame,
  udpBody,
  udpFrame,
} from './frames.ts';
import { ADDRESS_A, ADDRESS_B, connected, expectNothingLeft, pattern } from './harness.ts';

const FRAMES = LONG ? 5000 : 600;
/** The connection carries bytes after each so many frames. */
const EVERY = FRAMES / 5;
const SLOTS = 256;
const LISTEN_PORT = 80;
const CONNECTIONS = 256;
/** Somebody else on the wire, and one of the ports it uses. */
const STRANGER = 0x0a000063;
const STRANGER_PORT = 4000;
const MORE = 0x2000;
/** Fragments that are put together hold an eighth of the slots at most, and so many datagrams. */
const FRAGMENT_SLOTS = SLOTS >> 3;
/** One connection's share of the slots (`receive-queue.ts`), and what datagrams leave free (`udp/received.ts`). */
const CONNECTION_SLOTS = SLOTS >> 1;
const DATAGRAM_SLOTS = SLOTS - (SLOTS >> 2) + 1;

type Opened = ReturnType<typeof connected>;

function carries({ world, a, b, client, server }: Opened): void {
  expect(a.sendBytes(client, pattern(1000))).toBe(0);
  expect(world.run(5_000_000, () => b.stack.tcpReadable(server) === 1000)).toBe(true);
  expect(b.takeAll(server)).toEqual(pattern(1000));
  expect(b.sendBytes(server, pattern(700))).toBe(0);
  expect(world.run(5_000_000, () => a.stack.tcpReadable(client) === 700)).toBe(true);
  expect(a.takeAll(client)).toEqual(pattern(700));
}

/** Heap and arrays are bounded by what was made at the start: Tcbs, and everything that a table has room for. */
function bounded({ b }: Opened): void {
  const tcp = b.stack['tcp'];
  expect(tcp.made.length).toBe(CONNECTIONS);
  expect(tcp.demux.count).toBeLessThanOrEqual(CONNECTIONS + b.config.timeWaitMax);
}

interface Flood {
  /** The next frame; undefined: none this time. */
  readonly frame: (i: number, opened: Opened) => Uint8Array | undefined;
  readonly prepare?: (opened: Opened) => void;
  /** Slots of packet memory that it may take: a quarter, where nothing else is said. */
  readonly slots?: number;
}

/** Injects a flood into the server's host, and sends bytes over the connection meanwhile. */
function endures({ frame, prepare, slots = SLOTS >> 2 }: Flood): Opened {
  const opened = connected({ slots: SLOTS, config: { connectionsMax: CONNECTIONS } });
  const { world, b } = opened;
  prepare?.(opened);
  let least = b.packets.available;
  for (let i = 0; i < FRAMES; i++) {
    const bytes = frame(i, opened);
    if (bytes !== undefined) world.inject(b, bytes);
    least = Math.min(least, b.packets.available);
    if (i % EVERY === 0) carries(opened);
    else if (i % 16 === 0) world.settle();
  }
  expect(SLOTS - least).toBeLessThanOrEqual(slots);
  bounded(opened);
  carries(opened);
  return opened;
}

/** Ends all that is open: then everything is back in its pool. */
function expectOver({ world, a, b, client, server, listener }: Opened): void {
  b.stack.tcpClose(listener, world.nowUs);
  a.stack.tcpClose(client, world.nowUs);
  world.run(1_000_000);
  b.stack.tcpClose(server, world.nowUs);
  expectNothingLeft(world);
  b.expectPoolsFull();
}

function segment(fields: {
  source?: number;
  sourcePort: number;
  destinationPort?: number;
  flags: number;
  seq?: number;
  ack?: number;
  payload?: Uint8Array;
}): Uint8Array {
  const to = { source: ADDRESS_A, destination: ADDRESS_B, destinationPort: LISTEN_PORT };
  return tcpFrame({ ...to, ...fields });
}

/** The established connection's own port. */
const portOf = ({ a, client }: Opened): number => a.stack.tcpLocalPort(client);

/** A stranger's connection to the listener, made by hand, that nobody reads. */
class Stranger {
  next = 0;
  private ack = 0;
  private taken = -1;

  connect({ world, b, listener }: Opened): void {
    world.inject(b, arpFrame({ operation: 2, sender: STRANGER, senderMac: STRANGER, target: ADDRESS_B }));
    const from = { source: STRANGER, sourcePort: STRANGER_PORT };
    world.captured.length = 0;
    world.inject(b, segment({ ...from, flags: SYN, seq: 999 }));
    world.settle();
    const answer = world.captured.find(({ from: side, flags }) => side === b && flags === (SYN | ACK));
    this.ack = ((answer?.seq ?? 0) + 1) | 0;
    this.next = 1000;
    world.inject(b, segment({ ...from, flags: ACK, seq: this.next, ack: this.ack }));
    this.taken = b.stack.tcpAccept(listener, 77);
    expect(this.taken).toBeGreaterThanOrEqual(0);
  }

  /** Bytes `at` behind those it has sent in order. */
  send(at: number, length: number): Uint8Array {
    const from = { source: STRANGER, sourcePort: STRANGER_PORT, flags: ACK | PSH, ack: this.ack };
    return segment({ ...from, seq: (this.next + at) | 0, payload: pattern(length, at) });
  }

  leave({ world, b }: Opened): void {
    b.stack.tcpAbort(this.taken, world.nowUs);
  }
}

/** A flood of a stranger's own connection. */
function enduresStranger(frame: (i: number, stranger: Stranger) => Uint8Array): void {
  const stranger = new Stranger();
  const opened = endures({
    prepare: (all) => stranger.connect(all),
    frame: (i) => frame(i, stranger),
    slots: CONNECTION_SLOTS,
  });
  stranger.leave(opened);
  expectOver(opened);
}

describe('an established connection works, and memory is bounded, in a flood of', () => {
  it('SYNs: no more embryos than the listener may have', () => {
    const opened = endures({
      frame: (i) => segment({ sourcePort: 1024 + i, flags: SYN, seq: i * 7919 }),
    });
    expect(opened.b.stack.tcpHalfOpenAt(ADDRESS_B, LISTEN_PORT)).toBeLessThanOrEqual(128);
    expectOver(opened);
  });

  it('resets with numbers that are not the next one', () => {
    const opened = endures({
      frame: (i, all) => segment({ sourcePort: portOf(all), flags: RST, seq: i * 104_729 }),
    });
    const { b, server, a, client } = opened;
    expect([a.failedWith.size, b.failedWith.size]).toEqual([0, 0]);
    expect(b.stack.tcpState(server)).toBe(a.stack.tcpState(client));
    expectOver(opened);
  });

  it('acknowledgements of what was never sent: challenges are limited', () => {
    const opened = endures({
      frame: (i, all) => segment({ sourcePort: portOf(all), flags: ACK, seq: i, ack: i * 3 }),
    });
    expect(opened.b.counter('tcpChallengeAcks')).toBeLessThanOrEqual((2 * FRAMES) / EVERY + 2);
    expectOver(opened);
  });

  it('FINs, of connections that there are not and of one that there is', () => {
    const opened = endures({
      frame: (i, all) => {
        const own = i % 2 === 0;
        const seq = Math.imul(i, 2_654_435) | 0x4000_0000;
        return segment({ sourcePort: own ? portOf(all) : 1024 + i, flags: FIN | ACK, seq, ack: i });
      },
    });
    const { b, a } = opened;
    expect([a.failedWith.size, b.failedWith.size]).toEqual([0, 0]);
    expect(b.stack.tcpState(opened.server)).toBe(a.stack.tcpState(opened.client));
    expectOver(opened);
  });

  it('FINs that are real: each ends a connection of its own, and TIME-WAIT has its limit', () => {
    let ack = 0;
    const opened = endures({
      prepare: ({ world, b }) =>
        world.inject(b, arpFrame({ operation: 2, sender: STRANGER, senderMac: STRANGER, target: ADDRESS_B })),
      frame: (i, { world, b, listener }) => {
        const from = { source: STRANGER, sourcePort: 10_000 + (i >> 2) };
        if (i % 4 === 0) return segment({ ...from, flags: SYN, seq: 0 });
        if (i % 4 === 1) {
          world.captured.length = 0;
          world.settle();
          ack = ((world.captured.findLast(({ flags }) => flags === (SYN | ACK))?.seq ?? 0) + 1) | 0;
          return segment({ ...from, flags: ACK | FIN, seq: 1, ack });
        }
        const c = b.stack.tcpAccept(listener, 78);
        if (c >= 0) b.stack.tcpClose(c, world.nowUs);
        world.settle();
        return i % 4 === 2 ? undefined : segment({ ...from, flags: ACK, seq: 2, ack: (ack + 1) | 0 });
      },
    });
    expectOver(opened);
  });
});

describe('a stranger whose connection nobody reads takes no more than its part of memory by', () => {
  it('tiny segments in order', () => {
    enduresStranger((_, stranger) => {
      const bytes = stranger.send(0, 1);
      stranger.next = (stranger.next + 1) | 0;
      return bytes;
    });
  });

  it('islands of one byte each, up to the end of the window', () => {
    enduresStranger((i, stranger) => stranger.send(2 + 2 * i, 1));
  });

  it('islands of one byte each, from the end of the window down', () => {
    enduresStranger((i, stranger) => stranger.send(2 + 2 * (FRAMES - i), 1));
  });

  it('segments out of order that overlap each other', () => {
    enduresStranger((i, stranger) => stranger.send(1 + ((i * 7919) % 60_000), 1 + ((i * 31) % 1400)));
  });

  it('the same segment out of order, again and again', () => {
    enduresStranger((_, stranger) => stranger.send(5, 1000));
  });
});

describe('an established connection works, and memory is bounded, in a flood of ARP', () => {
  const arp = (operation: number, sender: number, target: number) =>
    arpFrame({ operation, sender, senderMac: sender, target });

  it('requests for our address from many: as many are remembered as there is room for', () => {
    const opened = endures({ frame: (i) => arp(1, ADDRESS_A + 100 + (i % 150), ADDRESS_B) });
    const { neighbours } = opened.b.stack['tcp'];
    expect(neighbours.address.length).toBe(opened.b.config.neighboursMax + 2);
    expectOver(opened);
  });

  it('requests from ever other addresses, and replies that nobody has asked for', () => {
    const opened = endures({ frame: (i) => arp(1 + (i % 2), 0x0b00_0000 + i, ADDRESS_B) });
    expect(opened.b.counter('arpRepliesSent')).toBeLessThanOrEqual(FRAMES);
    expectOver(opened);
  });

  it('gratuitous announcements', () => {
    const opened = endures({
      frame: (i) => arp(1, ADDRESS_A + 2 + (i % 200), ADDRESS_A + 2 + (i % 200)),
    });
    // Nobody has asked for them: none is remembered (RFC 826), and none is answered.
    expect(opened.b.counter('arpRepliesSent')).toBeLessThanOrEqual(2);
    expectOver(opened);
  });

  it('claims to our own address', () => {
    const opened = endures({
      frame: () => arpFrame({ operation: 2, sender: ADDRESS_B, senderMac: 0x666, target: ADDRESS_B }),
    });
    expectOver(opened);
  });
});

describe('an established connection works, and memory is bounded, in a flood of ICMP', () => {
  it('errors of connections that there are not', () => {
    const opened = endures({
      frame: (i) => {
        const about = segment({ source: ADDRESS_B, sourcePort: 1024 + i, flags: SYN, seq: i });
        return icmpErrorAbout(about, ADDRESS_A, 3, i % 16, 600);
      },
    });
    expect(opened.b.failedWith.size).toBe(0);
    expectOver(opened);
  });

  it('errors of one that there is, with numbers that are not in flight', () => {
    const opened = endures({
      frame: (i, all) => {
        const about = tcpFrame({
          ...{ source: ADDRESS_B, destination: ADDRESS_A, sourcePort: LISTEN_PORT },
          ...{ destinationPort: portOf(all), flags: ACK, seq: Math.imul(i, 104_729) },
        });
        return icmpErrorAbout(about, ADDRESS_A, 3, i % 16, 552);
      },
    });
    expect(opened.b.failedWith.size).toBe(0);
    expect(opened.b.stack.tcpInfo(opened.server).pmtu).toBe(1500);
    expectOver(opened);
  });

  it('echo requests: what is not answered at once is dropped', () => {
    const opened = endures({
      frame: (i) => ipv4Frame(ADDRESS_A, ADDRESS_B, 1, echoBody(7, i & 0xffff, pattern(1400))),
    });
    expectOver(opened);
  });
});

describe('an established connection works, and memory is bounded, in a flood of fragments', () => {
  const fragment = (id: number, offset: number, more: boolean, bytes: number) =>
    ipv4Frame(ADDRESS_A, ADDRESS_B, 17, pattern(bytes), (more ? MORE : 0) | (offset >> 3), id);

  it('first ones that never become a datagram', () => {
    const opened = endures({ slots: FRAGMENT_SLOTS + 1, frame: (i) => fragment(i, 0, true, 1400) });
    expectOver(opened);
  });

  it('tiny ones of one datagram', () => {
    const opened = endures({
      slots: FRAGMENT_SLOTS + 1,
      frame: (i) => fragment(7, 16 * (i % 4000), true, 8),
    });
    expectOver(opened);
  });

  it('overlapping ones', () => {
    const opened = endures({
      slots: FRAGMENT_SLOTS + 1,
      frame: (i) => fragment(i % 20, 8 * ((i * 13) % 700), i % 3 !== 0, 64),
    });
    expect(opened.b.counter('ipReasmFails')).toBeGreaterThan(100);
    expectOver(opened);
  });

  it('last ones alone, and ones beyond the longest packet', () => {
    const opened = endures({
      slots: FRAGMENT_SLOTS + 1,
      frame: (i) => fragment(i, i % 2 === 0 ? 800 : 65_528, false, i % 2 === 0 ? 100 : 1000),
    });
    expectOver(opened);
  });
});

describe('an established connection works, and memory is bounded, in a flood of datagrams', () => {
  it('to ports that nobody has: errors are limited', () => {
    const opened = endures({
      frame: (i) => udpFrame(ADDRESS_A, ADDRESS_B, 1024 + i, 2000 + i, pattern(1000)),
    });
    const { b, world } = opened;
    const seconds = Math.ceil(world.timeUs / 1e6) + 1;
    expect(b.counter('icmpOutDestUnreachs')).toBeLessThanOrEqual(seconds * b.config.icmpErrorsPerSecond);
    expectOver(opened);
  });

  it('to a reader that is slow: its queue has its limit', () => {
    let socket = -1;
    const opened = endures({
      prepare: ({ b }) => {
        socket = b.stack.udpOpen(5);
        expect(b.stack.udpBind(socket, 0, 7777)).toBe(0);
      },
      slots: DATAGRAM_SLOTS,
      frame: (i, { b }) => {
        if (i % 64 === 0) b.stack.udpTake(socket, b.scratch, 2000);
        return udpFrame(ADDRESS_A, ADDRESS_B, 1024, 7777, pattern(i % 1400));
      },
    });
    opened.b.stack.udpClose(socket);
    expectOver(opened);
  });

  it('whose sums are wrong', () => {
    const opened = endures({
      frame: (i) => {
        const body = udpBody(ADDRESS_A, ADDRESS_B, 1, 2000 + i, pattern(100));
        body[6] ^= 0x55;
        return ipv4Frame(ADDRESS_A, ADDRESS_B, 17, body);
      },
    });
    expectOver(opened);
  });
});
