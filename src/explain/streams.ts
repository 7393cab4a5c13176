/** The connections of a watched world: which socket is whose end, and which packets belong to it. */
import type { Stream } from './events.ts';

export class Streams {
  private readonly bySocket = new Map<string, Stream>();
  private readonly byFlow = new Map<string, Stream>();

  /** A socket has been made, under a number that may have been another's. */
  made(card: number, socketId: number): Stream {
    const stream: Stream = {
      card,
      socketId,
      sent: 0,
      received: 0,
      delivered: 0,
      flowOut: '',
      flowIn: '',
      triedNs: Number.NaN,
      trying: false,
      writes: [],
    };
    this.bySocket.set(keyOf(card, socketId), stream);
    return stream;
  }

  at(card: number, socketId: number): Stream | undefined {
    return this.bySocket.get(keyOf(card, socketId));
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

function keyOf(card: number, socketId: number): string {
  return `${card}/${socketId}`;
}

export function endpoint(address: number, port: number): string {
  return `${address >>> 0}:${port}`;
}

export function flowOf(from: string, to: string): string {
  return `${from}>${to}`;
}
