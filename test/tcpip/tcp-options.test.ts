/** Options: RFC 9293 §3.1, §3.2, §3.7.1 (MSS), RFC 7323 §2 (window scale). */
import { describe, expect, it } from 'vitest';
import { EINVAL, ENOPROTOOPT } from '../../src/socket/errno.ts';
import {
  IP_TOS,
  IP_TTL,
  SO_BROADCAST,
  SO_RCVBUF,
  SO_SNDBUF,
  TCP_KEEPCNT,
  TCP_KEEPIDLE_SECONDS,
  TCP_KEEPINTVL_SECONDS,
  TCP_MAXSEG,
  TCP_USER_TIMEOUT_MS,
} from '../../src/socket/options.ts';
import { accepted, established, synSent } from './openings.ts';
import { Script } from './script.ts';

describe('RFC 9293 §3.7.1: segment size', () => {
  it('sends segments of the peer’s size (MUST-16)', () => {
    const { peer, socket } = established({ peer: { mss: 700 } });
    expect(socket.option(TCP_MAXSEG)).toBe(700);
    socket.sends(1500);
    peer.expectsSegments(2, 700, 1);
    peer.expects({ flags: 'PSH ACK', seq: 1401, length: 100 });
  });

  it('sends segments of 536 bytes when the peer names no size (MUST-15)', () => {
    const { peer, socket } = established({ peer: { mss: -1 } });
    socket.sends(1072);
    peer.expectsSegments(2, 536, 1);
  });

  it('sends none larger than its own MTU has room for, whatever the peer takes', () => {
    const { peer, socket } = established({ mtu: 1000, peer: { mss: 9000 } });
    socket.sends(960);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 960 });
  });

  it('takes twelve bytes off for timestamps (7323-12)', () => {
    const { peer, socket } = established({ peer: { timestamps: true } });
    expect(socket.option(TCP_MAXSEG)).toBe(1448);
    socket.sends(2896);
    peer.expectsSegments(2, 1448, 1);
  });

  it('names what its MTU has room for in its SYN, and only there (MUST-14, MUST-65, MUST-67)', () => {
    const script = new Script({ mtu: 9000 });
    const peer = script.peer();
    script.socket().connects(peer.address, 80);
    expect(peer.takes().options.mss).toBe(8960);
    peer.sends({ flags: 'SYN ACK', ack: 1 });
    expect(peer.takes().options.mss).toBeUndefined();
  });

  for (const mss of [0, 1, 47]) {
    it(`never sends segments smaller than 48 bytes, though the peer asks for ${mss} (CVE-2019-11477)`, () => {
      const { peer, socket } = established({ peer: { mss } });
      socket.sends(1072);
      expect(peer.inbox[0].payload.length).toBe(mss === 0 ? 536 : 48);
    });
  }

  it('sends smaller ones, and asks for smaller ones, where the user wants it (TCP_MAXSEG)', () => {
    const script = new Script();
    const peer = script.peer();
    const socket = script.socket();
    socket.sets(TCP_MAXSEG, 500);
    expect(socket.option(TCP_MAXSEG)).toBe(500);
    socket.connects(peer.address, 80);
    expect(peer.takes().options.mss).toBe(500);
    peer.sends({ flags: 'SYN ACK', ack: 1, options: { mss: 1460 } });
    peer.ignores();
    socket.sends(1000);
    peer.expectsSegments(2, 500, 1);
    peer.acks(1001);
    socket.sets(TCP_MAXSEG, 100);
    socket.sends(200);
    peer.expectsSegments(2, 100, 1001);
  });
});

