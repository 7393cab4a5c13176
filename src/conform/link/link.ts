/**
 * The front-end's dealings with a back-end: the first words, cases, turns. What the back-end says in its turn
 * is checked for whether it may say it, and handed on.
 */

import type { Region } from '../../dma/region.ts';
import { Peer } from '../peer/peer.ts';
import type { PeerTarget } from '../peer/peer-thread.ts';
import { PipeFault } from '../pipe/fault.ts';
import {
  MessageWriter,
  type PipeMessage,
  tailText,
  textBytes,
  timeOf,
  wordsOfTime,
} from '../pipe/message.ts';
import * as pipe from '../pipe/pipe.gen.ts';
import type { PipeSettings } from './window.ts';

const BLANK = 0x20;

/** Who hears what a back-end says in its turn. Each may throw a PipeFault. */
export interface LinkListener {
  frame(number: number, address: number, bytes: Uint8Array): void;
  announced(): void;
  released(numbers: Int32Array): void;
  restarted(): void;
  write(address: number, bytes: Uint8Array): void;
  read(address: number, length: number): Uint8Array;
  done(status: number, text: string): void;
  /** Frames that were sent and not announced. */
  readonly unannounced: number;
}

/** A file that both sides map: its name, and how a case's region gets into it. */
export interface SharedFile {
  readonly path: string;
  /** Whether the back-end is to work whenever there is something to do, and not in turns alone. */
  readonly free?: boolean;
  map(region: Region): void;
}

export class Link {
  /** As the back-end wrote them. */
  claims = '';
  features = 0;
  readonly role: number;
  private readonly peer: Peer;
  readonly patienceMs: number;
  private readonly writer = new MessageWriter();
  private listener: LinkListener | undefined;
  private readonly file: SharedFile | undefined;

  /** Starts the back-end and exchanges the first words. @throws PipeFault. */
  constructor(target: PeerTarget, role: number, patienceMs: number, startMs: number, file?: SharedFile) {
    this.file = file;
    this.role = role;
    this.patienceMs = patienceMs;
    this.peer = new Peer(target);
    try {
      this.greet(startMs);
    } catch (error) {
      this.peer.kill();
      if (!(error instanceof PipeFault) || error.fault !== pipe.PIPE_FAULT_DEATH) throw error;
      throw new PipeFault(pipe.PIPE_FAULT_NO_START, error.message.replace(/^\w+: /, ''));
    }
  }

  private greet(startMs: number): void {
    const { writer, role, patienceMs } = this;
    const { file } = this;
    const shares = file === undefined ? 0 : pipe.PIPE_FEATURE_SHARED_MEMORY;
    const free = file?.free === true ? pipe.PIPE_FEATURE_FREE_RUNNING : 0;
    const offered = pipe.PIPE_FEATURE_PUSH_WRITES | shares | free;
    writer.write(pipe.PIPE_HELLO, [pipe.PIPE_VERSION, offered, role, patienceMs]);
    this.flush();
    const { type, fields, tail } = this.peer.next(startMs);
    if (type !== pipe.PIPE_READY) throw outOfTurn(type, 'it was to answer Hello with Ready');
    const version = fields[pipe.PIPE_READY_VERSION];
    if (version !== pipe.PIPE_VERSION)
      throw new PipeFault(pipe.PIPE_FAULT_JUNK, `it speaks version ${version >>> 0} of the protocol`);
    this.features = fields[pipe.PIPE_READY_FEATURES];
    if ((this.features & ~offered) !== 0)
      throw new PipeFault(pipe.PIPE_FAULT_JUNK, 'it wants features that it was not offered');
    if ((this.features & shares) !== shares)
      throw new PipeFault(
        pipe.PIPE_FAULT_NO_START,
        'it does not take up SharedMemory, which --memory offers',
      );
    if ((this.features & free) !== free)
      throw new PipeFault(pipe.PIPE_FAULT_NO_START, 'it does not take up FreeRunning, which --free offers');
    this.claims = tailText(tail);
  }

