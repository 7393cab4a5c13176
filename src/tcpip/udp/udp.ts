/**
 * UDP (RFC 768, RFC 1122 §4.1): sockets, and datagrams in both directions by reference. A datagram to send
 * stays in the user's buffer until `flush` has handed it to the device; a received one stays in its packet
 * slots until it is taken (received.ts). Both queues are bounded. Datagrams for a next hop whose hardware
 * address is not known yet wait aside (sends.ts).
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import {
  BYTES_DISCARDED,
  BYTES_QUEUED,
  IP_OUT_NO_ROUTES,
  UDP_IN_ERRORS,
  UDP_NO_PORTS,
  UDP_OUT_DATA_BYTES,
  UDP_OUT_DATAGRAMS,
  UDP_RCVBUF_ERRORS,
} from '../../ledger/counters.gen.ts';
import {
  EACCES,
  EADDRNOTAVAIL,
  EDESTADDRREQ,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  ENOBUFS,
  ENOTCONN,
} from '../../socket/errno.ts';
import { IP_MTU, MTU_DISCOVER_DONT } from '../../socket/options.ts';
import type { Neighbours } from '../arp/neighbours.ts';
import type { Environment } from '../environment.ts';
import { checkUdpHeader, UDP_BYTES, UDP_DESTINATION_PORT, UDP_SOURCE_PORT } from '../header/udp.ts';
import { DatagramSender, LIST_MAX } from '../ipv4/datagram.ts';
import type { Pieces } from '../ipv4/pieces.ts';
import { mtuOfPath, type Paths } from '../path-limits.ts';
import type { Routes } from '../route.ts';
import { isSumGood } from './checksum.ts';
import { getOption, OPTION_ERROR, setOption } from './options.ts';
import { UdpPorts } from './ports.ts';
import { UdpReceived } from './received.ts';
import { isNarrower, isTooLong, sendDatagram } from './send-datagram.ts';
import { UdpSends } from './sends.ts';
import { UdpSocket } from './socket.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** The largest payload of a datagram: 65535 bytes less both headers. */
const PAYLOAD_MAX = 65507;
const LOOPBACK = 0x7f000001;

export class Udp {
  private readonly paths: Paths;
  private readonly environment: Environment;
  private readonly routes: Routes;
  private readonly neighbours: Neighbours;
  private readonly pieces: Pieces;
  /** What builds each port's packets. */
  private readonly senders: readonly DatagramSender[];
  private readonly sends: UdpSends;
  readonly sockets: UdpSocket[];
  private readonly free: Int32Array;
  private freeCount: number;
  private readonly ports: UdpPorts;
  private readonly received: UdpReceived;

  constructor(paths: Paths, neighbours: Neighbours, pieces: Pieces) {
    const { environment, routes } = paths;
    this.paths = paths;
    this.environment = environment;
    this.routes = routes;
    this.neighbours = neighbours;
    this.pieces = pieces;
    const { config, ports } = environment;
    this.senders = ports.map((port) => new DatagramSender(environment, neighbours, port));
    this.sends = new UdpSends(config.udpSendsMax, ports.length);
    this.sockets = Array.from({ length: config.udpSocketsMax }, (_, index) => new UdpSocket(index));
    this.free = Int32Array.from({ length: config.udpSocketsMax }, (_, i) => config.udpSocketsMax - 1 - i);
    this.freeCount = config.udpSocketsMax;
    this.ports = new UdpPorts(environment, routes, this.sockets);
    this.received = new UdpReceived(environment, pieces);
  }

  /** @returns the index of a socket for a user; -1: none is free. */
  open(owner: number): number {
    if (this.freeCount === 0) return -1;
    const socket = this.sockets[this.free[--this.freeCount]];
    assert(socket.owner < 0 && socket.head < 0, 'UDP: a socket of the pool has no user and no datagram');
    socket.reset(owner, this.environment.config);
    return socket.index;
  }

