/**
 * The neighbour table: what is known of a next hop's being there, and what is done to learn it. Whatever sends
 * asks it. An entry (`neighbour-entries.ts`) goes from state to state as Linux's does (`neighbour-states.ts`).
 * Read: RFC 826, RFC 1122 §2.3.2, RFC 4861 §7.3.
 */
import { assert } from '../../assert/assert.ts';
import type { Environment } from '../environment.ts';
import type { Routes } from '../route.ts';
import { before, hasPassed } from '../seq.ts';
import { FIRST, NEIGHBOUR_BROADCAST, NEIGHBOUR_SELF, NeighbourEntries } from './neighbour-entries.ts';
import type { NeighbourListener } from './neighbour-listener.ts';
import {
  type NeighbourEntry,
  NUD_DELAY,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_NONE,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
  NUD_TIMED,
  NUD_USABLE,
  neighbourStateName,
} from './neighbour-states.ts';

/** How long is used what somebody else has told. */
const TOLD_MS = 1_073_741;
/** Further away than any timer of an entry. */
const FAR_MS = 1_000_000;
const US_PER_MS = 1000;

export abstract class NeighbourTable extends NeighbourEntries {
  /** Requests made since the entry was asked for, or probed, and whether one of them has yet to be sent. */
  protected readonly requests: Uint8Array;
  protected readonly requestDue: Uint8Array;
  protected readonly listener: NeighbourListener;
  protected requestCount = 0;
  /** Entries for which a timer runs. */
  protected timedCount = 0;
  /**
   * When the first of them is due, in milliseconds, and whether that is known: a timer has begun or ended since.
   * Every turn of a stack asks for it, and an entry in use may have a timer for seconds.
   */
  protected soonestMs = 0;
  protected isSoonestKnown = false;

  constructor(environment: Environment, routes: Routes, listener: NeighbourListener) {
    super(environment, routes);
    this.listener = listener;
    this.requests = new Uint8Array(this.state.length);
    this.requestDue = new Uint8Array(this.state.length);
  }

  /**
   * Whether a packet may go to the entry's hardware address at once. One that is not known to be there any
   * more is found again by `resolve`, after which it may. // Hot path.
   */
  isReady(neighbour: number): boolean {
    const state = this.state[neighbour];
    if (state === NUD_REACHABLE) return before(this.environment.nowMs, this.due[neighbour]);
    return (state & NUD_USABLE) !== 0;
  }

  /** What is sent to a neighbour gets there: TCP has heard of something new. // Hot path. */
  confirm(neighbour: number, address: number): void {
    if (neighbour >= FIRST && this.address[neighbour] === address) {
      this.confirmed[neighbour] = this.environment.nowMs;
    }
  }

  /**
   * The entry of a next hop; asks for its hardware address where that is not known.
   * @returns an entry; see `isReady`.
   */
  resolve(nextHop: number): number {
    if (this.routes.isOwn(nextHop)) return NEIGHBOUR_SELF;
    if (this.routes.isBroadcast(nextHop)) return NEIGHBOUR_BROADCAST;
    const found = this.find(nextHop);
    if (found >= 0) {
      this.use(found);
      return found;
    }
    const entry = this.choose(nextHop);
    this.port[entry] = this.routes.portFor(nextHop);
    this.ask(entry, nextHop);
    return entry;
  }

  /** Whether `deadlineUs` means anything. */
  get hasDeadline(): boolean {
    return this.timedCount > 0;
  }

  /** When the first of the entries' timers is due. */
  deadlineUs(): number {
    const { nowUs, nowMs } = this.environment;
    return (nowUs + ((this.firstDueMs(nowMs) - nowMs) | 0) * US_PER_MS) | 0;
  }

  /** Asks again, or gives up, or begins to ask. @returns entries acted upon. */
  advance(): number {
    if (this.timedCount === 0) return 0;
    const { nowMs } = this.environment;
    if (before(nowMs, this.firstDueMs(nowMs))) return 0;
    let acted = 0;
    for (let entry = FIRST; entry < this.state.length; entry++) {
      const state = this.state[entry];
      if ((state & NUD_TIMED) === 0 || before(nowMs, this.due[entry])) continue;
      acted += 1;
      if (state === NUD_DELAY) this.endDelay(entry);
      else if (this.isHeld(entry)) this.due[entry] = (nowMs + this.times.retransMs) | 0;
      else if (this.requests[entry] < this.requestsMax(state)) this.request(entry);
      else this.giveUp(entry);
    }
    this.isSoonestKnown = false;
    return acted;
  }

