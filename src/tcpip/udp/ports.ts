/** Which UDP socket a datagram is for, and which local ports are taken (RFC 1122 §4.1.3.5). */
import { assert } from '../../assert/assert.ts';
import { EADDRINUSE, EADDRNOTAVAIL, EINVAL } from '../../socket/errno.ts';
import type { Environment } from '../environment.ts';
import { PortLists } from '../port-lists.ts';
import type { Routes } from '../route.ts';
import type { UdpSocket } from './socket.ts';

export class UdpPorts {
  private readonly environment: Environment;
  private readonly routes: Routes;
  private readonly sockets: readonly UdpSocket[];
  /** Sockets by the port they are bound to. Linked by `UdpSocket.boundNext`. */
  private readonly bound: PortLists;

  constructor(environment: Environment, routes: Routes, sockets: readonly UdpSocket[]) {
    this.environment = environment;
    this.routes = routes;
    this.sockets = sockets;
    this.bound = new PortLists(sockets.length);
  }

  /**
   * Binds a socket. @param address 0: any. @param port 0: an ephemeral one, chosen here.
   * @returns 0, EINVAL when it is bound already, EADDRNOTAVAIL, EADDRINUSE.
   */
  bind(socket: UdpSocket, address: number, port: number): number {
    if (address !== 0 && !this.routes.mayBind(address)) return EADDRNOTAVAIL;
    if (socket.localPort !== 0) return EINVAL;
    const chosen = port === 0 ? this.chooseEphemeral(socket, address) : port;
    if (chosen === 0 || this.isTaken(socket, address, chosen)) return EADDRINUSE;
    assert(socket.owner >= 0, 'UDP ports: a socket that is bound has a user');
    socket.localAddress = address;
    socket.sendsFrom = address !== 0 && this.routes.isUnicast(address) ? address : 0;
    socket.localPort = chosen;
    socket.boundNext = this.bound.first(chosen);
    this.bound.setFirst(chosen, socket.index);
    return 0;
  }

  /**
   * The socket a datagram is for: of those it may be for, the one that says most of whom it hears. One
   * connected to the sender goes before one that is not, then one bound to the address before one bound to
   * any.
   * @param ports the peer's in the upper half, ours in the lower.
   */
  find(local: number, remote: number, ports: number): UdpSocket | undefined {
    const remotePort = ports >>> 16;
    const localPort = ports & 0xffff;
    let best: UdpSocket | undefined;
    let bestScore = -1;
    for (let index = this.bound.first(localPort); index >= 0; index = this.sockets[index].boundNext) {
      const socket = this.sockets[index];
      if (socket.localPort !== localPort) continue;
      if (socket.localAddress !== 0 && socket.localAddress !== local) continue;
      const connected = socket.remotePort !== 0;
      if (connected && (socket.remotePort !== remotePort || socket.remoteAddress !== remote)) continue;
      const score = (connected ? 2 : 0) + (socket.localAddress !== 0 ? 1 : 0);
      if (score > bestScore) {
        best = socket;
        bestScore = score;
      }
    }
    return best;
  }

  /** Gives a socket's port up; nothing where it has none. */
  unbind(socket: UdpSocket): void {
    if (socket.localPort === 0) return;
    let before = -1;
    let at = this.bound.first(socket.localPort);
    while (at !== socket.index) {
      assert(at >= 0, 'UDP ports: a bound socket is in the list of its port');
      before = at;
      at = this.sockets[at].boundNext;
    }
    if (before < 0) this.bound.setFirst(socket.localPort, socket.boundNext);
    else this.sockets[before].boundNext = socket.boundNext;
    socket.localPort = 0;
  }

  /** Whether a bind must be refused, as on Linux: two may share a port if both set SO_REUSEADDR. */
  private isTaken(socket: UdpSocket, address: number, port: number): boolean {
    for (let index = this.bound.first(port); index >= 0; index = this.sockets[index].boundNext) {
      const other = this.sockets[index];
      if (other.localPort !== port) continue;
      const overlaps = other.localAddress === address || other.localAddress === 0 || address === 0;
      if (overlaps && (socket.reuseAddress === 0 || other.reuseAddress === 0)) return true;
    }
    return false;
  }

  /** An ephemeral port drawn at random (RFC 6056 §3.3.1); 0: all are taken. */
  private chooseEphemeral(socket: UdpSocket, address: number): number {
    const { config, random } = this.environment;
    const count = config.ephemeralLast - config.ephemeralFirst + 1;
    const start = random.below(count);
    for (let i = 0; i < count; i++) {
      const port = config.ephemeralFirst + ((start + i) % count);
      if (!this.isTaken(socket, address, port)) return port;
    }
    return 0;
  }
}
