import { MTU_DISCOVER_WANT } from '../../socket/options.ts';
import type { StackConfig } from '../config.ts';

/**
 * A UDP socket: only numbers, so that no store ever allocates. It is made once and used again (`reset`). An
 * address or port is 0 where it is not set. The datagrams that wait to be taken are linked in `UdpReceived`.
 */
export class UdpSocket {
  readonly index: number;
  /** The user's number; -1 while in the pool. */
  owner = -1;
  localAddress = 0;
  localPort = 0;
  remoteAddress = 0;
  remotePort = 0;
  /** The source of what it sends; 0: not chosen. Nobody sends from a broadcast address. */
  sendsFrom = 0;
  /** The next socket of the same list of ports; -1: none. */
  boundNext = -1;
  /** SO_BROADCAST and SO_REUSEADDR: 0 or 1. */
  broadcast = 0;
  reuseAddress = 0;
  /** SO_KEEPALIVE and SO_LINGER: only remembered. */
  keepAlive = 0;
  lingerSeconds = -1;
  /** SO_RCVBUF: bytes with UDP headers that may wait. */
  receiveBytesMax = 0;
  ttl = 64;
  tos = 0;
  /** IP_MTU_DISCOVER: a MTU_DISCOVER_ number. */
  mtuDiscover = MTU_DISCOVER_WANT;
  /** The errno of what ICMP said; 0: nothing. It is told once. */
  error = 0;
  /** First slots of the first and the last datagram that wait. */
  head = -1;
  tail = -1;
  /** What waits: bytes with UDP headers, and datagrams. */
  bytes = 0;
  count = 0;
  /** Where the datagram taken last came from. */
  sourceAddress = 0;
  sourcePort = 0;

  constructor(index: number) {
    this.index = index;
  }

  /** Makes a socket from the pool as new, for a user. */
  reset(owner: number, config: StackConfig): void {
    this.owner = owner;
    this.localAddress = 0;
    this.localPort = 0;
    this.remoteAddress = 0;
    this.remotePort = 0;
    this.sendsFrom = 0;
    this.boundNext = -1;
    this.broadcast = 0;
    this.reuseAddress = 0;
    this.keepAlive = 0;
    this.lingerSeconds = -1;
    this.receiveBytesMax = config.udpReceiveBytes;
    this.ttl = config.ttl;
    this.tos = 0;
    this.mtuDiscover = MTU_DISCOVER_WANT;
    this.error = 0;
    this.head = -1;
    this.tail = -1;
    this.bytes = 0;
    this.count = 0;
    this.sourceAddress = 0;
    this.sourcePort = 0;
  }
}
