import { describe, expect, it } from 'vitest';
import {
  EADDRINUSE,
  ECONNREFUSED,
  ECONNRESET,
  EHOSTUNREACH,
  ENETUNREACH,
  EPIPE,
  ETIMEDOUT,
} from '../../src/socket/errno.ts';
import {
  SO_KEEPALIVE,
  SO_LINGER_SECONDS,
  TCP_KEEPCNT,
  TCP_KEEPIDLE_SECONDS,
  TCP_KEEPINTVL_SECONDS,
  TCP_NODELAY,
  TCP_USER_TIMEOUT_MS,
} from '../../src/socket/options.ts';
import { CLOSED, ESTABLISHED, TIME_WAIT } from '../../src/tcpip/tcp/state.ts';
import { ACK, FIN, PSH, RST, type SegmentFields, SYN, tcpFrame } from './frames.ts';
import { type Captured, pattern, type Side, World, type WorldOptions } from './harness.ts';

/** A connection in ESTABLISHED on both sides, nothing captured yet. */
function established(options: WorldOptions = {}) {
  const world = new World(options);
  const ends = world.connect();
  world.run(100_000);
  world.captured.length = 0;
  const tcb = (side: Side, c: number) => side.stack['tcp'].tcbs[c];
  return {
    world,
    a: world.a,
    b: world.b,
    ...ends,
    sender: tcb(world.a, ends.client),
    receiver: tcb(world.b, ends.server),
  };
}

type Fixture = ReturnType<typeof established>;

/** Forges a segment from the client to the server. */
function forge(f: Fixture, fields: Partial<SegmentFields>): void {
  const { world, a, b, receiver } = f;
  const stamps = receiver.stamps.on
    ? [1, 1, 8, 10, ...bytesOf((receiver.stamps.recent + 1) | 0), ...bytesOf(0)]
    : [];
  world.inject(
    b,
    tcpFrame({
      source: a.address,
      destination: b.address,
      sourcePort: receiver.remotePort,
      destinationPort: receiver.localPort,
      seq: receiver.rcvNxt,
      ack: receiver.sndUna,
      options: stamps,
      ...fields,
    }),
  );
  world.settle();
}

function bytesOf(word: number): number[] {
  return [(word >>> 24) & 255, (word >>> 16) & 255, (word >>> 8) & 255, word & 255];
}

const from = (f: { world: World }, side: Side): Captured[] => f.world.captured.filter((s) => s.from === side);

describe('RFC 9293 §3.10.7.1 CLOSED and §3.10.7.3 SYN-SENT', () => {
  it('answers a SYN to a closed port with a reset: ECONNREFUSED', () => {
    const world = new World();
    const c = world.a.stack.tcpOpen(7);
    world.a.stack.tcpConnect(c, world.b.address, 81, world.nowUs);
    world.run(1_000_000);
    expect(world.a.connectedWith.get(7)).toBe(ECONNREFUSED);
    expect(world.b.counter('tcpOutRsts')).toBe(1);
    world.a.stack.tcpClose(c, world.nowUs);
    expect(world.a.stack['tcp'].freeTcbCount).toBe(256);
  });

  it('backs SYNs off exponentially and gives up after more than three minutes (MUST-22, MUST-23)', () => {
    const world = new World();
    world.filter = (segment) => segment === undefined;
    const c = world.a.stack.tcpOpen(7);
    world.a.stack.tcpConnect(c, world.b.address, 80, world.nowUs);
    world.run(600_000_000, () => world.a.connectedWith.has(7));
    expect(world.a.connectedWith.get(7)).toBe(ETIMEDOUT);
    const times = world.captured.map((s) => s.timeUs);
    const gaps = times.slice(1).map((t, i) => Math.round((t - times[i]) / 1e6));
    expect(gaps).toEqual([1, 2, 4, 8, 16, 32, 64]);
    expect(world.timeUs).toBeGreaterThan(180_000_000);
  });

  it('answers EHOSTUNREACH where nobody has the address, ENETUNREACH where there is no route', () => {
    const world = new World();
    const c = world.a.stack.tcpOpen(7);
    expect(world.a.stack.tcpConnect(c, 0x0a000063, 80, world.nowUs)).toBe(0);
    world.run(10_000_000);
    expect(world.a.connectedWith.get(7)).toBe(EHOSTUNREACH);
    expect(world.a.counter('arpRequestsSent')).toBe(3);
    const d = world.a.stack.tcpOpen(8);
    expect(world.a.stack.tcpConnect(d, 0x0b000001, 80, world.nowUs)).toBe(ENETUNREACH);
  });

  it('opens simultaneously (§3.5, figure 8)', () => {
    const world = new World();
    const { a, b } = world;
    const c = a.stack.tcpOpen(1);
    const d = b.stack.tcpOpen(2);
    a.stack.tcpBind(c, 0, 5000);
    b.stack.tcpBind(d, 0, 6000);
    a.stack.tcpConnect(c, b.address, 6000, world.nowUs);
    b.stack.tcpConnect(d, a.address, 5000, world.nowUs);
    world.run(3_000_000);
    expect([a.connectedWith.get(1), b.connectedWith.get(2)]).toEqual([0, 0]);
    expect([a.stack.tcpState(c), b.stack.tcpState(d)]).toEqual([ESTABLISHED, ESTABLISHED]);
    a.sendBytes(c, pattern(3000));
    world.run(1_000_000);
    expect(b.takeAll(d)).toEqual(pattern(3000));
  });
});

