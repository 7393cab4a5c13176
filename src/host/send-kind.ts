/** What the stack is told of the last bytes of a send. */
import { MSG_EOR, MSG_MORE, MSG_OOB } from '../socket/message-flags.ts';

/** Of `tcpSend`: more follows soon; the last byte is urgent; a record ends. */
export const MORE = 1;
const URGENT = 2;
const RECORD = 4;

/** @param flags MSG_ bits. */
export function kindOf(flags: number): number {
  return (
    ((flags & MSG_MORE) !== 0 ? MORE : 0) |
    ((flags & MSG_OOB) !== 0 ? URGENT : 0) |
    ((flags & MSG_EOR) !== 0 ? RECORD : 0)
  );
}
