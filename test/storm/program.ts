/**
 * What a storm's program does with one end of a connection: sends of odd sizes, reads of odd sizes, pauses,
 * and an end that is orderly, early, or a reset; drawn from the storm's seed. It checks each byte it reads.
 */

import { ETIMEDOUT } from '../../src/socket/errno.ts';
import {
  SO_KEEPALIVE,
  SO_LINGER_SECONDS,
  TCP_KEEPIDLE_SECONDS,
  TCP_NODELAY,
} from '../../src/socket/options.ts';
import type { Random } from '../../src/time/random.ts';
import type { Host } from './host.ts';
import { chance, pick } from './weather.ts';

/** How one end of a connection comes to its end. */
export type Ending =
  /** Sends all, shuts its sending half down, reads to the end, closes. */
  | 'orderly'
  /** Closes when it has sent all, whatever it has read. */
  | 'careless'
  /** Closes, resets or aborts in the middle. */
  | 'close'
  | 'linger'
  | 'reset'
  | 'abort';

const SEND_MORE = 1;
const SEND_URGENT = 2;
const SIZES = [1, 2, 3, 7, 100, 535, 1460, 1461, 2920, 5000, 17_003];
const READS = [1, 64, 1000, 1459, 8192, 100_000];
const PAUSES_US = [10, 300, 2000, 5000, 60_000, 500_000];
/** After so long without anything new it looks more seldom, and gives a peer up that was cut off. */
const BORED_US = 30_000_000;
const BORED_PAUSE_US = 5_000_000;
const SHUT_READ = 0;
const SHUT_WRITE = 1;

export class Program {
  readonly host: Host;
  /** The user's number of it, and the stack's of its connection; -1: not open (any more). */
  readonly owner: number;
  socket: number;
  readonly ending: Ending;
  /** Where its stream, and its peer's, lie in the pattern. */
  readonly patternAt: number;
  readonly peerPatternAt: number;
  readonly total: number;
  wakeUs: number;
  connected: boolean;
  /** What it has sent and read. */
  sent = 0;
  read = 0;
  sawEnd = false;
  errno = 0;
  /** Whether it has told its peer that no more comes, or cut the connection off. */
  shut = false;
  cut = false;
  peer: Program | undefined;
  private readonly random: Random;
  private unconsumed = 0;
  /** What it had sent and read when it last looked, and since when that is so. */
  private moved = -1;
  private movedUs = 0;
  /** It does not read before it has passed this: a window that shuts. */
  private readonly lazyUntilUs: number;
  private readonly readsShut: boolean;

  constructor(
    random: Random,
    host: Host,
    owner: number,
    patternAt: number,
    peerPatternAt: number,
    beginUs: number,
  ) {
    this.random = random;
    this.host = host;
    this.owner = owner;
    this.socket = -1;
    this.patternAt = patternAt;
    this.peerPatternAt = peerPatternAt;
    this.connected = false;
    this.wakeUs = beginUs;
    this.total = pick(random, [0, 1, 100, 3000, 12_000, 30_000, 60_000]);
    this.ending = chance(random, 0.75)
      ? 'orderly'
      : pick<Ending>(random, ['careless', 'careless', 'close', 'linger', 'reset', 'abort']);
    this.lazyUntilUs = chance(random, 0.15) ? beginUs + random.below(8_000_000) : 0;
    this.readsShut = chance(random, 0.03);
  }

  get isOver(): boolean {
    return this.socket < 0 && this.wakeUs === Number.POSITIVE_INFINITY;
  }

  /** It has its connection now. */
  begin(socket: number, timeUs: number): void {
    const { random, host } = this;
    this.socket = socket;
    this.wakeUs = timeUs;
    if (chance(random, 0.5)) host.stack.tcpSetOption(socket, TCP_NODELAY, 1);
    if (this.ending === 'linger') host.stack.tcpSetOption(socket, SO_LINGER_SECONDS, 0);
    if (chance(random, 0.1)) {
      host.stack.tcpSetOption(socket, SO_KEEPALIVE, 1);
      host.stack.tcpSetOption(socket, TCP_KEEPIDLE_SECONDS, 1);
    }
  }

  /** It gives up: no connection came, or it has ended. */
  rest(): void {
    this.wakeUs = Number.POSITIVE_INFINITY;
  }

