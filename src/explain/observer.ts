/**
 * Looks on while a world runs: keeps its operations, and of a stretch of time all that happened. It reads the
 * agents' own times without charging them.
 */
import { LatencyRecorder } from '../record/latency.ts';
import type { MeasureWatch } from '../sweep/measure.ts';
import type { Agent } from '../time/agent.ts';
import { WORKLOADS } from '../workloads/programs.ts';
import type { WirePlan } from '../world/build/world-plan.ts';
import type { LinkEnd, ProgramTopology, Topology } from '../world/topology/checked.ts';
import type {
  AgentKind,
  FrameDirection,
  ProgramSockets,
  WatchedWorld,
  WireWatch,
} from '../world/virtual/watch.ts';
import { type CallBook, type EndedCall, WatchedSockets } from './call-watch.ts';
import type { Call, Hold, Message, Operation, Packet, PoolSample, Stream, Turn } from './events.ts';
import { type MessageBook, MessageWatch, type Moment } from './message-watch.ts';
import { type PacketBook, PacketWatch } from './packet-watch.ts';
import { runsInline } from './processors.ts';
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
  readonly holds: Hold[];
  readonly messages: Message[];
  readonly packets: Packet[];
  readonly pools: PoolSample[];
}

const NO_WINDOW: Window = { fromNs: Number.POSITIVE_INFINITY, toNs: Number.NEGATIVE_INFINITY };

/** A call under way. */
interface OpenCall {
  readonly beginNs: number;
  readonly messages: Message[];
  noFrame: boolean;
}

export class Observer implements MeasureWatch, CallBook, MessageBook, PacketBook {
  readonly log: Log = { turns: [], calls: [], holds: [], messages: [], packets: [], pools: [] };
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
  private readonly messageWatches = new Map<string, MessageWatch>();
  private readonly connects = new Map<Stream, string>();
  private readonly openCalls: (OpenCall | undefined)[] = [];
  /** By card: the turn in which a send was to wait, so that its program gets no step until it is served. */
  private readonly heldIn: (Turn | undefined)[] = [];
  /** The stream of each card's latest call. */
  private readonly latest: (Stream | undefined)[] = [];

  /** @param window what is kept of all that happens; absent: only the operations are. */
  constructor(window: Window = NO_WINDOW) {
    this.window = window;
  }

  begin(world: WatchedWorld): void {
    this.watched = world;
    const clients = world.topology.programs.filter(({ role }) => role === 'client');
    this.writes = clients.every(({ workload }) => WORKLOADS[workload].operation === 'write');
  }

  measuring(on: boolean): void {
    this.counting = on;
  }

  latencyOf(program: string, latency: LatencyRecorder): LatencyRecorder {
    const { card } = this.topology.programs.find(({ name }) => name === program) ?? { card: 0 };
    return new ToldLatency(latency, (ns) => this.answered(program, card, ns));
  }

  agent(kind: AgentKind, index: number, agent: Agent): Agent {
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

  /** Who shares a processor shows a thing as he does it; for others the queue does, when its time comes. */
  shownNs(card: number, direction: FrameDirection): number {
    return runsInline(this.topology, card) ? this.sender(card, direction).ns : this.world.queue.nowNs;
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
    const { ns: beginNs, turn } = this.hostOf(card);
    const held = this.heldIn[card];
    // The step in which a send was refused has gone on to its end, which was that of its turn or nearly so.
    if (held !== undefined && held !== turn) {
      this.heldIn[card] = undefined;
      const hold = { card, fromNs: held.endNs, toNs: beginNs };
      if (this.isKept(hold.fromNs, hold.toNs)) this.log.holds.push(hold);
    }
    this.openCalls[card] = { beginNs, messages: [], noFrame: false };
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
    if (this.world.isHeld(card)) this.heldIn[card] = turn;
    if (this.isKept(open.beginNs, endNs)) this.log.calls.push({ ...call, card, turn, endNs, ...open });
  }

  messagePosted(message: Message): void {
    if (message.direction === 'inbound') this.openCalls[message.card]?.messages.push(message);
    if (this.isKept(message.postedNs, message.postedNs)) this.log.messages.push(message);
  }

  isFull(card: number, socketId: number): boolean {
    return this.world.isFull(card, socketId);
  }

  noFrame(card: number, direction: FrameDirection): void {
    const open = this.openCalls[card];
    if (direction === 'inbound' && open !== undefined) open.noFrame = true;
  }

  packetSent(packet: Packet): void {
    if (this.isKept(packet.sentNs, packet.sentNs)) this.log.packets.push(packet);
  }

  get world(): WatchedWorld {
    if (this.watched === undefined) throw new Error('the world that is watched has not begun');
    return this.watched;
  }

  /** Whether any of a stretch lies in the window. */
  private isKept(fromNs: number, toNs: number): boolean {
    return toNs >= this.window.fromNs && fromNs <= this.window.toNs;
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
    // The queue gives a host and its inline cards their turns at once: a card's begins where the last ends.
    const inline = kind === 'cards' && runsInline(this.topology, index);
    const startNs = inline ? this.moment(kind, index).ns : this.world.queue.nowNs;
    const turn: Turn = {
      kind,
      index,
      startNs,
      endNs: startNs,
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
    // One that found nothing has kept its processor all the same, where looking takes time.
    if (turn.work === 0 && turn.endNs === turn.startNs) return turn.work;
    if (this.isKept(turn.startNs, turn.endNs)) {
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
      const program = this.topology.programs.find((one) => one.card === card && isWriter(one));
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

/** Whether a program of streams is the one that writes. */
function isWriter({ role, workload }: ProgramTopology): boolean {
  return role === (workload === 'TCP_MAERTS' ? 'server' : 'client');
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
