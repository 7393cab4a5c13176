/**
 * ICMP (RFC 792, RFC 1122 §3.2.2): echo replies, errors sent, and errors received and handed to whom they
 * concern. A message to be sent waits in its port's queue (queue.ts) and keeps the packet slots that it
 * answers or quotes; `flush` sends it from there, without copying.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import {
  ICMP_IN_ECHOS,
  ICMP_IN_ERRORS,
  ICMP_IN_MSGS,
  ICMP_IN_REDIRECTS,
  ICMP_OUT_DATA_BYTES,
  ICMP_OUT_DEST_UNREACHS,
  ICMP_OUT_ECHO_REPS,
} from '../../ledger/counters.gen.ts';
import type { Neighbours } from '../arp/neighbours.ts';
import type { Environment } from '../environment.ts';
import {
  EXCEEDED_REASSEMBLY,
  ICMP_BYTES,
  ICMP_CHECKSUM,
  ICMP_CODE,
  ICMP_ECHO,
  ICMP_ECHO_REPLY,
  ICMP_GATEWAY,
  ICMP_NEXT_MTU,
  ICMP_PARAMETER_PROBLEM,
  ICMP_REDIRECT,
  ICMP_TIME_EXCEEDED,
  ICMP_TYPE,
  ICMP_UNREACHABLE,
} from '../header/icmp.ts';
import {
  FRAGMENT_OFFSET,
  fold,
  IPV4_BYTES,
  IPV4_DESTINATION,
  IPV4_FRAGMENT,
  IPV4_PROTOCOL,
  IPV4_SOURCE,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../header/ipv4.ts';
import { DatagramSender, LIST_MAX } from '../ipv4/datagram.ts';
import type { Pieces } from '../ipv4/pieces.ts';
import { FRAGMENTS_MAX } from '../ipv4/reassembly.ts';
import { mtuOfPath, type Paths } from '../path-limits.ts';
import type { Routes } from '../route.ts';
import { hasPassed } from '../seq.ts';
import { addEchoed, addQuoted, serviceOf } from './message.ts';
import { IcmpQueue, WAITING } from './queue.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** An error that comes quotes this much at least of what follows the IPv4 header (RFC 792): the ports. */
const QUOTED_BYTES = 8;
const SECOND_MS = 1000;

/** An echo that came in fragments is answered from their slots, one piece of payload for each. */
export function checkEchoPieces(fragmentsMax: number, piecesMax: number): void {
  assert(fragmentsMax <= piecesMax, 'ICMP: an echo of all the fragments it may have can be answered');
}
checkEchoPieces(FRAGMENTS_MAX, LIST_MAX);

/** Whom a received error concerns. Addresses and ports are those of the packet that caused it: ours first. */
export interface ErrorListener {
  /**
   * An error quotes a packet of ours.
   * @param seq the word after the ports; of TCP it is the sequence number. @param type ICMP_UNREACHABLE,
   * ICMP_TIME_EXCEEDED or ICMP_PARAMETER_PROBLEM. @param mtu of the next hop, where the code says
   * "fragmentation needed".
   */
  icmpError(
    protocol: number,
    local: number,
    remote: number,
    localPort: number,
    remotePort: number,
    seq: number,
    type: number,
    code: number,
    mtu: number,
  ): void;
}

/** Whom a redirect concerns. */
export interface RedirectListener {
  /**
   * A gateway redirects a packet of ours. @param from the gateway. @param ports of the packet, the remote one
   * in the upper half; they say nothing where it was not TCP's. @param via the better gateway.
   */
  redirect(from: number, local: number, remote: number, ports: number, via: number): void;
}

