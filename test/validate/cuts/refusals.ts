/** Cuts into refusals, the errno they give, and who uses a device. */
import {
  answer,
  type Cut,
  cutsOf,
  datagramSockets,
  failure,
  inReply,
  inRequest,
  put,
  refused,
  requestOf,
  succeeded,
} from './cut.ts';
import { settingOf } from './values.ts';

const BIND = 0x83;
const ENOENT = 2;
const EBADF = 9;
const EINVAL = 22;
const EPIPE = 32;
const EISCONN = 106;
const EALREADY = 114;
const EOPNOTSUPP = 95;
const ENOTCONN = 107;
/** ReqStatus: an error, and nothing was moved; a transaction error. */
const ERROR = 5;
const TRANSACTION_ERROR = 11;
const DEVICE_LOCKED = 0x0b;
const BUSY = 0x1b;
const INVALID_REQUEST = 0x12;
const INVALID_INITIATOR = 0x0d;

const cut = cutsOf('refusals');
const isDevice = (words: Int32Array): boolean => (words[1] & 0xfff) !== 0;
const good = (words: Int32Array): boolean => succeeded(words) && isDevice(words);
const bad = (words: Int32Array): boolean => refused(words) && isDevice(words);
const errno = (name: string, code: number, message: string, number: number, from = good): Cut =>
  cut(
    `${message} answered with ${name}`,
    ['Q-03', 'F-05'],
    inReply(code, from, (words) => answer(words, ERROR, number)),
  );
const malformed = (message: string, code: number): Cut =>
  cut(
    `a good ${message} refused as malformed`,
    ['Q-01'],
    inReply(code, good, (words) => answer(words, TRANSACTION_ERROR, 0x10, 7)),
  );
const undelivered = (message: string, code: number): Cut =>
  cut(
    `a good ${message} not delivered for StateError`,
    ['Q-01'],
    inReply(code, good, (words) => failure(words, 0x85, 4)),
  );
const utility = (
  name: string,
  rule: string,
  code: number,
  from: (words: Int32Array) => boolean,
  detail: number,
): Cut =>
  cut(
    name,
    [rule],
    inReply(code, from, (words) => answer(words, detail === 0 ? 0 : ERROR, detail)),
  );
const detailIs =
  (detail: number) =>
  (words: Int32Array): boolean =>
    bad(words) && (words[4] & 0xffff) === detail;

