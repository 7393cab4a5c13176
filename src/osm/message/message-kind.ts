/**
 * Whether a message has the layout that its function demands, whichever of the five classes the function
 * belongs to.
 */
import { checkExecutiveReply, checkExecutiveRequest } from '../../i2o/executive.gen.ts';
import { FLAG_MULTIPLE, frameFlags, frameFunction, frameSizeWords } from '../../i2o/frame.ts';
import { checkLanReply, checkLanRequest } from '../../i2o/lan.gen.ts';
import { checkSocketReply, checkSocketRequest } from '../../i2o/socket.gen.ts';
import { checkUtilityReply, checkUtilityRequest } from '../../i2o/utility.gen.ts';
import { checkWindowReply, checkWindowRequest } from '../../i2o/window.gen.ts';

/** Functions below this are utility messages, in I2O 1.5. */
const FIRST_CLASS_FUNCTION = 0x20;
/** From this on they are the window class's, of which the LAN class has none. */
const FIRST_WINDOW_FUNCTION = 0x40;
/** From this on they are the socket class's own. */
const FIRST_OWN_FUNCTION = 0x80;
/** From this on they are the executive's, or private. */
const FIRST_EXECUTIVE_FUNCTION = 0xa0;

/** Whether a request has its layout. A batch passes: no generated check reads its list of transactions. */
export function isWholeRequest(words: Int32Array, frame: number): boolean {
  if ((frameFlags(words, frame) & FLAG_MULTIPLE) !== 0) return true;
  const functionCode = frameFunction(words, frame);
  const sizeWords = frameSizeWords(words, frame);
  if (functionCode < FIRST_CLASS_FUNCTION) return checkUtilityRequest(words, frame, sizeWords) === 0;
  if (functionCode < FIRST_WINDOW_FUNCTION) return checkLanRequest(words, frame, sizeWords) === 0;
  if (functionCode < FIRST_OWN_FUNCTION) return checkWindowRequest(words, frame, sizeWords) === 0;
  if (functionCode < FIRST_EXECUTIVE_FUNCTION) return checkSocketRequest(words, frame, sizeWords) === 0;
  return checkExecutiveRequest(words, frame, sizeWords) === 0;
}

/** Whether a reply has its layout. */
export function isWholeReply(words: Int32Array, frame: number): boolean {
  const functionCode = frameFunction(words, frame);
  const sizeWords = frameSizeWords(words, frame);
  if (functionCode < FIRST_CLASS_FUNCTION) return checkUtilityReply(words, frame, sizeWords) === 0;
  if (functionCode < FIRST_WINDOW_FUNCTION) return checkLanReply(words, frame, sizeWords) === 0;
  if (functionCode < FIRST_OWN_FUNCTION) return checkWindowReply(words, frame, sizeWords) === 0;
  if (functionCode < FIRST_EXECUTIVE_FUNCTION) return checkSocketReply(words, frame, sizeWords) === 0;
  return checkExecutiveReply(words, frame, sizeWords) === 0;
}