describe('RFC 9293 §3.10.7.2 LISTEN', () => {
  it('drops SYNs over the backlog and lets them in later', () => {
    const world = new World();
    const { a, b } = world;
    const listener = world.listen(80, 1);
    const clients = [1, 2, 3, 4].map((owner) => {
      const c = a.stack.tcpOpen(owner);
      a.stack.tcpConnect(c, b.address, 80, world.nowUs);
      return c;
    });
    world.run(500_000);
    expect(b.counter('tcpListenOverflows')).toBeGreaterThan(0);
    const accepted: number[] = [];
    world.program = () => {
      const s = b.stack.tcpAccept(listener, 100 + accepted.length);
      if (s >= 0) accepted.push(s);
    };
    world.run(20_000_000);
    expect(accepted.length).toBe(4);
    expect(clients.map((c) => a.stack.tcpState(c))).toEqual([1, 1, 1, 1]);
  });

  it('refuses a second listener, and resets what nobody accepted when it closes', () => {
    const world = new World();
    const listener = world.listen(80);
    const second = world.b.stack.tcpOpen(5);
    expect(world.b.stack.tcpBind(second, 0, 80)).toBe(EADDRINUSE);
    const c = world.a.stack.tcpOpen(1);
    world.a.stack.tcpConnect(c, world.b.address, 80, world.nowUs);
    world.run(100_000);
    world.b.stack.tcpClose(listener, world.nowUs);
    world.run(100_000);
    expect(world.a.failedWith.get(1)).toBe(ECONNRESET);
  });
});

describe('RFC 5961: resets, SYNs and acknowledgements out of place', () => {
  it('resets only on the exact number (§3.2)', () => {
    const f = established();
    const right = f.receiver.rcvNxt;
    forge(f, { flags: RST, seq: (right - 1) | 0 });
    expect(from(f, f.b).length).toBe(0);
    forge(f, { flags: RST, seq: (right + 5) | 0 });
    expect(from(f, f.b).length).toBe(1);
    expect(f.receiver.state).toBe(ESTABLISHED);
    forge(f, { flags: RST, seq: right });
    expect(f.b.failedWith.get(1000)).toBe(ECONNRESET);
    expect(f.b.stack.tcpSend(f.server, 128, 1, -1, 0, f.world.nowUs)).toBe(ECONNRESET);
  });

  it('challenges a SYN whatever its number (§4.2), and not faster than the limit (§7)', () => {
    const f = established();
    for (let i = 0; i < 10; i++) forge(f, { flags: SYN, seq: (f.receiver.rcvNxt + i) | 0 });
    expect(f.receiver.state).toBe(ESTABLISHED);
    expect(from(f, f.b).length).toBe(1);
    expect(f.b.counter('tcpChallengeAcks')).toBe(1);
  });

  it('ignores data under an acknowledgement that cannot be (§5.2)', () => {
    const f = established();
    forge(f, { ack: (f.receiver.sndMax + 1) | 0, payload: pattern(10) });
    forge(f, { ack: (f.receiver.sndUna - f.receiver.sndWndMax - 1) | 0, payload: pattern(10) });
    expect(f.b.stack.tcpReadable(f.server)).toBe(0);
    forge(f, { payload: pattern(10) });
    expect(f.b.stack.tcpReadable(f.server)).toBe(10);
  });
});

