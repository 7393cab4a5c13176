/** Executive and utility messages as the tests of the card send them: built, posted, answered. */

import { expect } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import { writeHeader } from '../../src/i2o/frame.ts';
import { SGL_LAST, SGL_SIMPLE_IN, SGL_SIMPLE_OUT, writeSglSimple } from '../../src/i2o/list/sgl.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { BareCard, type BareCardOptions } from './bed.ts';

/** Contexts of every request, unless a test says otherwise. */
export const INITIATOR = 0x1234;
export const TRANSACTION = 77;
/** Places in the control area. */
const STATUS_AT = 0;
const WORD_AT = 512;
export const TABLE_AT = 1024;
export const OUT_AT = 2048;
export const IN_AT = 3072;

/** A bare card, spoken to in whole messages. */
export class Bed extends BareCard {
  readonly control: number;
  readonly words: Int32Array;
  readonly view: DataView;

  constructor(overrides: CardOverrides = {}, options: BareCardOptions = {}) {
    super({ packetSlots: 32, ...overrides }, options);
    this.control = this.memory.layout.control;
    this.words = this.region.words;
    this.view = new DataView(this.words.buffer);
  }

  /** Posts a frame and takes every reply that follows. */
  ask(fill: (words: Int32Array, frame: number) => void): Int32Array[] {
    expect(this.post(fill)).toBe(true);
    return this.run();
  }

  /** Posts a request of header words and `body` from word 4 on. */
  send(functionCode: number, body: readonly number[] = [], target = IOP_TID, sglWord = 0): Int32Array[] {
    return this.ask((w, f) => {
      writeHeader(w, f, sglWord, 0, 4 + body.length, target, HOST_TID, functionCode, INITIATOR, TRANSACTION);
      body.forEach((word, i) => {
        w[f + 4 + i] = word;
      });
    });
  }

  /** `send`, and its one reply's word 4. */
  status(functionCode: number, body: readonly number[] = [], target = IOP_TID, sglWord = 0): number {
    const replies = this.send(functionCode, body, target, sglWord);
    expect(replies.length).toBe(1);
    return replies[0][4];
  }

  statusGet(): number {
    this.words[((this.control + STATUS_AT) >> 2) + 21] = 0;
    this.send(exec.EXEC_STATUS_GET, [0, 0, this.control + STATUS_AT, 0, 88]);
    const at = (this.control + STATUS_AT) >> 2;
    expect(exec.getStatusBlockSyncByte(this.words, at)).toBe(0xff);
    return exec.getStatusBlockIopState(this.words, at);
  }

  /** Word index of the status block last asked for. */
  get statusBlock(): number {
    return (this.control + STATUS_AT) >> 2;
  }

  /** @returns what the card left in the status word. */
  outboundInit(frameWords = 32, pageBytes = 4096): number {
    this.words[(this.control + WORD_AT) >> 2] = 0;
    this.ask((w, f) => {
      const system = exec.INIT_CODE_OPERATING_SYSTEM;
      exec.writeExecOutboundInit(w, f, IOP_TID, HOST_TID, 0, 0, pageBytes, system, frameWords, 8);
      writeSglSimple(w, f + 6, SGL_SIMPLE_IN | SGL_LAST, 4, this.control + WORD_AT);
    });
    this.outbound.supply();
    return this.words[(this.control + WORD_AT) >> 2];
  }

  /** @returns what the card left in the status word. */
  iopReset(): number {
    this.words[(this.control + WORD_AT) >> 2] = 0;
    expect(this.send(exec.EXEC_IOP_RESET, [0, 0, this.control + WORD_AT, 0])).toEqual([]);
    const status = this.words[(this.control + WORD_AT) >> 2];
    if (status === exec.POLLED_STATUS_IN_PROGRESS) this.restart();
    return status;
  }

