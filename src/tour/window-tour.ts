/**
 * Asks a port of the window class for something of everything, so that a validator sees it: the window opened,
 * filled in pieces, sent from whole and cut, and again; packets held, placed and released; bad packets, and
 * more than the card holds; suspensions and resets, with what they give up and without. What chance decides
 * comes from the seed. The port's wire leads back to it.
 */
import type { Region } from '../dma/region.ts';
import {
  WINDOW_OPEN,
  WINDOW_RESOURCE_FILLS,
  WINDOW_RESOURCE_FRAMES,
  WINDOW_RESOURCE_TRANSMITS,
  WINDOW_SEND,
} from '../i2o/window.gen.ts';
import { Random } from '../time/random.ts';
import type { HeldFrame, Stretch, WindowTourHost, WindowTransaction } from './window-host.ts';

const ETHERNET_HEADER_BYTES = 14;
const IPV4_HEADER_BYTES = 20;
const TCP_HEADER_BYTES = 20;
const HEADER_BYTES = ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES + TCP_HEADER_BYTES;
/** Longest packet of the tour's card, and the payload of a TCP segment in it. */
const MTU = 1500;
const SEGMENT_BYTES = MTU - IPV4_HEADER_BYTES - TCP_HEADER_BYTES;
/** A payload of no more bytes comes whole. */
const WHOLE_BYTES_MAX = 64;
/** Transactions of two pieces that one message has room for. */
const TRANSACTIONS = 4;
const ALL = WINDOW_RESOURCE_TRANSMITS | WINDOW_RESOURCE_FRAMES | WINDOW_RESOURCE_FILLS;

export class WindowTour {
  private readonly host: WindowTourHost;
  private readonly bytes: Uint8Array;
  private readonly mac: readonly number[];
  /** Packets of the host's that the card can hold. */
  private readonly packetsMax: number;
  private readonly random: Random;

  constructor(
    host: WindowTourHost,
    { bytes }: Region,
    mac: readonly number[],
    packetsMax: number,
    seed: number,
  ) {
    this.host = host;
    this.bytes = bytes;
    this.mac = mac;
    this.packetsMax = packetsMax;
    this.random = new Random(seed);
  }

  /**
   * @param rounds how often the middle part is gone through. @throws Error where the card does not do what
   * a card does.
   */
  run(rounds: number): void {
    const { host } = this;
    host.bringUp();
    this.ended('reset', ALL);
    this.open();
    for (let round = 0; round < rounds; round++) {
      this.exchange();
      this.cut();
      this.badPackets();
      this.tooMany();
      this.endings();
    }
    this.ended('reset', ALL);
    host.quiesce();
  }

  /** More than there is, which is refused; then half of what there is, and memory for headers. */
  private open(): void {
    const { host } = this;
    const { count, bufferBytes } = host.pools.transmit;
    if (host.open(2 * count * bufferBytes) === 0) throw new Error('the card opened a window that it has not');
    if (host.open(this.windowBytes) !== 0) throw new Error('the card would not open its window');
    host.headers(WHOLE_BYTES_MAX);
  }

  private get windowBytes(): number {
    const { count, bufferBytes } = this.host.pools.transmit;
    return (count * bufferBytes) >>> 1;
  }

  /** Payloads in two pieces of the window, sent, and sent again; what comes is placed, and all is released. */
  private exchange(): void {
    const sizes = Array.from({ length: TRANSACTIONS }, () => 2 + this.random.below(SEGMENT_BYTES - 1));
    sizes[0] = 2 + this.random.below(WHOLE_BYTES_MAX - 1);
    const payloads = this.fill(sizes);
    this.send(payloads);
    this.send(payloads.slice(0, 1), 0, 1);
    const packets = sizes.length + 1;
    this.host.until(() => this.host.held.length === packets, `${packets} packets`);
    this.place();
    this.host.release(payloads.flat());
  }

  /** A payload that the card cuts into segments, out of packets that have come as well as out of fills. */
  private cut(): void {
    const { host } = this;
    const payloads = this.fill([2 * SEGMENT_BYTES]);
    this.send(payloads, SEGMENT_BYTES);
    host.until(() => host.held.length === 2, 'the segments of a packet');
    const again = host.held.map((frame): Stretch[] => [payloadOf(frame)]);
    this.send(again);
    host.until(() => host.held.length === 2 + again.length, 'packets sent out of slots');
    this.place();
    host.release(payloads.flat());
  }

  /** Too short, and too long. */
  private badPackets(): void {
    const { host } = this;
    host.sent.length = 0;
    const long = this.fill([SEGMENT_BYTES + 1]);
    const short = this.header(0, 0);
    host.send([[0, [short, ETHERNET_HEADER_BYTES - 1], []], this.packet(1, long[0])]);
    host.until(() => host.sent.length === 2, 'two bad packets home');
    if (host.sent.some(([, status]) => status === 0)) throw new Error('the card sent a bad packet');
    host.release(long.flat());
  }

