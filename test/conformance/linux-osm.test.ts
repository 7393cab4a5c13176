/** A card over the FIFOs, brought up by a host that posts the very words that Linux posted. */
import { beforeEach, describe, expect, it } from 'vitest';
import { HostPort } from '../../src/i2o/queues/fifo/fifo-port.ts';
import { fifoLayout } from '../../src/i2o/queues/queues.ts';
import { BareCard } from '../iop/bed.ts';
import { EXEC_DRIVER, LAN_DRIVER, LinuxHost, linux, PROC_DRIVER, type Words } from './linux-osm.ts';

const DEVICE = 0x010;
const FRAMES = 8;
const [BLOCK, STATUS, TABLE, RESULT, SYSTEM_TABLE] = [0, 128, 512, 1536, 3072];

let card: BareCard;
let host: LinuxHost;
let waits = 0;
const control = (offset: number): number => card.memory.layout.control + offset;
const word = (offset: number): number => card.region.words[control(offset) >> 2] >>> 0;
const half = (offset: number): number => card.region.view.getUint16(control(offset), true);

function rest(): void {
  for (let turn = 0; turn < 50; turn++) card.parts.processor.poll();
  host.interrupt();
}

function ask(message: (wait: number) => Words, driver = EXEC_DRIVER): Words {
  waits += 1;
  host.post(message(waits));
  rest();
  const answer = host.answer(driver, waits);
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

function systemTable(): number {
  card.region.words.fill(0, control(SYSTEM_TABLE) >> 2, (control(SYSTEM_TABLE) >> 2) + 12);
  card.region.words.set([0x00000001 | 0, 1], control(SYSTEM_TABLE) >> 2);
  return 48;
}

/** From power-on to where LctNotify is asked. @param sysTabSet how the system table is set. @returns its answer. */
function bringUp(sysTabSet = linux.sysTabSet): Words {
  host.post(linux.statusGet(control(BLOCK)));
  rest();
  expect([word(BLOCK + 84) >>> 24, (word(BLOCK + 8) >>> 16) & 0xff]).toEqual([0xff, 0x02]);
  host.post(linux.outboundInit(control(STATUS)));
  rest();
  expect(word(STATUS)).toBe(4);
  host.lend(card.memory.layout.outbound, FRAMES);
  expect(ask((wait) => linux.hrtGet(wait, control(TABLE), 256))[4]).toBe(0);
  expect([half(TABLE), card.region.bytes[control(TABLE) + 2]]).toEqual([1, 4]);
  const bytes = systemTable();
  return ask((wait) => sysTabSet(wait, control(SYSTEM_TABLE), bytes));
}

beforeEach(() => {
  card = new BareCard({ transport: 'fifo', pools: { inboundFrames: 8, outboundFrames: FRAMES * 4 } });
  const { layout } = card.memory;
  host = new LinuxHost(
    new HostPort(card.region, fifoLayout(layout), card.hostLedger),
    card.region.words,
    layout.inbound,
  );
});

describe('a host as Linux was one', () => {
  it('brings the card up, claims its device and reads its parameters, with frames of 128 words', () => {
    expect(bringUp()[4]).toBe(0);
    expect(ask(linux.sysEnable)[4]).toBe(0);
    expect(ask((wait) => linux.lctNotify(wait, control(TABLE), 1024))[4]).toBe(0);
    expect((half(TABLE) - 3) / 9).toBe(2);
    expect(ask((wait) => linux.claim(LAN_DRIVER, wait, DEVICE), LAN_DRIVER)[4]).toBe(0);
    // F103 by FieldGet of every field, then the table of users by TableGet, each with its list in the message.
    const limits = [0x00000001, 0xf1030001, 0x0000ffff];
    const get = (list: Words) => (wait: number) =>
      linux.paramsGet(PROC_DRIVER, wait, DEVICE, list, control(RESULT), 512);
    expect(ask(get(limits), PROC_DRIVER)[4]).toBe(0);
    expect([half(RESULT), half(RESULT + 4), half(RESULT + 6)]).toEqual([1, 6, 0]);
    expect(ask(get([0x00000001, 0xf0030005, 0x0000ffff]), PROC_DRIVER)[4]).toBe(0);
    // One row of eight bytes: instance 1, TID 1, primary.
    expect([
      half(RESULT + 8),
      half(RESULT + 12),
      half(RESULT + 14),
      half(RESULT + 16),
      half(RESULT + 18),
    ]).toEqual([1, 1, 1, 1, 0]);
    // The second row of the groups' descriptors begins eight bytes behind the first.
    expect(ask(get([0x00000001, 0xf0000005, 0x0000ffff]), PROC_DRIVER)[4]).toBe(0);
    const rows = half(RESULT + 8);
    const groups = Array.from({ length: rows }, (_, row) => half(RESULT + 12 + row * 8));
    expect(groups).toContain(0xf000);
    expect(groups).toContain(0xf103);
    expect(new Set(groups).size).toBe(rows);
    expect(card.hostLedger.snapshot()['hostMfaNotOwned']).toBe(0);
    expect(card.ledger.snapshot()['mfaNotOwned']).toBe(0);
  });

  it('has events told by the handler that registered for them', () => {
    bringUp();
    ask(linux.sysEnable);
    host.post(linux.eventRegister(PROC_DRIVER, DEVICE, 0xffffffff));
    rest();
    ask((wait) => [(6 << 16) | 1, 0xd9001000, EXEC_DRIVER, (0x80000000 | wait) >>> 0, DEVICE, 0]); // DdmReset
    expect(host.handlers[PROC_DRIVER].map((reply) => reply[4])).toContain(0x04000000);
  });

  it('has the list that version 2.6 overwrites refused, with what is wrong of it', () => {
    const answer = bringUp(linux.sysTabSetOverwritten);
    // A transaction error: the list has no last element.
    expect([answer[4] >>> 24, answer[4] & 0xffff]).toEqual([0x0b, 0x10]);
  });

  it('resets the card, and finds it in RESET', () => {
    bringUp();
    card.region.words[control(STATUS) >> 2] = 0;
    host.post(linux.reset(control(STATUS)));
    rest();
    expect(word(STATUS)).toBe(1);
    host.post(linux.statusGet(control(BLOCK)));
    rest();
    expect((word(BLOCK + 8) >>> 16) & 0xff).toBe(0x02);
  });
});
