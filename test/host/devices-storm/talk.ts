/**
 * The sockets of a storm and what passes between them: each byte says which connection it is of and where in
 * its stream it stands, so that whoever receives it can tell. An end that fails must have a reason for it.
 */
import { FAILED, SHUT_RDWR, SHUT_WR, type SocketStack, WRITABLE } from '../../../src/socket/contract.ts';
import {
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EHOSTUNREACH,
  ENETDOWN,
  ENETUNREACH,
  ENOTCONN,
  EPIPE,
  ETIMEDOUT,
  errnoName,
} from '../../../src/socket/errno.ts';
import { SO_ERROR } from '../../../src/socket/options.ts';

/** One end of a connection. */
export interface End {
  readonly stack: SocketStack;
  readonly socket: number;
  /** Its connection, both ways: `from` and `to` of what it sends; empty until it is established. */
  key: string;
  sent: number;
  got: number;
  /** It has ended its half, or nobody sends it more. */
  writeEnded: boolean;
  readEnded: boolean;
  errno: number;
  /** Of a connect: its place among the stacks and its port, by which the listener is known. */
  readonly target: string;
  /** That listener was not there, was closed before it had given the connection out, or died with a device. */
  unheard: boolean;
  /** A device that had it, or may have had it, has died. */
  died: boolean;
}

/** What makes an error no fault: something that the storm has done. */
export interface Reasons {
  /** Keys of connections that a device had which died. */
  readonly died: Set<string>;
  /** Keys of connections of which an end was closed. */
  readonly closed: Set<string>;
  /** Whether a way was ever broken, so that what went by it may have been given up. */
  broken: boolean;
}

const PERIOD = 251;

/** The byte at a place of a stream. */
function byteAt(key: string, place: number): number {
  let seed = 7;
  for (let i = 0; i < key.length; i++) seed = (seed * 31 + key.charCodeAt(i)) | 0;
  return ((((seed >>> 0) % PERIOD) + place) * 167 + (place >> 8) * 59) & 0xff;
}

/** The same connection, as the other end names it. */
export function mirrored(key: string): string {
  return key.split('>').reverse().join('>');
}

/** A connection by its ends, its own first; empty where there is none. */
export function keyOf(stack: SocketStack, socket: number): string {
  const local = stack.localEndpoint(socket);
  const remote = stack.remoteEndpoint(socket);
  if (local === undefined || remote === undefined) return '';
  return `${local.address >>> 0}:${local.port}>${remote.address >>> 0}:${remote.port}`;
}

/**
 * Whether both ends of a connection are in one subnet. One that was opened while another port stood in has
 * that port's address, to which its peer knows no way once its own port is back.
 */
export function isOnOneWire(key: string): boolean {
  const [from, to] = key.split('>').map((end) => Number(end.split(':')[0]) >>> 8);
  return from === to;
}

export class Talk {
  readonly ends: End[] = [];
  /** Bytes that the storm has checked. */
  checked = 0;
  /** Ends that have failed, by errno. */
  readonly failures = new Map<number, number>();
  private readonly reasons: Reasons;
  private readonly bytes = new Uint8Array(20_000);
  /** By key: how far its sender is. */
  private readonly sent = new Map<string, number>();
  /** Keys of connections that a listener has given out. */
  private readonly heard = new Set<string>();

  constructor(reasons: Reasons) {
    this.reasons = reasons;
  }

  /** @param target of a connect: see `End`. */
  add(stack: SocketStack, socket: number, target = ''): End {
    if (this.ends.some((end) => end.stack === stack && end.socket === socket)) {
      throw new Error(`socket ${socket} is given twice`);
    }
    const counts = { key: '', sent: 0, got: 0, errno: 0 };
    const flags = { writeEnded: false, readEnded: false, unheard: false, died: false };
    const end = { stack, socket, target, ...counts, ...flags };
    this.ends.push(end);
    // What was accepted stands, and its other end has been heard.
    if (target === '' && this.stands(end)) this.heard.add(mirrored(end.key));
    return end;
  }

