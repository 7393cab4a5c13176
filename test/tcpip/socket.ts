/** A socket of the stack under test: the user's calls, at the script's time, on one connection. */
import { expect } from 'vitest';
import { STATE_NAMES } from './side.ts';
import type { Stage } from './stage.ts';
import { pattern } from './wire.ts';

export const SHUT_READ = 0;
export const SHUT_WRITE = 1;
export const SHUT_BOTH = 2;

/** Flags of a send. */
export const MORE = 1;
export const URGENT = 2;

export class Socket {
  readonly c: number;
  readonly owner: number;
  private readonly script: Stage;
  /** Bytes sent so far, so that the stream is one pattern. */
  private sent = 0;
  /** Bytes read so far. */
  private read = 0;
  private given = false;
  private readonly accepted: Socket[] = [];

  constructor(script: Stage, c: number, owner: number) {
    this.script = script;
    this.c = c;
    this.owner = owner;
  }

  private get stack() {
    return this.script.host.stack;
  }

  /** The state's name in RFC 9293. */
  get state(): string {
    return STATE_NAMES[this.stack.tcpState(this.c)];
  }

  get readable(): number {
    return this.stack.tcpReadable(this.c);
  }

  get endOfStream(): boolean {
    return this.stack.tcpEndOfStream(this.c);
  }

  get localPort(): number {
    return this.stack.tcpLocalPort(this.c);
  }

  get cwnd(): number {
    return this.stack.tcpCwndBytes(this.c);
  }

  get ssthresh(): number {
    return this.stack.tcpSsthreshBytes(this.c);
  }

  get rtoUs(): number {
    return this.stack.tcpRtoUs(this.c);
  }

  get srttUs(): number {
    return this.stack.tcpSrttUs(this.c);
  }

  get unacked(): number {
    return this.stack.tcpUnackedBytes(this.c);
  }

  get urgentBytes(): number {
    return this.stack.tcpUrgentBytes(this.c);
  }

  /** -1 where it has not come. */
  get urgentByte(): number {
    return this.stack.tcpUrgentByte(this.c);
  }

  /** @returns errno. */
  binds(port: number, address = 0): number {
    return this.stack.tcpBind(this.c, address, port);
  }

  /** @returns errno. */
  listens(backlog = 16): number {
    return this.stack.tcpListen(this.c, backlog);
  }

  /** Starts an active open; the SYN goes out. @returns errno. */
  connects(address: number, port: number): number {
    const errno = this.stack.tcpConnect(this.c, address, port, this.script.nowUs);
    this.script.settle();
    return errno;
  }

  /** @returns the connection that waited longest; undefined when there is none. */
  accepts(owner = 1): Socket | undefined {
    const c = this.stack.tcpAccept(this.c, owner);
    if (c < 0) return undefined;
    const socket = new Socket(this.script, c, owner);
    this.accepted.push(socket);
    return socket;
  }

  /** Queues the next bytes of the pattern, and lets go out what may. @returns errno. */
  sends(length: number, flags = 0): number {
    const errno = this.queues(length, flags);
    this.script.settle();
    return errno;
  }

  /** Queues the next bytes of the pattern; nothing goes out yet. @returns errno. */
  queues(length: number, flags = 0): number {
    const errno = this.script.host.sendBytes(this.c, pattern(length, this.sent), flags);
    if (errno === 0) this.sent += length;
    return errno;
  }

  /**
   * Takes and consumes what is there, up to `most` bytes; a window update may go out. The bytes must be the
   * pattern's at this place of the stream. @returns how many.
   */
  reads(most = 1 << 20): number {
    const data = this.script.host.takeAll(this.c, most);
    const isPattern = Buffer.from(data).equals(pattern(data.length, this.read));
    expect(isPattern, `${data.length} bytes from ${this.read} on`).toBe(true);
    this.read += data.length;
    this.script.settle();
    return data.length;
  }

  /** Takes bytes without consuming them: their room stays occupied. */
  takes(most: number): number {
    const taken = this.stack.tcpTake(this.c, this.script.host.scratch, most);
    this.script.settle();
    return taken;
  }

  /** @param sparing whether it is one who says so only once it is much, or needs an acknowledgement to go. */
  consumes(bytes: number, sparing = false): void {
    this.stack.tcpConsumed(this.c, bytes, this.script.nowUs, sparing);
    this.script.settle();
  }

  /** @returns errno. */
  shutsDown(how = SHUT_WRITE): number {
    const errno = this.stack.tcpShutdown(this.c, how, this.script.nowUs);
    this.script.settle();
    return errno;
  }

  closes(): void {
    this.given = true;
    this.stack.tcpClose(this.c, this.script.nowUs);
    this.script.settle();
  }

  aborts(): void {
    this.given = true;
    this.stack.tcpAbort(this.c, this.script.nowUs);
    this.script.settle();
  }

  /** At the end of a test: gives up what has not been given up. */
  abandons(): void {
    for (const socket of this.accepted) socket.abandons();
    if (!this.given) this.aborts();
  }

  sets(option: number, value: number): void {
    expect(this.stack.tcpSetOption(this.c, option, value)).toBe(0);
    this.script.settle();
  }

  /** The value of an option, or -1000 - errno. */
  option(option: number): number {
    return this.stack.tcpGetOption(this.c, option);
  }
}