  /** Gives a socket back to the pool. What it has queued for sending is still sent. */
  close(socket: UdpSocket): void {
    assert(socket.owner >= 0, 'UDP: a socket is closed once');
    this.ports.unbind(socket);
    this.received.dropAll(socket);
    socket.owner = -1;
    this.free[this.freeCount++] = socket.index;
  }

  bind(socket: UdpSocket, address: number, port: number): number {
    return this.ports.bind(socket, address, port);
  }

  connect(socket: UdpSocket, address: number, port: number): number {
    // As on Linux, the address 0 is this host, by the socket's own name.
    const remote = address === 0 ? socket.sendsFrom || LOOPBACK : address;
    if (port === 0) return EINVAL;
    if (this.routes.isBroadcast(remote) && socket.broadcast === 0) return EACCES;
    if (!this.routes.mayLeave(socket.sendsFrom, remote)) return EINVAL;
    if (this.routes.nextHop(remote) === 0) return ENETUNREACH;
    if (socket.localPort === 0) {
      const errno = this.ports.bind(socket, 0, 0);
      if (errno !== 0) return errno;
    }
    const local = socket.sendsFrom || this.routes.sourceFor(remote);
    if (local === 0 || !this.routes.isSource(local)) return EADDRNOTAVAIL;
    socket.sendsFrom = local;
    if (socket.localAddress === 0) socket.localAddress = socket.sendsFrom;
    socket.remoteAddress = remote;
    socket.remotePort = port;
    return 0;
  }

  /** Queues a datagram by reference; see `Stack.udpSend`. */
  send(
    socket: UdpSocket,
    address: number,
    port: number,
    payloads: Int32Array,
    lengths: Int32Array,
    contexts: Int32Array,
    count: number,
  ): number {
    const { environment, routes, sends } = this;
    if (socket.error !== 0) {
      const { error } = socket;
      socket.error = 0;
      return error;
    }
    const here = socket.sendsFrom || LOOPBACK;
    const remote = address === 0 && port === 0 ? socket.remoteAddress : address === 0 ? here : address;
    const remotePort = port === 0 ? socket.remotePort : port;
    if (remotePort === 0) return EDESTADDRREQ;
    assert(count >= 1, 'UDP: a datagram has a piece, if only an empty one');
    let length = 0;
    for (let i = 0; i < count; i++) length += lengths[i];
    if (length > PAYLOAD_MAX || count > LIST_MAX) return EMSGSIZE;
    if (routes.isBroadcast(remote) && socket.broadcast === 0) return EACCES;
    const { sendsFrom } = socket;
    if (!routes.mayLeave(sendsFrom, remote)) return EINVAL;
    const nextHop = routes.nextHop(remote);
    if (nextHop === 0) {
      environment.counters[IP_OUT_NO_ROUTES] += 1;
      return ENETUNREACH;
    }
    if (socket.localPort === 0) {
      const errno = this.ports.bind(socket, 0, 0);
      if (errno !== 0) return errno;
    }
    const local = sendsFrom === 0 ? routes.sourceFor(remote) : sendsFrom;
    if (local === 0 || !routes.isSource(local)) return EADDRNOTAVAIL;
    const ports = (socket.localPort << 16) | remotePort;
    const outPort = routes.portFrom(sendsFrom, remote);
    if (isTooLong(this.paths, socket.mtuDiscover, remote, outPort, length)) return EMSGSIZE;
    if (!sends.hasRoom(count)) return ENOBUFS;
    const first = sends.begin(socket.index, outPort, nextHop, local, remote, ports);
    sends.service[first] = (socket.tos << 8) | socket.ttl;
    sends.discover[first] = socket.mtuDiscover;
    sends.place(first, payloads[0], lengths[0], contexts[0]);
    for (let i = 1, entry = first; i < count; i++) {
      entry = sends.hang(entry);
      sends.place(entry, payloads[i], lengths[i], contexts[i]);
    }
    sends.queue(first);
    environment.counters[BYTES_QUEUED] += length;
    return 0;
  }

