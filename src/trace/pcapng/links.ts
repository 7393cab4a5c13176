/**
 * Brings frames and packets of a trace together. The link is by the connection's addresses and ports and by
 * the place in its stream: a SocketSend is the next bytes of its socket's stream, a segment carries the bytes
 * its sequence number says, counted from the SYN's. So a segment names the sends whose bytes it carries, and
 * a receive record the segments its bytes came in.
 *
 * Nothing in a packet says which frame made it: a link is what the numbers say, for connections whose SYN and
 * whose SocketConnect or SocketAcceptPost reply the trace holds. A SYN is linked to the connect asked for at
 * that address, if it is the only one. Memory is bounded: of each connection the latest pieces, of
 * connections the latest.
 */
import type { FrameEvent } from '../decode/decoder.ts';
import { type PacketHeaders, packetHeaders } from '../decode/packet.ts';
import { ipv4Text, type Values } from '../decode/values.ts';

const STREAMS_MAX = 16384;
const PIECES_MAX = 256;
const SYN = 2;
const FIN = 1;
const RST = 4;
const NO_DATA_RECORD = /Error|EndOfStream|Sent/;

/** Bytes of a stream, and the frame or packet that brought them. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly number: number;
}

/** One direction of a connection. Bytes count from 0, the first after the SYN. */
class Stream {
  readonly name: string;
  /** Initial sequence number; -1 until the SYN was seen. */
  initial = -1;
  /** The sending socket, and the receiving one; -1 while unknown. */
  sender = -1;
  receiver = -1;
  sent = 0;
  received = 0;
  /** The frame that ended it. */
  ended = 0;
  readonly sends: Piece[] = [];
  readonly packets: Piece[] = [];

  constructor(name: string) {
    this.name = name;
  }
}

export class FrameLinks {
  private readonly streams = new Map<string, Stream>();
  /** Streams of each socket: what it sends, and what it receives. */
  private readonly sending = new Map<number, Stream>();
  private readonly receiving = new Map<number, Stream>();
  /** Connects not answered yet: socket to remote name and frame. */
  private readonly connects = new Map<number, { readonly remote: string; readonly frame: number }>();
  private readonly datagrams = new Map<string, number>();

  /** @returns a comment on a frame; empty for none. */
  frame(frame: FrameEvent): string {
    if (frame.trouble !== '') return frame.trouble;
    const { fields, sockets } = frame;
    const socket = sockets[0] ?? -1;
    switch (frame.message) {
      case 'SocketConnect':
        return frame.form === 'request' ? this.connecting(frame, socket) : this.connected(frame, socket);
      case 'SocketAcceptPost':
        return frame.status === 'Success' ? this.accepted(fields) : '';
      case 'SocketSend':
        return frame.form === 'request' ? this.sent(frame, socket) : '';
      case 'SocketSendTo':
        this.datagrams.set(`${fields['address']}:${fields['port']}`, frame.number);
        bound(this.datagrams);
        return '';
      case 'SocketReceivePost':
        return frame.list
          .map((record) => this.received(record))
          .filter(Boolean)
          .join('; ');
      case 'SocketShutdown':
      case 'SocketClose':
      case 'SocketAbort':
        return frame.form === 'request' ? this.ending(frame, socket) : '';
      default:
        return '';
    }
  }

  /**
   * @param number the packet's in the capture, by which receive records name it.
   * @returns a comment; empty for none.
   */
  packet(bytes: Uint8Array, number: number): string {
    const headers = packetHeaders(bytes);
    if (headers === undefined) return '';
    const from = endpoint(headers.source, headers.sourcePort);
    const to = endpoint(headers.destination, headers.destinationPort);
    if (headers.protocol === 'UDP') {
      const frame = this.datagrams.get(to);
      return frame === undefined ? '' : `latest SocketSendTo to ${to}: frame ${frame}`;
    }
    return this.segment(headers, this.stream(from, to), number, to);
  }

  private segment(headers: PacketHeaders, stream: Stream, number: number, to: string): string {
    const { flags, payloadBytes, sequence } = headers;
    const notes: string[] = [];
    if ((flags & SYN) !== 0) {
      this.renew(stream, sequence);
      const asking = [...this.connects.values()].filter(({ remote }) => remote === to);
      if ((flags & 16) === 0 && asking.length === 1) notes.push(`SocketConnect: frame ${asking[0].frame}`);
    }
    if (stream.sender >= 0) notes.push(`from socket ${stream.sender}`);
    if (stream.receiver >= 0) notes.push(`for socket ${stream.receiver}`);
    if (payloadBytes > 0 && stream.initial >= 0) {
      const first = (sequence - stream.initial - 1) >>> 0;
      const piece = { from: first, to: first + payloadBytes, number };
      keep(stream.packets, piece);
      notes.push(`bytes ${rangeText(piece)}`);
      const sends = overlapping(stream.sends, piece);
      if (sends.length > 0) notes.push(`SocketSend: ${plural('frame', sends)}`);
    }
    if ((flags & (FIN | RST)) !== 0 && stream.ended > 0) notes.push(`end asked for by frame ${stream.ended}`);
    return notes.join(', ');
  }

