/**
 * The ends of many connections on one host, each with a plan of its own (ends-plan.ts). It checks what one
 * end alone can: each byte in its order, an end that stays one, an error that is told once, and readiness
 * that is true. Everything else is the judge's.
 */
import {
  FAILED,
  HANGUP,
  READABLE,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  type SocketStack,
  WRITABLE,
} from '../../src/socket/contract.ts';
import {
  EAGAIN,
  ECONNRESET,
  EINPROGRESS,
  EMFILE,
  ENOTCONN,
  EPIPE,
  errnoName,
} from '../../src/socket/errno.ts';
import { SO_ERROR, SO_LINGER_SECONDS, TCP_NODELAY } from '../../src/socket/options.ts';
import type { Clock } from '../../src/time/clock.ts';
import type { Random } from '../../src/time/random.ts';
import type { Program } from '../../src/workloads/program.ts';
import { byteAt, drawPlan, EndRecord, reads } from './ends-plan.ts';

/** A client's port says which connection it is. */
export const CLIENT_PORTS = 20_000;
const THINK_LONGEST_NS = 1e8;
const IDLE_NS = 20_000;
const BYTES = new Uint8Array(70_000);

/** One end, while its socket is open. */
interface OpenEnd {
  readonly record: EndRecord;
  readonly socket: number;
  /** Until when it thinks; and when it looks at the latest, whether or not it is told of anything. */
  restsUntilNs: number;
  nextNs: number;
  thinkNs: number;
  /** Turns that it still takes after an error was told. */
  turnsLeft: number;
}

export interface EndsParts {
  readonly stack: SocketStack;
  readonly clock: Clock;
  readonly random: Random;
  /** Where to connect to, and the ports at which somebody listens there. */
  readonly address: number;
  readonly ports: readonly number[];
  /** The records of all connections, by their numbers: the clients', which servers look themselves up in. */
  readonly clients: Map<number, EndRecord>;
  /** Where the numbers of connections come from. */
  readonly count: { next: number; readonly end: number };
  readonly atOnce: number;
  /** The port of the peer that a socket has, or had, as the driver knows it. */
  readonly peerPort: (socket: number) => number;
}

export class EndsProgram implements Program {
  readonly records: EndRecord[] = [];
  private readonly parts: EndsParts;
  private readonly listeners: number[] = [];
  private readonly open: OpenEnd[] = [];
  private clients = 0;
  private stepping = false;

  constructor(parts: EndsParts, listensAt: readonly number[]) {
    this.parts = parts;
    const { stack } = parts;
    for (const port of listensAt) {
      const listener = stack.socket();
      must(stack.bind(listener, 0, port) || stack.listen(listener, 64), 'listen');
      this.listeners.push(listener);
    }
  }

  /** Whether it begins no more and every socket but the listeners is closed. */
  get done(): boolean {
    return this.open.length === 0 && this.parts.count.next >= this.parts.count.end;
  }

  close(): void {
    for (const listener of this.listeners.splice(0)) must(this.parts.stack.close(listener), 'close');
  }

  step(): number {
    // A call that waits lets the rest of the world run, and this host's other cards; not this program again.
    if (this.stepping) return 0;
    this.stepping = true;
    let worked = this.accept() + this.dial();
    for (let i = this.open.length - 1; i >= 0; i--) {
      const end = this.open[i];
      if (!this.isDue(end)) continue;
      const did = this.turn(end);
      this.think(end, did);
      if (did > 0) worked += 1;
      if (end.record.closedNs < 0) continue;
      this.open.splice(i, 1);
      if (end.record.side === 'client') this.clients -= 1;
    }
    this.stepping = false;
    return worked;
  }

  nextDeadlineNs(): number {
    let nextNs = Number.POSITIVE_INFINITY;
    for (const end of this.open) nextNs = Math.min(nextNs, this.isTold(end) ? end.restsUntilNs : end.nextNs);
    return nextNs;
  }

