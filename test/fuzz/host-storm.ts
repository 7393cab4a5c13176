/**
 * A hostile card against the real driver, in virtual time. Every request is answered well, badly, twice or
 * never, beside replies nobody asked for; a program calls meanwhile. The driver must not throw, hang, write
 * what is not its own, or lose a buffer; what it sends must be well formed whatever it was told. Everything
 * follows from the seed.
 */

import { planCard } from '../../src/dma/card-layout.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { FRAME_WORDS } from '../../src/i2o/frame.ts';
import type { FifoCardConsumer } from '../../src/i2o/queues/fifo/card-consumer.ts';
import type { FifoCardProducer } from '../../src/i2o/queues/fifo/card-producer.ts';
import { firstInboundMfa } from '../../src/i2o/queues/fifo/fifo-layout.ts';
import { cardQueues, hostQueues, queuePlanner } from '../../src/i2o/queues/queues.ts';
import { DEVICE_TID } from '../../src/i2o/tids.ts';
import { type FrameConsumer, type FrameProducer, NO_FRAME } from '../../src/i2o/transport.ts';
import { MESSAGE_REPLIES, OUTBOUND_REFUSED } from '../../src/ledger/counters.gen.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { Host } from '../../src/osm/host.ts';
import { ERRNO_MAX } from '../../src/socket/errno.ts';
import { Clock } from '../../src/time/clock.ts';
import { Random } from '../../src/time/random.ts';
import { DEFAULT_CARD_CONFIG } from '../../src/world/config/settings.ts';
import { StormFailure } from './card-storm.ts';
import { LOOPBACK, PORT } from './frame-maker.ts';
import { Guards } from './guards.ts';
import { type Memory, mutate } from './mutations.ts';
import { judge } from './oracle.ts';
import { ReplyMaker } from './reply-maker.ts';

/** Outbound frames over the FIFOs, which then have 32 entries each; and lies told to the host in all. */
const FIFO_FRAMES = 24;
const LIES_MAX = 8;
const SOCKETS = 16;
/** Rests a single call of the program may take: a driver that rests oftener hangs. */
const RESTS_MAX = 200;
const HANDLERS = 12;

export class HostStorm {
  /** Replies sent. */
  frames = 0;
  /** Replies whose header was wrong, each of which the driver refused. */
  refused = 0;
  /** Requests the driver sent. */
  requests = 0;
  private readonly seed: number;
  private readonly random: Random;
  private readonly clock = new Clock();
  private readonly region: Region;
  private readonly host: Host;
  private readonly inbound: FrameConsumer;
  private readonly outbound: FrameProducer;
  private readonly maker: ReplyMaker;
  private readonly guards: Guards;
  private readonly memory: Memory;
  private readonly open: number[] = [];
  private readonly bytes = new Uint8Array(5000);
  private rests = 0;
  /** Addresses shown to the host that are lies. */
  private lies = 0;
  private quiet = false;

  constructor(seed: number) {
    this.seed = seed;
    const random = new Random(seed);
    this.random = random;
    const pools = {
      ...DEFAULT_CARD_CONFIG.pools,
      inboundFrames: [8, 32][random.below(2)],
      outboundFrames: 32,
      transmitBuffers: 16,
      transmitBufferBytes: 2048,
      receiveBuckets: 16,
      receiveBucketBytes: 2048,
      immediateSlots: 8,
    };
    const plan = new MemoryPlan();
    const transport = random.below(3) === 0 ? 'fifo' : 'ring';
    // Fewer frames than the FIFOs have entries, so that the lies of `abuseFifos` find room beside them.
    const counts = transport === 'fifo' ? { inboundFrames: 8, outboundFrames: FIFO_FRAMES } : {};
    const layout = planCard(plan, 'card', { ...pools, ...counts }, queuePlanner(transport), transport);
    this.region = allocateRegion(plan.byteLength);
    this.guards = new Guards(this.region);
    this.guards.fillGaps(plan.holdings, random);
    for (const name of ['iopLedger', 'immediate', 'receive']) {
      const holding = plan.holdings.find((candidate) => candidate.name === `card.${name}`)!;
      this.guards.fill(name, holding.offset, holding.byteLength, random);
    }
    this.clock.set(0);
    this.memory = { layout, words: this.region.words };
    // The card's ends count elsewhere, so that its own ledger stays as it is.
    const queues = cardQueues(this.region, layout, new Ledger(allocateRegion(LEDGER_BYTES), 0));
    this.inbound = queues.inbound;
    this.outbound = queues.outbound;
    this.maker = new ReplyMaker(random, SOCKETS, pools.receiveBucketBytes, () =>
      transport === 'fifo' ? firstInboundMfa(layout) + 128 * random.below(layout.inboundFrames) : 128,
    );
    const driver = {
      ...DEFAULT_CARD_CONFIG.driver,
      socketsMax: SOCKETS,
      spinNs: 0,
      controlTimeoutNs: 1e9,
    };
    const ledger = new Ledger(this.region, layout.hostLedger);
    this.host = new Host(this.region, layout, driver, {
      ...hostQueues(this.region, layout, ledger),
      clock: this.clock,
      waker: { wake: () => this.serve() },
      sleeper: { prepare() {}, sleep: () => this.rest() },
      health: { alive: () => true },
    });
  }

