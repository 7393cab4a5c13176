/**
 * Which address and port each end of a socket has, as the card has told it: rules E-01 to E-05. What was never
 * told is not held against anybody. Also finds which two sockets of the card are the ends of one connection.
 */
import type { Findings } from './findings.ts';
import { hex } from './findings.ts';

export const LOCAL_ADDRESS = 1;
export const LOCAL_PORT = 2;
export const REMOTE_ADDRESS = 4;
export const REMOTE_PORT = 8;
const LOCAL = LOCAL_ADDRESS | LOCAL_PORT;
const REMOTE = REMOTE_ADDRESS | REMOTE_PORT;
const ALL = LOCAL | REMOTE;
const CHAINS = 1 << 12;
const NONE = -1;
const ANY = 0;

export class Endpoints {
  readonly localAddress: Int32Array;
  readonly localPort: Int32Array;
  readonly remoteAddress: Int32Array;
  readonly remotePort: Int32Array;
  /** By socket: which of the four are known. */
  readonly known: Uint8Array;
  private readonly findings: Findings;
  private readonly heads = new Int32Array(CHAINS).fill(NONE);
  private readonly next: Int32Array;
  private readonly linked: Uint8Array;

  constructor(count: number, findings: Findings) {
    this.findings = findings;
    this.localAddress = new Int32Array(count);
    this.localPort = new Int32Array(count);
    this.remoteAddress = new Int32Array(count);
    this.remotePort = new Int32Array(count);
    this.known = new Uint8Array(count);
    this.next = new Int32Array(count).fill(NONE);
    this.linked = new Uint8Array(count);
  }

  /** A socket begins anew, or what it is connected to is not known any more. */
  forget(socket: number): void {
    this.known[socket] = 0;
    if (this.linked[socket] === 1) this.unlink(socket);
  }

  /** A bind succeeded. */
  bound(socket: number, asked: number, askedPort: number, address: number, port: number): void {
    if (address !== asked || port === 0 || (askedPort !== 0 && port !== askedPort)) {
      const wanted = `${name(asked, askedPort)} was asked for`;
      this.fault('E-01', socket, `socket ${socket} was bound to ${name(address, port)}; ${wanted}`);
    }
    this.setLocal(socket, address, port);
  }

  /** A connect succeeded. @returns whether all that identifies the connection is known now. */
  connected(socket: number, remote: number, remotePort: number, local: number, localPort: number): boolean {
    const { known } = this;
    const otherPort = (known[socket] & LOCAL_PORT) !== 0 && this.localPort[socket] !== localPort;
    const fixed = (known[socket] & LOCAL_ADDRESS) !== 0 && this.localAddress[socket] !== ANY;
    const otherAddress = fixed && this.localAddress[socket] !== local;
    if (localPort === 0 || local === ANY || otherPort || otherAddress) {
      this.fault('E-02', socket, `socket ${socket} was connected from ${name(local, localPort)}`);
    }
    this.setLocal(socket, local, localPort);
    this.remotePort[socket] = remotePort;
    this.remoteAddress[socket] = remote;
    this.known[socket] |= remote === ANY ? REMOTE_PORT : REMOTE;
    return this.complete(socket);
  }

  /** A connection was accepted. @returns as `connected`. */
  accepted(
    listener: number,
    socket: number,
    remote: number,
    remotePort: number,
    local: number,
    localPort: number,
  ): boolean {
    const known = this.known[listener];
    const otherPort = (known & LOCAL_PORT) !== 0 && this.localPort[listener] !== localPort;
    const fixed = (known & LOCAL_ADDRESS) !== 0 && this.localAddress[listener] !== ANY;
    const otherAddress = fixed && this.localAddress[listener] !== local;
    const nobody = remotePort === 0 || remote === ANY || localPort === 0 || local === ANY;
    if (nobody || otherPort || otherAddress) {
      const at = `${name(local, localPort)} of ${name(remote, remotePort)}`;
      this.fault('E-03', socket, `socket ${socket} was accepted at listener ${listener} as ${at}`);
    }
    if ((known & LOCAL_PORT) === 0) {
      this.localPort[listener] = localPort;
      this.known[listener] |= LOCAL_PORT;
    }
    this.setLocal(socket, local, localPort);
    this.remoteAddress[socket] = remote;
    this.remotePort[socket] = remotePort;
    this.known[socket] |= REMOTE;
    return this.complete(socket);
  }