  /**
   * Gives up what a socket has queued for sending; its contexts are answered. @returns datagrams given up.
   */
  discard(socket: UdpSocket): number {
    const { sends, senders } = this;
    // Only a port's first datagram can have gone in part; all of this socket's are given up.
    for (let port = 0; port < senders.length; port++) {
      const first = sends.head[port];
      if (first >= 0 && sends.socket[first] === socket.index) senders[port].abandon();
    }
    let count = 0;
    for (let entry = sends.remove(socket.index); entry >= 0; entry = sends.remove(socket.index)) {
      this.finish(entry, BYTES_DISCARDED);
      count += 1;
    }
    return count;
  }

  /** An own address is given up: what was to be sent from it is not, and sockets bound to it are told. */
  addressLost(address: number): void {
    const { sends } = this;
    assert(address !== 0, 'UDP: what is given up is an address');
    for (const sender of this.senders) sender.abandon();
    for (
      let entry = sends.remove(address, sends.local);
      entry >= 0;
      entry = sends.remove(address, sends.local)
    ) {
      this.finish(entry, BYTES_DISCARDED);
    }
    for (const socket of this.sockets) {
      if (socket.owner >= 0 && socket.localAddress === address) this.tellError(socket, EADDRNOTAVAIL);
    }
  }

  /** Gives up all that is queued for sending, of closed sockets too; the contexts are answered. */
  discardAll(): void {
    const { sends, senders } = this;
    for (const sender of senders) sender.abandon();
    for (let entry = sends.removeAny(); entry >= 0; entry = sends.removeAny()) {
      this.finish(entry, BYTES_DISCARDED);
    }
  }

  get pending(): boolean {
    return this.sends.queued !== 0;
  }

  /** Sends what waits. @returns packets sent; `pending` stays true when a port is full. */
  flush(): number {
    let sent = 0;
    for (let port = 0; port < this.senders.length; port++) sent += this.flushPort(port);
    if (COSTLY) this.checkSends();
    return sent;
  }

  /** Sends what leaves by a port, until that is full. @returns packets sent. */
  private flushPort(port: number): number {
    const { sends, neighbours } = this;
    const sender = this.senders[port];
    let sent = 0;
    while (sends.head[port] >= 0) {
      const entry = sends.head[port];
      const neighbour = neighbours.resolve(sends.nextHop[entry]);
      if (!neighbours.isReady(neighbour)) {
        sender.abandon();
        const nextHop = sends.nextHop[entry];
        sends.park(port);
        while (sends.isTooMuch(nextHop, this.environment.config.neighbourQueueBytes)) {
          this.finish(sends.unpark(nextHop, false), BYTES_DISCARDED);
        }
        continue;
      }
      const outcome = sendDatagram(this.paths, sender, sends, entry, neighbour);
      if (outcome < 0) return sent - 1 - outcome;
      sent += outcome;
      this.environment.counters[UDP_OUT_DATAGRAMS] += 1;
      this.finish(sends.shift(port), UDP_OUT_DATA_BYTES);
    }
    return sent;
  }

  /**
   * A next hop's hardware address has become known, or nobody answered: then what waited for it is lost without
   * a word. To Linux that is an "unreachable" which may pass, and no datagram socket hears of one (`isLasting`).
   */
  neighbourChanged(neighbour: number, ready: boolean): void {
    const address = this.neighbours.address[neighbour];
    for (;;) {
      const entry = this.sends.unpark(address, ready);
      if (entry < 0) return;
      if (!ready) this.finish(entry, BYTES_DISCARDED);
    }
  }

  /**
   * A datagram has arrived as a chain of slots. @param length with its header.
   * @returns 1: kept; -1: there is no socket, and the caller answers with an ICMP error; 0: dropped.
   */
  input(packet: number, length: number, source: number, destination: number, flags: number): number {
    const { pieces, environment } = this;
    const { view, counters } = environment;
    const at = pieces.address[packet];
    const stated = pieces.length[packet] < UDP_BYTES ? -1 : checkUdpHeader(view, at, length);
    if (stated < 0 || !isSumGood(environment, pieces, packet, at, stated, source, destination, flags)) {
      counters[UDP_IN_ERRORS] += 1;
      return 0;
    }
    const sourcePort = view.getUint16(at + UDP_SOURCE_PORT);
    const ports = (sourcePort << 16) | view.getUint16(at + UDP_DESTINATION_PORT);
    const socket = this.ports.find(destination, source, ports);
    if (socket === undefined) {
      counters[UDP_NO_PORTS] += 1;
      return -1;
    }
    if (!this.received.hasRoom(socket, stated)) {
      counters[UDP_IN_ERRORS] += 1;
      counters[UDP_RCVBUF_ERRORS] += 1;
      return 0;
    }
    this.received.append(socket, packet, stated, source, sourcePort);
    environment.owner.readable(socket.owner);
    return 1;
  }