  /** When the first timer is due, by the clock of `due`: looked for again only where one has changed. */
  private firstDueMs(nowMs: number): number {
    assert(this.timedCount > 0, 'neighbours: only while a timer runs is it asked when one is due');
    if (this.isSoonestKnown) return this.soonestMs;
    let soonest = FAR_MS;
    for (let entry = FIRST; entry < this.state.length; entry++) {
      if ((this.state[entry] & NUD_TIMED) === 0) continue;
      const left = (this.due[entry] - nowMs) | 0;
      if (left < soonest) soonest = left;
    }
    this.soonestMs = (nowMs + soonest) | 0;
    this.isSoonestKnown = true;
    return this.soonestMs;
  }

  /** Whether the hardware address of a next hop is known now. */
  knows(nextHop: number): boolean {
    const entry = this.find(nextHop);
    return entry >= 0 && (this.state[entry] & (NUD_REACHABLE | NUD_STALE | NUD_USABLE)) !== 0;
  }

  /** All neighbours that there are, but for ourselves and everybody. */
  list(): NeighbourEntry[] {
    const entries: NeighbourEntry[] = [];
    for (let entry = FIRST; entry < this.state.length; entry++) {
      if (this.state[entry] === NUD_NONE || this.isForgotten(entry)) continue;
      const isOver = this.state[entry] === NUD_REACHABLE && !this.isReady(entry);
      const state = neighbourStateName(isOver ? NUD_STALE : this.state[entry]);
      const [address, macHigh, macLow] = [this.address[entry], this.macHigh[entry], this.macLow[entry]];
      entries.push({ address, macHigh, macLow, port: this.port[entry], state });
    }
    return entries;
  }

  /** A neighbour's hardware address, from somebody who has spoken with it for us. */
  tell(address: number, macHigh: number, macLow: number): void {
    assert((macHigh & 0x100) === 0, 'neighbours: what is told of a neighbour is the address of one station');
    if (this.routes.isOwn(address) || !this.routes.isUnicast(address)) return;
    let entry = this.find(address);
    if (entry < 0) {
      entry = this.choose(address);
      this.address[entry] = address;
      this.port[entry] = this.routes.portFor(address);
      const hasAddress = this.routes.hasAddress(this.port[entry]);
      assert(hasAddress, 'neighbours: who is told of is behind a port with an address');
    }
    this.learn(entry, macHigh, macLow, true);
    this.due[entry] = (this.environment.nowMs + TOLD_MS) | 0;
  }

  /** Routes have changed: who is reached by another port now is forgotten, or asked for there. */
  reroute(): void {
    for (let entry = FIRST; entry < this.state.length; entry++) {
      if (this.state[entry] === NUD_NONE || this.state[entry] === NUD_FAILED) continue;
      const port = this.routes.portFor(this.address[entry]);
      if (port === this.port[entry] || !this.routes.hasAddress(port)) continue;
      this.port[entry] = port;
      this.ask(entry, this.address[entry]);
    }
  }

  /** Whether an entry is to be asked for only later, and till then waits. */
  protected abstract isHeld(entry: number): boolean;

  /** Something is to be sent to a neighbour that is in the table. */
  protected use(entry: number): void {
    assert(entry >= FIRST, 'neighbours: nobody looks after ourselves, or everybody');
    const { nowMs } = this.environment;
    this.used[entry] = nowMs;
    if (this.state[entry] === NUD_REACHABLE && !this.isReady(entry)) {
      const until = (this.confirmed[entry] + this.times.reachableMs(nowMs)) | 0;
      if (before(nowMs, until)) this.due[entry] = until;
      else this.state[entry] = NUD_STALE;
    }
    if (this.state[entry] === NUD_STALE) {
      this.state[entry] = NUD_DELAY;
      this.timedCount += 1;
      this.isSoonestKnown = false;
      this.due[entry] = (nowMs + this.times.delayMs) | 0;
    } else if (this.state[entry] === NUD_FAILED) {
      this.ask(entry, this.address[entry]);
    }
  }

  /** It has been in use for a while: if nothing has shown that it is there, it is asked itself. */
  protected endDelay(entry: number): void {
    assert(this.state[entry] === NUD_DELAY, 'neighbours: a delay that is over was begun');
    const { nowMs } = this.environment;
    if (((nowMs - this.confirmed[entry]) | 0) <= this.times.delayMs) {
      this.timedCount -= 1;
      this.state[entry] = NUD_REACHABLE;
      this.due[entry] = (this.confirmed[entry] + this.times.reachableMs(nowMs)) | 0;
      return;
    }
    this.state[entry] = NUD_PROBE;
    this.requests[entry] = 0;
    if (this.requestsMax(NUD_PROBE) > 0) this.request(entry);
    else this.giveUp(entry);
  }

