/**
 * A host as Linux's I2O core was one (drivers/message/i2o of versions 2.6: iop.c, exec-osm.c, device.c): what it
 * posts is written here word by word, by no codec of ours. It lends outbound frames of 128 words, reads the
 * outbound port once more when that says empty, and has three reply handlers, which it finds by the
 * InitiatorContext.
 */
import type { HostPort } from '../../src/i2o/queues/fifo/fifo-port.ts';
import { NO_FRAME as NO_MFA } from '../../src/i2o/transport.ts';

const OUTBOUND_FRAME_WORDS = 128;
const HOST_TID = 1;
const PAGE_BYTES = 4096;
const WAITING = 0x80000000;
/** Contexts of its drivers, in the order in which they register. */
export const EXEC_DRIVER = 0;
export const PROC_DRIVER = 1;
export const LAN_DRIVER = 2;

export type Words = readonly number[];

/** The first two words of a message of so many words, whose list begins at a word of it. */
function head(words: number, sglWord: number, command: number, tid = 0): Words {
  return [(words << 16) | (sglWord << 4) | 1, ((command << 24) | (HOST_TID << 12) | tid) >>> 0];
}

/** The messages that it sent while it brought an IOP up, in their order. */
export const linux = {
  statusGet: (block: number): Words => [...head(9, 0, 0xa0), EXEC_DRIVER, 0, 0, 0, block, 0, 88],
  reset: (status: number): Words => [...head(8, 0, 0xbd), EXEC_DRIVER, 0, 0, 0, status, 0],
  outboundInit: (status: number): Words => [
    ...head(8, 6, 0xa1),
    ...[EXEC_DRIVER, 0, PAGE_BYTES, (OUTBOUND_FRAME_WORDS << 16) | 0x80, 0xd0000004, status],
  ],
  hrtGet: (wait: number, table: number, bytes: number): Words => [
    ...head(6, 4, 0xa8),
    ...[EXEC_DRIVER, WAITING | wait, 0xd0000000 | bytes, table],
  ],
  /** As version 2.4 sent it: the table, private memory, private I/O space. */
  sysTabSet: (wait: number, table: number, bytes: number): Words => [
    ...head(12, 6, 0xa3),
    ...[EXEC_DRIVER, WAITING | wait, 2, 0, 0x54000000 | bytes, table, 0x54000000, 0, 0xd4000000, 0],
  ],
  /** As version 2.6 sent it: the last element's first word is overwritten by its second, which stays as it was. */
  sysTabSetOverwritten: (wait: number, table: number, bytes: number): Words => [
    ...head(12, 6, 0xa3),
    ...[EXEC_DRIVER, WAITING | wait, 2, 0, 0x54000000 | bytes, table, 0x54000000, 0, 0, 0],
  ],
  sysEnable: (wait: number): Words => [...head(4, 0, 0xd1), EXEC_DRIVER, WAITING | wait],
  lctNotify: (wait: number, table: number, bytes: number): Words => [
    ...head(8, 6, 0xa2),
    ...[EXEC_DRIVER, WAITING | wait, 0xffffffff, 0, 0xd0000000 | bytes, table],
  ],
  eventRegister: (driver: number, tid: number, mask: number): Words => [
    ...head(5, 0, 0x13, tid),
    ...[driver, 0, mask],
  ],
  claim: (driver: number, wait: number, tid: number): Words => [
    ...head(5, 0, 0x09, tid),
    ...[driver, WAITING | wait, 0x01000000],
  ],
  /** The operation list lies in the message: 0x4C and its length, then the list at once. */
  paramsGet: (
    driver: number,
    wait: number,
    tid: number,
    list: Words,
    result: number,
    bytes: number,
  ): Words => [
    ...head(8 + list.length, 5, 0x06, tid),
    ...[driver, WAITING | wait, 0, 0x4c000000 | (list.length * 4), ...list, 0xd0000000 | bytes, result],
  ],
};

/** Posts messages, and hands what comes to the handler that the context names. */
export class LinuxHost {
  readonly handlers: Words[][] = [[], [], []];
  private readonly port: HostPort;
  private readonly words: Int32Array;
  private readonly unit: number;

  /** @param unit address of MFA 0 of inbound frames. */
  constructor(port: HostPort, words: Int32Array, unit: number) {
    this.port = port;
    this.words = words;
    this.unit = unit;
  }

  /** Lends `count` frames of 128 words, from an address on. */
  lend(first: number, count: number): void {
    for (let i = 0; i < count; i++) this.port.writeOutbound(first + i * OUTBOUND_FRAME_WORDS * 4);
  }

  post(message: Words): void {
    const mfa = this.port.readInbound();
    if (mfa === NO_MFA) throw new Error('no inbound frame is free');
    this.words.set(message, (this.unit + mfa) >> 2);
    this.port.writeInbound(mfa);
  }

  /** Its interrupt handler. */
  interrupt(): void {
    for (;;) {
      let mfa = this.port.readOutbound();
      if (mfa === NO_MFA) mfa = this.port.readOutbound();
      if (mfa === NO_MFA) return;
      const at = mfa >> 2;
      const reply = [...this.words.subarray(at, at + (this.words[at] >>> 16))].map((word) => word >>> 0);
      const handler = this.handlers[reply[2]];
      if (handler === undefined) throw new Error(`a reply for driver ${reply[2]}`);
      handler.push(reply);
      this.port.writeOutbound(mfa);
    }
  }

  /** The answer of the wait with a number; it is taken. */
  answer(driver: number, wait: number): Words | undefined {
    const all = this.handlers[driver];
    const index = all.findIndex((reply) => reply[3] === (WAITING | wait) >>> 0);
    return index < 0 ? undefined : all.splice(index, 1)[0];
  }
}
