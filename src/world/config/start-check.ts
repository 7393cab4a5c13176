/**
 * What of a card's configuration will do less than it seems to say, found before the card starts: a pool that
 * cannot feed the sockets there may be, a window that memory cannot hold, a number that another one makes
 * meaningless. Nothing here is refused: such a card works, and perhaps somebody wants to see how.
 *
 * What a user has not set follows from what he has set, or is the default; neither ever leads to a warning.
 */
import { STORE_BLOCK_BYTES } from '../../dma/card-layout.ts';
import { BLOCKS_IN_PART, FIRST_WINDOW_BLOCKS_MOST, sureBytes } from '../../osm/memory/window-budget.ts';
import { STORE_BLOCKS_MAX } from './setting-row.ts';
import { type CardConfig, DEFAULT_CARD_CONFIG } from './settings.ts';

export interface StartWarning {
  /** The setting that causes it, by its path in a card's configuration, or `connections`. */
  readonly key: string;
  /** One plain line: the setting, its value, what follows, and what to do. */
  readonly text: string;
}

/** What is known of what a card will have to do. */
export interface StartLoad {
  /** Connections that will be open at once. */
  readonly connections?: number;
}

/** Headers of a TCP segment that carries timestamps. */
const SEGMENT_HEADER_BYTES = 52;
/** Buckets that one message posts; fewer buckets than that are no reason for a warning of the default. */
const BUCKETS_A_MESSAGE = 9;

/** @returns what is to be said of the configuration, in no order of weight; nothing for a default. */
export function startCheck(config: CardConfig, load: StartLoad = {}): readonly StartWarning[] {
  const found: StartWarning[] = [];
  const warn = (key: string, value: number, rest: string): void => {
    found.push({ key, text: `"${key}" is ${value}${rest}` });
  };
  checkConnections(config, load, warn);
  checkSockets(config, warn);
  checkStore(config, warn);
  checkWindows(config, warn);
  checkKept(config, warn);
  return found;
}

type Warn = (key: string, value: number, rest: string) => void;

/** Connections times what each must have, against what there is. */
function checkConnections({ pools, driver }: CardConfig, { connections = 0 }: StartLoad, warn: Warn): void {
  const { transmitBuffers, receiveBuckets } = pools;
  const each = `, for ${connections} connections`;
  if (connections > driver.socketsMax) {
    warn(
      'driver.socketsMax',
      driver.socketsMax,
      `${each}: the others are refused with EMFILE; set ${connections} or more`,
    );
  }
  if (connections > transmitBuffers) {
    warn(
      'pools.transmitBuffers',
      transmitBuffers,
      `${each}: not each can have one, and those without send 96 bytes at a time; set ${connections} or more`,
    );
  }
  if (connections > receiveBuckets) {
    warn(
      'pools.receiveBuckets',
      receiveBuckets,
      `${each}: what rests unread costs a copy to give its bucket back; set ${connections} or more`,
    );
  }
}

/** The limit of sockets against what feeds each of them. */
function checkSockets({ pools, driver, stack }: CardConfig, warn: Warn): void {
  const { socketsMax } = driver;
  const sockets = `fewer than "driver.socketsMax" ${socketsMax}`;
  if (pools.immediateSlots <= socketsMax) {
    const rest = `, too few for ${socketsMax} sockets to have one each: some may wait for others to send`;
    warn(
      'pools.immediateSlots',
      pools.immediateSlots,
      `${rest}; set ${socketsMax + 1} or more, or fewer sockets`,
    );
  }
  if (stack.connectionsMax < socketsMax) {
    warn(
      'stack.connectionsMax',
      stack.connectionsMax,
      `, ${sockets}: further connections are refused with ENOBUFS; set ${socketsMax} or more`,
    );
  }
  const limited = socketsMax !== DEFAULT_CARD_CONFIG.driver.socketsMax;
  if (driver.immediateBytesMax === 0 && limited && socketsMax > pools.transmitBuffers) {
    const rest = `: a send needs a transmit buffer, and "pools.transmitBuffers" ${pools.transmitBuffers}`;
    warn('driver.immediateBytesMax', 0, `${rest} are ${sockets}: some may wait for ever; set 1 or more`);
  }
}

/** The largest window of a connection against the memory for what comes. */
function checkWindows(config: CardConfig, warn: Warn): void {
  const { pools, stack } = config;
  const base = DEFAULT_CARD_CONFIG;
  const window = stack.receiveBufferBytes;
  const own = window !== base.stack.receiveBufferBytes;
  const bucketBytes = pools.receiveBuckets * pools.receiveBucketBytes;
  if (window > bucketBytes) {
    const fewer = pools.receiveBuckets < base.pools.receiveBuckets;
    const key = fewer ? 'pools.receiveBuckets' : 'pools.receiveBucketBytes';
    const value = fewer ? pools.receiveBuckets : pools.receiveBucketBytes;
    const small = `: all buckets hold ${bucketBytes} bytes, less than a window of ${window}`;
    const large = `, and all buckets hold ${bucketBytes}`;
    const rest = `${own ? large : small}: one slow reader uses them up, and what it leaves costs a copy`;
    const remedy = own ? `set ${bucketBytes} or less` : `set "stack.receiveBufferBytes" to ${bucketBytes}`;
    warn(own ? 'stack.receiveBufferBytes' : key, own ? window : value, `${rest}; ${remedy}, or more buckets`);
  }
  const segment = Math.max(1, config.mtu - SEGMENT_HEADER_BYTES);
  const slots = Math.ceil(window / segment);
  if (own && window > base.stack.receiveBufferBytes && config.packetSlots < slots) {
    const rest = `, and card memory holds ${config.packetSlots * segment} while buckets are awaited`;
    warn(
      'stack.receiveBufferBytes',
      window,
      `${rest}: less is offered; set "packetSlots" to ${slots} or more`,
    );
  }
}

