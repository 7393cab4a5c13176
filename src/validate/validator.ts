/**
 * Holds a trace, or a card as it runs, against the spec (spec/states.yaml, spec/rules.yaml and the classes).
 * Events come from a reader or a recorder, in the order the host saw them, once; violations go to `findings`.
 * Everything it remembers is sized by the trace's head, so a trace may be of any length.
 */
import type { PoolArea } from '../dma/pool-area.ts';
import { FLAG_FAIL, frameFlags, frameFunction, frameTarget } from '../i2o/frame.ts';
import { LAN_PACKET_SEND } from '../i2o/lan.gen.ts';
import { IOP_TID } from '../i2o/tids.ts';
import { UTIL_NOP } from '../i2o/utility.gen.ts';
import { WINDOW_FILL, WINDOW_PLACE, WINDOW_SEND } from '../i2o/window.gen.ts';
import { deviceTidOf, deviceTidsOf } from '../trace/head.ts';
import {
  DOORBELL,
  INBOUND,
  SIDE_CARD,
  SIDE_HOST,
  type TraceEnd,
  type TraceHead,
  type TraceSink,
} from '../trace/sink.ts';
import { Coverage } from './coverage.ts';
import { DeviceUsers } from './device-users.ts';
import { EventRegistrations } from './event-registrations.ts';
import { Findings, hex } from './findings.ts';
import { FrameCredits } from './frame-credits.ts';
import { judgeHead } from './head-judge.ts';
import { IopJudge, RESTARTED } from './iop-machine.ts';
import type { LanTrial } from './lan-trial.ts';
import { judgeLedgers } from './ledger-judge.ts';
import { ListJudge } from './list-judge.ts';
import { Machines, messageRows, rowIndex, TARGET_DEVICE } from './message-rows.ts';
import { notJudged, wasSilent } from './not-judged.ts';
import { PacketCounts } from './packet-counts.ts';
import { lanTrial, resetPorts, windowTrial, withdrawPorts } from './port-trials.ts';
import { ReceiveBuckets } from './receive-buckets.ts';
import { Refusals } from './refusals.ts';
import { ReplyJudge } from './reply-judge.ts';
import { RequestJudge } from './requests.ts';
import { SocketAccounts } from './socket-accounts.ts';
import { EVENTS } from './socket-events.ts';
import { Sockets } from './sockets.ts';
import { Sums } from './sums.ts';
import { LATER, Transactions } from './transactions.ts';
import { TransmitBuffers, WRITES } from './transmit-buffers.ts';
import type { Trial } from './trial.ts';

/** What is asked for this long before the end, and taken by the card, has been answered by the end. */
const ANSWER_NS = 20e6;

export class Validator implements TraceSink {
  readonly findings = new Findings();
  readonly machines = new Machines();
  events = 0;
  /** The trace has come to its end record. */
  ended = false;
  /** What the trace exercised; undefined before its head. */
  coverage: Coverage | undefined;
  private trial!: Trial;
  private credits!: FrameCredits;
  private requests!: RequestJudge;
  private replies!: ReplyJudge;
  private lastDoorbellFrame = -1;

  private lastEnd: TraceEnd | undefined;
  /** Packets recorded, the bytes kept of them, and the time of the last. */
  private packets = 0;
  private packetBytes = 0;
  private packetNs = 0;
  private readonly counts = new PacketCounts();
  private restarts = 0;

  /** What could not be judged, and why: a line each. Asked once the trace has been read. */
  get notJudged(): readonly string[] {
    const { lastEnd: end } = this;
    if (this.coverage === undefined) return [];
    const { trial, requests } = this;
    return notJudged({
      end,
      drained: end !== undefined && trial.sums.drained(end),
      packets: trial.accounts?.wire.packets ?? trial.lan?.wire.packets,
      late: trial.iop.late,
      chained: requests.chainsSeen,
      staticFrames: requests.staticFrames,
      overflowed: trial.transactions.overflowed && requests.staticFrames === 0,
    });
  }

  get frames(): number {
    return this.findings.frame;
  }

  /** A socket's state, as the socket machine names it. */
  stateOf(socket: number): string {
    return this.trial.sockets.nameOf(socket);
  }

