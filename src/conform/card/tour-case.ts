/**
 * Our own host driver over a foreign card, in virtual time, with a validator that sees every frame: bring-up,
 * a part of the tour, and the end in order.
 */

import { DEVICE_TID, SOCKET_CLASS_ID } from '../../i2o/tids.ts';
import { Host } from '../../osm/host.ts';
import { NEVER } from '../../time/agent.ts';
import { MachineClock } from '../../time/clock.ts';
import { InterruptedSleeper } from '../../time/sleeper.ts';
import { Tour, type TourPart } from '../../tour/tour.ts';
import { SIDE_CARD } from '../../trace/sink.ts';
import type { Violation } from '../../validate/findings.ts';
import { Validator } from '../../validate/validator.ts';
import { startTrace, traced } from '../../world/build/card-trace.ts';
import type { CardOverrides } from '../../world/config/settings.ts';
import type { Link } from '../link/link.ts';
import { PipeFault } from '../pipe/fault.ts';
import { PIPE_FAULT_UNANNOUNCED } from '../pipe/pipe.gen.ts';
import { ForeignCard } from './foreign-card.ts';
import { HeldBytes } from './held-bytes.ts';

/** Virtual time begins nowhere in particular. */
const STARTED_AT = '1970-01-01T00:00:00.000Z';
const QUIESCE_NS = 1e9;
/** How long a driver that has nothing to wait for rests at most. */
const REST_NS = 10e6;
const ROUNDS = 2;
/** Pools small enough to run dry. */
const CARD: CardOverrides = {
  pools: {
    transmitBuffers: 64,
    transmitBufferBytes: 4096,
    receiveBuckets: 64,
    receiveBucketBytes: 4096,
    inboundFrames: 64,
    outboundFrames: 64,
    immediateSlots: 32,
  },
  driver: { socketsMax: 64, spinNs: 0 },
};
/** A card that runs by itself is left alone for so long after bring-up: then it rests, and is to be woken. */
const SILENCE_NS = 20e6;
/** Rules that compare the trace with the card's own counters, which a foreign card does not tell. */
const OF_THE_CARDS_LEDGER = ['R-03', 'R-06'];

/** What is gone through: a part, all of it, or nothing after bring-up. */
export type TourName = TourPart | 'bring-up' | 'whole';

export interface Toured {
  /** What the workload missed; '' when it got through. */
  readonly failure: string;
  readonly violations: readonly Violation[];
  readonly frames: number;
}

/** Rests by letting virtual time pass, no further than the card's next turn. */
class ForeignSleeper extends InterruptedSleeper {
  private readonly card: ForeignCard;

  constructor(card: ForeignCard) {
    super();
    this.card = card;
  }

  sleep(timeoutNs: number): void {
    const { card } = this;
    if (this.woken) return;
    const limitNs = card.clock.nowNs + (timeoutNs === NEVER ? REST_NS : timeoutNs);
    card.clock.set(Math.max(card.clock.nowNs, Math.min(limitNs, card.nextDeadlineNs())));
    card.poll();
  }
}

/** Rests until the card that runs by itself says something; one that is silent for long is looked after. */
class FreeSleeper extends InterruptedSleeper {
  private readonly card: ForeignCard;
  private readonly patienceNs: number;
  private silentNs = 0;
  /** How often it has rested. A host that finds its answers before it would rest is due no word of them. */
  rests = 0;

  constructor(card: ForeignCard, patienceNs: number) {
    super();
    this.card = card;
    this.patienceNs = patienceNs;
  }

  sleep(timeoutNs: number): void {
    if (this.woken) return;
    const waitNs = Math.min(timeoutNs === NEVER ? REST_NS : timeoutNs, this.patienceNs);
    this.rests += 1;
    this.silentNs = this.card.listen(waitNs) > 0 ? 0 : this.silentNs + waitNs;
    if (this.silentNs < this.patienceNs) return;
    this.card.probe();
    this.silentNs = 0;
  }
}

