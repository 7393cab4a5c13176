/** ICMP errors about segments: RFC 9293 §3.9.2.2, RFC 5461, RFC 5927, RFC 1191. */
import { describe, expect, it } from 'vitest';
import { EHOSTUNREACH, ENETUNREACH, EOPNOTSUPP, EPROTO, errnoName } from '../../src/socket/errno.ts';
import { SO_ERROR, TCP_MAXSEG } from '../../src/socket/options.ts';
import { icmpErrorAbout } from './frames.ts';
import { established, type Opening, synReceived, synSent } from './openings.ts';

const UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;
const SOURCE_QUENCH = 4;
const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;
const ROUTER = 0x0a0000fe;

/** A router complains about the segment that begins at `seq`. */
function complains(opening: Opening, seq: number, type: number, code: number, mtu = 0): void {
  const { script, peer } = opening;
  script.inject(icmpErrorAbout(peer.frameOfHost(seq), ROUTER, type, code, mtu));
  script.settle();
}

describe('RFC 9293 SHLD-26, RFC 5461: hard errors', () => {
  for (const [code, name, errno] of [
    [2, 'protocol', 'ENOPROTOOPT'],
    [3, 'port', 'ECONNREFUSED'],
  ] as const) {
    it(`end a connection that is being opened: ${name} unreachable`, () => {
      const opening = synSent();
      complains(opening, 0, UNREACHABLE, code);
      opening.script.tells('state 1 SYN-SENT CLOSED', `connected 1 ${errno}`);
    });

    it(`never end one that is established: ${name} unreachable`, () => {
      const opening = established();
      const { script, peer, socket } = opening;
      socket.sends(10);
      peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
      complains(opening, 1, UNREACHABLE, code);
      script.tells();
      expect(socket.state).toBe('ESTABLISHED');
      peer.acks(11);
      script.tells('done 0');
    });
  }

  it('end a listener’s connection that is half open, as on Linux', () => {
    const opening = synReceived();
    complains(opening, 0, UNREACHABLE, 3);
    opening.peer.sends({ ack: 1 });
    opening.peer.expects({ flags: 'RST', seq: 1 });
    opening.script.tells();
  });
});

describe('RFC 9293 MUST-56, SHLD-25: soft errors', () => {
  for (const [type, code, errno] of [
    [UNREACHABLE, 0, ENETUNREACH],
    [UNREACHABLE, 1, EHOSTUNREACH],
    [UNREACHABLE, 5, EOPNOTSUPP],
    [UNREACHABLE, 13, EHOSTUNREACH],
    [TIME_EXCEEDED, 0, EHOSTUNREACH],
    [PARAMETER_PROBLEM, 0, EPROTO],
  ] as const) {
    it(`never end a connection that is open, and can be asked for: type ${type}, code ${code}`, () => {
      const opening = established();
      opening.socket.sends(10);
      complains(opening, 1, type, code);
      opening.script.tells();
      expect(opening.socket.option(SO_ERROR)).toBe(errno);
      expect(opening.socket.option(SO_ERROR)).toBe(0);
    });

    it(`end one that is being opened, as on Linux: type ${type}, code ${code}`, () => {
      const opening = synSent();
      complains(opening, 0, type, code);
      opening.script.tells('state 1 SYN-SENT CLOSED', `connected 1 ${errnoName(errno)}`);
    });
  }

  it('say nothing where their code means nothing', () => {
    const opening = synSent();
    complains(opening, 0, UNREACHABLE, 16);
    opening.script.tells();
    opening.peer.sends({ flags: 'SYN ACK', ack: 1 });
    opening.script.tells('state 1 SYN-SENT ESTABLISHED', 'connected 1 OK');
  });

  it('do not change what is sent', () => {
    const opening = established();
    const { peer, socket } = opening;
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
    complains(opening, 1, UNREACHABLE, 1);
    peer.expectsNothing();
    peer.expectsAfter(200_000, { flags: 'PSH ACK', seq: 1, length: 10 });
  });
});

