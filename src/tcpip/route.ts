/**
 * Where a packet goes next, and through which port: to ourselves, by a route of the table, to a neighbour on
 * a port's subnet, or to the gateway. Of routes and subnets the longest prefix decides, then the lowest metric;
 * subnets and the gateway have 0, and a route goes before them where it has that, too. Each port has one address and one subnet. The host model is the weak one of RFC
 * 1122 §3.3.4.2, as on Linux: a packet for any own address is accepted from any port, and the route follows
 * the destination alone.
 *
 * Packets to own addresses and to 127/8 leave through the loopback port, with that port's own hardware
 * address as source and destination, and come back by it (RFC 1122 §3.2.1.3: 127/8 never reaches a real wire;
 * the input drops it when it came by another port or from another station).
 */
import { assert } from '../assert/assert.ts';
import type { StackConfig } from './config.ts';
import { Redirects } from './redirects.ts';
import { maskOf, type RouteEntry, type RouteMetrics, RouteTable } from './route-table.ts';

const LOOPBACK = 0x7f000001;
const US_PER_MS = 1000;
/** 255.255.255.255: everybody on the port's wire. */
export const LIMITED_BROADCAST = -1;

export class Routes {
  /** The port by which packets to ourselves leave and come back. */
  readonly loopbackPort: number;
  /** The first port's address: the one that nearly all packets are for. As `addresses` has it. */
  private address: number;
  /** The first port's directed broadcast address; the limited one where its subnet has none (RFC 3021). */
  private readonly broadcast: number;
  /** What the ports' addresses were set to, by port. */
  private readonly own: Int32Array;
  /** Those in use; in the place of one that is not, 127.0.0.1, which is ours in any case. */
  private readonly addresses: Int32Array;
  /** Addresses of ports that are not in use: not probed yet, or given up (RFC 5227). */
  unusedCount = 0;
  private readonly broadcasts: Int32Array;
  /** The ports in the order in which their subnets are tried: longest prefix first, then lowest port. */
  private readonly order: Int32Array;
  private readonly masks: Int32Array;
  /** The port that speaks ARP for the address of each port: itself, until `moveAddress`. */
  private readonly speakers: Int32Array;
  private gateway: number;
  private readonly gatewayPort: number;
  /** Routes beside the ports' subnets, the longest prefix first. */
  private readonly table: RouteTable;
  /** Hosts beyond a gateway that another gateway leads to. */
  private readonly redirects = new Redirects();
  private readonly clock: { readonly nowMs: number };

  /** @param clock the stack's milliseconds. */
  constructor(config: StackConfig, clock: { readonly nowMs: number } = { nowMs: 0 }) {
    this.clock = clock;
    const subnets = [config, ...config.furtherPorts];
    this.own = Int32Array.from(subnets, (subnet) => subnet.address | 0);
    this.addresses = this.own.slice();
    this.masks = Int32Array.from(subnets, (subnet) => maskOf(subnet.prefixLength));
    this.broadcasts = Int32Array.from(subnets, (subnet) => broadcastOf(subnet.address, subnet.prefixLength));
    // The sort keeps the order of equals: the lowest port goes first.
    const ports = subnets.map((_, port) => port);
    this.speakers = Int32Array.from(ports);
    this.order = Int32Array.from(ports.sort((a, b) => subnets[b].prefixLength - subnets[a].prefixLength));
    this.loopbackPort = config.loopbackPort;
    assert(
      this.loopbackPort >= 0 && this.loopbackPort <= subnets.length,
      'routes: the loopback port has an address or follows those that have',
    );
    this.address = this.addresses[0];
    this.broadcast = this.broadcasts[0];
    this.table = new RouteTable();
    this.gateway = config.gateway | 0;
    this.gatewayPort = Math.max(0, this.subnetPort(this.gateway));
  }

  /** Whether packets to this address are for us alone. // Hot path. */
  isOwn(address: number): boolean {
    return address === this.address || address >>> 24 === 127 || this.isFurther(this.addresses, address);
  }

  /** Whether packets to this address are for everybody on one of our wires. */
  isBroadcast(address: number): boolean {
    return (
      address === LIMITED_BROADCAST || address === this.broadcast || this.isFurther(this.broadcasts, address)
    );
  }

  /** Whether the address is one host's, and so may be a source (RFC 1122 §3.2.1.3). // Hot path. */
  isUnicast(address: number): boolean {
    const top = address >>> 24;
    return top !== 0 && top < 224 && address !== this.broadcast && !this.isFurther(this.broadcasts, address);
  }

  /** A port's own address, in use or not; 0 for a pure loopback port. */
  addressOf(port: number): number {
    return port < this.own.length ? this.own[port] : 0;
  }

  /** Whether a port has an address that is in use. */
  isInUse(port: number): boolean {
    return port < this.own.length && this.addresses[port] === this.own[port];
  }

