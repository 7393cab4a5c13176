/** Everything that can be set on a card, with the defaults a program gets that says nothing. */

import type { BondConfig } from '../../bond/bond-config.ts';
import type { PoolSizes, Transport } from '../../dma/card-layout.ts';
import type { Moderation } from '../../i2o/interrupt.ts';
import type { DriverConfig } from '../../osm/memory/driver-config.ts';
import { DEFAULT_STACK_CONFIG, type StackConfig } from '../../tcpip/config.ts';
import { PERFECT_PIPE, type PipeConfig } from '../../wire/config.ts';

/** One port of a card beyond its first. */
export interface PortConfig {
  readonly address: number;
  readonly prefixLength: number;
  /** Largest IPv4 packet, 68 to 65535. */
  readonly mtu: number;
  readonly mac: readonly number[];
}

export interface CardConfig {
  /** How frames travel: the ring, which is ours, or the four FIFOs of I2O 1.5. */
  readonly transport: Transport;
  readonly pools: PoolSizes;
  readonly driver: DriverConfig;
  readonly stack: StackConfig;
  readonly moderation: Moderation;
  /** Largest IPv4 packet, 68 to 65535. */
  readonly mtu: number;
  /** Hardware address of the first port. */
  readonly mac: readonly number[];
  /**
   * The ports beyond the first, whose address, prefix, MTU and hardware address are the card's own
   * settings.
   */
  readonly furtherPorts: readonly PortConfig[];
  /** The ports that are several devices each; every other port is one. */
  readonly bonds: readonly BondConfig[];
  /**
   * Whether packets to the card's own addresses and to 127/8 come back through a loop inside the card.
   * Needed where the first port leads to another device; where it is looped back itself, they come back
   * through it.
   */
  readonly innerLoop: boolean;
  /** `ethtool -G` and `-K` of the device. */
  readonly rxRing: number;
  readonly txRing: number;
  readonly tcpSegmentationOffload: boolean;
  /** Whether it sums what is sent and checks what comes, or one of them only. */
  readonly checksumOffload: boolean | 'rx' | 'tx';
  readonly scatterGather: boolean;
  readonly genericSegmentationOffload: boolean;
  readonly genericReceiveOffload: boolean;
  readonly largeReceiveOffload: boolean;
  /** Received frames the card can hold. */
  readonly packetSlots: number;
  /** Bytes of the largest packet that each of them holds; what the largest MTU needs where that is more. */
  readonly packetBytes: number;
  readonly wire: Omit<PipeConfig, 'slotBytes'>;
  /** How long the card's thread polls without work before it sleeps, in nanoseconds. */
  readonly iopSpinNs: number;
  /** Version of the socket class the card speaks: 1, without datagrams and events, or 2. */
  readonly classVersion: 1 | 2 | 3;
  /** How long answered send contexts may wait for company, in nanoseconds. */
  readonly contextHoldNs: number;
  /** Seed of everything drawn on the wire; the stack has its own. */
  readonly seed: number;
}

export const DEFAULT_CARD_CONFIG: CardConfig = {
  transport: 'ring',
  pools: {
    inboundFrames: 1024,
    outboundFrames: 1024,
    transmitBuffers: 1024,
    transmitBufferBytes: 16384,
    receiveBuckets: 1024,
    receiveBucketBytes: 16384,
    immediateSlots: 1024,
    storeBlocks: 65536,
    imageBytes: 0,
  },
  driver: {
    classVersion: 3,
    socketsMax: 4096,
    sendBufferBytes: 1 << 20,
    receiveBufferBytes: DEFAULT_STACK_CONFIG.receiveBufferBytes,
    receiveWindowBytes: 16384,
    transmitReserve: 64,
    transmitLowWatermark: 128,
    transmitDryPolicy: 'EAGAIN',
    replyMode: 'auto',
    immediateBytesMax: 96,
    outboundFrameWords: 32,
    batchSends: false,
    bounceBuffers: false,
    mapBuffers: false,
    allocateBuffers: false,
    bucketsPerPost: 9,
    acceptsPosted: 16,
    acceptsFirst: false,
    spinNs: 50_000,
    controlTimeoutNs: 5e9,
  },
  stack: {
    ...DEFAULT_STACK_CONFIG,
    address: 0x0a000001,
    receiveWindowBytes: 16384,
    connectionsMax: 8192,
    synLinearRetries: 4,
    sendElementsMax: 2048,
  },
  moderation: { rxUsecs: 0, rxFrames: 1, everyFrame: false },
  mtu: 65535,
  mac: [0x02, 0x69, 0x6e, 0x69, 0x63, 0x01],
  furtherPorts: [],
  bonds: [],
  innerLoop: false,
  rxRing: 16,
  txRing: 128,
  tcpSegmentationOffload: true,
  checksumOffload: true,
  scatterGather: true,
  genericSegmentationOffload: false,
  genericReceiveOffload: false,
  largeReceiveOffload: false,
  packetSlots: 256,
  packetBytes: 0,
  wire: { ...PERFECT_PIPE, queueFrames: 128 },
  iopSpinNs: 200_000,
  classVersion: 3,
  contextHoldNs: 20_000,
  seed: 1,
};

/** A configuration with some of its parts changed. */
export type CardOverrides = {
  readonly [K in keyof CardConfig]?: CardConfig[K] extends readonly unknown[] | string | number | boolean
    ? CardConfig[K]
    : Partial<CardConfig[K]>;
};
