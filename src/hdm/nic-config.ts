import type { NicFeatures } from './features.ts';

/** What a fake NIC is told, under ethtool's names: -g rings, -k features that are wanted, -a pause. */
export interface NicConfig extends NicFeatures {
  /** Largest IPv4 packet in bytes, 68 (RFC 791) to 65535. */
  readonly mtu: number;
  /** Hardware address, six bytes. */
  readonly mac: readonly number[];
  /** `ethtool -G tx`: transmit descriptors, a power of two. */
  readonly txRing: number;
  /**
   * `ethtool -G rx`: receive descriptors, a power of two, each of which holds a packet slot while it waits
   * for a frame. Buffers are filled in turn, so the ring's slots are what must stay in the processor's cache.
   */
  readonly rxRing: number;
  /**
   * Receive descriptors that are filled at once, as drivers have a default below their ring's length (200 of
   * 512 for tg3); 1 to `rxRing`, absent: all.
   */
  readonly rxPending?: number;
  /**
   * `ethtool -A rx`: the far end of a full wire holds the transmitter back (IEEE 802.3x), so that nothing is
   * lost: `claim` finds no space while one more packet, cut into segments of the MTU, would not fit. Off:
   * what does not fit is lost.
   */
  readonly rxPause: boolean;
  /** Frames a poll takes from the wire at most (Linux's NAPI weight is 64). */
  readonly pollFrames: number;
}

export const NIC_DEFAULTS: NicConfig = {
  mtu: 1500,
  mac: [0x02, 0x69, 0x6e, 0x69, 0x63, 0x00],
  txRing: 128,
  rxRing: 16,
  rxChecksumming: true,
  txChecksumming: true,
  scatterGather: true,
  tcpSegmentationOffload: true,
  genericSegmentationOffload: false,
  genericReceiveOffload: false,
  largeReceiveOffload: false,
  rxPause: true,
  pollFrames: 64,
};

/** The two halves of a hardware address, of 16 and of 32 bits. */
export function macHalves(mac: readonly number[]): { readonly macHigh: number; readonly macLow: number } {
  const macLow = (mac[2] << 24) | (mac[3] << 16) | (mac[4] << 8) | mac[5];
  return { macHigh: (mac[0] << 8) | mac[1], macLow };
}

/** Least and most of each number. */
export const NIC_RANGES = {
  mtu: [68, 65535],
  pollFrames: [1, 1 << 16],
  txRing: [1, 4096],
  rxRing: [1, 4096],
} as const;

function checkRange(name: string, value: number, [least, most]: readonly [number, number]): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const whole = Number.isInteger(value) ? '' : 'a whole number from ';
  throw new RangeError(`"${name}" expected ${whole}${least} to ${most}, got ${value}`);
}

/** @throws RangeError naming the first field that is out of its range. */
export function checkNicConfig(config: NicConfig): void {
  for (const name of ['mtu', 'pollFrames', 'txRing', 'rxRing'] as const) {
    checkRange(name, config[name], NIC_RANGES[name]);
  }
  for (const name of ['txRing', 'rxRing'] as const) {
    const value = config[name];
    if ((value & (value - 1)) !== 0) throw new RangeError(`"${name}" expected a power of two, got ${value}`);
  }
  const { mac, rxPending } = config;
  if (rxPending !== undefined) checkRange('rxPending', rxPending, [1, config.rxRing]);
  if (mac.length !== 6 || mac.some((byte) => !Number.isInteger(byte) || byte < 0 || byte > 255)) {
    throw new RangeError(`"mac" expected six bytes, got [${mac.join(', ')}]`);
  }
  if ((mac[0] & 1) !== 0) throw new RangeError('"mac" expected a unicast address, got a group address');
}
