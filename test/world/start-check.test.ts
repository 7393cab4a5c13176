/** The start-up check: what it says of which setting, that it is silent of defaults, and who hears it. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sayWarnings } from '../../src/world/build/start-notices.ts';
import { cardConfig } from '../../src/world/config/card-config.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { startCheck } from '../../src/world/config/start-check.ts';
import { startWarnings } from '../../src/world/topology/start-warnings.ts';
import { readTopology } from '../../src/world/topology.ts';

const KIB = 1024;

describe('the start-up check', () => {
  it.each<[string, CardOverrides, number, string]>([
    [
      'driver.socketsMax',
      { driver: { socketsMax: 16 } },
      17,
      '"driver.socketsMax" is 16, for 17 connections',
    ],
    ['pools.transmitBuffers', { pools: { transmitBuffers: 8 } }, 9, 'set 9 or more'],
    ['pools.receiveBuckets', { pools: { receiveBuckets: 64 } }, 65, 'what rests unread costs a copy'],
    ['pools.immediateSlots', { pools: { immediateSlots: 64 } }, 1, 'set 4097 or more'],
    ['pools.storeBlocks', { pools: { storeBlocks: 100 }, driver: { socketsMax: 64 } }, 1, 'to 192 or more'],
    [
      'pools.storeBlocks',
      { pools: { storeBlocks: 65_536 }, driver: { socketsMax: 16_384 } },
      1,
      'the first windows of 16384 sockets fill the store, and none can grow; set "pools.storeBlocks" to 67584 or more',
    ],
    ['stack.receiveWindowBytes', { stack: { receiveWindowBytes: 1 << 20 } }, 1, 'does not fit the store'],
    ['stack.connectionsMax', { stack: { connectionsMax: 100 } }, 1, 'refused with ENOBUFS'],
    [
      'driver.immediateBytesMax',
      { driver: { immediateBytesMax: 0, socketsMax: 100 }, pools: { transmitBuffers: 64 } },
      1,
      'may wait for ever',
    ],
    [
      'pools.receiveBuckets',
      { pools: { receiveBuckets: 8 } },
      1,
      '131072 bytes, less than a window of 1048576',
    ],
    [
      'pools.receiveBucketBytes',
      { pools: { receiveBucketBytes: 512 } },
      1,
      '"pools.receiveBucketBytes" is 512',
    ],
    [
      'stack.receiveBufferBytes',
      { stack: { receiveBufferBytes: 256 * KIB }, pools: { receiveBuckets: 8 } },
      1,
      'is 262144, and all buckets hold 131072',
    ],
    [
      'stack.receiveBufferBytes',
      { stack: { receiveBufferBytes: 4 << 20 }, mtu: 1500 },
      1,
      'set "packetSlots" to',
    ],
    [
      'driver.transmitReserve',
      { driver: { transmitReserve: 32 }, pools: { transmitBuffers: 32 } },
      1,
      'set 2',
    ],
    ['driver.transmitLowWatermark', { driver: { transmitLowWatermark: 1024 } }, 1, 'set 128'],
    [
      'driver.transmitLowWatermark',
      { driver: { transmitLowWatermark: 600 } },
      1,
      'whoever waits is told when 512 are free; set 128',
    ],
    [
      'driver.bucketsPerPost',
      { driver: { bucketsPerPost: 100 }, pools: { receiveBuckets: 64 } },
      1,
      'never so many gather; set 64 or less',
    ],
    ['driver.acceptsPosted', { driver: { acceptsPosted: 20, socketsMax: 64 } }, 1, 'set 16 or less'],
    ['driver.sendBufferBytes', { driver: { sendBufferBytes: 1 << 25 } }, 1, 'set 16777216 or less'],
    ['moderation.rxUsecs', { moderation: { rxUsecs: 50 } }, 1, 'set "moderation.rxFrames" to 2 or more'],
    [
      'moderation.rxFrames',
      { moderation: { rxUsecs: 50, rxFrames: 128 }, pools: { outboundFrames: 64 } },
      1,
      'set 64 or less',
    ],
  ])('warns of %s', (key, overrides, connections, words) => {
    const warnings = startCheck(cardConfig(overrides), { connections });
    expect(warnings.map((warning) => warning.key)).toEqual([key]);
    expect(warnings[0].text).toContain(`"${key}" is `);
    expect(warnings[0].text).toContain(words);
    expect(warnings[0].text).not.toContain('\n');
  });

  it('says nothing of the defaults, in a described world neither', () => {
    expect(startCheck(cardConfig())).toEqual([]);
    expect(startCheck(cardConfig({ mtu: 1500 }), { connections: 1024 })).toEqual([]);
  });

  it('says nothing of what follows from a number of sockets or of buffers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 65535 }),
        fc.integer({ min: 1, max: 65536 }),
        (sockets, buffers) => {
          const driver = { socketsMax: sockets };
          const pools = { transmitBuffers: buffers };
          expect(startCheck(cardConfig({ driver }))).toEqual([]);
          expect(startCheck(cardConfig({ pools }))).toEqual([]);
          expect(startCheck(cardConfig({ driver, pools }))).toEqual([]);
          const receiveBuckets = 64 + (buffers >> 1);
          // However many the sockets are, their windows may grow.
          const { pools: sized, stack } = cardConfig({ driver, pools: { receiveBuckets } });
          const promised = sockets * (stack.receiveWindowBytes + 2 * 2048);
          const growth = sized.storeBlocks * 2048 - promised;
          expect(growth).toBeGreaterThanOrEqual(Math.min(receiveBuckets * 4096, 4 << 20));
          expect(startCheck(cardConfig({ driver, pools: { ...pools, receiveBuckets } }))).toEqual([]);
        },
      ),
    );
  });
});

const WORLD = {
  hosts: { left: {}, right: {} },
  cards: {
    a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } }, pools: { transmitBuffers: 4 } },
    b: { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } }, pools: { receiveBuckets: 64 } },
  },
  links: { wire: { ends: ['a.eth0', 'b.eth0'] } },
  programs: {
    echo: { workload: 'TCP_RR', role: 'server', host: 'right' },
    many: { workload: 'TCP_RR', role: 'client', host: 'left', server: 'echo', connections: 60 },
    few: { workload: 'TCP_RR', role: 'client', host: 'left', server: 'echo', connections: 5 },
  },
};

describe('a described world', () => {
  it("knows its programs' connections at each card, and names a setting by the card's path", () => {
    const warnings = startWarnings(readTopology(WORLD));
    expect(warnings.map(({ key }) => key)).toEqual([
      'cards.a.pools.transmitBuffers',
      'cards.b.pools.receiveBuckets',
    ]);
    expect(warnings[0].text).toContain('"cards.a.pools.transmitBuffers" is 4, for 65 connections');
  });
});

describe('whoever starts a card', () => {
  it('hears each line once', () => {
    const lines: string[] = [];
    const warning = { key: 'x', text: '"x" is 1: a line of this test alone' };
    for (let i = 0; i < 2; i++) sayWarnings([warning], (line) => lines.push(line));
    expect(lines).toEqual(['inic: "x" is 1: a line of this test alone\n']);
  });

  it.each([
    ['a card', `await (await openCard({ pools: { receiveBuckets: 4 } })).close()`],
    ['an inline world', 'openInlineWorld(readTopology(WORLD))'],
    ['a virtual world', 'new VirtualWorld(readTopology(WORLD)); new VirtualWorld(readTopology(WORLD))'],
    ['a world of threads', 'await (await ThreadWorld.open(readTopology(WORLD))).close()'],
  ])('hears it on stderr: %s', (_, code) => {
    const names = 'openCard, openInlineWorld, ThreadWorld, VirtualWorld, readTopology';
    const script = `import { ${names} } from 'inic'; const WORLD = ${JSON.stringify(WORLD)}; ${code};`;
    const sh = '"$0" --input-type=module -e "$1" 2>&1 >/dev/null';
    const heard = execFileSync('sh', ['-c', sh, process.execPath, script], { encoding: 'utf8' });
    const lines = heard.trimEnd().split('\n');
    expect(lines.every((line) => /^inic: "[a-zA-Z.]+" is \d+/.test(line))).toBe(true);
    expect(new Set(lines).size).toBe(lines.length);
  });
});
