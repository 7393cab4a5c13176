/**
 * The neighbour table: which hardware address a next hop has, and behind which port it is. Whatever sends
 * asks it; ARP packets feed it. Requests and replies only become due here, and `flush` sends them. Read: RFC
 * 826, RFC 1122 §2.3.2.
 *
 * Entry 0 is ourselves, entry 1 the broadcast address; both are always ready. The others are a small hash
 * table with a bounded probe: a new neighbour takes a free entry or the place of the one that would expire
 * first. So whoever keeps an entry's number must compare its `address` again before use.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { ARP_RECEIVED, ARP_REPLIES_SENT, ARP_REQUESTS_SENT } from '../../ledger/counters.gen.ts';
import type { Environment } from '../environment.ts';
import {
  ARP_FRAME_BYTES,
  ARP_OPERATION,
  ARP_REPLY,
  ARP_REQUEST,
  ARP_SENDER_ADDRESS,
  ARP_SENDER_HIGH,
  ARP_SENDER_LOW,
  ARP_TARGET_ADDRESS,
  checkArp,
  writeArpFrame,
} from '../header/arp.ts';
import type { Routes } from '../route.ts';
import { before } from '../seq.ts';
import type { NeighbourListener } from './neighbour-listener.ts';
import { ReplyQueue } from './reply-queue.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

export const NEIGHBOUR_SELF = 0;
export const NEIGHBOUR_BROADCAST = 1;
/** The first entry of the hash table. */
const FIRST = 2;

// What is known of an entry: nothing; it has been asked for; its hardware address.
const EMPTY = 0;
const INCOMPLETE = 1;
const READY = 2;

/** Entries that one address may be in. */
const PROBE_MAX = 8;
/**
 * Replies that one flush sends through a port, so that a storm of requests leaves room for what else is sent.
 */
const REPLIES_PER_FLUSH = 16;
/** RFC 1122 §2.3.2.1: at most one request a second per destination. */
const REQUEST_INTERVAL_US = 1_000_000;
/** Requests that are sent before a neighbour is taken for dead (Linux mcast_solicit). */
const REQUESTS_MAX = 3;

/** How long is used what somebody else has told. */
const TOLD_US = 0x3fff_ffff;
export class Neighbours {
  /** Next-hop address of each entry. */
  readonly address: Int32Array;
  readonly macHigh: Int32Array;
  readonly macLow: Int32Array;
  /** The port behind which each entry's neighbour is. */
  readonly port: Uint8Array;
  private readonly state: Uint8Array;
  /** Requests made since the entry became incomplete, and whether one of them has yet to be sent. */
  private readonly requests: Uint8Array;
  private readonly requestDue: Uint8Array;
  /** INCOMPLETE: when the next request is due. READY: when the entry expires. */
  private readonly due: Int32Array;
  private readonly environment: Environment;
  private readonly routes: Routes;
  private readonly listener: NeighbourListener;
  private readonly mask: number;
  private readonly replies: ReplyQueue;
  private requestCount = 0;
  private incompleteCount = 0;

  constructor(environment: Environment, routes: Routes, listener: NeighbourListener) {
    this.environment = environment;
    this.routes = routes;
    this.listener = listener;
    let size = 16;
    while (size < environment.config.neighboursMax) size *= 2;
    this.mask = size - 1;
    const count = size + FIRST;
    this.address = new Int32Array(count);
    this.macHigh = new Int32Array(count);
    this.macLow = new Int32Array(count);
    this.port = new Uint8Array(count);
    this.state = new Uint8Array(count);
    this.requests = new Uint8Array(count);
    this.requestDue = new Uint8Array(count);
    this.due = new Int32Array(count);
    const { ports } = environment;
    this.replies = new ReplyQueue(ports.length, size);
    this.macHigh[NEIGHBOUR_SELF] = ports[routes.loopbackPort].macHigh;
    this.macLow[NEIGHBOUR_SELF] = ports[routes.loopbackPort].macLow;
    this.port[NEIGHBOUR_SELF] = routes.loopbackPort;
    this.macHigh[NEIGHBOUR_BROADCAST] = 0xffff;
    this.macLow[NEIGHBOUR_BROADCAST] = -1;
    this.address[NEIGHBOUR_BROADCAST] = -1;
    this.state[NEIGHBOUR_SELF] = READY;
    this.state[NEIGHBOUR_BROADCAST] = READY;
  }

