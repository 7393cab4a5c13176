/** What was seen of a world while it ran: each event with the times at which it began and ended. */
import type { AgentKind, FrameDirection } from '../world/virtual/watch.ts';

/** One turn of a host, a card's processor or a switch. */
export interface Turn {
  readonly kind: AgentKind;
  readonly index: number;
  readonly startNs: number;
  /** When its work was done, by the agent's own time. */
  endNs: number;
  /** When it took its first frame or packet; NaN when none. */
  firstTakenNs: number;
  /** When it took, posted or sent anything, in order: between two it works on one thing. */
  readonly marksNs: number[];
  /** Things it worked on. */
  work: number;
}

/**
 * A program had no step, since a send of its was to wait in its call for a buffer. Others of its host may
 * have had theirs.
 */
export interface Hold {
  /** The card whose sockets it calls. */
  readonly card: number;
  readonly fromNs: number;
  readonly toNs: number;
}

/** The calls that are followed. */
export type CallName = 'connect' | 'accept' | 'send' | 'recv' | 'shutdown' | 'close' | 'other';

/** One call of a program. */
export interface Call {
  readonly name: CallName;
  readonly card: number;
  readonly stream: Stream | undefined;
  readonly turn: Turn | undefined;
  readonly beginNs: number;
  readonly endNs: number;
  /** What it answered, and how many bytes of the stream there were before. */
  readonly result: number;
  readonly before: number;
  /** Of a send: bytes of the program's whole message. */
  readonly messageBytes: number;
  readonly messages: readonly Message[];
  /** The driver found no message frame. */
  readonly noFrame: boolean;
  /** Of a send: it was refused for want of room in the socket's send buffer. */
  readonly full: boolean;
}

/** A message in its frame, from its post to its receipt. */
export interface Message {
  readonly card: number;
  readonly direction: FrameDirection;
  readonly functionCode: number;
  /** The socket it is about; of a list the first one's. */
  readonly stream: Stream | undefined;
  /** Of receive records: how far each stream has been delivered. */
  readonly records: readonly Delivery[];
  /** Of an answer: whether it says that a connection is there. */
  readonly opens: boolean;
  readonly postedNs: number;
  readonly postTurn: Turn | undefined;
  readonly mark: number;
  shownNs: number;
  /** When the other side was woken for it; NaN: it was not. */
  notifiedNs: number;
  receivedNs: number;
  receiveTurn: Turn | undefined;
}

/** A receive record: bytes of a stream that have a bucket, or its end. */
export interface Delivery {
  readonly stream: Stream;
  /** Bytes of the stream delivered, this record's included. */
  readonly bytes: number;
  readonly end: boolean;
}

/** One end of a connection, from the call that made its socket. */
export interface Stream {
  readonly card: number;
  readonly socketId: number;
  /** Bytes that the program has sent and received, and that the card has put in buckets. */
  sent: number;
  received: number;
  delivered: number;
  /** The packets that leave by it, and those that come: addresses and ports. Empty until it is connected. */
  flowOut: string;
  flowIn: string;
  /** When the program first tried to send its latest message, and whether it is still about it. */
  triedNs: number;
  trying: boolean;
  /** Messages of the program that the other end has not received yet. */
  readonly writes: { readonly startNs: number; readonly bytes: number }[];
}

/** A frame on one link. */
export interface Packet {
  readonly wire: number;
  readonly flow: string;
  readonly flags: number;
  /** Where its payload lies in the stream: bytes from the first one. */
  readonly fromByte: number;
  readonly toByte: number;
  /** Whether its bytes, or flags, had been sent before. */
  readonly again: boolean;
  readonly length: number;
  readonly sentNs: number;
  readonly sentTurn: Turn | undefined;
  /** When it left its sender, when its first and last bit went on the wire, and when it arrived. */
  leaveNs: number;
  startNs: number;
  endNs: number;
  arrivedNs: number;
  receivedNs: number;
  receiveTurn: Turn | undefined;
}

/** One operation of a client: a request with its answer, or a write of a stream. */
export interface Operation {
  /** From 1, in the order in which they were done. */
  readonly number: number;
  readonly program: string;
  readonly write: boolean;
  readonly stream: Stream;
  /** As its latency counts. */
  readonly startNs: number;
  readonly endNs: number;
  /** Bytes of the stream at its end, sent and received. */
  readonly sent: number;
  readonly received: number;
}

/** How much of a card's pools was in use at a time. */
export interface PoolSample {
  readonly card: number;
  readonly ns: number;
  readonly use: Readonly<Record<string, number>>;
}
