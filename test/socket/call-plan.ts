/**
 * Random sequences of socket calls, as plain data, so that a sequence that finds a difference can be cut down
 * to the calls that matter. A socket is named by its place among the open ones, modulo their number, and an
 * address and a port by what they stand for, so that every part of a sequence is a sequence.
 */
import fc from 'fast-check';
import { SOCK_DGRAM, SOCK_STREAM } from '../../src/socket/contract.ts';
import * as option from '../../src/socket/options.ts';

/** What an address stands for. */
export type Place = 'loopback' | 'own' | 'other own' | 'any' | 'nobody' | 'broadcast';
/**
 * What a port stands for: 0 to 2 are fixed ports; 'none' is one of the stack's choice, 'of' that of a socket,
 * and 'full' that of a listener which takes no connection any more, so that a connect to it hears nothing.
 */
export type PortName = number | 'none' | 'of' | 'full';

export type Call =
  | { readonly call: 'socket'; readonly type: number }
  | { readonly call: 'pair' | 'listener' | 'datagrams' }
  | { readonly call: 'bind' | 'connect'; readonly socket: number; readonly to: Target }
  | { readonly call: 'listen'; readonly socket: number; readonly backlog: number }
  | { readonly call: 'accept' | 'close'; readonly socket: number }
  | { readonly call: 'send'; readonly socket: number; readonly length: number }
  | { readonly call: 'recv' | 'recvFrom'; readonly socket: number; readonly length: number }
  | { readonly call: 'sendTo'; readonly socket: number; readonly length: number; readonly to: Target }
  | { readonly call: 'shutdown'; readonly socket: number; readonly how: number }
  | { readonly call: 'set'; readonly socket: number; readonly option: number; readonly value: number }
  | { readonly call: 'get'; readonly socket: number; readonly option: number };

export interface Target {
  readonly place: Place;
  readonly port: PortName;
  /** Whose port, where `port` is 'of': a socket's place among the open ones. */
  readonly of: number;
}

const socket = fc.nat(7);
const length = fc.constantFrom(0, 1, 1, 7, 100, 100, 1500, 4000);

const target = (places: readonly Place[], ports: readonly PortName[]): fc.Arbitrary<Target> =>
  fc.record({ place: fc.constantFrom(...places), port: fc.constantFrom(...ports), of: socket });

const binding = target(
  ['loopback', 'own', 'own', 'other own', 'any', 'nobody', 'broadcast'],
  ['none', 0, 0, 1, 2, 'of'],
);
const destination = target(
  ['loopback', 'own', 'own', 'own', 'other own', 'any', 'broadcast'],
  ['of', 'of', 'of', 'of', 0, 1, 2, 'none', 'full', 'full'],
);

/** Values of each option that mean the same on every stack: sizes of buffers are each stack's own. */
const settings = fc.constantFrom<readonly [number, number]>(
  [option.SO_REUSEADDR, 1],
  [option.SO_REUSEADDR, 1],
  [option.SO_REUSEADDR, 0],
  [option.SO_KEEPALIVE, 5],
  [option.SO_LINGER_SECONDS, 0],
  [option.SO_LINGER_SECONDS, 0],
  [option.SO_LINGER_SECONDS, -1],
  [option.SO_LINGER_SECONDS, 1],
  [option.SO_BROADCAST, 1],
  [option.SO_BROADCAST, 0],
  [option.SO_ERROR, 1],
  [option.TCP_NODELAY, 7],
  [option.TCP_KEEPIDLE_SECONDS, 0],
  [option.TCP_KEEPIDLE_SECONDS, 32768],
  [option.TCP_KEEPIDLE_SECONDS, 99],
  [option.TCP_KEEPINTVL_SECONDS, -1],
  [option.TCP_KEEPINTVL_SECONDS, 32767],
  [option.TCP_KEEPCNT, 128],
  [option.TCP_KEEPCNT, 127],
  [option.TCP_USER_TIMEOUT_MS, -5],
  [option.TCP_USER_TIMEOUT_MS, 9000],
  [option.TCP_MAXSEG, 87],
  [option.TCP_MAXSEG, 65536],
  [option.IP_TTL, 0],
  [option.IP_TTL, 255],
  [option.IP_TTL, -1],
  [option.IP_TTL, 256],
  [option.IP_TOS, 255],
  [option.IP_TOS, 16],
  [option.IP_TOS, 3],
  [option.IP_TOS, -1],
  [option.IP_TOS, 300],
  [0, 1],
  [99, 1],
);

/** Options whose value means the same on every stack. */
const asked = fc.constantFrom(
  option.SO_ERROR,
  option.SO_ERROR,
  option.SO_ERROR,
  option.SO_REUSEADDR,
  option.SO_KEEPALIVE,
  option.SO_LINGER_SECONDS,
  option.SO_BROADCAST,
  option.TCP_NODELAY,
  option.TCP_KEEPIDLE_SECONDS,
  option.TCP_KEEPINTVL_SECONDS,
  option.TCP_KEEPCNT,
  option.TCP_USER_TIMEOUT_MS,
  option.IP_TTL,
  option.IP_TOS,
  0,
  99,
);

const how = fc.constantFrom(0, 1, 1, 2, 2, -1, 3);
const backlog = fc.constantFrom(0, 1, 16, 16, -1);

const one: fc.Arbitrary<Call> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ call: fc.constant('pair' as const) }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('listener' as const) }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('datagrams' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      call: fc.constant('socket' as const),
      type: fc.constantFrom(SOCK_STREAM, SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, 9),
    }),
  },
  { weight: 4, arbitrary: fc.record({ call: fc.constant('bind' as const), socket, to: binding }) },
  { weight: 4, arbitrary: fc.record({ call: fc.constant('listen' as const), socket, backlog }) },
  { weight: 8, arbitrary: fc.record({ call: fc.constant('connect' as const), socket, to: destination }) },
  { weight: 5, arbitrary: fc.record({ call: fc.constantFrom('accept' as const, 'close' as const), socket }) },
  {
    weight: 14,
    arbitrary: fc.record({
      call: fc.constantFrom('send' as const, 'recv' as const, 'recv' as const, 'recvFrom' as const),
      socket,
      length,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ call: fc.constant('sendTo' as const), socket, length, to: destination }),
  },
  { weight: 8, arbitrary: fc.record({ call: fc.constant('shutdown' as const), socket, how }) },
  {
    weight: 4,
    arbitrary: fc.record({ socket, setting: settings }).map(({ socket: at, setting }) => ({
      call: 'set' as const,
      socket: at,
      option: setting[0],
      value: setting[1],
    })),
  },
  { weight: 6, arbitrary: fc.record({ call: fc.constant('get' as const), socket, option: asked }) },
);

/** A sequence of up to so many calls. */
export function callSequence(maxLength: number): fc.Arbitrary<Call[]> {
  return fc.array(one, { minLength: 1, maxLength, size: 'max' });
}