describe('RFC 9293 §3.1, §3.2: parsing (MUST-4 to MUST-7, MUST-64, MUST-68)', () => {
  const MSS_500 = [2, 4, 1, 244];
  for (const [what, rawOptions, segmentBytes] of [
    ['MSS alone', MSS_500, 500],
    ['MSS at an odd place', [1, ...MSS_500], 500],
    ['MSS behind three NOPs', [1, 1, 1, ...MSS_500], 500],
    ['an unknown option before it', [200, 5, 9, 9, 9, ...MSS_500], 500],
    ['an unknown option of two bytes before it', [77, 2, ...MSS_500], 500],
    ['the end of the list before it', [0, ...MSS_500], 536],
    ['a length of 0 before it', [200, 0, ...MSS_500], 536],
    ['a length of 1 before it', [200, 1, ...MSS_500], 536],
    ['a length that leads out of the header', [200, 40, ...MSS_500], 536],
    ['a kind without a length at the end', [...MSS_500, 1, 1, 1, 200], 500],
    ['an MSS of a wrong length', [2, 6, 1, 244, 0, 0], 536],
    ['MSS cut off', [1, 1, 2, 4], 536],
    ['two of them: the later holds', [2, 4, 2, 88, ...MSS_500], 500],
    ['forty bytes of NOP', new Array<number>(40).fill(1), 536],
  ] as const) {
    it(`reads ${what}`, () => {
      const { script, peer, socket } = synSent();
      peer.sends({ flags: 'SYN ACK', ack: 1, rawOptions: [...rawOptions] });
      expect(socket.state).toBe('ESTABLISHED');
      expect(socket.option(TCP_MAXSEG)).toBe(segmentBytes);
      expect(script.counter('tcpInErrs')).toBe(0);
    });
  }

  it('bears options on any segment (MUST-5), and takes an MSS only from a SYN', () => {
    const { peer, socket } = established();
    peer.sends({ flags: 'PSH ACK', length: 10, rawOptions: [2, 4, 1, 244, 99, 4, 0, 0] });
    peer.expects({ ack: 11 });
    expect(socket.reads()).toBe(10);
    expect(socket.option(TCP_MAXSEG)).toBe(1460);
  });
});

describe('RFC 7323 §2: window scale', () => {
  it('scales both windows once both ends have offered it (7323-1)', () => {
    const { script, peer, socket } = established({ peer: { wscale: 7, window: 1000 } });
    const { stack } = script.host;
    expect(stack.tcpSndWndBytes(socket.c)).toBe(1000);
    peer.sends({ window: 1000 });
    expect(stack.tcpSndWndBytes(socket.c)).toBe(128_000);
    peer.sendsData(32);
    peer.expects({ ack: 33, window: ((1 << 20) >> 5) - 1 });
  });

  it('does not scale when only one end offers it', () => {
    const { script, peer, socket } = established({ peer: { window: 1000 } });
    peer.sends({ window: 2000 });
    expect(script.host.stack.tcpSndWndBytes(socket.c)).toBe(2000);
    const other = established({ config: { windowScaling: false }, peer: { wscale: 7, window: 1000 } });
    other.peer.sends({ window: 2000 });
    expect(other.script.host.stack.tcpSndWndBytes(other.socket.c)).toBe(2000);
  });

  it('never scales the window of a SYN-ACK (7323-3)', () => {
    const { script, peer, socket } = established({ peer: { wscale: 7, window: 1000 } });
    socket.sends(2000);
    expect(script.host.stack.tcpUnackedBytes(socket.c)).toBe(1000);
    peer.expectsSegments(2, 500, 1);
  });

  it('takes a shift of more than 14 for 14 (7323-2)', () => {
    const { script, peer, socket } = established({ peer: { wscale: 200, window: 10 } });
    peer.sends({ window: 3 });
    expect(script.host.stack.tcpSndWndBytes(socket.c)).toBe(3 << 14);
  });

  it('takes a shift only from a SYN', () => {
    const { script, peer, socket } = established({ peer: { wscale: 2 } });
    peer.sends({ window: 100, options: { wscale: 9 } });
    expect(script.host.stack.tcpSndWndBytes(socket.c)).toBe(400);
  });

  it('scales in a connection that it accepted, from the acknowledgement of the SYN-ACK on', () => {
    const { script, socket } = accepted({ peer: { wscale: 3, window: 1000 } });
    expect(script.host.stack.tcpSndWndBytes(socket.c)).toBe(8000);
  });

  it('rounds a window up, never down below what it offered (7323-4)', () => {
    const { peer } = established({ peer: { wscale: 0 } });
    let edge = 1 + (1 << 20);
    for (const length of [1, 7, 31, 33, 100]) {
      peer.sendsData(length);
      const { ack, window } = peer.relative(peer.takes());
      expect(ack + window * 32).toBeGreaterThanOrEqual(edge);
      expect(ack + window * 32).toBeLessThan(edge + 32);
      edge = ack + window * 32;
    }
  });
});

