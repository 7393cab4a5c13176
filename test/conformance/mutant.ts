/**
 * A mutant is a driver or a card that breaks one rule: the real ones, in virtual time, with one thing wrong.
 * Most are wrong in one frame, which is changed as it crosses: before the validator sees it, or behind its
 * back, as a side that misreads what it was told. The others get a method replaced.
 */

import { EXEC_SYS_ENABLE } from '../../src/i2o/executive.gen.ts';
import { frameFunction, frameSizeWords, frameTarget } from '../../src/i2o/frame.ts';
import { DEVICE_TID } from '../../src/i2o/tids.ts';
import { READABLE, SHUT_WR, WRITABLE } from '../../src/socket/contract.ts';
import { EADDRINUSE, EAGAIN } from '../../src/socket/errno.ts';
import { SO_RCVBUF } from '../../src/socket/options.ts';
import { INBOUND, type TraceEnd, type TraceHead, type TraceSink } from '../../src/trace/sink.ts';
import type { Violation } from '../../src/validate/findings.ts';
import { Validator } from '../../src/validate/validator.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import type { VirtualCard } from '../../src/world/virtual/virtual-card.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

/**
 * Looks at a frame and may change it.
 * @returns true once it has done what it is for; it is not asked again.
 */
export type Change = (words: Int32Array, at: number) => boolean;

export interface Mutant {
  readonly name: string;
  /** The rule it must be caught by, before any other. */
  readonly rule: string;
  readonly card?: CardOverrides;
  /** Changes an inbound frame: the driver wrote it so. */
  readonly driver?: Change;
  /** Changes an outbound frame: the card wrote it so. */
  readonly cardReply?: Change;
  /** Changes an inbound frame once the validator has seen it: so the card reads it. */
  readonly misread?: Change;
  /** Changes what the card leaves in polled memory. */
  readonly polled?: (value: number) => number;
  /** Asks for something before the workload. */
  readonly setUp?: (card: VirtualCard) => void;
  /** Replaces methods, once the card is up. */
  readonly patch?: (card: VirtualCard) => void;
  /** Does something wrong after the workload, with all still open. */
  readonly late?: (card: VirtualCard, sink: TraceSink) => void;
  /**
   * What was wrong is followed by its own consequences before the rule it breaks: only that it is caught is
   * asked.
   */
  readonly follows?: true;
}

export interface Outcome {
  readonly violations: readonly Violation[];
  /** Whether the mutant got to do what it is for. */
  readonly done: boolean;
  readonly frames: number;
}

/** A sink that changes frames on their way. */
class Tampering implements TraceSink {
  readonly validator = new Validator();
  private readonly undone: Set<Change>;
  private readonly mutant: Mutant;

  constructor(mutant: Mutant) {
    this.mutant = mutant;
    const changes = [mutant.driver, mutant.cardReply, mutant.misread];
    this.undone = new Set(changes.filter((change) => change !== undefined));
  }

  head(head: TraceHead): void {
    this.validator.head(head);
  }

  frame(direction: number, timeNs: number, slot: number, words: Int32Array, at: number): void {
    const { driver, cardReply, misread } = this.mutant;
    this.change(direction === INBOUND ? driver : cardReply, words, at);
    this.validator.frame(direction, timeNs, slot, words, at);
    if (direction === INBOUND) this.change(misread, words, at);
  }

  /** Whether everything wrong has been done. */
  get done(): boolean {
    return this.undone.size === 0;
  }

  owner(direction: number, timeNs: number, slot: number, side: number): void {
    this.validator.owner(direction, timeNs, slot, side);
  }

  notification(kind: number, timeNs: number): void {
    this.validator.notification(kind, timeNs);
  }

  write(side: number, timeNs: number, address: number, length: number): void {
    this.validator.write(side, timeNs, address, length);
  }

  polled(timeNs: number, address: number, value: number): void {
    this.validator.polled(timeNs, address, this.mutant.polled?.(value) ?? value);
  }

  packet(...packet: Parameters<TraceSink['packet']>): void {
    this.validator.packet(...packet);
  }

  end(timeNs: number, end: TraceEnd): void {
    this.validator.end(timeNs, end);
  }

  private change(change: Change | undefined, words: Int32Array, at: number): void {
    if (change !== undefined && this.undone.has(change) && change(words, at)) this.undone.delete(change);
  }
}

