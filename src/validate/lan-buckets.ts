/** Which buckets a card of network ports has, by port and context: rules B-01 to B-03, B-08, O-02, O-04. */
import { assert } from '../assert/assert.ts';
import type { PoolArea } from '../dma/pool-area.ts';
import { type Findings, hex } from './findings.ts';

const NONE = -1;
const CHAINS = 1 << 11;
/** Buckets that came back lately, to tell one that comes twice from one nobody posted. */
const RETURNED = 1 << 11;
/** More buckets than a host has slots for packets, if it cuts them up. */
const BUCKETS_PER_SLOT = 4;
const SPARE = 1024;

export class LanBuckets {
  /** Of each port: buckets posted that have not come back, and those that came back in all. */
  readonly withCard: Int32Array;
  /** In all. */
  postedCount = 0;
  returnedCount = 0;
  /** Something was posted out of sight, or may have come back so: what the card has cannot be told. */
  unsure = false;
  private readonly findings: Findings;
  private readonly area: PoolArea;
  private readonly heads = new Int32Array(CHAINS).fill(NONE);
  private readonly next: Int32Array;
  private readonly port: Int32Array;
  private readonly context: Int32Array;
  private readonly address: Int32Array;
  private readonly bytes: Int32Array;
  /** Frame that posted it; 0 for an entry that is free. */
  private readonly frame: Float64Array;
  private free = 0;
  /** By receive slot: buckets that lie in it, wholly or in part. */
  private readonly inSlot: Uint16Array;
  private readonly returnedPort = new Int32Array(RETURNED).fill(NONE);
  private readonly returnedContext = new Int32Array(RETURNED);

  constructor(area: PoolArea, ports: number, findings: Findings) {
    const count = area.count * BUCKETS_PER_SLOT + SPARE;
    this.findings = findings;
    this.area = area;
    this.withCard = new Int32Array(ports);
    this.next = Int32Array.from({ length: count }, (_, i) => (i + 1 < count ? i + 1 : NONE));
    this.port = new Int32Array(count);
    this.context = new Int32Array(count);
    this.address = new Int32Array(count);
    this.bytes = new Int32Array(count);
    this.frame = new Float64Array(count);
    this.inSlot = new Uint16Array(area.count);
  }

  /** A bucket is posted. // Hot path. */
  post(port: number, context: number, address: number, bytes: number): void {
    this.postedCount += 1;
    const known = this.find(port, context);
    if (known !== NONE || this.isLent(address, bytes)) {
      const seen = known === NONE ? `${bytes} bytes at ${hex(address)}` : `context ${hex(context)}`;
      this.findings.report('B-01', context, `${seen} of port ${port}: the card has it already`);
    }
    const entry = this.free;
    if (entry === NONE) {
      this.unsure = true;
      return;
    }
    this.free = this.next[entry];
    const chain = chainOf(port, context);
    this.next[entry] = this.heads[chain];
    this.heads[chain] = entry;
    this.port[entry] = port;
    this.context[entry] = context;
    this.address[entry] = address;
    this.bytes[entry] = bytes;
    this.frame[entry] = this.findings.frame;
    this.count(entry, 1);
    this.withCard[port] = this.withCard[port] + 1;
  }

  /**
   * A bucket has come back. @returns its bytes; -1 where the card had none of that context. // Hot path.
   */
  giveBack(port: number, context: number): number {
    this.returnedCount += 1;
    const entry = this.find(port, context);
    if (entry === NONE) {
      this.unknown(port, context);
      return NONE;
    }
    const bytes = this.bytes[entry];
    const at = this.returnedCount & (RETURNED - 1);
    this.returnedPort[at] = port;
    this.returnedContext[at] = context;
    this.drop(entry);
    return bytes;
  }

  /** What a reply says is left at a port. */
  remaining(port: number, count: number): void {
    if (this.unsure || count >>> 0 <= this.withCard[port]) return;
    this.findings.report(
      'B-08',
      port,
      `BucketsRemaining ${count >>> 0}, at most ${this.withCard[port]} are posted`,
    );
  }