  /** Sends at least so many replies, then checks what is left behind. @throws StormFailure. */
  run(frames: number): void {
    const whole = this.frames + frames;
    this.guarded(() => {
      this.host.driver.supplyOutbound();
      this.host.requests.useDevice(DEVICE_TID);
      this.host.driver.goOnline(2);
    });
    while (this.frames < whole) {
      this.rests = 0;
      this.guarded(() => this.call());
      this.guarded(() => this.judgeOne());
    }
    this.guarded(() => this.settle());
  }

  private guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      const { seed, frames, maker } = this;
      throw new StormFailure(String((error as Error).stack), seed, frames, maker.frame);
    }
  }

  private rest(): void {
    this.rests += 1;
    if (this.rests > RESTS_MAX)
      throw new Error(`the driver rests over and over: ${RESTS_MAX} times in one call`);
    this.clock.set(this.clock.nowNs + 2e7);
    this.serve();
  }

  /** The card's turn: takes the requests, and answers them as it likes. */
  private serve(): void {
    const { random, maker, inbound } = this;
    const { words } = this.region;
    for (let at = inbound.receive(); at !== NO_FRAME; at = inbound.receive()) {
      const request = words.slice(at, at + FRAME_WORDS);
      this.requests += 1;
      const { must } = judge(request, true);
      if (must.size > 0) throw new Error(`the driver sent a malformed request: ${request.join(' ')}`);
      inbound.release();
      maker.remember(request);
      if (this.quiet) continue;
      // Most are answered, or the driver would do nothing but wait.
      if (random.below(8) !== 0 && maker.answer(request)) {
        if (random.below(6) === 0) mutate(maker.frame, random, this.memory);
        this.send();
      }
    }
    inbound.publish();
    if (this.quiet) return;
    if (random.below(3) === 0) this.noise();
    if (random.below(32) === 0) this.abuseFifos();
  }

  /** A reply nobody waits for. */
  private noise(): void {
    const { random, maker } = this;
    const { frame, requests } = maker;
    const kind = random.below(4);
    const request = requests[random.below(Math.max(1, requests.length))];
    if (kind === 0 || request === undefined || !maker.answer(request)) {
      for (let i = 0; i < FRAME_WORDS; i++) frame[i] = random.nextInt32() & (random.below(2) === 0 ? -1 : 15);
      frame[0] = 1 | ([0xc0, 0xd0, 0xe0, 0x80][random.below(4)] << 8) | (random.below(34) << 16);
      frame[2] = random.below(HANDLERS);
    } else if (kind !== 1) mutate(frame, random, this.memory);
    this.send();
  }

  /** Shows the host addresses of frames that are not there, not its own, or its already. */
  private abuseFifos(): void {
    const { layout } = this.memory;
    if (layout.transport !== 'fifo') return;
    const { random } = this;
    const inbound = firstInboundMfa(layout) + 128 * random.below(layout.inboundFrames);
    const outbound = layout.outbound + 128 * random.below(layout.outboundFrames);
    const wild = [random.nextInt32(), 0, inbound + 4, inbound, outbound + 8, outbound][random.below(6)];
    // Only as many as find room beside the frames: a frame without room would be the card's own loss.
    if (this.lies >= LIES_MAX) return;
    this.lies += 1;
    const free = random.below(2) === 0;
    const list = free
      ? (this.inbound as FifoCardConsumer)['free']
      : (this.outbound as FifoCardProducer)['posted'];
    list.push(wild);
    list.show();
  }

  /** @returns the word index of the frame sent; NO_FRAME when none was free. */
  private send(): number {
    const at = this.outbound.acquire();
    if (at === NO_FRAME) return NO_FRAME;
    for (let i = 0; i < FRAME_WORDS; i++) this.region.words[at + i] = this.maker.frame[i];
    this.outbound.post();
    this.outbound.publish();
    this.frames += 1;
    return at;
  }

  /** The program's turn. */
  private call(): void {
    const { random, open, bytes } = this;
    const { sockets } = this.host;
    const socket = open[random.below(Math.max(1, open.length))] ?? -1;
    const length = random.below(random.below(4) === 0 ? bytes.length : 200);
    switch (random.below(18)) {
      case 0:
      case 1:
        if (open.length < SOCKETS) this.opened(sockets.socket(1 + random.below(2)));
        break;
      case 2:
        this.answered('bind', sockets.bind(socket, 0, PORT));
        break;
      case 3:
        this.answered('listen', sockets.listen(socket, random.below(8)));
        break;
      case 4:
      case 5:
        this.answered('connect', sockets.connect(socket, LOOPBACK, PORT));
        break;
      case 6:
        this.opened(sockets.accept(socket));
        break;
      case 7:
      case 8:
      case 9:
        this.answered('send', sockets.send(socket, bytes, 0, length));
        break;
      case 10:
        this.answered('sendTo', sockets.sendTo(socket, bytes, 0, length, LOOPBACK, PORT));
        break;
      case 11:
      case 12:
        this.answered('recv', sockets.recv(socket, bytes, 0, length));
        break;
      case 13:
        this.answered('setOption', sockets.setOption(socket, random.below(16), random.below(4)));
        this.answered('getOption', sockets.getOption(socket, random.below(16)));
        break;
      case 14:
        sockets.localEndpoint(socket);
        sockets.remoteEndpoint(socket);
        this.answered('shutdown', sockets.shutdown(socket, random.below(3)));
        break;
      case 15:
        if (random.below(3) === 0 && socket >= 0) this.close(socket);
        break;
      case 16:
        sockets.readiness(socket);
        this.answered('wait', sockets.wait(1));
        break;
      default:
        sockets.poll();
    }
  }

  /** Every answer is one the contract has: a number of bytes, a value, 0, or an errno that exists. */
  private answered(call: string, answer: number): void {
    const most = call === 'getOption' ? 0x7fffffff : call === 'wait' ? SOCKETS : this.bytes.length;
    if (!(answer >= -ERRNO_MAX && answer <= most)) throw new Error(`${call} answered ${answer}`);
  }

  private opened(socket: number): void {
    if (socket < 0) return;
    if (this.open.includes(socket)) throw new Error(`socket ${socket} was given out twice`);
    this.open.push(socket);
  }

  private close(socket: number): void {
    this.open.splice(this.open.indexOf(socket), 1);
    this.host.sockets.close(socket);
  }

  /** One reply alone, spoilt or not: a wrong header is refused, once, and the frame is left as it is. */
  private judgeOne(): void {
    const { random, maker, region } = this;
    const { counters } = this.host.ledger;
    this.quiet = true;
    while (this.host.driver.poll() > 0) {}
    const request = maker.requests[random.below(Math.max(1, maker.requests.length))];
    if (request !== undefined && maker.answer(request)) {
      if (random.below(3) !== 0) mutate(maker.frame, random, this.memory);
      const copy = maker.frame.slice();
      const [refused, replies] = [counters[OUTBOUND_REFUSED], counters[MESSAGE_REPLIES]];
      const at = this.send();
      if (at !== NO_FRAME) {
        for (let i = 0; i < 3; i++) this.host.driver.poll();
        if (counters[MESSAGE_REPLIES] !== replies + 1) throw new Error('the driver did not take a reply');
        const more = counters[OUTBOUND_REFUSED] - refused;
        if (more > 1 || (isBad(copy) && more !== 1)) throw new Error(`a bad reply was refused ${more} times`);
        this.refused += more;
        const now = region.words.subarray(at, at + FRAME_WORDS);
        if (copy.some((word, i) => word !== now[i])) throw new Error('the driver wrote a reply frame');
      }
    }
    this.quiet = false;
    this.serve();
  }

  /** The card is gone: every buffer is the host's again, and every socket can be closed. */
  private settle(): void {
    const { driver, transmit, receive, sockets } = this.host;
    this.guards.check();
    this.quiet = true;
    driver.die(100);
    for (const socket of this.open.splice(0)) sockets.close(socket);
    driver.poll();
    if (transmit.inUse !== 0) throw new Error(`${transmit.inUse} transmit buffers are lost`);
    if (sockets.socketsInUse !== 0) throw new Error(`${sockets.socketsInUse} socket numbers are lost`);
    const lost = receive.count - receive.waiting;
    if (lost !== 0) throw new Error(`${lost} receive buckets are lost`);
  }
}

/** Whether a reply's header is wrong, said from the reference (section 1), not from the driver's check. */
function isBad(reply: Int32Array): boolean {
  const word = reply[0];
  const flags = (word >>> 8) & 0xff;
  const size = word >>> 16;
  const offset = (word >>> 4) & 15;
  const least = (flags & 0x20) !== 0 ? 9 : 5;
  const flagged = (flags & 0x80) === 0 || (flags & 0x03) !== 0;
  return (word & 7) !== 1 || flagged || size < least || size > FRAME_WORDS || offset > size;
}