  head(head: TraceHead): void {
    const { findings, machines } = this;
    const { memory } = head;
    judgeHead(head, findings);
    const device =
      head.classes.find(({ name }) => name !== 'executive' && name !== 'utility')?.name ?? 'socket';
    const rows = messageRows(machines, device);
    const transmit = new TransmitBuffers(memory.transmit, memory.immediate, findings);
    const receive = new ReceiveBuckets(memory.receive, findings);
    const sockets = new Sockets(head.socketsMax, machines, findings);
    const tids = deviceTidsOf(head);
    const ground = { head, ports: tids.length, machines, findings, transmit, receive };
    const iop = new IopJudge(machines, rows, findings);
    const lan = device === 'lan' ? lanTrial(ground) : undefined;
    const window = device === 'window' ? windowTrial(ground, () => iop.late) : undefined;
    const packets = memory.packets?.count ?? 0;
    const waiting = 2 * head.socketsMax + memory.inbound.count + memory.outbound.count + 2 * packets;
    this.coverage = new Coverage(
      rows,
      (window ? machines.window : lan ? machines.lan : machines.socket).states,
      (window ?? lan)?.ports.state ?? sockets.state,
    );
    this.credits = new FrameCredits(head, findings);
    const transactions = new Transactions(waiting, rows.length, findings);
    const accounts =
      device === 'socket' ? new SocketAccounts(head, sockets, receive, transactions, findings) : undefined;
    this.trial = {
      head,
      deviceTid: deviceTidOf(head),
      portOf: (tid) => tids.indexOf(tid),
      lan,
      window,
      findings,
      rows,
      iop,
      sockets,
      transmit,
      receive,
      lists: lan?.lists ?? window?.lists ?? new ListJudge(head, transmit, receive, findings),
      transactions,
      accounts,
      refusals: new Refusals(findings, sockets, machines.socket, transactions),
      users: tids.map(() => new DeviceUsers(findings)),
      events: new EventRegistrations(findings, accounts?.events, head.socketsMax, memory.receive.count, () =>
        iop.operational(),
      ),
      sums: new Sums(findings),
      coverage: this.coverage,
    };
    this.requests = new RequestJudge(this.trial);
    this.replies = new ReplyJudge(this.trial, this.credits, this.requests, () => this.withdrawn(false));
  }

  /** A frame has passed. // Hot path: 0.45 µs with the events that belong to it. */
  frame(direction: number, timeNs: number, slot: number, words: Int32Array, at: number): void {
    this.findings.frame += 1;
    this.time(timeNs);
    const { sums } = this.trial;
    const functionCode = frameFunction(words, at);
    const isExecutive = frameTarget(words, at) === IOP_TID;
    sums.frame(direction === INBOUND, functionCode, (frameFlags(words, at) & FLAG_FAIL) !== 0, isExecutive);
    if (direction === INBOUND) {
      this.credits.post(slot, functionCode === UTIL_NOP);
      this.requests.judge(words, at);
    } else {
      this.credits.receive(slot);
      this.replies.judge(words, at);
    }
  }

  owner(direction: number, timeNs: number, slot: number, side: number): void {
    this.time(timeNs);
    this.credits.owner(direction, slot, side);
  }

  notification(kind: number, timeNs: number): void {
    this.time(timeNs);
    const { sums } = this.trial;
    if (kind !== DOORBELL) {
      sums.interrupts += 1;
      return;
    }
    sums.doorbells += 1;
    const { inbound } = sums;
    if (inbound === this.lastDoorbellFrame && !this.credits.released) {
      this.findings.report('N-01', 0, `a doorbell, and nothing new since the one before`);
    }
    this.lastDoorbellFrame = inbound;
    this.credits.released = false;
  }

  /** // Hot path. */
  write(side: number, timeNs: number, address: number, length: number): void {
    this.time(timeNs);
    const { transmit, receive, packets, control, inbound, regionBytes } = this.trial.head.memory;
    const { lan, window } = this.trial;
    const end = address + length;
    const inTransmit = touches(transmit, address, end) || (packets && touches(packets, address, end));
    const inReceive = touches(receive, address, end);
    if (address < 0 || end > regionBytes) {
      this.findings.report(
        side === SIDE_HOST ? 'O-03' : 'O-04',
        side,
        `${length} bytes at ${hex(address)}, outside the region`,
      );
    } else if (side === SIDE_CARD) {
      if (inReceive && window === undefined) (lan?.buckets ?? this.trial.receive).cardWrote(address, length);
      else if (inTransmit)
        this.findings.report('O-04', side, `${length} bytes at ${hex(address)}, in a transmit buffer`);
    } else if (inTransmit) {
      (window?.loans ?? lan?.loans ?? this.trial.transmit).hostWrote(address, length);
    } else if (inReceive) {
      (window?.places ?? lan?.buckets ?? this.trial.receive).hostWrote(address, length);
    } else if (address < control.offset || end > control.offset + control.byteLength) {
      const slotWords = (address >> 2) - inbound.firstWord;
      const slot = Math.floor(slotWords / inbound.strideWords);
      const last = Math.floor((((end - 1) >> 2) - inbound.firstWord) / inbound.strideWords);
      if (slot !== last || !this.credits.hostHolds(slot))
        this.findings.report('O-03', side, `${length} bytes at ${hex(address)}`);
    }
  }

  /** What the ledgers of a whole trace say of what was counted in it. */
  private ledgers(end: TraceEnd): void {
    const { sums, accounts, events, findings, lan, window } = this.trial;
    const ofSockets = lan === undefined && window === undefined;
    judgeLedgers(end, !ofSockets, findings);
    sums.messages(end, events.seen, accounts?.datagrams);
    if (this.packets > 0) sums.kinds(end, this.counts, ofSockets);
  }

  polled(timeNs: number, address: number, value: number): void {
    this.time(timeNs);
    if (this.trial.iop.polled(address, value) === RESTARTED) {
      this.restarts += 1;
      this.withdrawn(true);
      this.trial.transactions.forget(() => true);
      this.trial.transmit.reset();
      resetPorts(this.trial);
      this.credits.reset();
      for (const users of this.trial.users) users.reset();
      this.requests.restarted();
      this.trial.refusals.restarted();
    }
  }

