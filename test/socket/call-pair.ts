/**
 * Makes one sequence of calls on two stacks, side by side, and compares what each call answers and what each
 * socket is like afterwards: readiness, both names, bytes received. After each call both stacks come to rest.
 * Ports that a stack has chosen are compared by the order of their first appearance.
 */
import {
  type DatagramSource,
  type Endpoint,
  SOCK_STREAM,
  type SocketStack,
} from '../../src/socket/contract.ts';
import { EADDRNOTAVAIL, EINVAL, errnoName } from '../../src/socket/errno.ts';
import * as option from '../../src/socket/options.ts';
import type { Call, Target } from './call-plan.ts';
import { FULL, Ports, type Site } from './call-ports.ts';

/** A stack, and how it comes to rest: until `same`, which the other's state decides, or all is quiet. */
export interface Side {
  readonly stack: SocketStack;
  settle(same: () => boolean): void;
}

const LOOPBACK = 0x7f000001;
const NOBODY = 0xcb007107;
const BROADCAST = 0xffffffff;
const SOCKETS_MAX = 10;
const FILLERS_MAX = 6;
/** A connection is sent no more than any stack takes at once. */
const SENT_MAX = 12_000;

/** A call about a socket. */
type SocketCall = Exclude<Call, { call: 'socket' | 'pair' | 'listener' | 'datagrams' }>;

interface Open {
  readonly ids: [number, number];
  readonly stream: boolean;
  sent: number;
  /** SO_BROADCAST was set: what it sends to everybody, each stack sends by an interface of its own. */
  broadcasts: boolean;
}

export class CallPair {
  /** Calls made on both, and compared. */
  calls = 0;
  /** How often each call had each answer, as `send EPIPE`. */
  readonly answers = new Map<string, number>();
  private readonly sides: readonly [Side, Side];
  private readonly site: Site;
  private readonly ports: readonly [Ports, Ports];
  private readonly open: Open[] = [];
  private readonly lines: string[] = [];
  /** Sockets of the listener that is full, which no call is about. */
  private readonly hidden: [number[], number[]] = [[], []];

  constructor(first: Side, second: Side, site: Site) {
    this.sides = [first, second];
    this.site = site;
    this.ports = [new Ports(site), new Ports(site)];
  }

  /** Makes all calls, then asks every socket what is left. @throws where the two differ. */
  run(calls: readonly Call[]): void {
    try {
      for (const call of calls) this.make(call);
      this.atTheEnd();
    } finally {
      this.sides.forEach(({ stack }, i) => {
        for (const { ids } of this.open) stack.close(ids[i]);
        for (const id of this.hidden[i]) stack.close(id);
      });
    }
  }

  private atTheEnd(): void {
    for (let at = 0; at < this.open.length; at++) {
      this.make({ call: 'recv', socket: at, length: 4000 });
      this.make({ call: 'recv', socket: at, length: 4000 });
      this.make({ call: 'get', socket: at, option: option.SO_ERROR });
      this.make({ call: 'send', socket: at, length: 1 });
    }
  }

  private make(call: Call): void {
    switch (call.call) {
      case 'socket':
        this.socket(call.type);
        return;
      case 'pair':
        this.pair();
        return;
      case 'listener':
        this.listener();
        return;
      case 'datagrams':
        this.datagrams();
        return;
      default:
        if (this.open.length > 0) this.about(call, call.socket % this.open.length);
    }
  }

  /** A listener at the socket's own address. @returns its place. */
  private listener(): number {
    const at = this.socket(SOCK_STREAM);
    if (at < 0) return -1;
    this.about({ call: 'bind', socket: at, to: { place: 'own', port: 'none', of: 0 } }, at);
    this.about({ call: 'listen', socket: at, backlog: 16 }, at);
    return at;
  }

  private pair(): void {
    if (this.open.length + 3 > SOCKETS_MAX) return;
    const at = this.listener();
    const client = this.socket(SOCK_STREAM);
    this.about({ call: 'connect', socket: client, to: { place: 'own', port: 'of', of: at } }, client);
    this.about({ call: 'accept', socket: at }, at);
    this.about({ call: 'close', socket: at }, at);
  }

  private datagrams(): void {
    if (this.open.length + 2 > SOCKETS_MAX) return;
    for (let i = 0; i < 2; i++) {
      const at = this.socket(2);
      this.about({ call: 'bind', socket: at, to: { place: 'own', port: 'none', of: 0 } }, at);
    }
  }

  /** @returns the new socket's place; -1: there is none. */
  private socket(type: number): number {
    if (this.open.length >= SOCKETS_MAX) return -1;
    const ids = this.both(({ stack }) => stack.socket(type));
    this.said(`socket ${type}`, ids[0] < 0 ? ids[0] : 0, ids[1] < 0 ? ids[1] : 0);
    if (ids[0] < 0) return -1;
    this.add(ids, type === SOCK_STREAM);
    return this.open.length - 1;
  }

