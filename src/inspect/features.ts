/** What a described card does, under the names by which ethtool shows a device's features. */
import { activeFeatures, type FeatureName, type NicFeatures } from '../hdm/features.ts';
import { settingsOf, wantedFeatures } from '../world/config/card-ranges.ts';
import { nicCount } from '../world/config/port-nics.ts';
import type { CardTopology } from '../world/topology/checked.ts';

export interface Feature {
  /** As `ethtool -k` names it today. */
  readonly name: string;
  /** As `ethtool -K` takes it, in short. */
  readonly short: string;
  /** As it did in the days of Linux 2.6; absent: it did not show it. */
  readonly older?: string;
  readonly on: boolean;
  /** Whether no setting changes it. */
  readonly fixed: boolean;
  /** Whether it is wanted: off all the same, it lacks what it needs. */
  readonly wanted: boolean;
}

interface Named {
  readonly name: string;
  readonly short: string;
  readonly older?: string;
  /** Of the device and its driver; absent: there is no such thing. */
  readonly of?: FeatureName;
}

const named = (name: string, short: string, of?: FeatureName, older?: string): Named => ({
  name,
  short,
  ...(of === undefined ? {} : { of }),
  ...(older === undefined ? {} : { older }),
});

/** In ethtool's order. */
const NAMES: readonly Named[] = [
  named('rx-checksumming', 'rx', 'rxChecksumming', 'rx-checksumming'),
  named('tx-checksumming', 'tx', 'txChecksumming', 'tx-checksumming'),
  named('scatter-gather', 'sg', 'scatterGather', 'scatter-gather'),
  named('tcp-segmentation-offload', 'tso', 'tcpSegmentationOffload', 'tcp segmentation offload'),
  named('udp-fragmentation-offload', 'ufo', undefined, 'udp fragmentation offload'),
  named('generic-segmentation-offload', 'gso', 'genericSegmentationOffload', 'generic segmentation offload'),
  named('generic-receive-offload', 'gro', 'genericReceiveOffload', 'generic receive offload'),
  named('large-receive-offload', 'lro', 'largeReceiveOffload', 'large receive offload'),
  named('rx-vlan-offload', 'rxvlan'),
  named('tx-vlan-offload', 'txvlan'),
  named('receive-hashing', 'rxhash'),
  named('tls-hw-tx-offload', 'tls-hw-tx-offload'),
];

/** Of the device below the card's stack, or below a host's that runs TCP/IP itself. */
export function featuresOf({ config }: CardTopology): Feature[] {
  const wanted = wantedFeatures(config);
  const active = activeFeatures(wanted);
  return NAMES.map(({ of, ...names }) =>
    of === undefined
      ? { ...names, on: false, fixed: true, wanted: false }
      : { ...names, on: active[of], fixed: false, wanted: wanted[of] },
  );
}

/** What `ethtool -K` is told of one feature. */
export interface FeatureChange {
  /** Any of its names. */
  readonly name: string;
  readonly on: boolean;
}

/** Every name by which a feature can be asked for. */
export const FEATURE_NAMES: readonly string[] = NAMES.flatMap(({ name, short }) =>
  name === short ? [name] : [short, name],
);

/**
 * A card with some of its features changed.
 * @throws RangeError for a name that is none, or one that is fixed.
 */
export function withFeatures(card: CardTopology, changes: readonly FeatureChange[]): CardTopology {
  const own = featuresOf(card);
  const wanted: Record<FeatureName, boolean> = { ...wantedFeatures(card.config) };
  for (const { name, on } of changes) {
    const index = NAMES.findIndex((candidate) => candidate.name === name || candidate.short === name);
    if (index < 0) throw new RangeError(`"${name}" is no feature`);
    const { of } = NAMES[index];
    if (own[index].fixed || of === undefined)
      throw new RangeError(`"${name}" cannot be changed: ${NAMES[index].name} is fixed`);
    wanted[of] = on;
  }
  return { ...card, config: { ...card.config, ...settingsOf(wanted satisfies NicFeatures) } };
}

