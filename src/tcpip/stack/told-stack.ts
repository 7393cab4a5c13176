/**
 * The part of the stack's door by which it tells of its connections: where each is, whom it connects, its
 * times and windows. Nothing is changed by any of it. A connection is named by its Tcb index `c`.
 */

import type { TcpInfo } from '../../socket/tcp-info.ts';
import type { AddressEntry } from '../arp/address-conflicts.ts';
import type { NeighbourEntry } from '../arp/neighbour-states.ts';
import type { RouteEntry } from '../route-table.ts';
import { tcpInfo } from '../tcp/info.ts';
import { URGENT_NONE, urgentByte, urgentDistance } from '../tcp/urgent.ts';
import { awakeTcb } from '../tcp/wake.ts';
import { windowBytes } from '../tcp/window.ts';
import { MovingStack } from './moving-stack.ts';

export class ToldStack extends MovingStack {
  /** A state of `tcp/state.ts`. */
  tcpState(c: number): number {
    return awakeTcb(this.tcp, c).state;
  }

  // Whom a connection connects: 0 where it is not set yet.
  tcpLocalAddress(c: number): number {
    return awakeTcb(this.tcp, c).localAddress;
  }

  tcpLocalPort(c: number): number {
    return awakeTcb(this.tcp, c).localPort;
  }

  tcpRemoteAddress(c: number): number {
    return awakeTcb(this.tcp, c).remoteAddress;
  }

  tcpRemotePort(c: number): number {
    return awakeTcb(this.tcp, c).remotePort;
  }

  /** The neighbours there are, as `ip neigh` shows them, in no order. */
  neighbourEntries(): NeighbourEntry[] {
    return this.neighbours.list();
  }

  /** The routes there are, as `ip route` shows them. */
  routeEntries(): RouteEntry[] {
    return this.routes.list();
  }

  /** The own addresses, and what is known of other stations that have them. */
  addressEntries(): AddressEntry[] {
    return this.neighbours.addressEntries();
  }

  /** Of the own addresses the one for which another station has spoken last; the first where none has. */
  latestConflict(): AddressEntry {
    return this.neighbours.addressEntries()[this.neighbours.latestConflict];
  }

  /** What Linux's TCP_INFO tells of a connection, as a new record; what follows tells parts of it. */
  tcpInfo(c: number): TcpInfo {
    return tcpInfo(this.tcp, awakeTcb(this.tcp, c));
  }

  /** The smoothed round-trip time (RFC 6298 §2); 0 before the first sample. */
  tcpSrttUs(c: number): number {
    return awakeTcb(this.tcp, c).rtt.srtt >> 3;
  }

  /** The retransmission time-out. */
  tcpRtoUs(c: number): number {
    return awakeTcb(this.tcp, c).rtt.rto;
  }

  /** The congestion window, and the slow-start threshold (RFC 5681 §2). */
  tcpCwndBytes(c: number): number {
    return awakeTcb(this.tcp, c).congestion.cwnd;
  }

  tcpSsthreshBytes(c: number): number {
    return awakeTcb(this.tcp, c).congestion.ssthresh;
  }

  /** The window that the peer offers, and the one offered to it. */
  tcpSndWndBytes(c: number): number {
    return awakeTcb(this.tcp, c).sndWnd;
  }

  tcpRcvWndBytes(c: number): number {
    return windowBytes(this.tcp, awakeTcb(this.tcp, c));
  }

  /** Segments sent again since the connection began. */
  tcpRetransmissions(c: number): number {
    return awakeTcb(this.tcp, c).recovery.retransmissions;
  }

  /** Bytes sent and not acknowledged, the SYN or FIN counted as one. */
  tcpUnackedBytes(c: number): number {
    const tcb = awakeTcb(this.tcp, c);
    return (tcb.sndMax - tcb.sndUna) | 0;
  }

  /** Bytes up to the end of the urgent data that has been told of; 0: none. Urgent data stays in the stream. */
  tcpUrgentBytes(c: number): number {
    return this.tcpUrgentDistance(c) + 1;
  }

  /** Bytes to be taken before the urgent one, which may not have come yet; -1: there is none. */
  tcpUrgentDistance(c: number): number {
    const tcb = awakeTcb(this.tcp, c);
    return tcb.rcvUrgent === URGENT_NONE ? -1 : urgentDistance(tcb);
  }

  /** The urgent byte, 0 to 255; -1 where it has not come. */
  tcpUrgentByte(c: number): number {
    return urgentByte(awakeTcb(this.tcp, c));
  }

  /** Sequence number behind what was sent once: the SYN, bytes, the FIN. */
  tcpSentSeq(c: number): number {
    return awakeTcb(this.tcp, c).sndMax;
  }

  /** Sequence number of the connection's first byte. */
  tcpFirstSeq(c: number): number {
    return (awakeTcb(this.tcp, c).iss + 1) | 0;
  }

  /** Bytes that are queued and were never sent; a FIN counts as one. */
  tcpUnsentBytes(c: number): number {
    const { sndEnd, sndMax } = awakeTcb(this.tcp, c);
    return Math.max(0, (sndEnd - sndMax) | 0);
  }
}