export class Icmp {
  private readonly paths: Paths;
  private readonly environment: Environment;
  private readonly routes: Routes;
  private readonly neighbours: Neighbours;
  private readonly pieces: Pieces;
  private readonly listener: ErrorListener;
  private readonly redirects: RedirectListener | undefined;
  /** Messages that wait, by port, and how many all queues hold. */
  private readonly queues: readonly IcmpQueue[];
  private queued = 0;
  /** Errors that may still be sent this second. */
  private tokens = 0;
  /** When the present second began. */
  private tokensMs = 0;

  constructor(
    paths: Paths,
    neighbours: Neighbours,
    pieces: Pieces,
    listener: ErrorListener,
    redirects?: RedirectListener,
  ) {
    this.redirects = redirects;
    const { environment, routes } = paths;
    this.paths = paths;
    this.environment = environment;
    this.routes = routes;
    this.neighbours = neighbours;
    this.pieces = pieces;
    this.listener = listener;
    this.queues = environment.ports.map(
      (port) => new IcmpQueue(new DatagramSender(environment, neighbours, port)),
    );
    // As on Linux: an answer finds its way also where the path is narrower than ours.
    for (const { sender } of this.queues) sender.dontFragment = false;
    this.tokens = environment.config.icmpErrorsPerSecond;
  }

  /**
   * A message has arrived as a chain of slots. @param toMany it was sent to a broadcast address, and is not
   * answered (RFC 1122 §3.2.2.6).
   * @returns true when the chain is kept.
   */
  input(packet: number, length: number, source: number, destination: number, toMany: boolean): boolean {
    const { environment, pieces } = this;
    const { view, counters } = environment;
    counters[ICMP_IN_MSGS] += 1;
    const at = pieces.address[packet];
    if (length < ICMP_BYTES || pieces.length[packet] < ICMP_BYTES || !this.isSumGood(packet)) {
      counters[ICMP_IN_ERRORS] += 1;
      return false;
    }
    const type = view.getUint8(at + ICMP_TYPE);
    if (type === ICMP_ECHO) {
      counters[ICMP_IN_ECHOS] += 1;
      return !toMany && this.queueEchoReply(packet, source, destination);
    }
    if (type === ICMP_UNREACHABLE || type === ICMP_TIME_EXCEEDED || type === ICMP_PARAMETER_PROBLEM) {
      this.receiveError(at, pieces.length[packet], type, source);
    } else if (type === ICMP_REDIRECT) {
      counters[ICMP_IN_REDIRECTS] += 1;
      this.receiveError(at, pieces.length[packet], type, source);
    }
    return false;
  }

  /**
   * Queues an error about the packet in a slot. Errors are never sent about any fragment but the first, about
   * packets to many, nor about ICMP but echo requests (RFC 1122 §3.2.2), nor faster than the limit (RFC 1812
   * §4.3.2.8).
   * @param header its IPv4 header. @returns true when the slot is kept.
   */
  queueError(packet: number, header: number, type: number, code: number): boolean {
    const { view } = this.environment;
    const destination = view.getInt32(header + IPV4_DESTINATION);
    assert(
      this.routes.isUnicast(view.getInt32(header + IPV4_SOURCE)),
      'ICMP: an error goes to one host, which the input has made sure of',
    );
    if (!this.routes.isOwn(destination)) return false;
    if ((view.getUint16(header + IPV4_FRAGMENT) & FRAGMENT_OFFSET) !== 0) return false;
    if (view.getUint8(header + IPV4_PROTOCOL) === PROTOCOL_ICMP && !this.isAboutEcho(header)) return false;
    if (!this.mayError()) return false;
    this.pieces.header[packet] = header;
    return this.queue(
      packet,
      destination,
      view.getInt32(header + IPV4_SOURCE),
      (type << 24) | (code << 16),
      0,
    );
  }

  /**
   * Whether an ICMP packet is an echo request. It has eight bytes at least: one of fewer asks for no error.
   */
  private isAboutEcho(header: number): boolean {
    const { view } = this.environment;
    return view.getUint8(header + ((view.getUint8(header) & 15) << 2) + ICMP_TYPE) === ICMP_ECHO;
  }