  private get nowNs(): number {
    return this.parts.clock.nowNs;
  }

  private isDue(end: OpenEnd): boolean {
    if (end.nextNs <= this.nowNs) return true;
    return end.restsUntilNs <= this.nowNs && this.isTold(end);
  }

  /** Whether an event loop would call it. */
  private isTold({ socket, record }: OpenEnd): boolean {
    const { plan } = record;
    const writes = record.accepted < plan.sendBytes && record.shutWriteNs < 0 && record.told === undefined;
    const wanted = (reads(record) ? READABLE : 0) | (writes ? WRITABLE : 0);
    return wanted !== 0 && (this.parts.stack.readiness(socket) & wanted) !== 0;
  }

  private think(end: OpenEnd, did: number): void {
    const { plan } = end.record;
    const restNs = plan.reader === 'eager' ? 0 : this.parts.random.below(plan.thinkNs + 1);
    // Who finds nothing to do looks more and more rarely.
    end.thinkNs = did > 0 ? plan.thinkNs : Math.min(THINK_LONGEST_NS, 2 * end.thinkNs + 1000);
    // A driver without a free frame refuses what it has room for, until the card has looked.
    end.restsUntilNs = this.nowNs + (did > 0 ? 1 : IDLE_NS) + restNs;
    end.nextNs = end.restsUntilNs + this.parts.random.below(Math.ceil(end.thinkNs) + 1);
  }

  private accept(): number {
    const { stack, random, clients, peerPort } = this.parts;
    let accepted = 0;
    for (const listener of this.listeners) {
      while ((stack.readiness(listener) & READABLE) !== 0) {
        const socket = stack.accept(listener);
        must(socket, 'accept');
        // One that was reset while it waited has no peer any more, but for Linux's accept.
        const port = stack.remoteEndpoint(socket)?.port ?? peerPort(socket);
        const client = clients.get(port - CLIENT_PORTS);
        if (client === undefined) throw new Error(`accepted a connection of nobody's (${port})`);
        const record = new EndRecord(drawPlan(random), client.connection, 'server');
        record.connected = true;
        if (client.peer !== undefined) throw new Error(`accepted connection ${client.connection} twice`);
        record.peer = client;
        client.peer = record;
        this.enter(record, socket);
        accepted += 1;
      }
    }
    return accepted;
  }

  private dial(): number {
    const { stack, random, count, address, ports, clients, atOnce } = this.parts;
    let dialled = 0;
    while (this.clients < atOnce && count.next < count.end) {
      const socket = stack.socket();
      if (socket === -EMFILE) break;
      must(socket, 'socket');
      const connection = count.next++;
      const record = new EndRecord(drawPlan(random), connection, 'client');
      clients.set(connection, record);
      must(stack.bind(socket, 0, CLIENT_PORTS + connection), 'bind');
      const begun = stack.connect(socket, address, ports[random.below(ports.length)]);
      if (begun !== -EINPROGRESS) throw new Error(`connect ${connection}: ${errnoName(begun)}`);
      this.clients += 1;
      this.enter(record, socket);
      dialled += 1;
    }
    return dialled;
  }

  private enter(record: EndRecord, socket: number): void {
    record.startedNs = this.nowNs;
    this.records.push(record);
    const { nowNs } = this;
    const { thinkNs } = record.plan;
    this.open.push({ record, socket, restsUntilNs: nowNs, nextNs: nowNs, thinkNs, turnsLeft: 4 });
    const { stack } = this.parts;
    if (record.plan.noDelay) must(stack.setOption(socket, TCP_NODELAY, 1), 'TCP_NODELAY');
    const { ending, lingersEarly } = record.plan;
    if (lingersEarly && (ending === 'reset' || ending === 'shutReset')) this.linger(record, socket, 0);
    if (ending === 'linger') this.linger(record, socket, 5);
  }

