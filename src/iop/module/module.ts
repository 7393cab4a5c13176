/**
 * What a module behind a device TID offers the IOP. The module serves its class's functions; utility messages (reference
 * section 5) are served for it by the IOP, out of what it says here: its parameter groups, its events, what it can abort.
 */
import type { AbortMatch } from './abort-match.ts';
import type { ParameterGroup } from './parameter-group.ts';

/** Where a module puts its events. The IOP tells whoever registered for them, when a frame is free. */
export interface EventSource {
  /**
   * Something happened that a registered host may want to hear of. Costs a test of a mask when nobody does.
   * @param event exactly one event bit: of the class, or a GENERIC_EVENT_. @param data word 5 of the event's reply.
   */
  raise(event: number, data: number): void;
}

/** A module behind a device TID: it gets the requests sent there, and a turn in the run loop for work of its own. */
export interface Module {
  /** Class the logical configuration table names. */
  readonly classId: number;
  readonly classVersion: number;
  /** Events it may raise, class bits and generic ones; the table entry's EventCapabilities. */
  readonly eventCapabilities: number;
  /** Its parameter groups, numbers below 0xF000 and each once; the generic ones are made by the IOP. */
  readonly parameterGroups: readonly ParameterGroup[];
  /**
   * Called once, before anything else: where its events go from now on.
   * @param tid of the device the module is behind; what it sends of itself names it as its target.
   */
  attachEvents(events: EventSource, tid: number): void;
  /** OutboundInit has said how large a page of host memory is, for page lists: a power of two. */
  setHostPageBytes(bytes: number): void;
  /**
   * One request, its header checked. The frame is the module's until it returns. Four outbound frames are free.
   * @param frame word index. @param functionCode word 1 bits 24-31, 0x20 or more.
   * @param sizeWords words the message has, 4 to 32.
   */
  request(frame: number, functionCode: number, sizeWords: number): void;
  /**
   * UtilAbort: ends every open request `match` names and answers each with REQUEST_STATUS_ABORT_DIRTY, _NO_DATA or _PARTIAL;
   * answers that find no outbound frame are sent later, as any other. With `match.clean`, only those of which nothing has moved.
   * @returns requests ended.
   */
  abort(match: AbortMatch): number;
  /** Own work: device, timers, replies that waited. @returns items worked on. */
  poll(): number;
  /** When it next wants a turn by itself, in clock nanoseconds; `NEVER` if only for requests. */
  nextDeadlineNs(): number;
  /** SysQuiesce or reset: every open request is answered or withdrawn, and everything held is given back. */
  quiesce(): void;
  /** A reset, after `quiesce`: what the host was still to be told it is not told any more. */
  forget?(): void;
  /** A reset destroys a reply of the module's that the host has not received. @param reply word index of its frame, to be read. */
  destroyed?(reply: number): void;
}