/** Tells on what passes before it judges it. */
class HearingValidator extends Validator {
  held: HeldBytes | undefined;

  override frame(direction: number, timeNs: number, slot: number, words: Int32Array, at: number): void {
    this.held?.frame(direction, words, at);
    super.frame(direction, timeNs, slot, words, at);
  }

  override write(side: number, timeNs: number, address: number, length: number): void {
    super.write(side, timeNs, address, length);
    if (side !== SIDE_CARD) this.held?.hostWrote(address, length);
  }
}

/**
 * Nothing is asked of a card until it rests, so that it is to be woken, and the host has asked for a word before
 * it asks for anything: however soon it looks for the answer, that word is owed.
 */
function leaveAlone(card: ForeignCard): void {
  card.listen(SILENCE_NS);
  card.outbound.arm();
}

/** @throws PipeFault where the card does what no back-end may. */
export function runTour(link: Link, name: string, tour: TourName): Toured {
  const free = link.runsFreely;
  // The host rests at once where it finds nothing, so it needs the word of nearly every answer.
  const card = new ForeignCard(link, name, 'socket', CARD, free ? new MachineClock() : undefined);
  const { region, clock, config, plan } = card;
  const sleeper = free ? new FreeSleeper(card, link.patienceMs * 1e6) : new ForeignSleeper(card);
  let told = 0;
  card.interrupted = () => {
    told += 1;
    sleeper.interrupt();
  };
  const validator = new HearingValidator();
  const { transmit, receive } = plan.memory.layout;
  const strayed = (address: number): void => validator.write(SIDE_CARD, clock.nowNs, address, 1);
  if (free) validator.held = new HeldBytes(region, transmit, receive, strayed);
  card.cardWrites = (address, length) => validator.write(SIDE_CARD, clock.nowNs, address, length);
  const watched = {
    ...{ region, memory: plan.memory, config, clock },
    classId: SOCKET_CLASS_ID,
    devices: [{ tid: DEVICE_TID, classId: SOCKET_CLASS_ID }],
    packets: undefined,
    startedAt: STARTED_AT,
    wakes: () => sleeper.wakes,
  };
  const recorder = startTrace({ sink: validator, snapBytes: 0 }, watched);
  const environment = traced(recorder, watched, {
    ...{ clock, sleeper, waker: card.waker, inbound: card.inbound, outbound: card.outbound },
    health: { alive: () => true },
    before: card,
  });
  const host = new Host(region, plan.memory.layout, config.driver, environment);
  const failure = attempt(() => {
    host.bringUpCard(SOCKET_CLASS_ID);
    if (free) leaveAlone(card);
    told = 0;
    if (sleeper instanceof FreeSleeper) sleeper.rests = 0;
    if (tour === 'whole') new Tour(host.sockets, 1).run(ROUNDS);
    else if (tour !== 'bring-up') new Tour(host.sockets, 1).runPart(tour);
    if (!host.quiesce(QUIESCE_NS)) throw new Error('the card would not quiesce');
  });
  if (sleeper instanceof FreeSleeper) {
    card.fence();
    if (failure === '' && told === 0 && sleeper.rests > 0)
      throw new PipeFault(PIPE_FAULT_UNANNOUNCED, 'a host that had asked for a word of answers heard none');
    validator.held?.finish();
  }
  recorder.end(host.ledger.snapshot(), { inboundReleased: card.releases, outboundPosted: card.frames });
  const violations = validator.findings.violations.filter(({ rule }) => !OF_THE_CARDS_LEDGER.includes(rule));
  return { failure, violations, frames: validator.frames };
}

/** @returns what was thrown, in words; '' for nothing. A fault of the back-end goes on. */
function attempt(run: () => void): string {
  try {
    run();
    return '';
  } catch (error) {
    if (error instanceof PipeFault) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}