describe('RFC 7323 §5 PAWS', () => {
  it('drops an old timestamp with an acknowledgement, and a segment without one silently', () => {
    const f = established();
    forge(f, {
      payload: pattern(10),
      options: [1, 1, 8, 10, ...bytesOf((f.receiver.stamps.recent - 1) | 0), 0, 0, 0, 0],
    });
    expect(f.b.stack.tcpReadable(f.server)).toBe(0);
    expect(from(f, f.b).length).toBe(1);
    forge(f, { payload: pattern(10), options: [] });
    expect(f.b.stack.tcpReadable(f.server)).toBe(0);
    expect(from(f, f.b).length).toBe(1);
  });
});

describe('RFC 9293 §3.6 closing', () => {
  it('closes simultaneously: both in TIME-WAIT', () => {
    const f = established({ delayUs: 1000 });
    f.a.stack.tcpShutdown(f.client, 1, f.world.nowUs);
    f.b.stack.tcpShutdown(f.server, 1, f.world.nowUs);
    f.world.run(100_000);
    expect([f.a.stack.tcpState(f.client), f.b.stack.tcpState(f.server)]).toEqual([TIME_WAIT, TIME_WAIT]);
  });

  it('half-closes: data still flows the other way (MAY-1), then EPIPE for the closed half', () => {
    const f = established();
    f.a.stack.tcpShutdown(f.client, 1, f.world.nowUs);
    f.world.run(10_000);
    expect(f.b.stack.tcpEndOfStream(f.server)).toBe(true);
    expect(f.a.sendBytes(f.client, pattern(1))).toBe(EPIPE);
    f.b.sendBytes(f.server, pattern(5000));
    f.world.run(1_000_000);
    expect(f.a.takeAll(f.client)).toEqual(pattern(5000));
  });

  it('resets when it closes with unread data, and when data comes that nobody will read (SHLD-3)', () => {
    const f = established();
    f.a.sendBytes(f.client, pattern(10));
    f.world.run(10_000);
    f.b.stack.tcpClose(f.server, f.world.nowUs);
    f.world.run(10_000);
    expect(f.a.failedWith.get(1)).toBe(ECONNRESET);
    f.b.expectBalanced();
    const g = established();
    g.b.stack.tcpClose(g.server, g.world.nowUs);
    g.world.run(10_000);
    g.a.sendBytes(g.client, pattern(10));
    g.world.run(10_000);
    expect(g.a.failedWith.get(1)).toBe(EPIPE);
    g.a.expectSlotsHome();
    g.a.expectBalanced();
  });

  it('aborts on close with SO_LINGER 0 and answers every context', () => {
    const f = established();
    f.world.filter = (s) => s === undefined || (s.flags & RST) !== 0;
    f.a.stack.tcpSetOption(f.client, SO_LINGER_SECONDS, 0);
    f.a.sendBytes(f.client, pattern(1000));
    f.a.sendBytes(f.client, pattern(200_000));
    f.world.run(1000);
    // The reset lies beyond what the peer has: its challenge is answered by one that is exact (RFC 5961
    // §3.2).
    f.world.filter = () => true;
    f.a.stack.tcpClose(f.client, f.world.nowUs);
    expect(f.a.pendingContexts.size).toBe(0);
    f.world.run(10_000);
    expect(f.b.failedWith.get(1000)).toBe(ECONNRESET);
    f.a.expectBalanced();
    expect(f.a.counter('bytesDiscarded')).toBeGreaterThan(0);
    expect(f.a.counter('bytesUnacknowledged')).toBeGreaterThan(0);
  });
});