  /** Whether the back-end works by itself, in turns or not. */
  get runsFreely(): boolean {
    return (this.features & pipe.PIPE_FEATURE_FREE_RUNNING) !== 0;
  }

  /** A case begins: the back-end is as after power on. */
  begin(name: string, settings: PipeSettings, nowNs: number, listener: LinkListener): void {
    this.listener = listener;
    const { device, classVersion, inboundFrames, outboundFrames, regionBytes } = settings;
    const { controlOffset, controlBytes, transmitOffset, transmitBuffers, transmitBufferBytes } = settings;
    const { receiveOffset, receiveBuckets, receiveBucketBytes, immediateSlots } = settings;
    const { imageOffset, imageBytes, sockets, ipv4Address, prefixLength } = settings;
    const fields = [
      ...wordsOfTime(nowNs),
      ...[device, classVersion, inboundFrames, outboundFrames, regionBytes],
      ...[controlOffset, controlBytes, transmitOffset, transmitBuffers, transmitBufferBytes],
      ...[receiveOffset, receiveBuckets, receiveBucketBytes, immediateSlots],
      ...[imageOffset, imageBytes, sockets, ipv4Address, prefixLength],
      ...[settings.receiveWindowBytes, settings.transferBytes],
    ];
    this.writer.write(pipe.PIPE_BEGIN, fields, textBytes(name), BLANK);
  }

  /** Maps a case's region over the file; undefined where all of it goes by the pipe. */
  get memory(): ((region: Region) => void) | undefined {
    const { file } = this;
    return file === undefined ? undefined : (region) => file.map(region);
  }

  /** Behind `begin`: where the case's rings are. @param offsets as the Memory message has them. */
  shareMemory(offsets: readonly number[]): void {
    this.writer.write(pipe.PIPE_MEMORY, offsets, textBytes(this.file?.path ?? ''), BLANK);
    if (this.runsFreely) this.flush();
  }

