/** A socket of the card in plain memory. */
import type { Endpoint } from '../../src/socket/contract.ts';

export interface MemorySocket {
  id: number;
  address: number;
  port: number;
  remote: Endpoint | undefined;
  peer: MemorySocket | undefined;
  listening: boolean;
  connecting: boolean;
  backlog: number;
  accepts: MemorySocket[];
  chunks: Buffer[];
  buffered: number;
  /** Bytes the peer has not read yet: the send buffer's fill. */
  unread: number;
  sentEnd: boolean;
  gotEnd: boolean;
  error: number;
  reset: boolean;
  closed: boolean;
  options: Map<number, number>;
}

export function newSocket(id: number): MemorySocket {
  return {
    id,
    address: 0,
    port: 0,
    remote: undefined,
    peer: undefined,
    listening: false,
    connecting: false,
    backlog: 0,
    accepts: [],
    chunks: [],
    buffered: 0,
    unread: 0,
    sentEnd: false,
    gotEnd: false,
    error: 0,
    reset: false,
    closed: false,
    options: new Map(),
  };
}

/** A socket's error, which is told once. */
export function takeError(socket: MemorySocket): number {
  const { error } = socket;
  socket.error = 0;
  return error;
}
