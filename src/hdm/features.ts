/**
 * What a plain network card does for its host, and its driver for the stack: the features of `ethtool -k`.
 * Some need others; which, Linux says in `netdev_fix_features` (net/core/dev.c) for all devices, and drivers
 * say of their own. What a user wants is kept: a feature comes back with what it needs.
 */

export interface NicFeatures {
  /** `rx-checksumming`: the device checks what it receives. */
  readonly rxChecksumming: boolean;
  /** `tx-checksumming`: the device makes the checksums of TCP and UDP. */
  readonly txChecksumming: boolean;
  /**
   * `scatter-gather`: the device fetches a packet from several places; else the driver copies it together.
   */
  readonly scatterGather: boolean;
  /** `tcp-segmentation-offload`: the device cuts large packets. */
  readonly tcpSegmentationOffload: boolean;
  /** `generic-segmentation-offload`: where the device does not, the driver cuts them just before it. */
  readonly genericSegmentationOffload: boolean;
  /** `generic-receive-offload`: the driver puts segments together before the stack. */
  readonly genericReceiveOffload: boolean;
  /**
   * `large-receive-offload`: the device does, by looser rules that lose what stands in the headers between.
   * What is put together so cannot be cut again as it was, so it is not for hosts that forward: ours do not.
   */
  readonly largeReceiveOffload: boolean;
}

export type FeatureName = keyof NicFeatures;

/** In ethtool's order. */
export const FEATURES: readonly FeatureName[] = [
  'rxChecksumming',
  'txChecksumming',
  'scatterGather',
  'tcpSegmentationOffload',
  'genericSegmentationOffload',
  'genericReceiveOffload',
  'largeReceiveOffload',
];

interface Need {
  readonly feature: FeatureName;
  readonly needs: FeatureName;
}

/**
 * Linux's rules, of which the third stands here for software GSO. That checksums need no scatter-gather, nor
 * it them, is so since Linux 3.10; before, a device that made no checksums was given one piece as well. The
 * last is that of drivers whose devices put segments together (`ixgbe_fix_features`): what is put together
 * has no checksum that the host could look at.
 */
export const NEEDS: readonly Need[] = [
  { feature: 'tcpSegmentationOffload', needs: 'scatterGather' },
  { feature: 'tcpSegmentationOffload', needs: 'txChecksumming' },
  { feature: 'genericSegmentationOffload', needs: 'scatterGather' },
  { feature: 'largeReceiveOffload', needs: 'rxChecksumming' },
];

/** @returns what is on of the features that are wanted: those that have what they need. */
export function activeFeatures(wanted: NicFeatures): NicFeatures {
  const active = { ...wanted };
  for (const { feature, needs } of NEEDS) active[feature] &&= active[needs];
  return active;
}

/** The features of something that has more than them. */
export function featuresIn(of: NicFeatures): NicFeatures {
  return {
    rxChecksumming: of.rxChecksumming,
    txChecksumming: of.txChecksumming,
    scatterGather: of.scatterGather,
    tcpSegmentationOffload: of.tcpSegmentationOffload,
    genericSegmentationOffload: of.genericSegmentationOffload,
    genericReceiveOffload: of.genericReceiveOffload,
    largeReceiveOffload: of.largeReceiveOffload,
  };
}
