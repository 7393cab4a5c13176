/**
 * A splitter: whom each frame goes to, what waits where the wire has no room, what is lost where a device has
 * none, and that room which is made while it asks for it is seen.
 */
import { describe, expect, it } from 'vitest';
import { DmaEngine } from '../../src/dma/engine.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import {
  SWITCH_DROPPED,
  SWITCH_FORWARDS,
  SWITCH_FRAMES,
  WIRE_OVERFLOW,
} from '../../src/ledger/counters.gen.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { NEVER } from '../../src/time/agent.ts';
import { Clock } from '../../src/time/clock.ts';
import { Random } from '../../src/time/random.ts';
import { PERFECT_PIPE } from '../../src/wire/config.ts';
import type { WireSource } from '../../src/wire/contract.ts';
import { Pipe } from '../../src/wire/pipe.ts';
import { planPipe } from '../../src/wire/slots.ts';
import { Splitter, type Steering } from '../../src/wire/splitter.ts';
import { numbered, numberOf, put, SLOT_BYTES, takeAll } from './bed.ts';

const QUEUE_FRAMES = 100;
const DEVICE_FRAMES = 4;
/** Frames taken from one port in a turn. */
const TURN_FRAMES = 64;

/** A splitter between a wire and two devices. Frames say their number; its steering asks `wanted` for it. */
class Bed {
  readonly clock = new Clock();
  readonly ledger: Ledger;
  /** Of each port: frames to the splitter, and from it. */
  readonly to: Pipe[] = [];
  readonly from: Pipe[] = [];
  readonly splitter: Splitter;
  readonly region;

  /** @param roomWanted called where the wire's room is waited for. */
  constructor(wanted: (port: number, frame: number) => number, roomWanted?: (bed: Bed) => void) {
    const plan = new MemoryPlan();
    const counters = plan.reserve('ledger', LEDGER_BYTES, 'counters');
    const sizes = [QUEUE_FRAMES, DEVICE_FRAMES, QUEUE_FRAMES, DEVICE_FRAMES, QUEUE_FRAMES, DEVICE_FRAMES];
    const offsets = sizes.map((size, i) => planPipe(plan, `pipe${i}`, size, SLOT_BYTES));
    this.region = allocateRegion(plan.byteLength);
    this.clock.set(0);
    this.ledger = new Ledger(this.region, counters);
    const { region, clock, ledger } = this;
    const dma = new DmaEngine(region, ledger);
    sizes.forEach((queueFrames, i) => {
      const config = { ...PERFECT_PIPE, slotBytes: SLOT_BYTES, queueFrames };
      const pipe = new Pipe(region, offsets[i], config, clock, new Random(i), ledger, dma);
      (i % 2 === 0 ? this.to : this.from).push(pipe);
    });
    const steering: Steering = {
      portsFor: (port, address) => wanted(port, numberOf(region.bytes.subarray(address, address + 2))),
    };
    const ends = this.to.map((sink, port) => ({ source: this.sourceOf(port, roomWanted), sink }));
    this.splitter = new Splitter('splitter', ends, steering, ledger, dma, clock);
  }

  private sourceOf(port: number, roomWanted?: (bed: Bed) => void): WireSource {
    const pipe = this.from[port];
    if (port > 0 || roomWanted === undefined) return pipe;
    return {
      get room() {
        return pipe.room;
      },
      awaitRoom: (frames) => {
        pipe.awaitRoom(frames);
        roomWanted(this);
      },
      reserve: (length) => pipe.reserve(length),
      commit: (length) => pipe.commit(length),
    };
  }

  send(port: number, ...frames: number[]): void {
    for (const frame of frames) expect(put(this, this.to[port], numbered(frame))).toBe(true);
  }

  /** Numbers of the frames that have come out of a port. */
  out(port: number): number[] {
    return takeAll(this, this.from[port]).map(numberOf);
  }

