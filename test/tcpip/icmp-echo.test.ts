/** ICMP echo requests (RFC 792, RFC 1122 §3.2.2.6): which are answered, when, and with what. */
import { describe, expect, it } from 'vitest';
import { arpFrame, echoBody, ipv4Frame } from './frames.ts';
import { pattern, sum16 } from './harness.ts';
import { answers, bed, icmp, summed } from './icmp-bed.ts';

const OWN = 0x0a000001;
const PEER = 0x0a000002;
const STRANGER = 0x0a000003;
const SECOND = 1_000_000;

describe('an echo request (RFC 1122 §3.2.2.6)', () => {
  it('is answered with the same identifier, sequence number and bytes', () => {
    const host = bed();
    host.receive(icmp(echoBody(0x1234, 0x5678, pattern(32))));
    const [answer] = answers(host);
    expect([...answer.slice(34, 36)]).toEqual([0, 0]);
    expect([...answer.slice(38, 42)]).toEqual([0x12, 0x34, 0x56, 0x78]);
    expect(answer.slice(42)).toEqual(pattern(32));
    expect(sum16(answer, 34, answer.length - 34)).toBe(0xffff);
  });

  // Captured from Linux 6.18, whether the request may be cut or not.
  for (const service of [0x10, 0xff, 0xe3]) {
    it(`of type of service ${service} is answered with the same, and the answer may be cut`, () => {
      const host = bed();
      const frame = icmp(echoBody(1, 1, pattern(50)));
      frame[15] = service;
      frame[20] |= 0x40;
      frame.fill(0, 24, 26);
      new DataView(frame.buffer).setUint16(24, ~sum16(frame, 14, 20) & 0xffff);
      host.receive(frame);
      const [answer] = answers(host);
      expect([answer[15], answer[20] & 0x40]).toEqual([service, 0]);
    });
  }

  it('is answered from the address that it was sent to', () => {
    const host = bed();
    host.receive(icmp(echoBody(1, 1, pattern(1))));
    const view = new DataView(answers(host)[0].buffer);
    expect([view.getInt32(26), view.getInt32(30)]).toEqual([OWN, PEER]);
  });

  it('is counted when it comes and when it is answered', () => {
    const host = bed();
    host.receive(icmp(echoBody(1, 1, pattern(10))));
    answers(host);
    const counters = ['icmpInMsgs', 'icmpInEchos', 'icmpOutEchoReps', 'icmpInErrors'];
    expect(counters.map((name) => host.counter(name))).toEqual([1, 1, 1, 0]);
  });

  it('gets a checksum that is right whatever the request’s is (RFC 1624)', () => {
    const host = bed();
    // Payloads that take the request's checksum through the values where a carry or 0 is at stake.
    const words = [0xf6f0, 0xf7e0, 0xfff0, 0, 0x0800].flatMap((start) =>
      Array.from({ length: 32 }, (_, i) => (start + i) & 0xffff),
    );
    for (const word of words) {
      host.receive(icmp(echoBody(0, 0, Uint8Array.of(word >> 8, word & 255))));
      for (const answer of answers(host)) expect(sum16(answer, 34, answer.length - 34)).toBe(0xffff);
    }
    expect(host.counter('icmpOutEchoReps')).toBe(words.length);
  });

  for (const length of [0, 1, 7, 1471, 1472]) {
    it(`of ${length} bytes is answered in one packet`, () => {
      const host = bed();
      host.receive(icmp(echoBody(1, 1, pattern(length))));
      expect(answers(host).map((frame) => frame.slice(42))).toEqual([pattern(length)]);
      host.expectSlotsHome();
    });
  }

  for (const [what, destination] of [
    ['the limited broadcast address', -1],
    ['the subnet’s broadcast address', 0x0a0000ff],
  ] as const) {
    it(`to ${what} is not answered`, () => {
      const host = bed();
      host.receive(icmp(echoBody(1, 1, pattern(9)), PEER, destination));
      expect(answers(host)).toEqual([]);
      expect(host.counter('icmpInEchos')).toBe(1);
      host.expectSlotsHome();
    });
  }

  it('with a wrong checksum is dropped, under icmpInErrors', () => {
    const host = bed();
    const body = echoBody(1, 1, pattern(9));
    body[12] ^= 1;
    host.receive(icmp(body));
    expect(answers(host)).toEqual([]);
    expect(host.counter('icmpInErrors')).toBe(1);
    host.expectSlotsHome();
  });

  for (const code of [1, 9, 255]) {
    it(`with code ${code} is answered with the same code, as by Linux 6.18`, () => {
      const host = bed();
      const body = echoBody(1, 1, pattern(9));
      body[1] = code;
      host.receive(icmp(summed(body)));
      const [answer] = answers(host);
      expect([...answer.slice(34, 36)]).toEqual([0, code]);
      expect(sum16(answer, 34, answer.length - 34)).toBe(0xffff);
    });
  }

  for (let length = 0; length < 8; length++) {
    it(`of ${length} bytes of header is dropped`, () => {
      const host = bed();
      host.receive(icmp(summed(Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0)).slice(0, length)));
      expect(answers(host)).toEqual([]);
      expect(host.counter('icmpInErrors')).toBe(1);
      host.expectSlotsHome();
    });
  }

  it('whose first fragment is shorter than an ICMP header is dropped', () => {
    const host = bed();
    const body = echoBody(1, 1, pattern(64));
    // No fragment but the last may be shorter than eight bytes, so the datagram begins with the last one
    // here.
    host.receive(ipv4Frame(PEER, OWN, 1, body.slice(0, 4), 0, 3));
    expect(answers(host)).toEqual([]);
    expect(host.counter('icmpInErrors')).toBe(1);
  });

  it('waits for room in the port, in order', () => {
    const host = bed();
    host.ports[0].room = 0;
    for (let i = 0; i < 5; i++) host.receive(icmp(echoBody(1, i, pattern(i))));
    expect(answers(host)).toEqual([]);
    expect(host.stack.hasOutput()).toBe(true);
    host.ports[0].room = 9;
    expect(answers(host).map((frame) => frame[41])).toEqual([0, 1, 2, 3, 4]);
    host.expectSlotsHome();
  });

  it('is dropped when 64 wait already', () => {
    const host = bed({ slots: 512 });
    host.ports[0].room = 0;
    for (let i = 0; i < 70; i++) host.receive(icmp(echoBody(1, i, pattern(1))));
    host.ports[0].room = 99;
    expect(answers(host)).toHaveLength(64);
    host.expectSlotsHome();
  });

  it('is dropped when fewer than a quarter of the packet slots are free', () => {
    const host = bed({ slots: 32 });
    host.ports[0].room = 0;
    for (let i = 0; i < 30; i++) host.receive(icmp(echoBody(1, i, pattern(1))));
    expect(host.packets.available).toBe(8);
    host.ports[0].room = 99;
    expect(answers(host)).toHaveLength(24);
    host.expectSlotsHome();
  });

  it('from a neighbour that is not known is answered when that has answered', () => {
    const host = bed();
    host.receive(icmp(echoBody(1, 1, pattern(9)), STRANGER));
    expect(answers(host)).toEqual([]);
    host.receive(arpFrame({ operation: 2, sender: STRANGER, senderMac: 0x333, target: OWN }));
    const [answer] = answers(host);
    expect(new DataView(answer.buffer).getInt32(2)).toBe(0x333);
    host.expectSlotsHome();
  });

  it('from a neighbour that is not known gives way to the next (RFC 1122 §2.3.2.2)', () => {
    const host = bed();
    for (let i = 1; i <= 3; i++) {
      host.receive(icmp(echoBody(1, i, pattern(9)), STRANGER));
      host.flush();
    }
    expect(host.packets.available).toBe(host.packets.count - 1);
    host.receive(arpFrame({ operation: 2, sender: STRANGER, senderMac: 0x333, target: OWN }));
    expect(answers(host).map((frame) => frame[41])).toEqual([3]);
    host.expectSlotsHome();
  });

  it('from a neighbour that never answers is dropped', () => {
    const host = bed();
    host.receive(icmp(echoBody(1, 1, pattern(9)), STRANGER));
    for (let i = 0; i < 4; i++) host.pass(SECOND);
    host.expectSlotsHome();
  });

  it('from where no route leads back is dropped', () => {
    const host = bed();
    host.receive(icmp(echoBody(1, 1, pattern(9)), 0x08080808));
    expect(answers(host)).toEqual([]);
    host.expectSlotsHome();
  });
});
