/**
 * A hostile host against a real card, in virtual time. Frames of the spec, spoilt frames and noise, singly
 * and in batches; after each single one the card's answer is held against the oracle, and after the storm its
 * memory, its credits and its health. Everything follows from the seed.
 */
import { checkReplyFrame, FLAG_FAIL, FLAG_MULTIPLE, FRAME_WORDS } from '../../src/i2o/frame.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { INBOUND_RELEASED, OUTBOUND_POSTED } from '../../src/ledger/counters.gen.ts';
import { messageNamed } from '../../src/spec/catalogue.ts';
import { Random } from '../../src/time/random.ts';
import { BareCard } from '../iop/bed.ts';
import { FrameMaker } from './frame-maker.ts';
import { Guards } from './guards.ts';
import { mutate } from './mutations.ts';
import { FAIL, isSecond, judge, STATUS, TRANSACTION, type Verdict } from './oracle.ts';
import {
  abuseFifos,
  bringUp,
  checkCredits,
  checkHealth,
  framesInUse,
  giveBackPreserved,
  stateOf,
  warmUp,
} from './tame-host.ts';

/** ReqStatus of a report of progress: no answer yet. */
const PROGRESS = 0x80;
/** Turns in which a card must come to rest while no time passes. */
const TURNS_MAX = 20_000;
export const SOCKETS = 32;

/** Of the class: mostly the latest. */
const VERSIONS = [1, 2, 3, 3, 3] as const;

/** What went wrong, with all that is needed to see it again. */
export class StormFailure extends Error {
  constructor(message: string, seed: number, step: number, frame: Int32Array) {
    const words = [...frame].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join(' ');
    super(`${message}\nseed ${seed}, frame ${step}: ${words}`);
  }
}

export class CardStorm {
  /** Frames sent. */
  frames = 0;
  /** Frames whose answer was judged, and of these, those that were wrong. */
  judged = 0;
  refused = 0;
  /** The card was reset in the turns of this step. */
  private wasReset = false;
  private readonly seed: number;
  private readonly version: 1 | 2 | 3;
  private readonly imageBytes: number;
  private readonly random: Random;
  private readonly card: BareCard;
  private readonly maker: FrameMaker;
  private readonly guards: Guards;
  private taken = 0;
  /** The frames of the latest batch. */
  private readonly posted: Int32Array[] = [];
  /** What was sent since the card rested, by its word index: the card must not write it. */
  private readonly sent: Map<number, Int32Array> = new Map();

  constructor(seed: number) {
    this.seed = seed;
    const random = new Random(seed);
    this.random = random;
    const transport = random.below(3) === 0 ? 'fifo' : 'ring';
    this.version = VERSIONS[random.below(VERSIONS.length)];
    this.imageBytes = random.below(2) === 0 ? 0 : 4096;
    this.card = new BareCard({
      transport,
      classVersion: this.version,
      packetSlots: 96,
      driver: { socketsMax: SOCKETS },
      pools: {
        inboundFrames: 32,
        outboundFrames: [8, 16, 64][random.below(3)],
        transmitBuffers: 16,
        transmitBufferBytes: 2048,
        receiveBuckets: 16,
        receiveBucketBytes: 2048,
        immediateSlots: 8,
        imageBytes: this.imageBytes,
      },
    });
    const { card } = this;
    const { layout } = card.memory;
    this.maker = new FrameMaker(random, layout, card.region.words, SOCKETS);
    this.guards = new Guards(card.region);
    this.guards.fillGaps(card.plan.holdings, random);
    // The fifo's host end counts in the host's ledger.
    const ours = ['transmit', ...(transport === 'ring' ? ['hostLedger'] : [])];
    for (const name of ours) {
      const holding = card.plan.holdings.find((candidate) => candidate.name === `card.${name}`)!;
      this.guards.fill(name, holding.offset, holding.byteLength, random);
    }
    const { offset, count, bufferBytes } = layout.receive;
    // The upper half of the buckets is never posted, except by a mutation, which moves whole buckets: see
    // `posts`.
    for (let bucket = count >> 1; bucket < count; bucket++) {
      this.guards.fill(`bucket ${bucket}`, offset + bucket * bufferBytes, bufferBytes, random);
    }
  }

