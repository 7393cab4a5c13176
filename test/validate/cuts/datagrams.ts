/** Cuts into the records of datagrams. */
import {
  type Cut,
  cutsOf,
  datagramSockets,
  inRecords,
  isDatagram,
  isStreamData,
  openAt,
  put,
  recordFlags,
} from './cut.ts';

const cut = cutsOf('bytes');
const lengthOf = (words: Int32Array, at: number): number => words[at + 3] & 0xffffff;

export const DATAGRAM_CUTS: readonly Cut[] = [
  cut(
    'a datagram for another datagram socket',
    ['D-03'],
    inRecords(isDatagram, (words, at, tape, frame) => {
      const other = datagramSockets(tape, frame).find((socket) => socket !== (words[at + 1] & 0xffff));
      if (other === undefined) return false;
      put(words, at + 1, 0, 15, other);
    }),
  ),
  cut(
    'a datagram one byte short',
    ['D-03'],
    inRecords(
      (w, at) => isDatagram(w, at) && lengthOf(w, at) > 9 && (recordFlags(w, at) & 8) === 0,
      (words, at) => void (words[at + 3] -= 1),
    ),
  ),
  cut(
    'a datagram one byte long',
    ['D-03'],
    inRecords(
      (w, at) => isDatagram(w, at) && lengthOf(w, at) < 2048,
      (words, at) => void (words[at + 3] += 1),
    ),
  ),
  cut(
    'a datagram cut with room left',
    ['F-07'],
    inRecords(
      (w, at) => isDatagram(w, at) && lengthOf(w, at) < 2048,
      (words, at) => put(words, at + 2, 27, 27, 1),
    ),
  ),
  cut(
    'a datagram cut and not told as such',
    ['D-03'],
    inRecords(
      (w, at) => isDatagram(w, at) && (recordFlags(w, at) & 8) !== 0,
      (words, at) => put(words, at + 2, 27, 27, 0),
    ),
  ),
  cut(
    'a datagram without its source',
    ['F-07'],
    inRecords(isDatagram, (words, at) => put(words, at + 3, 0, 23, 4)),
  ),
  cut(
    'a datagram told as a stream’s',
    ['K-08'],
    inRecords(isDatagram, (words, at) => put(words, at + 2, 26, 26, 0)),
  ),
  cut(
    'a stream’s bytes told as a datagram',
    ['K-08', 'F-07'],
    inRecords(
      (w, at) => isStreamData(w, at) && lengthOf(w, at) >= 8,
      (words, at) => put(words, at + 2, 26, 26, 1),
    ),
  ),
  cut(
    'a datagram for a stream',
    ['K-08'],
    inRecords(isDatagram, (words, at, tape, frame) => {
      const [stream] = openAt(tape, frame);
      if (stream === undefined) return false;
      put(words, at + 1, 0, 15, stream);
    }),
  ),
];
