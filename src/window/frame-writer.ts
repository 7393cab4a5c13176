/** Records of packets that have arrived, as the reply queue writes them. */
import { HOST_TID } from '../i2o/tids.ts';
import {
  WINDOW_FRAME_WORDS,
  WINDOW_HEADERS_REPLY_LIST_WORD,
  writeWindowHeadersReply,
} from '../i2o/window.gen.ts';
import type { ReplyWriter } from '../lan/reply-queue.ts';
import type { WindowMemory } from './window-memory.ts';

export class FrameWriter implements ReplyWriter {
  readonly listWord = WINDOW_HEADERS_REPLY_LIST_WORD;
  readonly entryWords = WINDOW_FRAME_WORDS;
  /** TID of the port. */
  tid = 0;
  private readonly memory: WindowMemory;

  constructor(memory: WindowMemory) {
    this.memory = memory;
  }

  write(
    words: Int32Array,
    frame: number,
    initiatorContext: number,
    requestStatus: number,
    detailedStatus: number,
    count: number,
  ): void {
    const { tid, memory } = this;
    const size = WINDOW_HEADERS_REPLY_LIST_WORD + count * WINDOW_FRAME_WORDS;
    const left = memory.framesMax - memory.framesHeld;
    const status = [requestStatus, detailedStatus] as const;
    writeWindowHeadersReply(words, frame, tid, HOST_TID, initiatorContext, ...status, count, left, size);
  }

  entry(words: Int32Array, frame: number, index: number, content: Int32Array, at: number): void {
    const record = frame + WINDOW_HEADERS_REPLY_LIST_WORD + index * WINDOW_FRAME_WORDS;
    words[record] = content[at];
    words[record + 1] = content[at + 1];
    this.memory.tell(content[at]);
  }
}
