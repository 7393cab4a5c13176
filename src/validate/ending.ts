/** Which messages end what others have asked for. */
import {
  EXEC_DDM_DESTROY,
  EXEC_DDM_QUIESCE,
  EXEC_DDM_RESET,
  EXEC_DDM_SUSPEND,
  EXEC_IOP_CLEAR,
  EXEC_IOP_RESET,
  EXEC_PATH_QUIESCE,
  EXEC_PATH_RESET,
  EXEC_SYS_MODIFY,
  EXEC_SYS_QUIESCE,
} from '../i2o/executive.gen.ts';

/** Messages of the executive that end requests of others. */
export const ENDING: readonly number[] = [
  EXEC_DDM_SUSPEND,
  EXEC_DDM_DESTROY,
  EXEC_IOP_RESET,
  EXEC_IOP_CLEAR,
  EXEC_SYS_MODIFY,
  EXEC_SYS_QUIESCE,
  EXEC_PATH_QUIESCE,
  EXEC_DDM_QUIESCE,
  EXEC_PATH_RESET,
  EXEC_DDM_RESET,
];