  /** A post was refused, or not delivered: its buckets never became the card's. */
  refused(frame: number): void {
    for (let entry = 0; entry < this.frame.length; entry++) {
      if (this.frame[entry] === frame) this.drop(entry);
    }
  }

  /** The card was reset, or has given up all it had without a word. */
  reset(): void {
    for (let entry = 0; entry < this.frame.length; entry++) if (this.frame[entry] !== 0) this.drop(entry);
    this.unsure = false;
  }

  /** The oldest bucket that a port still has at the card; -1 for none. */
  oldestOf(port: number): number {
    let oldest = NONE;
    for (let entry = 0; entry < this.frame.length; entry++) {
      if (this.frame[entry] === 0 || this.port[entry] !== port) continue;
      if (oldest === NONE || this.frame[entry] < this.frame[oldest]) oldest = entry;
    }
    return oldest === NONE ? NONE : this.context[oldest];
  }

  hostWrote(address: number, length: number): void {
    if (!this.isLent(address, length)) return;
    this.findings.report('O-02', address, `${length} bytes at ${hex(address)}, in a bucket that is posted`);
  }

  cardWrote(address: number, length: number): void {
    if (this.unsure || this.isLent(address, length)) return;
    this.findings.report('O-04', address, `${length} bytes at ${hex(address)}, in no bucket that is posted`);
  }

  private unknown(port: number, context: number): void {
    if (this.unsure) return;
    for (let at = 0; at < RETURNED; at++) {
      if (this.returnedPort[at] !== port || this.returnedContext[at] !== context) continue;
      this.findings.report('B-03', context, `context ${hex(context)} of port ${port}, which the host has`);
      return;
    }
    this.findings.report('B-02', context, `context ${hex(context)} of port ${port}, which nobody has posted`);
  }

  private find(port: number, context: number): number {
    for (let entry = this.heads[chainOf(port, context)]; entry !== NONE; entry = this.next[entry]) {
      if (this.context[entry] === context && this.port[entry] === port) return entry;
    }
    return NONE;
  }

  /** Whether any of the bytes lie in a bucket at the card. Looks only where their slots have some. */
  private isLent(address: number, length: number): boolean {
    const { offset, bufferBytes, count } = this.area;
    const first = Math.max(0, Math.floor((address - offset) / bufferBytes));
    const last = Math.min(count - 1, Math.floor((address + length - 1 - offset) / bufferBytes));
    let lent = false;
    for (let slot = first; slot <= last; slot++) if (this.inSlot[slot] > 0) lent = true;
    if (!lent) return false;
    for (let entry = 0; entry < this.frame.length; entry++) {
      if (this.frame[entry] === 0) continue;
      if (address < this.address[entry] + this.bytes[entry] && this.address[entry] < address + length)
        return true;
    }
    return false;
  }

  private drop(entry: number): void {
    const port = this.port[entry];
    const chain = chainOf(port, this.context[entry]);
    let before = NONE;
    let at = this.heads[chain];
    while (at !== entry && at !== NONE) {
      before = at;
      at = this.next[at];
    }
    assert(at === entry, 'lan buckets: a bucket that comes back is in its chain');
    if (before === NONE) this.heads[chain] = this.next[entry];
    else this.next[before] = this.next[entry];
    this.next[entry] = this.free;
    this.free = entry;
    this.frame[entry] = 0;
    this.count(entry, -1);
    this.withCard[port] = this.withCard[port] - 1;
  }

  /** Notes in which slots a bucket lies, or no more. */
  private count(entry: number, change: number): void {
    const { offset, bufferBytes } = this.area;
    const first = Math.floor((this.address[entry] - offset) / bufferBytes);
    const last = Math.floor((this.address[entry] + this.bytes[entry] - 1 - offset) / bufferBytes);
    for (let slot = first; slot <= last; slot++) this.inSlot[slot] = this.inSlot[slot] + change;
  }
}

function chainOf(port: number, context: number): number {
  return (Math.imul(context ^ (port << 24), 0x85ebca6b) >>> 20) & (CHAINS - 1);
}
