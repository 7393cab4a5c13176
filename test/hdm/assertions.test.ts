/** The assertions of the fake NIC, each tripped by the bug it guards against. */
import { describe } from 'vitest';
import { PacketPool } from '../../src/dma/packets.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { NIC_DEFAULTS } from '../../src/hdm/nic-config.ts';
import { NicDriver } from '../../src/hdm/nic-driver.ts';
import {
  checkNicLayout,
  NicLayout,
  planNic,
  RX_ADDRESS,
  RX_DONE,
  RX_STATUS,
  TX_HEAD,
  TX_PAYLOAD_BYTES,
  TX_TAIL,
} from '../../src/hdm/nic-rings.ts';
import { TX_CHECKSUM, TX_SEGMENT } from '../../src/tcpip/contract.ts';
import { Clock } from '../../src/time/clock.ts';
import { trips } from '../rules/trips.ts';
import { createNicBed, headersOf, type NicBed, patternOf, Recorder, sendPacket } from './bed.ts';

const CONFIG = { ...NIC_DEFAULTS, txRing: 4, rxRing: 4 };
const SUMMED_SEGMENTS = TX_CHECKSUM | TX_SEGMENT;

/** The software half alone: the test plays the device. */
function createDriver() {
  const plan = new MemoryPlan();
  const packetOffset = plan.reserve('packets', 8 * 2048, 'test');
  const offset = planNic(plan, 'nic', CONFIG);
  const region = allocateRegion(plan.byteLength);
  const layout = new NicLayout(offset, CONFIG);
  const driver = new NicDriver(region, layout, new PacketPool(packetOffset, 8, 2048), new Clock());
  return { words: region.words, layout, driver, recorder: new Recorder(region) };
}

/** The rings of a bed's NIC. */
function layoutOf(bed: NicBed): NicLayout {
  return (bed.nic as unknown as { driver: { layout: NicLayout } }).driver.layout;
}

describe('the driver half', () => {
  trips('nic driver: one client is attached, once', () => {
    const { driver, recorder } = createDriver();
    driver.attach(recorder);
    driver.attach(recorder);
  });
  trips('nic driver: a client is attached before the first poll', () => createDriver().driver.deliver());
  trips('nic driver: the device fetches only what was posted', () => {
    const { driver, words, layout } = createDriver();
    words[layout.registerWord + TX_HEAD] = 1;
    driver.claim();
  });
  trips('nic driver: a piece is added to a packet that was begun', () =>
    createDriver().driver.addPiece(4096, 1),
  );
  trips('nic driver: a packet has no more pieces than a descriptor', () => {
    const { driver } = createDriver();
    driver.claim();
    for (let i = 0; i <= 20; i++) driver.addPiece(4096, 1);
  });
  trips('nic driver: a piece has an address', () => {
    const { driver } = createDriver();
    driver.claim();
    driver.addPiece(0, 1);
  });
  trips('nic driver: only a packet that was begun is posted', () => {
    const { driver } = createDriver();
    driver.claim();
    driver.post(54, 0, 0);
    driver.post(54, 0, 0);
  });
  trips('nic driver: the headers of a packet fit their slot', () => {
    const { driver } = createDriver();
    driver.claim();
    driver.post(129, 0, 0);
  });
  trips('nic driver: a descriptor that is done has the slot it was filled with', () => {
    const { driver, words, layout, recorder } = createDriver();
    driver.attach(recorder);
    words[layout.rxWord(0) + RX_STATUS] = RX_DONE;
    words[layout.rxWord(0) + RX_ADDRESS] += 2048;
    driver.deliver();
  });
});