  /** Whether what is sent may have a source address: one in use, or none that was chosen yet (0). */
  isSource(address: number): boolean {
    return this.unusedCount === 0 || address === 0 || this.isOwn(address);
  }

  /** A port's address is used from now on, or no longer. */
  setInUse(port: number, inUse: boolean): void {
    assert(this.hasAddress(port), 'routes: an address that is used, or not, is one of a port');
    this.addresses[port] = inUse ? this.own[port] : LOOPBACK;
    this.address = this.addresses[0];
    this.unusedCount = 0;
    for (let at = 0; at < this.own.length; at++) if (!this.isInUse(at)) this.unusedCount += 1;
  }

  /** The port whose address an address is, in use or not; -1: none. */
  ownerOf(address: number): number {
    return this.own.indexOf(address);
  }

  /** The port that speaks ARP for the address of a port. */
  speakerFor(port: number): number {
    assert(this.hasAddress(port), 'routes: who speaks for an address is asked of a port that has one');
    return this.speakers[port];
  }

  /** The length of the prefix of a port's subnet. */
  prefixOf(port: number): number {
    assert(this.hasAddress(port), 'routes: a port that has a subnet has an address');
    return Math.clz32(~this.masks[port]);
  }

  /** Whether a port answers on its wire for an address: its own, or one that has been moved to it. */
  speaksFor(port: number, address: number): boolean {
    const owner = address === 0 ? -1 : this.own.indexOf(address);
    return owner >= 0 && this.speakers[owner] === port && this.isInUse(owner);
  }

  /** A port's address is another port's to answer for from now on; and its own again by itself. */
  moveAddress(of: number, to: number): void {
    assert(
      this.hasAddress(of) && this.hasAddress(to),
      'routes: an address moves between ports that have one',
    );
    this.speakers[of] = to;
  }

  /** The port behind which an address may be a neighbour's, by the subnets; -1: any. */
  wireOf(address: number): number {
    const port = this.subnetPort(address);
    return port < 0 ? -1 : this.speakers[port];
  }

  /** Whether a port has an address: all but a pure loopback port. */
  hasAddress(port: number): boolean {
    return port < this.own.length;
  }

  /** Whether a socket may be bound to an address: as on Linux, also where it can only be reached by it. */
  mayBind(address: number): boolean {
    const multicast = address >>> 28 === 14;
    return multicast || this.isOwn(address) || this.isBroadcast(address);
  }

  /**
   * The source address of packets to a destination (RFC 9293 MUST-44): that of the port by which they leave.
   * To an own address it is that address itself, as on Linux.
   * @returns 0 where that port's address is not in use.
   */
  sourceFor(destination: number): number {
    if (destination >>> 24 === 127) return LOOPBACK;
    if (this.isOwn(destination)) return destination;
    const port = this.portFor(destination);
    assert(port < this.own.length, 'routes: a packet to another host leaves by a port with an address');
    return this.isInUse(port) ? this.own[port] : 0;
  }

  /**
   * Whether packets to a destination may have a source address: those from 127/8 never reach a real wire (RFC
   * 1122 §3.2.1.3). @param source one of our own; 0: not chosen yet.
   */
  mayLeave(source: number, destination: number): boolean {
    return source >>> 24 !== LOOPBACK >>> 24 || this.isOwn(destination);
  }

  /** @returns the address whose hardware address a packet needs; 0 when there is no route. */
  nextHop(destination: number): number {
    if (this.isOwn(destination) || destination === LIMITED_BROADCAST) return destination;
    const hop = this.hopByRoute(destination);
    if (this.redirects.count === 0 || hop === 0 || hop === destination) return hop;
    return this.redirects.find(destination, this.clock.nowMs) || hop;
  }

  /** The same by the routes alone, whatever gateways have said since these changed last. */
  hopByRoute(destination: number): number {
    if (this.isOwn(destination) || destination === LIMITED_BROADCAST) return destination;
    const route = this.routeOf(destination);
    if (route < 0 && this.subnetPort(destination) >= 0) return destination;
    return route < 0 ? this.gateway : this.table.via[route] || destination;
  }

  /**
   * A gateway says that another one is the better way to a host. That is followed (RFC 1122 §3.2.2.2) only if
   * it comes from the gateway in use, and the other one is on the same wire. @returns whether it is.
   */
  redirect(destination: number, from: number, via: number): boolean {
    if (from === destination || via === from || this.nextHop(destination) !== from) return false;
    if (!this.isUnicast(via) || this.isOwn(via) || this.isBroadcast(via)) return false;
    if (this.subnetPort(via) !== this.portFor(destination)) return false;
    this.redirects.put(destination, via, this.clock.nowMs);
    return true;
  }

  /** A next hop does not answer. @returns whether a redirect had led there, which is forgotten. */
  forgetHop(hop: number): boolean {
    return this.redirects.count > 0 && this.redirects.forget(hop);
  }

