/** Fragments put together: in any order, cut anyhow, and what of them is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VERIFIED } from './bed.ts';
import { echoBody, ipv4Frame, tcpFrame } from './frames.ts';
import { pattern } from './harness.ts';
import { bed, datagram, fails, fragment, give } from './reassembly-bed.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;

describe('a datagram in fragments (RFC 791 §3.2)', () => {
  it('is delivered when the last of them has come', () => {
    const { host, v } = bed();
    const body = datagram(100);
    give(host, body, [0, 40], [40, 80]);
    expect(host.takeFrom(v)).toBeUndefined();
    give(host, body, [80, 108]);
    expect(host.takeFrom(v)).toEqual(pattern(100));
    host.expectSlotsHome();
  });

  it('is counted: each fragment, and the datagram', () => {
    const { host } = bed();
    give(host, datagram(100), [0, 40], [40, 80], [80, 108]);
    expect([host.counter('ipReasmReqds'), host.counter('ipReasmOks'), fails(host)]).toEqual([3, 1, 0]);
    expect(host.counter('udpInDatagrams')).toBe(1);
  });

  it('is the same in whatever order and however cut its fragments come, and whichever come twice', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 90 }), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, fc.array(fc.nat(), { minLength: 24 }), (units, draws) => {
        const { host, v } = bed();
        const body = datagram(720);
        const bounds = [0, ...units.map((unit) => unit * 8).sort((a, b) => a - b), body.length];
        const parts = bounds.slice(1).map((to, i) => ({ from: bounds[i], to }));
        const last = parts.length > 1 ? draws[0] % parts.length : 0;
        // All but one, shuffled and partly doubled; the one last, so that nothing is complete before.
        const early = parts.filter((_, i) => i !== last);
        const list = [...early, ...early.filter((_, i) => draws[i + 1] % 3 === 0)];
        list.sort((a, b) => (draws[a.from % 24] % 7) - (draws[b.to % 24] % 7));
        if (parts.length === 1) return;
        for (const part of list) host.receive(fragment(body, part));
        expect(host.takeFrom(v)).toBeUndefined();
        host.receive(fragment(body, parts[last]));
        expect(host.takeFrom(v)).toEqual(pattern(720));
        host.expectSlotsHome();
      }),
      { numRuns: 150 },
    );
  });

  it('has its checksum looked at, whatever the device said of the fragments', () => {
    const { host, v } = bed();
    const body = datagram(100);
    body[50] ^= 1;
    for (const [from, to] of [
      [0, 40],
      [40, 108],
    ]) {
      host.receive(fragment(body, { from, to }), 0, VERIFIED);
    }
    expect(host.takeFrom(v)).toBeUndefined();
    expect(host.counter('udpInErrors')).toBe(1);
    host.expectSlotsHome();
  });

  it('may be as long as IPv4 allows', () => {
    const { host, v } = bed();
    const body = datagram(65507);
    for (let from = 0; from < body.length; from += 1480) {
      host.receive(fragment(body, { from, to: Math.min(from + 1480, body.length) }));
      if (host.packets.available < 200) break;
    }
    expect(host.counter('ipReasmFails'), 'an eighth of 256 slots is too few for 45 fragments').toBe(13);
    const large = bed({ slots: 512 });
    for (let from = 0; from < body.length; from += 1480) {
      large.host.receive(fragment(body, { from, to: Math.min(from + 1480, body.length) }));
    }
    expect(large.host.takeFrom(large.v)).toEqual(pattern(65507));
    expect(host.takeFrom(v)).toBeUndefined();
  });

  it('of an echo is answered in fragments', () => {
    const { host } = bed();
    const body = echoBody(1, 2, pattern(2000));
    host.receive(fragment(body, { from: 0, to: 1480, protocol: 1 }));
    host.receive(fragment(body, { from: 1480, to: 2008, protocol: 1 }));
    host.flush();
    const frames = host.ports[0].takeSent();
    expect(frames.map((frame) => frame.length - 34)).toEqual([1480, 528]);
    host.expectSlotsHome();
  });

  it('of TCP is put together in the first one’s slot', () => {
    const { host } = bed({ slotBytes: 2048 });
    host.listen(80);
    const syn = tcpFrame({ source: PEER, destination: OWN, sourcePort: 5, destinationPort: 80, flags: 2 });
    const body = new Uint8Array([...syn.slice(34)]);
    host.receive(fragment(body, { from: 8, to: 20, protocol: 6 }));
    host.receive(fragment(body, { from: 0, to: 8, protocol: 6 }));
    host.flush();
    const [answer] = host.ports[0].takeSent();
    expect(answer[23]).toBe(6);
    expect(answer[47], 'SYN and ACK').toBe(0x12);
    host.expectSlotsHome();
  });

  it('of TCP that does not fit a slot is dropped', () => {
    const { host } = bed({ slotBytes: 1536 });
    host.listen(80);
    const payload = pattern(1600);
    const whole = tcpFrame({ source: PEER, destination: OWN, sourcePort: 5, destinationPort: 81, payload });
    const body = whole.slice(34);
    host.receive(fragment(body, { from: 0, to: 800, protocol: 6 }));
    host.receive(fragment(body, { from: 800, to: body.length, protocol: 6 }));
    host.flush();
    expect(host.ports[0].takeSent()).toEqual([]);
    expect(host.counter('ipReasmOks')).toBe(1);
    host.expectSlotsHome();
  });
});

describe('fragments of different datagrams stay apart', () => {
  for (const [what, other] of [
    ['another identification', { id: 2 }],
    ['another source', { source: 0x0a000003 }],
    ['another destination', { destination: 0x0a0000ff }],
    ['another protocol', { protocol: 41 }],
  ] as const) {
    it(`by ${what}`, () => {
      const { host, v } = bed();
      const body = datagram(100);
      host.receive(fragment(body, { from: 0, to: 40 }));
      host.receive(fragment(body, { from: 40, to: 108, ...other }));
      expect(host.takeFrom(v)).toBeUndefined();
      host.receive(fragment(body, { from: 40, to: 108 }));
      expect(host.takeFrom(v)).toEqual(pattern(100));
      expect(fails(host)).toBe(0);
    });
  }

  it('and are put together side by side', () => {
    const { host, v } = bed();
    const bodies = [1, 2, 3].map((id) => datagram(100 + id));
    for (const [from, to] of [
      [40, 80],
      [0, 40],
      [80, undefined],
    ] as const) {
      for (const [i, body] of bodies.entries()) {
        host.receive(fragment(body, { from, to: to ?? body.length, id: i + 1 }));
      }
    }
    expect([1, 2, 3].map(() => host.takeFrom(v)?.length)).toEqual([101, 102, 103]);
  });

  it('the pair of a datagram that is complete may be used again at once', () => {
    const { host, v } = bed();
    for (const length of [100, 60]) give(host, datagram(length), [0, 40], [40, length + 8]);
    expect(host.takeFrom(v)).toEqual(pattern(100));
    expect(host.takeFrom(v)).toEqual(pattern(60));
  });
});

describe('what an honest sender does not send', () => {
  const body = datagram(200);

  it('an exact duplicate is ignored', () => {
    const { host, v } = bed();
    give(host, body, [0, 80], [0, 80], [160, 208], [160, 208], [80, 160]);
    expect(host.takeFrom(v)).toEqual(pattern(200));
    expect(fails(host)).toBe(0);
    host.expectSlotsHome();
  });

  for (const [what, cuts] of [
    [
      'begins within another',
      [
        [0, 80],
        [72, 120],
      ],
    ],
    [
      'ends within another',
      [
        [80, 160],
        [40, 88],
      ],
    ],
    [
      'covers another',
      [
        [80, 120],
        [40, 160],
      ],
    ],
    [
      'lies within another',
      [
        [0, 160],
        [40, 80],
      ],
    ],
    [
      'begins with another and is shorter',
      [
        [0, 80],
        [0, 40],
      ],
    ],
    [
      'begins with another and is longer',
      [
        [0, 80],
        [0, 120],
      ],
    ],
  ] as const) {
    it(`a fragment that ${what} costs the datagram (RFC 5722, RFC 1858)`, () => {
      const { host, v } = bed();
      give(host, body, ...cuts);
      expect(fails(host)).toBe(1);
      host.expectSlotsHome();
      expect(host.takeFrom(v)).toBeUndefined();
    });
  }

  it('two last fragments with different ends cost the datagram', () => {
    const { host } = bed();
    host.receive(fragment(body, { from: 80, to: 120, more: false }));
    host.receive(fragment(body, { from: 160, to: 208 }));
    expect(fails(host)).toBe(1);
    host.expectSlotsHome();
  });

  it('a last fragment before others that are there costs the datagram', () => {
    const { host } = bed();
    host.receive(fragment(body, { from: 160, to: 200, more: true }));
    host.receive(fragment(body, { from: 80, to: 120, more: false }));
    expect(fails(host)).toBe(1);
    host.expectSlotsHome();
  });

  it('a fragment behind the last one costs the datagram', () => {
    const { host } = bed();
    host.receive(fragment(body, { from: 80, to: 120, more: false }));
    host.receive(fragment(body, { from: 120, to: 160, more: true }));
    expect(fails(host)).toBe(1);
    host.expectSlotsHome();
  });

  for (const [what, cut] of [
    ['whose length is no multiple of eight, with more to follow', { from: 0, to: 41 }],
    ['of no bytes', { from: 40, to: 40, more: true }],
    ['of no bytes at the end', { from: 208, to: 208, more: false }],
  ] as const) {
    it(`a fragment ${what} is dropped, and the datagram goes on`, () => {
      const { host, v } = bed();
      give(host, body, [0, 80]);
      host.receive(fragment(body, cut));
      expect(fails(host)).toBe(1);
      give(host, body, [80, 208]);
      expect(host.takeFrom(v)).toEqual(pattern(200));
      host.expectSlotsHome();
    });
  }

  it('a fragment beyond 65,535 bytes is dropped: the "ping of death"', () => {
    const { host } = bed();
    const frame = ipv4Frame(PEER, OWN, 1, pattern(64), 0x1fff, 1);
    host.receive(frame);
    expect(fails(host)).toBe(1);
    host.expectSlotsHome();
  });

  it('the last eight bytes of the longest packet are not beyond', () => {
    const { host } = bed();
    // 20 bytes of header, and payload from 65,504 on.
    host.receive(ipv4Frame(PEER, OWN, 17, pattern(11), 65504 >> 3, 1));
    expect(fails(host)).toBe(0);
    host.receive(ipv4Frame(PEER, OWN, 17, pattern(12), 65504 >> 3, 2));
    expect(fails(host)).toBe(1);
  });

  it('more than 128 fragments cost the datagram', () => {
    const { host } = bed({ slots: 2048 });
    const long = datagram(8 * 140);
    for (let i = 0; i < 128; i++) give(host, long, [i * 8, i * 8 + 8]);
    expect(fails(host)).toBe(0);
    give(host, long, [128 * 8, 129 * 8]);
    expect(fails(host)).toBe(1);
    host.expectSlotsHome();
  });
});