/** Runs a mutant through the workload. A broken side may well break the run: then it ends there. */
export function runMutant(mutant: Mutant): Outcome {
  const sink = new Tampering(mutant);
  const cards = [{ mtu: 65535, packetSlots: 128, ...mutant.card }] as const;
  try {
    const world = new VirtualWorld({ cards, traces: [{ sink }] });
    const card = world.cards[0];
    try {
      mutant.patch?.(card);
      mutant.setUp?.(card);
      workload(card, mutant.late && (() => mutant.late?.(card, sink)));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
    world.run(() => false, 1e9);
    card.endTrace();
  } catch (error) {
    // A card that does not come up says so.
    if (!(error instanceof Error)) throw error;
  }
  const { findings, frames } = sink.validator;
  return { violations: findings.violations, done: sink.done, frames };
}

const LOOPBACK = 0x7f000001;
const TEXT = new Uint8Array(20_000).fill(65);
const ROOM = new Uint8Array(30_000);
const WAITS = 40;

/** Something of everything a program does with streams. @param late called with all of it still open. */
export function workload(card: VirtualCard, late: (() => void) | undefined): void {
  const { stack } = card;
  const until = (done: () => boolean): void => {
    for (let i = 0; i < WAITS && !done(); i++) stack.wait(20);
  };
  const take = (socket: number, bytes: number): void => {
    let taken = 0;
    until(() => {
      const got = stack.recv(socket, ROOM, 0, ROOM.length);
      if (got !== -EAGAIN) taken += Math.max(0, got);
      return taken >= bytes || (got <= 0 && got !== -EAGAIN);
    });
  };
  const listener = stack.socket();
  stack.setOption(listener, SO_RCVBUF, 16384);
  stack.bind(listener, LOOPBACK, 80);
  stack.listen(listener, 8);
  const second = stack.socket();
  if (stack.bind(second, LOOPBACK, 80) !== -EADDRINUSE) throw new Error('the port was free');
  const pair = (): [number, number] => {
    const client = stack.socket();
    stack.connect(client, LOOPBACK, 80);
    until(() => (stack.readiness(listener) & READABLE) !== 0);
    const server = stack.accept(listener);
    until(() => (stack.readiness(client) & WRITABLE) !== 0);
    return [client, server];
  };
  const [client, server] = pair();
  for (let turn = 0; turn < 3; turn++) {
    stack.send(client, TEXT, 0, 64);
    take(server, 64);
    stack.send(server, TEXT, 0, TEXT.length);
    take(client, TEXT.length);
  }
  stack.setOption(client, SO_RCVBUF, 32768);
  stack.getOption(client, SO_RCVBUF);
  const [other, otherServer] = pair();
  stack.send(other, TEXT, 0, 5000);
  take(otherServer, 5000);
  stack.shutdown(other, SHUT_WR);
  take(otherServer, 1);
  stack.send(otherServer, TEXT, 0, 100);
  take(other, 100);
  stack.wait(100);
  late?.();
  stack.close(other);
  stack.close(otherServer);
  stack.socket(); // at once: the numbers given up are still on their way
  stack.send(client, TEXT, 0, TEXT.length);
  stack.wait(20);
  stack.close(server); // unread: an abort
  stack.wait(20);
  stack.close(client);
  stack.close(second);
  stack.wait(20);
  stack.close(listener);
  stack.wait(100);
}

/** Changes the first frame of a function, to the device unless it is an executive function. */
export function first(functionCode: number, change: (words: Int32Array, at: number) => void): Change {
  return nth(functionCode, 1, change);
}

export function nth(
  functionCode: number,
  which: number,
  change: (words: Int32Array, at: number) => void,
): Change {
  return when(functionCode, (_words, _at, count) => count === which, change);
}

/**
 * Changes the first frame of a function for which the condition holds.
 * @param count how many there have been.
 */
export function when(
  functionCode: number,
  condition: (words: Int32Array, at: number, count: number) => boolean,
  change: (words: Int32Array, at: number) => void,
): Change {
  let count = 0;
  return (words, at) => {
    if (frameFunction(words, at) !== functionCode) return false;
    const executive = functionCode >= 0xa0 && functionCode <= EXEC_SYS_ENABLE + 0x10;
    if (!executive && frameTarget(words, at) !== DEVICE_TID) return false;
    count += 1;
    if (!condition(words, at, count)) return false;
    change(words, at);
    return true;
  };
}

/** Rewrites some bits of a word. */
export function put(word: number, low: number, high: number, value: number) {
  const mask = high - low === 31 ? -1 : (2 ** (high - low + 1) - 1) << low;
  return (words: Int32Array, at: number): void => {
    words[at + word] = (words[at + word] & ~mask) | ((value << low) & mask);
  };
}

export function sizeOf(words: Int32Array, at: number): number {
  return frameSizeWords(words, at);
}

/** A private part of a running card. */
export function part<T extends object>(holder: object, ...names: readonly string[]): T {
  let found: unknown = holder;
  for (const name of names) {
    found = Reflect.get(found as object, name);
    if (typeof found !== 'object' || found === null) throw new Error(`no part ${name}`);
  }
  return found as T;
}
