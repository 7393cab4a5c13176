/**
 * Both sides' ends of one messaging unit, in one thread, and a port of its own for a host that does as it
 * likes.
 */
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { FRAME_BYTES } from '../../src/i2o/frame.ts';
import { FifoCardConsumer } from '../../src/i2o/queues/fifo/card-consumer.ts';
import { FifoCardProducer } from '../../src/i2o/queues/fifo/card-producer.ts';
import {
  type FifoLayout,
  fifoSize,
  firstInboundMfa,
  planOutboundFrames,
  planUnit,
  queueWord,
} from '../../src/i2o/queues/fifo/fifo-layout.ts';
import { HostPort } from '../../src/i2o/queues/fifo/fifo-port.ts';
import { FifoHostConsumer } from '../../src/i2o/queues/fifo/host-consumer.ts';
import { FifoHostProducer } from '../../src/i2o/queues/fifo/host-producer.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';

export class Fifos {
  readonly layout: FifoLayout;
  readonly region: Region;
  readonly words: Int32Array;
  readonly hostLedger: Ledger;
  readonly cardLedger: Ledger;
  readonly port: HostPort;
  readonly requests: FifoHostProducer;
  readonly replies: FifoHostConsumer;
  readonly cardRequests: FifoCardConsumer;
  readonly cardReplies: FifoCardProducer;

  constructor(inboundFrames = 4, outboundFrames = 4) {
    const plan = new MemoryPlan();
    const host = plan.reserve('host', LEDGER_BYTES, '');
    const card = plan.reserve('card', LEDGER_BYTES, '');
    const counts = { inboundFrames, outboundFrames };
    const unit = planUnit(plan, 'unit', counts);
    this.layout = { unit, outbound: planOutboundFrames(plan, 'outbound', counts), ...counts };
    this.region = allocateRegion(plan.byteLength);
    this.words = this.region.words;
    this.hostLedger = new Ledger(this.region, host);
    this.cardLedger = new Ledger(this.region, card);
    this.cardRequests = new FifoCardConsumer(this.region, this.layout, this.cardLedger);
    this.cardReplies = new FifoCardProducer(this.region, this.layout, this.cardLedger);
    this.port = new HostPort(this.region, this.layout, this.hostLedger);
    this.requests = new FifoHostProducer(this.region, this.layout, this.port, this.hostLedger);
    this.replies = new FifoHostConsumer(this.layout, this.port, this.hostLedger);
  }

  /** Counters of one side that are not 0, of those named. */
  host(...names: string[]): number[] {
    return pick(this.hostLedger, names);
  }

  card(...names: string[]): number[] {
    return pick(this.cardLedger, names);
  }

  inboundMfa(slot: number): number {
    return firstInboundMfa(this.layout) + slot * FRAME_BYTES;
  }

  outboundMfa(slot: number): number {
    return this.layout.outbound + slot * FRAME_BYTES;
  }

  /** Address of an index or flag. */
  at(offset: number): number {
    return (this.layout.unit + offset) >> 2;
  }

  /** Puts an address into a FIFO as a card that does as it likes would, moving the head with it. */
  forge(queue: number, headOffset: number, mfa: number): void {
    const head = Atomics.load(this.words, this.at(headOffset));
    this.words[queueWord(this.layout, queue) + (head & (fifoSize(this.layout) - 1))] = mfa;
    Atomics.store(this.words, this.at(headOffset), (head + 1) | 0);
  }

  /** Posts a request that holds a value. @returns whether a frame was free. */
  request(value: number): boolean {
    const frame = this.requests.acquire();
    if (frame === NO_FRAME) return false;
    this.words[frame] = value;
    this.requests.post();
    return true;
  }

  /** The card takes a request and gives its frame back. @returns the value; undefined when there is none. */
  takeRequest(): number | undefined {
    const frame = this.cardRequests.receive();
    if (frame === NO_FRAME) return undefined;
    const value = this.words[frame];
    this.cardRequests.release();
    return value;
  }

  reply(value: number): boolean {
    const frame = this.cardReplies.acquire();
    if (frame === NO_FRAME) return false;
    this.words[frame] = value;
    this.cardReplies.post();
    return true;
  }

  takeReply(): number | undefined {
    const frame = this.replies.receive();
    if (frame === NO_FRAME) return undefined;
    const value = this.words[frame];
    this.replies.release();
    return value;
  }
}

function pick(ledger: Ledger, names: string[]): number[] {
  const values = ledger.snapshot();
  return names.map((name) => values[name]);
}
