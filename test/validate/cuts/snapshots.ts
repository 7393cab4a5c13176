/** Cuts into what is told of a connection in parts: SocketSnapshotGet. */
import { type Cut, cutsOf, inReply, openAt, put, requestOf, succeeded } from './cut.ts';

const SNAPSHOT = 0x9e;
const LISTEN = 10;
const cut = cutsOf('ends');
const isLaterPart = (words: Int32Array): boolean => succeeded(words) && words[5] > 0;
const isListeners = (words: Int32Array): boolean =>
  succeeded(words) && words[5] === 0 && (words[7] & 0xff) === LISTEN;

export const SNAPSHOT_CUTS: readonly Cut[] = [
  cut(
    'a part of another snapshot',
    ['E-08'],
    inReply(SNAPSHOT, isLaterPart, (words) => void (words[6] += 1)),
  ),
  cut(
    'another part than was asked for',
    ['E-08'],
    inReply(SNAPSHOT, isLaterPart, (words) => void (words[5] -= 10)),
  ),
  cut(
    'a part whose words are of another snapshot',
    ['E-08'],
    inReply(
      SNAPSHOT,
      (words) => succeeded(words) && words[5] === 20,
      (words) => void (words[12] += 1),
    ),
  ),
  cut(
    'Established told of a listener by the first part',
    ['E-06'],
    inReply(SNAPSHOT, isListeners, (words) => put(words, 7, 0, 7, 1)),
  ),
  cut(
    'more bytes queued than were posted, in a part',
    ['E-07'],
    inReply(
      SNAPSHOT,
      (words) => succeeded(words) && words[5] === 20,
      (words, frame, tape) => {
        const socket = requestOf(tape, frame)!.words[4] & 0xffff;
        if (!openAt(tape, requestOf(tape, frame)!).includes(socket)) return false;
        words[8] = 1_000_000;
        return undefined;
      },
    ),
  ),
  cut(
    'more bytes sent again than sent, in a part',
    ['E-09'],
    inReply(
      SNAPSHOT,
      (words) => succeeded(words) && words[5] === 40,
      (words) => void (words[11] = words[9] + 1),
    ),
  ),
];
