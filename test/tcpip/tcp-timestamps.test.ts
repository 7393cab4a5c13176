/** RFC 7323 §3 to §5: timestamps, and protection against wrapped sequence numbers (PAWS). */
import { describe, expect, it } from 'vitest';
import { accepted, established, type OpeningOptions } from './openings.ts';
import { PEER_CLOCK } from './peer.ts';

function stamped(options: OpeningOptions = {}) {
  return established({ ...options, peer: { timestamps: true, ...options.peer } });
}

describe('RFC 7323 §3: the option', () => {
  it('is in every segment once agreed upon: data, bare acknowledgement, FIN (7323-5)', () => {
    const { script, peer, socket } = stamped();
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10, options: { ts: [0, PEER_CLOCK] } });
    script.passes(3000);
    peer.sends({ flags: 'PSH ACK', ack: 11, length: 10 });
    peer.expects({ ack: 11, options: { ts: [3, PEER_CLOCK + 3] } });
    socket.shutsDown();
    peer.expects({ flags: 'FIN ACK', seq: 11, options: { ts: [3, PEER_CLOCK + 3] } });
  });

  it('is in none when one end does not offer it', () => {
    const { peer, socket } = established({ peer: { timestamps: true }, config: { timestamps: false } });
    socket.sends(10);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 10, options: {} });
  });

  it('ticks once in a millisecond, from an offset of its own for each connection (7323-13)', () => {
    const first = stamped();
    const second = stamped({ peer: { port: 81 } });
    const value = (opening: ReturnType<typeof stamped>) => {
      opening.socket.sends(1);
      return opening.peer.inbox.at(-1)?.options.ts?.[0] ?? 0;
    };
    const [one, other] = [value(first), value(second)];
    expect(one).not.toBe(other);
    first.peer.acks(2);
    first.script.passes(5999);
    expect((value(first) - one) | 0).toBe(5);
  });

  it('is in a reset of a connection that has it (§3.2), and in none of what is no connection', () => {
    const { script, peer, socket } = stamped();
    script.passes(3000);
    socket.aborts();
    peer.expects({ flags: 'RST ACK', seq: 1, ack: 1, options: { ts: [3, 700_000] } });
    peer.sends({ ack: 1 });
    peer.expects({ flags: 'RST', seq: 1, options: {} });
  });

  it('is agreed upon by a passive open as well', () => {
    const { peer, socket } = accepted({ peer: { timestamps: true } });
    socket.sends(1);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 1, options: { ts: [0, PEER_CLOCK] } });
  });
});

describe('RFC 7323 §4.3: which timestamp is echoed (7323-8)', () => {
  it('is that of the segment which filled the last acknowledgement sent, when more came together', () => {
    const { peer } = stamped({ config: { quickAcks: 0 } });
    peer.sends({ length: 1448, options: { ts: [PEER_CLOCK + 1, 0] } });
    peer.expectsNothing();
    peer.sends({ length: 1448, options: { ts: [PEER_CLOCK + 2, 0] } });
    peer.expects({ ack: 2897, options: { ts: [0, PEER_CLOCK + 1] } });
  });

  it('is that of the last segment in order while there is a hole', () => {
    const { peer } = stamped();
    peer.sends({ length: 10, options: { ts: [PEER_CLOCK + 1, 0] } });
    peer.expects({ ack: 11, options: { ts: [0, PEER_CLOCK + 1] } });
    peer.sends({ seq: 21, length: 10, options: { ts: [PEER_CLOCK + 5, 0] } });
    peer.expects({ ack: 11, options: { ts: [0, PEER_CLOCK + 1] } });
  });

  it('is that of the segment which fills the hole', () => {
    const { peer } = stamped();
    peer.sends({ seq: 11, length: 10, options: { ts: [PEER_CLOCK + 5, 0] } });
    peer.expects({ ack: 1, options: { ts: [0, PEER_CLOCK] } });
    peer.sends({ seq: 1, length: 10, options: { ts: [PEER_CLOCK + 3, 0] } });
    peer.expects({ ack: 21, options: { ts: [0, PEER_CLOCK + 3] } });
  });

  it('is not that of a segment that acknowledges what was never sent (7323-11)', () => {
    const { peer, socket } = stamped();
    peer.sends({ ack: 500, options: { ts: [PEER_CLOCK + 9, 0] } });
    peer.expects({ ack: 1, options: { ts: [0, PEER_CLOCK] } });
    peer.acks(1);
    socket.sends(1);
    peer.expects({ flags: 'PSH ACK', seq: 1, length: 1, options: { ts: [0, PEER_CLOCK] } });
  });
});

