/**
 * Every table of TCP, in one object that the functions of this folder are given. They are made once, when the
 * stack starts, as large as its configuration says. The Tcbs, 2.2 KB each with all their groups, are made by
 * `makeTcbs`, as many as connections may be active at once; where nobody calls it, each is made when it is
 * first needed. Only where more are busy at once than that, further ones are made, and stay.
 */
import { assert } from '../../assert/assert.ts';
import { Random } from '../../time/random.ts';
import type { Neighbours } from '../arp/neighbours.ts';
import type { Environment } from '../environment.ts';
import { KeyedHash } from '../keyed-hash.ts';
import { PathMtus } from '../path-mtus.ts';
import type { Routes } from '../route.ts';
import { CheckMemory } from './check-memory.ts';
import { ChosenControl } from './congestion/chosen.ts';
import { Demux } from './demux.ts';
import { Departed } from './departed.ts';
import { DormantTable } from './dormant-table.ts';
import { FastRecovery } from './fast-recovery.ts';
import type { LossRecovery } from './loss-recovery.ts';
import { PathNews } from './path-news.ts';
import { PortHolders } from './port-holders.ts';
import { RackRecovery } from './rack-recovery.ts';
import { ReadyRing } from './ready-ring.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { RecentTcbs } from './recent-tcbs.ts';
import { Scoreboard } from './scoreboard.ts';
import { SegmentIn } from './segment-in.ts';
import { SendQueue } from './send-queue.ts';
import { SentSegments } from './sent-segments.ts';
import { Replies } from './stateless-replies.ts';
import { SynCookies } from './syn-cookies.ts';
import { Tcb } from './tcb.ts';
import { TimeWaitTable } from './time-wait.ts';
import { TimerHeap } from './timer-heap.ts';

/** The keys of cookies are apart from all else that the seed gives. */
const COOKIE_SEED = 0x434f_4f4b;

export class TcpTables {
  readonly environment: Environment;
  readonly routes: Routes;
  readonly neighbours: Neighbours;
  /** By a connection's number: `unmade` where there is none, `asleep` where there is only a record. */
  readonly tcbs: Tcb[];
  readonly unmade = new Tcb(-1);
  readonly asleep = new Tcb(-1);
  /** Every Tcb that there is, and those of them that no connection has. */
  readonly made: Tcb[] = [];
  readonly spares: Tcb[] = [];
  /** Tcbs that are made before idle connections give theirs up. */
  readonly activeMax: number;
  /** Which of `made` was looked at last for an idle connection. */
  hand = -1;
  /** Tcbs whose connections were opened or woke last. */
  readonly recent: RecentTcbs;
  readonly dormant: DormantTable;
  readonly news = new PathNews();
  /** `Tcb.ipId` of each number that is free and has no Tcb. */
  readonly ipIds: Uint16Array;
  /** The indices of the Tcbs in the pool, as a stack, and how many there are. */
  readonly freeTcbs: Int32Array;
  freeTcbCount: number;
  /** What the ways to hosts carry. */
  readonly pathMtus = new PathMtus();
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
  readonly congestion: ChosenControl;
  readonly scoreboard: Scoreboard;
  /** What was sent when, where loss is found by time. */
  readonly sent: SentSegments;
  readonly recovery: LossRecovery;
  /** For costly assertions alone. */
  readonly checks: CheckMemory;
  readonly hash: KeyedHash;
  readonly cookies: SynCookies;
  /** How far the ephemeral ports have gone round (`ports.ts`). */
  portSteps = 0;
  /** Who hold the local ports: sockets bound to them, connections, TIME-WAIT. */
  readonly holders: PortHolders;
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
    this.activeMax = Math.min(count, config.activeConnections);
    this.dormant = new DormantTable(count, config);
    this.recent = new RecentTcbs(this.sleeps ? this.activeMax : 0);
    this.ipIds = new Uint16Array(count);
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
    this.congestion = new ChosenControl(config.congestionControl);
    this.scoreboard = new Scoreboard(environment, Math.max(1024, count));
    this.checks = new CheckMemory(count, packets.count);
    const byCount = new FastRecovery(environment, this.scoreboard, this.congestion);
    const byTime = config.lossRecovery === 'rack';
    this.sent = new SentSegments(byTime ? config.sendElementsMax : 0, byTime ? count : 0);
    this.recovery = byTime
      ? new RackRecovery(environment, routes, this.sent, this.congestion, byCount)
      : byCount;
    this.hash = new KeyedHash(random);
    this.cookies = new SynCookies(new Random(config.seed ^ COOKIE_SEED));
    this.holders = new PortHolders(count + config.timeWaitMax);
    this.ready = ports.map(() => new ReadyRing(count));
  }

  /** Whether connections may sleep: there may be more of them than Tcbs. */
  get sleeps(): boolean {
    return this.activeMax < this.tcbs.length;
  }

  /** Makes as many Tcbs as may be active at once, and the records of all others. */
  makeTcbs(): void {
    if (this.sleeps) {
      this.dormant.makeRecords();
      while (this.made.length < this.activeMax) this.spares.push(this.newTcb());
      return;
    }
    for (let index = 0; index < this.tcbs.length; index++) {
      if (this.tcbs[index] !== this.unmade) continue;
      this.tcbs[index] = this.newTcb();
      this.tcbs[index].index = index;
    }
  }

  /** One more. It is nobody's yet. */
  newTcb(): Tcb {
    assert(this.made.length < this.tcbs.length, 'tables: there are no more Tcbs than connections');
    const tcb = new Tcb(-1);
    this.made.push(tcb);
    return tcb;
  }

  /** The Tcb of a number that is free goes to whoever needs one next, unless a ring still holds the number. */
  spare(tcb: Tcb): void {
    if (!this.sleeps || tcb.ready !== 0 || this.tcbs[tcb.index] !== tcb) return;
    assert(tcb.inUse === 0, 'tables: a Tcb that is to spare has no connection');
    this.ipIds[tcb.index] = tcb.ipId;
    this.tcbs[tcb.index] = this.unmade;
    this.spares.push(tcb);
  }
}