  /** SysTabSet (or SysModify) with a table of so many entries. @returns word 4 of its reply. */
  sysTabSet(
    entries = 0,
    tableBytes = 16 + entries * 32,
    functionCode: number = exec.EXEC_SYS_TAB_SET,
  ): number {
    const table = this.control + TABLE_AT;
    this.words.fill(0, table >> 2, (table >> 2) + 20);
    this.words[table >> 2] = entries;
    for (let i = 0; i < Math.min(entries, 2); i++) this.words[(table >> 2) + 4 + i * 8 + 1] = 2 + i;
    const list = [0x54000000 | tableBytes, table, 0x54000000 | 4096, 0x700000, 0xd4000000 | 256, 0x800000];
    if (functionCode === exec.EXEC_SYS_MODIFY) return this.status(functionCode, list, IOP_TID, 4);
    return this.status(functionCode, [0x00050002, 0, ...list], IOP_TID, 6);
  }

  /** Brings the card to a state. */
  to(state: number): this {
    if (state === exec.IOP_STATE_RESET) return this;
    expect(this.outboundInit()).toBe(exec.POLLED_STATUS_COMPLETE);
    if (state === exec.IOP_STATE_HOLD) return this;
    expect(this.sysTabSet()).toBe(0);
    if (state === exec.IOP_STATE_READY) return this;
    expect(this.status(exec.EXEC_SYS_ENABLE)).toBe(0);
    return this;
  }

  operational(): this {
    return this.to(exec.IOP_STATE_OPERATIONAL);
  }

  /** LctNotify to IN_AT. */
  lctNotify(indicator = 0, roomBytes = 512, classFilter = -1): Int32Array[] {
    return this.send(
      exec.EXEC_LCT_NOTIFY,
      [classFilter, indicator, 0xd0000000 | roomBytes, this.control + IN_AT],
      IOP_TID,
      6,
    );
  }

  /** Word at IN_AT. */
  in(word: number): number {
    return this.words[((this.control + IN_AT) >> 2) + word];
  }

  /**
   * ParamsGet or ParamsSet. @param operations the list as 16-bit words, its head included; a Uint8Array as it
   * is.
   * @returns word 4 of the reply; the result list lies at IN_AT.
   */
  params(
    set: boolean,
    target: number,
    operations: readonly number[] | Uint8Array,
    roomBytes = 1024,
    functionCode: number = set ? util.UTIL_PARAMS_SET : util.UTIL_PARAMS_GET,
  ): number {
    const bytes = operations instanceof Uint8Array ? operations : toBytes(operations);
    this.region.bytes.set(bytes, this.control + OUT_AT);
    this.region.bytes.fill(0xee, this.control + IN_AT, this.control + IN_AT + 1024);
    const replies = this.ask((w, f) => {
      writeHeader(w, f, 5, 0, 9, target, HOST_TID, functionCode, INITIATOR, TRANSACTION);
      w[f + 4] = 0;
      const at = writeSglSimple(w, f + 5, SGL_SIMPLE_OUT, bytes.length, this.control + OUT_AT);
      writeSglSimple(w, at, SGL_SIMPLE_IN | SGL_LAST, roomBytes, this.control + IN_AT);
    });
    return replies.at(-1)![4];
  }

  /** The blocks of the result list at IN_AT. */
  blocks(): ResultBlock[] {
    const start = this.control + IN_AT;
    const blocks: ResultBlock[] = [];
    let at = start + 4;
    for (let i = 0; i < this.view.getUint16(start, true); i++) {
      const words = this.view.getUint16(at, true);
      const errorWords = this.view.getUint8(at + 3);
      blocks.push({
        words,
        status: this.view.getUint8(at + 2),
        data: new DataView(this.words.buffer, at + 4, (words - 1 - errorWords) * 4),
        error: new DataView(this.words.buffer, at + (words - errorWords) * 4, errorWords * 4),
      });
      at += words * 4;
    }
    return blocks;
  }

  claim(flags = 0, type: number = util.CLAIM_TYPE_PRIMARY): number {
    return this.status(util.UTIL_CLAIM, [flags | (type << 24)], DEVICE_TID);
  }
}

export interface ResultBlock {
  readonly words: number;
  readonly status: number;
  readonly data: DataView;
  readonly error: DataView;
}

function toBytes(halves: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(halves.length * 2);
  halves.forEach((half, i) => {
    bytes[i * 2] = half & 0xff;
    bytes[i * 2 + 1] = half >> 8;
  });
  return bytes;
}