  /** Names its connection once it is established. @returns whether it is. */
  stands(end: End): boolean {
    const { stack, socket } = end;
    const bits = stack.readiness(socket);
    if (bits < 0) throw new Error(`readiness of an open socket is ${errnoName(bits)}`);
    if ((bits & FAILED) !== 0) this.fails(end, stack.getOption(socket, SO_ERROR));
    if (end.errno !== 0) return false;
    if (end.key === '' && (bits & WRITABLE) === 0) return false;
    const key = keyOf(stack, socket);
    if (key === '') return false;
    if (end.key !== '' && end.key !== key) throw new Error(`connection ${end.key} has become ${key}`);
    if (end.key === '') {
      end.key = key;
      this.sent.set(key, 0);
    }
    return true;
  }

  send(end: End, length: number): void {
    if (end.writeEnded || !this.stands(end)) return;
    for (let i = 0; i < length; i++) this.bytes[i] = byteAt(end.key, end.sent + i);
    const answer = end.stack.send(end.socket, this.bytes, 0, length);
    if (answer > 0) {
      end.sent += answer;
      this.sent.set(end.key, end.sent);
    } else if (answer !== -EAGAIN) this.fails(end, -answer);
  }

  recv(end: End, length: number): void {
    if (end.readEnded || !this.stands(end)) return;
    const answer = end.stack.recv(end.socket, this.bytes, 0, length);
    if (answer === 0) end.readEnded = true;
    if (answer < 0 && answer !== -EAGAIN) this.fails(end, -answer);
    const of = mirrored(end.key);
    for (let i = 0; i < answer; i++) {
      if (this.bytes[i] !== byteAt(of, end.got + i)) throw new Error(`byte ${end.got + i} of ${of}`);
    }
    if (answer > 0) {
      end.got += answer;
      this.checked += answer;
      const sent = this.sent.get(of) ?? 0;
      if (end.got > sent) throw new Error(`${end.got} bytes of ${sent} of ${of} have come`);
    }
  }

  shutdown(end: End, how: number): void {
    if (!this.stands(end)) return;
    const answer = end.stack.shutdown(end.socket, how);
    if (answer !== 0 && answer !== -ENOTCONN) this.fails(end, -answer);
    end.writeEnded ||= how === SHUT_WR || how === SHUT_RDWR;
    end.readEnded ||= how !== SHUT_WR;
    if (how !== SHUT_WR) this.endsEarly(end);
  }

  close(end: End): void {
    this.stands(end);
    this.endsEarly(end);
    const answer = end.stack.close(end.socket);
    if (answer !== 0) throw new Error(`close answers ${errnoName(answer)}`);
    this.ends.splice(this.ends.indexOf(end), 1);
  }

  /** A listener was closed, or has died: whom it has not given out may be reset or refused. */
  unheard(target: string): void {
    for (const end of this.ends) if (end.target === target && !this.heard.has(end.key)) end.unheard = true;
  }

  /** Whether it is a connection of which no listener's owner was told, for no reason. */
  isLost({ target, key, errno, unheard }: End): boolean {
    if (target === '' || key === '' || errno !== 0 || unheard || !isOnOneWire(key)) return false;
    return !this.heard.has(key) && !this.reasons.closed.has(key) && !this.reasons.died.has(key);
  }

  /** What the other end still sends may be answered by a reset. */
  private endsEarly({ stack, socket }: End): void {
    const key = keyOf(stack, socket);
    this.reasons.closed.add(key).add(mirrored(key));
  }

  private fails(end: End, errno: number): void {
    if (end.errno !== 0) return;
    const whose = end.key === '' ? `a connect to ${end.target}` : end.key;
    if (errno === 0) throw new Error(`${whose} fails, and SO_ERROR says nothing`);
    end.errno = errno;
    this.failures.set(errno, (this.failures.get(errno) ?? 0) + 1);
    if (!this.excused(end, errno)) throw new Error(`${whose} fails with ${errnoName(errno)} for no reason`);
  }

  private excused({ key, unheard, died: own }: End, errno: number): boolean {
    const { died, closed, broken } = this.reasons;
    const connecting = key === '';
    switch (errno) {
      case ENETDOWN:
        return own || died.has(key);
      case ECONNRESET:
      case EPIPE:
        return unheard || died.has(key) || closed.has(key);
      case ECONNREFUSED:
        return connecting && unheard;
      case EHOSTUNREACH:
      case ENETUNREACH:
      case ETIMEDOUT:
        return broken;
      default:
        return false;
    }
  }
}
