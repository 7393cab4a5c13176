/**
 * Keeps who has each frame slot, inbound and outbound: rules C, and T-07 for frames that a failure preserves.
 */
import { INBOUND, SIDE_HOST, type TraceHead } from '../trace/sink.ts';
import { type Findings, hex } from './findings.ts';

/** With the card, or not yet given to it. */
const WITH_CARD = 0;
const WITH_HOST = 1;
/** Undelivered and kept by the card until the host has posted it again as UtilNop. */
const PRESERVED = 2;
/** A FIFO's outbound frame that was not seen yet: it is lent to the card unseen, or seen, before its first use. */
const UNSEEN = 3;

export class FrameCredits {
  private readonly findings: Findings;
  private readonly ring: boolean;
  private readonly inbound: Uint8Array;
  private readonly outbound: Uint8Array;
  private readonly preservedNs: Float64Array;
  private readonly inboundFirstWord: number;
  private readonly inboundStride: number;
  private readonly inboundFirstMfa: number;
  /** The slot a ring's next frame is in. */
  private nextInbound = 0;
  private nextOutbound = 0;
  /**
   * The host was given or has given back an outbound frame since this was last cleared: what a doorbell may
   * be for.
   */
  released = false;

  constructor(head: TraceHead, findings: Findings) {
    this.findings = findings;
    this.ring = head.transport === 'ring';
    this.inbound = new Uint8Array(head.memory.inbound.count);
    this.outbound = new Uint8Array(head.memory.outbound.count).fill(this.ring ? WITH_CARD : UNSEEN);
    this.preservedNs = new Float64Array(head.memory.inbound.count);
    this.inboundFirstWord = head.memory.inbound.firstWord;
    this.inboundStride = head.memory.inbound.strideWords;
    this.inboundFirstMfa = head.memory.inbound.firstMfa ?? 0;
  }

  /** A slot changed hands without being sent. // Hot path. */
  owner(direction: number, slot: number, side: number): void {
    const area = direction === INBOUND ? this.inbound : this.outbound;
    if (slot < 0 || slot >= area.length) {
      this.findings.report('C-06', direction, `${wayName(direction)} slot ${slot} of ${area.length}`);
    } else if (direction !== INBOUND) {
      this.release(slot, side);
    } else if (side === SIDE_HOST) {
      this.acquire(slot);
    } else {
      if (area[slot] !== WITH_HOST) {
        this.findings.report(
          'C-04',
          slot,
          `inbound slot ${slot} was given back, which the host does not hold`,
        );
      }
      area[slot] = WITH_CARD;
    }
  }

  /**
   * The host posted a frame.
   * @param isNop whether it is UtilNop.
   * @returns whether the slot was the host's to post. // Hot path.
   */
  post(slot: number, isNop: boolean): boolean {
    const { inbound, findings } = this;
    if (slot < 0 || slot >= inbound.length) {
      findings.report('C-06', INBOUND, `inbound slot ${slot} of ${inbound.length}`);
      return false;
    }
    const state = inbound[slot];
    inbound[slot] = WITH_CARD;
    if (state === WITH_HOST) {
      if (this.ring) this.nextInbound = this.inOrder(INBOUND, slot, this.nextInbound, inbound.length);
      return true;
    }
    if (state === PRESERVED && isNop) return true;
    if (state === PRESERVED)
      findings.report('T-07', slot, `preserved slot ${slot} was posted as another message`);
    else findings.report('C-01', slot, `inbound slot ${slot} was posted without having been acquired`);
    return false;
  }

  /** The host received a frame. // Hot path. */
  receive(slot: number): void {
    const { outbound, findings } = this;
    if (slot < 0 || slot >= outbound.length) {
      findings.report('C-06', 1, `outbound slot ${slot} of ${outbound.length}`);
      return;
    }
    if (outbound[slot] === WITH_HOST) {
      findings.report('C-03', slot, `outbound slot ${slot} came again before the host had released it`);
    }
    outbound[slot] = WITH_HOST;
    if (this.ring) this.nextOutbound = this.inOrder(1, slot, this.nextOutbound, outbound.length);
  }