  /** Whether the entry's hardware address is known. // Hot path. */
  isReady(neighbour: number): boolean {
    return this.state[neighbour] === READY;
  }

  /**
   * The entry of a next hop; asks for its hardware address where that is not known.
   * @returns an entry; see `isReady`.
   */
  resolve(nextHop: number): number {
    if (this.routes.isOwn(nextHop)) return NEIGHBOUR_SELF;
    if (this.routes.isBroadcast(nextHop)) return NEIGHBOUR_BROADCAST;
    const now = this.environment.nowUs;
    const found = this.find(nextHop);
    if (found >= 0) {
      if (this.state[found] === INCOMPLETE || before(now, this.due[found])) return found;
      // It has not been confirmed for too long: what is sent meanwhile waits for the answer.
      this.ask(found, nextHop);
      return found;
    }
    const entry = this.choose(nextHop);
    this.port[entry] = this.routes.portFor(nextHop);
    this.ask(entry, nextHop);
    return entry;
  }

  /**
   * An ARP packet has arrived. A port answers for its own address alone, and for one that was moved to it
   * (RFC 1122 leaves it open; Linux answers for all), so that a peer never learns a port's hardware address
   * for another wire's address.
   * @param port by which it came. @param at its ARP header.
   */
  input(port: number, at: number, length: number): void {
    const { environment, routes } = this;
    const view = environment.view;
    environment.counters[ARP_RECEIVED] += 1;
    if (!checkArp(view, at, length)) return;
    const sender = view.getInt32(at + ARP_SENDER_ADDRESS);
    const macHigh = view.getUint16(at + ARP_SENDER_HIGH);
    const macLow = view.getInt32(at + ARP_SENDER_LOW);
    const target = view.getInt32(at + ARP_TARGET_ADDRESS);
    const forUs = routes.speaksFor(port, target);
    if (routes.isUnicast(sender) && !routes.isOwn(sender) && (macHigh & 0x100) === 0) {
      // RFC 826: any packet updates what is known of its sender; only one meant for us adds a neighbour.
      let entry = this.find(sender);
      if (entry < 0 && forUs && this.mayBeBehind(port, sender)) {
        entry = this.choose(sender);
        this.address[entry] = sender;
        this.port[entry] = port;
      }
      if (entry >= 0 && this.port[entry] === port) this.learn(entry, macHigh, macLow);
    }
    if (forUs && view.getUint16(at + ARP_OPERATION) === ARP_REQUEST) {
      this.replies.add(port, macHigh, macLow, sender, target);
    }
  }

  /**
   * An address of ours is behind another port from now on: that one answers for it, and says so at once to
   * everybody on its wire (a gratuitous ARP, RFC 5227 §3). @returns false where the port is full: unsaid.
   */
  moveAddress(of: number, to: number): boolean {
    this.routes.moveAddress(of, to);
    const address = this.routes.addressOf(of);
    return this.send(to, ARP_REQUEST, address, 0, 0, address);
  }

  /** Whether an address may be a neighbour's behind a port: it is on no other port's subnet. */
  private mayBeBehind(port: number, address: number): boolean {
    const wire = this.routes.wireOf(address);
    return wire === port || wire < 0;
  }

  /** Whether requests or replies wait to be sent. */
  get pending(): boolean {
    return this.replies.count + this.requestCount !== 0;
  }