  /** Sends so many frames, then checks what is left behind. @throws StormFailure. */
  run(frames: number): void {
    const { random } = this;
    const whole = this.frames + frames;
    this.guarded(() => bringUp(this.card));
    // Some storms meet a card that was never brought up, or not all the way.
    if (random.below(8) !== 0) this.guarded(() => warmUp(this.card));
    while (this.frames < whole) {
      this.guarded(() => this.step());
    }
    this.guarded(() => this.settle());
  }

  private guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (error instanceof StormFailure) throw error;
      throw new StormFailure(String((error as Error).stack), this.seed, this.frames, this.maker.frame);
    }
  }

  private step(): void {
    const { random, card } = this;
    const count = random.below(2) === 0 ? 1 : 1 + random.below(16);
    const state = stateOf(card);
    const { canReply } = state;
    const deviceReady = state.devices[0].ready;
    this.posted.length = 0;
    for (let i = 0; i < count; i++) {
      this.make();
      if (!this.post()) break;
    }
    this.wasReset = false;
    const replies = this.settleTurns();
    // A reset destroys the answers to what was before it. Behind a request that moves the card to another
    // state the others cannot be judged without the card's own rules.
    for (const frame of canReply && !this.wasReset ? this.posted : []) {
      this.hold(frame, judge(frame, deviceReady, this.version, this.imageBytes > 0), replies);
      if (movesState(frame)) break;
    }
    const passed = random.below(16) === 0 ? random.below(2e9) : random.below(200_000);
    card.clock.set(card.clock.nowNs + passed);
    if (!state.devices[0].ready && random.below(20) === 0) {
      bringUp(card);
      warmUp(card);
    } else if (random.below(200) === 0 && state.devices[0].ready) warmUp(card);
    if (random.below(8) === 0) abuseFifos(card, random);
  }

  /** Makes the next frame: good, spoilt, or noise. */
  private make(): void {
    const { random, maker, card } = this;
    const kind = random.below(16);
    maker.make(maker.pick(maker.messages), 0x4000_0000 + this.frames);
    const { frame } = maker;
    if (kind >= 6) {
      mutate(frame, random, { layout: card.memory.layout, words: card.region.words });
      if (this.posts()) maker.make(messageNamed('SocketReceiveCredit')!, frame[2]);
    } else if (kind === 0) {
      for (let i = 0; i < FRAME_WORDS; i++) frame[i] = random.nextInt32();
      if (random.below(2) === 0) frame[0] = 1 | ((3 + random.below(30)) << 16);
      if (random.below(2) === 0) frame[1] = DEVICE_TID | (HOST_TID << 12) | (frame[1] & 0xff000000);
    }
  }

  /** Whether a spoilt frame lends the card a watched bucket, which would be the host's own doing. */
  private posts(): boolean {
    const { offset, count, bufferBytes } = this.card.memory.layout.receive;
    const first = offset + (count >> 1) * bufferBytes;
    return this.maker.frame.some((word) => word >= first && word < offset + count * bufferBytes);
  }

  private post(): boolean {
    const { card, maker, sent } = this;
    const { words } = card.region;
    const at = card.inbound.acquire();
    if (at === NO_FRAME) return false;
    for (let i = 0; i < FRAME_WORDS; i++) words[at + i] = maker.frame[i];
    const copy = maker.frame.slice();
    sent.set(at, copy);
    this.posted.push(copy);
    card.inbound.post();
    card.inbound.publish();
    this.frames += 1;
    return true;
  }

  /** Gives the card turns until it rests. @returns its replies. */
  private settleTurns(): Int32Array[] {
    const { card } = this;
    const replies: Int32Array[] = [];
    for (let turn = 0; ; turn++) {
      if (turn === TURNS_MAX) throw new Error(`the card does not rest: ${TURNS_MAX} turns`);
      const { canReply } = stateOf(card);
      const worked = card.parts.processor.poll();
      // One of the frames was an OutboundInit: the queue is new, and has no frames until the host lends them.
      if (!canReply && stateOf(card).canReply) card.outbound.supply();
      if (stateOf(card).starting) {
        card.restart();
        this.wasReset = true;
      }
      const before = replies.length;
      this.checkSent();
      for (let at = card.outbound.receive(); at !== NO_FRAME; at = card.outbound.receive()) {
        const reply = card.region.words.slice(at, at + FRAME_WORDS);
        const fault = checkReplyFrame(reply, 0);
        if (fault !== 0) throw new Error(`a reply is malformed (${fault.toString(16)}): ${reply.join(' ')}`);
        replies.push(reply);
        card.outbound.release();
        giveBackPreserved(card, reply);
      }
      card.outbound.publish();
      this.taken += replies.length - before;
      if (worked === 0 && replies.length === before) break;
    }
    const inUse = framesInUse(card);
    if (inUse !== 0) throw new Error(`the card rests over ${inUse} requests`);
    return replies;
  }

  private checkSent(): void {
    const { words } = this.card.region;
    for (const [at, copy] of this.sent) {
      for (let i = 0; i < FRAME_WORDS; i++) {
        if (words[at + i] !== copy[i]) throw new Error(`the card wrote word ${i} of a request`);
      }
    }
    this.sent.clear();
  }

  /** Holds the answers to one frame against what the spec names. */
  private hold(frame: Int32Array, verdict: Verdict, replies: readonly Int32Array[]): void {
    if (this.posted.some((other) => other !== frame && other[1] === frame[1] && other[2] === frame[2]))
      return;
    const { must, may, silent, message } = verdict;
    const refusals = replies
      .filter((reply) => reply[1] === frame[1] && reply[2] === frame[2])
      .filter((reply) => refusalOf(reply, message?.replyForm === 'overlaid') !== 0);
    const codes = refusals.map((reply) => refusalOf(reply, false));
    this.judged += 1;
    if (must.size > 0) this.refused += 1;
    const said = codes.map(named).join(' and ') || 'nothing';
    const expected = [...must].map(named).join(' or ');
    const who = message?.name ?? 'unknown function';
    // An AcceptPost is answered once a number it posts.
    const once = message?.name !== 'SocketAcceptPost';
    if (once && codes.length > 1) this.differs(`${who}: refused ${codes.length} times: ${said}`, frame);
    if (must.size > 0) {
      const quiet = codes.length === 0 && silent && ![...must].every((code) => (code & FAIL) !== 0);
      const right = codes.some((code) => must.has(code) || may.has(code));
      if (!right && !quiet)
        this.differs(`${who}: the spec names ${expected}, the card answered ${said}`, frame);
    } else if (codes.some((code) => !may.has(code) && !meant(code, verdict))) {
      this.differs(`${who}: well formed, and the card answered ${said}`, frame);
    }
  }

  private differs(message: string, frame: Int32Array): never {
    throw new StormFailure(message, this.seed, this.frames, frame);
  }

  /** The storm is over: nothing was written that must not be, and every credit comes home. */
  private settle(): void {
    const { card } = this;
    this.guards.check();
    this.settleTurns();
    const released = card.ledger.counters[INBOUND_RELEASED];
    const posted = card.ledger.counters[OUTBOUND_POSTED];
    checkCredits(card);
    if (posted < this.taken || released < this.frames) {
      throw new Error(
        `${this.frames} frames sent, ${released} released; ${posted} posted, ${this.taken} taken`,
      );
    }
    checkHealth(card);
  }
}

