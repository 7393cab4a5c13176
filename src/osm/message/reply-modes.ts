/** The names that the configuration has for the reply modes of the socket class. */
import {
  REPLY_MODE_BATCH,
  REPLY_MODE_IMMEDIATE,
  REPLY_MODE_NEVER,
  REPLY_MODE_ON_ERROR,
} from '../../i2o/socket.gen.ts';
import type { DriverConfig } from '../memory/driver-config.ts';

/** Reply mode of sends by its name in the configuration; −1: as each send finds best. */
export const REPLY_MODES: Readonly<Record<DriverConfig['replyMode'], number>> = {
  auto: -1,
  batch: REPLY_MODE_BATCH,
  immediate: REPLY_MODE_IMMEDIATE,
  onError: REPLY_MODE_ON_ERROR,
  never: REPLY_MODE_NEVER,
};
