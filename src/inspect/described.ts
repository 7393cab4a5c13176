/** What a description says of a card: who it is, its rings and its moderation, as ethtool shows them. */
import { printAddress } from '../host/devices/policy/print.ts';
import type { CardTopology, LinkTopology, Topology } from '../world/topology/checked.ts';
import { portsOf } from '../world/topology/reach.ts';

/** A name and what it is. */
export type Fact = readonly [name: string, value: string];

/** @param card index of it. */
export function identityOf(topology: Topology, card: number, version: string): Fact[] {
  const own = topology.cards[card];
  const { config, modules, placement, ports } = own;
  const addresses = portsOf(own);
  return [
    ['driver', 'inic'],
    ['version', version],
    ['host', topology.hosts[own.host].name],
    ['runs', placement === 'inline' ? "in its host's thread" : 'on a processor of its own'],
    ['transport', config.transport],
    ['modules', modules.join(', ')],
    ['class version', String(config.classVersion)],
    ...ports.flatMap((port, i): Fact[] => {
      const { address, prefixLength, mtu } = addresses[i];
      const link = linkOf(topology, card, i);
      return [
        [`${port} address`, `${printAddress(address)}/${prefixLength}`],
        [`${port} mtu`, String(mtu)],
        [`${port} speed`, link === undefined ? 'no link' : speedText(link)],
        [`${port} link detected`, link === undefined ? 'no' : `yes, ${link.name}`],
      ];
    }),
  ];
}

/** As `ethtool -g`: the device's rings, and the pools that stand in the place of a driver's. */
export function ringsOf({ config }: CardTopology): Fact[] {
  const { rxRing, txRing, packetSlots, pools } = config;
  return [
    ['rx', String(rxRing)],
    ['tx', String(txRing)],
    ['packet slots', String(packetSlots)],
    ['messages to the card', String(pools.inboundFrames)],
    ['messages to the host', String(pools.outboundFrames)],
    ['transmit buffers', `${pools.transmitBuffers} of ${pools.transmitBufferBytes} bytes`],
    ['receive buckets', `${pools.receiveBuckets} of ${pools.receiveBucketBytes} bytes`],
  ];
}

/** As `ethtool -c`. */
export function coalescingOf({ config }: CardTopology): Fact[] {
  const { moderation, driver } = config;
  return [
    ['adaptive-rx', 'off'],
    ['adaptive-tx', 'off'],
    ['rx-usecs', String(moderation.rxUsecs)],
    ['rx-frames', String(moderation.rxFrames)],
    ['every frame interrupts', moderation.everyFrame ? 'on' : 'off'],
    ['replies to sends', driver.replyMode],
    ['buckets per post', String(driver.bucketsPerPost)],
  ];
}

function linkOf({ links }: Topology, card: number, port: number): LinkTopology | undefined {
  return links.find(({ ends }) =>
    ends.some((end) => 'card' in end && end.card === card && end.port === port),
  );
}

function speedText({ pipe }: LinkTopology): string {
  const { rateBitsPerSecond } = pipe;
  return rateBitsPerSecond === 0 ? 'unlimited' : `${rateBitsPerSecond / 1e6}Mb/s`;
}
