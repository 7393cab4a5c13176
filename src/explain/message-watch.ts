/** Watches the messages of one direction of a card: what each is about, and when it was where. */
import { after } from '../dma/wrapping.ts';
import { REQUEST_STATUS_SUCCESS } from '../i2o/executive.gen.ts';
import {
  FLAG_MULTIPLE,
  frameFlags,
  frameFunction,
  frameRequestStatus,
  frameTransactionContext,
} from '../i2o/frame.ts';
import {
  DATAGRAM_SOURCE_WORDS,
  getDatagramSourceAddress,
  getDatagramSourcePort,
  getReceiveRecordBucketContext,
  getReceiveRecordFlags,
  getReceiveRecordLength,
  getReceiveRecordOffset,
  getReceiveRecordSocketId,
  getSocketAcceptPostReplyLocalAddress,
  getSocketAcceptPostReplyLocalPort,
  getSocketAcceptPostReplyRemoteAddress,
  getSocketAcceptPostReplyRemotePort,
  getSocketConnectAddress,
  getSocketConnectPort,
  getSocketConnectReplyLocalAddress,
  getSocketConnectReplyLocalPort,
  getSocketConnectSocketId,
  getSocketReceivePostReplyCount,
  RECEIVE_FLAG_DATAGRAM,
  RECEIVE_FLAG_END_OF_STREAM,
  RECEIVE_FLAG_ERROR,
  RECEIVE_FLAG_SENT,
  RECEIVE_FLAG_URGENT,
  RECEIVE_RECORD_WORDS,
  SOCKET_ACCEPT_POST,
  SOCKET_CLOSE,
  SOCKET_CONNECT,
  SOCKET_RECEIVE_POST,
  SOCKET_RECEIVE_POST_REPLY_LIST_WORD,
  SOCKET_SEND,
  SOCKET_SEND_TO,
  SOCKET_SHUTDOWN,
} from '../i2o/socket.gen.ts';
import type { FrameDirection, FrameWatch } from '../world/virtual/watch.ts';
import type { CarriedPackets } from './carried.ts';
import type { Carried, Delivery, Message, Posted, Stream, Turn } from './events.ts';
import { endpoint } from './flows.ts';
import { type FrameNames, NUMBER_BYTES, numberIn } from './frame-names.ts';
import { sentPieces } from './sent-pieces.ts';
import type { Streams } from './streams.ts';

/** Requests whose first word behind the header names the socket. */
const OF_ONE_SOCKET = [SOCKET_SEND, SOCKET_SEND_TO, SOCKET_CONNECT, SOCKET_CLOSE, SOCKET_SHUTDOWN];

/** An agent's own time, and the turn it takes. */
export interface Moment {
  readonly ns: number;
  readonly turn: Turn | undefined;
}

/** Connects under way, by card and TransactionContext: whose, and where each leads to. */
export type Connects = Map<string, { readonly stream: Stream; readonly to: string }>;

/** What whoever watches the world as a whole lends. */
export interface MessageBook {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly streams: Streams;
  readonly names: FrameNames;
  /** Where each connect of this card's sockets leads to. */
  readonly connects: Connects;
  /** The packets that messages of this card tell of. */
  packetsOf(card: number): CarriedPackets;
  /** The sender's own time, and its turn; the receiver's. */
  sender(card: number, direction: FrameDirection): Moment;
  receiver(card: number, direction: FrameDirection): Moment;
  /** When what its sender shows of it now is seen. */
  shownNs(card: number, direction: FrameDirection): number;
  messagePosted(message: Message): void;
  noFrame(card: number, direction: FrameDirection): void;
}

interface About {
  readonly stream: Stream | undefined;
  readonly records: readonly Delivery[];
  readonly sends: readonly Posted[];
  readonly opens: boolean;
  readonly packets: readonly Carried[];
}

const NOBODY: About = { stream: undefined, records: [], sends: [], opens: false, packets: [] };

