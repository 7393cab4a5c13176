/**
 * Which executive message is legal in which IOP state (reference section 4.2, inferred there from the order drivers used).
 * spec/states.yaml says the same as data; a test compares them.
 */
import * as exec from '../../i2o/executive.gen.ts';

const RESET = 1;
const HOLD = 2;
const READY = 4;
const OPERATIONAL = 8;
const FAILED = 16;
/** Replies work. */
const UP = HOLD | READY | OPERATIONAL;
/** The system table is known. */
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
/** Private messages belong to devices. */
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

/** @param state an IOP_STATE_ number. */
export function isLegal(functionCode: number, state: number): boolean {
  return (LEGAL[functionCode] & bitOf(state)) !== 0;
}
