/**
 * The door by which connections go from one stack to another, and back: a connection is brought to rest and
 * its image written; the other stack reads the image, holds it against itself and goes on; then the first one
 * gives its connection up, or keeps it where the other could not take it. What an image is,
 * `tcp/hand-off/connection-image.ts` says.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { HAND_OFFS_REFUSED } from '../../ledger/counters.gen.ts';
import { ConnectionImage } from '../tcp/hand-off/connection-image.ts';
import * as handOffs from '../tcp/hand-off/hand-off.ts';
import { type TakenOver, takeOver, takeOverRefusal } from '../tcp/hand-off/take-over.ts';
import { findListener } from '../tcp/input.ts';
import { initialWindow } from '../tcp/path.ts';
import { markReady } from '../tcp/ready.ts';
import { flightBytes, type Tcb } from '../tcp/tcb.ts';
import { awakeTcb } from '../tcp/wake.ts';
import { Engine } from './engine.ts';

const COSTLY = COSTLY_ASSERTIONS;

export class MovingStack extends Engine {
  // For whoever shares a wire with others: what of it is this stack's.

  /** Whether a connection is in the table, or in TIME-WAIT. @param ports the remote one in the upper half. */
  tcpHas(remote: number, local: number, ports: number): boolean {
    return this.tcp.demux.find(remote, local, ports) !== 0;
  }

  /** Places of the table that are taken. */
  get tcpConnections(): number {
    return this.tcp.demux.count;
  }

  /** Connections that have ever been in the table. */
  get tcpConnectionsBegun(): number {
    return this.tcp.demux.inserted;
  }

  /** Connections that peers have begun to open with the listener of an address and port; -1: no listener. */
  tcpHalfOpenAt(address: number, port: number): number {
    assert(port >= 0 && port <= 0xffff, 'stack: a listener is looked for at a port of 16 bits');
    return findListener(this.tcp, address, port)?.listening.embryoCount ?? -1;
  }

  /** The port by which packets to a destination leave; -1: they stay here. */
  leavingPort(destination: number): number {
    if (this.routes.isOwn(destination)) return -1;
    const port = this.routes.portFor(destination);
    assert(port < this.environment.ports.length, 'stack: what leaves does so by a port that there is');
    return port;
  }

  /** Whether the hardware address is known by which a destination is reached. */
  knowsWayTo(destination: number): boolean {
    return this.neighbours.knows(this.routes.nextHop(destination));
  }

  /** A neighbour's hardware address, learnt by another stack at the same wire. */
  tellNeighbour(address: number, macHigh: number, macLow: number, nowUs: number): void {
    this.environment.setTime(nowUs);
    this.neighbours.tell(address, macHigh, macLow);
  }

  /** Whether a connection is in the table, and not at rest. @param ports the remote one in the upper half. */
  tcpServes(remote: number, local: number, ports: number): boolean {
    const found = this.tcp.demux.find(remote, local, ports);
    return found > 0 && this.tcp.tcbs[found - 1].moving === 0;
  }

  /** @returns the bytes of a connection's image now; -EINVAL, -EBUSY as of `tcpHandOff`. */
  tcpImageBytes(c: number): number {
    return handOffs.imageBytesOf(this.tcp, this.connection(c));
  }

  /**
   * Writes a connection's image and brings it to rest, until `tcpKeep`, or until it is closed: then it is
   * over without a word to its peer, since another stack has it.
   * @param address a multiple of 4. @returns the bytes of the image; -EINVAL (there is nothing that could be
   *   handed over), -EBUSY (it is being handed over, or reset), -ENOBUFS (too little room).
   */
  tcpHandOff(c: number, address: number, room: number, nowUs: number): number {
    assert(address % 4 === 0 && this.isInRegion(address, room), 'stack: an image goes where there is room');
    this.environment.setTime(nowUs);
    return handOffs.handOff(this.tcp, this.connection(c), address, room);
  }

  /** A connection that was to be handed over goes on here. */
  tcpKeep(c: number, nowUs: number): void {
    this.environment.setTime(nowUs);
    handOffs.keep(this.tcp, this.connection(c));
  }

  /**
   * The peer is asked how far it is, since what it has sent while a connection moved was dropped, and a
   * time-out would be long: it acknowledges a segment that it may have, sent again, at once.
   * A segment without data it would answer only now and then (RFC 5961 §7). Its one answer then stands for
   * many, and would let a whole window out at once: as after a pause, sending starts slowly (RFC 5681 §4.1).
   */
  tcpProbe(c: number, nowUs: number): void {
    this.environment.setTime(nowUs);
    const tcb = this.connection(c);
    if (flightBytes(tcb) > 0) {
      this.tcp.recovery.askPeer(tcb);
      this.tcp.congestion.idle(tcb.congestion, tcb.mss, initialWindow(this.tcp, tcb));
    } else {
      tcb.timers.probeDue = 1;
    }
    markReady(this.tcp, tcb);
  }

  /** Reads the image of a connection. @throws ImageRefused for one that is not good in itself. */
  tcpReadImage(address: number, length: number): ConnectionImage {
    assert(this.isInRegion(address, length), 'stack: an image that is read lies in the region');
    return new ConnectionImage(this.environment.view, address, length);
  }

  /** Why a connection could not go on here, by name; undefined: it could. As `takeOverRefusal`. */
  tcpTakeOverRefusal(image: ConnectionImage, elements: number, deliveredBytes: number): string | undefined {
    return takeOverRefusal(this.tcp, image, elements, deliveredBytes);
  }

  /**
   * Goes on with another stack's connection, for a user. It may be readable already; nobody is told.
   * @returns its number. @throws ImageRefused as `tcpTakeOverRefusal` says.
   */
  tcpTakeOver(image: ConnectionImage, owner: number, parts: TakenOver, nowUs: number): number {
    assert(owner >= 0, 'stack: a connection is taken over for a user with a number');
    this.environment.setTime(nowUs);
    return takeOver(this.tcp, image, owner, parts).index;
  }

  /** An image was refused, by this stack or by its user, who had no place for what it brings. */
  tcpRefused(): void {
    this.environment.counters[HAND_OFFS_REFUSED] += 1;
  }

  /** The connection that its user calls by its number. */
  protected connection(c: number): Tcb {
    const tcb = awakeTcb(this.tcp, c);
    if (COSTLY)
      assert(
        tcb !== undefined && tcb.inUse !== 0,
        'stack: a call names a connection that its user has not given up',
      );
    return tcb;
  }

  protected isInRegion(address: number, length: number): boolean {
    return address >= 0 && length >= 0 && address + length <= this.environment.bytes.length;
  }
}
