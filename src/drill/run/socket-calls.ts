/** Calls that make, name, connect and end sockets. */
import { FAILED, HANGUP, SOCK_DGRAM, SOCK_STREAM, WRITABLE } from '../../socket/contract.ts';
import { EAGAIN, EBADF, EINPROGRESS, EINVAL } from '../../socket/errno.ts';
import { SO_ERROR } from '../../socket/options.ts';
import type { Expression, Place } from '../script/ast.ts';
import { NotJudged } from '../script/script-error.ts';
import type { CallContext, CallTable } from './call-context.ts';
import { constant, numberOf } from './constants.ts';
import { type SocketDescriptor, socketDescriptor } from './descriptors.ts';
import { socketAddress } from './socket-addresses.ts';
import type { Answer, Blocked } from './waiting-call.ts';

const NONBLOCK = constant('SOCK_NONBLOCK') ?? 0;
const CLOEXEC = constant('SOCK_CLOEXEC') ?? 0;
const O_RDWR = constant('O_RDWR') ?? 0;
const AF_INET6 = 'AF_INET6';
const BAD: Answer = { result: -EBADF };

/** Protocols of streams and datagrams that are none of the stack's. */
const PROTOCOLS_BEYOND: Readonly<Record<string, string>> = {
  IPPROTO_SCTP: 'SCTP',
  IPPROTO_UDPLITE: 'UDP-Lite',
  IPPROTO_MPTCP: 'Multipath TCP',
  IPPROTO_DCCP: 'DCCP',
};

function makeSocket(context: CallContext, [domain, type, protocol]: readonly Expression[]): Answer {
  if (domain.kind === 'word' && domain.text === AF_INET6) throw new NotJudged(domain.place, 'IPv6');
  const other = protocol.kind === 'word' ? PROTOCOLS_BEYOND[protocol.text] : undefined;
  if (other !== undefined) throw new NotJudged(protocol.place, other);
  if (domain.kind !== 'ellipsis') numberOf(domain);
  const wanted = numberOf(type);
  const plain = wanted & ~NONBLOCK & ~CLOEXEC;
  if (plain !== SOCK_STREAM && plain !== SOCK_DGRAM) throw new NotJudged(type.place, 'raw sockets');
  const result = context.host.sockets.socket(plain);
  if (result < 0) return { result };
  context.host.giveSendBuffer(result);
  context.host.openTimeouts?.begin(result);
  const datagram = plain === SOCK_DGRAM;
  context.session.newest = result;
  context.descriptors.add(context.wantedFd, socketDescriptor(result, datagram, (wanted & NONBLOCK) !== 0));
  return { result };
}

function bind(context: CallContext, [fd, address]: readonly Expression[]): Answer {
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return BAD;
  const { localAddress, bindPort } = context.session.options;
  const to = socketAddress(address) ?? { address: localAddress, port: bindPort };
  const result = context.host.sockets.bind(descriptor.socket, to.address, to.port);
  if (result === 0 && descriptor.datagram) {
    const { remoteAddress, connectPort } = context.session.options;
    const { session } = context;
    session.underTest = session.addFlow('udp', to.port, connectPort, remoteAddress);
  }
  return { result };
}

function listen(context: CallContext, [fd, backlog]: readonly Expression[]): Answer {
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return BAD;
  const { session, host } = context;
  const result = host.sockets.listen(descriptor.socket, numberOf(backlog));
  if (result === 0) {
    session.listening = host.sockets.localEndpoint(descriptor.socket)?.port ?? 0;
    session.underTest = undefined;
  }
  return { result };
}

function accept(context: CallContext, fd: Expression, flags: number): Answer | Blocked {
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return BAD;
  const { wantedFd } = context;
  const attempt = (): Answer => {
    const result = context.host.sockets.accept(descriptor.socket);
    if (result < 0) return { result };
    const made = socketDescriptor(result, false, (flags & NONBLOCK) !== 0);
    made.sendBufferSet = descriptor.sendBufferSet;
    made.receiveBufferSet = descriptor.receiveBufferSet;
    made.errors.inherit(descriptor.errors);
    made.tellsInq = descriptor.tellsInq;
    context.descriptors.add(wantedFd, made);
    joinFlow(context, made);
    return { result };
  };
  return orWait(descriptor, attempt);
}

/** The flow of a connection, by its peer's port, is the socket's from now on. */
function joinFlow({ session, host }: CallContext, { socket, written, errors }: SocketDescriptor): void {
  const local = host.sockets.localEndpoint(socket)?.port;
  const remote = host.sockets.remoteEndpoint(socket)?.port;
  const flow = session.flows.findLast(
    (one) => one.protocol === 'tcp' && one.localPort === local && one.remotePort === remote,
  );
  // Its peer may have reset it already: then only the flow that packets are for can be meant.
  const joined = flow ?? (session.underTest?.socket === -1 ? session.underTest : undefined);
  if (joined === undefined) return;
  joined.socket = socket;
  joined.written = written;
  joined.errors = errors;
}

function orWait(descriptor: SocketDescriptor, attempt: () => Answer): Answer | Blocked {
  const answer = attempt();
  if (answer.result !== -EAGAIN || descriptor.nonBlocking) return answer;
  const retry = (): Answer | undefined => {
    const again = attempt();
    return again.result === -EAGAIN ? undefined : again;
  };
  return { errno: -EAGAIN, retry };
}