describe('socket options', () => {
  for (const [name, option, bad] of [
    ['TCP_MAXSEG', TCP_MAXSEG, [87, 65_536]],
    ['IP_TTL', IP_TTL, [0, 256]],
    ['TCP_KEEPIDLE', TCP_KEEPIDLE_SECONDS, [0, 32_768]],
    ['TCP_KEEPINTVL', TCP_KEEPINTVL_SECONDS, [0, 32_768]],
    ['TCP_KEEPCNT', TCP_KEEPCNT, [0, 128]],
    ['TCP_USER_TIMEOUT', TCP_USER_TIMEOUT_MS, [-1]],
  ] as const) {
    it(`refuses ${name} of ${bad.join(' and ')}, and leaves it as it was`, () => {
      const { script, socket } = established();
      const before = socket.option(option);
      for (const value of bad) expect(script.host.stack.tcpSetOption(socket.c, option, value)).toBe(EINVAL);
      expect(socket.option(option)).toBe(before);
    });
  }

  it('takes the least and the most of each', () => {
    const { socket } = established();
    for (const [option, least, most] of [
      [TCP_MAXSEG, 88, 65_535],
      [IP_TTL, 1, 255],
      [TCP_KEEPIDLE_SECONDS, 1, 32_767],
      [TCP_KEEPINTVL_SECONDS, 1, 32_767],
      [TCP_KEEPCNT, 1, 127],
      [TCP_USER_TIMEOUT_MS, 0, 0x7fff_ffff],
    ]) {
      socket.sets(option, least);
      expect(socket.option(option)).toBe(least);
      socket.sets(option, most);
      // What a segment may hold is less than the user may ask for.
      expect(socket.option(option)).toBe(option === TCP_MAXSEG ? 1460 : most);
    }
    socket.sets(IP_TOS, 255);
    expect(socket.option(IP_TOS)).toBe(252);
    // As on Linux only the low byte counts, and -1 is the default time to live.
    socket.sets(IP_TOS, 300);
    expect(socket.option(IP_TOS)).toBe(44);
    socket.sets(IP_TTL, -1);
    expect(socket.option(IP_TTL)).toBe(64);
    socket.sets(IP_TOS, 0);
    expect(socket.option(IP_TOS)).toBe(0);
  });

  it('knows no other option', () => {
    const { script, socket } = established();
    expect(script.host.stack.tcpSetOption(socket.c, 999, 1)).toBe(ENOPROTOOPT);
    expect(socket.option(999)).toBe(-1000 - ENOPROTOOPT);
  });

  it('holds what it was given', () => {
    const { socket } = established();
    for (const [option, value] of [
      [SO_SNDBUF, 12_345],
      [TCP_USER_TIMEOUT_MS, 777],
      [TCP_KEEPIDLE_SECONDS, 11],
      [TCP_KEEPINTVL_SECONDS, 12],
      [TCP_KEEPCNT, 13],
      [IP_TTL, 14],
    ]) {
      socket.sets(option, value);
      expect(socket.option(option)).toBe(value);
    }
    socket.sets(SO_BROADCAST, 1);
    expect(socket.option(SO_BROADCAST)).toBe(1);
  });

  it('keeps a receive buffer within bounds', () => {
    const { socket } = established();
    socket.sets(SO_RCVBUF, 1);
    expect(socket.option(SO_RCVBUF)).toBe(2304);
    socket.sets(SO_RCVBUF, 0x7fff_ffff);
    expect(socket.option(SO_RCVBUF)).toBe(1 << 29);
  });

  it('sends with the TTL and the DSCP that the user sets, from then on (MUST-48, MUST-49, SHLD-21)', () => {
    const { peer, socket } = established();
    socket.sends(1);
    expect(peer.takes()).toMatchObject({ ttl: 64, tos: 0 });
    peer.acks(2);
    socket.sets(IP_TTL, 3);
    socket.sets(IP_TOS, 0xbb);
    expect(socket.option(IP_TOS)).toBe(0xb8);
    socket.sends(1);
    expect(peer.takes()).toMatchObject({ ttl: 3, tos: 0xb8 });
  });

  it('numbers the packets of a connection one by one', () => {
    const { peer, socket } = established();
    socket.sends(5 * 1460);
    const ids = peer.inbox.map((segment) => segment.ipId);
    expect(ids).toEqual(ids.map((_, i) => (ids[0] + i) & 0xffff));
  });
});
