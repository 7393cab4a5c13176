/**
 * ARP replies that wait to be sent, by the port they leave by. There is a place for every neighbour the
 * table can hold: all of a large segment may ask at the same moment, and again at the same moment a second
 * later, so whoever was left out each time would take us for dead. A request beyond that is not answered, and
 * will be repeated.
 */

import { assert } from '../../assert/assert.ts';

/** Of a reply that waits: hardware address (high, low) and IPv4 address of who asked; what was asked for. */
const REPLY_WORDS = 4;

export class ReplyQueue {
  /** Replies of all ports. */
  count = 0;
  /** How many each port has. */
  readonly ofPort: Int32Array;
  private readonly most: number;
  readonly words: Int32Array;

  /** @param most that one port can have. */
  constructor(ports: number, most: number) {
    assert(ports > 0 && most > 0, 'arp replies: there is room for one at least');
    this.most = most;
    this.words = new Int32Array(ports * most * REPLY_WORDS);
    this.ofPort = new Int32Array(ports);
  }

  /** @param own the address of ours that was asked for. */
  add(port: number, macHigh: number, macLow: number, address: number, own: number): void {
    assert(port >= 0 && port < this.ofPort.length, 'arp replies: a reply leaves by a port that there is');
    const waiting = this.ofPort[port];
    if (waiting === this.most) return;
    const at = (port * this.most + waiting) * REPLY_WORDS;
    this.words[at] = macHigh;
    this.words[at + 1] = macLow;
    this.words[at + 2] = address;
    this.words[at + 3] = own;
    this.ofPort[port] = waiting + 1;
    this.count += 1;
  }

  /**
   * The one that a port was given last, which goes first: where its four words are, the hardware address and
   * the IPv4 address of who asked, and the address of ours that was asked for.
   */
  lastOf(port: number): number {
    assert(this.ofPort[port] > 0, 'arp replies: the latest is asked for where one waits');
    return (port * this.most + this.ofPort[port] - 1) * REPLY_WORDS;
  }

  /** It has been sent. */
  drop(port: number): void {
    this.ofPort[port] -= 1;
    this.count -= 1;
    assert(this.ofPort[port] >= 0, 'arp replies: only a reply that waits is sent');
  }
}
