/** A UDP socket: only numbers. Addresses and ports are 0 where not set; queued datagrams are in `Udp`. */
export class UdpSocket {
  readonly index: number;
  /** The user's number; -1 while in the pool. */
  owner = -1;
  localAddress = 0;
  localPort = 0;
  remoteAddress = 0;
  remotePort = 0;
  boundNext = -1;
  broadcast = 0;
  reuseAddress = 0;
  /** What ICMP said; told once. */
  error = 0;
  /** First slots of the first and the last datagram that wait. */
  head = -1;
  tail = -1;
  bytes = 0;
  count = 0;
  /** Where the datagram taken last came from. */
  sourceAddress = 0;
  sourcePort = 0;

  constructor(index: number) {
    this.index = index;
  }

  reset(owner: number): void {
    this.owner = owner;
    this.localAddress = 0;
    this.localPort = 0;
    this.remoteAddress = 0;
    this.remotePort = 0;
    this.boundNext = -1;
    this.broadcast = 0;
    this.reuseAddress = 0;
    this.error = 0;
    this.head = -1;
    this.tail = -1;
    this.bytes = 0;
    this.count = 0;
    this.sourceAddress = 0;
    this.sourcePort = 0;
  }
}
