/** The assertions of memory and its ledger, each tripped by the bug it guards against. */
import { describe } from 'vitest';
import { checkParts } from '../../src/dma/card-layout.ts';
import { DmaEngine } from '../../src/dma/engine.ts';
import { PacketPool } from '../../src/dma/packets.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { RECEIVE_COPIES, SEND_COPIES, TRANSMIT_FETCHES } from '../../src/ledger/counters.gen.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { trips } from '../rules/trips.ts';

const region = allocateRegion(65536);
const ledger = new Ledger(region, 1024);
const dma = new DmaEngine(region, ledger);
const program = new Uint8Array(100);

describe('the engine', () => {
  trips('dma engine: bytes move between two addresses that are not none', () => {
    dma.move(TRANSMIT_FETCHES, 0, 32768, 4);
  });
  trips('dma engine: bytes that are summed as they move do not move onto themselves', () => {
    dma.moveSum(TRANSMIT_FETCHES, 32768, 32770, 64, 0);
  });
  trips('dma engine: what is copied in lies in the program’s memory', () => {
    dma.copyIn(SEND_COPIES, program, 60, 32768, 41);
  });
  trips('dma engine: what is copied in has its place in the region', () => {
    dma.copyIn(SEND_COPIES, program, 0, 65536 - 50, 51);
  });
  trips('dma engine: what is copied out lies in the region', () => {
    dma.copyOut(RECEIVE_COPIES, 65536 - 50, program, 0, 51);
  });
  trips('dma engine: what is copied out has its place in the program’s memory', () => {
    dma.copyOut(RECEIVE_COPIES, 32768, program, 60, 41);
  });
});

describe('the packet pool', () => {
  const pool = (): PacketPool => new PacketPool(4096, 4, 256);
  trips('packet pool: its slots begin on words', () => new PacketPool(4098, 4, 256));
  trips('packet pool: it has slots', () => new PacketPool(4096, 0, 256));
  trips('packet pool: the slot freed is one of its own', () => pool().free(4));
  trips('packet pool: no more slots are freed than were taken', () => pool().free(0));
  trips('packet pool: a slot is freed once', () => {
    const packets = pool();
    packets.take();
    const slot = packets.take();
    packets.free(slot);
    packets.free(slot);
  });
  trips('packet pool: an address is of one of its slots', () => pool().addressOf(-1));
});

describe('the plan', () => {
  trips('memory plan: an alignment is a power of two', () => new MemoryPlan().reserve('a', 64, '', 96));
  trips('memory plan: a holder asks for whole bytes', () => new MemoryPlan().reserve('a', 0, ''));
  trips('region: every address in it is an int32', () => allocateRegion(2 ** 31 + 1));
  trips('card layout: parameter lists lie in the control area, behind what bring-up asks for', () => {
    checkParts(8192, 8192, 2048);
  });
  trips('card layout: static frames are whole frames', () => checkParts(8192, 4096, 2000));
  trips('ledger: its block lies in the memory, on a double word', () => new Ledger(region, 1028));
});
