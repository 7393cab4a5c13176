/** Sockets that rest before their owner ends them: all equally long, so in the order in which they came. */
import { NEVER } from '../../time/agent.ts';

/** Not held. */
const FREE = -1;

export class HeldSockets {
  private readonly holdNs: number;
  /** By place in the order: which socket, and since when. Those before `first` have ended. */
  private sockets: number[] = [];
  private sinceNs: number[] = [];
  private first = 0;
  /** By socket: since when it is held; `FREE`: it is not. */
  private readonly heldSinceNs = new Map<number, number>();

  constructor(holdNs: number) {
    this.holdNs = holdNs;
  }

  get count(): number {
    return this.heldSinceNs.size;
  }

  hold(socket: number, nowNs: number): void {
    this.heldSinceNs.set(socket, nowNs);
    this.sockets.push(socket);
    this.sinceNs.push(nowNs);
  }

  isHeld(socket: number): boolean {
    return this.heldSinceNs.has(socket);
  }

  /** It is used again, or gone. */
  release(socket: number): void {
    this.heldSinceNs.delete(socket);
  }

  /** @returns the socket that was held last; -1: none. It is held no more. */
  takeLatest(): number {
    for (;;) {
      const socket = this.sockets.pop();
      const sinceNs = this.sinceNs.pop();
      if (socket === undefined) return FREE;
      if (this.sockets.length < this.first) this.first = this.sockets.length;
      if (this.heldSinceNs.get(socket) !== sinceNs) continue;
      this.heldSinceNs.delete(socket);
      return socket;
    }
  }

  /** @returns a socket whose time is over, the oldest first; -1: none. It is held no more. */
  takeDue(nowNs: number): number {
    this.skip();
    if (this.first >= this.sockets.length || this.sinceNs[this.first] + this.holdNs > nowNs) return FREE;
    const socket = this.sockets[this.first++];
    this.heldSinceNs.delete(socket);
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
    while (this.first < sockets.length && heldSinceNs.get(sockets[this.first]) !== sinceNs[this.first]) {
      this.first += 1;
    }
    if (this.first < 4096 || this.first < sockets.length >> 1) return;
    this.sockets = sockets.slice(this.first);
    this.sinceNs = sinceNs.slice(this.first);
    this.first = 0;
  }
}
