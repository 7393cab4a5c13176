/**
 * Reads parameter groups of the device by UtilParamsGet. The card gets an operation list and room for the
 * result list, both in the control area, which is the only memory it writes for such a request. It answers
 * with the result list and a status; the message can succeed while the block in its list has failed, so both
 * are looked at.
 *
 * A request that times out leaves its memory with the card, which may still write there: that memory is in
 * quarantine until the late reply comes. With all of it in quarantine no more is asked.
 */
import { assert } from '../../assert/assert.ts';
import { CONTROL_BYTES, CONTROL_PARAMS_AT } from '../../dma/card-layout.ts';
import type { Region } from '../../dma/region.ts';
import {
  SGL_LAST,
  SGL_SIMPLE_IN,
  SGL_SIMPLE_OUT,
  SGL_SIMPLE_WORDS,
  writeSglSimple,
} from '../../i2o/list/sgl.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import {
  BLOCK_STATUS_INVALID_GROUP_ID,
  BLOCK_STATUS_SUCCESS,
  PARAMS_OPERATION_FIELD_GET,
  UTIL_PARAMS_GET_SGL_WORD,
  writeUtilParamsGet,
} from '../../i2o/utility.gen.ts';
import { EAGAIN, EINVAL, ENETDOWN, EPROTO } from '../../socket/errno.ts';
import type { ControlCall, ControlCaller } from './control-call.ts';
import { HANDLER_CONTROL } from './handlers.ts';
import type { Requests } from './requests.ts';

/** Pieces of the control area that are lent to the card, one for each request. */
const SLOTS = 4;
const SLOT_BYTES = (CONTROL_BYTES - CONTROL_PARAMS_AT) / SLOTS;
/** In each, the operation list comes first, then the result list, which has what is left. */
const OPERATION_BYTES = 12;
const RESULT_AT = 16;
const RESULT_BYTES = SLOT_BYTES - RESULT_AT;
const ALL_FIELDS = 0xffff;
/** Bytes before a block's data: the list's header and the block's. */
const BLOCK_DATA_AT = 8;
/** What stands for a transaction in `holder` when nobody has the slot. */
const FREE = -1;

/** Asserts what the slots' sizes must be. */
export function checkSlots(slotBytes: number, operationBytes: number, resultAt: number): void {
  assert(
    slotBytes % 4 === 0 && resultAt % 4 === 0,
    'device params: a slot and its result list begin at a word',
  );
  assert(
    operationBytes <= resultAt && resultAt < slotBytes,
    'device params: results follow the operation list',
  );
}

checkSlots(SLOT_BYTES, OPERATION_BYTES, RESULT_AT);

export class DeviceParams {
  private readonly words: Int32Array;
  private readonly view: DataView;
  private readonly offset: number;
  private readonly requests: Requests;
  private readonly control: ControlCall;
  private readonly caller: ControlCaller;
  /** Per slot: FREE, or the transaction of the request that has it. */
  private readonly holder = new Int32Array(SLOTS).fill(FREE);

  constructor(
    region: Region,
    controlOffset: number,
    requests: Requests,
    control: ControlCall,
    caller: ControlCaller,
  ) {
    this.words = region.words;
    this.view = new DataView(region.words.buffer);
    this.offset = controlOffset + CONTROL_PARAMS_AT;
    this.requests = requests;
    this.control = control;
    this.caller = caller;
    control.late = (transaction) => {
      const slot = this.holder.indexOf(transaction);
      if (slot >= 0) this.holder[slot] = FREE;
    };
  }

  /** The card was reset: it writes no answer to an earlier request any more. */
  forget(): void {
    this.holder.fill(FREE);
  }

  /** Slots that may be lent. */
  get slotsFree(): number {
    return this.holder.reduce((free, holder) => free + (holder === FREE ? 1 : 0), 0);
  }

  /**
   * Reads every field of a scalar group.
   * @param group its number, 0 to 65535.
   * @returns the fields' bytes as the card wrote them, one behind the other and padded to a word; or a
   *   negative errno: −EAGAIN while all memory for it is in quarantine, −EINVAL for a group that the device
   *   does not have.
   */
  readGroup(group: number): DataView | number {
    assert(group >>> 16 === 0, 'device params: the number of a group has 16 bits');
    const slot = this.holder.indexOf(FREE);
    if (slot < 0) return -EAGAIN;
    const frame = this.caller.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    const transaction = this.control.begin();
    this.holder[slot] = transaction;
    this.ask(frame, transaction, this.offset + slot * SLOT_BYTES, group);
    const errno = this.caller.awaitControl();
    // A call that gave up leaves the memory to the card until the reply comes late, or the card is reset.
    if (this.control.abandoned) return 0 - errno;
    this.holder[slot] = FREE;
    return errno !== 0 ? 0 - errno : this.result(this.offset + slot * SLOT_BYTES + RESULT_AT);
  }

  private ask(frame: number, transaction: number, address: number, group: number): void {
    const { words } = this;
    const place = address - this.offset;
    assert(
      frame === this.requests.acquired,
      'device params: a request is written in the frame that was acquired',
    );
    assert(
      place % SLOT_BYTES === 0 && place >= 0 && place < SLOTS * SLOT_BYTES,
      'device params: what is lent to the card is one of the slots',
    );
    const list = address >> 2;
    words[list] = 1; // one operation
    words[list + 1] = PARAMS_OPERATION_FIELD_GET | (group << 16);
    words[list + 2] = ALL_FIELDS;
    words.fill(0, (address + RESULT_AT) >> 2, (address + SLOT_BYTES) >> 2);
    const at = frame + UTIL_PARAMS_GET_SGL_WORD;
    writeSglSimple(words, at, SGL_SIMPLE_OUT, OPERATION_BYTES, address);
    writeSglSimple(words, at + SGL_SIMPLE_WORDS, SGL_SIMPLE_IN | SGL_LAST, RESULT_BYTES, address + RESULT_AT);
    writeUtilParamsGet(
      words,
      frame,
      this.requests.deviceTid,
      HOST_TID,
      HANDLER_CONTROL,
      transaction,
      UTIL_PARAMS_GET_SGL_WORD + 2 * SGL_SIMPLE_WORDS,
    );
    this.requests.post();
  }

  /** Copies the one block out of the result list, whose sizes are the card's word and so are checked. */
  private result(address: number): DataView | number {
    const { view } = this;
    const blocks = view.getUint16(address, true);
    const sizeWords = view.getUint16(address + 4, true);
    const status = view.getUint8(address + 6);
    const errorWords = view.getUint8(address + 7);
    if (blocks !== 1) return -EPROTO;
    if (status === BLOCK_STATUS_INVALID_GROUP_ID) return -EINVAL;
    const byteLength = (sizeWords - errorWords) * 4 - (BLOCK_DATA_AT - 4);
    if (status !== BLOCK_STATUS_SUCCESS || byteLength < 0 || byteLength > RESULT_BYTES - BLOCK_DATA_AT) {
      return -EPROTO;
    }
    const copy = new DataView(new ArrayBuffer(byteLength));
    for (let i = 0; i < byteLength; i++) copy.setUint8(i, view.getUint8(address + BLOCK_DATA_AT + i));
    return copy;
  }
}
