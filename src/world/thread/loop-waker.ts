/**
 * Wakes a host that may rest in two ways: in a call, on a word of shared memory, or in Node's event loop,
 * which only a message port wakes. The host says which in a word; the word is taken back by whoever wakes,
 * so one rest gets one message.
 */
import type { MessagePort } from 'node:worker_threads';
import { FutexWaker, type Waker } from '../../time/sleeper.ts';

/** Word after the wake-up count: 1 while the host rests in its event loop. */
export const LOOP_RESTS = 1;

export class LoopWaker implements Waker {
  private readonly words: Int32Array;
  private readonly index: number;
  private readonly futex: FutexWaker;
  private readonly port: Pick<MessagePort, 'postMessage'>;

  /** @param index word index of the host's wake-up count. */
  constructor(words: Int32Array, index: number, port: Pick<MessagePort, 'postMessage'>) {
    this.words = words;
    this.index = index;
    this.futex = new FutexWaker(words, index);
    this.port = port;
  }

  wake(): void {
    if (Atomics.exchange(this.words, this.index + LOOP_RESTS, 0) === 1) this.port.postMessage(null);
    this.futex.wake();
  }
}