  private add(ids: [number, number], stream: boolean): void {
    // Nagle's algorithm makes what one receive finds a matter of delayed acknowledgements.
    if (stream) this.both(({ stack }, i) => stack.setOption(ids[i], option.TCP_NODELAY, 1));
    this.open.push({ ids, stream, sent: 0, broadcasts: false });
  }

  private about(call: SocketCall, at: number): void {
    const socket = this.open[at];
    let answers = this.answersOf(call, socket);
    if (answers === undefined) return;
    const text = `${call.call} ${at}${this.describe(call)}`;
    if (call.call === 'accept' && answers[0] >= 0 && answers[1] >= 0) {
      this.add(answers, true);
      answers = [0, 0];
    }
    if (call.call === 'close') this.open.splice(at, 1);
    this.said(text, answers[0], answers[1]);
  }

  /** Makes a call on both. @returns the answers; undefined where the call is one that is not compared. */
  private answersOf(call: SocketCall, socket: Open): [number, number] | undefined {
    const { ids } = socket;
    switch (call.call) {
      case 'bind':
      case 'connect':
        return this.withTarget(call, socket);
      case 'sendTo':
        return this.sentTo(call, socket);
      case 'send':
        return this.sent(socket, call.length, ({ stack }, i, bytes) =>
          stack.send(ids[i], bytes, 0, call.length),
        );
      case 'recv':
      case 'recvFrom':
        return this.received(call.call, ids, call.length);
      case 'listen':
        return this.both(({ stack }, i) => stack.listen(ids[i], call.backlog));
      case 'accept':
        if (this.open.length >= SOCKETS_MAX) return undefined;
        return this.both(({ stack }, i) => stack.accept(ids[i]));
      case 'close':
        return this.both(({ stack }, i) => stack.close(ids[i]));
      case 'shutdown':
        return this.both(({ stack }, i) => stack.shutdown(ids[i], call.how));
      case 'set':
        if (call.option === option.SO_BROADCAST) socket.broadcasts = true;
        return this.both(({ stack }, i) => stack.setOption(ids[i], call.option, call.value));
      case 'get':
        return this.both(({ stack }, i) => stack.getOption(ids[i], call.option));
    }
  }

  private withTarget(
    call: Extract<SocketCall, { call: 'bind' | 'connect' }>,
    socket: Open,
  ): [number, number] | undefined {
    const { ids } = socket;
    const to = this.targets(call.to);
    if (call.call === 'bind') {
      return this.both(({ stack }, i) => stack.bind(ids[i], to[i].address, to[i].port));
    }
    if (call.to.place === 'broadcast' && socket.broadcasts) return undefined;
    // Nobody is at port 0, and no two stacks agree on what becomes of a connect to it.
    if (to[0].port === 0) return undefined;
    return this.both(({ stack }, i) => stack.connect(ids[i], to[i].address, to[i].port));
  }

  private sentTo(call: Extract<SocketCall, { call: 'sendTo' }>, socket: Open): [number, number] | undefined {
    if (call.to.place === 'broadcast' && socket.broadcasts) return undefined;
    const to = this.targets(call.to);
    return this.sent(socket, call.length, ({ stack }, i, bytes) =>
      stack.sendTo(socket.ids[i], bytes, 0, call.length, to[i].address, to[i].port),
    );
  }

  private sent(
    socket: Open,
    length: number,
    send: (side: Side, index: number, bytes: Uint8Array) => number,
  ): [number, number] | undefined {
    if (socket.sent + length > SENT_MAX) return undefined;
    const bytes = Uint8Array.from({ length }, (_, i) => (socket.sent + i * 7) & 0xff);
    const answers = this.both((side, i) => send(side, i, bytes));
    if (answers[0] > 0) socket.sent += answers[0];
    return answers;
  }

  /** Compares the bytes, and of datagrams whom they are from. */
  private received(
    call: 'recv' | 'recvFrom',
    ids: readonly [number, number],
    length: number,
  ): [number, number] {
    const bytes = [new Uint8Array(length), new Uint8Array(length)];
    const from: DatagramSource[] = [
      { address: 0, port: 0 },
      { address: 0, port: 0 },
    ];
    const answers = this.both(({ stack }, i) =>
      call === 'recv'
        ? stack.recv(ids[i], bytes[i], 0, length)
        : stack.recvFrom(ids[i], bytes[i], 0, length, from[i]),
    );
    const sources = from.map((source, i) => this.endpoint(source, i));
    if (sources[0] !== sources[1]) this.differ(`${call} ${length}: from ${sources.join(' but ')}`);
    const same = Buffer.compare(bytes[0], bytes[1]) === 0;
    if (!same && answers[0] === answers[1]) this.differ(`${call} ${length}: other bytes`);
    return answers;
  }

