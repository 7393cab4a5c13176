/**
 * IPv4 address conflict detection (RFC 5227): an own address is probed before it is used, announced, and
 * watched for as long as it is in use. Each port with an address has a state of its own.
 *
 *   probed     requests for the address in the name of nobody go out, at random times; whoever speaks for the
 *              address, or probes it too, has it; where nobody does, it is used, and announced
 *   in use     whoever else speaks for it is answered by an announcement, or has it from then on: as the
 *              configuration says (§2.4)
 *   given up   nothing is sent from it and nothing to it is taken, until its link has come up again: then it
 *              is as at the start
 *
 * Whether there are probes is a setting, and by default there are none, as on Linux, where programs make them
 * (`arping -D`, systemd-networkd); NetBSD's kernel makes 3 (net.inet.ip.dad_count), and so does Windows
 * (ArpRetryCount). The name of the packets is RFC 5227 §1.1's: a probe is a request whose sender's address is
 * 0, an announcement one that asks for the sender's own.
 */
import { assert } from '../../assert/assert.ts';
import {
  ADDRESSES_GIVEN_UP,
  ARP_ANNOUNCEMENTS_SENT,
  ARP_CONFLICTS,
  ARP_PROBES_SENT,
} from '../../ledger/counters.gen.ts';
import { Random } from '../../time/random.ts';
import type { Environment } from '../environment.ts';
import { ARP_REQUEST } from '../header/arp.ts';
import type { Routes } from '../route.ts';
import { before, hasPassed } from '../seq.ts';

const IN_USE = 0;
const PROBED = 1;
const GIVEN_UP = 2;
const STATES = ['in use', 'probed', 'given up'] as const;

/** What became of an address, by the numbers of the spec's AddressOutcome. */
export const ADDRESS_FREE = 1;
export const ADDRESS_TAKEN = 2;
export const ADDRESS_DEFENDED = 3;
export const ADDRESS_LOST = 4;

/** What is to be sent for an address. */
const NOTHING = 0;
const PROBE = 1;
const ANNOUNCEMENT = 2;

const US_PER_MS = 1000;
/** Further away than any of the times. */
const FAR_MS = 0x3fff_ffff;
/** Tells the numbers drawn here from those that others draw of the same seed. */
const RANDOM_MARK = 0x4143_4421;

/** An own address, and what is known of others who have it. */
export interface AddressEntry {
  readonly port: number;
  readonly address: number;
  readonly prefixLength: number;
  readonly state: (typeof STATES)[number];
  /** Packets of others that spoke for it. */
  readonly conflicts: number;
  /** Hardware address of the latest of them: its upper 16 and lower 32 bits; 0: there was none. */
  readonly macHigh: number;
  readonly macLow: number;
}

/** Told of what becomes of addresses, after it has. */
export interface AddressListener {
  /** @param outcome an ADDRESS_ number. */
  addressSettled(port: number, address: number, outcome: number): void;
}

/** Sends an ARP packet to everybody. @returns false when the port is full. */
export type ArpSender = (port: number, operation: number, sender: number, target: number) => boolean;

export class AddressConflicts {
  private readonly environment: Environment;
  private readonly routes: Routes;
  private readonly listener: AddressListener;
  private readonly sender: ArpSender;
  private readonly random: Random;
  private readonly state: Uint8Array;
  /** Whether a timer runs for the port, and when it is over, by the stack's milliseconds. */
  private readonly timed: Uint8Array;
  private readonly due: Int32Array;
  private readonly toSend: Uint8Array;
  /** Probes that have gone, or announcements that have still to go. */
  private readonly count: Uint8Array;
  private readonly conflicts: Int32Array;
  /** How often it was given up. */
  private readonly losses: Int32Array;
  private readonly macHigh: Int32Array;
  private readonly macLow: Int32Array;
  /** When the address was last defended, or given up, and whether it ever was. */
  private readonly heardAt: Int32Array;
  private readonly hasHeard: Uint8Array;
  /** Whose address the latest packet of others spoke for. */
  latest = 0;
  /** Ports for which a timer runs, and for which something is to be sent. */
  timedCount = 0;
  dueCount = 0;

  constructor(environment: Environment, routes: Routes, listener: AddressListener, sender: ArpSender) {
    const { config, ports } = environment;
    const count = ports.length;
    this.environment = environment;
    this.routes = routes;
    this.listener = listener;
    this.sender = sender;
    this.random = new Random(config.seed ^ RANDOM_MARK);
    this.state = new Uint8Array(count);
    this.timed = new Uint8Array(count);
    this.due = new Int32Array(count);
    this.toSend = new Uint8Array(count);
    this.count = new Uint8Array(count);
    this.conflicts = new Int32Array(count);
    this.losses = new Int32Array(count);
    this.macHigh = new Int32Array(count);
    this.macLow = new Int32Array(count);
    this.heardAt = new Int32Array(count);
    this.hasHeard = new Uint8Array(count);
    for (let port = 0; port < count; port++) this.begin(port);
  }