  /** One turn. */
  run(timeUs: number, nowUs: number): void {
    const { host, socket, random, ending } = this;
    if (socket < 0 || !this.connected) return;
    const moved = this.sent + this.read;
    if (moved !== this.moved) this.movedUs = timeUs;
    this.moved = moved;
    const isBored = timeUs - this.movedUs > BORED_US;
    this.wakeUs = timeUs + (isBored ? BORED_PAUSE_US : pick(random, PAUSES_US));
    // A reset may have been lost, and then nobody says anything any more.
    if (isBored && this.peer?.cut === true && this.peer.isOver) this.errno = ETIMEDOUT;
    if (this.errno !== 0) {
      this.readAll(timeUs, nowUs);
      host.stack.tcpClose(socket, nowUs);
      this.leave();
      return;
    }
    if (timeUs >= this.lazyUntilUs) this.readSome(nowUs);
    this.sendSome(nowUs);
    if (ending === 'orderly' || ending === 'careless') this.comeToEnd(nowUs);
    else if (chance(random, 0.03) || this.sent === this.total) this.breakOff(nowUs);
  }

  /** The last reads of a connection that is over: nothing that arrived is lost to it. */
  private readAll(timeUs: number, nowUs: number): void {
    for (let n = 0; n < 1000 && timeUs >= 0 && this.readSome(nowUs); n++);
  }

  private sendSome(nowUs: number): void {
    const { host, socket, random, sent, total } = this;
    if (this.shut || sent === total) return;
    const size = Math.min(pick(random, SIZES), total - sent);
    const more = chance(random, 0.05) && sent + size < total ? SEND_MORE : 0;
    const urgent = chance(random, 0.02) ? SEND_URGENT : 0;
    const context = chance(random, 0.8) ? host.newContext() : -1;
    const at = this.patternAt + sent;
    const errno = host.stack.tcpSend(socket, at, size, context, more | urgent, nowUs);
    if (errno === 0) {
      this.sent += size;
      return;
    }
    host.contexts.delete(context);
    if (host.stack.tcpSendErrno(socket, size, 1, 0) === 0) throw new Error(`a send is refused with ${errno}`);
  }

  /** @returns whether there was anything. */
  private readSome(nowUs: number): boolean {
    const { host, socket, random } = this;
    const { stack } = host;
    const count = stack.tcpTake(socket, host.scratch, pick(random, READS));
    if (count > 0) {
      const { bytes } = host.region;
      const from = this.peerPatternAt + this.read;
      const taken = bytes.subarray(host.scratch, host.scratch + count);
      if (Buffer.compare(taken, bytes.subarray(from, from + count)) !== 0) {
        throw new Error(`user ${this.owner} reads other bytes than were sent, after ${this.read}`);
      }
      this.read += count;
      this.unconsumed += count;
      const sent = this.peer?.sent ?? 0;
      if (this.read > sent) throw new Error(`user ${this.owner} reads ${this.read} bytes of ${sent}`);
    }
    // Now and then the program keeps what it has taken for a while.
    if (this.unconsumed > 0 && chance(random, 0.8)) {
      stack.tcpConsumed(socket, this.unconsumed, nowUs);
      this.unconsumed = 0;
    }
    if (!this.sawEnd && stack.tcpEndOfStream(socket)) this.meetEnd();
    return count > 0;
  }

  private meetEnd(): void {
    this.sawEnd = true;
    const { peer } = this;
    if (peer === undefined || !peer.shut) throw new Error(`user ${this.owner} meets an end that nobody sent`);
    if (this.read !== peer.sent) {
      throw new Error(`user ${this.owner} meets the end after ${this.read} of ${peer.sent} bytes`);
    }
  }

  private comeToEnd(nowUs: number): void {
    const { host, socket } = this;
    if (this.sent === this.total && !this.shut) {
      this.shut = true;
      if (this.ending === 'careless') {
        // What the peer still sends is answered by a reset, unless it has ended too and all was read.
        if (!this.sawEnd) this.cut = true;
        host.stack.tcpClose(socket, nowUs);
        this.leave();
        return;
      }
      host.stack.tcpShutdown(socket, SHUT_WRITE, nowUs);
      if (this.readsShut) {
        this.cut = true;
        host.stack.tcpShutdown(socket, SHUT_READ, nowUs);
      }
    }
    if (!this.shut || !this.sawEnd) return;
    host.stack.tcpClose(socket, nowUs);
    this.leave();
  }

  private breakOff(nowUs: number): void {
    const { host, socket, ending } = this;
    this.cut = true;
    // A close sends what is queued, and its end.
    this.shut = true;
    if (ending === 'abort') host.stack.tcpAbort(socket, nowUs);
    else if (ending === 'reset') host.stack.tcpReset(socket, nowUs);
    else host.stack.tcpClose(socket, nowUs);
    this.leave();
  }

  private leave(): void {
    this.socket = -1;
    this.rest();
  }
}
