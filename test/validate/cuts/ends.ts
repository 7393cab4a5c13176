/** Cuts into what the card tells of the ends and the states of sockets. */
import {
  answer,
  type Change,
  type Cut,
  cutsOf,
  datagramSockets,
  inReply,
  inRequest,
  put,
  refused,
  requestOf,
  succeeded,
} from './cut.ts';

const BIND = 0x83;
const CONNECT = 0x85;
const ACCEPT = 0x82;
const STATUS = 0x94;
const NAME = 0x96;
const LISTEN = 0x87;
const INFO = 0x9a;
const TOTALS = 0x9c;
/** Listeners of the trace that is cut into, and a client that is bound. */
const LISTENER_PORT = 7000;
const OTHER_PORT = 7010;
const CLIENT_PORT = 6000;

/** An answer of SocketStatusGet about a socket in one of these TCP states. */
const inState =
  (...states: readonly number[]) =>
  (words: Int32Array): boolean =>
    succeeded(words) && states.includes(words[5] & 0xff);
const open = inState(1, 4, 5, 8);
const isStream = (words: Int32Array): boolean => succeeded(words) && words[0] >>> 16 === 7;
const cut = cutsOf('ends');
const inConnect = (edit: Change): Cut['sites'] =>
  inReply(CONNECT, isStream, (words, frame, tape) =>
    datagramSockets(tape, frame).includes(words[5] & 0xffff) ? false : edit(words, frame, tape),
  );

