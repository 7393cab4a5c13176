/** The connections of a watched world: which socket is whose end, and which packets belong to it. */
import type { Stream } from './events.ts';
import { flowOf } from './flows.ts';

export class Streams {
  /**
   * Whether a card names its sockets otherwise than the programs of its host do, since a policy decides where
   * each of them is.
   */
  apart = false;
  private readonly bySocket = new Map<string, Stream>();
  private readonly byCard = new Map<string, Stream>();
  private readonly byFlow = new Map<string, Stream>();

  /** A program has made a socket, under a number that may have been another's. */
  made(card: number, socketId: number): Stream {
    const stream = newStream(card, socketId);
    this.adopt(card, socketId, stream);
    return stream;
  }

  /** A card has made one. */
  madeByCard(card: number, socketId: number): Stream {
    const stream = newStream(card, socketId);
    this.bind(card, socketId, stream);
    return stream;
  }

  /** A program's socket is this one's end. */
  adopt(card: number, socketId: number, stream: Stream): void {
    this.bySocket.set(keyOf(card, socketId), stream);
  }

  /** So is a card's. */
  bind(card: number, socketId: number, stream: Stream): void {
    (this.apart ? this.byCard : this.bySocket).set(keyOf(card, socketId), stream);
  }

  /** By the number that a program has. */
  at(card: number, socketId: number): Stream | undefined {
    return this.bySocket.get(keyOf(card, socketId));
  }

  /** By the number that a card has. */
  ofCard(card: number, socketId: number): Stream | undefined {
    return (this.apart ? this.byCard : this.bySocket).get(keyOf(card, socketId));
  }

  /** A connection is there: what leaves its end has these addresses. */
  connected(stream: Stream, local: string, remote: string): void {
    stream.flowOut = flowOf(local, remote);
    stream.flowIn = flowOf(remote, local);
    this.byFlow.set(stream.flowOut, stream);
  }

  /** The other end of a connection; undefined before both ends are known. */
  peerOf(stream: Stream): Stream | undefined {
    return stream.flowIn === '' ? undefined : this.byFlow.get(stream.flowIn);
  }
}

function newStream(card: number, socketId: number): Stream {
  return {
    card,
    socketId,
    sent: 0,
    received: 0,
    posted: 0,
    delivered: 0,
    datagrams: false,
    localPort: 0,
    remote: '',
    decided: undefined,
    place: undefined,
    movedAtBytes: Number.NaN,
    flowOut: '',
    flowIn: '',
    triedNs: Number.NaN,
    trying: false,
    writes: [],
    doneSent: 0,
    doneReceived: 0,
  };
}

function keyOf(card: number, socketId: number): string {
  return `${card}/${socketId}`;
}
