/**
 * A driver that brings up a card gone mad: status words, status block and tables are what the card likes,
 * replies are spoilt or missing. Bringing up either works or fails with one line that says which step; it
 * never hangs or throws anything else.
 */
import { type CardLayout, planCard } from '../../src/dma/card-layout.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { FLAG_LAST, FLAG_REPLY, FRAME_WORDS } from '../../src/i2o/frame.ts';
import { type CardQueues, cardQueues, hostQueues, queuePlanner } from '../../src/i2o/queues/queues.ts';
import { SOCKET_CLASS_ID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { Host } from '../../src/osm/host.ts';
import { Clock } from '../../src/time/clock.ts';
import { Random } from '../../src/time/random.ts';
import { DEFAULT_CARD_CONFIG } from '../../src/world/config/settings.ts';
import { StormFailure } from './card-storm.ts';
import { mutate } from './mutations.ts';

/** Rests a bring-up may take: each of its few steps has a time-out. */
const RESTS_MAX = 2000;
const STATUS_GET = 0xa0;
const OUTBOUND_INIT = 0xa1;
const LCT_NOTIFY = 0xa2;
const CLAIM = 0x09;
const EVENT_REGISTER = 0x13;
const NOBODY = 0xfff;
const HOST = 1;
const POOLS = {
  ...DEFAULT_CARD_CONFIG.pools,
  inboundFrames: 16,
  outboundFrames: 16,
  transmitBuffers: 8,
  receiveBuckets: 8,
};

/** The card: it answers as a card would, but for what chance spoils. */
class MadCard {
  readonly region: Region;
  readonly layout: CardLayout;
  readonly frame = new Int32Array(FRAME_WORDS);
  private readonly random: Random;
  private readonly queues: CardQueues;
  private user = NOBODY;

  constructor(random: Random) {
    this.random = random;
    const plan = new MemoryPlan();
    const transport = random.below(2) === 0 ? 'fifo' : 'ring';
    this.layout = planCard(plan, 'card', POOLS, queuePlanner(transport), transport);
    this.region = allocateRegion(plan.byteLength);
    this.queues = cardQueues(this.region, this.layout, new Ledger(allocateRegion(LEDGER_BYTES), 0));
  }

  /** Answers what the driver has posted. */
  serve(): void {
    const { inbound } = this.queues;
    for (let at = inbound.receive(); at !== NO_FRAME; at = inbound.receive()) {
      const request = this.region.words.slice(at, at + FRAME_WORDS);
      inbound.release();
      this.answer(request, request[1] >>> 24);
    }
    inbound.publish();
  }

  private answer(request: Int32Array, functionCode: number): void {
    // Both wait for something to tell, and here nothing ever happens.
    if (functionCode === EVENT_REGISTER || (functionCode === LCT_NOTIFY && request[5] !== 0)) return;
    if (functionCode === CLAIM) this.user = HOST;
    if (this.random.below(30) === 0) return;
    if (functionCode === STATUS_GET) this.write(request[6], statusBlock());
    else if (functionCode === OUTBOUND_INIT) this.write(request[7], [4]);
    else {
      if (functionCode === LCT_NOTIFY) this.write(request[7], this.table());
      this.reply(request);
    }
  }

  /** A table of one device. */
  private table(): readonly number[] {
    const entry = [9 | (0x010 << 16), 1, 0, SOCKET_CLASS_ID | (2 << 12), 0, this.user, 0, 0, 0];
    return [12 | (1 << 28), 0, 1, ...entry];
  }

  /** Writes words as the card would, and now and then others. */
  private write(address: number, values: readonly number[]): void {
    const { layout, random, region } = this;
    if (address < layout.control || address + values.length * 4 > layout.control + 4096) return;
    values.forEach((value, i) => {
      const wild = random.below(40) === 0 ? random.nextInt32() : value;
      Atomics.store(region.words, (address >> 2) + i, wild);
    });
  }

  private reply(request: Int32Array): void {
    const { frame, layout, random } = this;
    const { outbound } = this.queues;
    const { words } = this.region;
    frame.fill(0);
    frame[0] = 1 | ((FLAG_REPLY | FLAG_LAST) << 8) | (5 << 16);
    frame.set(request.subarray(1, 4), 1);
    if (random.below(8) === 0) mutate(frame, random, { layout, words });
    const reply = outbound.acquire();
    if (reply === NO_FRAME) return;
    for (let i = 0; i < FRAME_WORDS; i++) words[reply + i] = frame[i];
    outbound.post();
    outbound.publish();
  }
}

function statusBlock(): readonly number[] {
  const block = new Array<number>(22).fill(0);
  block[2] = 0x1000 | (2 << 16);
  block[3] = FRAME_WORDS;
  block[4] = block[5] = block[6] = 16;
  block[21] = 0xff000000 | 0;
  return block;
}

/** @returns whether the card was brought up. @throws StormFailure. */
export function bringUpStorm(seed: number): boolean {
  const card = new MadCard(new Random(seed));
  const { region, layout } = card;
  const clock = new Clock();
  clock.set(0);
  let rests = 0;
  const rest = (): boolean => {
    rests += 1;
    if (rests > RESTS_MAX) throw new Error(`the driver rests over and over: ${RESTS_MAX} times`);
    clock.set(clock.nowNs + 1e8);
    card.serve();
    return rests < RESTS_MAX >> 1;
  };
  const config = { ...DEFAULT_CARD_CONFIG.driver, socketsMax: 8, spinNs: 0, controlTimeoutNs: 1e9 };
  const host = new Host(region, layout, config, {
    ...hostQueues(region, layout, new Ledger(region, layout.hostLedger)),
    clock,
    waker: { wake: () => card.serve() },
    sleeper: { prepare() {}, sleep: rest },
    health: { alive: () => true },
  });
  try {
    host.bringUp.run(SOCKET_CLASS_ID, rest);
    return true;
  } catch (error) {
    const { name, message, stack } = error as Error;
    if (name === 'Error' && /^the (card|table|device) /.test(message)) return false;
    throw new StormFailure(String(stack), seed, rests, card.frame);
  }
}
