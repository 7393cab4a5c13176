/**
 * Which address a packet needs the hardware address of, which port it leaves by, and which address it comes
 * from.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITED_BROADCAST, Routes } from '../../src/tcpip/route.ts';
import { maskOf } from '../../src/tcpip/route-table.ts';
import { DEFAULT_STACK_CONFIG, type StackConfig } from '../../src/tcpip/stack/stack.ts';

const ip = (text: string) => text.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0);
const OWN = ip('10.0.0.1');
const routes = (config: Partial<StackConfig> = {}) =>
  new Routes({ ...DEFAULT_STACK_CONFIG, address: OWN, ...config });

describe('a stack of one port on 10.0.0.1/24', () => {
  for (const [address, own] of [
    ['10.0.0.1', true],
    ['127.0.0.1', true],
    ['127.255.255.255', true],
    ['10.0.0.2', false],
    ['128.0.0.1', false],
    ['126.0.0.1', false],
    ['255.255.255.255', false],
  ] as const) {
    it(`${own ? 'takes' : 'does not take'} ${address} for its own`, () => {
      expect(routes().isOwn(ip(address))).toBe(own);
    });
  }

  for (const [address, broadcast] of [
    ['255.255.255.255', true],
    ['10.0.0.255', true],
    ['10.0.0.254', false],
    ['10.0.1.255', false],
    ['10.255.255.255', false],
  ] as const) {
    it(`${broadcast ? 'takes' : 'does not take'} ${address} for a broadcast`, () => {
      expect(routes().isBroadcast(ip(address))).toBe(broadcast);
    });
  }

  for (const [address, unicast] of [
    ['10.0.0.2', true],
    ['10.0.0.1', true],
    ['192.168.1.1', true],
    ['223.255.255.255', true],
    ['127.0.0.1', true],
    ['0.0.0.0', false],
    ['0.1.2.3', false],
    ['224.0.0.1', false],
    ['239.1.1.1', false],
    ['240.0.0.1', false],
    ['255.255.255.255', false],
    ['10.0.0.255', false],
  ] as const) {
    it(`believes ${unicast ? '' : 'not '}that ${address} is one host’s (RFC 1122 §3.2.1.3)`, () => {
      expect(routes().isUnicast(ip(address))).toBe(unicast);
    });
  }

  it('reaches its subnet directly', () => {
    expect(routes().nextHop(ip('10.0.0.77'))).toBe(ip('10.0.0.77'));
    expect(routes().nextHop(ip('10.0.0.255'))).toBe(ip('10.0.0.255'));
  });

  it('reaches nothing else without a gateway', () => {
    expect(routes().nextHop(ip('10.0.1.1'))).toBe(0);
    expect(routes().nextHop(ip('8.8.8.8'))).toBe(0);
  });

  it('reaches everything else through the gateway', () => {
    const gateway = ip('10.0.0.254');
    expect(routes({ gateway }).nextHop(ip('10.0.1.1'))).toBe(gateway);
    expect(routes({ gateway }).nextHop(ip('10.0.0.7'))).toBe(ip('10.0.0.7'));
  });

  it('never sends the limited broadcast to the gateway', () => {
    expect(routes({ gateway: ip('10.0.0.254') }).nextHop(LIMITED_BROADCAST)).toBe(LIMITED_BROADCAST);
    expect(routes().nextHop(LIMITED_BROADCAST)).toBe(LIMITED_BROADCAST);
  });

  it('reaches itself and 127/8 directly, whatever the gateway', () => {
    const table = routes({ gateway: ip('10.0.0.254'), prefixLength: 32 });
    expect(table.nextHop(OWN)).toBe(OWN);
    expect(table.nextHop(ip('127.1.2.3'))).toBe(ip('127.1.2.3'));
  });

  it('sends from 127.0.0.1 to 127/8, else from its address (RFC 9293 MUST-44)', () => {
    expect(routes().sourceFor(ip('127.9.9.9'))).toBe(ip('127.0.0.1'));
    expect(routes().sourceFor(ip('10.0.0.2'))).toBe(OWN);
    expect(routes().sourceFor(ip('8.8.8.8'))).toBe(OWN);
    expect(routes().sourceFor(LIMITED_BROADCAST)).toBe(OWN);
  });
});

describe('what may leave', () => {
  for (const [source, destination, may] of [
    ['10.0.0.1', '10.0.0.2', true],
    ['0.0.0.0', '10.0.0.2', true],
    ['127.0.0.1', '10.0.0.1', true],
    ['127.0.0.1', '127.0.0.9', true],
    ['127.0.0.1', '10.0.0.2', false],
    ['127.0.0.1', '255.255.255.255', false],
    ['126.255.255.255', '10.0.0.2', true],
  ] as const) {
    it(`from ${source} to ${destination}: ${may ? 'a packet' : 'nothing'}`, () => {
      expect(routes().mayLeave(ip(source), ip(destination))).toBe(may);
    });
  }
});

describe('prefix lengths', () => {
  for (const [length, mask] of [
    [0, '0.0.0.0'],
    [1, '128.0.0.0'],
    [8, '255.0.0.0'],
    [24, '255.255.255.0'],
    [31, '255.255.255.254'],
    [32, '255.255.255.255'],
  ] as const) {
    it(`${length} is the mask ${mask}`, () => {
      expect(maskOf(length)).toBe(ip(mask));
    });
  }

  it('0 puts everybody on the subnet', () => {
    expect(routes({ prefixLength: 0 }).nextHop(ip('8.8.8.8'))).toBe(ip('8.8.8.8'));
  });

  it('31 leaves no broadcast address: both are hosts (RFC 3021)', () => {
    const table = routes({ address: ip('10.0.0.2'), prefixLength: 31 });
    expect(table.isBroadcast(ip('10.0.0.3'))).toBe(false);
    expect(table.isUnicast(ip('10.0.0.3'))).toBe(true);
    expect(table.nextHop(ip('10.0.0.3'))).toBe(ip('10.0.0.3'));
    expect(table.nextHop(ip('10.0.0.4'))).toBe(0);
  });

  it('32 leaves nobody on the subnet', () => {
    expect(routes({ prefixLength: 32 }).nextHop(ip('10.0.0.2'))).toBe(0);
  });

  it('30 has its broadcast address at the end', () => {
    const table = routes({ prefixLength: 30 });
    expect(table.isBroadcast(ip('10.0.0.3'))).toBe(true);
    expect(table.isBroadcast(ip('10.0.0.7'))).toBe(false);
  });
});

describe('a stack of several ports', () => {
  const config = {
    furtherPorts: [
      { address: ip('10.0.1.1'), prefixLength: 24 },
      { address: ip('172.16.0.1'), prefixLength: 12 },
      { address: ip('172.16.5.1'), prefixLength: 24 },
    ],
    loopbackPort: 4,
  };

  for (const [destination, port, source] of [
    ['10.0.0.9', 0, '10.0.0.1'],
    ['10.0.1.9', 1, '10.0.1.1'],
    ['172.20.0.9', 2, '172.16.0.1'],
    ['172.16.5.9', 3, '172.16.5.1'],
    ['172.16.5.255', 3, '172.16.5.1'],
    ['172.31.255.255', 2, '172.16.0.1'],
    ['10.0.1.1', 4, '10.0.1.1'],
    ['172.16.5.1', 4, '172.16.5.1'],
    ['127.0.0.1', 4, '127.0.0.1'],
  ] as const) {
    it(`sends to ${destination} by port ${port} from ${source}`, () => {
      const table = routes(config);
      expect(table.portFor(ip(destination))).toBe(port);
      expect(table.sourceFor(ip(destination))).toBe(ip(source));
      expect(table.nextHop(ip(destination))).toBe(ip(destination));
    });
  }

  it('takes every port’s address for its own, and no other', () => {
    const table = routes(config);
    for (const own of ['10.0.0.1', '10.0.1.1', '172.16.0.1', '172.16.5.1']) {
      expect(table.isOwn(ip(own))).toBe(true);
    }
    expect(table.isOwn(ip('172.16.5.2'))).toBe(false);
  });

  it('takes every port’s broadcast address for one, and for nobody’s source', () => {
    const table = routes(config);
    for (const broadcast of ['10.0.0.255', '10.0.1.255', '172.31.255.255', '172.16.5.255']) {
      expect(table.isBroadcast(ip(broadcast))).toBe(true);
      expect(table.isUnicast(ip(broadcast))).toBe(false);
    }
  });

  it('tells each port’s address, and 0 for the pure loopback port', () => {
    const table = routes(config);
    expect([0, 1, 4].map((port) => table.addressOf(port))).toEqual([OWN, ip('10.0.1.1'), 0]);
    expect([3, 4].map((port) => table.hasAddress(port))).toEqual([true, false]);
  });

  it('sends the limited broadcast by the port of the address a socket is bound to', () => {
    const table = routes(config);
    expect(table.portFrom(ip('172.16.0.1'), LIMITED_BROADCAST)).toBe(2);
    expect(table.portFrom(0, LIMITED_BROADCAST)).toBe(0);
    expect(table.portFrom(ip('127.0.0.1'), LIMITED_BROADCAST)).toBe(0);
    expect(table.portFrom(ip('172.16.0.1'), ip('10.0.1.9'))).toBe(1);
  });

  it('finds the gateway’s port by its subnet, and takes port 0 where none has it', () => {
    expect(routes({ ...config, gateway: ip('172.16.5.254') }).portFor(ip('8.8.8.8'))).toBe(3);
    expect(routes({ ...config, gateway: ip('9.9.9.9') }).portFor(ip('8.8.8.8'))).toBe(0);
    expect(routes({ ...config, gateway: ip('172.16.5.254') }).sourceFor(ip('8.8.8.8'))).toBe(
      ip('172.16.5.1'),
    );
  });

  it('chooses as a plain search over all subnets does, whatever they are', () => {
    const subnet = fc.record({ address: fc.integer(), prefixLength: fc.integer({ min: 0, max: 32 }) });
    const subnets = fc.uniqueArray(subnet, { minLength: 1, maxLength: 16, selector: (one) => one.address });
    fc.assert(
      fc.property(subnets, fc.integer(), fc.integer({ min: 0, max: 15 }), (list, random, near) => {
        const [first, ...furtherPorts] = list;
        const table = routes({ ...first, furtherPorts });
        // Half of the addresses asked for are close to a port's own.
        const address = random & 1 ? random : list[near % list.length].address ^ (random & 0xff);
        let best = -1;
        for (const [port, { address: own, prefixLength }] of list.entries()) {
          if (((own ^ address) & maskOf(prefixLength)) !== 0) continue;
          if (best < 0 || prefixLength > list[best].prefixLength) best = port;
        }
        expect(table.subnetPort(address)).toBe(best);
      }),
      { numRuns: 500 },
    );
  });
});