/**
 * Whether a request may move the card or the device to another state: what it is itself told depends on the
 * card alone. The second initiator's may keep the host out of the device, or let it in again.
 */
function movesState(frame: Int32Array): boolean {
  const functionCode = frame[1] >>> 24;
  return ((frame[1] & 0xfff) === 0 && functionCode >= 0xa0) || (isSecond(frame) && functionCode !== 0);
}

/**
 * @returns what a reply refuses with, 0 for one that refuses nothing.
 * @param overlaid word 4 is no status.
 */
function refusalOf(reply: Int32Array, overlaid: boolean): number {
  const flags = (reply[0] >>> 8) & 0xff;
  const status = reply[4] >>> 24;
  if ((flags & FLAG_FAIL) !== 0) return FAIL | status;
  if ((overlaid && status !== 0x0b) || status === 0 || status === PROGRESS || (flags & FLAG_MULTIPLE) !== 0)
    return 0;
  return (status === 0x0b ? TRANSACTION : STATUS) | (reply[4] & 0xffff);
}

/** Whether a refusal is one of what the request means, not of how it is written. */
function meant(code: number, { message }: Verdict): boolean {
  if (message === undefined || (code >= FAIL && code < TRANSACTION)) return false;
  return message.className !== 'socket';
}

function named(code: number): string {
  if (code >= STATUS) return `status ${code - STATUS}`;
  if (code >= TRANSACTION) return `transaction error 0x${(code - TRANSACTION).toString(16)}`;
  return `failure 0x${(code - FAIL).toString(16)}`;
}
