/**
 * The FIFOs against a model of queues and owners, and against a host and a card that post whatever they like.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as at from '../../src/i2o/queues/fifo/fifo-layout.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { Fifos } from './fifo-bed.ts';

describe('both directions', () => {
  const steps = fc.array(
    fc.constantFrom(
      'request',
      'cancel',
      'prefetch',
      'take',
      'preserve',
      'adopt',
      'free',
      'reply',
      'show',
      'read',
      'armHost',
      'armCard',
      'waitHost',
      'waitCard',
    ),
    { maxLength: 300 },
  );

  it('keep order and credits in every interleaving, and nobody sleeps over work', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 2, max: 6 }), (script, frames) => {
        const fifos = new Fifos(frames, frames);
        fifos.replies.supply();
        // What the first lending told the card is no answer to a card that waits later.
        fifos.replies.publish();
        const model = new Model(fifos);
        for (const step of script) model[step]();
        model.settle(frames);
      }),
      { numRuns: 300, examples: [[['reply', 'reply', 'waitCard', 'read'], 2]] },
    );
  });
});

/** What must be true, in plain queues; `null` stands for a NOP. */
class Model {
  private readonly fifos: Fifos;
  private readonly requests: (number | null)[] = [];
  private readonly unshown: number[] = [];
  private readonly replies: number[] = [];
  private readonly preserved: number[] = [];
  private next = 1000;
  private hostSleeps = false;
  private cardSleeps = false;
  private hostWaits = false;
  private cardWaits = false;

  constructor(fifos: Fifos) {
    this.fifos = fifos;
  }

  request(): void {
    if (!this.fifos.request(this.next)) return;
    this.requests.push(this.next++);
    this.hostPublishes();
  }

  cancel(): void {
    const { requests } = this.fifos;
    const before = this.fifos.host('nops')[0];
    if (requests.acquire() === NO_FRAME) return;
    requests.cancel();
    if (this.fifos.host('nops')[0] > before) this.requests.push(null);
    this.hostPublishes();
  }

  prefetch(): void {
    this.fifos.requests.available(2);
  }

  take(): void {
    this.expectTaken(this.fifos.takeRequest());
  }

  preserve(): void {
    const { cardRequests, words } = this.fifos;
    const frame = cardRequests.receive();
    this.expectTaken(frame === NO_FRAME ? undefined : words[frame]);
    if (frame === NO_FRAME) return;
    this.preserved.push(cardRequests.preserve(0));
    cardRequests.release();
  }

  adopt(): void {
    const mfa = this.preserved.shift();
    if (mfa === undefined) return;
    expect(this.fifos.requests.adopt(mfa)).not.toBe(NO_FRAME);
    this.fifos.requests.cancel();
    this.requests.push(null);
    this.hostPublishes();
  }

  free(): void {
    const before = this.fifos.cardRequests.freeFrames;
    const told = this.fifos.cardRequests.publish();
    if (this.hostWaits && this.fifos.cardRequests.freeFrames > before) {
      expect(told).toBe(2);
      this.hostWaits = false;
    }
  }

  reply(): void {
    if (this.fifos.reply(this.next)) this.unshown.push(this.next++);
  }

  show(): void {
    const told = this.fifos.cardReplies.publish();
    expect(told !== 0).toBe(this.unshown.length > 0);
    if (this.hostSleeps && this.unshown.length > 0) {
      expect(told).toBe(2);
      this.hostSleeps = false;
    }
    this.replies.push(...this.unshown.splice(0));
  }

  read(): void {
    expect(this.fifos.takeReply()).toBe(this.replies.shift());
    const told = this.fifos.replies.publish();
    if (this.cardWaits && told !== 0) {
      expect(told).toBe(2);
      this.cardWaits = false;
    }
  }

  armHost(): void {
    this.hostSleeps = this.fifos.replies.arm();
    expect(this.hostSleeps).toBe(this.replies.length === 0);
  }

  armCard(): void {
    this.cardSleeps = this.fifos.cardRequests.arm();
    expect(this.cardSleeps).toBe(this.requests.length === 0);
  }

  waitHost(): void {
    this.hostWaits = this.fifos.requests.armForFree(1);
  }

  waitCard(): void {
    this.cardWaits = this.fifos.cardReplies.armForFree(1);
  }

  /** Everything that is out comes home. */
  settle(frames: number): void {
    const { fifos } = this;
    while (this.preserved.length > 0) this.adopt();
    fifos.requests.surrender();
    while (fifos.takeRequest() !== undefined);
    fifos.cardRequests.publish();
    expect(fifos.cardRequests.freeFrames).toBe(frames);
    expect(fifos.requests.inUse).toBe(0);
    fifos.cardReplies.publish();
    while (fifos.takeReply() !== undefined);
    expect(fifos.cardReplies.available(frames)).toBe(frames);
    expect(refusals(fifos)).toBe(0);
    expect(fifos.requests.broken || fifos.replies.broken).toBe(false);
    expect(fifos.cardRequests.broken || fifos.cardReplies.broken).toBe(false);
  }

