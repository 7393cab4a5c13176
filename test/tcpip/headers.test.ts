/** Header codecs: what each check lets through, whatever bytes come, and what each writer writes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ARP_BYTES, ARP_REPLY, ARP_REQUEST, checkArp, writeArp } from '../../src/tcpip/header/arp.ts';
import { writeEthernetAddresses } from '../../src/tcpip/header/ethernet.ts';
import { addressSum, checkIpv4Header, fold, swap } from '../../src/tcpip/header/ipv4.ts';
import { checkTcpHeader } from '../../src/tcpip/header/tcp.ts';
import { checkUdpHeader } from '../../src/tcpip/header/udp.ts';
import { sum16 } from './harness.ts';

const bytesOf = (most: number) => fc.uint8Array({ maxLength: most });
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A view of bytes that start at an offset in a larger buffer, as a packet does in its slot. */
function placed(bytes: Uint8Array, at: number): DataView {
  const memory = new Uint8Array(at + bytes.length + 64).fill(0xa5);
  memory.set(bytes, at);
  return viewOf(memory);
}

describe('the IPv4 header check (RFC 791 §3.1)', () => {
  function header(changes: (view: DataView) => void = () => undefined): DataView {
    const view = viewOf(new Uint8Array(80));
    view.setUint8(0, 0x45);
    view.setUint16(2, 80);
    changes(view);
    return view;
  }

  it('accepts a header of 20 bytes, and tells its length', () => {
    expect(checkIpv4Header(header(), 0, 80)).toBe(20);
  });

  for (let words = 0; words < 16; words++) {
    const good = words >= 5;
    it(`${good ? 'accepts' : 'refuses'} a header length of ${words} words`, () => {
      const view = header((h) => h.setUint8(0, 0x40 | words));
      expect(checkIpv4Header(view, 0, 80)).toBe(good ? words * 4 : -1);
    });
  }

  for (const version of [0, 3, 5, 6, 15]) {
    it(`refuses version ${version} (RFC 1122 §3.2.1.1)`, () => {
      expect(
        checkIpv4Header(
          header((h) => h.setUint8(0, (version << 4) | 5)),
          0,
          80,
        ),
      ).toBe(-1);
    });
  }

  for (let length = 0; length < 20; length += 1) {
    it(`refuses ${length} bytes`, () => {
      expect(checkIpv4Header(header(), 0, length)).toBe(-1);
    });
  }

  it('accepts a packet of a header alone', () => {
    expect(
      checkIpv4Header(
        header((h) => h.setUint16(2, 20)),
        0,
        20,
      ),
    ).toBe(20);
  });

  it('accepts padding behind the packet', () => {
    expect(
      checkIpv4Header(
        header((h) => h.setUint16(2, 30)),
        0,
        46,
      ),
    ).toBe(20);
  });

  it('refuses a total length of more than there is', () => {
    expect(checkIpv4Header(header(), 0, 79)).toBe(-1);
  });

  it('refuses a total length of less than the header', () => {
    expect(
      checkIpv4Header(
        header((h) => h.setUint16(2, 19)),
        0,
        80,
      ),
    ).toBe(-1);
    expect(
      checkIpv4Header(
        header((h) => {
          h.setUint8(0, 0x46);
          h.setUint16(2, 23);
        }),
        0,
        80,
      ),
    ).toBe(-1);
  });

  it('vouches for any bytes only that the header and the payload lie within them', () => {
    fc.assert(
      fc.property(bytesOf(100), fc.integer({ min: 0, max: 40 }), (bytes, at) => {
        const found = checkIpv4Header(placed(bytes, at), at, bytes.length);
        if (found < 0) return;
        const total = viewOf(bytes).getUint16(2);
        expect(bytes[0] >>> 4).toBe(4);
        expect(found).toBeGreaterThanOrEqual(20);
        expect(found).toBeLessThanOrEqual(total);
        expect(total).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the UDP header check (RFC 768)', () => {
  const header = (stated: number) => {
    const view = viewOf(new Uint8Array(32));
    view.setUint16(4, stated);
    return view;
  };

  for (const [stated, length, expected] of [
    [8, 8, 8],
    [8, 32, 8],
    [20, 32, 20],
    [32, 32, 32],
    [33, 32, -1],
    [65535, 32, -1],
    [7, 32, -1],
    [0, 32, -1],
    [8, 7, -1],
    [8, 0, -1],
  ] as const) {
    it(`${expected < 0 ? 'refuses' : 'accepts'} ${stated} stated of ${length} bytes`, () => {
      expect(checkUdpHeader(header(stated), 0, length)).toBe(expected);
    });
  }
});

describe('the TCP header check (RFC 9293 §3.1)', () => {
  const header = (words: number) => {
    const view = viewOf(new Uint8Array(64));
    view.setUint8(12, words << 4);
    return view;
  };

  for (let words = 0; words < 16; words++) {
    const good = words >= 5;
    it(`${good ? 'accepts' : 'refuses'} a data offset of ${words} words`, () => {
      expect(checkTcpHeader(header(words), 0, 64)).toBe(good ? words * 4 : -1);
    });
  }

  it('refuses options that go beyond the segment', () => {
    expect(checkTcpHeader(header(6), 0, 24)).toBe(24);
    expect(checkTcpHeader(header(6), 0, 23)).toBe(-1);
    expect(checkTcpHeader(header(5), 0, 19)).toBe(-1);
  });
});

describe('ARP (RFC 826)', () => {
  function packet(operation = ARP_REQUEST): Uint8Array {
    const bytes = new Uint8Array(ARP_BYTES);
    writeArp(viewOf(bytes), 0, operation, 0x0200, 0x11121314, 0x0a000001, 0x0203, -2, 0x0a000002);
    return bytes;
  }

  it('is written field by field as the RFC has it', () => {
    expect([...packet(ARP_REPLY)]).toEqual(
      [
        [0, 1, 8, 0, 6, 4, 0, 2],
        [2, 0, 0x11, 0x12, 0x13, 0x14, 10, 0, 0, 1],
        [2, 3, 255, 255, 255, 254, 10, 0, 0, 2],
      ].flat(),
    );
  });

  it('is accepted as request and as reply, with padding behind it', () => {
    for (const operation of [ARP_REQUEST, ARP_REPLY]) {
      const bytes = new Uint8Array(46);
      bytes.set(packet(operation));
      expect(checkArp(viewOf(bytes), 0, 46)).toBe(true);
      expect(checkArp(viewOf(bytes), 0, ARP_BYTES)).toBe(true);
    }
  });

  it('is refused when it is cut short', () => {
    for (let length = 0; length < ARP_BYTES; length++) {
      expect(checkArp(viewOf(packet()), 0, length)).toBe(false);
    }
  });

  for (const [what, at] of [
    ['hardware type', 0],
    ['hardware type', 1],
    ['protocol type', 2],
    ['protocol type', 3],
    ['hardware address length', 4],
    ['protocol address length', 5],
    ['operation', 6],
  ] as const) {
    it(`is refused with another ${what} in byte ${at}`, () => {
      const bytes = packet();
      bytes[at] ^= 0x10;
      expect(checkArp(viewOf(bytes), 0, ARP_BYTES)).toBe(false);
    });
  }

  for (const operation of [0, 3, 4, 8, 9, 65535]) {
    it(`is refused as operation ${operation}`, () => {
      const bytes = packet();
      viewOf(bytes).setUint16(6, operation);
      expect(checkArp(viewOf(bytes), 0, ARP_BYTES)).toBe(false);
    });
  }

  it('is looked at where it lies', () => {
    expect(checkArp(placed(packet(), 23), 23, ARP_BYTES)).toBe(true);
    expect(checkArp(placed(packet(), 23), 22, ARP_BYTES)).toBe(false);
  });
});

describe('Ethernet addresses', () => {
  it('are written destination first, all twelve bytes and no other', () => {
    const half = fc.integer({ min: 0, max: 0xffff });
    const word = fc.integer();
    fc.assert(
      fc.property(half, word, half, word, (toHigh, toLow, fromHigh, fromLow) => {
        const memory = new Uint8Array(20).fill(0xa5);
        const view = viewOf(memory);
        writeEthernetAddresses(view, 4, toHigh, toLow, fromHigh, fromLow);
        expect(view.getUint16(4)).toBe(toHigh);
        expect(view.getInt32(6)).toBe(toLow);
        expect(view.getUint16(10)).toBe(fromHigh);
        expect(view.getInt32(12)).toBe(fromLow);
        expect([...memory.subarray(0, 4), ...memory.subarray(16)]).toEqual(Array(8).fill(0xa5));
      }),
    );
  });
});

describe('one’s-complement sums (RFC 1071)', () => {
  it('fold to 16 bits what any number of words add up to', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 1000 }), (words) => {
        const sum = words.reduce((a, b) => a + b, 0);
        const folded = fold(sum);
        expect(folded).toBeLessThanOrEqual(0xffff);
        expect(folded % 0xffff).toBe(sum % 0xffff);
        expect(folded === 0).toBe(sum === 0);
      }),
    );
  });

  for (const [sum, folded] of [
    [0, 0],
    [0xffff, 0xffff],
    [0x10000, 1],
    [0x1ffff, 1],
    [0x1fffe, 0xffff],
    [0x7fffffff, 0x7fff],
  ] as const) {
    it(`fold ${sum.toString(16)} to ${folded.toString(16)}`, () => {
      expect(fold(sum)).toBe(folded);
    });
  }

  it('of an odd start count with their bytes exchanged (§2(B))', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        fc.integer({ min: 0, max: 59 }),
        (bytes, cut) => {
          const at = Math.min(cut, bytes.length) | 1;
          if (at >= bytes.length) return;
          const first = sum16(bytes.slice(0, at), 0, at);
          const second = sum16(bytes.slice(at), 0, bytes.length - at);
          expect(fold(first + swap(second)) % 0xffff).toBe(sum16(bytes, 0, bytes.length) % 0xffff);
        },
      ),
    );
  });

  it('take an address as its two halves, whatever its sign', () => {
    expect(addressSum(0x0a000001)).toBe(0x0a01);
    expect(addressSum(-1)).toBe(0x1fffe);
    expect(addressSum(0xc0a80101 | 0)).toBe(0xc0a8 + 0x0101);
  });
});
