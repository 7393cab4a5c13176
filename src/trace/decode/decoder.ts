/**
 * A trace's events in words, one object an event, to whoever shows them (report/trace-lines.ts) or writes
 * them (pcapng.ts). Frames are numbered from 1 in the order the host saw them. A reply is brought together
 * with its request by its contexts, a context of transmit memory with the socket that used it, as far as the
 * trace tells: memory for that is bounded.
 */
import type { TraceEnd, TraceHead, TraceSink } from '../sink.ts';
import { DOORBELL, INBOUND, OUTBOUND, SIDE_HOST } from '../sink.ts';
import { type DecodedFrame, decodeFrame } from './frame.ts';
import { packetText } from './packet.ts';

export interface FrameEvent extends DecodedFrame {
  readonly type: 'frame';
  readonly timeNs: number;
  /** From 1. */
  readonly number: number;
  readonly direction: 'inbound' | 'outbound';
  readonly slot: number;
  /** Number of the request's frame, where the reply's contexts name one that is known. */
  readonly answers?: number;
  /** Every word of the message, not negative. */
  readonly words: readonly number[];
}

export type TraceEvent =
  | { readonly type: 'head'; readonly timeNs: 0; readonly head: TraceHead }
  | FrameEvent
  | {
      readonly type: 'owner';
      readonly timeNs: number;
      readonly direction: 'inbound' | 'outbound';
      readonly slot: number;
      readonly owner: 'host' | 'card';
    }
  | { readonly type: 'doorbell' | 'interrupt'; readonly timeNs: number }
  | {
      readonly type: 'write';
      readonly timeNs: number;
      readonly side: 'host' | 'card';
      readonly address: number;
      readonly length: number;
    }
  | { readonly type: 'polled'; readonly timeNs: number; readonly address: number; readonly value: number }
  | {
      readonly type: 'packet';
      readonly timeNs: number;
      readonly sent: boolean;
      readonly packetLength: number;
      readonly text: string;
      /** The reader's memory: valid only during the call. */
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'end'; readonly timeNs: number; readonly end: TraceEnd };

/** Requests remembered until they are answered; the oldest are forgotten first. */
const OPEN_MAX = 65536;
/** Messages whose replies have a socket's number in a field of 16 bits. */
const CONNECT = 'SocketConnect';
const ACCEPT_POST = 'SocketAcceptPost';
const ID_FIELD = 0xffff;

export class TraceDecoder implements TraceSink {
  private readonly tell: (event: TraceEvent) => void;
  private device = 'socket';
  private frameWords = 32;
  private frames = 0;
  private readonly open = new Map<string, { readonly number: number; readonly sockets: readonly number[] }>();
  /** Numbers posted for accepts, each with its listener; the oldest are forgotten first. */
  private readonly posted = new Map<number, number>();
  /** Socket of each context of transmit memory, -1 for none. */
  private contextSockets = new Int32Array(0);

  constructor(tell: (event: TraceEvent) => void) {
    this.tell = tell;
  }

  head(head: TraceHead): void {
    const { transmit, immediate } = head.memory;
    this.device = head.classes.find(({ id }) => id !== 0)?.name ?? 'socket';
    this.frameWords = head.frameBytes >> 2;
    this.frames = 0;
    this.open.clear();
    this.posted.clear();
    this.contextSockets = new Int32Array(transmit.count + immediate.count).fill(-1);
    this.tell({ type: 'head', timeNs: 0, head });
  }

  frame(direction: number, timeNs: number, slot: number, words: Int32Array, at: number): void {
    this.frames += 1;
    const seen = decodeFrame(direction, words, at, this.frameWords, this.device);
    const request = direction === INBOUND ? undefined : this.requestOf(seen);
    const decoded = direction === INBOUND ? seen : this.withWholeNumbers(seen, request?.sockets[0]);
    if (direction === INBOUND) this.remember(decoded);
    const known = [...(request?.sockets ?? []), ...decoded.sockets, ...this.socketsOf(decoded.contexts)];
    const size = Math.min(Math.max(decoded.sizeWords, 4), this.frameWords);
    this.tell({
      type: 'frame',
      timeNs,
      number: this.frames,
      direction: nameOf(direction),
      slot,
      ...decoded,
      sockets: [...new Set(known)],
      ...(request !== undefined && { answers: request.number }),
      words: Array.from(words.subarray(at, at + size), (word) => word >>> 0),
    });
  }

