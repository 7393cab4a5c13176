/**
 * Looks on while a world runs: keeps its operations, and of a stretch of time all that happened. It reads the
 * agents' own times without charging them.
 */
import { LatencyRecorder } from '../record/latency.ts';
import type { MeasureWatch } from '../sweep/measure.ts';
import type { Agent } from '../time/agent.ts';
import type { WirePlan } from '../world/build/world-plan.ts';
import type { LinkEnd, Topology } from '../world/topology/checked.ts';
import type {
  AgentKind,
  FrameDirection,
  ProgramSockets,
  WatchedWorld,
  WireWatch,
} from '../world/virtual/watch.ts';
import { type CallBook, type EndedCall, WatchedSockets } from './call-watch.ts';
import type { Call, Message, Operation, Packet, PoolSample, Stream, Turn, Wait } from './events.ts';
import { type MessageBook, MessageWatch, type Moment } from './message-watch.ts';
import { type PacketBook, PacketWatch } from './packet-watch.ts';
import { Streams } from './streams.ts';

/** A stretch of virtual time. */
export interface Window {
  readonly fromNs: number;
  readonly toNs: number;
}

/** All that happened in a window, each kind in its order. */
export interface Log {
  readonly turns: Turn[];
  readonly calls: Call[];
  /** Those of them that have waited inside. */
  readonly blocked: Call[];
  readonly messages: Message[];
  readonly packets: Packet[];
  readonly pools: PoolSample[];
}

const NO_WINDOW: Window = { fromNs: Number.POSITIVE_INFINITY, toNs: Number.NEGATIVE_INFINITY };

/** A call under way. */
interface OpenCall {
  readonly beginNs: number;
  readonly messages: Message[];
  readonly waits: Wait[];
  noFrame: boolean;
}

export class Observer implements MeasureWatch, CallBook, MessageBook, PacketBook {
  readonly log: Log = { turns: [], calls: [], blocked: [], messages: [], packets: [], pools: [] };
  readonly operations: Operation[] = [];
  readonly streams: Streams = new Streams();
  readonly firstSequences = new Map<string, number>();
  readonly sentTo = new Map<string, number>();
  readonly wires: WirePlan[] = [];
  private readonly window: Window;
  private watched: WatchedWorld | undefined;
  /** Operations are counted: the warm-up is over. */
  private counting = false;
  /** Whether an operation is a write, since the world knows no requests. */
  private writes = false;
  private readonly turnOf: Record<AgentKind, (Turn | undefined)[]> = { hosts: [], cards: [], switches: [] };
  private readonly freeNs: Record<AgentKind, number[]> = { hosts: [], cards: [], switches: [] };
  private readonly messageWatches = new Map<string, MessageWatch>();
  private readonly connects = new Map<Stream, string>();
  private readonly openCalls: (OpenCall | undefined)[] = [];
  /** The stream of each card's latest call. */
  private readonly latest: (Stream | undefined)[] = [];

  /** @param window what is kept of all that happens; absent: only the operations are. */
  constructor(window: Window = NO_WINDOW) {
    this.window = window;
  }

  begin(world: WatchedWorld): void {
    this.watched = world;
    const clients = world.topology.programs.filter(({ role }) => role === 'client');
    this.writes = clients.every(({ workload }) => workload === 'TCP_STREAM');
  }

  measuring(on: boolean): void {
    this.counting = on;
  }

  latencyOf(program: string, latency: LatencyRecorder): LatencyRecorder {
    const { card } = this.topology.programs.find(({ name }) => name === program) ?? { card: 0 };
    return new ToldLatency(latency, (ns) => this.answered(program, card, ns));
  }

  agent(kind: AgentKind, index: number, agent: Agent): Agent {
    this.freeNs[kind][index] = 0;
    return {
      name: agent.name,
      poll: () => this.turn(kind, index, agent),
      arm: () => agent.arm(),
      nextDeadlineNs: () => agent.nextDeadlineNs(),
    };
  }

  sockets(card: number, sockets: ProgramSockets): ProgramSockets {
    return new WatchedSockets(sockets, card, this);
  }

  frames(card: number, direction: FrameDirection): MessageWatch {
    const key = `${card}/${direction}`;
    const watch = this.messageWatches.get(key) ?? new MessageWatch(this, card, direction, this.connects);
    this.messageWatches.set(key, watch);
    return watch;
  }

  notified(card: number, direction: FrameDirection): void {
    this.frames(card, direction).notified();
  }

  waited(card: number, fromNs: number, toNs: number): void {
    this.openCalls[card]?.waits.push({ fromNs, toNs });
  }

  wire(index: number, plan: WirePlan): WireWatch {
    this.wires[index] = plan;
    return new PacketWatch(this, index, plan);
  }

  get words(): Int32Array {
    return this.world.region.words;
  }

  get bytes(): Uint8Array {
    return this.world.region.bytes;
  }

  get topology(): Topology {
    return this.world.topology;
  }

  nowNs(): number {
    return this.world.queue.nowNs;
  }

  sender(card: number, direction: FrameDirection): Moment {
    return direction === 'inbound' ? this.hostOf(card) : this.moment('cards', card);
  }

  receiver(card: number, direction: FrameDirection): Moment {
    return direction === 'inbound' ? this.moment('cards', card) : this.hostOf(card);
  }

