/**
 * Which datagrams have come for each port, by their packets, and which the records bring: rule D-03; and whether
 * those that leave were posted: rule P-10. A socket
 * that was never bound has the port that its first datagram was seen to leave from.
 */
import { type Endpoints, LOCAL_PORT, name, REMOTE_ADDRESS, REMOTE_PORT } from './endpoints.ts';
import type { Findings } from './findings.ts';
import type { Segment } from './wire-segment.ts';

/** Datagrams of a port that may wait to be told of. */
const WAITING = 256;
const PORTS_MAX = 4096;
/** Datagrams that were posted and have not been seen to leave are counted in so many places. */
const POSTED_PLACES = 4096;
/** Sockets without a known port whose datagram has not been seen to leave. */
const LEAVING = 64;
const NONE = -1;
const REMOTE = REMOTE_ADDRESS | REMOTE_PORT;
/** No address or port is named: any, or the peer's. */
const ANY = 0;
const MULTICAST_FIRST = 0xe000_0000;

interface Port {
  readonly lengths: Int32Array;
  first: number;
  count: number;
  /** More have come than are remembered, or several sockets may share the port. */
  unsure: boolean;
}

export class Datagrams {
  private readonly findings: Findings;
  private readonly endpoints: Endpoints;
  private readonly witness: string;
  private readonly ports = new Map<number, Port>();
  /** By socket: the port it was seen to send from; NONE for none. */
  private readonly seenPort: Int32Array;
  private readonly leavingSocket = new Int32Array(LEAVING).fill(NONE);
  private readonly leavingPort = new Int32Array(LEAVING);
  private readonly leavingBytes = new Int32Array(LEAVING);
  private leaving = 0;
  /** By socket: times that its peer was to be fixed. Of more than one it is not known which is in force. */
  private readonly fixed: Uint8Array;
  /** By address, both ports and length, of which several may share a place: how many more were posted than have left. */
  private readonly posted = new Int32Array(POSTED_PLACES);
  /** Datagrams that records have brought, and their bytes. */
  told = 0;
  toldBytes = 0;
  /** Some may have been posted that were not seen. */
  private unsure = false;

  constructor(count: number, endpoints: Endpoints, witness: string, findings: Findings) {
    this.findings = findings;
    this.endpoints = endpoints;
    this.witness = witness;
    this.seenPort = new Int32Array(count).fill(NONE);
    this.fixed = new Uint8Array(count);
  }

  /** A number begins a new life. */
  begin(socket: number): void {
    this.seenPort[socket] = NONE;
    this.fixed[socket] = 0;
    for (let i = 0; i < LEAVING; i++) if (this.leavingSocket[i] === socket) this.leavingSocket[i] = NONE;
  }

  /** The peer of a socket is to be fixed. */
  fixes(socket: number): void {
    if (this.fixed[socket] < 2) this.fixed[socket] += 1;
  }

  /**
   * A datagram was posted.
   * @param address @param port where to; port 0: to the connected peer. @param seen whether all of it.
   */
  sent(socket: number, address: number, port: number, bytes: number, seen: boolean): void {
    if (seen) this.posted[this.placeFor(socket, address, port, bytes)] += 1;
    else this.unsure = true;
    if ((this.endpoints.known[socket] & LOCAL_PORT) !== 0 || this.seenPort[socket] !== NONE) return;
    const at = this.leaving & (LEAVING - 1);
    this.leaving += 1;
    this.leavingSocket[at] = socket;
    this.leavingPort[at] = port;
    this.leavingBytes[at] = bytes;
  }

  /** A packet with a datagram has passed. */
  packet({ sourcePort, destinationPort, destination, length, looped }: Segment, sent: boolean): void {
    if (sent) this.learn(sourcePort, destinationPort, length);
    if (sent) this.left(destinationPort, destination, length, sourcePort);
    if (sent && !looped) return;
    const port = this.portOf(destinationPort);
    if (port === undefined) return;
    if (destination >>> 0 >= MULTICAST_FIRST) port.unsure = true;
    if (port.count === WAITING) {
      port.unsure = true;
      return;
    }
    port.lengths[(port.first + port.count) & (WAITING - 1)] = length;
    port.count += 1;
  }

