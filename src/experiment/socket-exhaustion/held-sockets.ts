/** Sockets that rest before their owner ends them: all equally long, so in the order in which they came. */
import { NEVER } from '../../time/agent.ts';

/** Not held. */
const FREE = -1;
/** Numbers that a stack gives to sockets lie below. */
const SOCKETS_MAX = 65_536;

export class HeldSockets {
  private readonly holdNs: number;
  /** By place in the order: which socket, and since when. Those before `first` have ended. */
  private sockets: number[] = [];
  private sinceNs: number[] = [];
  private first = 0;
  /** By socket: since when it is held; `FREE`: it is not. */
  private readonly heldSinceNs = new Float64Array(SOCKETS_MAX).fill(FREE);
  private held = 0;

  constructor(holdNs: number) {
    this.holdNs = holdNs;
  }

  get count(): number {
    return this.held;
  }

  /** Its time begins now, whether it was held before or not. */
  hold(socket: number, nowNs: number): void {
    if (this.heldSinceNs[socket] === FREE) this.held += 1;
    this.heldSinceNs[socket] = nowNs;
    this.sockets.push(socket);
    this.sinceNs.push(nowNs);
  }

  isHeld(socket: number): boolean {
    return this.heldSinceNs[socket] !== FREE;
  }

  /** It is used again, or gone. */
  release(socket: number): void {
    if (this.heldSinceNs[socket] === FREE) return;
    this.heldSinceNs[socket] = FREE;
    this.held -= 1;
  }

  /** @returns the socket that was held last; -1: none. It is held no more. */
  takeLatest(): number {
    for (;;) {
      const socket = this.sockets.pop();
      const sinceNs = this.sinceNs.pop();
      if (socket === undefined) return FREE;
      if (this.sockets.length < this.first) this.first = this.sockets.length;
      if (this.heldSinceNs[socket] !== sinceNs) continue;
      this.release(socket);
      return socket;
    }
  }

  /** @returns a socket whose time is over, the oldest first; -1: none. It is held no more. */
  takeDue(nowNs: number): number {
    this.skip();
    if (this.first >= this.sockets.length || this.sinceNs[this.first] + this.holdNs > nowNs) return FREE;
    const socket = this.sockets[this.first++];
    this.release(socket);
    return socket;
  }

  /** When the next one's time is over; `NEVER` with none. */
  nextNs(): number {
    this.skip();
    return this.first < this.sockets.length ? this.sinceNs[this.first] + this.holdNs : NEVER;
  }

  /** Passes over those that are held no more, and forgets them now and then. */
  private skip(): void {
    const { sockets, sinceNs, heldSinceNs } = this;
    while (this.first < sockets.length && heldSinceNs[sockets[this.first]] !== sinceNs[this.first]) {
      this.first += 1;
    }
    if (this.first < 4096 || this.first < sockets.length >> 1) return;
    this.sockets = sockets.slice(this.first);
    this.sinceNs = sinceNs.slice(this.first);
    this.first = 0;
  }
}
