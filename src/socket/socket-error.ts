/** A socket call's errno as an exception, for the forms that throw. */
import { errnoName } from './errno.ts';
import type { TcpInfo } from './tcp-info.ts';

export class SocketError extends Error {
  /** Its name, as Node's errors have it: `ECONNREFUSED`. */
  readonly code: string;
  /** Negative, as calls return it. */
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number) {
    const code = errnoName(errno);
    super(`${syscall} ${code}`);
    this.name = 'SocketError';
    this.code = code;
    this.errno = -Math.abs(errno);
    this.syscall = syscall;
  }
}

/** @returns the result of a call, if it is none of an error. @throws SocketError for a negative errno. */
export function checked(syscall: string, result: number): number {
  if (result < 0) throw new SocketError(syscall, result);
  return result;
}

/** @returns what a socket's TCP_INFO tells. @throws SocketError where there is none. */
export function checkedInfo(info: TcpInfo | number): TcpInfo {
  if (typeof info === 'number') throw new SocketError('tcpInfo', info);
  return info;
}