  /** More packets than the card holds: some request is refused whole. */
  private tooMany(): void {
    const { host } = this;
    host.refused.length = 0;
    host.sent.length = 0;
    const posted = Math.ceil((this.packetsMax + 1) / TRANSACTIONS);
    for (let i = 0; i < posted; i++)
      host.send(Array.from({ length: TRANSACTIONS }, (_, n) => this.packet(n, [])));
    const home = (): boolean => {
      const refused = host.refused.filter(([code]) => code === WINDOW_SEND).length;
      return host.sent.length + refused * TRANSACTIONS >= posted * TRANSACTIONS;
    };
    host.until(home, 'packets, or a refusal of more than it holds');
    const came = host.sent.length;
    host.until(() => host.held.length === came, 'packets without payload');
    this.place();
  }

  /** Suspensions and resets, with what they give up and without. */
  private endings(): void {
    const { host } = this;
    for (const resources of [0, WINDOW_RESOURCE_TRANSMITS | WINDOW_RESOURCE_FRAMES, ALL]) {
      const payloads = this.fill([100, 200]);
      host.sent.length = 0;
      host.send([this.packet(0, payloads[0]), this.packet(1, payloads[1])]);
      this.ended('suspend', resources);
      host.until(() => host.sent.length === 2, 'packets home before a suspension');
      // What the host has done with, it gives back to a port that is suspended too.
      if ((resources & WINDOW_RESOURCE_FILLS) === 0) host.release(payloads.flat());
      if ((resources & WINDOW_RESOURCE_FRAMES) !== 0) host.held.length = 0;
      this.ended('reset', WINDOW_RESOURCE_TRANSMITS | WINDOW_RESOURCE_FRAMES);
      host.held.length = 0;
      this.open();
    }
    if (host.hasRefused(WINDOW_OPEN)) throw new Error('a refusal of WindowOpen came where nobody waits');
  }

  private ended(how: 'suspend' | 'reset', resources: number): void {
    const errno = this.host.end(how, resources);
    if (errno !== 0) throw new Error(`the card would not ${how}: errno ${errno}`);
  }

  /** Fills each payload into two stretches of the window. @returns these. */
  private fill(sizes: readonly number[]): Stretch[][] {
    const { host } = this;
    const { fills, transmit } = host.pools;
    host.filled.length = 0;
    let at = transmit.offset;
    const payloads = sizes.map((bytes): Stretch[] => {
      const first = Math.max(1, Math.floor(bytes / 3));
      const stretches: Stretch[] = [
        [at, first],
        [at + first, bytes - first],
      ];
      at += bytes;
      return stretches;
    });
    const transactions = payloads.map((stretches, i): WindowTransaction => {
      const from = fills.offset + i * fills.bufferBytes;
      return [i, [from, sizes[i]], stretches];
    });
    host.fill(transactions);
    host.until(() => host.filled.length === sizes.length, `${sizes.length} fills`);
    return payloads;
  }

  private send(payloads: readonly (readonly Stretch[])[], segmentBytes = 0, retransmission = 0): void {
    const { host } = this;
    host.sent.length = 0;
    host.send(
      payloads.map((stretches, i) => this.packet(i, stretches)),
      segmentBytes,
      retransmission,
    );
    host.until(() => host.sent.length === payloads.length, `${payloads.length} packets home`);
  }

  /** Places all that has come, and gives the slots back right behind. */
  private place(): void {
    const { host } = this;
    const { places } = host.pools;
    const frames = host.held.splice(0);
    for (let i = 0; i < frames.length; i += TRANSACTIONS) {
      host.placed.length = 0;
      const some = frames.slice(i, i + TRANSACTIONS);
      const full = some.filter((frame) => payloadOf(frame)[1] > 0);
      const transactions = full.map((frame, n): WindowTransaction => {
        const payload = payloadOf(frame);
        return [n, [places.offset + n * places.bufferBytes, payload[1]], [payload]];
      });
      if (transactions.length > 0) host.place(transactions);
      host.release(some.map(({ address, length }) => [address, length]));
      host.until(() => host.placed.length === transactions.length, 'bytes placed');
    }
  }

  private packet(buffer: number, payload: readonly Stretch[]): WindowTransaction {
    const bytes = payload.reduce((sum, [, length]) => sum + length, 0);
    return [buffer, [this.header(buffer, bytes), HEADER_BYTES], payload];
  }

  /** Headers of a packet to the port itself, whose checksums the card fills in. @returns their address. */
  private header(buffer: number, payloadBytes: number): number {
    const { bytes, mac } = this;
    const { offset, bufferBytes } = this.host.pools.sends;
    const at = offset + buffer * bufferBytes;
    const tcpBytes = TCP_HEADER_BYTES + payloadBytes;
    const total = IPV4_HEADER_BYTES + tcpBytes;
    const ipv4 = [0x45, 0, total >> 8, total & 255, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    // The folded sum of the pseudo-header.
    const sum = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 6 + tcpBytes;
    const tcp = [0, 7, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 0, 0, (sum >> 8) & 255, sum & 255, 0, 0];
    [...mac, ...mac, 0x08, 0x00, ...ipv4, ...tcp].forEach((byte, i) => {
      bytes[at + i] = byte;
    });
    return at;
  }
}

/** Where a packet's payload lies in the window; of one that has come whole, behind headers as ours. */
function payloadOf({ address, length }: HeldFrame): Stretch {
  return [address + HEADER_BYTES, length - HEADER_BYTES];
}