  counted(): number[] {
    return [SWITCH_FRAMES, SWITCH_FORWARDS, SWITCH_DROPPED].map((counter) => this.ledger.counters[counter]);
  }
}

const toWire = (): number => 1;
const WIRE_FULL = [0, 1, 2, 3];

describe('a splitter', () => {
  it('hands each frame to whom it is for, to several once each, and to nobody', () => {
    const bed = new Bed((port, frame) => (port === 0 ? [0, 2, 4, 6][frame] : 1));
    bed.send(0, 0, 1, 2, 3);
    bed.send(1, 9);
    expect(bed.splitter.poll()).toBe(5);
    expect([bed.out(0), bed.out(1), bed.out(2)]).toEqual([[9], [1, 3], [2, 3]]);
    expect(bed.counted()).toEqual([5, 5, 1]);
    expect(bed.splitter.nextDeadlineNs()).toBe(NEVER);
  });

  it('takes so many frames of a port in a turn, and comes back for the rest', () => {
    const bed = new Bed(() => 0);
    bed.send(0, ...Array.from({ length: QUEUE_FRAMES }, (_, i) => i));
    expect(bed.splitter.poll()).toBe(TURN_FRAMES);
    expect(bed.splitter.arm()).toBe(false);
    expect(bed.splitter.poll()).toBe(QUEUE_FRAMES - TURN_FRAMES);
    expect(bed.splitter.arm()).toBe(true);
  });

  it('loses what comes for a device whose queue is full, and counts it', () => {
    const bed = new Bed(() => 2);
    bed.send(0, 0, 1, 2, 3, 4, 5);
    bed.splitter.poll();
    expect(bed.out(1)).toEqual([0, 1, 2, 3]);
    expect([bed.ledger.counters[WIRE_OVERFLOW], bed.counted()[2]]).toEqual([2, 0]);
  });

  it('lets a device’s frame wait where the wire has no room, and rests meanwhile', () => {
    const bed = new Bed(toWire);
    bed.send(1, ...WIRE_FULL, 4);
    bed.send(2, 5);
    expect(bed.splitter.poll()).toBe(DEVICE_FRAMES);
    expect([bed.splitter.poll(), bed.splitter.nextDeadlineNs(), bed.splitter.arm()]).toEqual([
      0,
      NEVER,
      true,
    ]);
    expect(bed.out(0)).toEqual(WIRE_FULL);
    expect(bed.splitter.arm()).toBe(false);
    bed.splitter.poll();
    expect(bed.out(0)).toEqual([4, 5]);
    expect(bed.counted()).toEqual([6, 6, 0]);
  });

  it('does not rest where room was made while it asked to be told of it', () => {
    let made: number[] = [];
    // The wire's other end is in another thread: it may take frames between the look and the wish.
    const bed = new Bed(toWire, (self) => {
      made = [...made, ...self.out(0)];
    });
    bed.send(1, ...WIRE_FULL, 4);
    bed.splitter.poll();
    expect([made, bed.out(0)]).toEqual([WIRE_FULL, [4]]);
    bed.send(1, ...WIRE_FULL);
    bed.send(2, 5);
    const frames = bed.splitter.poll();
    expect([...made.slice(DEVICE_FRAMES), ...bed.out(0)]).toHaveLength(frames);
    expect(bed.splitter.nextDeadlineNs()).toBe(NEVER);
  });

  it('looks at the devices’ frames as soon as it has room, also where that is made as it arms', () => {
    let taking = false;
    const bed = new Bed(toWire, (self) => {
      if (taking) self.out(0);
    });
    bed.send(1, ...WIRE_FULL, 4);
    bed.splitter.poll();
    taking = true;
    expect([bed.splitter.nextDeadlineNs(), bed.splitter.arm()]).toEqual([0, false]);
    expect(bed.splitter.poll()).toBe(1);
    expect(bed.out(0)).toEqual([4]);
  });
});
