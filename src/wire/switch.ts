/**
 * A learning switch (IEEE 802.1D-2004 §7.8 and §7.9, without the spanning tree): it takes each frame whole,
 * remembers behind which port its sender is, and forwards it to the port its destination was seen behind, or
 * to all others while that is not known or the frame is for a group. A frame is moved once for each port it
 * leaves by, from one link's slot to the other's. Wires have the delays; the switch itself takes none but its
 * turn.
 */

import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import type { Region } from '../dma/region.ts';
import { SWITCH_DROPPED, SWITCH_FLOODED, SWITCH_FORWARDS, SWITCH_FRAMES } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Agent, NEVER } from '../time/agent.ts';
import type { Clock } from '../time/clock.ts';
import type { WireEnd } from './contract.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

export interface SwitchConfig {
  /** Hardware addresses remembered at most: a power of two. */
  readonly addressesMax: number;
  /** How long an address nobody uses is remembered, in nanoseconds (802.1D: 300 s). */
  readonly ageingNs: number;
}

/** Frames taken from one port in a turn, so that no port starves the others. */
const FRAMES_PER_PORT = 64;
/** Places an address may lie in, from where its hash says. */
const PROBES = 8;
const ETHERNET_HEADER_BYTES = 14;
const ADDRESS_BYTES = 6;

export class Switch implements Agent {
  readonly name: string;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly ends: readonly WireEnd[];
  private readonly dma: DmaEngine;
  private readonly counters: Float64Array;
  private readonly clock: Clock;
  private readonly ageingNs: number;
  private readonly mask: number;
  /**
   * The table: an address' first two and last four bytes, its port (-1: free), and when it was last a sender.
   */
  private readonly highs: Int32Array;
  private readonly lows: Int32Array;
  private readonly ports: Int32Array;
  private readonly seenNs: Float64Array;

  /**
   * @param ends a link's end for each port, all in `region`.
   * @throws RangeError for a table that is no power of two.
   */
  constructor(
    name: string,
    config: SwitchConfig,
    region: Region,
    ends: readonly WireEnd[],
    ledger: Ledger,
    dma: DmaEngine,
    clock: Clock,
  ) {
    const { addressesMax } = config;
    if (!Number.isInteger(addressesMax) || addressesMax < 1 || (addressesMax & (addressesMax - 1)) !== 0) {
      throw new RangeError(`"addressesMax" expected a power of two, got ${addressesMax}`);
    }
    this.name = name;
    this.bytes = region.bytes;
    this.view = region.view;
    this.ends = ends;
    this.dma = dma;
    this.counters = ledger.counters;
    this.clock = clock;
    this.ageingNs = config.ageingNs;
    this.mask = addressesMax - 1;
    this.highs = new Int32Array(addressesMax);
    this.lows = new Int32Array(addressesMax);
    this.ports = new Int32Array(addressesMax).fill(-1);
    this.seenNs = new Float64Array(addressesMax);
  }

  /** @returns frames taken from the ports. */
  poll(): number {
    let frames = 0;
    for (let port = 0; port < this.ends.length; port++) frames += this.serve(port);
    return frames;
  }

  /** Frames come without a notification of their own: `nextDeadlineNs` tells of them. */
  arm(): boolean {
    return this.nextDeadlineNs() > this.clock.nowNs;
  }

  nextDeadlineNs(): number {
    let nextNs = NEVER;
    for (const end of this.ends) nextNs = Math.min(nextNs, end.sink.nextArrivalNs());
    return nextNs;
  }

  private serve(port: number): number {
    const { sink } = this.ends[port];
    for (let taken = 0; taken < FRAMES_PER_PORT; taken++) {
      const address = sink.receive();
      if (address < 0) return taken;
      this.counters[SWITCH_FRAMES] += 1;
      this.forward(port, address, sink.receivedLength);
      sink.release();
    }
    return FRAMES_PER_PORT;
  }

  private forward(from: number, address: number, length: number): void {
    if (length < ETHERNET_HEADER_BYTES) {
      this.counters[SWITCH_DROPPED] += 1;
      return;
    }
    const { view } = this;
    const source = address + ADDRESS_BYTES;
    const group = (this.bytes[address] & 1) !== 0;
    // A sender with a group address is no sender (802.1D §7.8).
    if ((this.bytes[source] & 1) === 0) this.learn(view.getUint16(source), view.getInt32(source + 2), from);
    const to = group ? -1 : this.find(view.getUint16(address), view.getInt32(address + 2));
    // The destination is behind the port the frame came by: it has it already.
    if (to === from) {
      this.counters[SWITCH_DROPPED] += 1;
    } else if (to >= 0) {
      this.send(to, address, length);
    } else {
      this.counters[SWITCH_FLOODED] += 1;
      for (let port = 0; port < this.ends.length; port++) if (port !== from) this.send(port, address, length);
    }
  }

  /** A full link loses the frame, as a switch's full queue does; the link has counted it. */
  private send(port: number, address: number, length: number): void {
    const { source } = this.ends[port];
    const destination = source.reserve(length);
    if (destination < 0) return;
    this.dma.move(SWITCH_FORWARDS, address, destination, length);
    source.commit(length);
  }

  /** @returns the port behind which an address was seen lately; -1 for none. */
  private find(high: number, low: number): number {
    const place = this.placeOf(high, low);
    return place >= 0 && this.clock.nowNs - this.seenNs[place] <= this.ageingNs ? this.ports[place] : -1;
  }

  /** Remembers a sender. Where its places are taken, the one not heard of for longest is forgotten. */
  private learn(high: number, low: number, port: number): void {
    let place = this.placeOf(high, low);
    if (place < 0) {
      const start = hashOf(high, low);
      place = start & this.mask;
      for (let probe = 0; probe < PROBES; probe++) {
        const candidate = (start + probe) & this.mask;
        if (this.ports[candidate] < 0) {
          place = candidate;
          break;
        }
        if (this.seenNs[candidate] < this.seenNs[place]) place = candidate;
      }
      this.highs[place] = high;
      this.lows[place] = low;
    }
    assert(port >= 0 && port < this.ends.length, 'switch: an address is learnt behind a port there is');
    this.ports[place] = port;
    this.seenNs[place] = this.clock.nowNs;
    if (COSTLY) {
      assert(this.placesOf(high, low) === 1, 'switch: an address is in the table once');
    }
  }

  /** How many places have an address: of two, one would send its frames to a port it has left. */
  private placesOf(high: number, low: number): number {
    return this.ports.reduce(
      (count, port, i) => (port >= 0 && this.highs[i] === high && this.lows[i] === low ? count + 1 : count),
      0,
    );
  }

  private placeOf(high: number, low: number): number {
    const start = hashOf(high, low);
    for (let probe = 0; probe < PROBES; probe++) {
      const place = (start + probe) & this.mask;
      if (this.ports[place] >= 0 && this.highs[place] === high && this.lows[place] === low) return place;
    }
    return -1;
  }
}

/** Spreads addresses that differ in their last bits alone, as those of one maker's cards do. */
function hashOf(high: number, low: number): number {
  const mixed = Math.imul(low ^ (high << 7), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) | 0;
}