  private connecting({ fields, number }: FrameEvent, socket: number): string {
    const remote = `${fields['address']}:${fields['port']}`;
    this.connects.set(socket, { remote, frame: number });
    bound(this.connects);
    return '';
  }

  private connected(frame: FrameEvent, socket: number): string {
    const remote = this.connects.get(socket)?.remote;
    this.connects.delete(socket);
    if (remote === undefined || frame.status !== 'Success') return '';
    const { localAddress, localPort } = frame.fields;
    return this.attach(socket, `${localAddress}:${localPort}`, remote);
  }

  private accepted({ acceptedId, localAddress, localPort, remoteAddress, remotePort }: Values): string {
    return this.attach(Number(acceptedId), `${localAddress}:${localPort}`, `${remoteAddress}:${remotePort}`);
  }

  /** A socket is one end of a connection from now on. */
  private attach(socket: number, local: string, remote: string): string {
    const out = this.stream(local, remote);
    const back = this.stream(remote, local);
    out.sender = socket;
    back.receiver = socket;
    this.sending.set(socket, out);
    this.receiving.set(socket, back);
    return `socket ${socket} is ${local}, its peer ${remote}`;
  }

  private sent(frame: FrameEvent, socket: number): string {
    const stream = this.sending.get(socket);
    // A batch names several sockets; its elements are not told apart here.
    if (stream === undefined || frame.elements.some(({ kind }) => kind.endsWith('Transaction'))) return '';
    const bytes = frame.elements.reduce((sum, element) => sum + (element.bytes ?? 0), 0);
    const piece = { from: stream.sent, to: stream.sent + bytes, number: frame.number };
    stream.sent = piece.to;
    if (bytes === 0) return '';
    keep(stream.sends, piece);
    return `bytes ${rangeText(piece)} of ${stream.name}`;
  }

  private received(record: Values): string {
    const stream = this.receiving.get(Number(record['socketId']));
    if (stream === undefined || NO_DATA_RECORD.test(String(record['flags']))) return '';
    const piece = { from: stream.received, to: stream.received + Number(record['length']), number: 0 };
    stream.received = piece.to;
    const packets = overlapping(stream.packets, piece);
    const came = packets.length === 0 ? '' : `, came in ${plural('packet', packets)}`;
    return `bytes ${rangeText(piece)} of ${stream.name}${came}`;
  }

  private ending(frame: FrameEvent, socket: number): string {
    const stream = this.sending.get(socket);
    if (stream === undefined || frame.fields['how'] === 'Read') return '';
    stream.ended ||= frame.number;
    return `ends ${stream.name}`;
  }

  private stream(from: string, to: string): Stream {
    const name = `${from} > ${to}`;
    let stream = this.streams.get(name);
    if (stream === undefined) {
      stream = new Stream(name);
      this.streams.set(name, stream);
      bound(this.streams);
    }
    return stream;
  }

  /** A SYN: a new connection, unless it is the same one sent again. */
  private renew(stream: Stream, sequence: number): void {
    if (stream.initial === sequence) return;
    stream.initial = sequence;
    stream.sender = -1;
    stream.receiver = -1;
    stream.sent = 0;
    stream.received = 0;
    stream.ended = 0;
    stream.sends.length = 0;
    stream.packets.length = 0;
  }
}

/** Both forms an address comes in, a number or a text, as `address:port`. */
function endpoint(address: number, port: number): string {
  return `${ipv4Text(address)}:${port}`;
}

function bound(map: Map<unknown, unknown>): void {
  if (map.size > STREAMS_MAX) map.delete(map.keys().next().value);
}

function keep(pieces: Piece[], piece: Piece): void {
  pieces.push(piece);
  if (pieces.length > PIECES_MAX) pieces.shift();
}

/** Numbers of the pieces that share bytes with one, each once. */
function overlapping(pieces: readonly Piece[], { from, to }: Piece): number[] {
  return [
    ...new Set(pieces.filter((piece) => piece.from < to && piece.to > from).map(({ number }) => number)),
  ];
}

function rangeText({ from, to }: Piece): string {
  return `${from}-${to - 1}`;
}

function plural(what: string, numbers: readonly number[]): string {
  return `${what}${numbers.length === 1 ? '' : 's'} ${numbers.join(' ')}`;
}
