/** poll and epoll: what descriptors are ready for. */
import { FAILED, HANGUP, PRIORITY, READABLE, WRITABLE } from '../../socket/contract.ts';
import { EBADF, EEXIST, EINVAL } from '../../socket/errno.ts';
import type { Expression } from '../script/ast.ts';
import { expressionText, fieldOf } from '../script/expression-parser.ts';
import { NotJudged } from '../script/script-error.ts';
import type { CallContext, CallTable } from './call-context.ts';
import { constant, numberOf } from './constants.ts';
import type { EpollDescriptor, Happened, Watch } from './descriptors.ts';
import type { Answer, Blocked } from './waiting-call.ts';

const POLLIN = constant('POLLIN') ?? 0;
const POLLPRI = constant('POLLPRI') ?? 0;
const POLLOUT = constant('POLLOUT') ?? 0;
const POLLERR = constant('POLLERR') ?? 0;
const POLLHUP = constant('POLLHUP') ?? 0;
const POLLNVAL = constant('POLLNVAL') ?? 0;
const POLLRDNORM = constant('POLLRDNORM') ?? 0;
const POLLWRNORM = constant('POLLWRNORM') ?? 0;
const POLLRDHUP = constant('POLLRDHUP') ?? 0;
const EDGE = constant('EPOLLET') ?? 0;
const ONE_SHOT = constant('EPOLLONESHOT') ?? 0;
const US_PER_MS = 1000;
/** Told whether they are asked for or not. */
const ALWAYS = POLLERR | POLLHUP | POLLNVAL;

/** The poll bits of a descriptor now. */
function readyBits({ descriptors, host }: CallContext, fd: number): number {
  const descriptor = descriptors.get(fd);
  if (descriptor === undefined) return POLLNVAL;
  if (descriptor.kind !== 'socket') return 0;
  const readiness = host.sockets.readiness(descriptor.socket);
  if (readiness < 0) return POLLNVAL;
  const on = (bit: number, bits: number): number => ((readiness & bit) !== 0 ? bits : 0);
  // The peer's end is told by FIN: nothing more will come.
  const state = host.tcpInfo(descriptor.socket)?.state ?? 0;
  const ended = descriptor.readEnded || PEER_ENDED.has(state) ? POLLRDHUP : 0;
  return (
    on(READABLE, POLLIN | POLLRDNORM) |
    on(WRITABLE, POLLOUT | POLLWRNORM) |
    on(PRIORITY, POLLPRI) |
    on(HANGUP, POLLHUP | POLLRDHUP) |
    on(FAILED, POLLERR) |
    (descriptor.errors.isEmpty ? 0 : POLLERR) |
    ended
  );
}

/** LISTEN, by Linux's number. */
const LISTENING = 10;
/** CLOSE-WAIT, LAST-ACK, CLOSING, TIME-WAIT and CLOSED, by Linux's numbers. */
export const PEER_ENDED: ReadonlySet<number> = new Set([8, 9, 11, 6, 7]);

/** Waits until something is ready, or a time-out in milliseconds has passed; a negative one never does. */
function untilReady(
  context: CallContext,
  timeoutMs: number,
  ready: () => Answer | undefined,
  none: Answer,
): Answer | Blocked {
  const answer = ready();
  if (answer !== undefined) return answer;
  if (timeoutMs === 0) return none;
  const deadlineUs = context.host.nowUs + timeoutMs * US_PER_MS;
  const endless = timeoutMs < 0;
  const retry = (): Answer | undefined =>
    ready() ?? (!endless && context.host.nowUs >= deadlineUs ? none : undefined);
  return endless ? { errno: 0, retry } : { errno: 0, retry, deadlineUs };
}

interface Polled {
  readonly fd: number;
  readonly events: number;
  /** What the script expects; undefined: it says nothing. */
  readonly expected: number | undefined;
}

function poll(context: CallContext, [fds, , timeout]: readonly Expression[]): Answer | Blocked {
  if (fds.kind !== 'list') throw new NotJudged(fds.place, expressionText(fds));
  const polled = fds.items.map((item): Polled => {
    const [fd, events] = [fieldOf(item, 'fd'), fieldOf(item, 'events')];
    const revents = fieldOf(item, 'revents');
    if (fd === undefined || events === undefined) throw new NotJudged(item.place, expressionText(item));
    return {
      fd: numberOf(fd),
      events: numberOf(events),
      expected: revents === undefined ? 0 : revents.kind === 'ellipsis' ? undefined : numberOf(revents),
    };
  });
  const told = (): number[] =>
    polled.map(({ fd, events }) => (fd < 0 ? 0 : readyBits(context, fd) & (events | ALWAYS)));
  const answer = (bits: readonly number[]): Answer => {
    const result = bits.filter((one) => one !== 0).length;
    const wrong = polled.findIndex(({ expected }, i) => expected !== undefined && expected !== bits[i]);
    if (wrong < 0) return { result };
    const { expected = 0 } = polled[wrong];
    return { result, wrong: `revents: expected ${bitNames(expected)}, got ${bitNames(bits[wrong])}` };
  };
  const ready = (): Answer | undefined => {
    const bits = told();
    return bits.some((one) => one !== 0) ? answer(bits) : undefined;
  };
  return untilReady(context, numberOf(timeout), ready, answer(polled.map(() => 0)));
}

const BIT_NAMES = [
  'POLLIN',
  'POLLPRI',
  'POLLOUT',
  'POLLERR',
  'POLLHUP',
  'POLLNVAL',
  'POLLRDNORM',
  'POLLWRNORM',
  'POLLRDHUP',
];