  /** One turn of an end. @returns whether anything came of it. */
  private turn(end: OpenEnd): number {
    const { record, socket } = end;
    const { stack, random } = this.parts;
    if (!record.connected) return this.awaitConnect(end);
    if (record.plan.ending === 'deaf' && record.shutReadNs < 0 && !this.shut(record, socket, SHUT_RD)) {
      return this.leave(end);
    }
    let did = 0;
    if (random.below(10) === 0) this.lookForError(record, socket);
    if (random.below(2) === 0) {
      did += this.read(record, socket);
      did += this.write(record, socket);
    } else {
      did += this.write(record, socket);
      did += this.read(record, socket);
    }
    if (record.told !== undefined && --end.turnsLeft <= 0) return this.leave(end);
    if (this.nowNs - record.startedNs >= record.plan.patienceNs) {
      record.gaveUp = true;
      return this.leave(end);
    }
    const bits = stack.readiness(socket);
    if ((bits & FAILED) !== 0 && record.told !== undefined) throw new Error(`${record.name}: FAILED twice`);
    return did + this.endIfDue(end);
  }

  private awaitConnect(end: OpenEnd): number {
    const { record, socket } = end;
    const { stack } = this.parts;
    if ((stack.readiness(socket) & (WRITABLE | READABLE | HANGUP | FAILED)) === 0) {
      if (this.nowNs - record.startedNs < record.plan.patienceNs) return 0;
      record.gaveUp = true;
      return this.leave(end);
    }
    const errno = stack.getOption(socket, SO_ERROR);
    // A connection that stood for a moment was not refused.
    if (errno === ECONNRESET || errno === EPIPE) this.tell(record, errno, 'option');
    else if (errno !== 0) {
      record.refused = errno;
      return this.leave(end);
    }
    record.connected = true;
    return 1;
  }

  private read(record: EndRecord, socket: number): number {
    const { plan } = record;
    const { stack, random } = this.parts;
    if (!reads(record)) return record.endNs >= 0 ? this.readOn(record, socket) : 0;
    const readable = (stack.readiness(socket) & READABLE) !== 0;
    const got = stack.recv(socket, BYTES, 0, 1 + random.below(plan.readBytes));
    if ((got !== -EAGAIN) !== readable) {
      throw new Error(`${record.name}: readable ${readable}, and recv answers ${answer(got)}`);
    }
    if (got === -EAGAIN) return 0;
    if (got > 0) {
      this.check(record, got);
      return 1;
    }
    if (got < 0) {
      this.tell(record, -got, 'recv');
      return 1;
    }
    // An error that was told, and a shutdown of its own, are an end, too; but not the peer's.
    if (record.told !== undefined || record.shutReadNs >= 0) {
      record.drained = true;
      return 0;
    }
    record.endNs = this.nowNs;
    return 1;
  }

  /** Whoever has read to the end may look again: nothing follows it. */
  private readOn(record: EndRecord, socket: number): number {
    if (this.parts.random.below(4) !== 0) return 0;
    const got = this.parts.stack.recv(socket, BYTES, 0, 1);
    if (got !== 0) throw new Error(`${record.name}: ${answer(got)} after the end of the stream`);
    return 0;
  }

  private check(record: EndRecord, count: number): void {
    const { connection, side } = record;
    const sender = side === 'client' ? 'server' : 'client';
    for (let i = 0; i < count; i++) {
      if (BYTES[i] !== byteAt(connection, sender, record.received + i)) {
        throw new Error(`${record.name}: another byte at ${record.received + i}`);
      }
    }
    record.received += count;
  }

