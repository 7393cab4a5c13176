/** From what a user set to a card's whole configuration. */
import { checkBondConfig } from '../../bond/bond-config.ts';
import { type PoolSizes, STORE_BLOCK_BYTES } from '../../dma/card-layout.ts';
import { SOCKETS_MAX } from '../../i2o/socket-number.ts';
import type { DriverConfig } from '../../osm/memory/driver-config.ts';
import {
  BLOCKS_IN_PART,
  FIRST_WINDOW_BLOCKS_MOST,
  GROWTH_LEAST_BYTES,
  sureBytes,
} from '../../osm/memory/window-budget.ts';
import type { StackConfig } from '../../tcpip/config.ts';
import { CONNECTIONS_MAX, FURTHER_PORTS_MAX, stackRange } from '../../tcpip/config-check.ts';
import { checkOverrides } from './card-config-check.ts';
import { checkAsked, checkCardRanges, under } from './card-ranges.ts';
import { misspelt, plain, shown } from './complaint.ts';
import { nicCount } from './port-nics.ts';
import { settingOf } from './setting-table.ts';
import { type CardConfig, type CardOverrides, DEFAULT_CARD_CONFIG } from './settings.ts';

/**
 * References of the stack beyond one for each buffer: for the further pieces of buffers named by several
 * segments.
 */
const SPARE_ELEMENTS = 256;

/**
 * The defaults with `overrides` laid over them, one level deep. What nobody set follows from what somebody
 * did: a card for a few sockets and buffers gets few connections, frames and packet slots too.
 * @throws RangeError for what is no setting, not of its kind, or out of its range.
 */
export function cardConfig(asked: CardOverrides = {}): CardConfig {
  const base = DEFAULT_CARD_CONFIG;
  checkOverrides(asked, base);
  const overrides = withoutUndefined(asked);
  checkAsked(overrides);
  const pools = sizedPools(overrides);
  const driver = { ...base.driver, ...sizedDriver(overrides, pools), ...overrides.driver };
  const merged: CardConfig = {
    ...base,
    packetSlots: sizedPackets(overrides, pools),
    ...(overrides as Partial<CardConfig>),
    pools,
    driver,
    stack: { ...base.stack, ...sizedTables(driver.socketsMax, pools, overrides), ...overrides.stack },
    moderation: { ...base.moderation, ...overrides.moderation },
    wire: { ...base.wire, ...overrides.wire },
  };
  checkPorts(merged);
  checkBonds(merged);
  const config = {
    ...merged,
    // The driver must know the window the stack gives.
    driver: {
      ...merged.driver,
      receiveBufferBytes: merged.stack.receiveBufferBytes,
      receiveWindowBytes: merged.stack.receiveWindowBytes,
    },
    stack: {
      ...merged.stack,
      furtherPorts: merged.furtherPorts.map(({ address, prefixLength }) => ({ address, prefixLength })),
      loopbackPort: merged.innerLoop ? 1 + merged.furtherPorts.length : 0,
    },
  };
  checkSaidElsewhere(overrides, config);
  checkCardRanges(config, '');
  return config;
}

/** Settings that another one says: who sets them to anything else would not be heard. */
const SAID_ELSEWHERE: readonly (readonly [string, string])[] = [
  ['driver.receiveBufferBytes', 'stack.receiveBufferBytes'],
  ['driver.receiveWindowBytes', 'stack.receiveWindowBytes'],
  ['stack.furtherPorts', 'furtherPorts'],
  ['stack.loopbackPort', 'innerLoop'],
];

function checkSaidElsewhere(asked: CardOverrides, config: CardConfig): void {
  for (const [name, other] of SAID_ELSEWHERE) {
    const value = settingOf(asked, name);
    const given = settingOf(config, name);
    if (value === undefined || JSON.stringify(value) === JSON.stringify(given)) continue;
    throw new RangeError(
      `"${name}" expected ${shown(given)}, which "${other}" says: set that one; got ${shown(value)}`,
    );
  }
}

const PORT_KEYS = ['address', 'prefixLength', 'mtu', 'mac'];