describe('TIME-WAIT: RFC 9293 §3.10.7.4, RFC 1337, RFC 6191', () => {
  function timeWait(options: WorldOptions = {}) {
    const f = established(options);
    f.a.stack.tcpBind(f.client, 0, 0);
    f.b.stack.tcpShutdown(f.server, 1, f.world.nowUs);
    f.world.run(10_000);
    f.a.stack.tcpClose(f.client, f.world.nowUs);
    f.world.run(10_000);
    f.b.stack.tcpClose(f.server, f.world.nowUs);
    f.world.captured.length = 0;
    expect(f.b.stack['tcp'].timeWait.count).toBe(1);
    return f;
  }
  const peer = (f: Fixture, remotePort: number) => ({
    source: f.a.address,
    destination: f.b.address,
    sourcePort: remotePort,
    destinationPort: 80,
  });

  it('ignores a reset, answers a FIN again and starts anew, ends after 2 MSL', () => {
    const f = timeWait();
    const { timeWait: table } = f.b.stack['tcp'];
    const port = table.ports[0] >>> 16;
    const rcvNxt = table.rcvNxt[0];
    f.world.inject(f.b, tcpFrame({ ...peer(f, port), seq: rcvNxt, flags: RST }));
    expect(table.count).toBe(1);
    f.world.run(30_000_000);
    f.world.inject(f.b, tcpFrame({ ...peer(f, port), seq: (rcvNxt - 1) | 0, flags: FIN | ACK }));
    f.world.run(40_000_000);
    expect(from(f, f.b).map((s) => s.flags)).toEqual([ACK]);
    expect(table.count).toBe(1);
    f.world.run(25_000_000);
    expect(table.count).toBe(0);
  });

  it('lets a newer SYN in, with a later sequence number, and not an older one', () => {
    const f = timeWait();
    const { timeWait: table } = f.b.stack['tcp'];
    const port = table.ports[0] >>> 16;
    const rcvNxt = table.rcvNxt[0];
    const sndNxt = table.sndNxt[0];
    f.world.inject(f.b, tcpFrame({ ...peer(f, port), seq: (rcvNxt - 10) | 0, flags: SYN }));
    f.world.run(1000);
    expect(from(f, f.b).map((s) => s.flags)).toEqual([ACK]);
    f.world.inject(f.b, tcpFrame({ ...peer(f, port), seq: (rcvNxt + 10) | 0, flags: SYN }));
    f.world.run(1000);
    const answer = from(f, f.b).at(-1)!;
    expect(answer.flags).toBe(SYN | ACK);
    expect((answer.seq - sndNxt) | 0).toBeGreaterThan(0);
    expect(table.count).toBe(0);
  });

  it('serves one stack both ends, far more connections than ports, at 60,000 a second', () => {
    const world = new World({ config: { timeWaitMax: 4096, ephemeralFirst: 60_000 }, delayUs: 1 });
    const { a } = world;
    const listener = a.stack.tcpOpen(9);
    a.stack.tcpBind(listener, 0, 80);
    a.stack.tcpListen(listener, 16);
    for (let i = 0; i < 9000; i++) {
      const c = a.stack.tcpOpen(10 + i);
      expect(a.stack.tcpConnect(c, 0x7f000001, 80, world.nowUs)).toBe(0);
      world.run(4);
      const s = a.stack.tcpAccept(listener, 1_000_000 + i);
      expect(s).toBeGreaterThanOrEqual(0);
      expect(a.stack.tcpRemoteAddress(s)).toBe(0x7f000001);
      a.stack.tcpClose(c, world.nowUs);
      world.run(4);
      a.stack.tcpClose(s, world.nowUs);
      world.run(8);
      world.captured.length = 0;
    }
    expect(a.counter('tcpTimeWaitOverflows')).toBe(9000 - 4096);
  });

  it('follows its own TIME-WAIT pair only after a second', () => {
    const world = new World({ config: { ephemeralFirst: 50_000, ephemeralLast: 50_000 } });
    const { a, b } = world;
    const listener = world.listen(80);
    const c = a.stack.tcpOpen(1);
    a.stack.tcpConnect(c, b.address, 80, world.nowUs);
    world.run(10_000);
    const s = b.stack.tcpAccept(listener, 2);
    a.stack.tcpClose(c, world.nowUs);
    world.run(10_000);
    b.stack.tcpClose(s, world.nowUs);
    world.run(10_000);
    const d = a.stack.tcpOpen(3);
    expect(a.stack.tcpConnect(d, b.address, 80, world.nowUs)).not.toBe(0);
    world.run(1_000_000);
    expect(a.stack.tcpConnect(d, b.address, 80, world.nowUs)).toBe(0);
    world.run(10_000);
    expect(a.connectedWith.get(3)).toBe(0);
  });
});