function connect(context: CallContext, [fd, address]: readonly Expression[]): Answer | Blocked {
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return BAD;
  const { session, host } = context;
  const { remoteAddress, connectPort } = session.options;
  const to = socketAddress(address) ?? { address: remoteAddress, port: connectPort };
  const { sockets } = host;
  const { socket, datagram, written, errors } = descriptor;
  const fresh = sockets.remoteEndpoint(socket) === undefined && sockets.readiness(socket) >= 0;
  const local = sockets.localEndpoint(socket)?.port ?? 0;
  const before = session.underTest;
  if (fresh) {
    const flow = session.addFlow(datagram ? 'udp' : 'tcp', local, to.port, to.address);
    flow.socket = socket;
    if (!datagram) {
      flow.written = written;
      flow.errors = errors;
    }
    session.underTest = flow;
    session.listening = 0;
  }
  if (fresh && !datagram) host.openTimeouts?.connecting(socket);
  const begin = (): number => sockets.connect(socket, to.address, to.port);
  const result = descriptor.ports === undefined ? begin() : host.withPorts(descriptor.ports, begin);
  // A call that began nothing leaves things as they were.
  if (result !== 0 && result !== -EINPROGRESS && fresh) {
    session.flows.pop();
    session.underTest = before;
  }
  if (datagram && session.underTest !== undefined) {
    session.underTest.localPort = sockets.localEndpoint(socket)?.port ?? local;
  }
  if (result !== -EINPROGRESS || descriptor.nonBlocking) return { result };
  const retry = (): Answer | undefined => {
    const readiness = sockets.readiness(socket);
    if ((readiness & (WRITABLE | FAILED | HANGUP)) === 0) return undefined;
    return { result: 0 - Math.max(0, sockets.getOption(socket, SO_ERROR)) };
  };
  return { errno: -EINPROGRESS, retry };
}

function close(context: CallContext, [fd]: readonly Expression[]): Answer {
  const number = numberOf(fd);
  const descriptor = context.descriptors.get(number);
  if (descriptor === undefined) return BAD;
  context.descriptors.remove(number);
  if (descriptor.kind !== 'socket') return { result: 0 };
  const result = context.host.sockets.close(descriptor.socket);
  return { result };
}

function shutdown(context: CallContext, [fd, how]: readonly Expression[]): Answer {
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return BAD;
  const result = context.host.sockets.shutdown(descriptor.socket, numberOf(how));
  if (result === 0 && numberOf(how) !== constant('SHUT_WR')) descriptor.readEnded = true;
  return { result };
}

function fcntl(context: CallContext, args: readonly Expression[], place: Place): Answer {
  const descriptor = context.descriptors.get(numberOf(args[0]));
  if (descriptor === undefined) return BAD;
  const command = numberOf(args[1]);
  const is = (name: string): boolean => command === constant(name);
  if (is('F_GETFD') || is('F_SETFD')) return { result: is('F_GETFD') ? 0 : 0 };
  if (descriptor.kind !== 'socket') throw new NotJudged(place, 'fcntl of what is no socket');
  if (is('F_GETFL')) return { result: O_RDWR | (descriptor.nonBlocking ? NONBLOCK : 0) };
  if (!is('F_SETFL') || args.length < 3) return { result: -EINVAL };
  descriptor.nonBlocking = (numberOf(args[2]) & NONBLOCK) !== 0;
  return { result: 0 };
}

function ioctl(context: CallContext, args: readonly Expression[]): Answer {
  const descriptor = context.descriptors.socket(args[0]);
  if (descriptor === undefined) return BAD;
  const command = numberOf(args[1]);
  const { host } = context;
  const info = host.tcpInfo(descriptor.socket);
  let value: number;
  if (command === constant('SIOCINQ')) value = host.bytesToMark(descriptor.socket);
  else if (command === constant('SIOCATMARK')) value = host.sockets.atMark(descriptor.socket);
  else if (command === constant('SIOCOUTQ')) value = info?.outq_bytes ?? 0;
  else if (command === constant('SIOCOUTQNSD')) value = info?.notsent_bytes ?? 0;
  else throw new NotJudged(args[1].place, 'this ioctl');
  const said = args[2];
  if (said === undefined || said.kind === 'ellipsis') return { result: 0 };
  const expected = numberOf(said);
  return expected === value ? { result: 0 } : { result: 0, wrong: `expected [${expected}], got [${value}]` };
}

/** A name that is told: its address and port are held against what the script says. */
function endpoint(context: CallContext, [fd, address]: readonly Expression[], remote: boolean): Answer {
  const descriptor = context.descriptors.socket(fd);
  if (descriptor === undefined) return BAD;
  const { sockets } = context.host;
  const { socket } = descriptor;
  const actual = remote ? sockets.remoteEndpoint(socket) : sockets.localEndpoint(socket);
  const said = socketAddress(address);
  if (said === undefined || actual === undefined) return { result: 0 };
  if (said.address === actual.address && said.port === actual.port) return { result: 0 };
  return { result: 0, wrong: `expected port ${said.port}, got ${actual.port}` };
}

export const SOCKET_CALLS: CallTable = {
  socket: { arguments: [3], makes: true, run: makeSocket },
  bind: { arguments: [3], run: bind },
  listen: { arguments: [2], run: listen },
  accept: { arguments: [3], makes: true, run: (context, [fd]) => accept(context, fd, 0) },
  accept4: {
    arguments: [4],
    makes: true,
    run: (context, [fd, , , flags]) => accept(context, fd, numberOf(flags)),
  },
  connect: { arguments: [3], run: connect },
  close: { arguments: [1], run: close },
  shutdown: { arguments: [2], run: shutdown },
  fcntl: { arguments: [2, 3], run: fcntl },
  ioctl: { arguments: [2, 3], run: ioctl },
  getsockname: { arguments: [3], run: (context, args) => endpoint(context, args, false) },
  getpeername: { arguments: [3], run: (context, args) => endpoint(context, args, true) },
};