  /** A record brought a datagram. @param cut whether it says that the rest is lost. */
  record(socket: number, bytes: number, cut: boolean): void {
    const { known, localPort } = this.endpoints;
    this.told += 1;
    this.toldBytes += bytes;
    const number = (known[socket] & LOCAL_PORT) !== 0 ? localPort[socket] : this.seenPort[socket];
    if (number === NONE || number === 0) return;
    const port = this.portOf(number);
    if (port === undefined || port.unsure) return;
    for (let i = 0; i < port.count; i++) {
      const length = port.lengths[(port.first + i) & (WAITING - 1)];
      if (length !== bytes && !(cut && length > bytes)) continue;
      port.first = (port.first + i + 1) & (WAITING - 1);
      port.count -= i + 1;
      return;
    }
    const what = `${cut ? 'the first ' : ''}${bytes} bytes of a datagram`;
    this.findings.hold(
      this.witness,
      'D-03',
      socket,
      `${what} for socket ${socket}: none came for port ${number}`,
    );
  }

  /** Whether somebody has posted what leaves; to several at once it may leave more than once. */
  private left(port: number, destination: number, length: number, from: number): void {
    if (this.unsure || destination >>> 0 >= MULTICAST_FIRST || (destination & 0xff) === 0xff) return;
    const { posted } = this;
    for (const source of [from, ANY]) {
      const place = placeOf(destination, port, length, source);
      const anywhere = placeOf(ANY, port, length, source);
      const toPeer = placeOf(ANY, ANY, length, source);
      const found = posted[place] > 0 ? place : posted[anywhere] > 0 ? anywhere : toPeer;
      if (posted[found] === 0) continue;
      posted[found] -= 1;
      return;
    }
    const where = `port ${from} for ${name(destination, port)}`;
    const seen = `a datagram of ${length} bytes left ${where}, and the host has not posted it`;
    this.findings.hold(this.witness, 'P-10', placeOf(destination, port, length, from), seen);
  }

  /** Where a datagram that is posted is counted. */
  private placeFor(socket: number, address: number, port: number, bytes: number): number {
    const { known, localPort, remoteAddress, remotePort } = this.endpoints;
    const from = (known[socket] & LOCAL_PORT) !== 0 ? localPort[socket] : ANY;
    if (port !== ANY) return placeOf(address, port, bytes, from);
    const sure = this.fixed[socket] === 1 && (known[socket] & REMOTE) === REMOTE;
    if (!sure) return placeOf(ANY, ANY, bytes, from);
    return placeOf(remoteAddress[socket], remotePort[socket], bytes, from);
  }

  private learn(sourcePort: number, destinationPort: number, length: number): void {
    let found = NONE;
    for (let i = 0; i < LEAVING; i++) {
      if (this.leavingSocket[i] === NONE || this.leavingBytes[i] !== length) continue;
      if (this.leavingPort[i] !== destinationPort) continue;
      if (found !== NONE && this.leavingSocket[found] !== this.leavingSocket[i]) return;
      found = i;
    }
    if (found === NONE) return;
    this.seenPort[this.leavingSocket[found]] = sourcePort;
    this.leavingSocket[found] = NONE;
  }

  private portOf(number: number): Port | undefined {
    const found = this.ports.get(number);
    if (found !== undefined) return found;
    if (this.ports.size >= PORTS_MAX) return undefined;
    const port = { lengths: new Int32Array(WAITING), first: 0, count: 0, unsure: false };
    this.ports.set(number, port);
    return port;
  }
}

/** @param from the port that it leaves from, or ANY where that is not known. */
function placeOf(address: number, port: number, length: number, from: number): number {
  const mixed = Math.imul(address, 0x85ebca6b) ^ port ^ (length << 13) ^ Math.imul(from, 0xc2b2ae35);
  return (Math.imul(mixed, 0x9e3779b1) >>> 20) & (POSTED_PLACES - 1);
}
