/**
 * ICMP messages that wait to be sent through one port, in the order in which they came. Behind the ring there
 * is one more place: for the latest message whose next hop's hardware address is not known yet (RFC 1122
 * §2.3.2.2).
 */
import { assert } from '../../assert/assert.ts';
import type { DatagramSender } from '../ipv4/datagram.ts';

const RING = 64;
/** The number of the place of the message that waits for a hardware address. */
export const WAITING = RING;

export class IcmpQueue {
  /** First slot of the packet that a message answers or quotes; -1 once the message was put aside. */
  readonly packet = new Int32Array(RING + 1);
  readonly source = new Int32Array(RING + 1);
  readonly destination = new Int32Array(RING + 1);
  /** First and second word of the message; the checksum of an error is filled in when it is sent. */
  readonly word0 = new Int32Array(RING + 1);
  readonly word1 = new Int32Array(RING + 1);
  /** What builds this port's packets. */
  readonly sender: DatagramSender;
  /** Whether a message waits for a hardware address. */
  isWaiting = false;
  private head = 0;
  private tail = 0;

  constructor(sender: DatagramSender) {
    this.sender = sender;
  }

  /** Messages in the ring. */
  get length(): number {
    return (this.tail - this.head) | 0;
  }

  get isEmpty(): boolean {
    return this.head === this.tail;
  }

  get isFull(): boolean {
    return this.length === RING;
  }

  /** Place of the first message; there is one. */
  get first(): number {
    return this.head & (RING - 1);
  }

  /** Queues a message; there is room. */
  append(packet: number, source: number, destination: number, word0: number, word1: number): void {
    assert(!this.isFull, 'ICMP queue: a message that is queued has a place');
    this.set(this.tail & (RING - 1), packet, source, destination, word0, word1);
    this.tail = (this.tail + 1) | 0;
  }

  /** Takes the first message out. */
  shift(): void {
    assert(!this.isEmpty, 'ICMP queue: only a message that is there is taken out');
    this.head = (this.head + 1) | 0;
  }

  /**
   * Puts a message of the ring aside until its next hop's hardware address is known; the place aside is free.
   */
  putAside(slot: number): void {
    assert(!this.isWaiting, 'ICMP queue: one message at most waits for a hardware address');
    const { packet, source, destination, word0, word1 } = this;
    this.set(WAITING, packet[slot], source[slot], destination[slot], word0[slot], word1[slot]);
    this.isWaiting = true;
    packet[slot] = -1;
  }

  private set(
    slot: number,
    packet: number,
    source: number,
    destination: number,
    word0: number,
    word1: number,
  ): void {
    this.packet[slot] = packet;
    this.source[slot] = source;
    this.destination[slot] = destination;
    this.word0[slot] = word0;
    this.word1[slot] = word1;
  }
}