/** The features of which more has changed than whether they are wanted, or that did not come out as asked. */
export function actualChanges(before: CardTopology, after: CardTopology): Feature[] {
  const were = featuresOf(before);
  return featuresOf(after).filter(({ on, wanted }, i) => {
    const changed = on !== were[i].on;
    return changed || (wanted !== were[i].wanted && wanted !== on);
  });
}

/** Who does a part of the work that sockets need. */
export interface Capability {
  readonly work: string;
  readonly where: 'card' | 'host' | 'both' | 'nobody';
  /** With what limit, or what happens instead. */
  readonly how: string;
}

/** What is really offloaded, which ethtool does not tell: one line for each part of the work. */
export function capabilitiesOf({ config, modules }: CardTopology): Capability[] {
  if (!modules.includes('socket')) {
    return [{ work: 'sockets', where: 'nobody', how: 'the card has no module of the socket class' }];
  }
  const { stack, driver, pools, classVersion } = config;
  const version = Math.min(classVersion, driver.classVersion);
  const active = activeFeatures(wantedFeatures(config));
  const card = (work: string, how: string): Capability => ({ work, where: 'card', how });
  const nobody = (work: string, how: string): Capability => ({ work, where: 'nobody', how });
  return [
    card(
      'TCP connections: set-up, tear-down, TIME-WAIT',
      `${stack.connectionsMax} at once, TIME-WAIT included; then sockets are ENFILE and SYNs are dropped`,
    ),
    card('TCP acknowledgements, reassembly, windows, timers', 'of every connection'),
    card('TCP retransmission, from the buffers of the host', 'each time over the bus again'),
    card('TCP segmentation', segmentation(active)),
    card('checksums', checksums(active)),
    ...(active.largeReceiveOffload || active.genericReceiveOffload
      ? [card('putting TCP segments together before its stack', receiveOffload(active))]
      : []),
    version >= 2
      ? card('UDP', 'whole datagrams, up to 65,507 bytes')
      : nobody('UDP', 'EPROTONOSUPPORT: class version 1 has no datagram sockets'),
    card('IPv4, fragments of UDP and ICMP, ICMP, ARP', `${nicCount(config)} port(s)`),
    {
      work: 'socket calls, readiness, errno',
      where: 'host',
      how: `${driver.socketsMax} sockets at once; one more is EMFILE`,
    },
    {
      work: 'payload to and from programs',
      where: 'both',
      how: 'one copy by the host each way, none for lent buffers, and one DMA request of the card',
    },
    {
      work: 'buffers',
      where: 'host',
      how:
        `${pools.transmitBuffers} of ${pools.transmitBufferBytes} bytes to send, ` +
        `${pools.receiveBuckets} of ${pools.receiveBucketBytes} to receive; dry: ${driver.transmitDryPolicy}`,
    },
    nobody("a packet filter, traffic shaping, taps of the host's", 'the card sends and receives past them'),
    nobody('IPv6, multicast, raw sockets, TLS', 'not in the card; such sockets stay the kernel’s'),
    nobody('fall-back of a connection to the host', 'a card that is full refuses; see docs/experiments.md'),
  ];
}

const BY_PROCESSOR = "by the card's processor";

function segmentation({ tcpSegmentationOffload, genericSegmentationOffload }: NicFeatures): string {
  if (tcpSegmentationOffload) return 'by its device';
  return genericSegmentationOffload ? `${BY_PROCESSOR}, just before its device` : BY_PROCESSOR;
}

function checksums({ txChecksumming, rxChecksumming }: NicFeatures): string {
  if (txChecksumming === rxChecksumming) return txChecksumming ? 'by its device' : BY_PROCESSOR;
  const [device, processor] = txChecksumming ? ['sent', 'received'] : ['received', 'sent'];
  return `of what is ${device} by its device, of what is ${processor} ${BY_PROCESSOR}`;
}

function receiveOffload({ largeReceiveOffload, genericReceiveOffload }: NicFeatures): string {
  if (!largeReceiveOffload) return BY_PROCESSOR;
  return genericReceiveOffload ? `by its device, what that leaves ${BY_PROCESSOR}` : 'by its device';
}
