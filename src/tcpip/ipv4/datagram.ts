/**
 * Sends a datagram of UDP or ICMP through one port, in fragments where it is larger than the MTU (RFC 791
 * §3.2) or has more pieces than one packet may. Its transport header's eight bytes are given as two words,
 * its payload as a list of addresses and lengths. A sender works on one datagram at a time: when the port
 * fills up in the middle, the next call goes on where this one stopped.
 */
import { assert } from '../../assert/assert.ts';
import { IP_OUT_REQUESTS } from '../../ledger/counters.gen.ts';
import type { Neighbours } from '../arp/neighbours.ts';
import type { LinkPort } from '../contract.ts';
import type { Environment } from '../environment.ts';
import { ETHERNET_BYTES } from '../header/ethernet.ts';
import { DONT_FRAGMENT, fold, IPV4_BYTES, MORE_FRAGMENTS, swap } from '../header/ipv4.ts';
import { writeIpv4Fragment } from './output.ts';

const TRANSPORT_BYTES = 8;
/** Pieces of payload that one datagram may have. */
export const LIST_MAX = 256;
/** RFC 791: the longest packet, its header of 20 bytes taken off. */
const DATAGRAM_MAX = 65515;

export class DatagramSender {
  private readonly environment: Environment;
  private readonly neighbours: Neighbours;
  readonly port: LinkPort;
  private readonly portIndex: number;
  private readonly addresses = new Int32Array(LIST_MAX);
  private readonly lengths = new Int32Array(LIST_MAX);
  /** Pieces in the list. */
  private count = 0;
  /** Bytes of the datagram, transport header included, that have been sent. */
  private done = 0;
  /** Of the datagram: what holds its fragments together (RFC 6864); 0 where it must not have any. */
  private identification = 0;
  /** Payload bytes in the list. */
  payloadBytes = 0;
  /** The datagram's type of service, and below it its time to live. */
  service: number;
  /** Whether a datagram that goes whole must stay so on its way (DF); one that we cut may be cut again. */
  dontFragment = true;
  /** The largest packet that the route of the datagram lets go; 0: it says nothing. */
  routeMtu = 0;

  constructor(environment: Environment, neighbours: Neighbours, port: LinkPort) {
    this.port = port;
    this.portIndex = environment.ports.indexOf(port);
    this.environment = environment;
    this.neighbours = neighbours;
    this.service = environment.config.ttl;
  }

  /** Whether a datagram has been sent in part. */
  get isUnderWay(): boolean {
    return this.done > 0;
  }

  /** Gives up a datagram sent in part. */
  abandon(): void {
    this.done = 0;
  }

  /** Forgets the payload list, for the next datagram. */
  clear(): void {
    assert(this.done === 0, 'datagram sender: a datagram sent in part is sent to its end or given up');
    this.count = 0;
    this.payloadBytes = 0;
  }

  /** Adds a piece of payload by reference; there is room for `LIST_MAX` of them. */
  add(address: number, length: number): void {
    if (length === 0) return;
    assert(length > 0, 'datagram sender: a piece of payload has no negative length');
    assert(this.count < LIST_MAX, 'datagram sender: the list has room for every piece of a datagram');
    this.addresses[this.count] = address;
    this.lengths[this.count] = length;
    this.count += 1;
    this.payloadBytes += length;
  }

  /** One's-complement sum of the payload, added to `initial`: what a device adds that computes checksums. */
  sum(initial: number): number {
    let sum = initial;
    let odd = 0;
    for (let i = 0; i < this.count; i++) {
      const piece = this.environment.sum(this.addresses[i], this.lengths[i], 0);
      // A piece that starts at an odd offset counts with its bytes exchanged.
      sum = fold(sum + (odd === 0 ? piece : swap(piece)));
      odd ^= this.lengths[i] & 1;
    }
    return sum;
  }

  /** The largest packet that the port sends now, and the route lets go. */
  get mtu(): number {
    assert(this.portIndex >= 0, "datagram sender: its port is one of the stack's");
    const portMtu = this.environment.mtus[this.portIndex];
    return this.routeMtu > 0 && this.routeMtu < portMtu ? this.routeMtu : portMtu;
  }