export class MessageWatch implements FrameWatch {
  private readonly book: MessageBook;
  private readonly card: number;
  private readonly direction: FrameDirection;
  /** Posted and not shown yet, in order; and all that are not received, by their frame. */
  private hidden: Message[] = [];
  private readonly waiting = new Map<number, Message>();
  private readonly packets: CarriedPackets;

  constructor(book: MessageBook, card: number, direction: FrameDirection) {
    this.book = book;
    this.card = card;
    this.direction = direction;
    this.packets = book.packetsOf(card);
  }

  posted(frame: number, mark: number): void {
    const { book, card, direction } = this;
    const { ns, turn } = book.sender(card, direction);
    const about = direction === 'inbound' ? this.request(frame) : this.reply(frame);
    const message: Message = {
      card,
      direction,
      functionCode: frameFunction(book.words, frame),
      ...about,
      postedNs: ns,
      postTurn: turn,
      mark,
      shownNs: Number.NaN,
      notifiedNs: Number.NaN,
      receivedNs: Number.NaN,
      receiveTurn: undefined,
    };
    turn?.marksNs.push(ns);
    this.hidden.push(message);
    this.waiting.set(frame, message);
    book.messagePosted(message);
  }

  refused(): void {
    this.book.noFrame(this.card, this.direction);
  }

  shown(mark: number): void {
    const nowNs = this.book.shownNs(this.card, this.direction);
    let count = 0;
    for (const message of this.hidden) {
      if (after(message.mark, mark)) break;
      message.shownNs = nowNs;
      count += 1;
    }
    if (count > 0) this.hidden = this.hidden.slice(count);
  }

  /** The receiver has been woken of what it can see and has not taken. */
  notified(): void {
    const nowNs = this.book.shownNs(this.card, this.direction);
    for (const message of this.waiting.values()) {
      const waits = message.shownNs <= nowNs && Number.isNaN(message.receivedNs);
      if (waits && Number.isNaN(message.notifiedNs)) message.notifiedNs = nowNs;
    }
  }

  received(frame: number): void {
    const message = this.waiting.get(frame);
    if (message === undefined || Number.isNaN(message.shownNs)) return;
    const { ns, turn } = this.book.receiver(this.card, this.direction);
    message.receivedNs = ns;
    message.receiveTurn = turn;
    if (turn === undefined) return;
    turn.marksNs.push(ns);
    if (Number.isNaN(turn.firstTakenNs)) turn.firstTakenNs = ns;
  }

  private request(frame: number): About {
    const { words, streams } = this.book;
    const code = frameFunction(words, frame);
    if (!OF_ONE_SOCKET.includes(code)) {
      return { ...NOBODY, packets: this.packets.sent(words, frame, code) };
    }
    const socketId = getSocketConnectSocketId(words, frame);
    // Where programs and cards name sockets apart, one of the card's begins with its connect.
    const begins = code === SOCKET_CONNECT && streams.apart;
    const stream = begins ? streams.madeByCard(this.card, socketId) : streams.ofCard(this.card, socketId);
    if (code === SOCKET_CONNECT && stream !== undefined) {
      const to = endpoint(getSocketConnectAddress(words, frame), getSocketConnectPort(words, frame));
      this.book.connects.set(this.keyOf(frame), { stream, to });
    }
    if (code !== SOCKET_SEND) return { ...NOBODY, stream };
    const sends = this.sends(frame, socketId);
    return { ...NOBODY, stream: sends[0]?.stream ?? stream, sends };
  }

  /** What a SocketSend gives the card: of one stream, or of a batch of several. */
  private sends(frame: number, socketId: number): Posted[] {
    const { words, streams } = this.book;
    return sentPieces(words, frame, socketId).flatMap(({ socketId: of, bytes }) => {
      const stream = streams.ofCard(this.card, of);
      if (stream === undefined || stream.datagrams) return [];
      stream.posted += bytes;
      return { stream, bytes: stream.posted };
    });
  }

