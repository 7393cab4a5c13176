/** Faults injected into a host's driver of network ports: each trips the assertion that guards against it. */
import { describe, expect, it } from 'vitest';
import { ListFrame } from '../../src/host/lan/list-frame.ts';
import { PacketBuffers, PIECES_MAX } from '../../src/host/lan/packet-buffers.ts';
import { SendMemory } from '../../src/host/send-memory.ts';
import { Sock } from '../../src/host/sock.ts';
import { writeExecSysQuiesce } from '../../src/i2o/executive.gen.ts';
import { HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { HANDLER_NONE } from '../../src/osm/message/handlers.ts';
import { openLanStack } from '../../src/world/open/host-stack.ts';
import { trips } from '../rules/trips.ts';

const area = { offset: 4096, count: 2, bufferBytes: 1536 };
const blocks = { offset: 8192, count: 2, bufferBytes: 4096 };

function memory(): SendMemory {
  const sends = new SendMemory(blocks);
  sends.take(new Sock(), 0, 100);
  return sends;
}

describe('buffers of packets', () => {
  trips('packet buffers: a packet has no more pieces than it may', () => {
    const sends = memory();
    const buffers = new PacketBuffers(area, sends);
    const buffer = buffers.take();
    for (let i = 0; i <= PIECES_MAX; i++) buffers.hold(buffer, sends.address);
  });
  trips('packet buffers: a buffer is sent once', () => {
    const buffers = new PacketBuffers(area, memory());
    const buffer = buffers.take();
    for (let i = 0; i < 2; i++) buffers.lend(buffer, 0);
  });
  trips('send memory: bytes that a device is given are in use', () => new SendMemory(blocks).hold(8192));

  it('hold blocks of kernel memory until their context comes back, and no other memory', () => {
    const sends = new SendMemory(blocks);
    const sock = new Sock();
    const piece = sends.take(sock, 0, 100);
    const buffers = new PacketBuffers(area, sends);
    const buffer = buffers.take();
    expect(buffers.hold(buffer, sends.address + 50)).toBe(true);
    expect(buffers.hold(buffer, 64)).toBe(false);
    buffers.lend(buffer, 0);
    sends.give(piece, [sock]);
    expect(sends.available).toBe(1);
    expect(buffers.giveBack(buffer, 1)).toBe(false);
    expect(buffers.giveBack(7, 0)).toBe(false);
    expect(buffers.giveBack(buffer, 0)).toBe(true);
    expect(buffers.giveBack(buffer, 0)).toBe(false);
    expect([sends.available, buffers.available]).toEqual([2, 2]);
  });
});

describe('a port', () => {
  trips('list frame: a transaction that was begun finds a frame', () => {
    const frames = { acquire: () => NO_FRAME } as unknown as ConstructorParameters<typeof ListFrame>[0];
    new ListFrame(frames).begin({ write: () => {} }, 16, 0, 3);
  });
  /** So many frames are free; something goes ahead of what is under way. */
  const withAhead = (free: number): ListFrame => {
    let left = free;
    const acquire = () => (left-- > 0 ? 0 : NO_FRAME);
    const frames = { words: new Int32Array(64), acquire, post: () => {} };
    const list = new ListFrame(frames as unknown as ConstructorParameters<typeof ListFrame>[0]);
    list.ahead = { isBegun: true, write: () => 16 };
    return list;
  };
  trips('list frame: a message that goes ahead finds a frame', () => withAhead(0).post());
  trips('list frame: a frame was kept for what is under way', () => {
    const list = withAhead(1);
    list.begin({ write: () => {} }, 16, 0, 3);
    list.post();
  });
  trips('lan port: one client is attached, once', () => {
    const [port] = openLanStack().driver.ports;
    port.attach({ input: () => false });
  });
  trips('lan port: only a packet that was begun is sent', () => openLanStack().driver.ports[0].send(54, 0));
  trips('lan port: a client is attached before the card is up', () => {
    const [port] = openLanStack().driver.ports;
    port['client'] = null;
    port.filled(port['lent'].indexOf(1), 0, 60, 0);
  });

  it('believes no reply that names what the card does not have', () => {
    const { driver, ledger } = openLanStack();
    const [port] = driver.ports;
    expect(port.sent(3)).toBe(false);
    expect(port.filled(99_999, 0, 60, 0)).toBe(false);
    expect(port.filled(-1, 0, 60, 0)).toBe(false);
    const lent = port['lent'].indexOf(1);
    expect(port.filled(lent, port['bucketBytes'] - 59, 60, 0)).toBe(false);
    expect(port.filled(lent, 0, 60, 0)).toBe(false);
    expect(ledger.snapshot()['lanPacketsTaken']).toBe(0);
  });

  it('is up again after another driver has taken the card, or it itself', () => {
    const { driver, stack } = openLanStack();
    driver.bringUp();
    expect(driver.packetsOut).toBe(0);
    expect(stack.poll()).toBeGreaterThanOrEqual(0);
    expect(driver.ports[0].online).toBe(true);
  });

  it.each(['ring', 'fifo'] as const)(
    'has all back that a card at rest does not take, over the %s',
    (transport) => {
      const { driver, ledger, cardLedger } = openLanStack({ transport });
      const [port] = driver.ports;
      const all = driver['buffers'].available;
      writeExecSysQuiesce(driver['frames'].words, driver.awaitFrame(), IOP_TID, HOST_TID, HANDLER_NONE, 0);
      driver['frames'].post();
      for (let packet = 0; packet < 3; packet++) {
        expect(port.claim()).toBeGreaterThan(0);
        port.send(60, 0);
      }
      expect(driver.packetsOut).toBe(3);
      for (let turn = 0; turn < 4; turn++) driver.poll();
      expect(driver.packetsOut).toBe(0);
      expect(driver['buffers'].available).toBe(all);
      const counts = ledger.snapshot();
      expect(counts['lanPacketsUnsent']).toBe(3);
      expect(counts['failuresTaken']).toBeGreaterThan(0);
      expect(counts['failuresOurs']).toBe(0);
      expect(counts['lanBucketsLent']).toBeGreaterThanOrEqual(counts['lanBucketsBack']);
      expect(cardLedger.snapshot()['lanTxPackets']).toBe(0);
      expect([driver.poll(), port.online, port.claim()]).toEqual([0, false, -1]);
      driver.bringUp();
      expect(port.online).toBe(true);
      expect(port.claim()).toBeGreaterThan(0);
    },
  );

  it('sends nothing more once the card has lost its port', () => {
    const { driver } = openLanStack();
    const [port] = driver.ports;
    driver['watch'].due = true;
    driver['watch'].look = () => false;
    writeExecSysQuiesce(driver['frames'].words, driver.awaitFrame(), IOP_TID, HOST_TID, HANDLER_NONE, 0);
    driver['frames'].post();
    for (let turn = 0; turn < 2; turn++) driver.poll();
    expect(port.online).toBe(false);
    expect(port.claim()).toBe(-1);
  });
});