describe('RFC 5927 §4: only errors about what is in flight are believed', () => {
  for (const seq of [-1, 0, 11, 5000]) {
    it(`ignores one about ${seq}, where 1 to 10 are out`, () => {
      const opening = established();
      opening.socket.sends(10);
      complains(opening, seq, UNREACHABLE, 1);
      expect(opening.socket.option(SO_ERROR)).toBe(0);
      complains(opening, seq, UNREACHABLE, FRAGMENTATION_NEEDED, 600);
      expect(opening.socket.option(TCP_MAXSEG)).toBe(1460);
    });
  }

  it('ignores all of them when nothing is out', () => {
    const opening = established();
    complains(opening, 1, UNREACHABLE, 1);
    expect(opening.socket.option(SO_ERROR)).toBe(0);
  });

  it('ignores one about another connection, and one that quotes too little', () => {
    const opening = synSent();
    const { script, peer } = opening;
    const other = peer.frameOfHost(0);
    other[35] ^= 1;
    script.inject(icmpErrorAbout(other, ROUTER, UNREACHABLE, 3));
    script.inject(icmpErrorAbout(peer.frameOfHost(0), ROUTER, UNREACHABLE, 3).subarray(0, 60));
    script.settle();
    script.tells();
  });

  it('drops Source Quench silently (MUST-55)', () => {
    const opening = established();
    const { socket, peer } = opening;
    socket.sends(5000);
    const { cwnd } = socket;
    peer.ignores();
    complains(opening, 1, SOURCE_QUENCH, 0);
    expect(socket.cwnd).toBe(cwnd);
    expect(socket.option(SO_ERROR)).toBe(0);
    peer.expectsNothing();
  });
});

describe('RFC 1191: the path’s MTU', () => {
  it('makes segments smaller, and sends what is out again at once', () => {
    const opening = established();
    const { peer, socket } = opening;
    socket.sends(2920);
    peer.expectsSegments(2, 1460, 1);
    complains(opening, 1, UNREACHABLE, FRAGMENTATION_NEEDED, 1040);
    peer.expectsSegments(2, 1000, 1);
    peer.expects({ flags: 'PSH ACK', seq: 2001, length: 920 });
    peer.acks(2921);
    socket.sends(1000);
    peer.expects({ flags: 'PSH ACK', seq: 2921, length: 1000 });
    expect(socket.option(TCP_MAXSEG)).toBe(1000);
  });

  it('takes the timestamps off as well', () => {
    const opening = established({ peer: { timestamps: true } });
    opening.socket.sends(1448);
    complains(opening, 1, UNREACHABLE, FRAGMENTATION_NEEDED, 1040);
    expect(opening.socket.option(TCP_MAXSEG)).toBe(988);
  });

  it('is never believed to be larger than it is known to be', () => {
    const opening = established();
    opening.socket.sends(1460);
    for (const mtu of [1500, 9000, 65_535]) complains(opening, 1, UNREACHABLE, FRAGMENTATION_NEEDED, mtu);
    expect(opening.socket.option(TCP_MAXSEG)).toBe(1460);
    complains(opening, 1, UNREACHABLE, FRAGMENTATION_NEEDED, 800);
    complains(opening, 1, UNREACHABLE, FRAGMENTATION_NEEDED, 900);
    expect(opening.socket.option(TCP_MAXSEG)).toBe(760);
  });

  for (const mtu of [0, 68, 551]) {
    it(`is never believed to be less than 552, though the error says ${mtu}`, () => {
      const opening = established();
      opening.socket.sends(1460);
      complains(opening, 1, UNREACHABLE, FRAGMENTATION_NEEDED, mtu);
      expect(opening.socket.option(TCP_MAXSEG)).toBe(512);
    });
  }

  it('is remembered when it becomes known by the SYN', () => {
    const opening = synSent();
    const { peer, socket } = opening;
    complains(opening, 0, UNREACHABLE, FRAGMENTATION_NEEDED, 1000);
    peer.expectsNothing();
    peer.sends({ flags: 'SYN ACK', ack: 1, options: { mss: 1460 } });
    peer.expects({ seq: 1, ack: 1 });
    socket.sends(960);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 960 });
  });

  it('does not count as a loss: the congestion window stays', () => {
    const opening = established();
    const { script, socket } = opening;
    socket.sends(14_600);
    const { cwnd, ssthresh } = socket;
    complains(opening, 1, UNREACHABLE, FRAGMENTATION_NEEDED, 1040);
    expect([socket.cwnd, socket.ssthresh]).toEqual([cwnd, ssthresh]);
    expect(script.counter('tcpTimeouts')).toBe(0);
  });
});

describe('a neighbour that is gone', () => {
  it('is no hard error for an established connection: the timer asks again (§3.9.2.2)', () => {
    const { script, peer, socket } = established({
      config: { neighbourReachableUs: 100_000, neighbourDelayUs: 100_000, neighbourUnicastProbes: 1 },
    });
    script.passes(2_000_000);
    script.answersArp = false;
    socket.sends(10);
    script.passes(1_399_999);
    // The first three went to where the neighbour was last; the fourth asks.
    expect(peer.inbox.length).toBe(3);
    peer.ignores();
    script.passes(3_000_001);
    peer.expectsNothing();
    script.tells();
    expect(socket.option(SO_ERROR)).toBe(EHOSTUNREACH);
    script.answersArp = true;
    script.passes(10_000_000);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10 });
  });
});