  endOf(end: LinkEnd): Moment {
    return 'card' in end ? this.moment('cards', end.card) : this.moment('switches', end.switch);
  }

  callBegun(card: number): void {
    this.openCalls[card] = { beginNs: this.hostOf(card).ns, messages: [], waits: [], noFrame: false };
  }

  callEnded(card: number, ended: EndedCall): void {
    const open = this.openCalls[card];
    this.openCalls[card] = undefined;
    if (open === undefined) return;
    const { ns: endNs, turn } = this.hostOf(card);
    const { first: _first, ...call } = ended;
    const { stream } = call;
    if (stream !== undefined) {
      this.latest[card] = stream;
      if (call.name === 'send') this.attempted(stream, ended, open.beginNs);
      else if (call.name === 'recv') this.receivedBy(stream, endNs);
    }
    if (!this.isKept(endNs)) return;
    const whole = { ...call, card, turn, endNs, ...open };
    this.log.calls.push(whole);
    if (whole.waits.length > 0) this.log.blocked.push(whole);
  }

  messagePosted(message: Message): void {
    if (message.direction === 'inbound') this.openCalls[message.card]?.messages.push(message);
    if (this.isKept(message.postedNs)) this.log.messages.push(message);
  }

  isFull(card: number, socketId: number): boolean {
    return this.world.isFull(card, socketId);
  }

  noFrame(card: number, direction: FrameDirection): void {
    const open = this.openCalls[card];
    if (direction === 'inbound' && open !== undefined) open.noFrame = true;
  }

  packetSent(packet: Packet): void {
    if (this.isKept(packet.sentNs)) this.log.packets.push(packet);
  }

  get world(): WatchedWorld {
    if (this.watched === undefined) throw new Error('the world that is watched has not begun');
    return this.watched;
  }

  private isKept(ns: number): boolean {
    return ns >= this.window.fromNs && this.world.queue.nowNs <= this.window.toNs;
  }

  private hostOf(card: number): Moment {
    return this.moment('hosts', this.topology.cards[card].host);
  }

  private moment(kind: AgentKind, index: number): Moment {
    const { queue, agents } = this.world;
    const agent = agents[kind][index];
    return { ns: agent < 0 ? queue.nowNs : queue.peekNs(agent), turn: this.turnOf[kind][index] };
  }

  private turn(kind: AgentKind, index: number, agent: Agent): number {
    const turn: Turn = {
      kind,
      index,
      startNs: this.world.queue.nowNs,
      freeNs: this.freeNs[kind][index],
      endNs: this.world.queue.nowNs,
      firstTakenNs: Number.NaN,
      marksNs: [],
      work: 0,
    };
    const outer = this.turnOf[kind][index];
    this.turnOf[kind][index] = turn;
    try {
      turn.work = agent.poll();
    } finally {
      turn.endNs = this.moment(kind, index).ns;
      this.turnOf[kind][index] = outer;
    }
    if (turn.endNs > turn.startNs) this.freeNs[kind][index] = turn.endNs;
    if (turn.work > 0 && this.isKept(turn.endNs)) {
      this.log.turns.push(turn);
      if (kind === 'cards') this.samplePools(index, turn.endNs);
    }
    return turn.work;
  }

  private samplePools(card: number, ns: number): void {
    this.log.pools.push({ card, ns, use: this.world.poolUse(card) });
  }

  private attempted(stream: Stream, call: EndedCall, beginNs: number): void {
    if (!stream.trying && call.first) {
      stream.trying = true;
      stream.triedNs = beginNs;
    }
    const done = call.result > 0 && stream.sent % call.messageBytes === 0;
    if (!done) return;
    stream.trying = false;
    if (this.writes) stream.writes.push({ startNs: stream.triedNs, bytes: stream.sent });
  }

  /** Of a world of streams: a write is done when the other end's program has all of it. */
  private receivedBy(stream: Stream, nowNs: number): void {
    if (!this.writes) return;
    const from = this.streams.peerOf(stream);
    if (from === undefined) return;
    while (from.writes.length > 0 && from.writes[0].bytes <= stream.received) {
      const { startNs, bytes } = from.writes[0];
      from.writes.splice(0, 1);
      const { card } = from;
      const program = this.topology.programs.find((one) => one.card === card && one.role === 'client');
      const times = { startNs, endNs: nowNs };
      this.done({
        program: program?.name ?? '',
        write: true,
        stream: from,
        ...times,
        sent: bytes,
        received: 0,
      });
    }
  }

  /** A client has an answer: its latest call was about it. */
  private answered(program: string, card: number, latencyNs: number): void {
    const stream = this.latest[card];
    if (stream === undefined) return;
    const endNs = this.world.queue.clock.nowNs;
    const { sent, received } = stream;
    const startNs = endNs - latencyNs;
    this.done({ program, write: false, stream, startNs, endNs, sent, received });
  }

  private done(operation: Omit<Operation, 'number'>): void {
    if (this.counting) this.operations.push({ number: this.operations.length + 1, ...operation });
  }
}

/** Tells of each latency before it is recorded. */
class ToldLatency extends LatencyRecorder {
  private readonly inner: LatencyRecorder;
  private readonly tell: (ns: number) => void;

  constructor(inner: LatencyRecorder, tell: (ns: number) => void) {
    super();
    this.inner = inner;
    this.tell = tell;
  }

  override record(ns: number): void {
    this.tell(ns);
    this.inner.record(ns);
  }
}
