/**
 * ARP: packets that come feed the neighbour table (`neighbour-table.ts`), requests and replies that are due go.
 * They only become due elsewhere, and `flush` sends them. Read: RFC 826, RFC 1122 §2.3.2.
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
  ARP_TARGET_HIGH,
  ARP_TARGET_LOW,
  checkArp,
  writeArpFrame,
} from '../header/arp.ts';
import type { Routes } from '../route.ts';
import { before } from '../seq.ts';
import { AddressConflicts, type AddressEntry, type AddressListener } from './address-conflicts.ts';
import { FIRST } from './neighbour-entries.ts';
import type { NeighbourListener } from './neighbour-listener.ts';
import { NUD_FAILED, NUD_INCOMPLETE, NUD_NONE, NUD_PROBE, NUD_TIMED } from './neighbour-states.ts';
import { NeighbourTable } from './neighbour-table.ts';
import { ReplyQueue } from './reply-queue.ts';

export { NEIGHBOUR_BROADCAST, NEIGHBOUR_SELF } from './neighbour-entries.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/**
 * Replies that one flush sends through a port, so that a storm of requests leaves room for what else is sent.
 */
const REPLIES_PER_FLUSH = 16;
const US_PER_MS = 1000;

export class Neighbours extends NeighbourTable {
  private readonly replies: ReplyQueue;
  private readonly conflicts: AddressConflicts;

  constructor(
    environment: Environment,
    routes: Routes,
    listener: NeighbourListener,
    addresses: AddressListener = { addressSettled: () => {} },
  ) {
    super(environment, routes, listener);
    this.replies = new ReplyQueue(environment.ports.length, this.mask + 1);
    const settled: AddressListener = {
      addressSettled: (port, address, outcome) => {
        if (routes.isInUse(port)) this.release(port);
        addresses.addressSettled(port, address, outcome);
      },
    };
    this.conflicts = new AddressConflicts(environment, routes, settled, (port, operation, sender, target) =>
      this.send(port, operation, sender, 0, 0, target),
    );
  }

  /** The own addresses, and what is known of others who have them. */
  addressEntries(): AddressEntry[] {
    return this.conflicts.list();
  }

  /** The port for whose address somebody else has spoken last; 0 also where nobody has. */
  get latestConflict(): number {
    return this.conflicts.latest;
  }

  /** The link of a port has come up: its address may have to be probed, or announced, again (RFC 5227 §2.1). */
  linkUp(port: number): void {
    this.conflicts.linkUp(port);
    if (this.conflicts.isProbed(port)) this.suspend(port);
  }

  override get hasDeadline(): boolean {
    return this.timedCount + this.conflicts.timedCount > 0;
  }

  override deadlineUs(): number {
    const { nowUs, nowMs } = this.environment;
    if (this.conflicts.timedCount === 0) return super.deadlineUs();
    const own = (this.conflicts.firstDueMs() - nowMs) | 0;
    const dueUs = (nowUs + own * US_PER_MS) | 0;
    if (this.timedCount === 0) return dueUs;
    const others = super.deadlineUs();
    return before(dueUs, others) ? dueUs : others;
  }

  override advance(): number {
    return this.conflicts.advance() + super.advance();
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
    const asks = view.getUint16(at + ARP_OPERATION) === ARP_REQUEST;
    if (this.conflicts.heard(port, asks, sender, macHigh, macLow, target)) return;
    const forUs = routes.speaksFor(port, target);
    if (routes.isUnicast(sender) && !routes.isOwn(sender) && (macHigh & 0x100) === 0) {
      // RFC 826: any packet updates what is known of its sender; only one meant for us adds a neighbour.
      let entry = this.find(sender);
      if (entry < 0 && forUs && this.mayBeBehind(port, sender)) {
        entry = this.choose(sender);
        this.address[entry] = sender;
        this.port[entry] = port;
      }
      const answers = forUs && !asks;
      const overrides = (asks && forUs) || isGratuitous(view, at, asks);
      if (entry >= 0 && this.port[entry] === port) this.learn(entry, macHigh, macLow, answers, overrides);
    }
    if (forUs && asks) this.replies.add(port, macHigh, macLow, sender, target);
  }

  /** Who is behind a port whose address is being probed is asked for when that is over. */
  protected override isHeld(entry: number): boolean {
    return this.state[entry] === NUD_INCOMPLETE && this.conflicts.isProbed(this.port[entry]);
  }