export const END_CUTS: readonly Cut[] = [
  cut('a bind grants another port', ['E-01'], (tape) =>
    inReply(BIND, succeeded, (words, frame) => {
      if (((requestOf(tape, frame)?.words[6] ?? 0) & 0xffff) === 0) return false;
      put(words, 6, 0, 15, (words[6] & 0xffff) + 1);
    })(tape),
  ),
  cut(
    'a bind grants another address',
    ['E-01'],
    inReply(BIND, succeeded, (words) => void (words[5] += 1)),
  ),
  cut(
    'a bind grants any address',
    ['E-01'],
    inReply(BIND, succeeded, (words) => void (words[5] = 0)),
  ),
  cut(
    'a bind grants port 0',
    ['E-01'],
    inReply(BIND, succeeded, (words) => put(words, 6, 0, 15, 0)),
  ),
  cut(
    'a refused bind is told as granted',
    ['E-01'],
    inReply(BIND, refused, (words) => {
      answer(words, 0, 0, 7);
      words[5] = 0x7f000001;
    }),
  ),
  cut(
    'a connect from no port',
    ['E-02'],
    inConnect((words) => put(words, 5, 16, 31, 0)),
  ),
  cut(
    'a connect from no address',
    ['E-02'],
    inConnect((words) => void (words[6] = 0)),
  ),
  cut(
    'a connect from a port no SYN left',
    ['P-01'],
    inConnect((words) => put(words, 5, 16, 31, (words[5] >>> 16) ^ 1)),
  ),
  cut(
    'a connect from an address no SYN left',
    ['P-01'],
    inConnect((words) => void (words[6] += 1)),
  ),
  cut('a connect from another address than the bound one', ['E-02'], (tape) =>
    inConnect((words, frame) => {
      if (!boundBefore(tape, frame, words[5] & 0xffff)) return false;
      words[6] += 1;
    })(tape),
  ),
  cut('a connect from another port than the bound one', ['E-02'], (tape) =>
    inConnect((words, frame) => {
      if (!boundBefore(tape, frame, words[5] & 0xffff)) return false;
      put(words, 5, 16, 31, (words[5] >>> 16) ^ 3);
    })(tape),
  ),
  cut(
    'an accept at another local port',
    ['E-03'],
    inReply(ACCEPT, succeeded, (words) => put(words, 7, 16, 31, (words[7] >>> 16) + 1)),
  ),
  cut(
    'an accept at another local address',
    ['E-03'],
    inReply(ACCEPT, succeeded, (words) => void (words[8] += 1)),
  ),
  cut(
    'an accept of no remote port',
    ['E-03'],
    inReply(ACCEPT, succeeded, (words) => put(words, 7, 0, 15, 0)),
  ),
  cut(
    'an accept of no remote address',
    ['E-03'],
    inReply(ACCEPT, succeeded, (words) => void (words[6] = 0)),
  ),
  cut(
    'an accept of a remote port that sent no SYN',
    ['P-01'],
    inReply(ACCEPT, succeeded, (words) => put(words, 7, 0, 15, (words[7] & 0xffff) ^ 1)),
  ),
  cut(
    'an accept of a remote address that sent no SYN',
    ['P-01'],
    inReply(ACCEPT, succeeded, (words) => void (words[6] += 1)),
  ),
  cut('the same connection accepted twice', ['E-04', 'D-01', 'P-05'], (tape) => {
    const all = tape.frames(1, ACCEPT, ({ words }) => succeeded(words));
    return all.slice(1).map((frame, i) => () => {
      const other = all.slice(0, i + 1).find(({ words }) => words[7] >>> 16 === frame.words[7] >>> 16);
      if (other === undefined) return false;
      frame.words[6] = other.words[6];
      put(frame.words, 7, 0, 15, other.words[7] & 0xffff);
    });
  }),
  cut('the same connection connected twice', ['E-04', 'D-01', 'P-05'], (tape) => {
    const all = tape.frames(1, CONNECT, ({ words }) => isStream(words));
    return all.slice(1).map((frame, i) => () => {
      const to = requestOf(tape, frame)?.words[6];
      const other = all.slice(0, i + 1).find((one) => requestOf(tape, one)?.words[6] === to);
      if (other === undefined) return false;
      put(frame.words, 5, 16, 31, other.words[5] >>> 16);
    });
  }),
  cut(
    'a status with another local port',
    ['E-05'],
    inReply(STATUS, inState(1, 4, 5, 8, 10), (words) => put(words, 8, 0, 15, (words[8] & 0xffff) + 1)),
  ),
  cut(
    'a status with another local address',
    ['E-05'],
    inReply(STATUS, inState(1, 4, 5, 8, 10), (words) => void (words[6] += 1)),
  ),
  cut(
    'a status with another remote port',
    ['E-05'],
    inReply(STATUS, open, (words) => put(words, 8, 16, 31, (words[8] >>> 16) + 1)),
  ),
  cut(
    'a status with another remote address',
    ['E-05'],
    inReply(STATUS, open, (words) => void (words[7] += 1)),
  ),
  cut(
    'a status with both ends exchanged',
    ['E-05'],
    inReply(STATUS, open, (words) => void (words[8] = (words[8] << 16) | (words[8] >>> 16))),
  ),
  cut(
    'a status in a state that TCP has not',
    ['F-03'],
    inReply(STATUS, succeeded, (words) => put(words, 5, 0, 7, 0x63)),
  ),
  cut(
    'Listen told of a connected socket',
    ['E-06'],
    inReply(STATUS, open, (words) => put(words, 5, 0, 7, 10)),
  ),
  cut(
    'SynSent told of a connected socket',
    ['E-06'],
    inReply(STATUS, open, (words) => put(words, 5, 0, 7, 2)),
  ),
  cut(
    'SynReceived told of a connected socket',
    ['E-06'],
    inReply(STATUS, open, (words) => put(words, 5, 0, 7, 3)),
  ),
  cut(
    'Established told of a listener',
    ['E-06'],
    inReply(STATUS, inState(10), (words) => put(words, 5, 0, 7, 1)),
  ),
  cut(
    'TimeWait told of a listener',
    ['E-06'],
    inReply(STATUS, inState(10), (words) => put(words, 5, 0, 7, 6)),
  ),
  cut(
    'Established told of a socket never connected',
    ['E-06'],
    inReply(STATUS, inState(7), (words) => put(words, 5, 0, 7, 1)),
  ),
  cut(
    'more bytes unacknowledged than were sent',
    ['E-07'],
    inReply(STATUS, open, (words) => void (words[16] = 1_000_000)),
  ),
  cut(
    'Listen told by the TCP_INFO of a connected socket',
    ['E-06'],
    inReply(INFO, open, (words) => put(words, 5, 0, 7, 10)),
  ),
  cut(
    'Established told by the TCP_INFO of a listener',
    ['E-06'],
    inReply(INFO, inState(10), (words) => put(words, 5, 0, 7, 1)),
  ),
  cut(
    'a state of congestion that there is not',
    ['F-03'],
    inReply(INFO, succeeded, (words) => put(words, 5, 8, 15, 5)),
  ),
  cut(
    'more bytes queued than were posted',
    ['E-07'],
    inReply(INFO, open, (words) => void (words[26] = 1_000_000)),
  ),
  cut(
    'more bytes unsent than are queued',
    ['E-09'],
    inReply(INFO, open, (words) => void (words[25] = words[26] + 1)),
  ),
  cut(
    'a snapshot of another number',
    ['E-08'],
    inReply(INFO, succeeded, (words) => void (words[30] += 1)),
  ),
  cut(
    'totals of another snapshot',
    ['E-08'],
    inReply(TOTALS, succeeded, (words) => void (words[5] -= 1)),
  ),
  cut(
    'more bytes sent again than sent',
    ['E-09'],
    inReply(TOTALS, succeeded, (words) => void (words[23] = words[21] + 1)),
  ),
  cut(
    'more bytes sent than were posted',
    ['E-07'],
    inReply(
      TOTALS,
      (words) => succeeded(words) && words[21] > 0,
      (words) => void (words[22] = 1),
    ),
  ),
  cut(
    'held back by the window for longer than busy',
    ['E-09'],
    inReply(TOTALS, succeeded, (words) => void (words[27] = words[25] + 1)),
  ),
  cut(
    'held back by the buffer for longer than busy',
    ['E-09'],
    inReply(TOTALS, succeeded, (words) => void (words[30] = 1)),
  ),
  cut(
    'a name with another port',
    ['E-05'],
    inReply(
      NAME,
      (words) => succeeded(words) && words[6] !== 0,
      (words) => put(words, 6, 0, 15, (words[6] & 0xffff) ^ 1),
    ),
  ),
  cut(
    'a name with another address',
    ['E-05'],
    inReply(
      NAME,
      (words) => succeeded(words) && words[5] !== 0,
      (words) => void (words[5] += 1),
    ),
  ),
  cut(
    'a refused connect told as a success',
    ['P-01'],
    inReply(CONNECT, refused, (words) => {
      if (words[0] >>> 16 < 7) return false;
      words[4] = 0;
    }),
  ),
  cut(
    'a connect that had its SYN answered told as refused',
    ['P-01'],
    inConnect((words) => void (words[4] = (5 << 24) | 111)),
  ),
  cut(
    'a listen told as refused',
    ['Q-03', 'K-02'],
    inReply(LISTEN, succeeded, (words) => answer(words, 5, 95)),
  ),
  cut(
    'another port asked for than the SYN goes to',
    ['P-01'],
    inRequest(
      CONNECT,
      ({ 6: port }) => port !== 0,
      (words, _frame, tape) => {
        const reply = tape.frames(1, CONNECT, ({ words: w }) => w[2] === words[2] && w[3] === words[3])[0];
        if (reply === undefined || !isStream(reply.words)) return false;
        if (datagramSockets(tape, reply).includes(reply.words[5] & 0xffff)) return false;
        put(words, 6, 0, 15, (words[6] & 0xffff) + 5);
      },
    ),
  ),
  {
    ...cut(
      'a status with another round-trip time',
      [],
      inReply(STATUS, open, (words) => void (words[9] += 5)),
    ),
    undecidable: 'what the card has measured is seen nowhere else',
  },
  {
    ...cut(
      'a status with another congestion window',
      [],
      inReply(STATUS, open, (words) => void (words[11] += 1460)),
    ),
    undecidable: 'the window is the card’s own choice',
  },
  cut('a port of the card’s choice that another is bound to', ['E-12'], (tape) =>
    inReply(BIND, succeeded, (words, frame) => {
      const asked = requestOf(tape, frame);
      if (asked === undefined || any0(asked.words)) return false;
      return void put(words, 6, 0, 15, LISTENER_PORT);
    })(tape),
  ),
  cut(
    'a connect from a port that another is bound to',
    ['E-12'],
    // What was bound itself left no choice.
    inConnect((words) => (words[5] >>> 16 === CLIENT_PORT ? false : put(words, 5, 16, 31, OTHER_PORT))),
  ),
  {
    ...cut('an ephemeral port that another was free for', [], (tape) => {
      return inRequest(BIND, any0, (words) => put(words, 6, 0, 15, 0))(tape);
    }),
    undecidable: 'port 0 asks for any port, so that any answer to it is good',
  },
];

function any0(words: Int32Array): boolean {
  return (words[6] & 0xffff) !== 0;
}

function boundBefore(
  tape: Parameters<Cut['sites']>[0],
  frame: ReturnType<typeof requestOf> & object,
  socket: number,
): boolean {
  const of = (code: number) =>
    tape
      .frames(0, code, ({ words }) => (words[4] & 0xffff) === socket)
      .filter((one) => tape.at(one) < tape.at(frame));
  const made = of(0x81).at(-1);
  const bind = of(BIND).at(-1);
  return made !== undefined && bind !== undefined && tape.at(bind) > tape.at(made);
}