/** What a program hands in as ports, before anybody takes them apart. */
function checkPorts({ mac, furtherPorts }: CardConfig): void {
  if (furtherPorts.length > FURTHER_PORTS_MAX) {
    throw new RangeError(`"furtherPorts" expected at most ${FURTHER_PORTS_MAX}, got ${furtherPorts.length}`);
  }
  for (const [i, port] of furtherPorts.entries()) {
    const path = `furtherPorts.${i}`;
    if (typeof port !== 'object' || port === null || !Array.isArray(port.mac)) {
      throw new RangeError(`"${path}" expected a map of ${PORT_KEYS.join(', ')}, got ${shown(port)}`);
    }
    const other = Object.keys(port).find((key) => !PORT_KEYS.includes(key));
    if (other !== undefined) {
      throw new RangeError(`"${path}.${plain(other)}" is not known: ${misspelt(other, PORT_KEYS)}`);
    }
    for (const key of ['address', 'prefixLength'] as const) {
      const [least, most] = stackRange(key);
      const value: unknown = port[key];
      if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) continue;
      throw new RangeError(
        `"${path}.${key}" expected a whole number from ${least} to ${most}, got ${shown(value)}`,
      );
    }
    const own = mac.join();
    const same = [own, ...furtherPorts.slice(0, i).map((earlier) => earlier.mac.join())];
    if (same.includes(port.mac.join())) {
      throw new RangeError(`"${path}.mac" expected one that no other port has, got ${shown(port.mac)}`);
    }
  }
}

const NICS_MOST = 16;

function checkBonds(config: CardConfig): void {
  const { bonds, furtherPorts } = config;
  for (const [i, bond] of bonds.entries()) {
    const path = `bonds.${i}`;
    if (typeof bond !== 'object' || bond === null) {
      throw new RangeError(`"${path}" expected a map of what a bond is, got ${shown(bond)}`);
    }
    under(`${path}.`, () => checkBondConfig(bond));
    const taken = bonds.slice(0, i).some(({ port }) => port === bond.port);
    if (!Number.isInteger(bond.port) || bond.port < 0 || bond.port > furtherPorts.length || taken) {
      throw new RangeError(`"${path}.port" expected a port that no other bond is, got ${shown(bond.port)}`);
    }
  }
  if (nicCount(config) <= NICS_MOST) return;
  throw new RangeError(
    `"bonds" expected ${NICS_MOST} devices at most behind all ports, got ${nicCount(config)}`,
  );
}

/** What is undefined was not set: it leaves the default, in a section too. */
function withoutUndefined<T extends object>(settings: T): T {
  const set = Object.entries(settings).filter(([, value]) => value !== undefined);
  const plain = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  return Object.fromEntries(
    set.map(([name, value]) => [name, plain(value) ? withoutUndefined(value) : value]),
  ) as T;
}

/** Slots for what few buckets can use, beside those that the rings of many ports, or long ones, have. */
function sizedPackets(
  { rxRing = DEFAULT_CARD_CONFIG.rxRing, furtherPorts = [], bonds = [], innerLoop = false }: CardOverrides,
  { receiveBuckets }: PoolSizes,
): number {
  const rings = (nicCount({ furtherPorts, bonds }) + (innerLoop ? 1 : 0)) * rxRing;
  const used = Math.min(DEFAULT_CARD_CONFIG.packetSlots, Math.max(PACKET_SLOTS_LEAST, 4 * receiveBuckets));
  return Math.max(used, rings + PACKET_SLOTS_BESIDE_RINGS);
}

const PACKET_SLOTS_BESIDE_RINGS = 48;
const FRAMES_LEAST = 64;
const PACKET_SLOTS_LEAST = 64;
const SLOTS_MOST = SOCKETS_MAX + 1;

/**
 * The pools asked for; the frames and slots nobody asked for are no more than the buffers there are can
 * use. A slot for each socket comes on top: with it a socket can send when others hold all the buffers.
 */
function sizedPools({ pools: asked = {}, driver = {} }: CardOverrides): PoolSizes {
  const { socketsMax = DEFAULT_CARD_CONFIG.driver.socketsMax } = driver;
  const base = { ...DEFAULT_CARD_CONFIG.pools, ...asked };
  const used = 2 ** Math.ceil(Math.log2(Math.max(FRAMES_LEAST, base.transmitBuffers, base.receiveBuckets)));
  return {
    ...base,
    inboundFrames: Math.min(base.inboundFrames, used),
    outboundFrames: Math.min(base.outboundFrames, used),
    immediateSlots: Math.min(SLOTS_MOST, Math.min(base.immediateSlots, used) + socketsMax),
    storeBlocks: sizedStore(base, socketsMax),
    ...asked,
  };
}

/** The store is so many times as large as the buckets, as far as `STORE_BLOCKS_MOST` go. */
const STORE_TO_BUCKETS = 8;
const STORE_BLOCKS_MOST = 65536;
const STORE_TO_FIRST_WINDOWS = 2;

/**
 * It has room for the first window of every socket in any case, and for as much again, by which windows may
 * grow however few the buckets are. However many the sockets are, all windows together may grow by what the
 * buckets are sure to hold, up to a few MiB, or a stream would never have more than its first window.
 */
