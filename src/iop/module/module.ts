/**
 * What a module behind a device TID offers the IOP. The module serves the functions of its class. Utility
 * messages are served for it by the IOP, out of what it says here: its parameter groups, its events, what it
 * can abort.
 */
import type { AbortMatch } from './abort-match.ts';
import type { ParameterGroup } from './parameter-group.ts';

/**
 * Where a module puts its events. The IOP tells the host of those it registered for, when a frame is free.
 */
export interface EventSource {
  /**
   * Something happened that the host may want to hear of. It costs a few compares when the host has not
   * registered for it.
   * @param event exactly one bit of the target's event capabilities. @param data word 5 of the event's reply.
   */
  raise(event: number, data: number): void;
}

/**
 * A module behind a device TID. It gets the requests sent there, and a turn in the run loop for work of its
 * own.
 */
export interface Module {
  /** Class and version of it that the logical configuration table names: 12 and 4 bits. */
  readonly classId: number;
  readonly classVersion: number;
  /** Events that it may raise, of its class and generic ones: EventCapabilities of the table entry. */
  readonly eventCapabilities: number;
  /** Its parameter groups, each once, numbered below 0xF000. The IOP makes the generic ones. */
  readonly parameterGroups: readonly ParameterGroup[];
  /**
   * Called once, before anything else: where its events go from now on.
   * @param tid of the device the module is behind; what it sends of itself names it as its target.
   */
  attachEvents(events: EventSource, tid: number): void;
  /** OutboundInit has said how many bytes a page of host memory has, for page lists: a power of two. */
  setHostPageBytes(bytes: number): void;
  /**
   * One request. Its header has been checked. The frame is the module's until this returns. Four outbound
   * frames (REPLY_RESERVE) are free.
   * @param frame word index. @param functionCode word 1 bits 24-31, 0x20 or more.
   * @param sizeWords words the message has, 4 to 32.
   */
  request(frame: number, functionCode: number, sizeWords: number): void;
  /**
   * UtilAbort: ends every open request that `match` names, and answers each with REQUEST_STATUS_ABORT_DIRTY,
   * _NO_DATA or _PARTIAL. Answers that find no outbound frame are sent later, as any other. With
   * `match.clean` it ends only those of which nothing has moved.
   * @returns requests ended.
   */
  abort(match: AbortMatch): number;
  /** Work of its own, bounded: device, timers, replies that waited. @returns items worked on. */
  poll(): number;
  /** When it next wants a turn by itself, in clock nanoseconds; `NEVER` if only when a request comes. */
  nextDeadlineNs(): number;
  /**
   * SysQuiesce, IopClear, a reset, or the end of its device: every open request is answered or withdrawn, and
   * everything held is given back. It leaves the executive REPLY_RESERVE outbound frames.
   */
  quiesce(): void;
  /** A reset, after `quiesce`: what the host was still to be told, it is not told any more. */
  forget?(): void;
  /**
   * A reset destroys a reply of this module that the host has not received.
   * @param reply word index of its frame, to be read.
   */
  destroyed?(reply: number): void;
}
