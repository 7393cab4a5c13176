/** What a host's stack is made of; whoever builds a world puts it together. */
import type { DmaEngine } from '../dma/engine.ts';
import type { Device } from '../hdm/contract.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import type { Clock } from '../time/clock.ts';
import type { SendMemory } from './send-memory.ts';
import type { Sock } from './sock.ts';
import type { SockUpcalls } from './sock-upcalls.ts';

export interface HostStackParts {
  readonly stack: Stack;
  readonly devices: readonly Device[];
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly dma: DmaEngine;
  readonly memory: SendMemory;
  readonly socks: readonly Sock[];
  /** What `stack` was given to tell. */
  readonly upcalls: SockUpcalls;
  readonly sendBufferBytes: number;
  /** From a frame's arrival until the processor hears of it, in nanoseconds; 0 where it looks by itself. */
  readonly interruptNs: number;
  /** Rests until so many nanoseconds have passed; nothing comes meanwhile, since this thread runs all. */
  readonly sleep: (ns: number) => void;
  /** Where bytes in order are found; absent: in the stack's own packets. */
  readonly reads?: PlacedReads;
  /** The card whose messages the devices travel in; absent: the devices are on the host's own bus. */
  readonly card?: MessageCard;
}

/** Bytes in order that somebody else than the stack brings to where programs read them. */
export interface PlacedReads {
  /** Bytes that a socket's program can have now. */
  readable(socket: number): number;
  /** Whether more comes without the peer. */
  isDue(socket: number): boolean;
  /** Bytes of a socket's that no program has read, there or on their way there. */
  unread(socket: number): number;
  /** Copies bytes that are there, and they stay. @returns how many. */
  peek(socket: number, bytes: Uint8Array, offset: number, lengthMax: number): number;
  /** Takes bytes that are there. @returns how many. */
  take(socket: number, bytes: Uint8Array, offset: number, lengthMax: number): number;
  /** A socket may have bytes in order. */
  want(socket: number): void;
  /** A socket was closed: what was brought for it is read by nobody. */
  drop(socket: number): void;
}

/** A card that tells of what comes by messages, and whose interrupts are its own to count. */
export interface MessageCard {
  /** Asks to be told. @returns false when there is something already. */
  arm(): boolean;
}