  /** See `ReassemblyListener`. */
  reassemblyTimedOut(packet: number): void {
    const kept = this.queueError(packet, this.pieces.header[packet], ICMP_TIME_EXCEEDED, EXCEEDED_REASSEMBLY);
    if (!kept) this.environment.packets.free(packet);
  }

  /** Whether messages wait to be sent. */
  get pending(): boolean {
    return this.queued !== 0;
  }

  /** Sends what waits. @returns packets sent; `pending` stays true when a port is full. */
  flush(): number {
    let sent = 0;
    for (const queue of this.queues) {
      while (!queue.isEmpty) {
        const slot = queue.first;
        const outcome = this.sendMessage(queue, slot);
        if (outcome < 0) {
          sent -= 1 + outcome;
          break;
        }
        sent += outcome;
        if (queue.packet[slot] >= 0) this.pieces.free(queue.packet[slot]);
        queue.shift();
        this.queued -= 1;
      }
    }
    if (COSTLY) this.checkCount();
    return sent;
  }

  /** A next hop's hardware address has become known, or nobody answered. */
  neighbourChanged(neighbour: number, ready: boolean): void {
    for (const queue of this.queues) {
      if (!queue.isWaiting) continue;
      const { packet, source, destination, word0, word1 } = queue;
      if (this.routes.nextHop(destination[WAITING]) !== this.neighbours.address[neighbour]) continue;
      queue.isWaiting = false;
      const queued =
        ready &&
        this.queue(packet[WAITING], source[WAITING], destination[WAITING], word0[WAITING], word1[WAITING]);
      if (!queued) this.pieces.free(packet[WAITING]);
    }
  }

  /** Whether the checksum over the whole message is right. */
  private isSumGood(packet: number): boolean {
    const { address, length, next } = this.pieces;
    let sum = 0;
    for (let at = packet; at >= 0; at = next[at]) {
      sum = this.environment.sum(address[at], length[at], sum);
    }
    return sum === 0xffff;
  }

  private queueEchoReply(packet: number, source: number, destination: number): boolean {
    const { view } = this.environment;
    const at = this.pieces.address[packet];
    // Only the type changes, from 8 to 0, so the checksum grows by 0x0800 (RFC 1624). It may become all ones,
    // which must stay: a message of zeros alone has no other checksum. The code is the asker's, as with Linux.
    const checksum = fold(view.getUint16(at + ICMP_CHECKSUM) + (ICMP_ECHO << 8));
    const code = view.getUint8(at + ICMP_CODE) << 16;
    const word0 = (ICMP_ECHO_REPLY << 24) | code | checksum;
    return this.queue(packet, destination, source, word0, view.getInt32(at + 4));
  }

  /** @returns false when there is no room for the message; its packet is still the caller's. */
  private queue(packet: number, source: number, destination: number, word0: number, word1: number): boolean {
    // A quarter of the slots stays for packets that carry a user's data.
    const { packets } = this.environment;
    const queue = this.queues[this.routes.portFor(destination)];
    if (queue.isFull || packets.available < packets.count >> 2) return false;
    queue.append(packet, source, destination, word0, word1);
    this.queued += 1;
    return true;
  }

  /** Whether another error may be sent this second; it counts as sent. */
  private mayError(): boolean {
    const { nowMs, config } = this.environment;
    if (hasPassed(nowMs, this.tokensMs, SECOND_MS)) {
      this.tokensMs = nowMs;
      this.tokens = config.icmpErrorsPerSecond;
    }
    if (this.tokens === 0) return false;
    this.tokens -= 1;
    assert(this.tokens >= 0, 'ICMP: no second has more errors than it may');
    return true;
  }

