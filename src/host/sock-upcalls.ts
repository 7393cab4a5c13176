/**
 * What the stack tells the host's sockets. It calls in the middle of its work and must not be entered again:
 * what it tells is noted in the sockets' own records, and in the list of those whose readiness has changed.
 */
import { setMark } from '../socket/urgent-mark.ts';
import type { SocketOwner } from '../tcpip/contract.ts';
import { ReadyList } from './ready-list.ts';
import type { SendMemory } from './send-memory.ts';
import { SOCK_CONNECTED, SOCK_FAILED, type Sock } from './sock.ts';

export class SockUpcalls implements SocketOwner {
  /** Sockets whose readiness these have changed. */
  readonly ready: ReadyList;
  /** Sockets whose first unread bytes are to be thrown away: urgent ones that others have followed. */
  readonly dropping: ReadyList;
  /** Sockets that found no kernel memory, in the order in which they shall have some. */
  readonly starved: ReadyList;
  /** Whose turn it is to have the last of the memory; -1: anybody's. */
  turn = -1;
  private readonly socks: readonly Sock[];
  private readonly memory: SendMemory;

  constructor(socks: readonly Sock[], memory: SendMemory) {
    this.socks = socks;
    this.memory = memory;
    this.ready = new ReadyList(socks.length);
    this.dropping = new ReadyList(socks.length);
    this.starved = new ReadyList(socks.length);
  }

  connected(owner: number, errno: number): void {
    const sock = this.socks[owner];
    sock.state = errno === 0 ? SOCK_CONNECTED : SOCK_FAILED;
    sock.errno = errno;
    this.ready.note(owner);
  }

  failed(owner: number, errno: number): void {
    const sock = this.socks[owner];
    sock.state = SOCK_FAILED;
    sock.errno = errno;
    this.ready.note(owner);
  }

  sendDone(context: number): void {
    const socket = this.memory.give(context, this.socks);
    if (socket >= 0) this.ready.note(socket);
    if (this.turn < 0) this.passTurn();
  }

  /**
   * Gives the turn to the socket that has waited longest. Who does not use it until the next poll has lost
   * it, so that nobody waits for a program that has changed its mind. @returns how many have it: 1 or 0.
   */
  passTurn(): number {
    this.turn = this.memory.available > 0 ? this.starved.next() : -1;
    if (this.turn < 0) return 0;
    this.ready.note(this.turn);
    return 1;
  }

  /** Whether a socket must leave what memory there is to another, whose turn it is. */
  mustWait(socket: number): boolean {
    return this.turn >= 0 && this.turn !== socket && this.memory.available <= 1;
  }

  acceptable(owner: number): void {
    this.ready.note(owner);
  }

  readable(owner: number): void {
    this.ready.note(owner);
  }

  urgent(owner: number, ahead: number, byte: number, readable: number): void {
    const sock = this.socks[owner];
    // Nothing can be taken from the stack here.
    if (setMark(sock, ahead, byte, readable)) {
      sock.urgentDrops += 1;
      this.dropping.note(owner);
    }
    this.ready.note(owner);
  }

  stateChanged(): void {}
  overflowed(): void {}
}
