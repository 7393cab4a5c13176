/**
 * Whose each transmit buffer, and each slot of card memory for immediate data, is: rules B-04 to B-07 and
 * O-01.
 */
import { assert } from '../assert/assert.ts';
import { bufferAt, type PoolArea } from '../dma/pool-area.ts';
import { type Findings, hex } from './findings.ts';

const WITH_HOST = 0;
const WITH_CARD = 1;
/** Named by a request the card must refuse: it may have taken it or not. */
const IN_DOUBT = 2;

/** What `Findings.hold` knows the host's writes by. */
export const WRITES = 'writes';

export class TransmitBuffers {
  private readonly findings: Findings;
  private readonly area: PoolArea;
  private readonly immediate: PoolArea;
  private readonly state: Uint8Array;
  private readonly frame: Float64Array;
  private readonly socket: Int32Array;
  private readonly everSent: Uint8Array;
  /** Bytes of a buffer that the host has written since it came back: from and up to, within it. */
  private readonly writtenFrom: Int32Array;
  private readonly writtenTo: Int32Array;
  /** Lists that cannot be seen (chained ones) may have named contexts: those nobody sent may come back. */
  unseen = false;
  /** Contexts the card has. */
  out = 0;
  returned = 0;

  constructor(area: PoolArea, immediate: PoolArea, findings: Findings) {
    this.findings = findings;
    this.area = area;
    this.immediate = immediate;
    const count = area.count + immediate.count;
    this.state = new Uint8Array(count);
    this.frame = new Float64Array(count);
    this.socket = new Int32Array(count);
    this.everSent = new Uint8Array(count);
    this.writtenFrom = new Int32Array(area.count);
    this.writtenTo = new Int32Array(area.count);
  }

  get count(): number {
    return this.state.length;
  }

  get buffers(): number {
    return this.area.count;
  }

  get slotBytes(): number {
    return this.immediate.bufferBytes;
  }

  /** Whether bytes lie in the buffer, or the slot of card memory, that a context names. // Hot path. */
  inside(context: number, address: number, length: number): boolean {
    const own = context >= this.area.count;
    const { offset, bufferBytes } = own ? this.immediate : this.area;
    const start = offset + (own ? context - this.area.count : context) * bufferBytes;
    return context < this.count && address >= start && address + length <= start + bufferBytes;
  }

  /** A context is sent. @param sure the request is one the card takes. // Hot path. */
  send(context: number, socket: number, sure: boolean): void {
    const { state } = this;
    if (state[context] === WITH_CARD) {
      this.findings.report(
        'B-04',
        context,
        `context ${context} was sent, and the card has it since frame ${this.frame[context]}`,
      );
    } else {
      this.out += 1;
    }
    state[context] = sure ? WITH_CARD : IN_DOUBT;
    this.everSent[context] = 1;
    this.frame[context] = this.findings.frame;
    this.socket[context] = socket;
  }

  /**
   * Rule O-05: bytes of a buffer are sent. Whoever lends buffers to programs does not see what these write, which
   * only the ledger tells. // Hot path.
   */
  sent(context: number, length: number): void {
    if (context >= this.area.count) return;
    if (this.writtenTo[context] - this.writtenFrom[context] < length) {
      const written = this.writtenTo[context] - this.writtenFrom[context];
      const seen = `${length} bytes of buffer ${context} were sent, and ${written} were written since it came back`;
      this.findings.hold(WRITES, 'O-05', context, seen);
    }
    this.writtenFrom[context] = 0;
    this.writtenTo[context] = 0;
  }

  /** A context came back. // Hot path. */
  giveBack(context: number): void {
    this.returned += 1;
    if (context < 0 || context >= this.state.length) {
      this.findings.report('B-05', context, `context ${hex(context)} of ${this.state.length}`);
      return;
    }
    if (this.state[context] === WITH_HOST) {
      if (this.unseen) return;
      if (this.everSent[context] === 1) {
        this.findings.report('B-06', context, `context ${context} was returned, and the host has it already`);
      } else this.findings.report('B-05', context, `context ${context} was returned and never sent`);
      return;
    }
    assert(this.out > 0, 'transmit buffers: a context comes home only after it was counted as out');
    this.state[context] = WITH_HOST;
    this.out -= 1;
  }

  /** A request was refused as a whole: what it named is in doubt. */
  doubt(frame: number): void {
    for (let context = 0; context < this.state.length; context++) {
      if (this.state[context] === WITH_CARD && this.frame[context] === frame) this.state[context] = IN_DOUBT;
    }
  }

  /** A request was not delivered: what it named never became the card's. */
  undelivered(frame: number): void {
    for (let context = 0; context < this.state.length; context++) {
      if (this.state[context] === WITH_HOST || this.frame[context] !== frame) continue;
      this.state[context] = WITH_HOST;
      this.out -= 1;
    }
  }

  /** The host wrote to the pool. @param address within it. // Hot path. */
  hostWrote(address: number, length: number): void {
    const { offset, bufferBytes } = this.area;
    const first = Math.floor((address - offset) / bufferBytes);
    const last = Math.floor((address + length - 1 - offset) / bufferBytes);
    if (first === last && first < this.area.count) {
      const at = address - offset - first * bufferBytes;
      const none = this.writtenTo[first] === this.writtenFrom[first];
      if (none || at < this.writtenFrom[first]) this.writtenFrom[first] = at;
      if (none || at + length > this.writtenTo[first]) this.writtenTo[first] = at + length;
    }
    for (let context = first; context <= last && context < this.area.count; context++) {
      if (this.state[context] === WITH_CARD) {
        this.findings.report('O-01', context, `${length} bytes at ${hex(address)}, in buffer ${context}`);
      }
    }
  }

  /** Every buffer must have come back by now. @param of only those of sockets for which it answers true. */
  expectHome(of: (socket: number) => boolean): void {
    for (let context = 0; context < this.state.length; context++) {
      const socket = this.socket[context];
      if (this.state[context] !== WITH_CARD || !of(socket)) continue;
      this.findings.report(
        'B-07',
        context,
        `context ${context} of socket ${socket}, sent in frame ${this.frame[context]}`,
      );
    }
  }

  /** The card was reset: the host has every buffer again, and is told nothing. */
  reset(): void {
    this.state.fill(WITH_HOST);
    this.out = 0;
  }

  /** The context of the buffer an address begins; -1 for none. */
  bufferAt(address: number): number {
    return bufferAt(this.area, address);
  }
}