  private write(record: EndRecord, socket: number): number {
    const { plan, connection, side } = record;
    const { stack, random } = this.parts;
    const closing = record.shutWriteNs >= 0;
    const left = plan.sendBytes - record.accepted;
    // What has failed, or ended, is tried now and then for its errno.
    const tries = (closing || record.told !== undefined) && random.below(4) === 0;
    if ((left === 0 || closing || record.told !== undefined) && !tries) return 0;
    const length = Math.max(1, Math.min(left, 1 + random.below(plan.pieceBytes)));
    for (let i = 0; i < length; i++) BYTES[i] = byteAt(connection, side, record.accepted + i);
    const taken = stack.send(socket, BYTES, 0, length);
    if (taken === -EAGAIN) return 0;
    if (taken === 0 || taken > length) throw new Error(`${record.name}: a send of ${length} took ${taken}`);
    if (taken < 0) {
      if (taken === -EPIPE && (closing || record.told !== undefined)) return 0;
      this.tell(record, -taken, 'send');
      return 1;
    }
    if (closing || record.told !== undefined) {
      throw new Error(`${record.name}: a send took ${taken} bytes after the end`);
    }
    record.accepted += taken;
    return 1;
  }

  private lookForError(record: EndRecord, socket: number): void {
    const errno = this.parts.stack.getOption(socket, SO_ERROR);
    if (errno !== 0) this.tell(record, errno, 'option');
  }

  private tell(record: EndRecord, errno: number, by: 'recv' | 'send' | 'option'): void {
    if (record.told !== undefined) {
      throw new Error(`${record.name}: ${errnoName(errno)} by ${by} after ${errnoName(record.told.errno)}`);
    }
    record.told = { errno, by, atNs: this.nowNs };
  }

  /** Ends the connection as planned, if it is time to. */
  private endIfDue(end: OpenEnd): number {
    const { record } = end;
    const { plan } = record;
    const over = record.endNs >= 0 || record.told !== undefined;
    const sent = record.accepted === plan.sendBytes;
    const half = record.accepted * 2 >= plan.sendBytes;
    switch (plan.ending) {
      case 'close':
      case 'deaf':
      case 'linger':
        return sent ? this.leave(end) : 0;
      case 'whole':
        return sent && over ? this.leave(end) : 0;
      case 'cut':
        return half ? this.leave(end) : 0;
      case 'reset':
        return half ? this.reset(end) : 0;
      case 'half':
        if (record.shutWriteNs >= 0) return over ? this.leave(end) : 0;
        return sent ? this.shutOrLeave(end, SHUT_WR) : 0;
      default:
        if (record.shutWriteNs < 0) {
          return sent ? this.shutOrLeave(end, plan.ending === 'both' ? SHUT_RDWR : SHUT_WR) : 0;
        }
        if (this.parts.random.below(4) !== 0) return 0;
        return plan.ending === 'both' ? this.leave(end) : this.reset(end);
    }
  }

  private shutOrLeave(end: OpenEnd, how: number): number {
    return this.shut(end.record, end.socket, how) ? 1 : this.leave(end);
  }

  /** @returns false when the connection is over already. */
  private shut(record: EndRecord, socket: number, how: number): boolean {
    const errno = this.parts.stack.shutdown(socket, how);
    if (errno === -ENOTCONN) return false;
    must(errno, 'shutdown');
    if (how !== SHUT_RD) record.shutWriteNs = this.nowNs;
    if (how !== SHUT_WR) record.shutReadNs = this.nowNs;
    return true;
  }

  private reset(end: OpenEnd): number {
    if (end.record.lingerSeconds !== 0) this.linger(end.record, end.socket, 0);
    return this.leave(end);
  }

  private linger(record: EndRecord, socket: number, seconds: number): void {
    const errno = this.parts.stack.setOption(socket, SO_LINGER_SECONDS, seconds);
    must(errno, 'SO_LINGER');
    record.lingerSeconds = seconds;
  }

  private leave({ record, socket }: OpenEnd): number {
    must(this.parts.stack.close(socket), 'close');
    record.closedNs = this.nowNs;
    return 1;
  }
}

function must(result: number, call: string): void {
  if (result < 0) throw new Error(`${call}: ${errnoName(result)}`);
}

function answer(result: number): string {
  return result < 0 ? errnoName(result) : String(result);
}