  private both(call: (side: Side, index: number) => number): [number, number] {
    return [call(this.sides[0], 0), call(this.sides[1], 1)];
  }

  private targets(to: Target): [Endpoint, Endpoint] {
    const { address, otherAddress, firstPort } = this.site;
    const addresses = {
      loopback: LOOPBACK,
      own: address,
      'other own': otherAddress,
      any: 0,
      nobody: NOBODY,
      broadcast: BROADCAST,
    };
    const at = addresses[to.place];
    if (to.port === 'full') {
      this.fill(0);
      this.fill(1);
      return [
        { address, port: firstPort + FULL },
        { address, port: firstPort + FULL },
      ];
    }
    const { port } = to;
    const portOf = (index: number): number => {
      if (typeof port === 'number') return firstPort + port;
      if (port !== 'of') return 0;
      const { ids } = this.open[to.of % this.open.length];
      return this.sides[index].stack.localEndpoint(ids[index])?.port ?? 0;
    };
    return [
      { address: at, port: portOf(0) },
      { address: at, port: portOf(1) },
    ];
  }

  /** Makes the listener that is full, if there is none yet: connects until one hears nothing. */
  private fill(index: number): void {
    const { stack, settle } = this.sides[index];
    const hidden = this.hidden[index];
    if (hidden.length > 0) return;
    const { address, firstPort } = this.site;
    const listener = stack.socket();
    hidden.push(listener);
    stack.bind(listener, address, firstPort + FULL);
    stack.listen(listener, 0);
    for (let i = 0; i < FILLERS_MAX; i++) {
      const filler = stack.socket();
      hidden.push(filler);
      stack.connect(filler, address, firstPort + FULL);
      settle(() => stack.remoteEndpoint(filler) !== undefined);
      if (stack.remoteEndpoint(filler) === undefined) return;
    }
    throw new Error('a listener with a backlog of 0 is never full');
  }

  /** What a call was given, in words. */
  private describe(call: SocketCall): string {
    switch (call.call) {
      case 'bind':
      case 'connect':
        return ` ${this.describeTarget(call.to)}`;
      case 'sendTo':
        return ` ${call.length} to ${this.describeTarget(call.to)}`;
      case 'send':
      case 'recv':
      case 'recvFrom':
        return ` ${call.length}`;
      case 'listen':
        return ` ${call.backlog}`;
      case 'shutdown':
        return ` ${call.how}`;
      case 'set':
        return ` ${call.option} to ${call.value}`;
      case 'get':
        return ` ${call.option}`;
      default:
        return '';
    }
  }

  private describeTarget(to: Target): string {
    const port = to.port === 'of' ? `of ${to.of % this.open.length}` : to.port;
    return `${to.place}:${port}`;
  }

  /** Compares the answers, then lets both come to rest and compares every socket. */
  private said(text: string, one: number, other: number): void {
    this.calls += 1;
    const answer = one < 0 ? errnoName(one) : 'good';
    const kind = `${text.split(' ')[0]} ${answer}`;
    this.answers.set(kind, (this.answers.get(kind) ?? 0) + 1);
    this.lines.push(`${text} = ${one < 0 ? errnoName(one) : one}`);
    if (one !== other && !isSameFault(text, one, other))
      this.differ(`${text}: ${errno(one)} but ${errno(other)}`);
    this.sides[0].settle(() => false);
    const wanted = this.state(0);
    this.sides[1].settle(() => this.state(1) === wanted);
    const found = this.state(1);
    if (found !== wanted) this.differ(`after ${text}:\n  ${wanted}\nbut\n  ${found}`);
  }

  private state(index: number): string {
    const { stack } = this.sides[index];
    return this.open
      .map(({ ids }, at) => {
        const id = ids[index];
        const local = this.endpoint(stack.localEndpoint(id), index);
        const remote = this.endpoint(stack.remoteEndpoint(id), index);
        return `${at}: ready ${stack.readiness(id)} local ${local} remote ${remote}`;
      })
      .join('\n  ');
  }

  private endpoint(endpoint: Endpoint | undefined, index: number): string {
    if (endpoint === undefined) return 'none';
    return `${endpoint.address.toString(16)}:${this.ports[index].name(endpoint.port)}`;
  }

  private differ(what: string): never {
    throw new Error(`${what}\nafter these calls:\n  ${this.lines.join('\n  ')}`);
  }
}

/** A second bind, to an address of nobody here: its two faults are named in either order. */
function isSameFault(text: string, one: number, other: number): boolean {
  return text.startsWith('bind') && one === -EINVAL && other === -EADDRNOTAVAIL;
}

function errno(answer: number): string {
  return answer < 0 ? errnoName(answer) : String(answer);
}
