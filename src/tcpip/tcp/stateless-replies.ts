/**
 * Segments that belong to no Tcb: resets, acknowledgements from TIME-WAIT, and SYN-ACKs with a cookie. Input
 * queues them here, in a ring for each port, and `flush` sends them. When a ring is full they are dropped:
 * the peer will ask again.
 */
import { assert } from '../../assert/assert.ts';
import { IP_OUT_REQUESTS, TCP_OUT_RSTS, TCP_OUT_SEGS } from '../../ledger/counters.gen.ts';
import type { Neighbours } from '../arp/neighbours.ts';
import { type LinkPort, TX_CHECKSUM } from '../contract.ts';
import type { Environment } from '../environment.ts';
import { ETHERNET_BYTES } from '../header/ethernet.ts';
import { addressSum, DONT_FRAGMENT, fold, IPV4_BYTES, PROTOCOL_TCP } from '../header/ipv4.ts';
import {
  RST,
  SYN,
  TCP_ACK,
  TCP_BYTES,
  TCP_CHECKSUM,
  TCP_OFFSET_FLAGS,
  TCP_OPTIONS,
  TCP_SEQ,
  TCP_URGENT,
  TCP_WINDOW,
  TIMESTAMPS_BYTES,
  TIMESTAMPS_WORD,
} from '../header/tcp.ts';
import { writeIpv4Fragment } from '../ipv4/output.ts';
import type { Routes } from '../route.ts';
import { putSynOptions } from './syn-options.ts';

/** Segments that wait at one port: as many as there may be connections, between these bounds. */
const ENTRIES_MIN = 64;
const ENTRIES_MAX = 1024;
/** The words that each takes up. */
const WORDS = 14;
// The words of an entry.
const LOCAL = 0;
const REMOTE = 1;
const PORTS = 2;
const SEQ = 3;
const ACK_NUMBER = 4;
const FLAGS = 5;
const WINDOW = 6;
const TIMESTAMPS = 7;
const TS_VALUE = 8;
const TS_ECHO = 9;
/** Of a SYN-ACK; 0: it is none. */
const MSS = 10;
const SHIFT = 11;
const SACK = 12;
/** The type of service, and below it the time to live. */
const SERVICE = 13;

export class Replies {
  private readonly environment: Environment;
  private readonly routes: Routes;
  private readonly neighbours: Neighbours;
  /** Places in each port's ring: a power of two. */
  private readonly entries: number;
  /** The rings of all ports, one behind the other; heads and tails count entries, by port. */
  private readonly ring: Int32Array;
  private readonly head: Int32Array;
  private readonly tail: Int32Array;
  /** Segments in all rings. */
  private waiting = 0;
  /** Where the segment queued last lies in `ring`. */
  private latest = 0;

  constructor(environment: Environment, routes: Routes, neighbours: Neighbours) {
    this.environment = environment;
    this.routes = routes;
    this.neighbours = neighbours;
    const ports = environment.ports.length;
    const { connectionsMax } = environment.config;
    let entries = ENTRIES_MIN;
    while (entries < connectionsMax && entries < ENTRIES_MAX) entries *= 2;
    this.entries = entries;
    this.ring = new Int32Array(ports * entries * WORDS);
    this.head = new Int32Array(ports);
    this.tail = new Int32Array(ports);
  }

  get pending(): boolean {
    return this.waiting !== 0;
  }

  /**
   * Queues a segment without options.
   * @param ports as they go on the wire: ours in the upper half, the peer's in the lower. @returns false when
   * the ring is full.
   */
  queue(
    local: number,
    remote: number,
    ports: number,
    seq: number,
    ack: number,
    flags: number,
    window: number,
  ): boolean {
    const { ring, head, tail } = this;
    const port = this.routes.portFor(remote);
    assert(port >= 0 && port < head.length, 'replies: a segment leaves by a port that there is');
    const waiting = (tail[port] - head[port]) | 0;
    assert(waiting <= this.entries, 'replies: no more segments wait at a port than it has places');
    if (waiting === this.entries) return false;
    const at = this.placeOf(port, tail[port]);
    this.latest = at;
    ring[at + LOCAL] = local;
    ring[at + REMOTE] = remote;
    ring[at + PORTS] = ports;
    ring[at + SEQ] = seq;
    ring[at + ACK_NUMBER] = ack;
    ring[at + FLAGS] = flags;
    ring[at + WINDOW] = window;
    ring[at + TIMESTAMPS] = 0;
    ring[at + MSS] = 0;
    ring[at + SERVICE] = this.environment.config.ttl;
    tail[port] += 1;
    this.waiting += 1;
    return true;
  }

  /** What the IPv4 header of the segment queued last says: of a connection's own, or of what it answers. */
  setService(tos: number, ttl: number): void {
    assert(this.waiting > 0, 'replies: a type of service is for a segment that waits');
    this.ring[this.latest + SERVICE] = (tos << 8) | ttl;
  }

