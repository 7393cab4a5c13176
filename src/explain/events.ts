/** What was seen of a world while it ran: each event with the times at which it began and ended. */
import type { Decided } from '../host/devices/offloading.ts';
import type { AgentKind, CardPlace, FrameDirection } from '../world/virtual/watch.ts';
import type { DatagramPart, FrameName } from './frame-names.ts';

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
  readonly messages: readonly Message[];
  /** The driver found no message frame. */
  readonly noFrame: boolean;
  /** Of a send: it was refused for want of room in the socket's send buffer. */
  readonly full: boolean;
  /** Whether the host's own stack has served it, and no card. */
  readonly onHost: boolean;
  /** Of a datagram that was sent or received: which it is; else undefined. */
  readonly datagram: DatagramName | undefined;
}

/** A datagram among those between two sockets. */
export interface DatagramName {
  /** The other end: address and port. */
  readonly remote: string;
  readonly localPort: number;
  /** What its first bytes say, up to four: programs number their datagrams there. */
  readonly number: number;
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
  /** Of a SocketSend: how far each of its streams has been given to the card. */
  readonly sends: readonly Posted[];
  /** Of an answer: whether it says that a connection is there. */
  readonly opens: boolean;
  /** The packets that it tells of, where packets travel in messages. */
  readonly packets: readonly Carried[];
  readonly postedNs: number;
  readonly postTurn: Turn | undefined;
  readonly mark: number;
  shownNs: number;
  /** When the other side was woken for it; NaN: it was not. */
  notifiedNs: number;
  receivedNs: number;
  receiveTurn: Turn | undefined;
}

/** A receive record: bytes of a stream that have a bucket, or its end; or a datagram. */
export interface Delivery {
  readonly stream: Stream;
  /** Bytes of the stream delivered, this record's included. */
  readonly bytes: number;
  readonly end: boolean;
  /** Of a datagram: where it came from, and its number; else undefined. */
  readonly datagram: { readonly remote: string; readonly number: number } | undefined;
}

/** Bytes of a stream in a SocketSend, which may hold those of several calls and of several streams. */
export interface Posted {
  readonly stream: Stream;
  /** Bytes of the stream given to the card, these included. */
  readonly bytes: number;
}

/** A packet in a message. */
export interface Carried extends FrameName {
  /** Only its headers are told of: its payload is placed later. */
  readonly headersOnly: boolean;
}

/** One end of a connection, from the call that made its socket. */
export interface Stream {
  readonly card: number;
  readonly socketId: number;
  /** Bytes that the program has sent and received, that its card was given, and that it has put in buckets. */
  sent: number;
  received: number;
  posted: number;
  delivered: number;
  /** Whether it sends and receives datagrams, and is no connection. */
  datagrams: boolean;
  /** The port that it was bound to, or has chosen; 0 until that is known. */
  localPort: number;
  /** Where its program has connected it to: address and port. Empty: nowhere. */
  remote: string;
  /** Where a policy decides: what it decided, and the card that has it; undefined: its host's own stack has. */
  decided: Decided | undefined;
  place: CardPlace | undefined;
  /** Bytes after which a card got it that its host's stack had had; NaN: it has not moved. */
  movedAtBytes: number;
  /** The packets that leave by it, and those that come: addresses and ports. Empty until it is connected. */
  flowOut: string;
  flowIn: string;
  /** When the program first tried to send its latest message, and whether it is still about it. */
  triedNs: number;
  trying: boolean;
  /** Messages of the program that the other end has not received yet, each from its first byte on. */
  readonly writes: { readonly startNs: number; readonly from: number; readonly bytes: number }[];
  /** Bytes sent and received when its latest operation was over: the next one's begin there. */
  doneSent: number;
  doneReceived: number;
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
  /** Of a datagram, or a fragment of one: its number, and the identification of its packet; else undefined. */
  readonly datagram: DatagramPart | undefined;
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

/** One end of an operation's connection, and where it was then: see `Stream`. */
export interface OperationEnd extends Pick<Stream, 'place' | 'movedAtBytes'> {
  readonly stream: Stream;
}

/** One operation of a client: a request with its answer, a write of a stream, or a datagram of one. */
export interface Operation {
  /** From 1, in the order in which they were done. */
  readonly number: number;
  readonly program: string;
  readonly write: boolean;
  /** The end that began it. */
  readonly stream: Stream;
  /** Both ends of its connection, that one first, and where they were when it was done. */
  readonly ends: readonly OperationEnd[];
  /** Of datagrams: the one whose arrival ends it, as its receiver names it; else undefined. */
  readonly datagram: DatagramName | undefined;
  /** As its latency counts. */
  readonly startNs: number;
  readonly endNs: number;
  /** Bytes of the stream at its end, sent and received. */
  readonly sent: number;
  readonly received: number;
  /** The same before its own. */
  readonly sentBefore: number;
  readonly receivedBefore: number;
}

/** How much of a card's pools was in use at a time. */
export interface PoolSample {
  readonly card: number;
  readonly ns: number;
  readonly use: Readonly<Record<string, number>>;
}

/** All that happened in a window, each kind in its order. */
export interface Log {
  readonly turns: Turn[];
  readonly calls: Call[];
  readonly holds: Hold[];
  readonly messages: Message[];
  readonly packets: Packet[];
  readonly pools: PoolSample[];
}