  /** // Hot path. */
  packet(
    timeNs: number,
    sent: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
    packetLength: number,
  ): void {
    this.events += 1;
    this.packets += 1;
    this.packetBytes += length;
    if (timeNs < this.packetNs)
      this.findings.report('N-02', 1, `a packet ${timeNs} ns after one ${this.packetNs} ns`);
    this.packetNs = timeNs;
    this.counts.put(sent, bytes, offset, length, packetLength);
    const { accounts, lan } = this.trial;
    if (accounts !== undefined) accounts.wire.packet(sent, bytes, offset, length, packetLength);
    else lan?.wire.packet(sent, packetLength);
  }

  end(timeNs: number, end: TraceEnd): void {
    this.time(timeNs);
    this.ended = true;
    this.lastEnd = end;
    const { transactions, sums, transmit, receive, sockets, findings, rows, lan, window } = this.trial;
    this.credits.end(timeNs - ANSWER_NS);
    sums.frames(end);
    sums.destroyed(end, this.restarts > 0 || this.trial.iop.late);
    if (end.lost === 0 && !this.trial.iop.late)
      sums.packets(end, this.packets, this.packetBytes, this.trial.accounts?.wire.sentBytes);
    sums.notices(end, this.trial.events.seen, sums.drained(end));
    const { accounts } = this.trial;
    accounts?.wire.finish(end.lost === 0 && (accounts.wire.packets > 0 || wasSilent(end)));
    lan?.wire.finish(end.lost === 0);
    findings.settle(EVENTS, (end.iop['eventsLost'] ?? 0) === 0);
    findings.settle(WRITES, (end.host['bytesLent'] ?? 0) === 0 && (end.host['handOffFills'] ?? 0) === 0);
    const waiting = (functions: readonly number[]): number =>
      functions.reduce((sum, code) => sum + transactions.waitingOf[rowIndex(TARGET_DEVICE, code)], 0);
    if (window !== undefined) {
      const left = waiting([WINDOW_FILL, WINDOW_SEND, WINDOW_PLACE]);
      window.sums.end(end, findings, window.mirror, sums.drained(end), left);
    } else if (lan === undefined) sums.end(end, transmit, receive);
    else sums.endLan(end, lan, waiting([LAN_PACKET_SEND]));
    if (!this.trial.iop.late) this.ledgers(end);
    if (!sums.drained(end)) return;
    // What a port has ended may wait for others, to share an answer with them.
    const resting = waiting([LAN_PACKET_SEND, WINDOW_SEND]) === 0 && (lan === undefined || isBare(lan));
    transactions.forget((entry) => {
      if ((transactions.flags[entry] & LATER) !== 0) return true;
      if (transactions.timeNs[entry] + ANSWER_NS > timeNs) return true;
      const row = rows[transactions.row[entry]];
      const contexts = `${row.name} in frame ${transactions.frame[entry]} was never answered`;
      findings.report('T-03', row.index, contexts);
      return true;
    });
    if (resting && (!sums.unsure || lan !== undefined)) this.requests.aborts.finish();
    const before = timeNs - ANSWER_NS;
    transmit.expectHome((socket) => sockets.overSince(socket, before));
    sockets.expectAnswered(before, false);
    this.trial.iop.expectPolled(before);
  }

  /** The device was quiesced or cleared, or restarted: then nothing of before is answered any more. */
  private withdrawn(restarted: boolean): void {
    const { transactions, transmit, receive, sockets, rows, findings } = this.trial;
    transactions.forget((entry) => {
      const row = rows[transactions.row[entry]];
      if (row.index < rows.length / 2) return false;
      // A port tells of packets when it has frames for that, if need be behind the executive's answer.
      if (row.ofPort && !restarted) return false;
      if (!restarted)
        findings.report(
          'T-03',
          row.index,
          `${row.name} in frame ${transactions.frame[entry]} was never answered`,
        );
      return true;
    });
    if (!restarted) {
      transmit.expectHome(() => true);
      sockets.expectAnswered(this.findings.timeNs, true);
    }
    receive.reset();
    withdrawPorts(this.trial);
    sockets.withdraw();
  }

  /** // Hot path. */
  private time(timeNs: number): void {
    this.events += 1;
    if (timeNs < this.findings.timeNs) {
      this.findings.report('N-02', 0, `${timeNs} ns after ${this.findings.timeNs} ns`);
    }
    this.findings.timeNs = timeNs;
  }
}

/** Whether bytes up to `end` lie in an area, wholly or in part. // Hot path. */
function touches({ offset, count, bufferBytes }: PoolArea, address: number, end: number): boolean {
  return end > offset && address < offset + count * bufferBytes;
}

/** Whether the card has no bucket of the host's, as far as that is known. */
function isBare({ buckets, hidden }: LanTrial): boolean {
  return !hidden && !buckets.unsure && buckets.withCard.every((count) => count === 0);
}
