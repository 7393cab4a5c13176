/**
 * Our own wire between two TAPs, since not every kernel has a netem: frames that leave by one arrive by the
 * other, as late, in as wrong an order, or as little as a pipe of `src/wire` is told. What passes is written
 * to a capture, whole and with every checksum made: the TAPs are asked to leave nothing to the reader.
 *
 *     node dist/test/interop/wire.js TAP TAP CAPTURE LOSS REORDER DELAY_MS SEED
 */
import { openSync, writeSync } from 'node:fs';
import { DmaEngine } from '../../src/dma/engine.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { VectorTapFile } from '../../src/hdm/tap-file.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { loadLibc } from '../../src/linux/libc.ts';
import { openTap } from '../../src/linux/tap.ts';
import { MachineClock } from '../../src/time/clock.ts';
import { Random } from '../../src/time/random.ts';
import { PERFECT_PIPE } from '../../src/wire/config.ts';
import { Pipe } from '../../src/wire/pipe.ts';
import { planPipe, wireSlotBytes } from '../../src/wire/slots.ts';

const FRAME_BYTES = 1514;
const FRAMES = 1024;
const REST_MS = 1;
/** libpcap's file header: magic of microseconds, version 2.4, no offsets, length of a frame, Ethernet. */
const CAPTURE_HEAD = Uint32Array.of(0xa1b2c3d4, 0x0004_0002, 0, 0, 65535, 1);

class Capture {
  private readonly fd: number;

  constructor(path: string) {
    this.fd = openSync(path, 'w');
    writeSync(this.fd, CAPTURE_HEAD);
  }

  frame(bytes: Uint8Array, nowNs: number): void {
    const us = Math.floor(nowNs / 1000);
    const head = Uint32Array.of(Math.floor(us / 1e6), us % 1e6, bytes.length, bytes.length);
    writeSync(this.fd, Buffer.concat([Buffer.from(head.buffer), bytes]));
  }
}

/** Moves what one TAP has into a pipe, and what arrives from the other one out of it. */
class End {
  private readonly file: VectorTapFile;
  private readonly region: Region;
  readonly fd: number;

  constructor(name: string, region: Region) {
    const libc = loadLibc();
    if (libc === undefined) throw new Error('the wire needs koffi');
    this.fd = openTap({ name, prefixLength: 24 }).fd;
    this.file = new VectorTapFile(libc, this.fd, region);
    this.file.offload(false, false);
    this.region = region;
  }

  take(into: Pipe, capture: Capture, nowNs: number): number {
    let frames = 0;
    while (into.room > 1) {
      const at = into.reserve(FRAME_BYTES);
      const length = this.file.read(at, FRAME_BYTES);
      if (length <= 0) break;
      capture.frame(this.region.bytes.slice(at, at + length), nowNs);
      into.commit(length);
      frames += 1;
    }
    return frames;
  }

  give(from: Pipe): number {
    let frames = 0;
    for (let at = from.receive(); at >= 0; at = from.receive()) {
      this.file.begin();
      this.file.add(at, from.receivedLength);
      this.file.write();
      from.release();
      frames += 1;
    }
    return frames;
  }
}

function main([first, second, capturePath, ...numbers]: string[]): void {
  const [loss, reorder, delayMs, seed] = numbers.map(Number);
  const config = {
    ...PERFECT_PIPE,
    slotBytes: wireSlotBytes(FRAME_BYTES - 14),
    queueFrames: FRAMES,
    delayNs: delayMs * 1e6,
    lossProbability: loss,
    reorderProbability: reorder,
    reorderDelayNs: 1e6,
  };
  const plan = new MemoryPlan();
  const ledgerAt = plan.reserve('ledger', LEDGER_BYTES, 'counters');
  const places = ['there', 'back'].map((name) => planPipe(plan, name, FRAMES, config.slotBytes));
  const region = allocateRegion(plan.byteLength);
  const ledger = new Ledger(region, ledgerAt);
  const dma = new DmaEngine(region, ledger);
  const clock = new MachineClock();
  const pipes = places.map((at, i) => new Pipe(region, at, config, clock, new Random(seed + i), ledger, dma));
  const ends = [first, second].map((name) => new End(name, region));
  const capture = new Capture(capturePath);
  const libc = loadLibc();
  const files = Int32Array.of(ends[0].fd, 1, ends[1].fd, 1);
  const rest = Int32Array.of(0, 0, REST_MS * 1e6, 0);
  process.stdout.write('listening\n');
  for (;;) {
    clock.update();
    let frames = 0;
    for (const [i, end] of ends.entries()) {
      frames += end.take(pipes[i], capture, clock.nowNs) + end.give(pipes[1 - i]);
    }
    if (frames === 0) libc?.ppoll(files, 2, rest, null);
  }
}

main(process.argv.slice(2));
