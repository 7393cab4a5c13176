/**
 * Looks on while a world runs: keeps its operations, and of a stretch of time all that happened. It reads the
 * agents' own times without charging them.
 */
import type { Decided } from '../host/devices/offloading.ts';
import { LatencyRecorder } from '../record/latency.ts';
import type { MeasureWatch } from '../sweep/measured-run.ts';
import type { Agent } from '../time/agent.ts';
import type { WirePlan } from '../world/build/world-plan.ts';
import type { LinkEnd, Topology } from '../world/topology/checked.ts';
import type {
  AgentKind,
  CardPlace,
  FrameDirection,
  ProgramSockets,
  SocketEnds,
  WatchedWorld,
  WireWatch,
} from '../world/virtual/watch.ts';
import { type CallBook, type EndedCall, WatchedSockets } from './call-watch.ts';
import { CarriedPackets } from './carried.ts';
import type { CallName, Log, Message, Operation, Packet, Stream, Turn } from './events.ts';
import { endpoint, flowOf } from './flows.ts';
import { FrameNames } from './frame-names.ts';
import type { Ground } from './legs.ts';
import { type Connects, type MessageBook, MessageWatch, type Moment } from './message-watch.ts';
import { Operations } from './operations.ts';
import { type PacketBook, PacketWatch } from './packet-watch.ts';
import { runsInline } from './processors.ts';
import { Streams } from './streams.ts';

/** A stretch of virtual time. */
export interface Window {
  readonly fromNs: number;
  readonly toNs: number;
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
  readonly streams: Streams = new Streams();
  readonly names: FrameNames = new FrameNames(() => this.bytes);
  readonly connects: Connects = new Map();
  readonly sentTo = new Map<string, number>();
  readonly wires: WirePlan[] = [];
  private readonly window: Window;
  private watched: WatchedWorld | undefined;
  private readonly turnOf: Record<AgentKind, (Turn | undefined)[]> = { hosts: [], cards: [], switches: [] };
  private readonly messageWatches = new Map<string, MessageWatch>();
  private readonly packets: CarriedPackets[] = [];
  /** What was decided of the connection that a call under way opens, by host; and of those of peers, by flow. */
  private readonly deciding: (Decided | undefined)[] = [];
  private readonly decisions = new Map<string, Decided>();
  private readonly openCalls: (OpenCall | undefined)[] = [];
  /** By card: the turn in which a send was to wait, so that its program gets no step until it is served. */
  private readonly heldIn: (Turn | undefined)[] = [];
  private made: Operations | undefined;

  /** @param window what is kept of all that happens; absent: only the operations are. */
  constructor(window: Window = NO_WINDOW) {
    this.window = window;
  }

  begin(world: WatchedWorld): void {
    this.watched = world;
    this.streams.apart = world.placeOf !== undefined;
    const { topology, queue } = world;
    this.made = new Operations({ topology, streams: this.streams, clock: queue.clock });
  }

  measuring(on: boolean): void {
    this.begun.counting = on;
  }

  /** All that counted, in the order in which they were done. */
  get operations(): readonly Operation[] {
    return this.made?.all ?? [];
  }

  private get begun(): Operations {
    if (this.made === undefined) throw new Error('the world that is watched has not begun');
    return this.made;
  }

  latencyOf(program: string, latency: LatencyRecorder): LatencyRecorder {
    const { card } = this.topology.programs.find(({ name }) => name === program) ?? { card: 0 };
    return new ToldLatency(latency, (ns) => this.begun.answered(program, card, ns));
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
    const watch = this.messageWatches.get(key) ?? new MessageWatch(this, card, direction);
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

  /** What was seen, for who walks over it. */
  get ground(): Ground {
    const { world, wires, log, topology } = this;
    return {
      ...{ topology, wires, log },
      splitters: world.splitters ?? [],
      classOf: (card) => world.classOf(card),
      runnerOf: (end) => world.runnerOf(end),
    };
  }

  packetsOf(card: number): CarriedPackets {
    this.packets[card] ??= new CarriedPackets(this.names);
    return this.packets[card];
  }

  decided(host: number, decided: Decided): void {
    if (decided.kind === 'active') {
      this.deciding[host] = decided;
      return;
    }
    const { localAddress, localPort, remoteAddress, remotePort } = decided.tuple;
    const flow = flowOf(endpoint(localAddress, localPort), endpoint(remoteAddress, remotePort));
    this.decisions.set(flow, decided);
  }

  accepted(card: number, socketId: number): void {
    const place = this.placeOf(card, socketId);
    if (place === undefined) {
      this.streams.made(card, socketId);
      return;
    }
    const stream = this.streams.ofCard(place.card, place.socketId);
    if (stream === undefined || !this.streams.apart) return;
    this.streams.adopt(card, socketId, stream);
    this.placed(stream, place);
  }

  isOnHost(card: number, socketId: number): boolean {
    return this.placeOf(card, socketId) === undefined;
  }

  endsOf(card: number, socketId: number): SocketEnds {
    return this.world.endsOf(card, socketId);
  }

  settled(card: number, socketId: number, stream: Stream, name: CallName): Stream {
    if (!this.streams.apart) return stream;
    const place = this.placeOf(card, socketId);
    const { host } = this.topology.cards[card];
    if (name === 'connect' && stream.decided === undefined) stream.decided = this.deciding[host];
    this.deciding[host] = undefined;
    if (place?.card === stream.place?.card && place?.socketId === stream.place?.socketId) return stream;
    const begun = place === undefined ? undefined : this.streams.ofCard(place.card, place.socketId);
    // A connection that a card has opened is its own from the first byte; another has come to it later.
    if (name === 'connect' && place !== undefined && begun !== undefined) {
      begun.decided = stream.decided;
      begun.remote = stream.remote;
      this.streams.adopt(card, socketId, begun);
      return this.placed(begun, place);
    }
    if (place !== undefined) {
      this.streams.bind(place.card, place.socketId, stream);
      stream.posted = stream.sent;
      stream.delivered = stream.received;
      stream.movedAtBytes = stream.sent + stream.received;
    }
    return this.placed(stream, place);
  }

  private placed(stream: Stream, place: CardPlace | undefined): Stream {
    stream.place = place;
    return stream;
  }

  /** The card that has a program's socket now; undefined: its host's own stack has. */
  private placeOf(card: number, socketId: number): CardPlace | undefined {
    const { world } = this;
    if (world.placeOf !== undefined) return world.placeOf(card, socketId);
    return world.classOf(card) === 'socket' ? { card, socketId } : undefined;
  }

  /** What a policy has decided of a connection; undefined where none decides. */
  decisionOf({ decided, flowOut }: Stream): Decided | undefined {
    return decided ?? this.decisions.get(flowOut);
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
    const { kind, index } = this.world.runnerOf(end);
    return this.moment(kind, index);
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
    const { first: _first, messageBytes: _bytes, ...call } = ended;
    const { stream } = call;
    if (stream !== undefined) this.begun.called(card, stream, ended, open.beginNs, endNs);
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