  frame(number: number, address: number, words: Int32Array, at: number): void {
    const bytes = new Uint8Array(pipe.PIPE_FRAME_BYTES);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < pipe.PIPE_FRAME_BYTES / 4; i++) view.setInt32(i * 4, words[at + i], true);
    this.writer.write(pipe.PIPE_FRAME, [number, address], bytes);
  }

  /** It goes out with the next turn; at once where the back-end may have none. */
  announce(type: number): void {
    this.writer.write(type);
    if (this.runsFreely) this.flush();
  }

  /**
   * Hears what a back-end that runs freely has said outside of a turn. @param waitNs how long to wait where it has
   * said nothing, in nanoseconds. @returns how much it has said. @throws PipeFault, as of a turn.
   */
  listen(waitNs: number): number {
    const { listener, peer } = this;
    if (listener === undefined) throw new Error('what is heard is of a case');
    if (waitNs === 0 && !peer.hasNews) return 0;
    let count = 0;
    for (let message = peer.heard(waitNs); message !== undefined; message = peer.heard(0)) {
      if (message.type === pipe.PIPE_REST) throw outOfTurn(message.type, 'it was not asked for it by a Turn');
      this.hear(message, listener);
      count += 1;
      if (count > pipe.PIPE_MESSAGES_PER_TURN_MAX) throw flood('without a turn');
    }
    return count;
  }

  release(numbers: readonly number[]): void {
    const words = Int32Array.from(numbers);
    this.writer.write(pipe.PIPE_RELEASE, [], new Uint8Array(words.buffer));
  }

  restarted(): void {
    this.writer.write(pipe.PIPE_RESTART);
  }

  write(address: number, bytes: Uint8Array): void {
    this.writer.write(pipe.PIPE_MEMORY_WRITE, [address, bytes.length], bytes);
  }

  /**
   * Gives the back-end its turn at a time. @returns when it wants its next one, in nanoseconds.
   * @throws PipeFault: it is of no use from then on.
   */
  turn(nowNs: number): number {
    const { listener } = this;
    if (listener === undefined) throw new Error('a turn is of a case');
    this.writer.write(pipe.PIPE_TURN, wordsOfTime(nowNs));
    this.flush();
    for (let count = 0; count < pipe.PIPE_MESSAGES_PER_TURN_MAX; count++) {
      const message = this.peer.next(this.patienceMs);
      if (message.type === pipe.PIPE_REST) {
        if (listener.unannounced > 0)
          throw new PipeFault(
            pipe.PIPE_FAULT_UNANNOUNCED,
            `${listener.unannounced} frames were not announced`,
          );
        return timeOf(message.fields[0], message.fields[1]);
      }
      this.hear(message, listener);
    }
    throw flood('in one turn');
  }

  /** All is done. */
  end(): void {
    this.writer.write(pipe.PIPE_END);
    this.flush();
  }

  kill(): void {
    this.peer.kill();
  }

  private hear({ type, fields, tail }: PipeMessage, listener: LinkListener): void {
    const sender = pipe.PIPE_SENDERS[type];
    const own = this.role === pipe.PIPE_ROLE_CARD ? 'card' : 'host';
    if (sender !== 'back' && sender !== 'both' && sender !== own)
      throw outOfTurn(type, `a back-end that is a ${own} does not send it`);
    switch (type) {
      case pipe.PIPE_FRAME:
        if (tail.length !== pipe.PIPE_FRAME_BYTES)
          throw new PipeFault(pipe.PIPE_FAULT_JUNK, `a frame has ${tail.length} bytes`);
        listener.frame(fields[0], fields[1], tail);
        break;
      case pipe.PIPE_DOORBELL:
      case pipe.PIPE_INTERRUPT:
        listener.announced();
        break;
      case pipe.PIPE_RELEASE:
        listener.released(wordsOfTail(tail));
        break;
      case pipe.PIPE_RESTART:
        listener.restarted();
        break;
      case pipe.PIPE_MEMORY_WRITE:
        listener.write(fields[0], tail.subarray(0, checkedLength(fields[1], tail)));
        break;
      case pipe.PIPE_MEMORY_READ:
        this.answer(fields[0], fields[1], listener);
        break;
      case pipe.PIPE_DONE:
        listener.done(fields[0], tailText(tail));
        break;
      default:
        throw outOfTurn(type, 'it is not said within a turn');
    }
  }

  private answer(address: number, length: number, listener: LinkListener): void {
    if (length >>> 0 > pipe.PIPE_PAYLOAD_BYTES_MAX - 4)
      throw new PipeFault(pipe.PIPE_FAULT_JUNK, `it reads ${length >>> 0} bytes at once`);
    this.writer.write(pipe.PIPE_MEMORY_DATA, [address], listener.read(address, length));
    this.flush();
  }

  private flush(): void {
    this.peer.send(this.writer.take());
  }
}

function flood(when: string): PipeFault {
  const most = pipe.PIPE_MESSAGES_PER_TURN_MAX;
  return new PipeFault(pipe.PIPE_FAULT_FLOOD, `more than ${most} messages ${when}`);
}

function wordsOfTail(tail: Uint8Array): Int32Array {
  return new Int32Array(tail.buffer.slice(tail.byteOffset, tail.byteOffset + tail.length) as ArrayBuffer);
}

function outOfTurn(type: number, why: string): PipeFault {
  return new PipeFault(pipe.PIPE_FAULT_OUT_OF_TURN, `${pipe.PIPE_MESSAGE_NAMES[type]}: ${why}`);
}

function checkedLength(length: number, tail: Uint8Array): number {
  if (length >>> 0 > tail.length || tail.length - (length >>> 0) > 3)
    throw new PipeFault(pipe.PIPE_FAULT_JUNK, `it writes ${length >>> 0} bytes, and brings ${tail.length}`);
  return length;
}