describe('the device half', () => {
  trips('nic device: the descriptors posted fit the ring', () => {
    const bed = createNicBed({ nic: { txRing: 4 } });
    bed.region.words[layoutOf(bed).registerWord + TX_TAIL] = 5;
    (bed.nic as unknown as { device: { doorbell(): void } }).device.doorbell();
  });
  trips('nic device: a frame that arrives has a length', () => {
    const bed = createNicBed();
    sendPacket(bed, headersOf({ payloadBytes: 4 }), [patternOf(4)], TX_CHECKSUM);
    const { pipe } = bed;
    pipe.receive();
    pipe.receivedLength = 0;
    bed.nic.poll();
  });
  trips('nic device: a buffer is filled once after it was posted', () => {
    const bed = createNicBed();
    bed.region.words[layoutOf(bed).rxWord(0) + RX_STATUS] = RX_DONE;
    sendPacket(bed, headersOf({ payloadBytes: 4 }), [patternOf(4)], TX_CHECKSUM);
    bed.nic.poll();
  });
  trips('rx offload: a frame begins two bytes behind a word, as its sums want it', () => {
    const bed = createNicBed();
    bed.region.words[layoutOf(bed).rxWord(0) + RX_ADDRESS] -= 2;
    sendPacket(bed, headersOf({ payloadBytes: 4 }), [patternOf(4)], TX_CHECKSUM);
    bed.nic.poll();
  });
});

/** Sends a packet whose descriptor says that it has one byte of payload more than its pieces. */
function sendLonger(flags: number): void {
  const bed = createNicBed();
  const { nic, region } = bed;
  const headers = headersOf({ payloadBytes: 4 });
  region.bytes.set(headers, nic.claim());
  nic.addPiece(bed.payload, 4);
  const { driver, device } = nic as unknown as { driver: NicDriver; device: { doorbell(): void } };
  driver.post(headers.length, flags, 0);
  region.words[layoutOf(bed).txWord(0) + TX_PAYLOAD_BYTES] += 1;
  device.doorbell();
}

describe('the offload engines', () => {
  trips('tx offload: a packet asks only for offloads that are on', () => {
    const off = createNicBed({ nic: { txChecksumming: false } });
    sendPacket(off, headersOf({ payloadBytes: 0 }), [], TX_CHECKSUM);
  });
  trips('tx offload: a packet that is not cut fits the MTU', () => {
    sendPacket(createNicBed(), headersOf({ payloadBytes: 1461 }), [patternOf(1461)], TX_CHECKSUM);
  });
  trips('tx offload: the pieces are as long as the descriptor says', () => sendLonger(0));
  trips('tx offload: the pieces that are summed are as long as the descriptor says', () => {
    sendLonger(TX_CHECKSUM);
  });
  trips('tx offload: a packet to be summed is TCP or UDP', () => {
    const headers = headersOf({ payloadBytes: 4 });
    headers[14 + 9] = 1; // ICMP
    sendPacket(createNicBed(), headers, [patternOf(4)], TX_CHECKSUM);
  });

  trips('tx segment: a segment with its headers fits the MTU', () => {
    sendPacket(createNicBed(), headersOf({ payloadBytes: 3000 }), [patternOf(3000)], SUMMED_SEGMENTS, 1461);
  });
  trips('tx segment: only TCP is cut into segments', () => {
    const udp = headersOf({ protocol: 17, payloadBytes: 3000 });
    sendPacket(createNicBed(), udp, [patternOf(3000)], SUMMED_SEGMENTS, 1000);
  });
  trips('tx segment: the TCP header lies within the headers', () => {
    const headers = headersOf({ payloadBytes: 3000 });
    headers[14] = 0x4f; // an IPv4 header of 60 bytes, which is longer than all the headers
    sendPacket(createNicBed(), headers, [patternOf(3000)], SUMMED_SEGMENTS, 1000);
  });
  trips('tx segment: the segments use up all the pieces', () => {
    const bed = createNicBed();
    const { nic, region } = bed;
    const headers = headersOf({ payloadBytes: 2000 });
    region.bytes.set(headers, nic.claim());
    nic.addPiece(bed.payload, 2000);
    const { driver, device } = nic as unknown as { driver: NicDriver; device: { doorbell(): void } };
    driver.post(headers.length, SUMMED_SEGMENTS, 1000);
    region.words[layoutOf(bed).txWord(0) + TX_PAYLOAD_BYTES] = 1500;
    device.doorbell();
  });
});

describe('the layout', () => {
  trips('nic rings: every piece has its place in the descriptor', () => checkNicLayout(48, 21, 192));
  trips('nic rings: descriptors and header slots begin on cache lines', () => checkNicLayout(50, 20, 192));
  trips('nic rings: the longest headers fit a slot', () => checkNicLayout(48, 20, 128));
});
