/** setsockopt and getsockopt, by Linux's names. */

import { congestionName, congestionNumber } from '../../socket/congestion-names.ts';
import { SOCK_DGRAM, SOCK_STREAM } from '../../socket/contract.ts';
import { EBADF, EINVAL, ENOPROTOOPT, errnoName } from '../../socket/errno.ts';
import {
  IP_MTU,
  IP_MTU_DISCOVER,
  IP_TOS,
  IP_TTL,
  SO_BROADCAST,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER_SECONDS,
  SO_OOBINLINE,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_REUSEADDR,
  SO_SNDBUF,
  TCP_CONGESTION,
  TCP_CORK,
  TCP_DEFER_ACCEPT_SECONDS,
  TCP_KEEPCNT,
  TCP_KEEPIDLE_SECONDS,
  TCP_KEEPINTVL_SECONDS,
  TCP_LINGER2_SECONDS,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT_MS,
} from '../../socket/options.ts';
import type { DrillHost } from '../host/drill-host.ts';
import type { Expression } from '../script/ast.ts';
import { expressionText, fieldOf } from '../script/expression-parser.ts';
import { NotJudged } from '../script/script-error.ts';
import type { CallContext, CallTable } from './call-context.ts';
import { constant, numberOf } from './constants.ts';
import type { SocketDescriptor } from './descriptors.ts';
import type { Answer } from './waiting-call.ts';

const OPTIONS: Readonly<Record<string, number>> = {
  SO_REUSEADDR,
  SO_KEEPALIVE,
  SO_BROADCAST,
  SO_LINGER: SO_LINGER_SECONDS,
  SO_SNDBUF,
  SO_SNDBUFFORCE: SO_SNDBUF,
  SO_RCVBUF,
  SO_RCVBUFFORCE: SO_RCVBUF,
  SO_ERROR,
  TCP_NODELAY,
  TCP_MAXSEG,
  TCP_KEEPIDLE: TCP_KEEPIDLE_SECONDS,
  TCP_KEEPINTVL: TCP_KEEPINTVL_SECONDS,
  TCP_KEEPCNT,
  TCP_USER_TIMEOUT: TCP_USER_TIMEOUT_MS,
  TCP_QUICKACK,
  TCP_CORK,
  TCP_NOTSENT_LOWAT,
  TCP_DEFER_ACCEPT: TCP_DEFER_ACCEPT_SECONDS,
  TCP_LINGER2: TCP_LINGER2_SECONDS,
  SO_RCVLOWAT,
  SO_OOBINLINE,
  IP_TTL,
  IP_TOS,
  IP_MTU_DISCOVER,
  IP_MTU,
};

/** Options that change nothing that is seen here. */
const IDLE: Readonly<Record<string, string>> = {
  SO_DEBUG: 'nothing is logged',
  SO_PRIORITY: 'there are no queues by priority',
  SO_MARK: 'there are no routes by mark',
  SO_REUSEPORT: 'ports are shared by SO_REUSEADDR',
  SO_MAX_PACING_RATE: 'nothing is paced',
  SO_BUSY_POLL: 'nothing is polled for',
  SO_NOSIGPIPE: 'there are no signals',
  TCP_THIN_LINEAR_TIMEOUTS: 'time-outs always double',
  IP_FREEBIND: 'every address that is bound is there',
  IP_BIND_ADDRESS_NO_PORT: 'a port is chosen by a connect',
};

/** Linux tells twice what was set, since it counts its own bookkeeping. */
const DOUBLED = 2;

function nameOf(expression: Expression): string {
  if (expression.kind !== 'word')
    throw new NotJudged(expression.place, `the option ${expressionText(expression)}`);
  return expression.text;
}

function optionOf(expression: Expression): number {
  const name = nameOf(expression);
  if (!Object.hasOwn(OPTIONS, name)) throw new NotJudged(expression.place, `the socket option ${name}`);
  return OPTIONS[name];
}

function set(context: CallContext, [fd, , name, value]: readonly Expression[]): Answer {
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return { result: -EBADF };
  const idle = IDLE[nameOf(name)];
  if (idle !== undefined) {
    context.session.note(`${nameOf(name)}: ${idle}`);
    return { result: 0 };
  }
  if (nameOf(name) === 'TCP_CONGESTION') return chooseCongestion(context, descriptor, value);
  const own = Object.hasOwn(OWN, nameOf(name)) ? OWN[nameOf(name)] : undefined;
  if (own !== undefined) return own(context, descriptor, value);
  const option = optionOf(name);
  const { sockets } = context.host;
  const result = sockets.setOption(descriptor.socket, option, valueToSet(descriptor, option, value));
  return { result };
}

const MS_PER_SECOND = 1000;

type OwnOption = (context: CallContext, descriptor: SocketDescriptor, value: Expression) => Answer;

