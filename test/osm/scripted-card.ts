/**
 * A driver whose card is the test: it keeps the requests it is sent and answers what it likes, when it likes.
 */
import { planCard } from '../../src/dma/card-layout.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { FAILURE_CODE_CONGESTION } from '../../src/i2o/executive.gen.ts';
import {
  FLAG_LAST,
  FLAG_REPLY,
  FRAME_WORDS,
  frameFunction,
  frameInitiatorContext,
  frameTransactionContext,
  writeFailure,
  writeHeader,
} from '../../src/i2o/frame.ts';
import { RingConsumer, RingProducer } from '../../src/i2o/queues/ring/ring.ts';
import { planRing, ringCopies } from '../../src/i2o/queues/ring/ring-layout.ts';
import { SOCKET_CONNECT, writeSocketConnectReply, writeSocketSendReply } from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { Host } from '../../src/osm/host.ts';
import type { DriverConfig } from '../../src/osm/memory/driver-config.ts';
import { HANDLER_CONNECT, HANDLER_SEND } from '../../src/osm/message/handlers.ts';
import { Clock } from '../../src/time/clock.ts';
import { DEFAULT_CARD_CONFIG } from '../../src/world/config/settings.ts';

export const POOLS = {
  ...DEFAULT_CARD_CONFIG.pools,
  inboundFrames: 64,
  outboundFrames: 64,
  transmitBuffers: 16,
  transmitBufferBytes: 2048,
  receiveBuckets: 16,
  receiveBucketBytes: 2048,
  immediateSlots: 8,
  storeBlocks: 128,
};

/** A request as the card took it. */
export type Request = Int32Array;

export class ScriptedCard {
  readonly host: Host;
  readonly clock = new Clock();
  readonly words: Int32Array;
  /** Requests taken and not yet looked at by the test, oldest first. */
  readonly taken: Request[] = [];
  /** Called for each request as it is taken, also while the driver waits in a call. */
  onRequest: (request: Request) => void = () => {};
  /**
   * Says of a request as it is taken that it cannot be delivered: a severity, with the preserved copy; 0: it
   * can.
   */
  severityOf: (request: Request) => number = () => 0;
  private readonly requests: RingConsumer;
  private readonly replies: RingProducer;

  constructor(driver: Partial<DriverConfig> = {}, cardVersion = 3) {
    const plan = new MemoryPlan();
    const layout = planCard(plan, 'card', POOLS, planRing);
    const region = allocateRegion(plan.byteLength);
    this.words = region.words;
    this.clock.set(0);
    const copies = ringCopies(layout.outbound, layout.outboundFrames);
    this.requests = new RingConsumer(region, layout.inbound, layout.inboundFrames, copies);
    this.replies = new RingProducer(region, layout.outbound, layout.outboundFrames);
    const config = {
      ...DEFAULT_CARD_CONFIG.driver,
      socketsMax: 8,
      spinNs: 0,
      controlTimeoutNs: 1e9,
      transmitReserve: 0,
      ...driver,
    };
    this.host = new Host(region, layout, config, {
      clock: this.clock,
      waker: { wake: () => this.take() },
      sleeper: {
        prepare() {},
        sleep: () => {
          this.take();
          this.clock.set(this.clock.nowNs + 1e8);
        },
      },
      health: { alive: () => true },
    });
    this.host.requests.useDevice(DEVICE_TID);
    this.host.driver.goOnline(cardVersion);
    this.take();
    this.taken.length = 0;
  }

  get sockets() {
    return this.host.sockets;
  }

  /** Takes every request there is, and releases its frame. */
  take(): Request[] {
    for (let at = this.requests.receive(); at !== NO_FRAME; at = this.requests.receive()) {
      const request = this.words.slice(at, at + FRAME_WORDS);
      const severity = this.severityOf(request);
      if (severity !== 0) this.fail(request, severity);
      this.requests.release();
      if (severity !== 0) continue;
      this.taken.push(request);
      this.onRequest(request);
    }
    this.requests.publish();
    return this.taken;
  }

  /** Answers the request being taken with a failure record. */
  private fail(request: Request, severity: number): void {
    this.reply((w, f) =>
      writeFailure(
        w,
        f,
        DEVICE_TID,
        HOST_TID,
        frameFunction(request, 0),
        frameInitiatorContext(request, 0),
        frameTransactionContext(request, 0),
        severity,
        FAILURE_CODE_CONGESTION,
        0,
        0,
        this.requests.preserve(f),
      ),
    );
  }

  /** The requests of one function taken since the last call, the others left. */
  takenOf(functionCode: number): Request[] {
    this.take();
    const found = this.taken.filter((request) => frameFunction(request, 0) === functionCode);
    for (const request of found) this.taken.splice(this.taken.indexOf(request), 1);
    return found;
  }

  /** Says something. @returns false when no outbound frame is free. */
  reply(fill: (words: Int32Array, frame: number) => void): boolean {
    const frame = this.replies.acquire();
    if (frame === NO_FRAME) return false;
    this.words.fill(0, frame, frame + FRAME_WORDS);
    fill(this.words, frame);
    this.replies.post();
    this.replies.publish();
    return true;
  }

  /** Answers a request with its own words turned into a reply of `words` after word 3. */
  answer(request: Request, flags: number, ...words: number[]): void {
    this.reply((w, f) => {
      writeHeader(
        w,
        f,
        0,
        FLAG_REPLY | flags,
        4 + words.length,
        DEVICE_TID,
        HOST_TID,
        frameFunction(request, 0),
        frameInitiatorContext(request, 0),
        frameTransactionContext(request, 0),
      );
      words.forEach((word, i) => {
        w[f + 4 + i] = word;
      });
    });
  }

  /** Answers a request with a status. @param status word 4. */
  status(request: Request, status: number, ...words: number[]): void {
    this.answer(request, FLAG_LAST, status, ...words);
  }

  /** A connected stream socket. */
  connect(): number {
    const socket = this.sockets.socket();
    this.sockets.connect(socket, 0x7f000001, 80);
    const request = this.takenOf(SOCKET_CONNECT).at(-1);
    const tag = frameTransactionContext(request!, 0);
    this.reply((w, f) =>
      writeSocketConnectReply(
        w,
        f,
        DEVICE_TID,
        HOST_TID,
        HANDLER_CONNECT,
        tag,
        0,
        0,
        socket,
        1000,
        0x7f000001,
      ),
    );
    this.host.driver.poll();
    this.taken.length = 0;
    return socket;
  }

  /** Gives contexts back. */
  contexts(...contexts: number[]): void {
    this.reply((w, f) => {
      contexts.forEach((context, i) => {
        w[f + 5 + i] = context;
      });
      writeSocketSendReply(
        w,
        f,
        DEVICE_TID,
        HOST_TID,
        HANDLER_SEND,
        0,
        0,
        contexts.length,
        0,
        5 + contexts.length,
      );
    });
    this.host.driver.poll();
  }

  get counters(): Record<string, number> {
    return this.host.ledger.snapshot();
  }
}
