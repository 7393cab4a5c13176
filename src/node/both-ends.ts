/**
 * The order in which both ends of a connection hear of it where both are this process's. Over the kernel's
 * loopback a handshake is complete before `connect` returns, and what one end does reaches the other in a
 * later turn of the loop: so `'connection'` comes before `'connect'`, and whoever closes a socket in a callback
 * has its `'close'` before the peer hears of the end. A turn of the pump may serve both ends, so here the
 * second waits for the first.
 */
import { executionAsyncResource } from 'node:async_hooks';
import { before } from '../dma/wrapping.ts';

/** What is counted of a listener's connections. */
export interface ListenerCounts {
  /** Connections of this process's own that it has still to accept: each will need a socket of the card. */
  expected: number;
  /** Connections of this process's own that it has heard of, or never will. */
  heard: number;
}

/** The longest time, in turns of the pump, for which a connection waits until its listener has heard of it. */
const AWAITED_TURNS = 8;

const PORTS = 65536;

/** What is kept of a connection that waits for its listener. */
export interface AwaitingSocket {
  readonly pump: { readonly turn: number; readonly listeners: readonly ListenerCounts[] };
  /** Of a connection that this process's own listener is to hear: the listener. */
  readonly target: ListenerCounts | undefined;
  /** How many connections the listener is to have heard of. */
  readonly awaited: number;
  /** Whether it waits, and the turn in which it goes on all the same. */
  waits: boolean;
  awaitedUntilTurn: number;
}

/**
 * Whether a connection that the card has made waits until its listener has heard of the next one, be that
 * this or another of those begun together. It does not wait for long: a full backlog may keep it from that.
 */
export function awaitsListener(connection: AwaitingSocket): boolean {
  const { target, pump } = connection;
  if (target === undefined || !pump.listeners.includes(target)) return false;
  if (!connection.waits) {
    connection.waits = true;
    connection.awaitedUntilTurn = (pump.turn + AWAITED_TURNS) | 0;
  }
  return target.heard < connection.awaited && before(pump.turn, connection.awaitedUntilTurn);
}

/**
 * A connection of this process's own is under way to a listener.
 * @returns how many the listener is to have heard of before the connection is made.
 */
export function expect(listener: ListenerCounts): number {
  listener.expected++;
  return listener.heard + 1;
}

/** A listener has heard of a connection of this process's own, or never will. */
export function hears(listener: ListenerCounts): void {
  if (listener.expected === 0) return;
  listener.expected--;
  listener.heard++;
}

/**
 * A number for this end of a connection, from which that of the other end follows.
 * @param accepted whether a listener of ours made it.
 */
export function endNumber(clientPort: number, serverPort: number, accepted: boolean): number {
  return (clientPort * PORTS + serverPort) * 2 + (accepted ? 1 : 0);
}

function otherEnd(end: number): number {
  return end % 2 === 0 ? end + 1 : end - 1;
}

/**
 * Whether the loop has its next poll phase before its closing phase, by what runs: a timer, or what follows
 * from nothing of the loop's, such as the program's main module or what waited for a promise. Then the other
 * end hears of what is done here before the program hears of what it closes.
 */
export function isBeforePoll(): boolean {
  const running: object & { getAsyncId?: unknown } = executionAsyncResource();
  // Native handles and requests, which have the method, are told of in the poll phase.
  return running.constructor.name !== 'Immediate' && typeof running.getAsyncId !== 'function';
}

/**
 * The ends that were closed in a turn, or in another callback behind the loop's timers, until the loop's closing phase has told of it. A
 * native handle that is closed in one turn is told of after the next.
 */
export class ClosedEnds {
  private inThisTurn = new Set<number>();
  private inTheLast = new Set<number>();
  /** Those that were reset, for as long as a connect may still wait; and how many turns the newer of them are old. */
  private resets = new Set<number>();
  private earlierResets = new Set<number>();
  private resetTurns = 0;

  /** A turn begins. */
  nextTurn(): void {
    if (this.resets.size + this.earlierResets.size > 0) this.forgetResets();
    const told = this.inTheLast;
    this.inTheLast = this.inThisTurn;
    if (told.size > 0) told.clear();
    this.inThisTurn = told;
  }

  /** An end is about to be closed, and the other one is not to hear of it before its own program. @param end as `endNumber` gives it, or 0. */
  note(end: number): void {
    if (end !== 0) this.inThisTurn.add(end);
  }

  /** An end is about to be reset. @param end as `endNumber` gives it, or 0. */
  noteReset(end: number): void {
    if (end !== 0) this.resets.add(end);
  }

  /**
   * Whether the other end of this one has just been reset: over the kernel's loopback a connect that is then still
   * to be told of fails.
   */
  isReset(end: number): boolean {
    if (this.resets.size + this.earlierResets.size === 0) return false;
    const other = otherEnd(end);
    return this.resets.has(other) || this.earlierResets.has(other);
  }

  private forgetResets(): void {
    if (++this.resetTurns < AWAITED_TURNS) return;
    const forgotten = this.earlierResets;
    forgotten.clear();
    this.earlierResets = this.resets;
    this.resets = forgotten;
    this.resetTurns = 0;
  }

  /** Whether the other end of this one was closed, and its program has still to hear of that. */
  holds(end: number): boolean {
    if (end === 0 || this.inThisTurn.size + this.inTheLast.size === 0) return false;
    const other = otherEnd(end);
    return this.inThisTurn.has(other) || this.inTheLast.has(other);
  }
}