  private reply(frame: number): About {
    const { words } = this.book;
    const code = frameFunction(words, frame);
    const good = frameRequestStatus(words, frame) === REQUEST_STATUS_SUCCESS;
    if (code === SOCKET_RECEIVE_POST && (frameFlags(words, frame) & FLAG_MULTIPLE) !== 0) {
      return this.receiveRecords(frame);
    }
    if (code === SOCKET_CONNECT && good) return this.connectReply(frame);
    if (code === SOCKET_ACCEPT_POST && good) return this.acceptReply(frame);
    return { ...NOBODY, packets: good ? this.packets.arrived(words, frame, code) : [] };
  }

  private receiveRecords(frame: number): About {
    const { words, streams } = this.book;
    const records: Delivery[] = [];
    const count = getSocketReceivePostReplyCount(words, frame);
    for (let i = 0; i < count; i++) {
      const at = frame + SOCKET_RECEIVE_POST_REPLY_LIST_WORD + i * RECEIVE_RECORD_WORDS;
      const flags = getReceiveRecordFlags(words, at);
      if ((flags & (RECEIVE_FLAG_ERROR | RECEIVE_FLAG_SENT | RECEIVE_FLAG_URGENT)) !== 0) continue;
      const stream = streams.ofCard(this.card, getReceiveRecordSocketId(words, at));
      if (stream === undefined) continue;
      const end = (flags & RECEIVE_FLAG_END_OF_STREAM) !== 0;
      const datagram = (flags & RECEIVE_FLAG_DATAGRAM) === 0 ? undefined : this.datagramAt(at);
      if (!end && datagram === undefined) stream.delivered += getReceiveRecordLength(words, at);
      records.push({ stream, bytes: stream.delivered, end, datagram });
    }
    return { ...NOBODY, stream: records[0]?.stream, records };
  }

  /** A datagram lies in a bucket of its own, behind the address that it came from. */
  private datagramAt(at: number): Delivery['datagram'] {
    const { words, bytes } = this.book;
    const bucket = this.packets.bucket(getReceiveRecordBucketContext(words, at)) ?? 0;
    const address = bucket + getReceiveRecordOffset(words, at);
    const source = address >>> 2;
    const remote = endpoint(getDatagramSourceAddress(words, source), getDatagramSourcePort(words, source));
    const payload = address + DATAGRAM_SOURCE_WORDS * 4;
    const count = Math.min(NUMBER_BYTES, getReceiveRecordLength(words, at) - DATAGRAM_SOURCE_WORDS * 4);
    return { remote, number: numberIn(bytes, payload, count) };
  }

  private connectReply(frame: number): About {
    const { words, streams, connects } = this.book;
    const key = this.keyOf(frame);
    const connect = connects.get(key);
    if (connect === undefined) return NOBODY;
    connects.delete(key);
    const { stream, to } = connect;
    stream.localPort = getSocketConnectReplyLocalPort(words, frame);
    const local = endpoint(getSocketConnectReplyLocalAddress(words, frame), stream.localPort);
    streams.connected(stream, local, to);
    return { ...NOBODY, stream, opens: true };
  }

  private keyOf(frame: number): string {
    return `${this.card}/${frameTransactionContext(this.book.words, frame)}`;
  }

  private acceptReply(frame: number): About {
    const { words, streams } = this.book;
    // The context is the number that is accepted, whole.
    const stream = streams.madeByCard(this.card, frameTransactionContext(words, frame));
    const local = endpoint(
      getSocketAcceptPostReplyLocalAddress(words, frame),
      getSocketAcceptPostReplyLocalPort(words, frame),
    );
    const remote = endpoint(
      getSocketAcceptPostReplyRemoteAddress(words, frame),
      getSocketAcceptPostReplyRemotePort(words, frame),
    );
    streams.connected(stream, local, remote);
    return { ...NOBODY, stream, opens: true };
  }
}
