/** A time for which a link is down: what is on it then is lost, and its ends have no carrier. */
export interface LinkDown {
  /** Nanoseconds after the world began: in real time, after its cards were up. */
  readonly atNs: number;
  /** How long, in nanoseconds; `Infinity`: it does not come back. */
  readonly forNs: number;
}

/** What a pipe is like: speed, length, queue, and the ways it damages what it carries. */
export interface PipeConfig {
  /** Bytes of one slot in the region; `wireSlotBytes(mtu)` fits the largest frame. */
  readonly slotBytes: number;
  /** Frames on the wire at once, queued or in flight: the same as the slots planned. */
  readonly queueFrames: number;
  /** Bits per second, counting preamble, FCS and gap as Ethernet does; 0 for a wire that takes no time. */
  readonly rateBitsPerSecond: number;
  /** Nanoseconds from a frame's last bit in to its last bit out. */
  readonly delayNs: number;
  /** Up to this many nanoseconds more, drawn for each frame. Jitter alone never changes the order. */
  readonly jitterNs: number;
  /** Chance of [0, 1] that a frame is lost, after it has taken its time on the wire. */
  readonly lossProbability: number;
  /**
   * Chance of [0, 1] that a frame is marked, as by a router whose queue grows, where it may be (RFC 3168).
   */
  readonly markProbability: number;
  /**
   * A frame that waits longer than so many nanoseconds for the wire is marked (fq_codel's ce_threshold); 0:
   * none.
   */
  readonly markAfterNs: number;
  /** Chance of [0, 1] that an undamaged copy of a frame arrives right behind it. */
  readonly duplicateProbability: number;
  /** Chance of [0, 1] that one bit of a frame is flipped. */
  readonly corruptProbability: number;
  /** Chance of [0, 1] that a frame is held back by `reorderDelayNs`, while later ones pass it. */
  readonly reorderProbability: number;
  readonly reorderDelayNs: number;
  /** When it is down, each time after the one before has ended; absent: never. */
  readonly downs?: readonly LinkDown[];
}

/** A perfect wire: no time, no damage. */
export const PERFECT_PIPE: Omit<PipeConfig, 'slotBytes'> = {
  queueFrames: 256,
  rateBitsPerSecond: 0,
  delayNs: 0,
  jitterNs: 0,
  lossProbability: 0,
  markProbability: 0,
  markAfterNs: 0,
  duplicateProbability: 0,
  corruptProbability: 0,
  reorderProbability: 0,
  reorderDelayNs: 0,
};

const PROBABILITIES = [
  'lossProbability',
  'markProbability',
  'duplicateProbability',
  'corruptProbability',
  'reorderProbability',
] as const;
const DURATIONS = ['rateBitsPerSecond', 'delayNs', 'jitterNs', 'markAfterNs', 'reorderDelayNs'] as const;

/** Frames a pipe may have in flight at most: slot numbers and ring indices stay small. */
export const QUEUE_FRAMES_MAX = 1 << 20;

/** @throws RangeError naming the first field that is out of its range. */
export function checkPipeConfig(config: PipeConfig): void {
  for (const name of PROBABILITIES) {
    const value = config[name];
    if (!(value >= 0 && value <= 1)) throw new RangeError(`"${name}" expected 0 to 1, got ${value}`);
  }
  for (const name of DURATIONS) {
    const value = config[name];
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`"${name}" expected 0 or more, got ${value}`);
    }
  }
  checkDowns(config.downs ?? []);
  const { queueFrames, slotBytes } = config;
  if (!Number.isInteger(queueFrames) || queueFrames < 1 || queueFrames > QUEUE_FRAMES_MAX) {
    throw new RangeError(`"queueFrames" expected 1 to ${QUEUE_FRAMES_MAX}, got ${queueFrames}`);
  }
  if (!Number.isInteger(slotBytes) || slotBytes < 64 || slotBytes % 4 !== 0) {
    throw new RangeError(`"slotBytes" expected a multiple of 4 from 64, got ${slotBytes}`);
  }
}

function checkDowns(downs: readonly LinkDown[]): void {
  let endNs = 0;
  downs.forEach(({ atNs, forNs }, i) => {
    if (!(atNs >= endNs && atNs < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`"downs.${i}.atNs" expected ${endNs} or more, got ${atNs}`);
    }
    if (!(forNs > 0)) throw new RangeError(`"downs.${i}.forNs" expected more than 0, got ${forNs}`);
    endNs = atNs + forNs;
  });
}

/** Whether frames need neither a clock nor a draw. */
export function isPerfect(config: PipeConfig): boolean {
  return (
    config.rateBitsPerSecond === 0 &&
    config.delayNs === 0 &&
    config.jitterNs === 0 &&
    (config.downs ?? []).length === 0 &&
    PROBABILITIES.every((name) => config[name] === 0)
  );
}