  /** Adds timestamps to the segment queued last. */
  addTimestamps(value: number, echo: number): void {
    assert(this.waiting > 0, 'replies: timestamps are for a segment that waits');
    const at = this.latest;
    this.ring[at + TIMESTAMPS] = 1;
    this.ring[at + TS_VALUE] = value;
    this.ring[at + TS_ECHO] = echo;
  }

  /** The segment queued last is a SYN-ACK, and offers this. @param shift -1: windows are not scaled. */
  addSynOptions(mss: number, shift: number, sack: boolean): void {
    assert(this.waiting > 0, 'replies: options are for a segment that waits');
    const at = this.latest;
    this.ring[at + MSS] = mss;
    this.ring[at + SHIFT] = shift;
    this.ring[at + SACK] = sack ? 1 : 0;
  }

  /** Sends what waits. @returns packets sent; `pending` stays true when a port is full. */
  flush(): number {
    const { head, tail } = this;
    let sent = 0;
    for (let port = 0; port < head.length; port++) {
      while (head[port] !== tail[port]) {
        const outcome = this.send(this.environment.ports[port], this.placeOf(port, head[port]));
        if (outcome < 0) break;
        sent += outcome;
        head[port] += 1;
        this.waiting -= 1;
        assert(this.waiting >= 0, 'replies: a segment that was sent was counted');
      }
    }
    return sent;
  }

  /** Where an entry of a port's ring lies. */
  private placeOf(port: number, count: number): number {
    return (port * this.entries + (count & (this.entries - 1))) * WORDS;
  }

  /** @returns bytes of options. */
  private writeOptions(to: number, at: number): number {
    const { ring } = this;
    const { view } = this.environment;
    const stamped = ring[at + TIMESTAMPS] === 1;
    const value = ring[at + TS_VALUE];
    const echo = ring[at + TS_ECHO];
    if (ring[at + MSS] !== 0) {
      assert((ring[at + FLAGS] & SYN) !== 0, 'replies: what a SYN offers is in a SYN');
      return putSynOptions(
        view,
        to,
        ring[at + MSS],
        ring[at + SACK] !== 0,
        ring[at + SHIFT],
        stamped,
        value,
        echo,
      );
    }
    if (!stamped) return 0;
    view.setInt32(to, TIMESTAMPS_WORD);
    view.setInt32(to + 4, value);
    view.setInt32(to + 8, echo);
    return TIMESTAMPS_BYTES;
  }

  /** @returns 1 sent, 0 dropped, -1 the port is full. */
  private send(port: LinkPort, at: number): number {
    const { environment, ring } = this;
    const { view, counters } = environment;
    const remote = ring[at + REMOTE];
    const nextHop = this.routes.nextHop(remote);
    if (nextHop === 0) return 0;
    const neighbour = this.neighbours.resolve(nextHop);
    if (!this.neighbours.isReady(neighbour)) return 0;
    const packet = port.claim();
    if (packet < 0) return -1;
    const local = ring[at + LOCAL];
    const flags = ring[at + FLAGS];
    const tcp = packet + ETHERNET_BYTES + IPV4_BYTES;
    const headerBytes = TCP_BYTES + this.writeOptions(tcp + TCP_OPTIONS, at);
    writeIpv4Fragment(
      environment,
      port,
      this.neighbours,
      neighbour,
      packet,
      local,
      remote,
      PROTOCOL_TCP,
      headerBytes,
      0,
      DONT_FRAGMENT,
      ring[at + SERVICE],
    );
    view.setInt32(tcp, ring[at + PORTS]);
    view.setInt32(tcp + TCP_SEQ, ring[at + SEQ]);
    view.setInt32(tcp + TCP_ACK, ring[at + ACK_NUMBER]);
    view.setUint16(tcp + TCP_OFFSET_FLAGS, (headerBytes << 10) | flags);
    view.setUint16(tcp + TCP_WINDOW, ring[at + WINDOW]);
    view.setUint16(tcp + TCP_URGENT, 0);
    const pseudo = fold(addressSum(local) + addressSum(remote) + PROTOCOL_TCP + headerBytes);
    view.setUint16(tcp + TCP_CHECKSUM, port.transmitChecksum ? pseudo : 0);
    if (!port.transmitChecksum) {
      view.setUint16(tcp + TCP_CHECKSUM, ~environment.sum(tcp, headerBytes, pseudo) & 0xffff);
    }
    port.send(ETHERNET_BYTES + IPV4_BYTES + headerBytes, port.transmitChecksum ? TX_CHECKSUM : 0, 0);
    counters[IP_OUT_REQUESTS] += 1;
    counters[TCP_OUT_SEGS] += 1;
    if ((flags & RST) !== 0) counters[TCP_OUT_RSTS] += 1;
    return 1;
  }
}
