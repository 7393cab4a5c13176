/** The card's thread: builds the card over the memory it is given and runs it until told to stop. Started by threaded.ts. */

import { readFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { DmaEngine } from '../../dma/engine.ts';
import { Region } from '../../dma/region.ts';
import { IOP_SLEEPS } from '../../ledger/counters.gen.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { MachineClock } from '../../time/clock.ts';
import { Random } from '../../time/random.ts';
import { runLoop } from '../../time/run-loop.ts';
import { FutexSleeper } from '../../time/sleeper.ts';
import type { PacketRing } from '../../trace/packet-ring.ts';
import { createLoopback } from '../../wire/link.ts';
import { wireSlotBytes } from '../../wire/slots.ts';
import type { CardMemory } from '../build/card-memory.ts';
import { buildEchoCard, buildSocketCard } from '../build/card-parts.ts';
import { tapWire } from '../build/card-trace.ts';
import type { CardConfig } from '../config/settings.ts';
import { CardStatus, FAULTED, RUNNING, STOPPED } from './card-status.ts';
import { LoopWaker } from './loop-waker.ts';

export interface IopThreadData {
  readonly memory: WebAssembly.Memory;
  readonly card: CardMemory;
  readonly wire: number;
  readonly config: CardConfig;
  readonly module: 'socket' | 'echo';
  /** Where packets go that are traced. */
  readonly packets: PacketRing | undefined;
}

/** The thread's number at the operating system, by which its processor time is read; 0 where there is no /proc. */
function threadId(): number {
  try {
    return Number.parseInt(readFileSync('/proc/thread-self/stat', 'utf8'), 10);
  } catch {
    return 0;
  }
}

function main(data: IopThreadData, port: MessagePort): void {
  const { card, config } = data;
  const region = new Region(data.memory);
  const status = new CardStatus(region, card.layout.iopStatus);
  try {
    const clock = new MachineClock();
    const ledger = new Ledger(region, card.layout.iopLedger);
    const dma = new DmaEngine(region, ledger);
    const random = new Random(config.seed);
    const wire = createLoopback({ region, clock, random, ledger, dma }, data.wire, {
      ...config.wire,
      slotBytes: wireSlotBytes(config.mtu),
    });
    if (data.packets !== undefined) tapWire(region, data.packets, new MachineClock(), dma, wire);
    const waker = new LoopWaker(region.words, card.layout.hostWake >> 2, port);
    const build = data.module === 'echo' ? buildEchoCard : buildSocketCard;
    // The card is FAILED then, takes StatusGet and IopReset, and tells its host by an event of the executive.
    const onFault = (error: unknown): void => port.postMessage(String(error));
    const { processor } = build(region, card, config, { clock, ledger, dma, waker, wire, onFault });
    const sleeper = new FutexSleeper(region.words, card.layout.iopWake >> 2);
    status.threadId = threadId();
    status.state = RUNNING;
    port.postMessage(null);
    runLoop(processor, clock, sleeper, config.iopSpinNs, {
      housekeeping() {
        if (status.heapAsked) status.answerHeap(getHeapStatistics().used_heap_size);
        return !status.stopAsked;
      },
      sleeping() {
        ledger.counters[IOP_SLEEPS] += 1;
      },
    });
    status.state = STOPPED;
  } catch (error) {
    status.state = FAULTED;
    throw error;
  }
}

if (parentPort !== null) main(workerData as IopThreadData, parentPort);
