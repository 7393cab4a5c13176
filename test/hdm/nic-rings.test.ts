import { expect, test } from 'vitest';
import { PacketPool } from '../../src/dma/packets.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { NIC_DEFAULTS, type NicConfig } from '../../src/hdm/nic-config.ts';
import { NicDriver } from '../../src/hdm/nic-driver.ts';
import {
  FRAME_OFFSET,
  NicLayout,
  packetSlotBytes,
  planNic,
  RX_ADDRESS,
  RX_DONE,
  RX_LENGTH,
  RX_PACKET,
  RX_STATUS,
  RX_TAIL,
  TX_HEAD,
  TX_HEADER_ADDRESS,
  TX_HEADER_LENGTH,
  TX_PAYLOAD_BYTES,
  TX_PIECE,
  TX_PIECES,
  TX_TAIL,
} from '../../src/hdm/nic-rings.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { Clock } from '../../src/time/clock.ts';
import { Recorder } from './bed.ts';

const CONFIG: NicConfig = { ...NIC_DEFAULTS, txRing: 4, rxRing: 4 };

/** The software half alone: the test plays the device. */
function createDriver() {
  const plan = new MemoryPlan();
  const packetOffset = plan.reserve('packets', 8 * 2048, 'test');
  const offset = planNic(plan, 'nic', CONFIG);
  const ledgerOffset = plan.reserve('ledger', LEDGER_BYTES, 'counters');
  const region = allocateRegion(plan.byteLength);
  const layout = new NicLayout(offset, CONFIG);
  const packets = new PacketPool(packetOffset, 8, 2048);
  const ledger = new Ledger(region, ledgerOffset);
  const driver = new NicDriver(region, layout, packets, new Clock(), ledger, CONFIG.mtu);
  const recorder = new Recorder(region);
  driver.attach(recorder);
  const register = (word: number): number => layout.registerWord + word;
  return { region, words: region.words, layout, packets, driver, recorder, register, plan };
}

test('the transmit ring is full when all descriptors are posted, until the device moves the head', () => {
  const { words, driver, register } = createDriver();
  for (let i = 0; i < 4; i++) {
    expect(driver.claim()).toBeGreaterThan(0);
    driver.post(54, 0, 0);
  }
  expect(driver.claim()).toBe(-1);
  expect(words[register(TX_TAIL)]).toBe(4);
  words[register(TX_HEAD)] = 1;
  expect(driver.claim()).toBeGreaterThan(0);
  driver.post(54, 0, 0);
  expect(driver.claim()).toBe(-1);
});

test('descriptors and header slots are used in turn and again after the ring wraps', () => {
  const { words, driver, layout, register, payload = 4096 } = { ...createDriver() };
  const headers: number[] = [];
  for (let i = 0; i < 10; i++) {
    headers.push(driver.claim());
    driver.addPiece(payload + i, 10 + i);
    driver.addPiece(payload, 1);
    driver.post(54 + i, 0, 0);
    const descriptor = layout.txWord(i);
    expect(words[descriptor + TX_HEADER_ADDRESS]).toBe(headers[i]);
    expect(words[descriptor + TX_HEADER_LENGTH]).toBe(54 + i);
    expect(words[descriptor + TX_PIECES]).toBe(2);
    expect(words[descriptor + TX_PAYLOAD_BYTES]).toBe(11 + i);
    expect([words[descriptor + TX_PIECE], words[descriptor + TX_PIECE + 1]]).toEqual([payload + i, 10 + i]);
    words[register(TX_HEAD)] = i + 1;
  }
  expect(headers[4]).toBe(headers[0]);
  expect(new Set(headers.slice(0, 4)).size).toBe(4);
});

test('free-running ring indices survive the wrap of an int32', () => {
  const layout = new NicLayout(1024, CONFIG);
  const last = 0x7fff_ffff;
  const next = (last + 1) | 0;
  expect(layout.txWord(next)).toBe(layout.txWord(0));
  expect(layout.txWord(last)).toBe(layout.txWord(3));
  expect(layout.rxWord(-1)).toBe(layout.rxWord(3));
  expect(layout.headerAddress(next)).toBe(layout.headerAddress(0));
});

test('header slots are aligned behind the Ethernet header and have room for 128 bytes', () => {
  const { layout, plan } = createDriver();
  const { byteLength, offset } = plan.holdings[1];
  for (let i = 0; i < 4; i++) {
    const address = layout.headerAddress(i);
    expect((address + 14) % 4).toBe(0);
    if (i > 0) expect(address - layout.headerAddress(i - 1)).toBeGreaterThanOrEqual(128);
  }
  expect(layout.headerAddress(3) + 128).toBeLessThanOrEqual(layout.rxRingWord * 4);
  expect(layout.txWord(3) * 4 + 192).toBeLessThanOrEqual(layout.headerAddress(0));
  expect(layout.rxWord(3) * 4 + 16).toBeLessThanOrEqual(layout.linear);
  expect((layout.linear + 14) % 4).toBe(0);
  expect(layout.linear - FRAME_OFFSET + packetSlotBytes(CONFIG.mtu)).toBe(offset + byteLength);
});

test('done receive descriptors are delivered in order and get new buffers; the others wait', () => {
  const { words, driver, layout, recorder, packets, register } = createDriver();
  expect(words[register(RX_TAIL)]).toBe(4);
  recorder.keep = true;
  for (const index of [0, 1, 3]) {
    words[layout.rxWord(index) + RX_LENGTH] = 60 + index;
    words[layout.rxWord(index) + RX_STATUS] = RX_DONE | 1;
  }
  const slots = [0, 1, 2].map((index) => words[layout.rxWord(index) + RX_PACKET]);
  const addresses = [0, 1].map((index) => words[layout.rxWord(index) + RX_ADDRESS]);
  driver.deliver();
  expect(recorder.frames.map(({ packet }) => packet)).toEqual(slots.slice(0, 2));
  expect(recorder.frames.map(({ address }) => address)).toEqual(addresses);
  expect(recorder.frames.map(({ bytes, flags }) => [bytes.length, flags])).toEqual([
    [60, 1],
    [61, 1],
  ]);
  expect(words[register(RX_TAIL)]).toBe(6);
  expect(packets.available).toBe(2);
  words[layout.rxWord(2) + RX_LENGTH] = 62;
  words[layout.rxWord(2) + RX_STATUS] = RX_DONE;
  driver.deliver();
  expect(recorder.frames.length).toBe(4);
});

test.each([68, 1500, 9000, 65535])('a packet slot holds the largest frame of MTU %i', (mtu) => {
  expect(packetSlotBytes(mtu)).toBeGreaterThanOrEqual(2 + 14 + mtu);
  expect(packetSlotBytes(mtu) % 64).toBe(0);
});