describe('RFC 9293 §3.8.6.1 zero windows', () => {
  it('probes with growing intervals while the peer answers, and goes on when it opens (MUST-36, MUST-37, SHLD-30)', () => {
    const f = established({ config: { receiveBufferBytes: 8192 } });
    const data = pattern(20_000);
    f.a.sendBytes(f.client, data);
    f.world.run(100_000_000);
    expect(f.b.stack.tcpReadable(f.server)).toBeLessThanOrEqual(8192);
    const probes = from(f, f.a).filter((s) => s.length === 0 && ((s.seq - f.sender.sndUna) | 0) === -1);
    expect(probes.length).toBeGreaterThan(4);
    const gaps = probes.slice(1).map((s, i) => s.timeUs - probes[i].timeUs);
    for (let i = 1; i < gaps.length; i++) expect(gaps[i] / gaps[i - 1]).toBeCloseTo(2, 0);
    expect(f.a.failedWith.size).toBe(0);
    const got: Uint8Array[] = [];
    f.world.program = () => got.push(f.b.takeAll(f.server));
    f.world.run(10_000_000);
    expect(Buffer.concat(got).equals(data)).toBe(true);
  });

  it('never moves the right edge of the window back (SHLD-14)', () => {
    const f = established({ config: { receiveBufferBytes: 20_000 }, slots: 32 });
    let edge = (f.receiver.rcvAdv | 0) as number;
    f.world.program = () => {
      expect((f.receiver.rcvAdv - edge) | 0).toBeGreaterThanOrEqual(0);
      edge = f.receiver.rcvAdv;
      if (f.a.pendingContexts.size < 30) f.a.sendBytes(f.client, pattern(13));
    };
    f.a.stack.tcpSetOption(f.client, TCP_NODELAY, 1);
    f.world.run(3_000_000);
  });
});

describe('card memory', () => {
  it('puts small segments together when slots run short, and a slow reader leaves slots for others', () => {
    const f = established({ slots: 64 });
    const { world, a, b } = f;
    a.stack.tcpSetOption(f.client, TCP_NODELAY, 1);
    const other = a.stack.tcpOpen(50);
    a.stack.tcpConnect(other, b.address, 80, world.nowUs);
    world.run(10_000);
    const otherServer = b.stack.tcpAccept(f.listener, 51);
    let sent = 0;
    world.wantsTurn = () => sent < 60_000;
    world.program = () => {
      if (sent === 60_000 || a.pendingContexts.size >= 20) return;
      a.sendBytes(f.client, pattern(60, sent));
      sent += 60;
    };
    world.run(60_000_000);
    expect(b.counter('cardCollapseCopies')).toBeGreaterThan(10);
    expect(b.packets.available).toBeGreaterThan(3);
    a.sendBytes(other, pattern(100));
    world.run(1_000_000);
    expect(b.takeAll(otherServer)).toEqual(pattern(100));
    const got: Uint8Array[] = [];
    world.program = () => got.push(b.takeAll(f.server));
    world.run(60_000_000);
    const all = Buffer.concat(got);
    expect(all.equals(pattern(all.length))).toBe(true);
    expect(all.length).toBe(sent);
  });
});

describe('RFC 9293 §3.7.4 Nagle, §3.8.6.3 delayed acknowledgements, MUST-61 PSH', () => {
  it('holds a second small segment until the first is acknowledged, unless TCP_NODELAY', () => {
    const f = established({ delayUs: 5000 });
    for (let i = 0; i < 5; i++) f.a.sendBytes(f.client, pattern(10));
    f.world.run(100);
    f.a.sendBytes(f.client, pattern(10));
    f.world.run(2000);
    expect(from(f, f.a).map((s) => s.length)).toEqual([50]);
    f.world.run(100_000);
    expect(
      from(f, f.a)
        .filter((s) => s.length > 0)
        .map((s) => s.length),
    ).toEqual([50, 10]);
    f.a.stack.tcpSetOption(f.client, TCP_NODELAY, 1);
    f.world.captured.length = 0;
    for (let i = 0; i < 3; i++) {
      f.a.sendBytes(f.client, pattern(10));
      f.world.run(100);
    }
    expect(from(f, f.a).map((s) => s.length)).toEqual([10, 10, 10]);
    expect(from(f, f.a).every((s) => (s.flags & PSH) !== 0)).toBe(true);
  });

  it('holds what MORE announces company for, but not for ever (MUST-60)', () => {
    const f = established();
    f.a.sendBytes(f.client, pattern(10), 1);
    f.world.run(50_000);
    expect(from(f, f.a).length).toBe(0);
    f.world.run(1_000_000);
    expect(from(f, f.a).filter((s) => s.length === 10).length).toBe(1);
  });

  it('acknowledges at once at the start, later after 40 ms or two full segments', () => {
    const f = established({ portFrames: 1 });
    f.receiver.acks.quick = 0;
    f.a.sendBytes(f.client, pattern(100));
    f.world.run(39_000);
    expect(from(f, f.b).length).toBe(0);
    f.world.run(2000);
    expect(from(f, f.b).length).toBe(1);
    f.a.sendBytes(f.client, pattern(f.sender.mss * 8));
    f.world.run(30_000);
    expect(from(f, f.b).length).toBeGreaterThanOrEqual(4);
    const g = established();
    g.a.sendBytes(g.client, pattern(100));
    g.world.run(1000);
    expect(from(g, g.b).length).toBe(1);
  });
});