const DONE: Answer = { result: 0 };
const STAMPS_ON_RECEIPT = ['RX_HARDWARE', 'RX_SOFTWARE'].map((name) => `SOF_TIMESTAMPING_${name}`);

/** Options that are no stack's: they say what calls tell, or how one chooses. */
const OWN: Readonly<Record<string, OwnOption>> = {
  SO_ZEROCOPY: (_, { errors }, value) => {
    errors.zeroCopy = numberOf(value) !== 0;
    return DONE;
  },
  SO_TIMESTAMPING: ({ host }, descriptor, value) => {
    const flags = numberOf(value);
    const beyond = STAMPS_ON_RECEIPT.find((name) => (flags & (constant(name) ?? 0)) !== 0);
    if (beyond !== undefined || descriptor.datagram) {
      throw new NotJudged(value.place, `SO_TIMESTAMPING ${beyond ?? 'of datagrams'}`);
    }
    const { written, socket, errors } = descriptor;
    errors.setTimestamping(flags, written.length, written.length - (host.tcpInfo(socket)?.outq_bytes ?? 0));
    return DONE;
  },
  TCP_INQ: (_, descriptor, value) => {
    const wanted = numberOf(value);
    if (wanted !== 0 && wanted !== 1) return { result: -EINVAL };
    descriptor.tellsInq = wanted !== 0;
    return DONE;
  },
  TCP_KEEPINIT: ({ host }, { socket }, value) => {
    if (host.openTimeouts === undefined) return { result: -ENOPROTOOPT };
    const seconds = numberOf(value);
    if (seconds <= 0) return { result: -EINVAL };
    host.openTimeouts.set(socket, seconds * MS_PER_SECOND);
    return DONE;
  },
  /** The last port in the upper half, the first in the lower; 0 in one: as the host has it. */
  IP_LOCAL_PORT_RANGE: (_, descriptor, value) => {
    const both = numberOf(value);
    const [first, last] = [both % 0x1_0000, Math.floor(both / 0x1_0000)];
    if (both === 0) descriptor.ports = undefined;
    else if (first === 0 || last < first) throw new NotJudged(value.place, 'a range of ports without an end');
    else descriptor.ports = [first, last];
    return DONE;
  },
};

/** Controls that Linux has and the stack here has not: a script that asks for one is not judged. */
const OTHER_CONTROLS =
  /^(bbr|bic|cdg|dctcp|highspeed|htcp|hybla|illinois|lp|nv|prague|scalable|vegas|veno|westwood|yeah)$/;

/** A name as a script has it, alone or in brackets. */
function controlName(value: Expression): string {
  const [item] = value.kind === 'list' ? value.items : [value];
  if (item?.kind !== 'string') throw new NotJudged(value.place, `TCP_CONGESTION ${expressionText(value)}`);
  if (OTHER_CONTROLS.test(item.text)) throw new NotJudged(value.place, `TCP_CONGESTION ${item.text}`);
  return item.text;
}

function chooseCongestion({ host }: CallContext, { socket }: SocketDescriptor, value: Expression): Answer {
  const number = congestionNumber(controlName(value));
  return { result: host.sockets.setOption(socket, TCP_CONGESTION, number) };
}

function toldCongestion({ host }: CallContext, { socket }: SocketDescriptor, value: Expression): Answer {
  const got = host.sockets.getOption(socket, TCP_CONGESTION);
  if (got < 0 || value.kind === 'ellipsis' || isOpen(value)) return { result: Math.min(0, got) };
  const [expected, told] = [controlName(value), congestionName(got) ?? 'none'];
  return expected === told ? { result: 0 } : { result: 0, wrong: `expected [${expected}], got [${told}]` };
}

/** The number that the stack takes for a value of the script's. */
function valueToSet(descriptor: SocketDescriptor, option: number, value: Expression): number {
  if (option === SO_LINGER_SECONDS) return lingerSeconds(value);
  const number = numberOf(value);
  if (option === SO_SNDBUF) {
    descriptor.sendBufferSet = true;
    return number * DOUBLED;
  }
  if (option === SO_RCVBUF) descriptor.receiveBufferSet = true;
  return number;
}

/** `{onoff=1, linger=0}`; -1: off. */
function lingerSeconds(value: Expression): number {
  const record = value.kind === 'list' && value.items.length === 1 ? value.items[0] : value;
  const on = fieldOf(record, 'onoff') ?? fieldOf(record, 'l_onoff');
  const seconds = fieldOf(record, 'linger') ?? fieldOf(record, 'l_linger');
  if (on === undefined || seconds === undefined) throw new NotJudged(value.place, expressionText(value));
  return numberOf(on) === 0 ? -1 : numberOf(seconds);
}