function sizedStore(pools: PoolSizes, socketsMax: number): number {
  const needed = Math.min(FIRST_WINDOW_BLOCKS_MOST, neededStore(socketsMax));
  const least = Math.max(needed, Math.min(STORE_BLOCKS_MOST, STORE_TO_FIRST_WINDOWS * needed));
  const storeBlocks = Math.max(least, roomyStore(pools));
  const window = firstWindow(socketsMax, { ...pools, storeBlocks });
  const promised = Math.ceil(socketsMax * (window / STORE_BLOCK_BYTES + BLOCKS_IN_PART));
  const growth = Math.min(sureBytes(pools.receiveBuckets, pools.receiveBucketBytes), GROWTH_LEAST_BYTES);
  const growing = Math.min(FIRST_WINDOW_BLOCKS_MOST, promised) + Math.ceil(growth / STORE_BLOCK_BYTES);
  return Math.max(storeBlocks, growing || 0);
}

function neededStore(socketsMax: number): number {
  return socketsMax * (FIRST_WINDOW_LEAST / STORE_BLOCK_BYTES + BLOCKS_IN_PART);
}

function roomyStore({ receiveBuckets, receiveBucketBytes }: PoolSizes): number {
  const roomy = Math.ceil((STORE_TO_BUCKETS * receiveBuckets * receiveBucketBytes) / STORE_BLOCK_BYTES);
  return Math.min(STORE_BLOCKS_MOST, roomy || 0);
}

/** Sockets of a listener's card that it keeps for connections yet to come: a quarter of them at most. */
const SOCKETS_PER_ACCEPT = 4;

/** One transmit buffer in so many is kept for sockets that have none, and at least one. */
const BUFFERS_PER_RESERVED = 16;
/**
 * With fewer free than this, or than one in `BUFFERS_PER_LOW`, buffers are wanted back at once, instead of in
 * company: that is several times as many as wait for company at any time. Of a small pool it is a half.
 */
const LOW_WATERMARK = 128;
const BUFFERS_PER_LOW = 8;

/**
 * A listener posts sockets for connections yet to come: on a small card it must leave some to the programs.
 * What is kept back of the transmit buffers is a share of them, whatever their number.
 */
function sizedDriver(
  { driver: asked = {} }: CardOverrides,
  { transmitBuffers }: PoolSizes,
): Pick<DriverConfig, 'acceptsPosted' | 'transmitReserve' | 'transmitLowWatermark'> {
  const base = DEFAULT_CARD_CONFIG.driver;
  const { socketsMax = base.socketsMax } = asked;
  const share = Math.max(1, Math.floor(socketsMax / SOCKETS_PER_ACCEPT));
  return {
    acceptsPosted: Math.min(base.acceptsPosted, share),
    transmitReserve: Math.max(1, Math.floor(transmitBuffers / BUFFERS_PER_RESERVED)),
    transmitLowWatermark: lowWatermark(transmitBuffers),
  };
}

function lowWatermark(transmitBuffers: number): number {
  const small = Math.min(LOW_WATERMARK, transmitBuffers >> 1);
  return Math.max(1, small, Math.floor(transmitBuffers / BUFFERS_PER_LOW));
}

/** Connections beyond one for each socket: those that outlive theirs, and those of backlogs. */
const SPARE_CONNECTIONS_MAX = 4096;

/**
 * Tables of the stack in proportion to the sockets there can be: a TIME-WAIT outlives its socket, and a
 * backlog has none yet.
 */
function sizedTables(
  socketsMax: number,
  pools: PoolSizes,
  { stack: asked = {} }: CardOverrides,
): Partial<StackConfig> {
  const base = DEFAULT_CARD_CONFIG.stack;
  const { receiveBufferBytes = base.receiveBufferBytes } = asked;
  return {
    connectionsMax: Math.min(CONNECTIONS_MAX, socketsMax + Math.min(socketsMax, SPARE_CONNECTIONS_MAX)),
    timeWaitMax: Math.min(base.timeWaitMax, 8 * socketsMax),
    udpSocketsMax: Math.min(base.udpSocketsMax, socketsMax),
    receiveWindowBytes: Math.min(
      base.receiveWindowBytes,
      firstWindow(socketsMax, pools),
      Math.max(FIRST_WINDOW_LEAST, receiveBufferBytes),
    ),
    // A reference for every buffer there is.
    sendElementsMax: pools.transmitBuffers + pools.immediateSlots + SPARE_ELEMENTS,
  };
}

const FIRST_WINDOW_LEAST = 2048;

/** What a program that reads nothing is promised: half of the store bears as much for every socket. */
function firstWindow(socketsMax: number, pools: PoolSizes): number {
  const blocks = Math.min(pools.storeBlocks, Math.max(neededStore(socketsMax), roomyStore(pools)));
  const share = (blocks * STORE_BLOCK_BYTES) / 2 / socketsMax;
  return Math.max(FIRST_WINDOW_LEAST, 2 ** Math.floor(Math.log2(share)));
}
