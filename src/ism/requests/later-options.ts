/** Options of sockets that came with a later version of the class than the card speaks. */
import { getSocketOptionSetOption, SOCKET_OPTION_GET, SOCKET_OPTION_SET } from '../../i2o/socket.gen.ts';
import { isOptionOf } from '../../socket/option-versions.ts';

/** Whether a request sets such an option or asks for it: both name it at the same place. */
export function isLaterOption(
  words: Int32Array,
  frame: number,
  functionCode: number,
  classVersion: number,
): boolean {
  if (functionCode !== SOCKET_OPTION_SET && functionCode !== SOCKET_OPTION_GET) return false;
  return !isOptionOf(getSocketOptionSetOption(words, frame), classVersion);
}