  /** The link of a port has come up: whoever may have joined its wire is asked, or told, anew (§2.1). */
  linkUp(port: number): void {
    assert(
      port >= 0 && port < this.state.length,
      'address conflicts: a link comes up at a port that there is',
    );
    if (this.state[port] === GIVEN_UP || this.environment.config.addressProbes > 0) this.begin(port);
    else if (this.environment.config.arpNotify) this.announce(port);
  }

  /** Whether a neighbour behind a port may be asked for: in the name of an address that is in use. */
  maySpeak(port: number): boolean {
    return this.state[port] === IN_USE;
  }

  /** Whether a port's address is being probed, and may soon be used. */
  isProbed(port: number): boolean {
    return this.state[port] === PROBED;
  }

  /** When the first timer is due, in milliseconds; only while one runs. */
  firstDueMs(): number {
    assert(this.timedCount > 0, 'address conflicts: only while a timer runs is it asked when one is due');
    const { nowMs } = this.environment;
    let soonest = FAR_MS;
    for (let port = 0; port < this.timed.length; port++) {
      if (this.timed[port] !== 0) soonest = Math.min(soonest, (this.due[port] - nowMs) | 0);
    }
    return (nowMs + soonest) | 0;
  }

  /** Does what is due. @returns for how many ports. */
  advance(): number {
    if (this.timedCount === 0) return 0;
    const { nowMs, config } = this.environment;
    let acted = 0;
    for (let port = 0; port < this.timed.length; port++) {
      if (this.timed[port] === 0 || before(nowMs, this.due[port])) continue;
      acted += 1;
      this.stop(port);
      if (this.state[port] !== PROBED) this.wantSent(port, ANNOUNCEMENT);
      else if (this.count[port] < config.addressProbes) this.wantSent(port, PROBE);
      else this.settle(port);
    }
    return acted;
  }

  /** Sends what is to be sent. @returns packets sent; fewer than wanted when a port is full. */
  flush(): number {
    let sent = 0;
    for (let port = 0; this.dueCount > 0 && port < this.toSend.length; port++) {
      const what = this.toSend[port];
      if (what === NOTHING) continue;
      const address = this.routes.addressOf(port);
      assert(address !== 0, 'address conflicts: what is sent is about an address');
      const speaker = this.routes.speakerFor(port);
      if (!this.sender(speaker, ARP_REQUEST, what === PROBE ? 0 : address, address)) continue;
      this.toSend[port] = NOTHING;
      this.dueCount -= 1;
      sent += 1;
      if (what === PROBE) this.probed(port);
      else this.announced(port);
    }
    return sent;
  }

  /**
   * An ARP packet has come: is its sender somebody else who speaks for an own address, or probes it?
   * @returns whether the packet is of no other use.
   */
  heard(port: number, asks: boolean, sender: number, high: number, low: number, target: number): boolean {
    // RFC 5227 §1.1: a probe is a request of a sender that has no address yet.
    const of = this.routes.ownerOf(sender === 0 && asks ? target : sender);
    if (of < 0 || this.state[of] === GIVEN_UP || this.routes.speakerFor(of) !== port) return false;
    if (this.isOurs(high, low) || (sender === 0 && this.state[of] !== PROBED)) return false;
    this.environment.counters[ARP_CONFLICTS] += 1;
    this.conflicts[of] += 1;
    this.latest = of;
    this.macHigh[of] = high;
    this.macLow[of] = low;
    if (this.state[of] === PROBED) this.giveUp(of, ADDRESS_TAKEN);
    else return this.defend(of);
    return true;
  }

  /** All own addresses. */
  list(): AddressEntry[] {
    const { routes } = this;
    const ports = [...this.state.keys()].filter((port) => routes.hasAddress(port));
    return ports.map((port) => ({
      port,
      address: routes.addressOf(port),
      prefixLength: routes.prefixOf(port),
      state: STATES[this.state[port]],
      conflicts: this.conflicts[port],
      macHigh: this.macHigh[port],
      macLow: this.macLow[port],
    }));
  }

  /** Probes a port's address, or announces it, where the configuration has it so. */
  private begin(port: number): void {
    const { config } = this.environment;
    const address = this.routes.addressOf(port);
    if (address === 0 || !this.routes.isUnicast(address)) return;
    if (config.addressProbes === 0) {
      this.use(port);
      if (config.arpNotify) this.announce(port);
      return;
    }
    this.clear(port);
    this.state[port] = PROBED;
    this.count[port] = 0;
    this.routes.setInUse(port, false);
    this.start(port, Math.max(this.limitedMs(port), this.draw(0, ms(config.addressProbeWaitUs))));
  }

  /** How long an address that was given up all too often must wait for its probes (§2.1.1). */
  private limitedMs(port: number): number {
    const { config, nowMs } = this.environment;
    const limitMs = ms(config.addressRateLimitUs);
    assert(
      this.losses[port] === 0 || this.hasHeard[port] !== 0,
      'address conflicts: who has lost knows when',
    );
    if (this.losses[port] < config.addressConflictsMax) return 0;
    return hasPassed(nowMs, this.heardAt[port], limitMs) ? 0 : (this.heardAt[port] + limitMs - nowMs) | 0;
  }

