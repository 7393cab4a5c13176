/** The stack's configuration: every field is checked and named, and its limits are the ones told. */
import { describe, expect, it } from 'vitest';
import { portsOf } from '../../src/tcpip/config.ts';
import { checkStackConfig } from '../../src/tcpip/config-check.ts';
import { DEFAULT_STACK_CONFIG, type StackConfig } from '../../src/tcpip/stack/stack.ts';

const ADDRESS = 0x0a000001;
const check = (changes: object) => () =>
  checkStackConfig({ ...DEFAULT_STACK_CONFIG, ...changes } as StackConfig);

const WORD = [-(2 ** 31), 2 ** 32 - 1] as const;
const TIME = [0, 0x3fff_ffff] as const;
const RTO = [1, 0x3fff_ffff] as const;
const LIMITS: Readonly<Record<string, readonly [number, number]>> = {
  address: WORD,
  prefixLength: [0, 32],
  gateway: WORD,
  loopbackPort: [0, 1],
  connectionsMax: [1, 1 << 20],
  activeConnections: [1, 1 << 20],
  timeWaitMax: [1, 1 << 20],
  sendElementsMax: [1, 1 << 24],
  udpSocketsMax: [0, 65536],
  udpSendsMax: [1, 1 << 20],
  receiveBufferBytes: [2048, 1 << 29],
  receiveWindowBytes: [2048, 1 << 29],
  seed: WORD,
  ephemeralFirst: [1, 65535],
  ephemeralLast: [16384, 65535],
  ttl: [1, 255],
  rtoInitialUs: RTO,
  rtoMinUs: [1, 120_000_000],
  rtoMaxUs: [200_000, 0x3fff_ffff],
  rtoSlopUs: [0, 60_000_000],
  synRetries: [0, 255],
  synLinearRetries: [0, 255],
  synAckRetries: [0, 255],
  retries: [0, 255],
  orphanRetries: [0, 255],
  delayedAckUs: TIME,
  quickAcks: [0, 65535],
  initialWindowSegments: [1, 1000],
  ecn: [0, 2],
  ecnSynTimeouts: [0, 255],
  synCookies: [0, 2],
  pathMtuMin: [68, 65535],
  pathMtuExpiresUs: TIME,
  mtuProbing: [0, 2],
  baseMss: [48, 65495],
  mtuProbeFloor: [48, 65495],
  mtuProbeThreshold: [0, 65535],
  mtuProbeIntervalSeconds: [1, 1_000_000],
  outOfOrderMax: [0, 1 << 20],
  timeWaitUs: TIME,
  timeWaitReuseUs: TIME,
  finWait2Us: TIME,
  keepAliveIdleSeconds: [1, 32767],
  keepAliveIntervalSeconds: [1, 32767],
  keepAliveProbes: [1, 127],
  challengeAckUs: TIME,
  reassembliesMax: [1, 4096],
  reassemblyUs: TIME,
  neighboursMax: [16, 65536],
  neighboursKept: [0, 65536],
  neighboursSoftMax: [0, 65536],
  neighbourStaleUs: TIME,
  neighbourQueueBytes: [0, 1 << 30],
  neighbourReachableUs: TIME,
  neighbourDelayUs: TIME,
  neighbourRetransUs: TIME,
  neighbourLockUs: TIME,
  neighbourUnicastProbes: [0, 255],
  neighbourBroadcastProbes: [1, 255],
  addressProbes: [0, 10],
  addressProbeWaitUs: TIME,
  addressProbeMinUs: [0, 2_000_000],
  addressProbeMaxUs: [1_000_000, 0x3fff_ffff],
  addressAnnounceWaitUs: TIME,
  addressAnnouncements: [1, 10],
  addressAnnounceIntervalUs: TIME,
  addressDefendIntervalUs: TIME,
  addressConflictsMax: [1, 1000],
  addressRateLimitUs: TIME,
  icmpErrorsPerSecond: [0, 1_000_000],
  udpReceiveBytes: [0, 1 << 29],
  udpReceiveDatagrams: [1, 65536],
};

