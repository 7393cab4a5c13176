/**
 * Segments that belong to no Tcb: resets, and acknowledgements from TIME-WAIT. Input queues them here,
 * `flush` sends them. When the ring is full they are dropped: the peer will ask again.
 */
import { IP_OUT_REQUESTS, TCP_OUT_RSTS, TCP_OUT_SEGS } from '../../ledger/counters.gen.ts';
import type { Neighbours } from '../arp/neighbours.ts';
import { TX_CHECKSUM } from '../contract.ts';
import type { Environment } from '../environment.ts';
import { ETHERNET_BYTES } from '../header/ethernet.ts';
import { addressSum, fold, IPV4_BYTES, PROTOCOL_TCP } from '../header/ipv4.ts';
import {
  RST,
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
import { writeIpv4Header } from '../ipv4/output.ts';
import type { Routes } from '../route.ts';

const ENTRIES = 1024;
const WORDS = 10;
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

export class Replies {
  private readonly environment: Environment;
  private readonly routes: Routes;
  private readonly neighbours: Neighbours;
  private readonly ring = new Int32Array(ENTRIES * WORDS);
  private head = 0;
  private tail = 0;

  constructor(environment: Environment, routes: Routes, neighbours: Neighbours) {
    this.environment = environment;
    this.routes = routes;
    this.neighbours = neighbours;
  }

  get pending(): boolean {
    return this.head !== this.tail;
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
    if (((this.tail - this.head) | 0) === ENTRIES) return false;
    const { ring } = this;
    const at = (this.tail & (ENTRIES - 1)) * WORDS;
    ring[at + LOCAL] = local;
    ring[at + REMOTE] = remote;
    ring[at + PORTS] = ports;
    ring[at + SEQ] = seq;
    ring[at + ACK_NUMBER] = ack;
    ring[at + FLAGS] = flags;
    ring[at + WINDOW] = window;
    ring[at + TIMESTAMPS] = 0;
    this.tail = (this.tail + 1) | 0;
    return true;
  }

  /** Adds timestamps to the segment queued last. */
  addTimestamps(value: number, echo: number): void {
    const at = ((this.tail - 1) & (ENTRIES - 1)) * WORDS;
    this.ring[at + TIMESTAMPS] = 1;
    this.ring[at + TS_VALUE] = value;
    this.ring[at + TS_ECHO] = echo;
  }

  /** Sends what waits. @returns packets sent; `pending` stays true when the port is full. */
  flush(): number {
    let sent = 0;
    while (this.head !== this.tail) {
      const outcome = this.send((this.head & (ENTRIES - 1)) * WORDS);
      if (outcome < 0) break;
      sent += outcome;
      this.head = (this.head + 1) | 0;
    }
    return sent;
  }

  /** @returns 1 sent, 0 dropped, -1 the port is full. */
  private send(at: number): number {
    const { environment, ring } = this;
    const { port, view, counters } = environment;
    const remote = ring[at + REMOTE];
    const nextHop = this.routes.nextHop(remote);
    if (nextHop === 0) return 0;
    const neighbour = this.neighbours.resolve(nextHop);
    if (!this.neighbours.isReady(neighbour)) return 0;
    const packet = port.claim();
    if (packet < 0) return -1;
    const local = ring[at + LOCAL];
    const flags = ring[at + FLAGS];
    const headerBytes = TCP_BYTES + (ring[at + TIMESTAMPS] === 1 ? TIMESTAMPS_BYTES : 0);
    writeIpv4Header(
      environment,
      this.neighbours,
      neighbour,
      packet,
      local,
      remote,
      PROTOCOL_TCP,
      headerBytes,
    );
    const tcp = packet + ETHERNET_BYTES + IPV4_BYTES;
    view.setInt32(tcp, ring[at + PORTS]);
    view.setInt32(tcp + TCP_SEQ, ring[at + SEQ]);
    view.setInt32(tcp + TCP_ACK, ring[at + ACK_NUMBER]);
    view.setUint16(tcp + TCP_OFFSET_FLAGS, (headerBytes << 10) | flags);
    view.setUint16(tcp + TCP_WINDOW, ring[at + WINDOW]);
    view.setUint16(tcp + TCP_URGENT, 0);
    if (ring[at + TIMESTAMPS] === 1) {
      view.setInt32(tcp + TCP_OPTIONS, TIMESTAMPS_WORD);
      view.setInt32(tcp + TCP_OPTIONS + 4, ring[at + TS_VALUE]);
      view.setInt32(tcp + TCP_OPTIONS + 8, ring[at + TS_ECHO]);
    }
    const pseudo = fold(addressSum(local) + addressSum(remote) + PROTOCOL_TCP + headerBytes);
    view.setUint16(tcp + TCP_CHECKSUM, port.transmitChecksum ? pseudo : 0);
    if (!port.transmitChecksum) {
      view.setUint16(tcp + TCP_CHECKSUM, ~environment.kernels.sum(tcp, headerBytes, pseudo) & 0xffff);
    }
    port.send(ETHERNET_BYTES + IPV4_BYTES + headerBytes, port.transmitChecksum ? TX_CHECKSUM : 0, 0);
    counters[IP_OUT_REQUESTS] += 1;
    counters[TCP_OUT_SEGS] += 1;
    if ((flags & RST) !== 0) counters[TCP_OUT_RSTS] += 1;
    return 1;
  }
}
