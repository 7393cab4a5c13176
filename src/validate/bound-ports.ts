/**
 * Which ports sockets have by SocketBind: one of the card's own choice is none of these, rule E-12. Sockets that were
 * asked to share their port are not held to it, nor is what an open connection has beside a bind.
 */
import { name } from './endpoints.ts';
import type { Findings } from './findings.ts';

const PORTS = 65_536;
const ANY = 0;

export class BoundPorts {
  private readonly findings: Findings;
  private readonly holds: (socket: number) => boolean;
  /** By socket: the address and port that a bind has given it; port 0 for none. */
  private readonly address: Int32Array;
  private readonly port: Uint16Array;
  private readonly datagrams: Uint8Array;
  /** By socket: it was asked to share its port with others. */
  private readonly shares: Uint8Array;
  /** By port: sockets that a bind has given it. */
  private readonly count = new Int32Array(PORTS);

  /** @param holds whether a socket that was bound has its port still. */
  constructor(sockets: number, findings: Findings, holds: (socket: number) => boolean) {
    this.findings = findings;
    this.holds = holds;
    this.address = new Int32Array(sockets);
    this.port = new Uint16Array(sockets);
    this.datagrams = new Uint8Array(sockets);
    this.shares = new Uint8Array(sockets);
  }

  /** A socket begins anew. */
  forget(socket: number): void {
    this.drop(socket);
    this.shares[socket] = 0;
  }

  share(socket: number): void {
    this.shares[socket] = 1;
  }

  has(socket: number): boolean {
    return this.port[socket] !== 0;
  }

  /** A bind has succeeded. */
  bound(socket: number, address: number, port: number, datagrams: boolean): void {
    this.drop(socket);
    if (port <= 0 || port >= PORTS) return;
    this.address[socket] = address;
    this.port[socket] = port;
    this.datagrams[socket] = datagrams ? 1 : 0;
    this.count[port] += 1;
  }

  /** The card has chosen a port for a socket. */
  chosen(socket: number, address: number, port: number, datagrams: boolean): void {
    if (port <= 0 || port >= PORTS || this.count[port] === 0 || this.shares[socket] === 1) return;
    for (let other = 0; other < this.port.length; other++) {
      if (this.port[other] !== port || other === socket || this.shares[other] === 1) continue;
      const own = this.address[other];
      const apart = own !== address && own !== ANY && address !== ANY;
      if (apart || this.datagrams[other] !== (datagrams ? 1 : 0) || !this.holds(other)) continue;
      const seen = `the card chose ${name(address, port)} for socket ${socket}, and socket ${other} is bound to it`;
      this.findings.report('E-12', socket, seen);
      return;
    }
  }

  private drop(socket: number): void {
    const port = this.port[socket];
    if (port === 0) return;
    this.count[port] -= 1;
    this.port[socket] = 0;
  }
}
