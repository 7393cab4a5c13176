/** What a description says of a card: who it is, its rings and its moderation, as ethtool shows them. */

import type { BondConfig } from '../bond/bond-config.ts';
import { printAddress } from '../host/devices/policy/print.ts';
import { portsOfNics } from '../world/config/port-nics.ts';
import type { CardTopology, LinkTopology, Topology } from '../world/topology/checked.ts';
import { portsOf } from '../world/topology/reach.ts';

/** A name and what it is. */
export type Fact = readonly [name: string, value: string];

/** @param card index of it. */
export function identityOf(topology: Topology, card: number, version: string): Fact[] {
  const own = topology.cards[card];
  const { config, modules, placement, ports, stackPorts } = own;
  const addresses = portsOf(own);
  const portOf = portsOfNics(config);
  return [
    ['driver', 'inic'],
    ['version', version],
    ['host', topology.hosts[own.host].name],
    ['runs', placement === 'inline' ? "in its host's thread" : 'on a processor of its own'],
    ['transport', config.transport],
    ['modules', modules.join(', ')],
    ['class version', String(config.classVersion)],
    ...stackPorts.flatMap((name, port): Fact[] => {
      const { address, prefixLength, mtu } = addresses[port];
      const nics = portOf.flatMap((of, nic) => (of === port ? [nic] : []));
      const bond = config.bonds.find((candidate) => candidate.port === port);
      return [
        [`${name} address`, `${printAddress(address)}/${prefixLength}`],
        [`${name} mtu`, String(mtu)],
        ...(bond === undefined
          ? []
          : bondFacts(
              name,
              bond,
              nics.map((nic) => ports[nic]),
            )),
        ...nics.flatMap((nic) => linkFacts(ports[nic], linkOf(topology, card, nic))),
      ];
    }),
  ];
}

/** As /proc/net/bonding has them. */
function bondFacts(name: string, bond: BondConfig, ports: readonly string[]): Fact[] {
  const { mode, primary, miimonNs, upDelayNs, downDelayNs, xmitHashPolicy } = bond;
  const chosen: Fact =
    mode === 'active-backup'
      ? [`${name} primary`, primary < 0 ? 'none' : ports[primary]]
      : [`${name} xmit hash policy`, xmitHashPolicy];
  return [
    [`${name} bonding mode`, mode],
    [`${name} ports`, ports.join(', ')],
    chosen,
    [`${name} miimon`, miimonNs === 0 ? 'off: links are not looked at' : msText(miimonNs)],
    [`${name} updelay, downdelay`, `${msText(upDelayNs)}, ${msText(downDelayNs)}`],
  ];
}

/** As `ethtool` says it, when the world begins, and what is described to come. */
function linkFacts(port: string, link: LinkTopology | undefined): Fact[] {
  if (link === undefined) {
    return [
      [`${port} speed`, 'no link'],
      [`${port} link detected`, 'no'],
    ];
  }
  const downs = link.pipe.downs ?? [];
  const up = downs[0]?.atNs !== 0;
  const times = downs.map(({ atNs, forNs }) => {
    return `from ${msText(atNs)} ${forNs === Number.POSITIVE_INFINITY ? 'on' : `for ${msText(forNs)}`}`;
  });
  return [
    [`${port} speed`, speedText(link)],
    [`${port} link detected`, `${up ? 'yes' : 'no'}, ${link.name}`],
    ...(times.length === 0 ? [] : [[`${port} link down`, times.join(', ')] as const]),
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

function msText(ns: number): string {
  return `${ns / 1e6} ms`;
}
