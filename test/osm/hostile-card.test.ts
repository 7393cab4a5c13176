/** The driver against a card gone mad: random replies never make it throw, hang, or lose a buffer. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planCard } from '../../src/dma/card-layout.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { FLAG_LAST, FLAG_REPLY, FRAME_WORDS } from '../../src/i2o/frame.ts';
import { RingConsumer, RingProducer } from '../../src/i2o/ring.ts';
import { planRing } from '../../src/i2o/ring-layout.ts';
import { SOCKET_CONNECT, writeSocketConnectReply } from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { Host } from '../../src/osm/host.ts';
import { WRITABLE } from '../../src/socket/contract.ts';
import { EINPROGRESS } from '../../src/socket/errno.ts';
import { Clock } from '../../src/time/clock.ts';
import { DEFAULT_CARD_CONFIG } from '../../src/world/card-config.ts';

const pools = {
  ...DEFAULT_CARD_CONFIG.pools,
  inboundFrames: 64,
  outboundFrames: 64,
  transmitBuffers: 16,
  transmitBufferBytes: 2048,
  receiveBuckets: 16,
  receiveBucketBytes: 2048,
  immediateSlots: 8,
};

/** A driver whose card is this test: it swallows requests and says whatever it likes. */
class MadCard {
  readonly host: Host;
  readonly clock = new Clock();
  readonly requests: RingConsumer;
  readonly replies: RingProducer;
  readonly words: Int32Array;
  readonly swallow: () => void;
  /** Context of the latest connect, so that it can be answered well for once. */
  connectTag = 0;

  constructor() {
    const plan = new MemoryPlan();
    const layout = planCard(plan, 'card', pools, planRing);
    const region = allocateRegion(plan.byteLength);
    this.words = region.words;
    this.clock.set(0);
    this.requests = new RingConsumer(region, layout.inbound, layout.inboundFrames);
    this.replies = new RingProducer(region, layout.outbound, layout.outboundFrames);
    const swallow = (): void => {
      for (let at = this.requests.receive(); at !== NO_FRAME; at = this.requests.receive()) {
        if (this.words[at + 1]! >>> 24 === SOCKET_CONNECT) this.connectTag = this.words[at + 3]!;
        this.requests.release();
      }
      this.requests.publish();
      this.clock.set(this.clock.nowNs + 1e8);
    };
    this.swallow = swallow;
    const driver = { ...DEFAULT_CARD_CONFIG.driver, socketsMax: 8, spinNs: 0, controlTimeoutNs: 1e9 };
    this.host = new Host(region, layout, driver, {
      clock: this.clock,
      waker: { wake: swallow },
      sleeper: { prepare() {}, sleep: swallow },
      health: { alive: () => true },
    });
    this.host.driver.goOnline(2);
    swallow();
  }

  reply(fill: (words: Int32Array, frame: number) => void): void {
    const frame = this.replies.acquire();
    if (frame === NO_FRAME) return;
    fill(this.words, frame);
    this.replies.post();
    this.replies.publish();
  }
}

const body = fc.array(fc.integer(), { minLength: FRAME_WORDS, maxLength: FRAME_WORDS });
const reply = fc.record({
  handler: fc.integer({ min: 0, max: 9 }),
  functionCode: fc.constantFrom(0x81, 0x82, 0x84, 0x85, 0x89, 0x8f, 0xff),
  flags: fc.constantFrom(FLAG_REPLY | FLAG_LAST, FLAG_REPLY | FLAG_LAST | 0x10, 0xe0, 0),
  size: fc.integer({ min: 0, max: 40 }),
  small: fc.boolean(),
  call: fc.integer({ min: 0, max: 6 }),
  body,
});

let connected = 0;

describe('a card gone mad', () => {
  it('never makes the driver throw, hang, or lose a buffer', () => {
    fc.assert(
      fc.property(fc.array(reply, { minLength: 1, maxLength: 60 }), (replies) => {
        const card = new MadCard();
        const { sockets, driver, transmit, receive } = card.host;
        const bytes = new Uint8Array(3000);
        const open: number[] = [];
        for (const { handler, functionCode, flags, size, small, call, body: words } of replies) {
          card.reply((frameWords, frame) => {
            words.forEach((value, i) => {
              frameWords[frame + i] = small ? value & 0x00ff000f : value;
            });
            frameWords[frame] = 1 | (flags << 8) | (size << 16);
            frameWords[frame + 1] = DEVICE_TID | (HOST_TID << 12) | (functionCode << 24);
            frameWords[frame + 2] = handler;
          });
          driver.poll();
          const socket = open[open.length - 1] ?? -1;
          if (call === 0) open.push(sockets.socket());
          else if (call === 1 && sockets.connect(socket, 1, 1) === -EINPROGRESS) {
            card.swallow();
            card.reply((w, f) =>
              writeSocketConnectReply(w, f, DEVICE_TID, HOST_TID, 2, card.connectTag, 0, 0, socket, 1, 1),
            );
            driver.poll();
            connected += sockets.readiness(socket) & WRITABLE;
          } else if (call === 2) sockets.send(socket, bytes, 0, bytes.length);
          else if (call === 3) sockets.recv(socket, bytes, 0, bytes.length);
          else if (call === 4 && socket >= 0) sockets.close(open.pop()!);
          else if (call === 5) sockets.listen(socket, 4);
          else sockets.accept(socket);
        }
        driver.die(100);
        expect(transmit.inUse).toBe(0);
        for (const socket of open) if (socket >= 0) sockets.close(socket);
        expect(sockets.socketsInUse).toBe(0);
        expect(receive.waiting).toBe(receive.count);
      }),
      { numRuns: 300 },
    );
    expect(connected).toBeGreaterThan(50); // the driver's connected states were reached
  });
});
