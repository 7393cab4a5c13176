/**
 * The back-end's end of the pipe over this process's stdin and stdout, without a loop of events: it reads when
 * it waits, as a program in C would.
 */
import { readSync, writeSync } from 'node:fs';
import { FutexSleeper } from '../../time/sleeper.ts';
import { MessageReader, MessageWriter, type PipeMessage, textBytes, wordsOfTime } from '../pipe/message.ts';
import * as pipe from '../pipe/pipe.gen.ts';

const CHUNK_BYTES = 1 << 17;
const STDIN = 0;
const STDOUT = 1;
const BLANK = 0x20;

export class Backend {
  /** What the front-end said first. */
  readonly role: number;
  private readonly reader = new MessageReader();
  private readonly writer = new MessageWriter();
  private readonly chunk = new Uint8Array(CHUNK_BYTES);

  /** Answers the first words. @param claims what is supported, as Ready has it. */
  constructor(claims: (role: number) => string) {
    const { fields } = this.next();
    this.role = fields[pipe.PIPE_HELLO_ROLE];
    this.send(
      pipe.PIPE_READY,
      [pipe.PIPE_VERSION, pipe.PIPE_FEATURE_PUSH_WRITES],
      textBytes(claims(this.role)),
      BLANK,
    );
    this.flush();
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

  /** Waits for the next message. The process ends where there will be none. */
  next(): PipeMessage {
    for (;;) {
      const message = this.reader.next();
      if (message !== undefined && message.type !== pipe.PIPE_END) return message;
      if (message !== undefined) process.exit(0);
      const length = patiently(() => readSync(STDIN, this.chunk, 0, CHUNK_BYTES, null));
      if (length === 0) process.exit(0);
      this.reader.push(this.chunk.subarray(0, length));
    }
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
