/**
 * Sends a datagram of UDP or ICMP, in fragments where it is larger than the MTU (RFC 791 §3.2). Its transport
 * header's eight bytes are given as two words, its payload as a list of address and length. When the port
 * fills up in the middle, the next call goes on where this one stopped: a sender works on one datagram at a
 * time, and sends through one port.
 */
import { IP_OUT_REQUESTS } from '../../ledger/counters.gen.ts';
import type { Neighbours } from '../arp/neighbours.ts';
import type { LinkPort } from '../contract.ts';
import type { Environment } from '../environment.ts';
import { ETHERNET_BYTES } from '../header/ethernet.ts';
import { DONT_FRAGMENT, fold, IPV4_BYTES, MORE_FRAGMENTS, swap } from '../header/ipv4.ts';
import { writeIpv4Fragment } from './output.ts';

const TRANSPORT_BYTES = 8;
const LIST_MAX = 256;

export class DatagramSender {
  private readonly environment: Environment;
  private readonly neighbours: Neighbours;
  readonly port: LinkPort;
  private readonly addresses = new Int32Array(LIST_MAX);
  private readonly lengths = new Int32Array(LIST_MAX);
  private count = 0;
  /** Bytes of the datagram, transport header included, that have been sent. */
  private done = 0;
  private identification = 0;
  /** Payload bytes in the list. */
  payloadBytes = 0;

  constructor(environment: Environment, neighbours: Neighbours, port: LinkPort) {
    this.port = port;
    this.environment = environment;
    this.neighbours = neighbours;
  }

  /** Whether a datagram has been sent in part. */
  get isUnderWay(): boolean {
    return this.done > 0;
  }

  /** Gives up a datagram sent in part. */
  abandon(): void {
    this.done = 0;
  }

  /** Forgets the payload list. */
  clear(): void {
    this.count = 0;
    this.payloadBytes = 0;
  }

  /** Adds payload. @returns false when the list is full. */
  add(address: number, length: number): boolean {
    if (length === 0) return true;
    if (this.count === LIST_MAX) return false;
    this.addresses[this.count] = address;
    this.lengths[this.count] = length;
    this.count += 1;
    this.payloadBytes += length;
    return true;
  }

  /** One's-complement sum of the payload, added to `initial`. */
  sum(initial: number): number {
    let sum = initial;
    let odd = 0;
    for (let i = 0; i < this.count; i++) {
      const piece = this.environment.kernels.sum(this.addresses[i], this.lengths[i], 0);
      sum = fold(sum + (odd === 0 ? piece : swap(piece)));
      odd ^= this.lengths[i] & 1;
    }
    return sum;
  }

  /** Whether it goes in one packet. */
  get isWhole(): boolean {
    const { port } = this;
    return this.count <= port.piecesMax && IPV4_BYTES + TRANSPORT_BYTES + this.payloadBytes <= port.mtu;
  }

  /**
   * @param word0 first four bytes of the transport header, `word1` the last four. @param flags TX_ bits of a
   * whole packet.
   * @returns packets sent, or -1 - that number when the port is full and the rest must be sent by another
   * call.
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
    const step = whole ? total : (port.mtu - IPV4_BYTES) & ~7;
    if (this.done === 0) this.identification = (this.identification + 1) & 0xffff;
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
      const more = this.done + length < total;
      const fragment = whole ? DONT_FRAGMENT : (this.done >> 3) | (more ? MORE_FRAGMENTS : 0);
      const id = whole ? 0 : this.identification;
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
        id,
        fragment,
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
   * Gives the port payload from `offset` on. @returns bytes: less than wanted (a multiple of 8) if pieces run
   * out.
   */
  private addPieces(offset: number, wanted: number): number {
    const { port } = this;
    let skip = offset;
    let added = 0;
    let pieces = 0;
    for (let i = 0; i < this.count && added < wanted; i++) {
      const length = this.lengths[i];
      if (skip >= length) {
        skip -= length;
        continue;
      }
      let n = Math.min(length - skip, wanted - added);
      pieces += 1;
      if (pieces === port.piecesMax && added + n < wanted) n -= (added + n) & 7;
      if (n > 0) port.addPiece(this.addresses[i] + skip, n);
      added += n;
      skip = 0;
      if (pieces === port.piecesMax) break;
    }
    return added;
  }
}