  /**
   * A failure preserves a frame.
   * @param address as PreservedMFA has it: the frame's address in the region, or its offset.
   */
  preserve(address: number): void {
    // A ring keeps a copy of the message; the frame itself has gone back to the host.
    if (this.ring) return;
    const slot = this.slotAt(address);
    if (slot < 0) {
      this.findings.report('T-07', -1, `PreservedMFA ${hex(address)} is no inbound frame`);
    } else if (this.inbound[slot] !== WITH_CARD) {
      this.findings.report(
        'T-07',
        slot,
        `PreservedMFA ${hex(address)} is slot ${slot}, which the card did not have`,
      );
    } else {
      this.inbound[slot] = PRESERVED;
      this.preservedNs[slot] = this.findings.timeNs;
    }
  }

  /**
   * @returns the inbound slot at an address, told as the transport's frame addresses are or from the region's
   * start; -1 for none.
   */
  slotAt(address: number): number {
    for (const base of [this.inboundFirstMfa, this.inboundFirstWord * 4]) {
      const offset = address - base;
      const slot = offset / (this.inboundStride * 4);
      if (offset >= 0 && Number.isInteger(slot) && slot < this.inbound.length) return slot;
    }
    return -1;
  }

  /** Whether the host holds the slot, so that it may write a message there. */
  hostHolds(slot: number): boolean {
    return slot >= 0 && slot < this.inbound.length && this.inbound[slot] !== WITH_CARD;
  }

  /** The IOP was reset: its queues are new. */
  reset(): void {
    this.inbound.fill(WITH_CARD);
    this.outbound.fill(this.ring ? WITH_CARD : UNSEEN);
    this.nextInbound = -1;
    this.nextOutbound = -1;
  }

  /** The trace has ended, and is whole. @param beforeNs frames preserved before that must have come back. */
  end(beforeNs: number): void {
    for (let slot = 0; slot < this.inbound.length; slot++) {
      if (this.inbound[slot] !== PRESERVED || this.preservedNs[slot] > beforeNs) continue;
      this.findings.report('T-07', slot, `preserved slot ${slot} was never posted again as UtilNop`);
    }
    this.left(this.inbound, 'inbound', 'acquired and neither posted nor given back');
    this.left(this.outbound, 'outbound', 'received and never released');
  }

  private acquire(slot: number): void {
    const state = this.inbound[slot];
    // The host takes a preserved frame up again only to post it as UtilNop.
    if (state === WITH_HOST) {
      this.findings.report('C-02', slot, `inbound slot ${slot} was acquired, and the host holds it already`);
    }
    if (state !== PRESERVED) this.inbound[slot] = WITH_HOST;
  }

  private release(slot: number, side: number): void {
    this.released = true;
    if (side === SIDE_HOST) return;
    if (this.outbound[slot] === WITH_CARD) {
      this.findings.report('C-04', slot, `outbound slot ${slot} was released, which the host does not hold`);
    }
    this.outbound[slot] = WITH_CARD;
  }

  private inOrder(direction: number, slot: number, expected: number, count: number): number {
    if (slot !== expected && expected >= 0) {
      this.findings.report(
        'C-07',
        direction,
        `${wayName(direction)} slot ${slot} where ${expected} was next`,
      );
    }
    return slot + 1 === count ? 0 : slot + 1;
  }

  private left(area: Uint8Array, name: string, what: string): void {
    for (let slot = 0; slot < area.length; slot++) {
      if (area[slot] === WITH_HOST) this.findings.report('C-05', slot, `${name} slot ${slot} was ${what}`);
    }
  }
}

function wayName(direction: number): string {
  return direction === INBOUND ? 'inbound' : 'outbound';
}
