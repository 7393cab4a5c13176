/**
 * What every part of the stack stands on: the region and its views, the ports below, the user above, the
 * ledger, the configuration and the time. `stack/engine.ts` makes it once.
 *
 * Time comes in as microseconds that wrap after 71 minutes. Two slower clocks are kept from it: milliseconds
 * for TCP timestamps (RFC 7323 §4.1: a tick of 1 ms) and idle times, and ticks of 4 µs for initial sequence
 * numbers (RFC 9293 MUST-8). Both are exact as long as time is passed in at least every 35 minutes, and never
 * run backwards.
 */
import { assert } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import type { Kernels } from '../dma/kernels.ts';
import type { PacketPool } from '../dma/packets.ts';
import type { Region } from '../dma/region.ts';
import { CHECKSUMS, CHECKSUMS_BYTES } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { Random } from '../time/random.ts';
import type { StackConfig } from './config.ts';
import { GATHER_BYTES, type LinkPort, type SocketOwner } from './contract.ts';
import { Identifications } from './identifications.ts';

/** A step back of less than this is an old reading of the clock, and ignored; one of more is a wrap. */
const STALE_US = 1_000_000;

/** The least MTU of an IPv4 link (RFC 791 §3.2), and the longest packet there is. */
const MTU_MIN = 68;
const MTU_MAX = 65535;

export class Environment {
  readonly config: StackConfig;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly kernels: Kernels;
  readonly packets: PacketPool;
  readonly dma: DmaEngine;
  readonly counters: Float64Array;
  /** What is sent through, by port number. */
  readonly ports: readonly LinkPort[];
  /** By port: the largest packet that is sent, at most what its device can. */
  readonly mtus: Int32Array;
  readonly owner: SocketOwner;
  /** Address of `GATHER_BYTES` in the region, where small pieces of a segment are put together. */
  readonly gatherAt: number;
  readonly random: Random;
  /** Of datagrams that may be cut on their way. */
  readonly identifications: Identifications;
  /** The time last passed in. */
  nowUs = 0;
  /** Milliseconds, an int32 that wraps. */
  nowMs = 0;
  /** Microseconds that have passed since `nowMs` last went on, 0 to 999. */
  private remainderUs = 0;
  /** Whether any time has been passed in. */
  private started = false;

  constructor(
    config: StackConfig,
    region: Region,
    packets: PacketPool,
    dma: DmaEngine,
    ledger: Ledger,
    ports: readonly LinkPort[],
    owner: SocketOwner,
    gatherAt: number,
  ) {
    assert(ports.length > 0, 'stack environment: there is a port to send through');
    assert(
      gatherAt > 0 && gatherAt + GATHER_BYTES <= region.byteLength,
      'stack environment: the place where pieces are put together lies in the region',
    );
    for (const port of ports) checkPort(port);
    this.config = config;
    this.bytes = region.bytes;
    this.view = region.view;
    this.kernels = region.kernels;
    this.packets = packets;
    this.dma = dma;
    this.counters = ledger.counters;
    this.ports = ports;
    this.mtus = Int32Array.from(ports, ({ mtu }) => mtu);
    this.owner = owner;
    this.gatherAt = gatherAt;
    this.random = new Random(config.seed | 0);
    this.identifications = new Identifications(config.seed | 0);
  }

  /** Takes the time over. // Hot path: called at every entry to the stack. */
  setTime(nowUs: number): void {
    if (nowUs !== this.nowUs) this.passTime(nowUs | 0);
  }

  /** Ticks of 4 µs, an int32 that wraps. */
  get sequenceClock(): number {
    return (Math.imul(this.nowMs, 250) + (this.remainderUs >> 2)) | 0;
  }

  /**
   * Adds bytes of the region to an Internet checksum, as `Kernels.sum` does, and counts them: the processor
   * sums them, and no device. // Hot path.
   */
  sum(address: number, length: number, sum: number): number {
    this.counters[CHECKSUMS] += 1;
    this.counters[CHECKSUMS_BYTES] += length;
    return this.kernels.sum(address, length, sum);
  }

  private passTime(nowUs: number): void {
    const elapsed = (nowUs - this.nowUs) | 0;
    if (elapsed < 0) {
      if (this.started && elapsed > -STALE_US) return;
      this.nowUs = nowUs;
    } else {
      this.nowUs = nowUs;
      const us = this.remainderUs + (this.started ? elapsed : 0);
      if (us >= 1000) {
        const ms = (us / 1000) | 0;
        this.nowMs = (this.nowMs + ms) | 0;
        this.remainderUs = (us - ms * 1000) | 0;
      } else {
        this.remainderUs = us | 0;
      }
    }
    this.started = true;
    assert(
      this.remainderUs >= 0 && this.remainderUs < 1000,
      'stack environment: less than a millisecond is left over',
    );
  }
}

/** A port's description is the device's promise, and the device is ours. */
function checkPort(port: LinkPort): void {
  assert(
    port.mtu >= MTU_MIN && port.mtu <= MTU_MAX,
    'stack environment: a port carries what IPv4 asks of a link',
  );
  assert(port.piecesMax >= 1, 'stack environment: a packet may have payload');
}