  /** Linux's mcast_solicit and ucast_solicit. */
  protected requestsMax(state: number): number {
    const { neighbourBroadcastProbes, neighbourUnicastProbes } = this.environment.config;
    return state === NUD_PROBE ? neighbourUnicastProbes : neighbourBroadcastProbes;
  }

  /** Makes an entry incomplete, and a first request due. */
  protected ask(entry: number, nextHop: number): void {
    assert(entry >= FIRST, 'neighbours: only others are asked for');
    this.stopTimer(entry);
    this.timedCount += 1;
    this.address[entry] = nextHop;
    this.state[entry] = NUD_INCOMPLETE;
    this.macHigh[entry] = 0;
    this.macLow[entry] = 0;
    this.requests[entry] = 0;
    this.request(entry);
  }

  /** Makes another request due. */
  protected request(entry: number): void {
    const state = this.state[entry];
    assert(
      state === NUD_INCOMPLETE || state === NUD_PROBE,
      'neighbours: only an entry without an answer is asked for',
    );
    assert(
      this.requests[entry] === 0 || this.requests[entry] < this.requestsMax(state),
      'neighbours: a neighbour is asked for a bounded number of times',
    );
    this.requests[entry] += 1;
    this.isSoonestKnown = false;
    this.due[entry] = (this.environment.nowMs + this.times.retransMs) | 0;
    if (this.requestDue[entry] !== 0) return;
    this.requestDue[entry] = 1;
    this.requestCount += 1;
  }

  /**
   * An entry's hardware address is known. @param answers it has answered us, and so is there; any other packet
   * of its only tells the address. @param overrides an address that was learnt just now gives way to it.
   */
  protected learn(entry: number, macHigh: number, macLow: number, answers: boolean, overrides = true): void {
    assert(entry >= FIRST, 'neighbours: our own entry and the broadcast entry are never learnt');
    const { nowMs } = this.environment;
    const former = this.state[entry];
    const fresh = (former & (NUD_NONE | NUD_INCOMPLETE | NUD_FAILED)) === former;
    const isSame = !fresh && this.macHigh[entry] === macHigh && this.macLow[entry] === macLow;
    // As on Linux: of several that answer one request, the first is believed.
    if (!fresh && !isSame && !overrides && this.isLocked(entry)) return;
    this.macHigh[entry] = macHigh;
    this.macLow[entry] = macLow;
    if (!isSame || (answers && former !== NUD_REACHABLE)) this.updated[entry] = nowMs;
    if (answers) {
      this.stopTimer(entry);
      this.state[entry] = NUD_REACHABLE;
      this.confirmed[entry] = nowMs;
      this.due[entry] = (nowMs + this.times.reachableMs(nowMs)) | 0;
    } else if (fresh || !isSame) {
      this.stopTimer(entry);
      this.state[entry] = NUD_STALE;
      this.due[entry] = nowMs;
      // It counts as shown by nothing.
      this.confirmed[entry] = (nowMs - FAR_MS) | 0;
    }
    if (fresh) this.listener.neighbourChanged(entry, true);
    this.listener.neighbourLearnt(entry);
  }

  private isLocked(entry: number): boolean {
    return !hasPassed(this.environment.nowMs, this.updated[entry], this.times.lockMs);
  }

  /** Nobody has answered, or the entry is needed for another: whoever waits for it is told. */
  protected giveUp(entry: number): void {
    assert((this.state[entry] & NUD_TIMED) !== 0, 'neighbours: only an entry without an answer is given up');
    this.stopTimer(entry);
    this.state[entry] = NUD_FAILED;
    this.listener.neighbourChanged(entry, false);
  }

  /** No timer runs for an entry any more, whatever it becomes, and nothing asks for it. */
  protected stopTimer(entry: number): void {
    if ((this.state[entry] & NUD_TIMED) !== 0) this.timedCount -= 1;
    this.isSoonestKnown = false;
    assert(this.timedCount >= 0, 'neighbours: a timer that stops was counted');
    if (this.requestDue[entry] !== 0) {
      this.requestDue[entry] = 0;
      this.requestCount -= 1;
    }
  }
}