  /** Sends what waits. @returns packets sent; fewer than waited when a port is full. */
  flush(): number {
    let sent = 0;
    let full = 0;
    const { ofPort } = this.replies;
    for (let port = 0; this.replies.count > 0 && port < ofPort.length; port++) {
      for (let replies = 0; ofPort[port] > 0 && replies < REPLIES_PER_FLUSH; replies++) {
        if (!this.sendReply(port)) {
          full |= 1 << port;
          break;
        }
        sent += 1;
      }
    }
    for (let entry = FIRST; this.requestCount > 0 && entry < this.requestDue.length; entry++) {
      if (this.requestDue[entry] === 0 || (full & (1 << this.port[entry])) !== 0) continue;
      const own = this.routes.addressOf(this.port[entry]);
      if (!this.send(this.port[entry], ARP_REQUEST, own, 0, 0, this.address[entry])) {
        full |= 1 << this.port[entry];
        continue;
      }
      this.environment.counters[ARP_REQUESTS_SENT] += 1;
      this.requestDue[entry] = 0;
      this.requestCount -= 1;
      sent += 1;
    }
    if (COSTLY) this.checkCounts();
    return sent;
  }

  /** Sends the reply that a port was given last. @returns false when the port is full. */
  private sendReply(port: number): boolean {
    const { replies } = this;
    const { words } = replies;
    const at = replies.lastOf(port);
    if (!this.send(port, ARP_REPLY, words[at + 3], words[at], words[at + 1], words[at + 2])) return false;
    this.environment.counters[ARP_REPLIES_SENT] += 1;
    replies.drop(port);
    return true;
  }

  /** Whether `deadlineUs` means anything. */
  get hasDeadline(): boolean {
    return this.incompleteCount > 0;
  }

  /** When the next request is due. */
  deadlineUs(): number {
    const now = this.environment.nowUs;
    let soonest = REQUEST_INTERVAL_US;
    for (let entry = FIRST; entry < this.state.length; entry++) {
      if (this.state[entry] !== INCOMPLETE) continue;
      const left = (this.due[entry] - now) | 0;
      if (left < soonest) soonest = left;
    }
    return (now + soonest) | 0;
  }

  /** Asks again, or gives up. @returns entries acted upon. */
  advance(): number {
    if (this.incompleteCount === 0) return 0;
    const now = this.environment.nowUs;
    let acted = 0;
    for (let entry = FIRST; entry < this.state.length; entry++) {
      if (this.state[entry] !== INCOMPLETE || before(now, this.due[entry])) continue;
      acted += 1;
      if (this.requests[entry] < REQUESTS_MAX) this.request(entry);
      else this.giveUp(entry);
    }
    return acted;
  }

  /** Whether the hardware address of a next hop is known now. */
  knows(nextHop: number): boolean {
    const entry = this.find(nextHop);
    return entry >= 0 && this.state[entry] === READY;
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
    this.learn(entry, macHigh, macLow);
    this.due[entry] = (this.environment.nowUs + TOLD_US) | 0;
  }

  /** Routes have changed: who is reached by another port now is forgotten, or asked for there. */
  reroute(): void {
    for (let entry = FIRST; entry < this.state.length; entry++) {
      if (this.state[entry] === EMPTY) continue;
      const port = this.routes.portFor(this.address[entry]);
      if (port === this.port[entry] || !this.routes.hasAddress(port)) continue;
      this.port[entry] = port;
      this.ask(entry, this.address[entry]);
    }
  }

  private find(nextHop: number): number {
    const start = this.hash(nextHop);
    for (let i = 0; i < PROBE_MAX; i++) {
      const entry = FIRST + ((start + i) & this.mask);
      if (this.address[entry] === nextHop && this.state[entry] !== EMPTY) return entry;
    }
    return -1;
  }

  /** A free entry for a next hop, else the ready one that expires first, else any, which is given up. */
  private choose(nextHop: number): number {
    const start = this.hash(nextHop);
    let best = FIRST + start;
    for (let i = 0; i < PROBE_MAX; i++) {
      const entry = FIRST + ((start + i) & this.mask);
      if (this.state[entry] === EMPTY) return entry;
      if (this.state[entry] !== READY) continue;
      if (this.state[best] !== READY || before(this.due[entry], this.due[best])) best = entry;
    }
    if (this.state[best] === INCOMPLETE) this.giveUp(best);
    return best;
  }

