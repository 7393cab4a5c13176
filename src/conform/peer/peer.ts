/**
 * A back-end as the program's thread sees it: bytes to it, and bytes from it with a time limit. A thread
 * (peer-thread.ts) does the waiting for the system.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { MachineClock } from '../../time/clock.ts';
import { FutexSleeper } from '../../time/sleeper.ts';
import { PipeFault } from '../pipe/fault.ts';
import { MessageReader, type PipeMessage } from '../pipe/message.ts';
import { PIPE_FAULT_DEATH, PIPE_FAULT_HANG } from '../pipe/pipe.gen.ts';
import type { PeerNews, PeerTarget, PeerThreadData } from './peer-thread.ts';

// The sources are not what a thread can load: tests use the built one.
const THREAD = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/src/conform/peer/peer-thread.js', import.meta.url)
  : new URL('./peer-thread.js', import.meta.url);

/** Words of a sleeper's, and of whoever wakes it. */
const SIGNAL_BYTES = 64;
const NS_PER_MS = 1e6;
/** A process that ends closes its output a little before. */
const CLOSE_NS = 500e6;

/** Processes that run, to be ended with ours whatever ends that. */
const running = new Set<number>();
process.on('exit', () => {
  for (const pid of running) endGroup(pid);
});

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

export class Peer {
  private readonly worker: Worker;
  private readonly sleeper: FutexSleeper;
  private readonly clock = new MachineClock();
  private readonly reader = new MessageReader();
  private readonly port: MessagePort;
  private readonly words: Int32Array;
  /** Wake-ups by the thread that were seen before what it told was last taken. */
  private seen = 0;
  /** Whether there is a process of ours, whose number the thread tells. */
  private readonly starts: boolean;
  private pid = 0;
  private over = '';
  /** It has closed its output, and may tell why by its end. */
  private closed = false;
  /** When that was seen, in nanoseconds; infinite before. */
  private closedNs = Number.POSITIVE_INFINITY;

  constructor(target: PeerTarget) {
    this.starts = target.exec !== undefined;
    const { port1, port2 } = new MessageChannel();
    const signal = new SharedArrayBuffer(SIGNAL_BYTES);
    this.words = new Int32Array(signal);
    this.sleeper = new FutexSleeper(this.words, 0);
    const workerData: PeerThreadData = { target, signal, port: port2 };
    this.port = port1;
    this.worker = new Worker(THREAD, { workerData, transferList: [port2] });
    this.worker.unref();
    this.worker.on('error', (error) => {
      this.over = error.message;
    });
  }

  send(bytes: Uint8Array): void {
    if (bytes.length > 0) this.port.postMessage(bytes);
  }

  /** @returns the next message. @throws PipeFault when it does not come within the time, or is none. */
  next(patienceMs: number): PipeMessage {
    const message = this.heard(patienceMs * NS_PER_MS);
    if (message !== undefined) return message;
    throw new PipeFault(PIPE_FAULT_HANG, `no answer within ${patienceMs / 1000} s`);
  }

  /**
   * @param waitNs how long it may take, in nanoseconds; 0: what has come by now.
   * @returns the next message; undefined where none has come. @throws PipeFault where none can come any more, or
   *   what has come is none.
   */
  heard(waitNs: number): PipeMessage | undefined {
    const { clock, sleeper } = this;
    clock.update();
    const endNs = clock.nowNs + waitNs;
    for (;;) {
      const message = this.reader.next();
      if (message !== undefined) return message;
      sleeper.prepare();
      if (this.take()) continue;
      if (this.over !== '') throw new PipeFault(PIPE_FAULT_DEATH, this.over);
      if (waitNs > 0) clock.update();
      if (this.closed) this.closedNs = Math.min(this.closedNs, clock.nowNs);
      const doneNs = this.closedNs + CLOSE_NS;
      if (clock.nowNs >= doneNs) throw new PipeFault(PIPE_FAULT_DEATH, 'it closed its end');
      if (clock.nowNs >= endNs) return undefined;
      sleeper.sleep(Math.min(endNs, doneNs) - clock.nowNs);
    }
  }

  /** Whether `heard` has anything to look at: costs one look at a word. */
  get hasNews(): boolean {
    return Atomics.load(this.words, 0) !== this.seen;
  }

  /** Ends the process, or the connection. */
  kill(): void {
    // Its number may be among what has not been read yet. One that floods would never be read to the end.
    while (this.starts && this.pid === 0 && this.take()) {}
    if (this.pid !== 0) {
      endGroup(this.pid);
      running.delete(this.pid);
    }
    this.port.close();
    void this.worker.terminate();
  }

  /** Takes what the thread has told. @returns whether there was something. */
  private take(): boolean {
    this.seen = Atomics.load(this.words, 0);
    const received = receiveMessageOnPort(this.port) as { message: PeerNews } | undefined;
    if (received === undefined) return false;
    const news = received.message;
    if ('bytes' in news) this.reader.push(news.bytes);
    else if ('pid' in news) {
      this.pid = news.pid;
      running.add(news.pid);
    } else if ('closed' in news) this.closed = true;
    else this.over = news.ended;
    return true;
  }
}