  /** Payload bytes of the next datagram; -1: none. */
  readable(socket: UdpSocket): number {
    return this.received.readable(socket);
  }

  /** Moves the next datagram's payload; what does not fit is lost. @returns bytes, -1: no datagram. */
  take(socket: UdpSocket, destination: number, lengthMax: number): number {
    return this.received.take(socket, destination, lengthMax);
  }

  /** The same to a program's memory. @param stays whether the datagram stays to be taken again, whole. */
  takeTo(socket: UdpSocket, bytes: Uint8Array, offset: number, lengthMax: number, stays: boolean): number {
    assert(
      offset >= 0 && offset + lengthMax <= bytes.length,
      'UDP: a datagram is taken to where the program has room for it',
    );
    return this.received.takeTo(socket, bytes, offset, lengthMax, stays);
  }

  /**
   * An ICMP error about a datagram of ours: told to the socket that is connected to its destination (RFC 1122
   * §4.1.3.3).
   */
  icmpError(local: number, remote: number, localPort: number, remotePort: number, errno: number): void {
    const socket = this.ports.find(local, remote, (remotePort << 16) | localPort);
    if (socket === undefined || socket.remotePort === 0) return;
    this.tellError(socket, errno);
  }

  /**
   * A router could not pass a datagram of ours on, since it was longer than `mtu`: told to a connected socket that
   * wants to know, as on Linux. @returns whether the path to `remote` is narrower than it was.
   */
  narrowed(local: number, remote: number, localPort: number, remotePort: number, mtu: number): boolean {
    const socket = this.ports.find(local, remote, (remotePort << 16) | localPort);
    if (socket === undefined) return false;
    const { mtuDiscover } = socket;
    if (socket.remotePort !== 0 && mtuDiscover !== MTU_DISCOVER_DONT) this.tellError(socket, EMSGSIZE);
    return isNarrower(this.paths, mtuDiscover, remote, this.routes.portFor(remote), mtu);
  }

  /** @returns 0, EINVAL or ENOPROTOOPT. */
  setOption(socket: UdpSocket, option: number, value: number): number {
    return setOption(socket, option, value, this.environment.config);
  }

  /** @returns the value, or what `udp/options.ts` answers for an errno. SO_ERROR is cleared. */
  getOption(socket: UdpSocket, option: number): number {
    if (option !== IP_MTU) return getOption(socket, option);
    const { remoteAddress, remotePort } = socket;
    if (remotePort === 0) return OPTION_ERROR - ENOTCONN;
    return mtuOfPath(this.paths, remoteAddress, this.routes.portFrom(socket.sendsFrom, remoteAddress));
  }

  /** Keeps an error for the socket's next call, and wakes its user. */
  private tellError(socket: UdpSocket, errno: number): void {
    socket.error = errno;
    this.environment.owner.readable(socket.owner);
  }

  /** A datagram is sent or given up: its bytes are counted under `reason`, and its contexts are answered. */
  private finish(first: number, reason: number): void {
    const { sends, environment } = this;
    for (let entry = first; entry >= 0; ) {
      const context = sends.context[entry];
      const next = sends.piece[entry];
      environment.counters[reason] += sends.length[entry];
      sends.release(entry);
      if (context >= 0) environment.owner.sendDone(context);
      entry = next;
    }
  }

  private checkSends(): void {
    assert(
      this.sends.isCounted,
      'UDP: the datagrams of all queues are counted, and leave by the port of their queue',
    );
  }
}
