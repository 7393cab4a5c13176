/** The parts of the drop-in that need no card: addresses, memory for reads, options of the environment. */
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import {
  ANY,
  formatAddress,
  isLoopback,
  LOOPBACK,
  LOOPBACK6,
  NOT_AN_ADDRESS,
  NOT_CARRIED,
  parseIPv4,
  parseIPv6,
} from '../../src/node/addresses.ts';
import { environmentOptions, environmentSockets } from '../../src/node/environment.ts';
import { Slab } from '../../src/node/slab.ts';

describe('addresses', () => {
  it('are read as Node writes them', () => {
    expect(parseIPv4('127.0.0.1')).toBe(LOOPBACK);
    expect(parseIPv4('255.255.255.255')).toBe(0xffffffff);
    expect(parseIPv6('::')).toBe(ANY);
    expect(parseIPv6('::1')).toBe(LOOPBACK6);
    expect(parseIPv6('::FFFF:10.1.0.2')).toBe(0x0a010002);
  });

  it('that the card cannot carry are none', () => {
    for (const text of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'localhost']) {
      expect(parseIPv4(text), text).toBe(NOT_AN_ADDRESS);
    }
    for (const text of ['fe80::1', '2001:db8::1', '::7f00:1', '64:ff9b::7f00:1', '::ffff:127.6.0.1']) {
      expect(parseIPv6(text), text).toBe(NOT_CARRIED);
    }
    expect(parseIPv6('10.1.0.2')).toBe(NOT_AN_ADDRESS);
    expect(parseIPv4('127.6.0.1')).toBe(NOT_CARRIED);
  });

  it('are shown as Linux shows them', () => {
    expect(formatAddress(LOOPBACK, false)).toBe('127.0.0.1');
    expect(formatAddress(LOOPBACK, true)).toBe('::ffff:127.0.0.1');
    expect(formatAddress(LOOPBACK6, true)).toBe('::1');
    expect([formatAddress(ANY, true), formatAddress(ANY, false)]).toEqual(['::', '0.0.0.0']);
    expect(formatAddress(0xc0a80001, false)).toBe('192.168.0.1');
  });

  it('of the loopback are all of 127.0.0.0/8', () => {
    const loopbacks = [LOOPBACK, LOOPBACK6, 0x7fffffff].map(isLoopback);
    expect([...loopbacks, isLoopback(0x80000001)]).toEqual([true, true, true, false]);
  });
});

describe('a slab', () => {
  it('hands its memory out from the front, each piece at a multiple of 8, and none twice', () => {
    const slab = new Slab();
    slab.reserve();
    const { buffer } = slab;
    slab.take(5);
    expect(slab.used).toBe(8);
    slab.take(16);
    expect(slab.used).toBe(24);
    slab.reserve();
    expect(slab.buffer).toBe(buffer);
  });

  it('is a new one when there is little room left', () => {
    const slab = new Slab();
    slab.reserve();
    const { buffer } = slab;
    slab.take(slab.bytes.length - 8000);
    slab.reserve();
    expect(slab.buffer).not.toBe(buffer);
    expect(slab.used).toBe(0);
  });

  it('stays here when the program transfers a chunk: the other chunks lie in it', () => {
    const slab = new Slab();
    slab.reserve();
    const { port1, port2 } = new MessageChannel();
    try {
      port1.postMessage(slab.buffer, [slab.buffer]);
    } catch {
      // Node 20 copies the buffer instead; later ones refuse.
    }
    expect(slab.bytes.length).toBeGreaterThan(0);
    port1.close();
    port2.close();
  });
});

describe('options of the environment', () => {
  it('are the rule and times in microseconds; what is not set is left open', () => {
    expect(environmentOptions({})).toEqual({});
    const environment = { INIC_OFFLOAD: 'port 80', INIC_SPIN_US: '0', INIC_LINGER_US: '250' };
    expect(environmentOptions(environment)).toEqual({ offload: 'port 80', spinUs: 0, lingerUs: 250 });
  });

  it('say how many sockets the card has; else the memory does, within bounds', () => {
    expect(environmentSockets({ INIC_SOCKETS: '65537' })).toBe(65_537);
    expect(environmentSockets({})).toBeGreaterThanOrEqual(1024);
    expect(environmentSockets({})).toBeLessThanOrEqual(16_384);
    for (const text of ['', '0', '1048577', '1e3']) {
      expect(() => environmentSockets({ INIC_SOCKETS: text }), text).toThrow(
        `"INIC_SOCKETS" expected 1 to 1048576, got "${text}"`,
      );
    }
  });

  it('that are no number are refused by their names', () => {
    for (const text of ['', '-1', '1.5', '1e3', '12 ']) {
      expect(() => environmentOptions({ INIC_TURN_US: text }), text).toThrow(
        `"INIC_TURN_US" expected microseconds, got "${text}"`,
      );
    }
  });
});
