/**
 * IopReset at the level of frames: what becomes of the queues, of what is in them, and of whoever goes on as
 * if nothing were.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import { writeHeader } from '../../src/i2o/frame.ts';
import { firstInboundMfa } from '../../src/i2o/queues/fifo/fifo-layout.ts';
import { HostPort } from '../../src/i2o/queues/fifo/fifo-port.ts';
import type { FifoHostProducer } from '../../src/i2o/queues/fifo/host-producer.ts';
import { fifoLayout } from '../../src/i2o/queues/queues.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { FakeModule } from './fake-module.ts';
import { Bed } from './messages.ts';

const RESET = exec.IOP_STATE_RESET;
const INBOUND = 16;

describe.each(['ring', 'fifo'] as const)('IopReset over the %s', (transport) => {
  let bed: Bed;

  beforeEach(() => {
    bed = new Bed(
      { transport, pools: { inboundFrames: INBOUND, outboundFrames: 16 } },
      { module: (outbound) => new FakeModule(outbound) },
    );
    bed.operational();
  });

  const word = (): number => (bed.control + 768) >> 2;
  const counter = (name: string): number => bed.ledger.snapshot()[name];
  const postReset = (): void => {
    bed.words[word()] = 0;
    bed.post((w, at) => exec.writeExecIopReset(w, at, IOP_TID, HOST_TID, 0, 0, word() * 4, 0));
  };
  const enable = (): void => {
    bed.post((w, at) => exec.writeExecSysEnable(w, at, IOP_TID, HOST_TID, 1, 2));
  };

  it('destroys what was posted behind it, and what the host has not received', () => {
    const taken = counter('inboundReleased');
    enable();
    enable();
    bed.parts.processor.poll(); // two replies, left where they are
    enable();
    postReset();
    enable();
    enable();
    bed.parts.processor.poll();
    expect(bed.words[word()]).toBe(exec.POLLED_STATUS_IN_PROGRESS);
    bed.restart();
    expect(bed.run()).toEqual([]);
    expect(counter('outboundDestroyed')).toBe(3);
    expect(counter('inboundReleased')).toBe(taken + 6);
    expect(bed.inbound.inUse).toBe(0);
    expect(bed.inbound.available(INBOUND)).toBe(INBOUND);
  });

  it('leaves a card that comes up again, with every frame there is, as often as one likes', () => {
    for (let i = 0; i < 10; i++) {
      for (let busy = i % 4; busy > 0; busy--) enable();
      postReset();
      for (let turn = 0; bed.words[word()] === 0; turn++) {
        expect(turn).toBeLessThan(10);
        bed.parts.processor.poll();
      }
      bed.restart();
      bed.run();
      expect(bed.statusGet()).toBe(RESET);
      bed.operational();
      expect(bed.inbound.inUse).toBe(0);
      expect(bed.inbound.available(INBOUND)).toBe(INBOUND);
      bed.inbound.surrender();
      bed.inbound.publish();
      bed.run();
    }
    expect(bed.inbound.broken || bed.outbound.broken).toBe(false);
  });

  it('takes no message of the host before the host has had its answer and a frame', () => {
    postReset();
    enable();
    bed.parts.processor.poll();
    bed.restart();
    // Posted too early, it is of the time before; a ring takes it all the same, since its frames are the
    // host's.
    expect(bed.run()).toEqual([]);
    expect(bed.statusGet()).toBe(RESET);
  });

  it('ends requests of the device without a word: what they named is the host’s', () => {
    bed.send(0x81, [1, 2], DEVICE_TID);
    const module = bed.parts.processor['modules'][0] as FakeModule;
    expect(module.open.length).toBe(1);
    bed.iopReset();
    expect(bed.run()).toEqual([]);
    expect(module.open.length).toBe(0);
    bed.operational();
    expect(bed.run()).toEqual([]);
  });
});

describe('the FIFOs, reset', () => {
  let bed: Bed;
  let port: HostPort;

  beforeEach(() => {
    bed = new Bed({ transport: 'fifo', pools: { inboundFrames: 8, outboundFrames: 8 } });
    bed.operational();
    port = (bed.inbound as FifoHostProducer)['port'];
  });

  const reset = (): void => {
    const word = (bed.control + 768) >> 2;
    bed.words[word] = 0;
    bed.post((w, at) => exec.writeExecIopReset(w, at, IOP_TID, HOST_TID, 0, 0, word * 4, 0));
    bed.parts.processor.poll();
    expect(bed.words[word]).toBe(exec.POLLED_STATUS_IN_PROGRESS);
  };

  it('read empty at both ports until the IOP is ready, and then give every inbound frame once', () => {
    bed.post((w, at) => exec.writeExecSysEnable(w, at, IOP_TID, HOST_TID, 1, 2));
    reset();
    expect([port.readInbound(), port.readOutbound()]).toEqual([NO_FRAME, NO_FRAME]);
    bed.parts.processor.poll();
    const frames = new Set(Array.from({ length: 8 }, () => port.readInbound()));
    expect(frames.size).toBe(8);
    expect(frames.has(NO_FRAME)).toBe(false);
    expect([port.readInbound(), port.readOutbound()]).toEqual([NO_FRAME, NO_FRAME]);
  });

  it('take no frame that the host held before: it is the card’s, and on its free list', () => {
    const held = port.readInbound();
    reset();
    bed.parts.processor.poll();
    writeHeader(bed.words, (bed.memory.layout.inbound + held) >> 2, 0, 0, 4, IOP_TID, HOST_TID, 0xd1, 1, 2);
    expect(port.writeInbound(held)).not.toBe(0);
    bed.parts.processor.poll();
    expect(bed.ledger.snapshot()['mfaNotOwned']).toBe(1);
    const frames = Array.from({ length: 8 }, () => port.readInbound());
    expect(new Set(frames).size).toBe(8);
    expect(frames).toContain(held);
  });

  it('have the frame that could not be delivered before back, without a NOP', () => {
    bed.post((w, at) => writeHeader(w, at, 0, 0, 4, 0x123, HOST_TID, 0x81, 1, 2));
    const [reply] = bed.run();
    expect(reply![7]).not.toBe(NO_FRAME);
    reset();
    bed.restart();
    bed.run();
    expect(bed.inbound.adopt(reply![7])).toBe(NO_FRAME);
    expect(bed.inbound.available(8)).toBe(8);
  });

  it('give a driver that knows nothing of the one before the same frames', () => {
    for (let i = 0; i < 3; i++) bed.inbound.acquire();
    bed.inbound.available(5);
    reset();
    bed.parts.processor.poll();
    const fresh = new HostPort(bed.region, fifoLayout(bed.memory.layout), bed.hostLedger);
    const first = firstInboundMfa(bed.memory.layout);
    const frames = Array.from({ length: 8 }, () => fresh.readInbound()).sort((a, b) => a - b);
    expect(frames).toEqual(Array.from({ length: 8 }, (_, i) => first + i * 128));
  });

  it('are whole again when an index had been a lie', () => {
    const tail = bed.memory.layout.inbound + 128;
    bed.words[tail >> 2] = 0x4000;
    bed.run();
    const word = (bed.control + 768) >> 2;
    bed.words[word] = 0;
    // The host itself holds a frame, and asks for a reset with it.
    const frame = bed.inbound.acquire();
    expect(frame).not.toBe(NO_FRAME);
    exec.writeExecIopReset(bed.words, frame, IOP_TID, HOST_TID, 0, 0, word * 4, 0);
    bed.inbound.post();
    bed.run();
    expect(bed.words[word]).toBe(exec.POLLED_STATUS_IN_PROGRESS);
    bed.restart();
    bed.run();
    expect(bed.statusGet()).toBe(RESET);
  });
});

describe('a static frame over the FIFOs', () => {
  let bed: Bed;
  let port: HostPort;
  const ENABLE = 0xd1001000 | 0;

  beforeEach(() => {
    bed = new Bed({ transport: 'fifo', pools: { inboundFrames: 8, outboundFrames: 64 } });
    bed.operational();
    port = (bed.inbound as FifoHostProducer)['port'];
  });

  const create = (word0: number, word1: number): number =>
    bed.send(exec.EXEC_STATIC_MF_CREATE, [9, word0, word1, 5, 6])[0][5];
  const free = (): number => bed.inbound.available(8);

  it('is posted a thousand times by its address, answered each time, and costs no frame', () => {
    const address = create(0x00040001, ENABLE);
    const frames = free();
    for (let i = 0; i < 1000; i++) {
      port.writeInbound(address);
      const replies = bed.run();
      expect(replies.map((reply) => [reply[3], reply[4]])).toEqual([[6, 0]]);
    }
    expect(free()).toBe(frames);
  });

  it('that cannot be delivered is not preserved: it stays where it is, and may be posted again', () => {
    const address = create(0x00040001, 0x81001123 | 0);
    if (address === 0) return;
    for (let i = 0; i < 3; i++) {
      port.writeInbound(address);
      const [reply] = bed.run();
      expect(reply?.[7]).toBe(NO_FRAME);
    }
    expect(bed.ledger.snapshot()['framesPreserved']).toBe(0);
    expect(free()).toBe(8);
  });

  it('is nobody’s address before it is made, when it is released, and after a reset', () => {
    const address = create(0x00040001, ENABLE);
    bed.send(exec.EXEC_STATIC_MF_RELEASE, [address]);
    port.writeInbound(address);
    expect(bed.run()).toEqual([]);
    const again = create(0x00040001, ENABLE);
    bed.iopReset();
    bed.operational();
    for (const wild of [again, again + 4, again - 128, again + 128, again + 0x10000]) {
      port.writeInbound(wild);
      expect(bed.run()).toEqual([]);
    }
    expect(bed.ledger.snapshot()['mfaOutOfWindow']).toBe(6);
    expect(free()).toBe(8);
  });

  it('may carry the reset itself', () => {
    const word = (bed.control + 768) >> 2;
    bed.words[word] = 0;
    const reply = bed.send(exec.EXEC_STATIC_MF_CREATE, [
      1,
      0x00080001,
      0xbd001000 | 0,
      5,
      6,
      0,
      0,
      word * 4,
      0,
    ]);
    port.writeInbound(reply[0][5]);
    bed.run();
    expect(bed.words[word]).toBe(exec.POLLED_STATUS_IN_PROGRESS);
    bed.restart();
    expect(bed.statusGet()).toBe(RESET);
    expect(free()).toBe(8);
  });
});