describe('RFC 6298 and RFC 5681: losses', () => {
  it('sends again after 200 ms, then twice as long each time, and gives up at last (MUST-20)', () => {
    const f = established();
    f.world.filter = (s, _bytes, side) => s === undefined || side !== f.a;
    f.a.sendBytes(f.client, pattern(10));
    f.world.run(3_000_000_000, () => f.a.failedWith.has(1));
    expect(f.a.failedWith.get(1)).toBe(ETIMEDOUT);
    const times = from(f, f.a).map((s) => s.timeUs);
    const gaps = times.slice(1).map((t, i) => Math.round((t - times[i]) / 1e5));
    expect(gaps.slice(0, 6)).toEqual([2, 4, 8, 16, 32, 64]);
    expect(gaps.at(-1)).toBe(1200);
    expect(f.world.timeUs).toBeGreaterThan(100_000_000);
    f.a.stack.tcpClose(f.client, f.world.nowUs);
    f.a.expectSlotsHome();
    f.a.expectBalanced();
  });

  it('obeys TCP_USER_TIMEOUT (MUST-21)', () => {
    const f = established();
    f.world.filter = (s, _bytes, side) => s === undefined || side !== f.a;
    f.a.stack.tcpSetOption(f.client, TCP_USER_TIMEOUT_MS, 5000);
    f.a.sendBytes(f.client, pattern(10));
    const start = f.world.timeUs;
    f.world.run(100_000_000, () => f.a.failedWith.has(1));
    expect(f.world.timeUs - start).toBeLessThan(15_000_000);
  });

  it('repairs one lost segment by three duplicates, without a time-out', () => {
    const f = established({ delayUs: 10_000 });
    let lost = false;
    const first = f.sender.sndNxt;
    f.world.filter = (s) => {
      if (lost || s === undefined || s.from !== f.a || s.seq !== ((first + 2 * f.sender.mss) | 0))
        return true;
      lost = true;
      return false;
    };
    const data = pattern(40_000);
    f.a.sendBytes(f.client, data);
    f.world.run(150_000);
    expect(lost).toBe(true);
    expect(f.b.takeAll(f.server)).toEqual(data);
    expect(f.a.counter('tcpTimeouts')).toBe(0);
    expect(f.a.counter('tcpFastRetransmits')).toBe(1);
    expect(f.a.counter('tcpRetransSegs')).toBe(1);
    expect(f.a.stack.tcpSsthreshBytes(f.client)).toBeLessThan(40_000);
  });
});

describe('RFC 9293 §3.8.4 keep-alive', () => {
  it('probes an idle peer, is content with answers, and gives up without', () => {
    const f = established();
    f.a.stack.tcpSetOption(f.client, TCP_KEEPIDLE_SECONDS, 10);
    f.a.stack.tcpSetOption(f.client, TCP_KEEPINTVL_SECONDS, 2);
    f.a.stack.tcpSetOption(f.client, TCP_KEEPCNT, 3);
    f.a.stack.tcpSetOption(f.client, SO_KEEPALIVE, 1);
    f.world.run(9_000_000);
    expect(from(f, f.a).length).toBe(0);
    f.world.run(60_000_000);
    expect(from(f, f.a).length).toBeGreaterThan(3);
    expect(f.a.failedWith.size).toBe(0);
    f.world.filter = (s) => s === undefined;
    f.world.run(30_000_000);
    expect(f.a.failedWith.get(1)).toBe(ETIMEDOUT);
  });

  it('is off by default, and waits two hours by default (MUST-25, MUST-28)', () => {
    const f = established();
    f.world.run(4_000_000_000);
    f.world.run(4_000_000_000);
    expect(f.world.captured.length).toBe(0);
    f.a.stack.tcpSetOption(f.client, SO_KEEPALIVE, 1);
    const start = f.world.timeUs;
    f.world.run(9_000_000_000, () => f.world.captured.length > 0);
    expect(Math.round((f.world.timeUs - start) / 1e6)).toBe(7200);
  });
});

describe('the end of orphans', () => {
  it('leaves FIN-WAIT-2 after a minute when the peer never closes', () => {
    const f = established();
    f.a.stack.tcpClose(f.client, f.world.nowUs);
    f.world.run(61_000_000);
    expect(f.a.stack.tcpState(f.client)).toBe(CLOSED);
    expect(f.a.stack['tcp'].freeTcbCount).toBe(256);
  });
});