function bitNames(bits: number): string {
  const names = BIT_NAMES.filter((name) => (bits & (constant(name) ?? 0)) !== 0);
  return names.length === 0 ? '0' : names.join('|');
}

function epoll({ descriptors }: CallContext, expression: Expression): EpollDescriptor | undefined {
  const found = descriptors.get(numberOf(expression));
  return found?.kind === 'epoll' ? found : undefined;
}

function control(context: CallContext, [epfd, op, fd, event]: readonly Expression[]): Answer {
  const set = epoll(context, epfd);
  const number = numberOf(fd);
  if (set === undefined || context.descriptors.get(number) === undefined) return { result: -EBADF };
  const operation = numberOf(op);
  const known = set.watched.has(number);
  if (operation === constant('EPOLL_CTL_DEL')) {
    set.watched.delete(number);
    return { result: known ? 0 : -EINVAL };
  }
  const events = fieldOf(event, 'events');
  if (events === undefined) throw new NotJudged(event.place, expressionText(event));
  if (operation === constant('EPOLL_CTL_ADD') && known) return { result: -EEXIST };
  // Always told, but for what has been told once (EPOLLONESHOT).
  const wanted = (numberOf(events) | POLLERR | POLLHUP) >>> 0;
  const seen = happened(context, number);
  set.watched.set(number, { events: wanted, data: dataOf(event) ?? fd, told: 0, seen });
  return { result: 0 };
}

function dataOf(event: Expression): Expression | undefined {
  return ['fd', 'ptr', 'u32', 'u64'].map((name) => fieldOf(event, name)).find((field) => field !== undefined);
}

/** What has happened to a descriptor until now. */
function happened({ descriptors, host }: CallContext, fd: number): Happened {
  const descriptor = descriptors.get(fd);
  if (descriptor?.kind !== 'socket') return { arrived: 0, state: 0, shortSends: 0, errors: 0 };
  const { socket, shortSends } = descriptor;
  const errors = descriptor.errors.told;
  const info = host.tcpInfo(socket);
  if (info === undefined) return { arrived: host.readableBytes(socket), state: 0, shortSends, errors };
  const arrived = info.state === LISTENING ? info.unacked : info.bytes_received;
  return { arrived, state: info.state, shortSends, errors };
}

/**
 * The bits that an edge tells anew (EPOLLET): one that has gone and come back; more behind what is not read
 * yet; room where a send had found too little; and whatever holds when TCP's state changes, as on Linux,
 * which wakes whoever waits.
 */
function freshBits(watch: Watch, now: number, since: Happened): number {
  const { seen, told } = watch;
  if (since.state !== seen.state) return now;
  const more = since.arrived > seen.arrived ? POLLIN | POLLRDNORM : 0;
  const room = since.shortSends > seen.shortSends ? POLLOUT | POLLWRNORM : 0;
  // Each error that is queued is an edge of its own.
  const failed = since.errors !== seen.errors ? POLLERR : 0;
  return now & (~told | more | room | failed);
}

/** Level-triggered, or by edges. All that holds is told with an edge. */
function wait(context: CallContext, [epfd, events, most, timeout]: readonly Expression[]): Answer | Blocked {
  const set = epoll(context, epfd);
  if (set === undefined) return { result: -EBADF };
  const ready = (): Answer | undefined => {
    const told: { bits: number; data: Expression }[] = [];
    for (const [fd, watch] of set.watched) {
      const now = readyBits(context, fd) & watch.events & 0xffff;
      const since = happened(context, fd);
      const fresh = watch.events >= EDGE ? freshBits(watch, now, since) : now;
      watch.told = now;
      // A short send stays to be told until there is room.
      const isFull = (now & POLLOUT) === 0;
      watch.seen = isFull ? { ...since, shortSends: watch.seen.shortSends } : since;
      if (fresh === 0 || told.length >= numberOf(most)) continue;
      told.push({ bits: now, data: watch.data });
      if ((watch.events & 0x7fff_ffff & ONE_SHOT) !== 0) watch.events = 0;
    }
    return told.length === 0 ? undefined : { result: told.length, ...wrongEvents(events, told) };
  };
  return untilReady(context, numberOf(timeout), ready, { result: 0 });
}

/** The first event that is not what the script says. */
function wrongEvents(
  said: Expression,
  told: readonly { bits: number; data: Expression }[],
): { readonly wrong?: string } {
  if (said.kind === 'ellipsis') return {};
  const records = said.kind === 'list' || said.kind === 'braces' ? said.items : [said];
  for (const [i, record] of records.entries()) {
    const events = fieldOf(record, 'events');
    if (events === undefined || told[i] === undefined) continue;
    const expected = numberOf(events) & 0xffff;
    if (expected !== told[i].bits) {
      return { wrong: `events: expected ${bitNames(expected)}, got ${bitNames(told[i].bits)}` };
    }
    const data = dataOf(record);
    if (data !== undefined && expressionText(data) !== expressionText(told[i].data)) {
      return { wrong: `events: expected ${expressionText(data)}, got ${expressionText(told[i].data)}` };
    }
  }
  return {};
}

function create({ descriptors, wantedFd }: CallContext): Answer {
  descriptors.add(wantedFd, { kind: 'epoll', watched: new Map() });
  return { result: Math.max(0, wantedFd) };
}

export const POLL_CALLS: CallTable = {
  poll: { arguments: [3], run: (context, args) => poll(context, args) },
  epoll_create: { arguments: [1], makes: true, run: create },
  epoll_create1: { arguments: [1], makes: true, run: create },
  epoll_ctl: { arguments: [4], run: (context, args) => control(context, args) },
  epoll_wait: { arguments: [4], run: (context, args) => wait(context, args) },
};
