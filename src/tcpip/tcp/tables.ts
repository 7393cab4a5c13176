/**
 * Every table of TCP, in one object that the functions of this folder are given. They are made once, when the
 * stack starts; nothing grows after. The Tcbs themselves, 1.5 KB each with all their groups, are made by
 * `makeTcbs`; where nobody calls it, each is made when the pool first gives it.
 */
import type { Neighbours } from '../arp/neighbours.ts';
import type { Environment } from '../environment.ts';
import { KeyedHash } from '../keyed-hash.ts';
import { PortLists } from '../port-lists.ts';
import type { Routes } from '../route.ts';
import { CheckMemory } from './check-memory.ts';
import type { CongestionControl } from './congestion/congestion.ts';
import { Cubic } from './congestion/cubic.ts';
import { NewReno } from './congestion/newreno.ts';
import { Demux } from './demux.ts';
import { Departed } from './departed.ts';
import { FastRecovery } from './fast-recovery.ts';
import type { LossRecovery } from './loss-recovery.ts';
import { RackRecovery } from './rack-recovery.ts';
import { ReadyRing } from './ready-ring.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { Scoreboard } from './scoreboard.ts';
import { SegmentIn } from './segment-in.ts';
import { SendQueue } from './send-queue.ts';
import { SentSegments } from './sent-segments.ts';
import { Replies } from './stateless-replies.ts';
import { Tcb } from './tcb.ts';
import { TimeWaitTable } from './time-wait.ts';
import { TimerHeap } from './timer-heap.ts';

export class TcpTables {
  readonly environment: Environment;
  readonly routes: Routes;
  readonly neighbours: Neighbours;
  /** By index. `unmade` stands for all that were never used, where they are not made at the start. */
  readonly tcbs: Tcb[];
  private readonly unmade = new Tcb(-1);
  /** The indices of the Tcbs in the pool, as a stack, and how many there are. */
  readonly freeTcbs: Int32Array;
  freeTcbCount: number;
  readonly demux: Demux;
  /** Connections that other stacks have taken over a moment ago. */
  readonly departed: Departed;
  readonly timers: TimerHeap;
  readonly timeWait: TimeWaitTable;
  readonly sendQueue: SendQueue;
  readonly receiveQueue: ReceiveQueue;
  readonly replies: Replies;
  /** The segment being processed. */
  readonly segment: SegmentIn;
  readonly congestion: CongestionControl;
  readonly scoreboard: Scoreboard;
  /** What was sent when, where loss is found by time. */
  readonly sent: SentSegments;
  readonly recovery: LossRecovery;
  /** For costly assertions alone. */
  readonly checks: CheckMemory;
  readonly hash: KeyedHash;
  /** How far the ephemeral ports have gone round (`ports.ts`). */
  portSteps = 0;
  /** Tcbs that are bound to a port by their users, listeners included. Linked by `Tcb.boundNext`. */
  readonly bound: PortLists;
  /** Connections that owe the wire something, by port. */
  readonly ready: readonly ReadyRing[];
  /** Connections in each state but CLOSED, by its number. In TIME-WAIT: those whose users still have them. */
  readonly inState = new Int32Array(16);
  /** How many connections wait for a neighbour's hardware address. */
  awaitingNeighbour = 0;
  /** Set when `claim` was refused while the present port was served. */
  portFull = false;

  constructor(environment: Environment, routes: Routes, neighbours: Neighbours) {
    const { config, random, packets, dma, counters, ports } = environment;
    this.environment = environment;
    this.routes = routes;
    this.neighbours = neighbours;
    const count = config.connectionsMax;
    this.tcbs = Array.from({ length: count }, () => this.unmade);
    this.freeTcbs = Int32Array.from({ length: count }, (_, i) => count - 1 - i);
    this.freeTcbCount = count;
    this.demux = new Demux(count + config.timeWaitMax, random.nextInt32());
    this.departed = new Departed(environment);
    this.timers = new TimerHeap(count);
    this.timeWait = new TimeWaitTable(config.timeWaitMax);
    this.sendQueue = new SendQueue(config.sendElementsMax, environment);
    this.receiveQueue = new ReceiveQueue(packets, dma, counters);
    this.replies = new Replies(environment, routes, neighbours);
    this.segment = new SegmentIn();
    this.congestion = config.congestionControl === 'cubic' ? new Cubic() : new NewReno();
    this.scoreboard = new Scoreboard(environment, Math.max(1024, count));
    this.checks = new CheckMemory(count, packets.count);
    const byCount = new FastRecovery(environment, this.scoreboard, this.congestion);
    const byTime = config.lossRecovery === 'rack';
    this.sent = new SentSegments(byTime ? config.sendElementsMax : 0, byTime ? count : 0);
    this.recovery = byTime ? new RackRecovery(environment, this.sent, this.congestion, byCount) : byCount;
    this.hash = new KeyedHash(random);
    this.bound = new PortLists(count);
    this.ready = ports.map(() => new ReadyRing(count));
  }

  /** Makes every Tcb there can be, so that none is made later. */
  makeTcbs(): void {
    for (let index = 0; index < this.tcbs.length; index++) this.madeTcb(index);
  }

  /** The Tcb of an index, which is made now if it was not yet. */
  madeTcb(index: number): Tcb {
    if (this.tcbs[index] === this.unmade) this.tcbs[index] = new Tcb(index);
    return this.tcbs[index];
  }
}