  /** The port by which packets to a destination leave; 0 for the limited broadcast, see `portFrom`. */
  portFor(destination: number): number {
    if (this.isOwn(destination)) return this.loopbackPort;
    if (destination === LIMITED_BROADCAST) return 0;
    const route = this.routeOf(destination);
    if (route >= 0) return this.table.port[route];
    const port = this.subnetPort(destination);
    return port >= 0 ? port : this.gatewayPort;
  }

  /**
   * The port by which packets of a socket leave: the limited broadcast goes to the wire of the socket's own
   * address.
   * @param source the address the socket is bound to; 0: none.
   */
  portFrom(source: number, destination: number): number {
    if (destination !== LIMITED_BROADCAST || source === 0) return this.portFor(destination);
    return Math.max(0, this.own.indexOf(source));
  }

  /** The port whose subnet holds an address: of several the one with the longest prefix; -1: none. */
  subnetPort(address: number): number {
    const { order, own, masks } = this;
    for (let i = 0; i < order.length; i++) {
      const port = order[i];
      if (((address ^ own[port]) & masks[port]) === 0) return port;
    }
    return -1;
  }

  /**
   * Adds a route, or changes the one of its prefix and metric. @param via the next hop; 0: whoever the packet
   * is for. @returns false when the table is full.
   */
  add(destination: number, prefixLength: number, via: number, port: number, metrics?: RouteMetrics): boolean {
    assert(this.hasAddress(port), 'routes: a route leads through a port with an address');
    this.redirects.clear();
    return this.table.put(destination & maskOf(prefixLength), prefixLength, via, port, metrics);
  }

  /**
   * Takes a route away; of prefix length 0: the gateway too, whose metric is 0.
   * @param metric of the route; -1: the lowest of its prefix. @returns false where there is none.
   */
  remove(destination: number, prefixLength: number, metric = -1): boolean {
    this.redirects.clear();
    const had = prefixLength === 0 && this.gateway !== 0 && metric <= 0;
    if (had) this.gateway = 0;
    return this.table.remove(destination & maskOf(prefixLength), prefixLength, metric) || had;
  }

  /** What the route to a destination says of packets; 0: nothing. // Hot path. */
  metricOf(destination: number, name: Exclude<keyof RouteMetrics, 'metric'>): number {
    if (!this.table.hasMetrics) return 0;
    const route = this.routeOf(destination);
    return route < 0 ? 0 : this.table[name][route];
  }

  /** The least retransmission time-out to a destination. @param set that of the configuration. */
  rtoMinUs(destination: number, set: number): number {
    const ms = this.metricOf(destination, 'rto_min');
    assert(ms >= 0, 'routes: a least time-out is no negative time');
    return ms > 0 ? ms * US_PER_MS : set;
  }

  /** All routes: those for all hosts first, then the longest prefix, and of one prefix the lowest metric. */
  list(): RouteEntry[] {
    const { table, gateway, gatewayPort, own } = this;
    const of = (to: number, prefixLength: number, via: number, port: number, source: number): RouteEntry => ({
      ...{ to, prefixLength, via, port, source },
      metrics: {},
    });
    const entries = table.list();
    for (const port of own.keys()) {
      const prefixLength = this.prefixOf(port);
      if (this.isInUse(port))
        entries.push(of(own[port] & this.masks[port], prefixLength, 0, port, own[port]));
    }
    if (gateway !== 0) entries.push(of(0, 0, gateway, gatewayPort, 0));
    const rank = ({ prefixLength }: RouteEntry) => (prefixLength === 0 ? 33 : prefixLength);
    return entries.sort(
      (a, b) => rank(b) - rank(a) || (a.metrics.metric ?? 0) - (b.metrics.metric ?? 0) || a.port - b.port,
    );
  }

  /** The route of the table that a destination has; -1: none, or its subnet has the longer prefix. */
  private routeOf(destination: number): number {
    const { table, masks } = this;
    if (table.count === 0) return -1;
    const route = table.find(destination);
    if (route < 0) return -1;
    const port = this.subnetPort(destination);
    if (port >= 0) {
      // Masks compare as their prefixes do.
      const isLonger = masks[port] >>> 0 > table.mask[route] >>> 0;
      return isLonger || (masks[port] === table.mask[route] && table.metric[route] > 0) ? -1 : route;
    }
    return table.mask[route] === 0 && table.metric[route] > 0 && this.gateway !== 0 ? -1 : route;
  }

  /** Whether one of the ports behind the first has the address in `table`. */
  private isFurther(table: Int32Array, address: number): boolean {
    for (let port = 1; port < table.length; port++) if (table[port] === address) return true;
    return false;
  }
}

/** A subnet's directed broadcast address; the limited one where there is none (RFC 3021: /31 and /32). */
function broadcastOf(address: number, prefixLength: number): number {
  if (prefixLength >= 31) return LIMITED_BROADCAST;
  const mask = maskOf(prefixLength);
  return (address & mask) | ~mask;
}
