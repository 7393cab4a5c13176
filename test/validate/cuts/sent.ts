/** Cuts into what version 3 of the class says beside bytes: how many were sent, and where records end. */
import { type Cut, cutsOf, inRecords, inRequest, put } from './cut.ts';

const SEND = 0x89;
const cut = cutsOf('bytes');
const isSent = (words: Int32Array, at: number): boolean => words[at + 2] >>> 24 === 0x10;

export const SENT_CUTS: readonly Cut[] = [
  cut(
    'more bytes told as sent than were posted',
    ['E-07'],
    inRecords(isSent, (words, at) => void (words[at] += 1_000_000)),
  ),
  cut(
    'a count of what was sent with a length',
    ['F-07'],
    inRecords(isSent, (words, at) => void (words[at + 3] = 5)),
  ),
  cut(
    'a count of what was sent that is an end as well',
    ['F-07'],
    inRecords(isSent, (words, at) => put(words, at + 2, 25, 25, 1)),
  ),
  cut(
    'a count of what was sent, of a listener',
    ['K-02'],
    inRecords(isSent, (words, at, tape) => {
      put(words, at + 1, 0, 15, tape.frames(0, 0x87)[0].words[4] & 0xffff);
    }),
  ),
  cut(
    'a record for a count of what was sent',
    ['F-07', 'B-03'],
    inRecords(isSent, (words, at) => put(words, at + 2, 24, 31, 0x40)),
  ),
  cut(
    'an urgent byte that has not come, and is told all the same',
    ['F-07'],
    inRecords(isSent, (words, at) => {
      put(words, at + 2, 24, 31, 0x20);
      words[at + 3] = 5 << 24;
    }),
  ),
  cut(
    'an urgent byte of two bytes',
    ['F-07'],
    inRecords(isSent, (words, at) => {
      put(words, at + 2, 24, 31, 0x20);
      words[at + 3] = 2;
    }),
  ),
  cut(
    'an urgent byte behind the stream',
    ['F-07'],
    inRecords(isSent, (words, at) => {
      put(words, at + 2, 24, 31, 0x20);
      words[at] = -2;
    }),
  ),
  cut(
    'an urgent byte of a listener',
    ['K-02'],
    inRecords(isSent, (words, at, tape) => {
      put(words, at + 2, 24, 31, 0x20);
      put(words, at + 1, 0, 15, tape.frames(0, 0x87)[0].words[4] & 0xffff);
    }),
  ),
  cut(
    'a send with a bit that there is not',
    ['F-08'],
    inRequest(
      SEND,
      (words) => (words[5] & 4) !== 0,
      (words) => put(words, 5, 3, 3, 1),
    ),
  ),
  {
    ...cut(
      'a send whose record ends no more',
      [],
      inRequest(
        SEND,
        (words) => (words[5] & 4) !== 0,
        (words) => put(words, 5, 2, 2, 0),
      ),
    ),
    undecidable: 'a card may end a segment wherever it likes',
  },
];
