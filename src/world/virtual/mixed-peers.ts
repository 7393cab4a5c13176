/** What mixed hosts know of the stations at their wires, and how one of those moves. */

import type { StationAddress } from '../../host/devices/steering.ts';
import { ARP_BYTES, ARP_REPLY, writeArp } from '../../tcpip/header/arp.ts';
import {
  ETHERNET_BYTES,
  ETHERNET_TYPE,
  ETHERTYPE_ARP,
  writeEthernetAddresses,
} from '../../tcpip/header/ethernet.ts';
import { maskOf } from '../../tcpip/route-table.ts';
import type { Pipe } from '../../wire/pipe.ts';
import { portsOf } from '../topology/reach.ts';
import type { MixedHost } from './mixed-host.ts';
import { stationsOf } from './mixed-topology.ts';
import type { VirtualCard } from './virtual-card.ts';

/**
 * Has mixed hosts know the hardware addresses of all others at their wires, as hosts do that have talked to
 * each other before: to a peer that its host does not know a device opens no connection.
 * @param cards of the world, those of other hosts too.
 */
export function introduceAll(
  hosts: readonly MixedHost[],
  cards: readonly VirtualCard[],
  nowUs: number,
): void {
  const ports = cards.flatMap(({ plan: { topology } }, card) => {
    const stations = stationsOf(topology);
    return portsOf(topology).map(({ address, prefixLength }, port) => {
      return { card, station: stations[port], address, mask: maskOf(prefixLength) };
    });
  });
  for (const { built, place } of hosts) {
    const [own, others] = [true, false].map((of) =>
      ports.filter(({ card }) => place.cards.includes(card) === of),
    );
    for (const { address, station } of others) {
      const near = own.some((port) => ((port.address ^ address) & port.mask) === 0);
      if (near) built.engine.tellNeighbour(address, station.high, station.low, nowUs);
    }
  }
}

/**
 * A station announces by ARP, in a frame of its own wire, that it has another hardware address (RFC 5944 §4.6).
 * @throws Error where the wire has no room for the frame.
 */
export function announceMove(
  view: DataView,
  pipe: Pipe | undefined,
  address: number,
  { high, low }: StationAddress,
): void {
  const frame = pipe?.reserve(ETHERNET_BYTES + ARP_BYTES) ?? -1;
  if (pipe === undefined || frame < 0) throw new Error('a peer that moves has no room on its wire');
  writeEthernetAddresses(view, frame, 0xffff, -1, high, low);
  view.setUint16(frame + ETHERNET_TYPE, ETHERTYPE_ARP);
  writeArp(view, frame + ETHERNET_BYTES, ARP_REPLY, high, low, address, high, low, address);
  pipe.commit(ETHERNET_BYTES + ARP_BYTES);
}