  /** Nobody has the address (§2.1.1): it is used. */
  private settle(port: number): void {
    assert(this.state[port] === PROBED, 'address conflicts: an address that nobody has was probed');
    this.use(port);
    this.announce(port);
    this.listener.addressSettled(port, this.routes.addressOf(port), ADDRESS_FREE);
  }

  private use(port: number): void {
    this.state[port] = IN_USE;
    this.routes.setInUse(port, true);
  }

  private announce(port: number): void {
    assert(this.state[port] === IN_USE, 'address conflicts: only an address in use is announced');
    this.clear(port);
    this.count[port] = this.environment.config.addressAnnouncements;
    this.wantSent(port, ANNOUNCEMENT);
  }

  private probed(port: number): void {
    const { config, counters } = this.environment;
    counters[ARP_PROBES_SENT] += 1;
    this.count[port] += 1;
    assert(this.count[port] <= config.addressProbes, 'address conflicts: no more probes go than were set');
    const isLast = this.count[port] === config.addressProbes;
    const least = ms(config.addressProbeMinUs);
    this.start(
      port,
      isLast ? ms(config.addressAnnounceWaitUs) : this.draw(least, ms(config.addressProbeMaxUs)),
    );
  }

  private announced(port: number): void {
    const { config, counters } = this.environment;
    counters[ARP_ANNOUNCEMENTS_SENT] += 1;
    assert(this.state[port] === IN_USE, 'address conflicts: an announcement that went was of one in use');
    if (this.count[port] > 0) this.count[port] -= 1;
    if (this.count[port] > 0 && this.timed[port] === 0)
      this.start(port, ms(config.addressAnnounceIntervalUs));
  }

  /** Another station uses an address that is in use here (§2.4). @returns whether its packet is used up. */
  private defend(port: number): boolean {
    const { config, nowMs } = this.environment;
    assert(this.state[port] === IN_USE, 'address conflicts: only an address in use is defended');
    if (config.addressDefence === 'ignore') return false;
    const isRecent =
      this.hasHeard[port] !== 0 && !hasPassed(nowMs, this.heardAt[port], ms(config.addressDefendIntervalUs));
    if (config.addressDefence === 'yield' || (config.addressDefence === 'defend' && isRecent)) {
      this.giveUp(port, ADDRESS_LOST);
      return true;
    }
    if (isRecent) return true;
    this.note(port);
    this.wantSent(port, ANNOUNCEMENT);
    this.listener.addressSettled(port, this.routes.addressOf(port), ADDRESS_DEFENDED);
    return true;
  }

  private giveUp(port: number, outcome: number): void {
    assert(this.state[port] !== GIVEN_UP, 'address conflicts: an address is given up once');
    this.environment.counters[ADDRESSES_GIVEN_UP] += 1;
    this.losses[port] += 1;
    this.clear(port);
    this.note(port);
    this.state[port] = GIVEN_UP;
    this.routes.setInUse(port, false);
    this.listener.addressSettled(port, this.routes.addressOf(port), outcome);
  }

  private note(port: number): void {
    this.heardAt[port] = this.environment.nowMs;
    this.hasHeard[port] = 1;
  }

  /** Whether a hardware address is one of our ports': a packet of our own may come back (§2.1.1). */
  private isOurs(high: number, low: number): boolean {
    return this.environment.ports.some(({ macHigh, macLow }) => macHigh === high && macLow === low);
  }

  private wantSent(port: number, what: number): void {
    if (this.toSend[port] === NOTHING) this.dueCount += 1;
    this.toSend[port] = what;
  }

  private start(port: number, afterMs: number): void {
    assert(this.timed[port] === 0, 'address conflicts: one timer runs for an address');
    this.timed[port] = 1;
    this.timedCount += 1;
    this.due[port] = (this.environment.nowMs + afterMs) | 0;
  }

  private stop(port: number): void {
    if (this.timed[port] === 0) return;
    this.timed[port] = 0;
    this.timedCount -= 1;
    assert(this.timedCount >= 0, 'address conflicts: a timer that stops was counted');
  }

  /** Nothing is to be sent for an address any more, and no timer runs. */
  private clear(port: number): void {
    this.stop(port);
    this.count[port] = 0;
    if (this.toSend[port] === NOTHING) return;
    this.toSend[port] = NOTHING;
    this.dueCount -= 1;
    assert(this.dueCount >= 0, 'address conflicts: what is to be sent is counted');
  }

  private draw(least: number, most: number): number {
    assert(most >= least, 'address conflicts: a time is drawn between a least and a most');
    return least + this.random.below(most - least + 1);
  }
}

function ms(us: number): number {
  return Math.ceil(us / US_PER_MS);
}
