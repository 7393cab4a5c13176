/**
 * A storm's wire: frames of two hosts in flight, in virtual time, with all the harm of the weather. ARP has
 * no checksum of its own, and Ethernet's is not modelled, so damage begins behind the Ethernet header and
 * spares ARP.
 */
import type { Random } from '../../src/time/random.ts';
import { MAC_HIGH, sum16 } from '../tcpip/wire.ts';
import { CALM, chance, type Weather } from './weather.ts';

/** The router that says which packets are too long for the path. */
export const ROUTER = 0x0a0000fe;
const QUOTED_BYTES = 28;
/** Where a frame's IPv4 header starts, and what is in it. */
const IP_AT = 14;

export interface Frame {
  readonly atUs: number;
  /** Frames that arrive at once do so in the order in which they were sent. */
  readonly order: number;
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
  readonly damaged: boolean;
}

export class Wire {
  weather: Weather = CALM;
  /** What the weather did, for a storm that wants to know that there was one. */
  lost = 0;
  damaged = 0;
  narrow = 0;
  private readonly random: Random;
  /** A binary heap by time and order. */
  private readonly heap: Frame[] = [];
  private order = 0;
  /** When the frame arrives that was sent last in each direction: jitter does not change the order. */
  private readonly lastUs = [0, 0, 0, 0];

  constructor(random: Random) {
    this.random = random;
  }

  /** When the next frame arrives; Infinity: none is in flight. */
  get nextUs(): number {
    return this.heap.length === 0 ? Number.POSITIVE_INFINITY : this.heap[0].atUs;
  }

  /** @param spared no harm is done to it: what else would hang on it is not what the storm is for. */
  send(nowUs: number, from: number, to: number, bytes: Uint8Array, spared: boolean): void {
    const { random, weather } = this;
    const way = from * 2 + to;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isIpv4 = view.getUint16(12) === 0x0800;
    if (isIpv4 && bytes.length - IP_AT > weather.pathMtu && from !== to) {
      this.narrow += 1;
      this.answerTooLong(nowUs, from, bytes);
      return;
    }
    if (!spared && (weather.down || chance(random, weather.loss))) {
      this.lost += 1;
      return;
    }
    const copies = !spared && chance(random, weather.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      let atUs = nowUs + weather.delayUs + random.below(weather.jitterUs + 1);
      if (!spared && chance(random, weather.reorder)) {
        atUs += random.below(4 * weather.delayUs + 1000);
      } else {
        atUs = Math.max(atUs, this.lastUs[way]);
        this.lastUs[way] = atUs;
      }
      let put = bytes;
      const damaged = isIpv4 && !spared && chance(random, weather.damage);
      if (damaged) {
        put = bytes.slice();
        put[IP_AT + random.below(bytes.length - IP_AT)] ^= 1 + random.below(255);
        this.damaged += 1;
      }
      this.push({ atUs, order: this.order++, from, to, bytes: put, damaged });
    }
  }

  /** @returns the next frame, which has arrived. */
  receive(): Frame {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop()!;
    if (heap.length > 0) {
      let place = 0;
      for (;;) {
        let below = place * 2 + 1;
        if (below >= heap.length) break;
        if (below + 1 < heap.length && isBefore(heap[below + 1], heap[below])) below += 1;
        if (!isBefore(heap[below], last)) break;
        heap[place] = heap[below];
        place = below;
      }
      heap[place] = last;
    }
    return first;
  }

  private push(frame: Frame): void {
    const { heap } = this;
    let place = heap.length;
    heap.push(frame);
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!isBefore(frame, heap[above])) break;
      heap[place] = heap[above];
      place = above;
    }
    heap[place] = frame;
  }

  /** RFC 792 with RFC 1191: fragmentation needed, with the path's MTU. */
  private answerTooLong(nowUs: number, to: number, bytes: Uint8Array): void {
    const { weather, random } = this;
    if (chance(random, weather.loss)) return;
    const frame = new Uint8Array(IP_AT + 20 + 8 + QUOTED_BYTES);
    const view = new DataView(frame.buffer);
    frame.set(bytes.subarray(6, 12), 0);
    view.setUint16(6, MAC_HIGH);
    view.setInt32(8, ROUTER);
    view.setUint16(12, 0x0800);
    view.setUint16(IP_AT, 0x4500);
    view.setUint16(IP_AT + 2, frame.length - IP_AT);
    view.setUint16(IP_AT + 8, 0x4001);
    view.setInt32(IP_AT + 12, ROUTER);
    frame.set(bytes.subarray(IP_AT + 12, IP_AT + 16), IP_AT + 16);
    view.setUint16(IP_AT + 10, ~sum16(frame, IP_AT, 20) & 0xffff);
    view.setUint16(IP_AT + 20, 0x0304);
    view.setUint16(IP_AT + 26, weather.pathMtu);
    frame.set(bytes.subarray(IP_AT, IP_AT + QUOTED_BYTES), IP_AT + 28);
    view.setUint16(IP_AT + 22, ~sum16(frame, IP_AT + 20, 8 + QUOTED_BYTES) & 0xffff);
    this.push({
      atUs: nowUs + weather.delayUs,
      order: this.order++,
      from: to,
      to,
      bytes: frame,
      damaged: false,
    });
  }
}

function isBefore(one: Frame, other: Frame): boolean {
  return one.atUs < other.atUs || (one.atUs === other.atUs && one.order < other.order);
}
