/**
 * Faults on purpose of a host: what `inic conform --role host` must tell. Each spoils the transfer over a
 * card of few buffers alone, from its first SocketSend on, so that every other case still passes.
 */
import { frameFunction } from '../../i2o/frame.ts';
import { SOCKET_CONNECT, SOCKET_SEND, SOCKET_SEND_SGL_WORD } from '../../i2o/socket.gen.ts';
import * as pipe from '../pipe/pipe.gen.ts';
import type { Backend } from './backend.ts';

export const HOST_FAULTS = [
  'hang',
  'death',
  'junk',
  'cut-message',
  'huge-length',
  'outside-read',
  'outside-write',
  'unannounced',
  'overrun',
  'out-of-turn',
  'flood',
  'double-send',
  'double-request',
  'unclaimed-socket',
  'short-frame',
  'foreign-memory',
  'wrong-size',
  'idle-doorbells',
  'keeps-replies',
  'forgets-replies',
  'short-transfer',
  'gives-up',
  'never-done',
] as const;
export type HostFault = (typeof HOST_FAULTS)[number];

/** The case that is spoilt, by its name in Begin. */
export const SPOILT_TRANSFER = 'transfer/few-buffers';

const EXIT_STATUS = 3;
const SOCKET_ID_WORD = 4;
/** Of the first element of a SocketSend: its count, and its address. */
const COUNT_WORD = SOCKET_SEND_SGL_WORD;
const ADDRESS_WORD = SOCKET_SEND_SGL_WORD + 2;
/** Longer than any buffer. */
const TOO_LONG = 0x10_0000;
const IDLE_DOORBELLS = 40;
/** A socket number that the host never creates, and the size of a frame without a whole header. */
const UNCLAIMED_SOCKET = 15;
const SHORT_FRAME = 2 << 16;

/** The host that is wrong in one way, in one case. */
export class SpoiltHost {
  private readonly fault: HostFault;
  private readonly backend: Backend;
  private spent = false;

  constructor(fault: HostFault, backend: Backend) {
    this.fault = fault;
    this.backend = backend;
  }

  is(fault: HostFault): boolean {
    return this.fault === fault;
  }

  /** A request is sent. @returns whether it is the first SocketSend, which is where a host goes wrong. */
  private isHere(words: Int32Array, at: number): boolean {
    if (this.spent || frameFunction(words, at) !== SOCKET_SEND) return false;
    this.spent = true;
    return true;
  }

  /**
   * Spoils a request on its way, or does what no back-end may.
   * @returns 2 where it is to be sent once more, in another frame; 0 where nobody is to be told of it; else 1.
   */
  send(number: number, words: Int32Array, at: number): number {
    if (!this.isHere(words, at)) return 1;
    switch (this.fault) {
      case 'unclaimed-socket':
        words[at + SOCKET_ID_WORD] = (words[at + SOCKET_ID_WORD] & ~0xffff) | UNCLAIMED_SOCKET;
        return 1;
      case 'short-frame':
        words[at] = (words[at] & 0xffff) | SHORT_FRAME;
        return 1;
      case 'foreign-memory':
        words[at + ADDRESS_WORD] = 0;
        return 1;
      case 'wrong-size':
        words[at + COUNT_WORD] |= TOO_LONG;
        return 1;
      case 'double-request':
        return 2;
      case 'unannounced':
        return 0;
      case 'double-send':
        this.backend.frame(number, words, at);
        return 1;
    }
    this.misbehave();
    return 1;
  }

  /** Whether a reply is to be lost unread. */
  forgets(frame: Uint8Array): boolean {
    if (this.fault !== 'forgets-replies') return false;
    const words = new Int32Array(frame.slice().buffer);
    return frameFunction(words, 0) === SOCKET_CONNECT;
  }

  private misbehave(): void {
    const { backend } = this;
    switch (this.fault) {
      case 'hang':
        backend.flush();
        for (;;) backend.next();
      case 'death':
        process.exit(EXIT_STATUS);
        break;
      case 'junk':
        backend.raw(new Uint8Array(64).fill(0x4a));
        return;
      case 'cut-message':
        backend.raw(new Uint8Array(Int32Array.of(pipe.PIPE_FRAME, pipe.PIPE_VERSION).buffer));
        process.exit(0);
        break;
      case 'huge-length':
        backend.raw(new Uint8Array(Int32Array.of(pipe.PIPE_FRAME, pipe.PIPE_VERSION, -4).buffer));
        return;
      case 'outside-read':
        backend.send(pipe.PIPE_MEMORY_READ, [0x7fff_fff0, 4]);
        return;
      case 'outside-write':
        backend.send(pipe.PIPE_MEMORY_WRITE, [0, 4], new Uint8Array(4));
        return;
      case 'overrun':
        backend.numbers(pipe.PIPE_RELEASE, [-1]);
        return;
      case 'out-of-turn':
        backend.send(pipe.PIPE_TURN, [0, 0]);
        return;
      case 'flood':
        for (let i = 0; i < pipe.PIPE_MESSAGES_PER_TURN_MAX; i++) backend.send(pipe.PIPE_DOORBELL);
        return;
      case 'idle-doorbells':
        for (let i = 0; i < IDLE_DOORBELLS; i++) backend.send(pipe.PIPE_DOORBELL);
        return;
      case 'gives-up':
        throw new Error('it gives up on purpose');
    }
  }
}