  /** Whether the datagram goes in one packet: one that was begun in fragments does not any more. */
  get isWhole(): boolean {
    const { port } = this;
    return (
      this.done === 0 &&
      this.count <= port.piecesMax &&
      IPV4_BYTES + TRANSPORT_BYTES + this.payloadBytes <= this.mtu
    );
  }

  /**
   * Sends the datagram, or what of it has not been sent.
   * @param neighbour whose hardware address is known. @param word0 first four bytes of the transport header,
   * `word1` the last four. @param flags TX_ bits; none where it goes in fragments.
   * @returns packets sent; -1 less that number when the port is full and another call must send what is left.
   */
  send(
    neighbour: number,
    source: number,
    destination: number,
    protocol: number,
    word0: number,
    word1: number,
    flags: number,
  ): number {
    const { port } = this;
    const { view, counters } = this.environment;
    const total = TRANSPORT_BYTES + this.payloadBytes;
    const whole = this.isWhole;
    assert(total <= DATAGRAM_MAX, 'datagram sender: a datagram is no longer than IPv4 allows');
    assert(whole || flags === 0, 'datagram sender: the device does no work on fragments');
    const step = whole ? total : (this.mtu - IPV4_BYTES) & ~7;
    const flag = whole && this.dontFragment ? DONT_FRAGMENT : 0;
    if (this.done === 0) {
      const { identifications } = this.environment;
      this.identification = flag === 0 ? identifications.next(source, destination, protocol) : 0;
    }
    let sent = 0;
    while (this.done < total) {
      const at = port.claim();
      if (at < 0) return -1 - sent;
      const transport = at + ETHERNET_BYTES + IPV4_BYTES;
      const first = this.done === 0;
      const header = first ? TRANSPORT_BYTES : 0;
      if (first) {
        view.setInt32(transport, word0);
        view.setInt32(transport + 4, word1);
      }
      const wanted = Math.min(step, total - this.done) - header;
      const added = this.addPieces(this.done + header - TRANSPORT_BYTES, wanted);
      const length = header + added;
      assert(length > 0, 'datagram sender: every packet brings the datagram forward');
      const more = this.done + length < total;
      const fragment = flag | (this.done >> 3) | (more ? MORE_FRAGMENTS : 0);
      writeIpv4Fragment(
        this.environment,
        port,
        this.neighbours,
        neighbour,
        at,
        source,
        destination,
        protocol,
        length,
        this.identification,
        fragment,
        this.service,
      );
      port.send(ETHERNET_BYTES + IPV4_BYTES + header, flags, 0);
      counters[IP_OUT_REQUESTS] += 1;
      this.done += length;
      sent += 1;
    }
    this.done = 0;
    return sent;
  }

  /**
   * Gives the port payload from `offset` on. @returns bytes: fewer than `wanted`, and then a multiple of
   * eight, where a packet may not have as many pieces.
   */
  private addPieces(offset: number, wanted: number): number {
    const { port, addresses, lengths } = this;
    const bytes = this.bytesThatFit(offset, wanted);
    let skip = offset;
    let added = 0;
    for (let i = 0; added < bytes; i++) {
      if (skip >= lengths[i]) {
        skip -= lengths[i];
        continue;
      }
      const n = Math.min(lengths[i] - skip, bytes - added);
      port.addPiece(addresses[i] + skip, n);
      added += n;
      skip = 0;
    }
    return added;
  }

  /** How many of `wanted` bytes from `offset` on lie in as many pieces as a packet may have. */
  private bytesThatFit(offset: number, wanted: number): number {
    const { lengths, port } = this;
    let skip = offset;
    let bytes = 0;
    let pieces = 0;
    for (let i = 0; bytes < wanted; i++) {
      if (skip >= lengths[i]) {
        skip -= lengths[i];
        continue;
      }
      // Only a datagram's last fragment may have a length that is no multiple of eight.
      if (pieces === port.piecesMax) return bytes & ~7;
      bytes = Math.min(wanted, bytes + lengths[i] - skip);
      pieces += 1;
      skip = 0;
    }
    return bytes;
  }
}