  private hash(nextHop: number): number {
    return (Math.imul(nextHop, 0x9e3779b1) >>> 16) & this.mask;
  }

  /** Makes an entry incomplete, and a first request due. */
  private ask(entry: number, nextHop: number): void {
    if (this.state[entry] !== INCOMPLETE) this.incompleteCount += 1;
    this.address[entry] = nextHop;
    this.state[entry] = INCOMPLETE;
    this.requests[entry] = 0;
    this.request(entry);
  }

  /** Makes another request due. */
  private request(entry: number): void {
    assert(this.state[entry] === INCOMPLETE, 'neighbours: only an entry without an answer is asked for');
    assert(
      this.requests[entry] < REQUESTS_MAX,
      'neighbours: a neighbour is asked for a bounded number of times',
    );
    this.requests[entry] += 1;
    this.due[entry] = (this.environment.nowUs + REQUEST_INTERVAL_US) | 0;
    if (this.requestDue[entry] !== 0) return;
    this.requestDue[entry] = 1;
    this.requestCount += 1;
  }

  /** An entry's hardware address is known, or confirmed. */
  private learn(entry: number, macHigh: number, macLow: number): void {
    assert(entry >= FIRST, 'neighbours: our own entry and the broadcast entry are never learnt');
    const fresh = this.state[entry] !== READY;
    this.forgetRequest(entry);
    this.state[entry] = READY;
    this.macHigh[entry] = macHigh;
    this.macLow[entry] = macLow;
    this.due[entry] = (this.environment.nowUs + this.environment.config.neighbourUs) | 0;
    if (fresh) this.listener.neighbourChanged(entry, true);
    this.listener.neighbourLearnt(entry);
  }

  /** Nobody has answered, or the entry is needed for another: whoever waits for it is told. */
  private giveUp(entry: number): void {
    assert(this.state[entry] === INCOMPLETE, 'neighbours: only an entry without an answer is given up');
    this.forgetRequest(entry);
    this.state[entry] = EMPTY;
    this.listener.neighbourChanged(entry, false);
  }

  /** An entry stops being incomplete, whatever it becomes. */
  private forgetRequest(entry: number): void {
    if (this.state[entry] === INCOMPLETE) this.incompleteCount -= 1;
    if (this.requestDue[entry] !== 0) {
      this.requestDue[entry] = 0;
      this.requestCount -= 1;
    }
  }

  /** @param own the sender's address. @returns false when the port is full. */
  private send(
    port: number,
    operation: number,
    own: number,
    macHigh: number,
    macLow: number,
    target: number,
  ): boolean {
    const { view, ports } = this.environment;
    const link = ports[port];
    assert(this.routes.hasAddress(port), 'neighbours: ARP is spoken only through a port with an address');
    const at = link.claim();
    if (at < 0) return false;
    writeArpFrame(view, at, operation, link.macHigh, link.macLow, own, macHigh, macLow, target);
    link.send(ARP_FRAME_BYTES, 0, 0);
    return true;
  }

  /** The counts that say whether there is anything to do must agree with what they count. */
  private checkCounts(): void {
    const count = (list: Uint8Array, value: number) =>
      list.reduce((sum, one) => (one === value ? sum + 1 : sum), 0);
    const incomplete = count(this.state, INCOMPLETE);
    assert(incomplete === this.incompleteCount, 'neighbours: the entries without an answer are counted');
    const due = count(this.requestDue, 1);
    assert(due === this.requestCount, 'neighbours: the requests to be sent are counted');
    const replies = this.replies.ofPort.reduce((sum, one) => sum + one, 0);
    assert(replies === this.replies.count, 'neighbours: the replies to be sent are counted');
  }
}
