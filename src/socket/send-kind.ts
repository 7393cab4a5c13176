/** What is told of the last bytes of a send: to a stack by `tcpSend`, to a card by the bits of SocketSend. */
import { MSG_EOR, MSG_MORE, MSG_OOB } from './message-flags.ts';

/** More follows soon; the last byte is urgent; a record ends. */
export const SEND_MORE = 1;
export const SEND_URGENT = 2;
export const SEND_RECORD = 4;

/** @param flags MSG_ bits. @returns SEND_ bits. */
export function kindOf(flags: number): number {
  return (
    ((flags & MSG_MORE) !== 0 ? SEND_MORE : 0) |
    ((flags & MSG_OOB) !== 0 ? SEND_URGENT : 0) |
    ((flags & MSG_EOR) !== 0 ? SEND_RECORD : 0)
  );
}