  private expectTaken(value: number | undefined): void {
    const wanted = this.requests.shift();
    expect(value).toBe(wanted === null ? 0x00030001 : wanted);
  }

  private hostPublishes(): void {
    const told = this.fifos.requests.publish();
    if (!this.cardSleeps || this.requests.length === 0) return;
    expect(told).toBe(2);
    this.cardSleeps = false;
  }
}

function refusals(fifos: Fifos): number {
  const names = ['OutOfWindow', 'Misaligned', 'WrongDirection', 'NotOwned'];
  const counts = [
    ...fifos.card(...names.map((name) => `mfa${name}`)),
    ...fifos.host(...names.map((name) => `hostMfa${name}`)),
  ];
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Addresses of every kind: good ones of both directions, near misses, and anything. */
const anyMfa = fc.oneof(
  fc.record({
    inbound: fc.boolean(),
    slot: fc.integer({ min: 0, max: 4 }),
    off: fc.constantFrom(0, 0, 0, 4),
  }),
  fc.integer(),
);
type AnyMfa = number | { inbound: boolean; slot: number; off: number };

function mfaOf(fifos: Fifos, any: AnyMfa): number {
  if (typeof any === 'number') return any;
  return (any.inbound ? fifos.inboundMfa(any.slot) : fifos.outboundMfa(any.slot)) + any.off;
}

const FRAMES = 4;

describe('a hostile host', () => {
  const moves = fc.array(fc.tuple(fc.constantFrom('post', 'lend', 'read', 'readReply'), anyMfa), {
    maxLength: 60,
  });

  it('posts and lends what it likes: the card takes each frame only from its owner, and loses none', () => {
    fc.assert(
      fc.property(moves, (script) => {
        const fifos = new Fifos(FRAMES, FRAMES);
        const hostHolds = new Set<number>();
        for (const [move, any] of script) {
          const mfa = mfaOf(fifos, any);
          if (move === 'read') {
            const got = fifos.port.readInbound();
            if (got === NO_FRAME) continue;
            expect(hostHolds.has(got)).toBe(false); // never on the list twice
            hostHolds.add(got);
          } else if (move === 'post') {
            fifos.port.writeInbound(mfa);
            const before = refusals(fifos);
            const taken = fifos.takeRequest() !== undefined;
            fifos.cardRequests.publish();
            expect(taken).toBe(hostHolds.delete(mfa));
            expect(refusals(fifos) - before).toBe(taken ? 0 : 1);
          } else if (move === 'lend') {
            fifos.port.writeOutbound(mfa);
            fifos.cardReplies.available(FRAMES);
          } else {
            fifos.reply(1);
            fifos.cardReplies.publish();
            fifos.port.readOutbound();
          }
          expect(fifos.cardReplies.available(FRAMES)).toBeLessThanOrEqual(FRAMES);
        }
        expect(fifos.cardRequests.freeFrames + hostHolds.size).toBe(FRAMES);
        expect(fifos.cardRequests.broken).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['posts a frame twice', (_: Fifos, mfa: number) => [mfa, mfa], 'mfaNotOwned'],
    ['posts a frame it never read', (f: Fifos, mfa: number) => [mfa, f.inboundMfa(3)], 'mfaNotOwned'],
    ['posts an outbound frame', (f: Fifos, mfa: number) => [mfa, f.outboundMfa(1)], 'mfaWrongDirection'],
    ['posts the middle of a frame', (_: Fifos, mfa: number) => [mfa, mfa + 64], 'mfaMisaligned'],
    ['posts what lies past the window', (_: Fifos, mfa: number) => [mfa, -128], 'mfaOutOfWindow'],
    ['posts 0xFFFFFFFF', (_: Fifos, mfa: number) => [mfa, -1], 'mfaOutOfWindow'],
  ])('%s: refused by name, and the others go on', (_, posts, counter) => {
    const fifos = new Fifos(4);
    const mfa = fifos.port.readInbound();
    for (const post of posts(fifos, mfa)) fifos.port.writeInbound(post);
    expect([fifos.takeRequest() !== undefined, fifos.takeRequest()]).toEqual([true, undefined]);
    expect(fifos.card(counter)).toEqual([1]);
    expect(refusals(fifos)).toBe(1);
    fifos.cardRequests.publish();
    expect(fifos.cardRequests.freeFrames).toBe(4);
  });

  it('writes an inbound frame to the outbound port, as Linux 2.4’s reset did: refused by name', () => {
    const fifos = new Fifos(4, 4);
    fifos.port.writeOutbound(fifos.port.readInbound());
    expect(fifos.cardReplies.available(4)).toBe(0);
    fifos.replies.supply();
    expect(fifos.cardReplies.available(4)).toBe(4);
    expect(fifos.card('mfaWrongDirection')).toEqual([1]);
  });

  it('lends a frame it has not read: refused by name, and the reply arrives once', () => {
    const fifos = new Fifos(4, 4);
    fifos.replies.supply();
    fifos.reply(8);
    fifos.cardReplies.publish();
    fifos.port.writeOutbound(fifos.outboundMfa(3)); // the card took the last one first
    expect(fifos.cardReplies.available(4)).toBe(3);
    expect(fifos.card('mfaNotOwned')).toEqual([1]);
    expect(fifos.takeReply()).toBe(8);
    expect(fifos.cardReplies.available(4)).toBe(4);
  });
});

describe('a hostile card', () => {
  it('offers frames of any address: the host takes only those that can be, and holds none twice', () => {
    fc.assert(
      fc.property(
        fc.array(anyMfa, { maxLength: 40 }),
        fc.array(anyMfa, { maxLength: 40 }),
        (free, posted) => {
          const fifos = new Fifos(FRAMES, FRAMES);
          while (fifos.requests.available(FRAMES) < FRAMES);
          fifos.requests.surrender();
          fifos.replies.supply();
          for (let i = 0; i < Math.max(free.length, posted.length); i++) {
            if (i < free.length) {
              fifos.forge(at.INBOUND_FREE, at.INBOUND_FREE_HEAD, mfaOf(fifos, free[i]));
              expect(fifos.requests.available(FRAMES)).toBeLessThanOrEqual(FRAMES);
            }
            if (i < posted.length) {
              fifos.forge(at.OUTBOUND_POST, at.OUTBOUND_POST_HEAD, mfaOf(fifos, posted[i]));
              const frame = fifos.replies.receive();
              const good = typeof posted[i] === 'object';
              if (!good) expect(frame).toBe(NO_FRAME);
              if (frame === NO_FRAME) continue;
              expect((frame << 2) - fifos.layout.outbound).toBeGreaterThanOrEqual(0);
              fifos.replies.release();
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('posts one reply twice before the host has given it back: taken once', () => {
    const fifos = new Fifos(4, 4);
    fifos.replies.supply();
    const mfa = fifos.outboundMfa(0);
    for (let i = 0; i < 2; i++) fifos.forge(at.OUTBOUND_POST, at.OUTBOUND_POST_HEAD, mfa);
    expect(fifos.replies.receive()).toBe(mfa >> 2);
    expect(fifos.replies.receive()).toBe(mfa >> 2); // the same one, still being read
    expect(fifos.host('portReads')).toEqual([1]);
  });

  it('posts a frame it was never lent: refused by name', () => {
    const fifos = new Fifos(4, 4);
    fifos.forge(at.OUTBOUND_POST, at.OUTBOUND_POST_HEAD, fifos.outboundMfa(2));
    fifos.forge(at.OUTBOUND_POST, at.OUTBOUND_POST_HEAD, fifos.inboundMfa(2));
    expect(fifos.replies.receive()).toBe(NO_FRAME);
    expect(fifos.host('hostMfaNotOwned', 'hostMfaWrongDirection')).toEqual([1, 1]);
  });

  it('fills a list with rubbish: one look is bounded', () => {
    const fifos = new Fifos(64, 64);
    for (let i = 0; i < 64; i++) fifos.forge(at.OUTBOUND_POST, at.OUTBOUND_POST_HEAD, 3);
    expect(fifos.replies.receive()).toBe(NO_FRAME);
    expect(fifos.host('portReads')[0]).toBeLessThanOrEqual(32);
  });
});

describe('an index that cannot be', () => {
  const indices = [
    at.INBOUND_FREE_HEAD,
    at.INBOUND_FREE_TAIL,
    at.INBOUND_POST_HEAD,
    at.INBOUND_POST_TAIL,
    at.OUTBOUND_POST_HEAD,
    at.OUTBOUND_POST_TAIL,
    at.OUTBOUND_FREE_HEAD,
    at.OUTBOUND_FREE_TAIL,
  ];

  it('ends that list’s use at whoever reads it: nothing throws, and what comes out is judged as ever', () => {
    fc.assert(
      fc.property(fc.constantFrom(...indices), fc.integer(), (index, value) => {
        const fifos = new Fifos(FRAMES, FRAMES);
        fifos.replies.supply();
        for (let round = 0; round < 8; round++) {
          if (round === 2) Atomics.store(fifos.words, fifos.at(index), value);
          fifos.request(round);
          fifos.takeRequest();
          fifos.cardRequests.publish();
          fifos.reply(round);
          fifos.cardReplies.publish();
          fifos.takeReply();
          fifos.requests.armForFree(1);
          fifos.cardReplies.armForFree(1);
        }
        expect(fifos.requests.available(FRAMES)).toBeLessThanOrEqual(FRAMES);
        expect(fifos.cardReplies.available(FRAMES)).toBeLessThanOrEqual(FRAMES);
      }),
      { numRuns: 400 },
    );
  });
});