describe('RFC 7323 §5: PAWS', () => {
  it('drops an old segment with an acknowledgement, though its numbers fit (7323-9)', () => {
    const { script, peer, socket } = stamped();
    peer.sends({ flags: 'PSH ACK', length: 10, options: { ts: [PEER_CLOCK - 1, 0] } });
    peer.expects({ ack: 1, options: { ts: [0, PEER_CLOCK] } });
    expect(socket.readable).toBe(0);
    peer.sends({ seq: 1, length: 10 });
    peer.expects({ ack: 11 });
    expect(script.counter('bytesAccepted')).toBe(10);
  });

  it('takes one with the same timestamp', () => {
    const { peer, socket } = stamped();
    peer.sends({ length: 10, options: { ts: [PEER_CLOCK, 0] } });
    peer.expects({ ack: 11 });
    expect(socket.reads()).toBe(10);
  });

  it('compares timestamps over their wrap', () => {
    const { peer, socket } = stamped();
    let value = PEER_CLOCK;
    let ack = 1;
    for (let i = 0; i < 6; i++) {
      value = (value + 0x3fff_ffff) | 0;
      ack += 10;
      peer.sends({ length: 10, options: { ts: [value, 0] } });
      peer.expects({ ack, options: { ts: [0, value] } });
    }
    expect(socket.reads()).toBe(60);
  });

  it('drops a segment without the option silently (7323-6)', () => {
    const { peer, socket } = stamped();
    peer.sends({ flags: 'PSH ACK', length: 10, rawOptions: [] });
    peer.sends({ flags: 'FIN ACK', seq: 1, rawOptions: [] });
    peer.expectsNothing();
    expect(socket.state).toBe('ESTABLISHED');
    expect(socket.readable).toBe(0);
  });

  it('takes a reset with an old timestamp, and one without', () => {
    for (const rawOptions of [[], [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0]]) {
      const { peer, socket } = stamped();
      peer.sends({ flags: 'RST', rawOptions });
      expect(socket.state).toBe('CLOSED');
    }
  });

  it('believes any timestamp after 24 days without a segment (7323-10)', () => {
    const { script, peer, socket } = stamped();
    const days = 86_400_000_000;
    for (let i = 0; i < 24; i++) script.passes(days);
    peer.sends({ length: 10, options: { ts: [PEER_CLOCK - 5, 0] } });
    peer.expects({ ack: 1 });
    script.passes(1_001_000);
    peer.sends({ seq: 1, length: 10, options: { ts: [PEER_CLOCK - 5, 0] } });
    peer.expects({ ack: 11 });
    expect(socket.reads()).toBe(10);
    peer.sends({ length: 10, options: { ts: [PEER_CLOCK - 4, 0] } });
    peer.expects({ ack: 21 });
  });

  it('finds the option at any place (MUST-64)', () => {
    const { peer, socket } = stamped();
    const stamp = [8, 10, 0, 10, 0xae, 0x61, 0, 0, 0, 0];
    peer.sends({ length: 10, rawOptions: [...stamp, 1, 1] });
    peer.sends({ length: 10, rawOptions: [1, ...stamp, 0] });
    peer.sends({ length: 10, rawOptions: [254, 2, ...stamp] });
    peer.ignores();
    expect(socket.reads()).toBe(30);
  });
});
