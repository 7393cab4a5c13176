/** Cuts into receive records, returned contexts and credits: whose bytes they are, how many, and when. */
import {
  addRecord,
  type Cut,
  cutsOf,
  dropRecord,
  inRecords,
  inReply,
  inRequest,
  isDatagram,
  isEnd,
  isError,
  isStreamData,
  openAt,
  put,
  recordsOf,
  several,
} from './cut.ts';

const RECEIVE = 0x84;
const SEND = 0x89;
const CREDIT = 0x86;
const ECONNRESET = 104;

const cut = cutsOf('bytes');
const isContexts = (words: Int32Array): boolean => several(words) && ((words[3] >>> 8) & 0xff) === 0;
const lengthOf = (words: Int32Array, at: number): number => words[at + 3] & 0xffffff;
/** A record for another stream that is open. */
const another = (matches: (words: Int32Array, at: number) => boolean): Cut['sites'] =>
  inRecords(matches, (words, at, tape, frame) => {
    const other = openAt(tape, frame).find((socket) => socket !== (words[at + 1] & 0xffff));
    if (other === undefined) return false;
    put(words, at + 1, 0, 15, other);
  });

export const BYTE_CUTS: readonly Cut[] = [
  cut('a record for another stream', ['D-01', 'D-02', 'P-02'], another(isStreamData)),
  cut('an end of stream for another stream', ['D-02', 'P-03'], another(isEnd)),
  cut('an error for another stream', ['P-04'], another(isError)),
  cut('records of two streams exchanged', ['D-01', 'D-02', 'P-02', 'P-03'], (tape) => {
    const all = tape.frames(1, RECEIVE, ({ words }) => several(words));
    return all.slice(1).map((frame, i) => () => {
      const [a, b] = [all[i].words, frame.words];
      const one = recordsOf(a).find((at) => isStreamData(a, at));
      const two = recordsOf(b).find((at) => isStreamData(b, at));
      if (one === undefined || two === undefined || a[one + 1] === b[two + 1]) return false;
      if (lengthOf(a, one) === lengthOf(b, two)) return false;
      const open = openAt(tape, all[i]);
      if (!open.includes(b[two + 1]) || !openAt(tape, frame).includes(a[one + 1])) return false;
      [a[one + 1], b[two + 1]] = [b[two + 1], a[one + 1]];
    });
  }),
  cut(
    'a record one byte short',
    ['D-02', 'P-03', 'R-03'],
    inRecords(isStreamData, (words, at) => {
      if (lengthOf(words, at) < 2) return false;
      words[at + 3] -= 1;
    }),
  ),
  cut(
    'a record one byte long',
    ['D-01', 'P-02', 'D-02', 'R-03'],
    inRecords(isStreamData, (words, at) => {
      if (lengthOf(words, at) >= 2048) return false;
      words[at + 3] += 1;
    }),
  ),
  cut(
    'a byte moved from one record of a stream to the next stream’s',
    ['D-01', 'D-02', 'P-02', 'P-03'],
    (tape) => {
      const all = tape.frames(1, RECEIVE, ({ words }) => several(words));
      return all.slice(1).map((frame, i) => () => {
        const [a, b] = [all[i].words, frame.words];
        const one = recordsOf(a).find((at) => isStreamData(a, at));
        const two = recordsOf(b).find((at) => isStreamData(b, at));
        if (one === undefined || two === undefined || a[one + 1] === b[two + 1]) return false;
        if (lengthOf(a, one) < 2 || lengthOf(b, two) >= 2048) return false;
        a[one + 3] -= 1;
        b[two + 3] += 1;
      });
    },
  ),
  cut(
    'a record of no bytes',
    ['F-07'],
    inRecords(isStreamData, (words, at) => put(words, at + 3, 0, 23, 0)),
  ),
  cut('a record taken out', ['R-03', 'R-04', 'D-02'], inRecords(isStreamData, dropRecord)),
  cut(
    'a record told twice',
    ['B-03'],
    inRecords(isStreamData, (words, at) => addRecord(words, [...words.slice(at, at + 4)])),
  ),
  cut(
    'a record with the status of an error',
    ['F-07'],
    inRecords(isStreamData, (words, at) => put(words, at + 3, 24, 31, 5)),
  ),
  cut(
    'a record past its bucket',
    ['F-07'],
    inRecords(isStreamData, (words, at) => put(words, at + 2, 0, 23, 2047)),
  ),
  cut(
    'a record with a flag that there is not',
    ['F-07'],
    inRecords(isStreamData, (words, at) => put(words, at + 2, 28, 28, 1)),
  ),
  cut(
    'a record that keeps its bucket',
    ['F-07'],
    inRecords(isStreamData, (words, at) => put(words, at + 2, 30, 30, 0)),
  ),
  cut('a record in a bucket that is the host’s', ['B-03'], (tape) => {
    const all = tape.frames(1, RECEIVE, ({ words }) => several(words));
    return all.slice(1).map((frame, i) => () => {
      const before = all[i].words;
      const own = recordsOf(frame.words).find((at) => isStreamData(frame.words, at));
      const filled = recordsOf(before).find((at) => isStreamData(before, at));
      const posted = tape
        .frames(0, RECEIVE)
        .some((post) => tape.at(post) > tape.at(all[i]) && tape.at(post) < tape.at(frame));
      if (own === undefined || filled === undefined || posted) return false;
      frame.words[own] = before[filled];
    });
  }),
  cut(
    'an end of stream taken out',
    ['P-03'],
    inRecords(isEnd, (words, at, tape, frame) => {
      const socket = words[at + 1] & 0xffff;
      const given = tape
        .frames(0, 0x8f, ({ words: w }) => (w[4] & 0xffff) === socket)
        .find((one) => tape.at(one) > tape.at(frame));
      if (given === undefined || given.timeNs < frame.timeNs + 21e6) return false;
      dropRecord(words, at);
    }),
  ),
  cut('an end of stream where the peer goes on', ['D-02', 'P-03'], (tape) =>
    tape
      .frames(1, RECEIVE, ({ words }) => several(words))
      .map((frame) => () => {
        const open = openAt(tape, frame);
        const still = open.find((socket) => !endsLater(tape, socket, frame));
        if (still === undefined) return false;
        return addRecord(frame.words, [-1, still, 2 << 24, 0]);
      }),
  ),
  cut(
    'an end of stream for a datagram socket',
    ['K-02'],
    inRecords(isDatagram, (words, at) => addRecord(words, [-1, words[at + 1], 2 << 24, 0])),
  ),
  cut('an error of which no packet tells', ['P-04'], (tape) =>
    tape
      .frames(1, RECEIVE, ({ words }) => several(words))
      .map((frame) => () => {
        const [open] = openAt(tape, frame);
        return open === undefined ? false : addRecord(frame.words, [-1, open, 1 << 24, ECONNRESET << 24]);
      }),
  ),
  cut(
    'an error without an errno',
    ['F-07'],
    inRecords(isError, (words, at) => put(words, at + 3, 24, 31, 0)),
  ),
  cut(
    'data behind an end of stream',
    ['K-07'],
    inRecords(isEnd, (words, at, tape, frame) => {
      const socket = words[at + 1];
      const data = tape
        .frames(1, RECEIVE, ({ words: w }) => several(w))
        .filter((one) => tape.at(one) < tape.at(frame))
        .map(
          ({ words: w }) =>
            [w, recordsOf(w).find((one) => isStreamData(w, one) && w[one + 1] === socket) ?? 0] as const,
        )
        .filter(([, one]) => one > 0)
        .at(-1);
      if (data === undefined) return false;
      const [other, one] = data;
      const record = other.slice(one, one + 4);
      other.set(words.slice(at, at + 4), one);
      words.set(record, at);
    }),
  ),
  cut(
    'a record for a listener',
    ['K-02'],
    inRecords(isStreamData, (words, at, tape) => {
      const listener = tape.frames(0, 0x87)[0].words[4] & 0xffff;
      put(words, at + 1, 0, 15, listener);
    }),
  ),
  cut(
    'a record for a number that is free',
    ['K-02'],
    inRecords(isStreamData, (words, at) => put(words, at + 1, 0, 15, 47)),
  ),
  cut(
    'a record for a number that there is not',
    ['F-07'],
    inRecords(isStreamData, (words, at) => put(words, at + 1, 0, 15, 900)),
  ),
  {
    ...cut('a context given back before its bytes were on the wire', ['P-09'], (tape) =>
      tape
        .frames(1, SEND, ({ words }) => isContexts(words))
        .map((frame) => () => {
          const sends = tape.frames(
            0,
            SEND,
            ({ words }) => (words[0] & 0x1000) === 0 && words[7] === frame.words[5],
          );
          const send = sends.filter((one) => tape.at(one) < tape.at(frame)).at(-1);
          // What is said of a connection that is over may have come back for that.
          if (
            send === undefined ||
            (frame.words[3] & 0xff) !== 1 ||
            !openLater(tape, send.words[4] & 0xffff, frame)
          )
            return false;
          const [back, release] = tape.events.splice(tape.at(frame), 2);
          back.timeNs = send.timeNs;
          release.timeNs = send.timeNs;
          tape.insert(tape.at(send) + 1, back, release);
        }),
    ),
    transport: 'fifo',
  },
  cut('a context returned that is the host’s', ['B-06', 'B-05'], (tape) => {
    const all = tape.frames(1, SEND, ({ words }) => isContexts(words));
    return all.slice(1).map((frame, i) => () => {
      if (frame.words[5] === all[i].words[5]) return false;
      frame.words[5] = all[i].words[5];
    });
  }),
  cut(
    'a context that there is not',
    ['B-05'],
    inReply(SEND, isContexts, (words) => void (words[5] = 999)),
  ),
  cut('a send of another socket', ['D-01', 'P-05', 'P-02', 'D-02'], (tape) =>
    inRequest(
      SEND,
      (words) => (words[0] & 0x1000) === 0,
      (words, frame) => {
        const other = openAt(tape, frame).find((socket) => socket !== (words[4] & 0xffff));
        if (other === undefined) return false;
        put(words, 4, 0, 15, other);
      },
    )(tape),
  ),
  cut(
    'a send one byte short',
    ['R-02'],
    inRequest(
      SEND,
      (words) => (words[0] & 0x1000) === 0,
      (words) => {
        if ((words[6] & 0xffffff) < 2) return false;
        words[6] -= 1;
      },
    ),
  ),
  cut(
    'a credit for more than came',
    ['R-05'],
    inRequest(
      CREDIT,
      (words) => (words[4] & 0xff) > 0,
      (words) => void (words[6] += 1_000_000),
    ),
  ),
  cut(
    'a credit of no bytes',
    ['F-01'],
    inRequest(
      CREDIT,
      (words) => (words[4] & 0xff) > 0,
      (words) => void (words[6] = 0),
    ),
  ),
  cut(
    'one bucket more remaining',
    ['B-08'],
    inReply(RECEIVE, several, (words) => void (words[5] += 33)),
  ),
  cut(
    'fewer buckets remaining by one',
    ['B-08'],
    inReply(
      RECEIVE,
      (w) => several(w) && w[5] > 8,
      (words) => void (words[5] -= 1),
    ),
  ),
  {
    ...cut('two records of a stream in the wrong order', [], (tape) =>
      tape
        .frames(1, RECEIVE, ({ words }) => several(words))
        .map(({ words }) => () => {
          const own = recordsOf(words).filter((at) => isStreamData(words, at));
          const [one, two] = own;
          if (two === undefined || words[one + 1] !== words[two + 1]) return false;
          const [a, b] = [words.slice(one, one + 4), words.slice(two, two + 4)];
          words.set(b, one);
          words.set(a, two);
        }),
    ),
    undecidable: 'a trace has no bytes of buckets, only how many they are',
  },
  {
    ...cut(
      'a record that begins later in its bucket',
      [],
      inRecords(
        (w, at) => isStreamData(w, at) && lengthOf(w, at) < 2000,
        (words, at) => void (words[at + 2] += 4),
      ),
    ),
    undecidable: 'the card may put the bytes anywhere in a bucket',
  },
  {
    ...cut(
      'a credit for less than was read',
      [],
      inRequest(
        CREDIT,
        (w) => w[6] > 1,
        (words) => void (words[6] -= 1),
      ),
    ),
    undecidable: 'a host may credit later what it has read',
  },
  {
    ...cut(
      'an error of another time-out',
      [],
      inRecords(isError, (words, at) => put(words, at + 3, 24, 31, 110)),
    ),
    undecidable: 'a time-out leaves no packet, so that none contradicts it',
  },
];

/** Whether more of a stream is told after a frame, for long enough. */
function openLater(tape: Parameters<Cut['sites']>[0], socket: number, frame: { timeNs: number }): boolean {
  return tape.events.some(
    (event) =>
      event.kind === 'frame' &&
      event.direction === 0 &&
      event.words[1] >>> 24 === SEND &&
      (event.words[4] & 0xffff) === socket &&
      event.timeNs > frame.timeNs + 21e6,
  );
}

/** Whether the end of a socket's stream is told within a while, or its peer has ended already. */
function endsLater(tape: Parameters<Cut['sites']>[0], socket: number, frame: { timeNs: number }): boolean {
  return tape.events.some(
    (event) =>
      event.kind === 'frame' &&
      event.direction === 1 &&
      event.words[1] >>> 24 === RECEIVE &&
      several(event.words) &&
      event.timeNs <= frame.timeNs + 100_000 &&
      recordsOf(event.words).some(
        (at) => !isStreamData(event.words, at) && (event.words[at + 1] & 0xffff) === socket,
      ),
  );
}