  /** Nobody behind a port may be sent to before its address has been probed. */
  private suspend(port: number): void {
    assert(
      !this.routes.isInUse(port),
      'neighbours: they wait only behind a port whose address is not in use',
    );
    for (let entry = FIRST; entry < this.state.length; entry++) {
      if (this.port[entry] !== port || (this.state[entry] & ~NUD_FAILED) === NUD_NONE) continue;
      if (this.state[entry] !== NUD_INCOMPLETE) this.ask(entry, this.address[entry]);
    }
  }

  /** Everybody behind a port is asked for who was to be asked for while its address was probed. */
  private release(port: number): void {
    assert(this.routes.isInUse(port), 'neighbours: they are asked for in the name of an address in use');
    for (let entry = FIRST; entry < this.state.length; entry++) {
      if (this.port[entry] === port && this.state[entry] === NUD_INCOMPLETE) {
        this.ask(entry, this.address[entry]);
      }
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
    return this.replies.count + this.requestCount + this.conflicts.dueCount !== 0;
  }

  /** Sends what waits. @returns packets sent; fewer than waited when a port is full. */
  flush(): number {
    let sent = this.conflicts.dueCount > 0 ? this.conflicts.flush() : 0;
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
      const mayAsk = this.conflicts.maySpeak(this.port[entry]);
      if (mayAsk && !this.sendRequest(entry)) {
        full |= 1 << this.port[entry];
        continue;
      }
      this.requestDue[entry] = 0;
      this.requestCount -= 1;
      if (!mayAsk) continue;
      this.environment.counters[ARP_REQUESTS_SENT] += 1;
      sent += 1;
    }
    if (COSTLY) this.checkCounts();
    return sent;
  }

  /** Sends a request: to everybody, or to whom it is about. @returns false when the port is full. */
  private sendRequest(entry: number): boolean {
    assert(this.requestDue[entry] !== 0, 'neighbours: a request that is sent was due');
    const port = this.port[entry];
    const own = this.routes.addressOf(port);
    const probes = this.state[entry] === NUD_PROBE;
    const [high, low] = probes ? [this.macHigh[entry], this.macLow[entry]] : [0, 0];
    return this.send(port, ARP_REQUEST, own, high, low, this.address[entry]);
  }

  /** Sends the reply that a port was given last. @returns false when the port is full. */
  private sendReply(port: number): boolean {
    const { replies } = this;
    const { words } = replies;
    const at = replies.lastOf(port);
    if (!this.routes.speaksFor(port, words[at + 3])) {
      replies.drop(port);
      return true;
    }
    if (!this.send(port, ARP_REPLY, words[at + 3], words[at], words[at + 1], words[at + 2])) return false;
    this.environment.counters[ARP_REPLIES_SENT] += 1;
    replies.drop(port);
    return true;
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
    const inUse = this.state.reduce(
      (sum, one, entry) => (entry >= FIRST && one !== NUD_NONE ? sum + 1 : sum),
      0,
    );
    assert(inUse === this.entryCount, 'neighbours: the entries in use are counted');
    const timed = this.state.reduce((sum, one) => ((one & NUD_TIMED) !== 0 ? sum + 1 : sum), 0);
    assert(timed === this.timedCount, 'neighbours: the entries without an answer are counted');
    const isMissed = (state: number, entry: number) =>
      (state & NUD_TIMED) !== 0 && before(this.due[entry], this.soonestMs);
    const isRight = !this.isSoonestKnown || !this.state.some(isMissed);
    assert(isRight, 'neighbours: no timer is due before the one that is waited for');
    const due = count(this.requestDue, 1);
    assert(due === this.requestCount, 'neighbours: the requests to be sent are counted');
    const replies = this.replies.ofPort.reduce((sum, one) => sum + one, 0);
    assert(replies === this.replies.count, 'neighbours: the replies to be sent are counted');
  }
}

/** Whether a packet tells everybody of its sender: as Linux, a reply only if it names that station twice. */
function isGratuitous(view: DataView, at: number, asks: boolean): boolean {
  if (view.getInt32(at + ARP_SENDER_ADDRESS) !== view.getInt32(at + ARP_TARGET_ADDRESS)) return false;
  const isSameHigh = view.getUint16(at + ARP_SENDER_HIGH) === view.getUint16(at + ARP_TARGET_HIGH);
  return asks || (isSameHigh && view.getInt32(at + ARP_SENDER_LOW) === view.getInt32(at + ARP_TARGET_LOW));
}