export const REFUSAL_CUTS: readonly Cut[] = [
  // Of a datagram socket that was connected before, it may be the answer.
  cut('a bind of an open socket answered with EINVAL', ['Q-03', 'F-05'], (tape) =>
    inReply(BIND, good, (words, frame) => {
      const socket = (requestOf(tape, frame)?.words[4] ?? 0) & 0xffff;
      return datagramSockets(tape, frame).includes(socket) ? false : answer(words, ERROR, EINVAL);
    })(tape),
  ),
  errno('EBADF', 0x83, 'a bind of an open socket', EBADF),
  cut(
    'a refused bind answered with EINVAL',
    ['Q-03'],
    inReply(0x83, bad, (words) => {
      if ((words[4] & 0xffff) === EINVAL) return false;
      put(words, 4, 0, 15, EINVAL);
    }),
  ),
  cut(
    'a refused connect answered with EISCONN',
    ['Q-03'],
    inReply(0x85, bad, (words) => put(words, 4, 0, 15, EISCONN)),
  ),
  cut(
    'a refused connect answered with EALREADY',
    ['Q-03'],
    inReply(
      0x85,
      (w) => bad(w) && (w[4] & 0xffff) === 111,
      (words) => {
        put(words, 4, 0, 15, EALREADY);
      },
    ),
  ),
  cut(
    'a refused connect answered with EBADF',
    ['Q-03'],
    inReply(0x85, bad, (words) => put(words, 4, 0, 15, EBADF)),
  ),
  cut(
    'a refused connect answered with EPIPE',
    ['F-05'],
    inReply(0x85, bad, (words) => put(words, 4, 0, 15, EPIPE)),
  ),
  errno('EBADF', 0x8f, 'a close of an open socket', EBADF),
  errno('EBADF', 0x91, 'an abort of an open socket', EBADF),
  errno('EBADF', 0x93, 'an option set on an open socket', EBADF),
  errno('EBADF', 0x92, 'an option read of an open socket', EBADF),
  errno('EBADF', 0x94, 'a status of an open socket', EBADF),
  errno('EBADF', 0x96, 'a name of an open socket', EBADF),
  errno('EBADF', 0x9a, 'TCP_INFO of an open socket', EBADF),
  errno('EBADF', 0x9c, 'the totals of an open socket', EBADF),
  errno('EOPNOTSUPP', 0x9a, 'TCP_INFO of a stream socket', EOPNOTSUPP),
  errno('ENOTCONN', 0x9a, 'TCP_INFO', ENOTCONN),
  errno('EPIPE', 0x93, 'an option set', EPIPE),
  errno('ENOENT', 0x92, 'an option read', ENOENT),
  errno('ENOENT', 0x83, 'a bind', ENOENT),
  errno('EBADF', 0x87, 'a listen of a bound socket', EBADF),
  errno('EINVAL', 0x87, 'a listen of a bound socket', EINVAL),
  errno('EOPNOTSUPP', 0x87, 'a listen of a stream socket', EOPNOTSUPP),
  errno('EINVAL', 0x96, 'a name of an open socket', EINVAL),
  errno('EPIPE', 0x92, 'an option read', EPIPE),
  errno('ENOTCONN', 0x8f, 'a close', ENOTCONN),
  cut(
    'an accept that ended answered with EOPNOTSUPP',
    ['Q-03', 'F-05'],
    inReply(0x82, bad, (words) => put(words, 4, 0, 15, EOPNOTSUPP)),
  ),
  cut(
    'an accept that ended answered with EBADF',
    ['Q-03', 'F-05'],
    inReply(0x82, bad, (words) => put(words, 4, 0, 15, EBADF)),
  ),
  ...(
    [
      ['bind', 0x83],
      ['listen', 0x87],
      ['connect', 0x85],
      ['close', 0x8f],
      ['option set', 0x93],
      ['option read', 0x92],
      ['status', 0x94],
      ['name', 0x96],
    ] as const
  ).flatMap(([message, code]) => [malformed(message, code), undelivered(message, code)]),
  cut(
    'a good read of parameters refused as malformed',
    ['Q-01'],
    inReply(0x06, good, (words) => answer(words, TRANSACTION_ERROR, 0x10, 7)),
  ),
  cut(
    'a good request not delivered: no such target',
    ['Q-01'],
    inReply(0x92, good, (words) => failure(words, 0x8d, 1)),
  ),
  cut(
    'a good request not delivered: suspended',
    ['Q-01'],
    inReply(0x94, good, (words) => failure(words, 0x81, 4)),
  ),
  cut(
    'a good request not delivered: too large',
    ['Q-01'],
    inReply(0x94, good, (words) => failure(words, 0x8c, 1)),
  ),
  cut(
    'a StateError of the severity of a format',
    ['Q-02'],
    inReply(0x92, good, (words) => failure(words, 0x85, 1)),
  ),
  cut(
    'a suspended target of the severity of a path',
    ['Q-02'],
    inReply(0x92, good, (words) => failure(words, 0x81, 2)),
  ),
  cut(
    'a failure of an IOP that is another',
    ['Q-04'],
    inReply(0x92, good, (words) => failure(words, 0x85, 4, 0x123)),
  ),
  cut(
    'a failure of a host that is another',
    ['Q-04'],
    inReply(0x92, good, (words) => failure(words, 0x85, 4, 0x77 << 16)),
  ),
  cut(
    'a transaction error behind the request',
    ['F-03'],
    inReply(0x92, good, (words) => {
      answer(words, TRANSACTION_ERROR, 0x10, 7);
      words[5] = 60;
    }),
  ),
  cut(
    'a message of the device refused since it is locked',
    ['Q-01'],
    inReply(0x92, good, (words) => answer(words, TRANSACTION_ERROR, DEVICE_LOCKED, 7)),
  ),
  cut(
    'a message of the device refused since it is busy',
    ['Q-01'],
    inReply(0x94, good, (words) => answer(words, TRANSACTION_ERROR, BUSY, 7)),
  ),
  cut(
    'a message of the device refused to its user',
    ['Q-01'],
    inReply(0x94, good, (words) => answer(words, TRANSACTION_ERROR, INVALID_INITIATOR, 7)),
  ),
  cut('the driver’s claim refused, and the device used', ['U-01'], (tape) =>
    inReply(0x09, good, (words) => answer(words, ERROR, BUSY))(tape).slice(0, 1),
  ),
  utility('a claim granted twice', 'U-01', 0x09, detailIs(BUSY), 0),
  utility('a claim that nobody stands against, refused', 'U-01', 0x09, good, BUSY),
  utility('a claim with a primary user, refused for want of one', 'U-01', 0x09, good, INVALID_REQUEST),
  utility('a claim without a primary user, granted', 'U-01', 0x09, detailIs(INVALID_REQUEST), 0),
  utility('a claim refused for a lock of another', 'U-01', 0x09, good, DEVICE_LOCKED),
  utility('a claim released that there is not', 'U-01', 0x0b, detailIs(INVALID_REQUEST), 0),
  utility('a claim that there is, not released', 'U-01', 0x0b, good, INVALID_REQUEST),
  utility('a claim released for another initiator', 'U-01', 0x0b, good, INVALID_INITIATOR),
  utility('a conditional release while the device is locked', 'U-01', 0x0b, detailIs(BUSY), 0),
  utility('a release refused as busy, and nothing holds it', 'U-01', 0x0b, good, BUSY),
  utility('a lock refused to the only initiator', 'U-02', 0x17, good, DEVICE_LOCKED),
  utility('a lock released that there is not', 'U-02', 0x19, detailIs(INVALID_REQUEST), 0),
  utility('a lock that there is, not released', 'U-02', 0x19, good, INVALID_REQUEST),
  utility('a lock that is another initiator’s', 'U-02', 0x19, good, INVALID_INITIATOR),
  utility('a reservation refused to the only initiator', 'U-02', 0x0d, good, BUSY),
  utility('a reservation ended that there is not', 'U-02', 0x0f, detailIs(INVALID_REQUEST), 0),
  utility('a reservation that there is, not ended', 'U-02', 0x0f, good, INVALID_REQUEST),
  utility('a reservation that is another initiator’s', 'U-02', 0x0f, good, INVALID_INITIATOR),
  cut(
    'more requests aborted than came back',
    ['T-11'],
    inReply(0x01, any1, (words) => void (words[4] += 1)),
  ),
  cut(
    'fewer requests aborted than came back',
    ['T-11'],
    inReply(
      0x01,
      (words) => words[4] > 0,
      (words) => void (words[4] -= 1),
    ),
  ),
  cut(
    'a request aborted that nobody aborts',
    ['T-09'],
    inReply(0x92, good, (words) => answer(words, 2, 0)),
  ),
  ...(
    [
      ['a claim of a type that there is not', 0x09, 4, 24, 31, 9],
      ['a claim with flags that there are not', 0x09, 4, 0, 15, 0x8000],
      ['a socket of a type that there is not', 0x81, 5, 0, 7, 7],
      ['a shutdown of a half that there is not', 0x8d, 5, 0, 1, 3],
      ['a name of an end that there is not', 0x96, 5, 0, 7, 9],
      ['an abort of a type that there is not', 0x01, 4, 16, 23, 9],
    ] as const
  ).map(([name, code, word, low, high, value]) =>
    cut(
      name,
      ['F-01'],
      inRequest(code, any1, (words) => put(words, word, low, high, value)),
    ),
  ),
  {
    ...cut(
      'a bind refused for an address in use that is free',
      [],
      inReply(0x83, good, (words) => answer(words, ERROR, 98)),
    ),
    undecidable: 'a connection that nobody owns any more may still hold the port',
  },
  {
    ...cut(
      'a status refused for want of a connection',
      [],
      inReply(
        0x94,
        (w) => good(w) && (w[5] & 0xff) === 1,
        (words) => answer(words, ERROR, ENOTCONN),
      ),
    ),
    undecidable: 'the connection may have been lost when the card took the request',
  },
  {
    ...cut(
      'an option that was not set read with another value',
      [],
      inReply(
        0x92,
        (w) => good(w) && w[0] >>> 16 === 6,
        (words, frame, tape) => {
          if (settingOf(tape, frame) !== undefined) return false;
          words[5] += 1;
          return undefined;
        },
      ),
    ),
    undecidable: 'what an option is at first is the card’s own choice',
  },
];

function any1(words: Int32Array): boolean {
  return (words[1] & 0xfff) !== 0;
}
