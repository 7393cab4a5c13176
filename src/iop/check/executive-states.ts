/**
 * Which executive message is legal in which IOP state. I2O 1.5 has the states; which message is legal when is
 * inferred from the order in which Linux (drivers/message/i2o) sent them, and in detail ours.
 * spec/states.yaml says the same as data, and a test compares the two.
 */
import { assert } from '../../assert/assert.ts';
import * as exec from '../../i2o/executive.gen.ts';

const RESET = 1;
const HOLD = 2;
const READY = 4;
const OPERATIONAL = 8;
const FAILED = 16;
/** The states in which replies can be sent. */
const UP = HOLD | READY | OPERATIONAL;
/** The states in which the system table is known. */
const RUN = READY | OPERATIONAL;

const LEGAL = new Uint8Array(256);
for (const functionCode of Object.keys(exec.EXECUTIVE_FUNCTION_NAMES)) LEGAL[Number(functionCode)] = UP;
LEGAL[exec.EXEC_STATUS_GET] = RESET | UP | FAILED;
LEGAL[exec.EXEC_IOP_RESET] = RESET | UP | FAILED;
LEGAL[exec.EXEC_OUTBOUND_INIT] = RESET | HOLD;
LEGAL[exec.EXEC_SYS_TAB_SET] = HOLD | READY;
LEGAL[exec.EXEC_SYS_ENABLE] = RUN;
LEGAL[exec.EXEC_SYS_QUIESCE] = RUN;
LEGAL[exec.EXEC_SYS_MODIFY] = RUN;
/** A private message is for a device, never for the executive. */
LEGAL[exec.PRIVATE_ECHO] = 0;

function bitOf(state: number): number {
  switch (state) {
    case exec.IOP_STATE_RESET:
      return RESET;
    case exec.IOP_STATE_HOLD:
      return HOLD;
    case exec.IOP_STATE_READY:
      return READY;
    case exec.IOP_STATE_OPERATIONAL:
      return OPERATIONAL;
    case exec.IOP_STATE_FAILED:
      return FAILED;
    default:
      return 0;
  }
}

/** @param functionCode a byte of a message's word 1. @param state an IOP_STATE_ number. */
export function isLegal(functionCode: number, state: number): boolean {
  assert((functionCode & ~0xff) === 0, 'executive states: a function code is a byte');
  return (LEGAL[functionCode] & bitOf(state)) !== 0;
}