  owner(direction: number, timeNs: number, slot: number, side: number): void {
    this.tell({ type: 'owner', timeNs, direction: nameOf(direction), slot, owner: sideName(side) });
  }

  notification(kind: number, timeNs: number): void {
    this.tell({ type: kind === DOORBELL ? 'doorbell' : 'interrupt', timeNs });
  }

  write(side: number, timeNs: number, address: number, length: number): void {
    this.tell({ type: 'write', timeNs, side: sideName(side), address, length });
  }

  polled(timeNs: number, address: number, value: number): void {
    this.tell({ type: 'polled', timeNs, address, value });
  }

  packet(
    timeNs: number,
    sent: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
    packetLength: number,
  ): void {
    const kept = bytes.subarray(offset, offset + length);
    this.tell({ type: 'packet', timeNs, sent, packetLength, text: packetText(kept), bytes: kept });
  }

  end(timeNs: number, end: TraceEnd): void {
    this.tell({ type: 'end', timeNs, end });
  }

  private remember(frame: DecodedFrame): void {
    const socket = frame.sockets[0];
    let owner = socket;
    for (const { kind, context, note } of frame.elements) {
      if (kind === 'shortTransaction') owner = Number(note?.replace('socket ', ''));
      else if (typeof context === 'number' && owner !== undefined && context < this.contextSockets.length) {
        this.contextSockets[context] = owner;
      }
    }
    if (frame.message === ACCEPT_POST && socket !== undefined)
      for (const { acceptedId } of frame.list) this.postedAt(Number(acceptedId), socket);
    if (frame.transactionContext === undefined) return;
    if (this.open.size === OPEN_MAX) this.open.delete(this.open.keys().next().value!);
    this.open.set(keyOf(frame), { number: this.frames, sockets: frame.sockets });
  }

  private postedAt(acceptedId: number, listener: number): void {
    if (this.posted.size === OPEN_MAX) this.posted.delete(this.posted.keys().next().value!);
    this.posted.set(acceptedId, listener);
  }

  /**
   * Two replies have room for 16 bits of a socket's number. The whole of it, its contexts tell to whom has seen
   * the request.
   * @param asking the socket that the request was about.
   */
  private withWholeNumbers(frame: DecodedFrame, asking: number | undefined): DecodedFrame {
    const { message, fields, transactionContext: context = -1 } = frame;
    const whole: Record<string, number> = {};
    const told = (name: string, number: number | undefined): void => {
      if (number !== undefined && (number & ID_FIELD) === fields[name]) whole[name] = number;
    };
    if (message === CONNECT) told('socketId', asking);
    else if (message === ACCEPT_POST) {
      told('acceptedId', context);
      told('listenerId', this.posted.get(context));
    }
    const names = Object.keys(whole);
    if (names.every((name) => whole[name] === fields[name])) return frame;
    const numbers = new Map(names.map((name) => [fields[name], whole[name]]));
    const sockets = frame.sockets.map((socket) => numbers.get(socket) ?? socket);
    return { ...frame, fields: { ...fields, ...whole }, sockets };
  }

  private requestOf(
    frame: DecodedFrame,
  ): { readonly number: number; readonly sockets: readonly number[] } | undefined {
    if (frame.transactionContext === undefined) return undefined;
    const key = keyOf(frame);
    const request = this.open.get(key);
    if (frame.form !== 'progress') this.open.delete(key);
    return request;
  }

  private socketsOf(contexts: readonly number[]): number[] {
    return contexts.map((context) => this.contextSockets[context] ?? -1).filter((socket) => socket >= 0);
  }
}

function keyOf({ functionCode, target, initiatorContext, transactionContext }: DecodedFrame): string {
  return `${functionCode} ${target} ${initiatorContext} ${transactionContext}`;
}

function nameOf(direction: number): 'inbound' | 'outbound' {
  return direction === OUTBOUND ? 'outbound' : 'inbound';
}

function sideName(side: number): 'host' | 'card' {
  return side === SIDE_HOST ? 'host' : 'card';
}