  /** A card says what an end's name is. @param which `LOCAL` or remote bits. */
  named(socket: number, local: boolean, address: number, port: number): void {
    const known = this.known[socket];
    const ownAddress = local ? this.localAddress[socket] : this.remoteAddress[socket];
    const ownPort = local ? this.localPort[socket] : this.remotePort[socket];
    const knowsAddress = (known & (local ? LOCAL_ADDRESS : REMOTE_ADDRESS)) !== 0;
    const knowsPort = (known & (local ? LOCAL_PORT : REMOTE_PORT)) !== 0;
    const wrong = (knowsAddress && ownAddress !== address) || (knowsPort && ownPort !== port);
    if (!wrong) return;
    const end = local ? 'local' : 'remote';
    const told = `${name(ownAddress, ownPort)} was told before`;
    this.fault('E-05', socket, `the ${end} end of socket ${socket} is ${name(address, port)}; ${told}`);
  }

  /** Whether the card has told all that names the connection of a socket. */
  complete(socket: number): boolean {
    return (this.known[socket] & ALL) === ALL;
  }

  /**
   * Takes a connection into the table of those that are open.
   * @param open whether another socket's connection still is. @returns the socket that is its other end, or
   * -1.
   */
  open(socket: number, open: (other: number) => boolean): number {
    if (this.linked[socket] === 1) this.unlink(socket);
    const { localAddress, localPort, remoteAddress, remotePort, heads, next } = this;
    const local = localPort[socket];
    const remote = remotePort[socket];
    const chain = chainOf(local, remote);
    let peer = NONE;
    for (let other = heads[chain]; other !== NONE; other = next[other]) {
      if (localAddress[other] === localAddress[socket] && remoteAddress[other] === remoteAddress[socket]) {
        if (localPort[other] === local && remotePort[other] === remote && open(other)) {
          const twice = `${name(localAddress[socket], local)} to ${name(remoteAddress[socket], remote)}`;
          this.fault('E-04', socket, `sockets ${other} and ${socket} are both ${twice}`);
        }
      }
      if (localAddress[other] === remoteAddress[socket] && remoteAddress[other] === localAddress[socket]) {
        if (localPort[other] === remote && remotePort[other] === local) peer = other;
      }
    }
    next[socket] = heads[chain];
    heads[chain] = socket;
    this.linked[socket] = 1;
    return peer;
  }

  private setLocal(socket: number, address: number, port: number): void {
    this.localAddress[socket] = address;
    this.localPort[socket] = port;
    this.known[socket] |= LOCAL;
  }

  private unlink(socket: number): void {
    const { heads, next } = this;
    const chain = chainOf(this.localPort[socket], this.remotePort[socket]);
    let before = NONE;
    for (let at = heads[chain]; at !== NONE; at = next[at]) {
      if (at === socket) {
        if (before === NONE) heads[chain] = next[at];
        else next[before] = next[at];
        break;
      }
      before = at;
    }
    this.linked[socket] = 0;
  }

  private fault(rule: string, thing: number, seen: string): void {
    this.findings.report(rule, thing, seen);
  }
}

/** Both ends of a connection are in one chain. */
function chainOf(port: number, other: number): number {
  return (Math.imul(port ^ other, 0x9e3779b1) >>> 20) & (CHAINS - 1);
}

/** An endpoint in words. */
export function name(address: number, port: number): string {
  const bytes = [24, 16, 8, 0].map((low) => (address >>> low) & 0xff);
  return `${bytes.join('.')}:${port >= 0 && port < 65536 ? port : hex(port)}`;
}