  /**
   * Sends a queue's first message. @returns as `DatagramSender.send`; 0 also when it was dropped or put
   * aside.
   */
  private sendMessage(queue: IcmpQueue, slot: number): number {
    const { pieces, environment, neighbours } = this;
    const { sender, source, destination, word1 } = queue;
    const nextHop = this.routes.nextHop(destination[slot]);
    if (nextHop === 0 || !this.routes.isSource(source[slot])) return 0;
    const neighbour = neighbours.resolve(nextHop);
    if (!neighbours.isReady(neighbour)) {
      sender.abandon();
      // RFC 1122 §2.3.2.2: the latest message is kept, so the one before it gives way.
      if (queue.isWaiting) pieces.free(queue.packet[WAITING]);
      queue.isWaiting = false;
      queue.putAside(slot);
      return 0;
    }
    const packet = queue.packet[slot];
    assert(packet >= 0, 'ICMP: a message that is sent has the packet that it is about');
    let word0 = queue.word0[slot];
    sender.routeMtu = mtuOfPath(this.paths, destination[slot], this.routes.portFor(destination[slot]));
    const isEcho = word0 >>> 24 === ICMP_ECHO_REPLY;
    if (!sender.isUnderWay) {
      sender.clear();
      if (isEcho) addEchoed(sender, pieces, packet);
      else addQuoted(environment, sender, pieces, packet);
      sender.service = serviceOf(environment, pieces.header[packet], isEcho);
    }
    if (!isEcho) {
      const sum = fold((word0 >>> 16) + fold(sender.sum(word1[slot])));
      word0 |= ~sum & 0xffff;
    }
    const outcome = sender.send(
      neighbour,
      source[slot],
      destination[slot],
      PROTOCOL_ICMP,
      word0,
      word1[slot],
      0,
    );
    if (outcome > 0) {
      environment.counters[isEcho ? ICMP_OUT_ECHO_REPS : ICMP_OUT_DEST_UNREACHS] += 1;
      environment.counters[ICMP_OUT_DATA_BYTES] += sender.payloadBytes;
    }
    return outcome;
  }

  /**
   * An error has arrived. It is believed as far as it quotes a whole packet header of ours, and told to the
   * transport. @param at the ICMP header. @param length bytes from there on in the first slot. @param source
   * who says so.
   */
  private receiveError(at: number, length: number, type: number, source: number): void {
    const { view, counters } = this.environment;
    const quoted = at + ICMP_BYTES;
    const left = length - ICMP_BYTES;
    const headerLength = left >= IPV4_BYTES ? (view.getUint8(quoted) & 15) << 2 : 0;
    if (headerLength < IPV4_BYTES || left < headerLength + QUOTED_BYTES) {
      counters[ICMP_IN_ERRORS] += 1;
      return;
    }
    const local = view.getInt32(quoted + IPV4_SOURCE);
    const protocol = view.getUint8(quoted + IPV4_PROTOCOL);
    if (!this.routes.isOwn(local) || (protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP)) return;
    if ((view.getUint16(quoted + IPV4_FRAGMENT) & FRAGMENT_OFFSET) !== 0) return;
    const transport = quoted + headerLength;
    if (type === ICMP_REDIRECT) {
      const ports = (view.getUint16(transport + 2) << 16) | view.getUint16(transport);
      const remote = view.getInt32(quoted + IPV4_DESTINATION);
      this.redirects?.redirect(source, local, remote, ports, view.getInt32(at + ICMP_GATEWAY));
      return;
    }
    this.listener.icmpError(
      protocol,
      local,
      view.getInt32(quoted + IPV4_DESTINATION),
      view.getUint16(transport),
      view.getUint16(transport + 2),
      view.getInt32(transport + 4),
      type,
      view.getUint8(at + ICMP_CODE),
      view.getUint16(at + ICMP_NEXT_MTU),
    );
  }

  private checkCount(): void {
    const queued = this.queues.reduce((sum, queue) => sum + queue.length, 0);
    assert(queued === this.queued, 'ICMP: the messages of all queues are counted');
  }
}
