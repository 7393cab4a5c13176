/**
 * A learning switch: where frames go, what it remembers and for how long, and what becomes of those that
 * find no room.
 */
import { describe, expect, it } from 'vitest';
import { DmaEngine } from '../../src/dma/engine.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { NEVER } from '../../src/time/agent.ts';
import { Clock } from '../../src/time/clock.ts';
import { Random } from '../../src/time/random.ts';
import { PERFECT_PIPE, type PipeConfig } from '../../src/wire/config.ts';
import { Pipe } from '../../src/wire/pipe.ts';
import { planPipe } from '../../src/wire/slots.ts';
import { Switch } from '../../src/wire/switch.ts';
import { put, SLOT_BYTES, takeAll } from './bed.ts';

const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const SECOND_NS = 1e9;

/** The address of host `n`, all of one maker. */
const mac = (n: number): number[] => [0x02, 0x69, 0x6e, 0x69, n >> 8, n & 0xff];

function frame(to: readonly number[], from: readonly number[], mark = 0): Uint8Array {
  const bytes = new Uint8Array(64).fill(mark);
  bytes.set([...to, ...from, 0x08, 0x00]);
  return bytes;
}

/** A switch whose ports each have a wire there and a wire back. */
class Bed {
  readonly clock = new Clock();
  readonly ledger: Ledger;
  readonly toSwitch: Pipe[] = [];
  readonly fromSwitch: Pipe[] = [];
  readonly bridge: Switch;
  private readonly region;

  constructor(ports: number, changes: Partial<PipeConfig> = {}, addressesMax = 64) {
    const config = { ...PERFECT_PIPE, queueFrames: 8, slotBytes: SLOT_BYTES, ...changes };
    const plan = new MemoryPlan();
    const counters = plan.reserve('ledger', LEDGER_BYTES, 'counters');
    const offsets = Array.from({ length: 2 * ports }, (_, i) =>
      planPipe(plan, `wire${i}`, config.queueFrames, SLOT_BYTES),
    );
    this.region = allocateRegion(plan.byteLength);
    this.clock.set(0);
    this.ledger = new Ledger(this.region, counters);
    const { region, clock, ledger } = this;
    const dma = new DmaEngine(region, ledger);
    const pipe = (i: number): Pipe => new Pipe(region, offsets[i], config, clock, new Random(i), ledger, dma);
    for (let port = 0; port < ports; port++) {
      this.toSwitch.push(pipe(2 * port));
      this.fromSwitch.push(pipe(2 * port + 1));
    }
    const ends = this.toSwitch.map((sink, port) => ({ source: this.fromSwitch[port], sink }));
    this.bridge = new Switch(
      'bridge',
      { addressesMax, ageingNs: 300 * SECOND_NS },
      region,
      ends,
      ledger,
      dma,
      clock,
    );
  }

  send(port: number, bytes: Uint8Array): void {
    expect(put({ region: this.region }, this.toSwitch[port], bytes)).toBe(true);
    while (this.bridge.poll() > 0) {}
  }

  /** Which ports frames have left by, and how many. */
  heard(): number[] {
    return this.fromSwitch.map((pipe) => takeAll({ region: this.region }, pipe).length);
  }

  counter(name: string): number {
    return this.ledger.snapshot()[name];
  }
}

