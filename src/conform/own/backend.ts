/**
 * The back-end's end of the pipe over this process's stdin and stdout, without a loop of events: it reads when
 * it waits, as a program in C would.
 */
import { readSync, writeSync } from 'node:fs';
import { loadLibc } from '../../linux/libc.ts';
import { FutexSleeper } from '../../time/sleeper.ts';
import { MessageReader, MessageWriter, type PipeMessage, textBytes, wordsOfTime } from '../pipe/message.ts';
import * as pipe from '../pipe/pipe.gen.ts';

const CHUNK_BYTES = 1 << 17;
const STDIN = 0;
const STDOUT = 1;
const BLANK = 0x20;
/** POLLIN of poll.h. */
const POLLIN = 1;
const NS_PER_MS = 1e6;
/** It looks again after so long at the latest. */
const WAIT_MS_MAX = 1000;

export class Backend {
  /** What the front-end said first. */
  readonly role: number;
  /** The features that both sides have agreed on. */
  private readonly features: number;
  private readonly polled = new Uint8Array(8);
  private readonly reader = new MessageReader();
  private readonly writer = new MessageWriter();
  private readonly chunk = new Uint8Array(CHUNK_BYTES);

  /** Answers the first words. @param claims what is supported, as Ready has it. */
  constructor(claims: (role: number) => string) {
    const { fields } = this.next();
    this.role = fields[pipe.PIPE_HELLO_ROLE];
    const file = pipe.PIPE_FEATURE_SHARED_MEMORY | pipe.PIPE_FEATURE_FREE_RUNNING;
    const shared = loadLibc() === undefined ? 0 : fields[pipe.PIPE_HELLO_FEATURES] & file;
    this.features = shared === 0 ? pipe.PIPE_FEATURE_PUSH_WRITES : shared;
    this.send(pipe.PIPE_READY, [pipe.PIPE_VERSION, this.features], textBytes(claims(this.role)), BLANK);
    this.flush();
  }

  /** Whether frames and memory are in a file that both map. */
  get shares(): boolean {
    return (this.features & pipe.PIPE_FEATURE_SHARED_MEMORY) !== 0;
  }

  /** Whether it works by itself, in turns or not. */
  get runsFreely(): boolean {
    return (this.features & pipe.PIPE_FEATURE_FREE_RUNNING) !== 0;
  }

  send(type: number, fields: readonly number[] = [], tail?: Uint8Array, fill?: number): void {
    this.writer.write(type, fields, tail, fill);
  }

  frame(number: number, words: Int32Array, at: number): void {
    const bytes = new Uint8Array(words.buffer, words.byteOffset + at * 4, pipe.PIPE_FRAME_BYTES);
    this.send(pipe.PIPE_FRAME, [number, 0], bytes);
  }

  numbers(type: number, numbers: readonly number[]): void {
    this.send(type, [], new Uint8Array(Int32Array.from(numbers).buffer));
  }

  rest(untilNs: number): void {
    this.send(pipe.PIPE_REST, wordsOfTime(untilNs));
    this.flush();
  }

  flush(): void {
    this.raw(this.writer.take());
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += patiently(() => writeSync(STDOUT, bytes, at));
  }

  /** Waits for a message for a while. @param waitNs how long. @returns undefined where none has come. */
  heard(waitNs: number): PipeMessage | undefined {
    const message = this.reader.next();
    if (message === undefined && !this.hasBytes(waitNs)) return undefined;
    return message === undefined ? this.next() : this.checked(message);
  }

  /** Whether bytes, or the end of them, can be read within a time. */
  private hasBytes(waitNs: number): boolean {
    const view = new DataView(this.polled.buffer);
    view.setInt32(0, STDIN, true);
    view.setInt32(4, POLLIN, true);
    const waitMs = Math.min(WAIT_MS_MAX, Math.ceil(waitNs / NS_PER_MS));
    return loadLibc()!.poll(this.polled, 1, waitMs) > 0;
  }

  /** Waits for the next message. The process ends where there will be none. */
  next(): PipeMessage {
    for (;;) {
      const message = this.reader.next();
      if (message !== undefined) return this.checked(message);
      const length = patiently(() => readSync(STDIN, this.chunk, 0, CHUNK_BYTES, null));
      if (length === 0) process.exit(0);
      this.reader.push(this.chunk.subarray(0, length));
    }
  }

  /** @returns a message that is not the last one: with that the process ends. */
  private checked(message: PipeMessage): PipeMessage {
    if (message.type === pipe.PIPE_END) process.exit(0);
    return message;
  }
}

const PAUSE_NS = 1e6;
const pause = new FutexSleeper(new Int32Array(new SharedArrayBuffer(64)), 0);

/** Where the descriptor does not wait by itself, this does. */
function patiently(act: () => number): number {
  for (;;) {
    try {
      return act();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE' || code === 'EOF') process.exit(0);
      if (code !== 'EAGAIN') throw error;
      pause.prepare();
      pause.sleep(PAUSE_NS);
    }
  }
}
