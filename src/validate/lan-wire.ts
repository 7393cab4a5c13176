/**
 * The packets of a trace of network ports as a second witness: what the host named to be sent, what it was told of
 * as sent, and what came in its buckets, by their lengths: rules P-11 to P-13. Which port a packet passed at is in
 * no trace, so that all ports of a card are held together.
 */
import type { Findings } from './findings.ts';

/** What `Findings.hold` knows this witness by. */
export const LAN_PACKETS = 'packets of ports';
/** The same where packets both leave and come: what came is not what left. */
const LAN_ARRIVALS = 'packets that came';
/** More than the longest packet has: 65,535 bytes of IPv4 behind an Ethernet header; a power of two. */
const LENGTHS = 1 << 17;
/** Packets remembered until they are told of; a power of two. */
const REMEMBERED = 1 << 14;

export class LanWire {
  /** Packets that have passed. */
  packets = 0;
  /** What may leave is not known: chained lists. */
  unsure = false;
  /** Requests of data that a port puts a header of its own before, and that were not refused. */
  wrapped = 0;
  private readonly findings: Findings;
  /**
   * By length: packets that are to leave, of which the host is to hear and of which it may not; left and not told
   * of; that passed, or came, and are in no bucket.
   */
  private readonly loud = new Int32Array(LENGTHS);
  private readonly quiet = new Int32Array(LENGTHS);
  private readonly left = new Int32Array(LENGTHS);
  private readonly passed = new Int32Array(LENGTHS);
  private readonly came = new Int32Array(LENGTHS);
  private arrivals = 0;
  private readonly numbers = new Int32Array(REMEMBERED);
  private readonly bytes = new Int32Array(REMEMBERED);

  constructor(findings: Findings) {
    this.findings = findings;
  }

  /** A good packet is posted. @param number its number, not 0. @param told whether it comes back. // Hot path. */
  post(number: number, length: number, told: boolean): void {
    const waiting = told ? this.loud : this.quiet;
    waiting[length & (LENGTHS - 1)] += 1;
    this.numbers[number & (REMEMBERED - 1)] = number;
    this.bytes[number & (REMEMBERED - 1)] = length;
  }

  /** A packet has passed a wire. // Hot path. */
  packet(sent: boolean, length: number): void {
    this.packets += 1;
    const at = length & (LENGTHS - 1);
    this.passed[at] += 1;
    if (!sent) {
      this.arrivals += 1;
      this.came[at] += 1;
      return;
    }
    // Which of two of one length has left is not known: it counts as the one that is to be told of.
    if (this.loud[at] > 0) {
      this.loud[at] -= 1;
      this.left[at] += 1;
    } else if (this.quiet[at] > 0) this.quiet[at] -= 1;
    else
      this.hold(
        LAN_PACKETS,
        'P-11',
        length,
        `a packet of ${length} bytes left, and none such was to be sent`,
      );
  }

  /** A packet is told of as sent. // Hot path. */
  sent(number: number): void {
    const at = number & (REMEMBERED - 1);
    if (this.numbers[at] !== number) return;
    const length = this.bytes[at];
    this.left[length] -= 1;
    if (this.left[length] >= 0) return;
    this.left[length] = 0;
    this.hold(LAN_PACKETS, 'P-12', length, `a packet of ${length} bytes is told of as sent, and none left`);
  }

  /** A packet comes back that has not left. */
  kept(number: number): void {
    const at = number & (REMEMBERED - 1);
    if (this.numbers[at] !== number) return;
    const length = this.bytes[at];
    if (this.loud[length] > 0) this.loud[length] -= 1;
    else if (this.quiet[length] > 0) {
      this.quiet[length] -= 1;
      this.left[length] -= 1;
    }
  }

  /** A good packet is told of in a bucket. // Hot path. */
  filled(length: number): void {
    const at = length & (LENGTHS - 1);
    this.passed[at] -= 1;
    this.came[at] -= 1;
    const seen = `a bucket has a packet of ${length} bytes, and none such came`;
    if (this.passed[at] < 0) this.hold(LAN_PACKETS, 'P-13', length, seen);
    else if (this.came[at] < 0) this.hold(LAN_ARRIVALS, 'P-13', length, seen);
    if (this.passed[at] < 0) this.passed[at] = 0;
    if (this.came[at] < 0) this.came[at] = 0;
  }

  /** The trace is at its end. @param complete whether no packet was lost to it. */
  finish(complete: boolean): void {
    const seen = complete && this.packets > 0;
    this.findings.settle(LAN_PACKETS, seen);
    // A wire that leads back to its own card has each packet once, as it leaves.
    this.findings.settle(LAN_ARRIVALS, seen && this.arrivals > 0);
  }

  private hold(witness: string, rule: string, length: number, seen: string): void {
    if ((!this.unsure && this.wrapped === 0) || rule === 'P-13')
      this.findings.hold(witness, rule, length, seen);
  }
}