describe('a switch', () => {
  it('floods what is for nobody it knows, and not back where it came from', () => {
    const bed = new Bed(4);
    bed.send(1, frame(mac(9), mac(1)));
    expect(bed.heard()).toEqual([1, 0, 1, 1]);
    expect(bed.counter('switchFlooded')).toBe(1);
  });

  it('sends an answer to the one port its receiver was heard at', () => {
    const bed = new Bed(4);
    bed.send(1, frame(mac(9), mac(1)));
    bed.heard();
    bed.send(3, frame(mac(1), mac(9)));
    expect(bed.heard()).toEqual([0, 1, 0, 0]);
    bed.send(1, frame(mac(9), mac(1)));
    expect(bed.heard()).toEqual([0, 0, 0, 1]);
  });

  it('floods what is for all, however much it knows', () => {
    const bed = new Bed(3);
    bed.send(0, frame(BROADCAST, mac(1)));
    bed.send(1, frame(BROADCAST, mac(2)));
    expect(bed.heard()).toEqual([1, 1, 2]);
  });

  it('drops what is for a host at the port it came by', () => {
    const bed = new Bed(2);
    bed.send(0, frame(BROADCAST, mac(1)));
    bed.heard();
    bed.send(0, frame(mac(1), mac(2)));
    expect(bed.heard()).toEqual([0, 0]);
    expect(bed.counter('switchDropped')).toBe(1);
  });

  it('learns no group address as a sender', () => {
    const bed = new Bed(2);
    bed.send(0, frame(mac(1), BROADCAST));
    bed.heard();
    bed.send(1, frame(BROADCAST, mac(2)));
    expect(bed.heard()).toEqual([1, 0]);
  });

  it('follows a host that moves to another port', () => {
    const bed = new Bed(3);
    bed.send(0, frame(BROADCAST, mac(1)));
    bed.send(2, frame(BROADCAST, mac(1)));
    bed.heard();
    bed.send(1, frame(mac(1), mac(2)));
    expect(bed.heard()).toEqual([0, 0, 1]);
  });

  it('forgets a host it has not heard for as long as it says', () => {
    const bed = new Bed(3);
    bed.send(0, frame(BROADCAST, mac(1)));
    bed.heard();
    bed.clock.set(300 * SECOND_NS);
    bed.send(1, frame(mac(1), mac(2)));
    expect(bed.heard()).toEqual([1, 0, 0]);
    bed.clock.set(300 * SECOND_NS + 1);
    bed.send(1, frame(mac(1), mac(2)));
    expect(bed.heard()).toEqual([1, 0, 1]);
  });

  it('keeps the addresses heard last when there are more than it has room for', () => {
    const bed = new Bed(2, {}, 16);
    for (let host = 1; host <= 100; host++) {
      bed.clock.set(host);
      bed.send(0, frame(mac(1000), mac(host)));
      bed.heard();
    }
    bed.send(1, frame(mac(100), mac(1000)));
    expect(bed.heard()).toEqual([1, 0]);
    let known = 0;
    for (let host = 1; host <= 100; host++) {
      const flooded = bed.counter('switchFlooded');
      bed.send(1, frame(mac(host), mac(1000)));
      bed.heard();
      if (bed.counter('switchFlooded') === flooded) known += 1;
    }
    expect(known).toBeGreaterThan(8);
    expect(known).toBeLessThanOrEqual(16);
  });

  it('loses what finds its link full, and the link counts it', () => {
    const bed = new Bed(2);
    for (let i = 0; i < 12; i++) bed.send(0, frame(mac(9), mac(1), i));
    expect(bed.heard()).toEqual([0, 8]);
    expect(bed.counter('wireOverflow')).toBe(4);
    expect(bed.counter('switchFrames')).toBe(12);
    expect(bed.counter('switchForwards')).toBe(8);
  });

  it('passes frames on byte for byte', () => {
    const bed = new Bed(2);
    const sent = frame(mac(9), mac(1), 0xab);
    bed.send(0, sent);
    const address = bed.fromSwitch[1].receive();
    expect(address).toBeGreaterThan(0);
    expect(bed.fromSwitch[1].receivedLength).toBe(sent.length);
  });

  it('wants to run when the next frame arrives, and never where none is on its way', () => {
    const bed = new Bed(2, { delayNs: 500 });
    expect(bed.bridge.nextDeadlineNs()).toBe(NEVER);
    expect(bed.bridge.arm()).toBe(true);
    bed.send(0, frame(mac(9), mac(1)));
    expect(bed.bridge.nextDeadlineNs()).toBe(500);
    bed.clock.set(500);
    expect(bed.bridge.arm()).toBe(false);
    expect(bed.bridge.poll()).toBe(1);
  });

  it('refuses a table that is no power of two', () => {
    expect(() => new Bed(2, {}, 100)).toThrow('"addressesMax" expected a power of two, got 100');
  });
});