describe('each number of the configuration', () => {
  it('has its limits told here', () => {
    const numbers = Object.entries(DEFAULT_STACK_CONFIG).filter(([, value]) => typeof value === 'number');
    expect(Object.keys(LIMITS).sort()).toEqual(numbers.map(([field]) => field).sort());
  });

  for (const [field, [least, most]] of Object.entries(LIMITS)) {
    it(`"${field}" may be ${least} and ${most}, and nothing beyond`, () => {
      expect(check({ [field]: least })).not.toThrow();
      expect(check({ [field]: most })).not.toThrow();
      const name = new RegExp(`^"${field}" expected `);
      expect(check({ [field]: least - 1 })).toThrow(name);
      expect(check({ [field]: most + 1 })).toThrow(name);
    });
  }

  for (const field of Object.keys(LIMITS)) {
    it(`"${field}" must be an integer`, () => {
      for (const value of [1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(check({ [field]: value })).toThrow(RangeError);
        expect(check({ [field]: value })).toThrow(`"${field}" expected`);
      }
    });
  }

  it('is told with what was got', () => {
    expect(check({ ttl: 256 })).toThrow('"ttl" expected an integer from 1 to 255, got 256');
  });
});

describe('ephemeral ports', () => {
  it('may be a single one', () => {
    expect(check({ ephemeralFirst: 5000, ephemeralLast: 5000 })).not.toThrow();
  });

  it('must not end before they begin', () => {
    expect(check({ ephemeralFirst: 5000, ephemeralLast: 4999 })).toThrow(
      '"ephemeralLast" expected at least 5000, got 4999',
    );
  });
});

describe('the probes of an address', () => {
  it('are told with the one of two times that was set', () => {
    const [least, most] = ['addressProbeMinUs', 'addressProbeMaxUs'];
    expect(check({ [least]: 3_000_000 })).toThrow(
      `"${least}" expected at most "${most}" 2000000, got 3000000`,
    );
    expect(check({ [most]: 500_000 })).toThrow(`"${most}" expected at least "${least}" 1000000, got 500000`);
  });

  it('end in a defence that there is', () => {
    expect(check({ addressDefence: 'attack' as 'keep' })).toThrow(
      '"addressDefence" expected ignore or yield or defend or keep, got attack',
    );
  });
});

describe('"furtherPorts"', () => {
  const ports = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ address: ADDRESS + 256 * (i + 1), prefixLength: 24 }));

  it('may be none, and 15', () => {
    expect(check({ furtherPorts: [] })).not.toThrow();
    expect(check({ furtherPorts: ports(15) })).not.toThrow();
  });

  it('must not be 16', () => {
    expect(check({ furtherPorts: ports(16) })).toThrow('"furtherPorts" expected at most 15, got 16');
  });

  it('have an address that is an integer of 32 bits', () => {
    for (const address of [0.5, 2 ** 32, -(2 ** 31) - 1]) {
      const furtherPorts = [...ports(2), { address, prefixLength: 24 }];
      expect(check({ furtherPorts })).toThrow('"furtherPorts[2].address" expected an integer');
    }
  });

  it('have a prefix length from 0 to 32', () => {
    for (const prefixLength of [-1, 33, 1.5]) {
      const furtherPorts = [{ address: ADDRESS + 256, prefixLength }];
      expect(check({ furtherPorts })).toThrow(
        '"furtherPorts[0].prefixLength" expected an integer from 0 to 32',
      );
    }
  });

  it('must not have port 0’s address', () => {
    const furtherPorts = [...ports(1), { address: ADDRESS, prefixLength: 8 }];
    expect(check({ furtherPorts })).toThrow(
      '"furtherPorts[1].address" expected an address no other port has',
    );
  });

  it('must not have one address twice, whatever its sign', () => {
    const high = 0xc0a80001;
    const furtherPorts = [
      { address: high, prefixLength: 24 },
      { address: high | 0, prefixLength: 24 },
    ];
    expect(check({ furtherPorts })).toThrow(
      '"furtherPorts[1].address" expected an address no other port has',
    );
  });

  it('may share a subnet', () => {
    expect(check({ furtherPorts: [{ address: ADDRESS + 1, prefixLength: 24 }] })).not.toThrow();
  });

  it('raise the limit of "loopbackPort" to one more than they are', () => {
    expect(check({ furtherPorts: ports(3), loopbackPort: 4 })).not.toThrow();
    expect(check({ furtherPorts: ports(3), loopbackPort: 5 })).toThrow(
      '"loopbackPort" expected an integer from 0 to 4, got 5',
    );
  });

  for (const [further, loopbackPort, count] of [
    [0, 0, 1],
    [0, 1, 2],
    [3, 0, 4],
    [3, 3, 4],
    [3, 4, 5],
    [15, 16, 17],
  ] as const) {
    it(`${further} and loopback by port ${loopbackPort} make ${count} ports to send through`, () => {
      const config = { ...DEFAULT_STACK_CONFIG, furtherPorts: ports(further), loopbackPort };
      expect(portsOf(config)).toBe(count);
    });
  }
});