/** What is kept back, or awaited, against what there is of it. */
function checkKept({ pools, driver, moderation }: CardConfig, warn: Warn): void {
  const { transmitBuffers } = pools;
  const buffers = `of "pools.transmitBuffers" ${transmitBuffers}`;
  if (driver.transmitReserve > 1 && driver.transmitReserve >= transmitBuffers) {
    const rest = ` ${buffers}: no socket gets a second buffer; set ${Math.max(1, transmitBuffers >> 4)}`;
    warn('driver.transmitReserve', driver.transmitReserve, rest);
  }
  const { transmitLowWatermark } = driver;
  if (transmitLowWatermark > 1 && transmitLowWatermark > transmitBuffers >> 1) {
    const all = transmitLowWatermark >= transmitBuffers;
    const early = `: whoever waits is told when ${Math.max(1, transmitBuffers >> 1)} are free`;
    const rest = all ? ': each send is answered by itself' : early;
    const remedy = `; set ${Math.max(1, transmitBuffers >> 3)}`;
    warn('driver.transmitLowWatermark', transmitLowWatermark, ` ${buffers}${rest}${remedy}`);
  }
  const { bucketsPerPost, acceptsPosted, socketsMax } = driver;
  if (bucketsPerPost > BUCKETS_A_MESSAGE && bucketsPerPost > pools.receiveBuckets) {
    const rest = `, and "pools.receiveBuckets" ${pools.receiveBuckets}: never so many gather`;
    warn('driver.bucketsPerPost', bucketsPerPost, `${rest}; set ${pools.receiveBuckets} or less`);
  }
  const share = Math.max(1, socketsMax >> 2);
  if (acceptsPosted > share) {
    const rest = `, and "driver.socketsMax" ${socketsMax}: all listeners together post a quarter of these`;
    warn('driver.acceptsPosted', acceptsPosted, `${rest}; set ${share} or less`);
  }
  const poolBytes = transmitBuffers * pools.transmitBufferBytes;
  const own = driver.sendBufferBytes !== DEFAULT_CARD_CONFIG.driver.sendBufferBytes;
  if (own && driver.sendBufferBytes > poolBytes) {
    const rest = `, and all transmit buffers hold ${poolBytes}: more is never sent; set ${poolBytes} or less`;
    warn('driver.sendBufferBytes', driver.sendBufferBytes, rest);
  }
  if (moderation.rxUsecs > 0 && moderation.rxFrames <= 1) {
    const rest =
      ', and "moderation.rxFrames" 1: no interrupt is held back; set "moderation.rxFrames" to 2 or more';
    warn('moderation.rxUsecs', moderation.rxUsecs, rest);
  }
  if (moderation.rxUsecs > 0 && moderation.rxFrames > pools.outboundFrames) {
    const rest = `, and "pools.outboundFrames" ${pools.outboundFrames}: each interrupt waits for its time`;
    warn('moderation.rxFrames', moderation.rxFrames, `${rest}; set ${pools.outboundFrames} or less`);
  }
}

/** What sockets may be sent unread, and what their windows may grow by, against the card memory for it. */
function checkStore({ pools, stack, driver: { socketsMax } }: CardConfig, warn: Warn): void {
  const first = stack.receiveWindowBytes / STORE_BLOCK_BYTES + BLOCKS_IN_PART;
  const blocks = Math.ceil(socketsMax * first);
  const growth = Math.ceil(sureBytes(pools.receiveBuckets, pools.receiveBucketBytes) / STORE_BLOCK_BYTES);
  const widened = stack.receiveWindowBytes > DEFAULT_CARD_CONFIG.stack.receiveWindowBytes;
  const many = pools.storeBlocks >= FIRST_WINDOW_BLOCKS_MOST;
  const [key, value] = widened
    ? ['stack.receiveWindowBytes', stack.receiveWindowBytes]
    : many
      ? ['driver.socketsMax', socketsMax]
      : ['pools.storeBlocks', pools.storeBlocks];
  const store = (count: number): string =>
    count <= STORE_BLOCKS_MAX ? `"pools.storeBlocks" to ${count} or more, or ` : '';
  if (pools.storeBlocks < blocks) {
    const rest = `: what ${socketsMax} sockets may be sent unread does not fit the store, and others wait`;
    warn(key, value, `${rest}; set ${store(blocks)}fewer sockets`);
  } else if (
    pools.storeBlocks === blocks &&
    blocks <= FIRST_WINDOW_BLOCKS_MOST &&
    stack.receiveWindowBytes < stack.receiveBufferBytes
  ) {
    const rest = `: the first windows of ${socketsMax} sockets fill the store, and none can grow`;
    warn(key, value, `${rest}; set ${store(blocks + growth)}fewer sockets`);
  }
}
