/** The assertions of the fake NIC, each tripped by the bug it guards against. */
import { describe } from 'vitest';
import { DmaEngine } from '../../src/dma/engine.ts';
import { PacketPool } from '../../src/dma/packets.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { NIC_DEFAULTS } from '../../src/hdm/nic-config.ts';
import { NicDriver } from '../../src/hdm/nic-driver.ts';
import { checkNicLayout, NicLayout, planNic } from '../../src/hdm/nic-rings.ts';
import { ReceiveOffload } from '../../src/hdm/rx-offload.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { TX_CHECKSUM, TX_SEGMENT } from '../../src/tcpip/contract.ts';
import { Clock } from '../../src/time/clock.ts';
import { trips } from '../rules/trips.ts';
import { createNicBed, headersOf, patternOf, Recorder, sendPacket } from './bed.ts';

const CONFIG = { ...NIC_DEFAULTS, txRing: 4, rxRing: 4 };
const SUMMED_SEGMENTS = TX_CHECKSUM | TX_SEGMENT;

/** The software half alone: the test plays the device. */
function createDriver() {
  const plan = new MemoryPlan();
  const packetOffset = plan.reserve('packets', 8 * 2048, 'test');
  const ledgerOffset = plan.reserve('ledger', LEDGER_BYTES, 'counters');
  const offset = planNic(plan, 'nic', CONFIG);
  const region = allocateRegion(plan.byteLength);
  const layout = new NicLayout(offset, CONFIG);
  const driver = new NicDriver(
    region,
    layout,
    new PacketPool(packetOffset, 8, 2048),
    new Clock(),
    new Ledger(region, ledgerOffset),
    CONFIG.mtu,
  );
  return { words: region.words, layout, driver, recorder: new Recorder(region) };
}

describe('the driver half', () => {
  trips('nic driver: one client is attached, once', () => {
    const { driver, recorder } = createDriver();
    driver.attach(recorder);
    driver.attach(recorder);
  });
  trips('nic driver: a client is attached before the first poll', () => createDriver().driver.deliver());
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
});

describe('the device half', () => {
  trips('nic device: a frame that arrives has a length', () => {
    const bed = createNicBed();
    sendPacket(bed, headersOf({ payloadBytes: 4 }), [patternOf(4)], TX_CHECKSUM);
    const { pipe } = bed;
    pipe.receive();
    pipe.receivedLength = 0;
    bed.nic.poll();
  });
  trips('rx offload: a frame begins two bytes behind a word, as its sums want it', () => {
    const { region, ledger, payload } = createNicBed();
    const engine = new ReceiveOffload(region, ledger, new DmaEngine(region, ledger), true);
    engine.place(payload, payload + 4096, 64);
  });
});

describe('what the driver half posts', () => {
  trips('nic driver: a packet asks only for offloads that are on', () => {
    const { driver } = createDriver();
    driver.setFeatures({ ...NIC_DEFAULTS, txChecksumming: false });
    driver.claim();
    driver.post(54, TX_CHECKSUM, 0);
  });
  trips('nic driver: a packet to be cut says how long its segments are', () => {
    sendPacket(createNicBed(), headersOf({ payloadBytes: 3000 }), [patternOf(3000)], SUMMED_SEGMENTS, 0);
  });
  trips('nic driver: a packet that is not cut fits the MTU, and so does each segment of one that is', () => {
    sendPacket(createNicBed(), headersOf({ payloadBytes: 1461 }), [patternOf(1461)], TX_CHECKSUM);
  });
});

describe('the layout', () => {
  trips('nic rings: every piece has its place in the descriptor', () => checkNicLayout(48, 21, 192));
  trips('nic rings: descriptors and header slots begin on cache lines', () => checkNicLayout(50, 20, 192));
  trips('nic rings: the longest headers fit a slot', () => checkNicLayout(48, 20, 128));
});