function get(context: CallContext, [fd, , name, value]: readonly Expression[]): Answer {
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return { result: -EBADF };
  if (nameOf(name) === 'TCP_INFO' && value.kind === 'ellipsis') return { result: 0 };
  if (nameOf(name) === 'TCP_CONGESTION') return toldCongestion(context, descriptor, value);
  const own = Object.hasOwn(TOLD, nameOf(name)) ? TOLD[nameOf(name)](context, descriptor) : undefined;
  if (own !== undefined) return toldOwn(value, own);
  const option = optionOf(name);
  const got = context.host.sockets.getOption(descriptor.socket, option);
  const signed = option === SO_LINGER_SECONDS || option === TCP_LINGER2_SECONDS;
  if (!signed && got < 0) return { result: got };
  if (signed && got < -1) return { result: -ENOPROTOOPT };
  if (value.kind === 'ellipsis' || isOpen(value)) return { result: 0 };
  const expected = option === SO_ERROR ? errorNumber(value) : valueToCompare(option, value);
  const told =
    typeof expected === 'string' && got !== 0 ? errnoName(got) : toldValue(context, descriptor, option, got);
  return expected === told ? { result: 0 } : { result: 0, wrong: `expected [${expected}], got [${told}]` };
}

type Told = (context: CallContext, descriptor: SocketDescriptor) => number;

/** Options that are no stack's: what a socket is, and what programs have said of their calls. */
const TOLD: Readonly<Record<string, Told>> = {
  SO_TYPE: (_, { datagram }) => (datagram ? SOCK_DGRAM : SOCK_STREAM),
  SO_DOMAIN: () => constant('AF_INET') ?? 0,
  SO_PROTOCOL: (_, { datagram }) => constant(datagram ? 'IPPROTO_UDP' : 'IPPROTO_TCP') ?? 0,
  SO_ACCEPTCONN: ({ host }, { socket }) => Number(host.tcpInfo(socket)?.state === constant('TCP_LISTEN')),
  SO_ZEROCOPY: (_, { errors }) => Number(errors.zeroCopy),
  TCP_INQ: (_, { tellsInq }) => Number(tellsInq),
  TCP_KEEPINIT: ({ host }, { socket }) =>
    host.openTimeouts === undefined ? -ENOPROTOOPT : host.openTimeouts.get(socket) / MS_PER_SECOND,
};

function toldOwn(value: Expression, told: number): Answer {
  if (told < 0) return { result: told };
  if (value.kind === 'ellipsis' || isOpen(value)) return DONE;
  const expected = numberOf(value);
  return expected === told ? DONE : { result: 0, wrong: `expected [${expected}], got [${told}]` };
}

function isOpen(value: Expression): boolean {
  return value.kind === 'list' && value.items.every(({ kind }) => kind === 'ellipsis');
}

/** SO_ERROR's value may be an errno's name. */
function errorNumber(value: Expression): number | string {
  const [item] = value.kind === 'list' ? value.items : [value];
  if (item?.kind !== 'word' || constant(item.text) !== undefined) return numberOf(value);
  return item.text;
}

function valueToCompare(option: number, value: Expression): number {
  return option === SO_LINGER_SECONDS ? lingerSeconds(value) : numberOf(value);
}

function toldValue(
  { host, session }: CallContext,
  descriptor: SocketDescriptor,
  option: number,
  got: number,
): number {
  if (option !== SO_RCVBUF || descriptor.datagram) return got;
  if (session.options.system === 'freebsd') return toldByFreeBsd(host, descriptor, got);
  return descriptor.receiveBufferSet ? got * DOUBLED : host.receiveBufferTold;
}

/** FreeBSD rounds a buffer up to whole segments once the peer has said its own (`tcp_mss`). */
function toldByFreeBsd(host: DrillHost, descriptor: SocketDescriptor, got: number): number {
  const bytes = descriptor.receiveBufferSet ? got : host.receiveBufferTold;
  const info = host.tcpInfo(descriptor.socket);
  if (info === undefined || !SYNCHRONIZED.has(info.state)) return bytes;
  const segment = info.snd_mss + ((info.options & TIMESTAMPS_ON) !== 0 ? TIMESTAMPS_BYTES : 0);
  return bytes <= segment ? bytes : Math.ceil(bytes / segment) * segment;
}

/** ESTABLISHED, FIN-WAIT-1 and 2, CLOSE-WAIT, LAST-ACK and CLOSING, by Linux's numbers. */
const SYNCHRONIZED: ReadonlySet<number> = new Set([1, 4, 5, 8, 9, 11]);
const TIMESTAMPS_ON = 1;
const TIMESTAMPS_BYTES = 12;

export const OPTION_CALLS: CallTable = {
  setsockopt: { arguments: [5], run: set },
  getsockopt: { arguments: [5], run: get },
};
