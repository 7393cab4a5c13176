/**
 * The packets of a trace as a second witness of what passes between host and card: rules P. A recorder that
 * found no room for a packet says so only at the end, so everything is held until then.
 */
import { ECONNREFUSED, ECONNRESET } from '../socket/errno.ts';
import type { TraceHead } from '../trace/sink.ts';
import type { Endpoints } from './endpoints.ts';
import { name } from './endpoints.ts';
import type { Findings } from './findings.ts';
import { ImmediateBytes } from './immediate-bytes.ts';
import { SegmentJudge } from './segment-judge.ts';
import type { Streams } from './streams.ts';
import { WireAnswers } from './wire-answers.ts';
import {
  FLOW_ABORTED,
  FLOW_CLOSED,
  FLOW_CUT,
  FLOW_DOUBT,
  FLOW_RESET,
  FLOW_SYN,
  Flows,
  NO_END,
  NO_FLOW,
} from './wire-flows.ts';
import { IS_ICMP, IS_TCP, IS_UDP, Segment, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from './wire-segment.ts';

/** What `Findings.hold` knows this witness by. */
export const PACKETS = 'packets';
/** An error that a context's early return goes with has been told by then. */
const ERROR_NS = 20e6;
const FLOWS_MAX = 1 << 14;
const FLOWS_SPARE = 256;

export class WireWitness {
  packets = 0;
  /** Payload of TCP that has left. */
  sentBytes = 0;
  /** Errors of ICMP about TCP, which may have refused a connection. */
  private others = 0;
  private readonly findings: Findings;
  private readonly endpoints: Endpoints;
  private readonly streams: Streams;
  private readonly hasEnded: (socket: number) => boolean;
  private readonly datagram: (segment: Segment, sent: boolean) => void;
  private readonly flows: Flows;
  private readonly segment = new Segment();
  private readonly answers: WireAnswers;
  private readonly segments: SegmentJudge;
  private readonly immediate: ImmediateBytes;
  /** By socket: the flow that it sends and the flow that it receives; NO_FLOW where not known. */
  private readonly out: Int32Array;
  private readonly into: Int32Array;
  /** By context: whose bytes it holds, in which life of that socket, and where in its stream they end. */
  private readonly owner: Int32Array;
  private readonly life: Int32Array;
  private readonly end: Float64Array;
  /** By socket: the frame and time of a context that came back too early; 0 for none. */
  private readonly early: Float64Array;
  private readonly earlyNs: Float64Array;

  constructor(
    head: TraceHead,
    endpoints: Endpoints,
    streams: Streams,
    findings: Findings,
    hasEnded: (socket: number) => boolean,
    datagram: (segment: Segment, sent: boolean) => void,
  ) {
    const { socketsMax, memory } = head;
    const contexts = memory.transmit.count + memory.immediate.count;
    this.findings = findings;
    this.endpoints = endpoints;
    this.streams = streams;
    this.hasEnded = hasEnded;
    this.datagram = datagram;
    this.answers = new WireAnswers(findings, PACKETS);
    this.flows = new Flows(Math.min(FLOWS_MAX, 4 * socketsMax) + FLOWS_SPARE);
    this.segments = new SegmentJudge(this.flows, (rule, flow, seen) => this.hold(rule, flow, seen));
    this.immediate = new ImmediateBytes(memory.immediate, memory.transmit.count, socketsMax);
    this.out = new Int32Array(socketsMax).fill(NO_FLOW);
    this.into = new Int32Array(socketsMax).fill(NO_FLOW);
    this.owner = new Int32Array(contexts).fill(-1);
    this.life = new Int32Array(contexts);
    this.end = new Float64Array(contexts);
    this.early = new Float64Array(socketsMax);
    this.earlyNs = new Float64Array(socketsMax);
  }

  /** A packet has passed. // Hot path. */
  packet(sent: boolean, bytes: Uint8Array, offset: number, kept: number, packetLength: number): void {
    this.packets += 1;
    const { segment, flows } = this;
    const kind = segment.read(bytes, offset, kept, packetLength);
    this.answers.judge(kind, segment, sent, bytes, offset, kept, packetLength);
    if (sent && kind === IS_TCP) this.sentBytes += segment.length;
    const good = sent || kind === IS_ICMP || segment.sumGood(bytes, kind);
    if (kind === IS_UDP && good) this.datagram(segment, sent);
    if (kind !== IS_TCP) {
      if (kind === IS_ICMP && segment.aboutTcp) this.others += 1;
      return;
    }
    const ports = (segment.sourcePort << 16) | segment.destinationPort;
    const { flags, sequence } = segment;
    const syn = (flags & TCP_SYN) !== 0;
    const flow = syn
      ? flows.findOrMake(segment.source, segment.destination, ports)
      : flows.find(segment.source, segment.destination, ports);
    const back = flow === NO_FLOW ? NO_FLOW : flows.reverse(flow);
    if (flow === NO_FLOW) {
      if ((flags & TCP_RST) !== 0) this.reset(segment, ports);
      return;
    }
    if (!good) {
      flows.flags[flow] |= FLOW_DOUBT;
      if (back !== NO_FLOW) flows.flags[back] |= FLOW_DOUBT;
      return;
    }
    const known = (flows.flags[flow] & FLOW_SYN) !== 0;
    if (syn && (!known || flows.first[flow] !== ((sequence + 1) | 0))) {
      flows.begin(flow, (sequence + 1) | 0);
      this.segments.begin(flow);
    }
    this.segments.judge(flow, back, sent, segment, bytes, offset + kept);
    if ((flags & TCP_RST) !== 0) {
      this.reset(segment, ports);
      if (sent && flows.high[flow] > 0) flows.flags[flow] |= FLOW_CUT;
    }
    if (!syn && (flows.flags[flow] & FLOW_SYN) !== 0) this.data(flow, sent, bytes);
    if ((flags & TCP_ACK) !== 0 && back !== NO_FLOW) this.acknowledged(flow, back, sent);
  }

  /** A connection is open: its packets have shown it to be. */
  opened(socket: number): void {
    const { endpoints, flows, streams } = this;
    const { localAddress, remoteAddress, localPort, remotePort } = endpoints;
    const local = localAddress[socket];
    const remote = remoteAddress[socket];
    const here = localPort[socket] & 0xffff;
    const there = remotePort[socket] & 0xffff;
    const into = flows.find(remote, local, (there << 16) | here);
    const out = flows.find(local, remote, (here << 16) | there);
    const shown =
      into !== NO_FLOW && out !== NO_FLOW && (flows.flags[into] & flows.flags[out] & FLOW_SYN) !== 0;
    if (!shown) {
      this.hold(
        'P-01',
        socket,
        `socket ${socket} is open from ${name(local, here)} to ${name(remote, there)}`,
      );
      return;
    }
    this.out[socket] = out;
    this.into[socket] = into;
    flows.socket[out] = socket;
    if (this.sure(out, socket) && flows.high[out] > streams.sent[socket]) this.unposted(out, flows.high[out]);
  }

  /** A connect was refused. */
  refused(socket: number, local: number, localPort: number, remote: number, remotePort: number): void {
    const ports = (localPort << 16) | (remotePort & 0xffff);
    const out = this.flows.find(local, remote, ports);
    if (remote === 0 || this.others > 0) return;
    if (out !== NO_FLOW && (this.flows.flags[out] & FLOW_RESET) !== 0) return;
    this.hold(
      'P-01',
      socket,
      `socket ${socket} was refused by ${name(remote, remotePort)}, which sent no reset`,
    );
  }

  /** Bytes of a buffer, or of a slot of card memory, were posted. @param dataWord of immediate data; or -1. */
  send(socket: number, context: number, length: number, words: Int32Array, dataWord: number): void {
    const { streams } = this;
    this.owner[context] = socket;
    this.life[context] = streams.life[socket];
    this.end[context] = streams.sent[socket];
    if (dataWord >= 0 && streams.unsure[socket] === 0) {
      this.immediate.put(context, socket, streams.sent[socket] - length, length, words, dataWord);
    }
  }

  /** A context came back. @param alive whether its socket is open, as far as the host knows. */
  returned(context: number, aliveOf: (socket: number) => boolean): void {
    const socket = this.owner[context] ?? -1;
    if (socket < 0) return;
    this.owner[context] = -1;
    this.immediate.drop(context);
    const out = this.out[socket];
    if (out === NO_FLOW || this.life[context] !== this.streams.life[socket] || !aliveOf(socket)) return;
    if (!this.sure(out, socket)) return;
    this.lookAtEarly(socket);
    if (this.flows.acknowledged[out] >= this.end[context] || this.early[socket] !== 0) return;
    this.early[socket] = this.findings.frame;
    this.earlyNs[socket] = this.findings.timeNs;
  }

  /** A record brought bytes: as many in all as `streams` says. // Hot path. */
  record(socket: number): void {
    const into = this.into[socket];
    if (into === NO_FLOW || !this.certain(into)) return;
    this.lookAtEarly(socket);
    const { flows, streams } = this;
    if (streams.delivered[socket] <= flows.high[into]) return;
    const seen = `socket ${socket} was brought ${streams.delivered[socket]} bytes, ${flows.high[into]} have come`;
    this.hold('P-02', socket, seen);
  }

  /** The end of a stream was told. */
  ended(socket: number): void {
    const into = this.into[socket];
    if (into === NO_FLOW || !this.certain(into)) return;
    const end = this.flows.end[into];
    const delivered = this.streams.delivered[socket];
    if (end === delivered) return;
    const where = end === NO_END ? 'no FIN has come' : `the FIN is behind byte ${end}`;
    this.hold('P-03', socket, `socket ${socket} was told the end behind ${delivered} bytes; ${where}`);
  }

  /** An error ended a connection. */
  failed(socket: number, errno: number): void {
    this.early[socket] = 0;
    const into = this.into[socket];
    if (into === NO_FLOW || this.others > 0 || !this.certain(into)) return;
    if (errno !== ECONNRESET && errno !== ECONNREFUSED) return;
    this.hold('P-04', socket, `socket ${socket} was reset, and no reset has come`);
  }

  /** Something else than an acknowledgement may give the contexts of a socket back from now on. */
  excuse(socket: number): void {
    this.early[socket] = 0;
  }

  /**
   * The host gives a socket up, or its connection is over.
   * @param told whether the end of its stream was told. @param whole whether all that was posted is still sent.
   * @param aborted whether the host aborts a stream that it has not ended.
   */
  closed(socket: number, told: boolean, whole: boolean, aborted: boolean): void {
    const { flows } = this;
    this.lookAtEarly(socket);
    const out = this.out[socket];
    const into = this.into[socket];
    if (out !== NO_FLOW && flows.socket[out] === socket) {
      flows.socket[out] = -1;
      if (aborted) flows.flags[out] |= FLOW_ABORTED;
      if (whole && this.sure(out, socket)) {
        flows.total[out] = this.streams.sent[socket];
        flows.flags[out] |= FLOW_CLOSED;
      }
    }
    if (into !== NO_FLOW && !told && this.certain(into)) this.missed(socket, into);
    this.forget(socket);
  }

  /** A number begins a new life. */
  forget(socket: number): void {
    this.out[socket] = NO_FLOW;
    this.into[socket] = NO_FLOW;
    this.early[socket] = 0;
    this.immediate.forget(socket);
  }

  /** The trace has ended. */
  finish(complete: boolean): void {
    for (let socket = 0; socket < this.early.length; socket++) this.lookAtEarly(socket);
    this.findings.settle(PACKETS, complete);
  }

  /** Time a FIN has been acknowledged for, without the end told. */
  private missed(socket: number, into: number): void {
    const { flows, findings } = this;
    const end = flows.end[into];
    if (end === NO_END || flows.acknowledged[into] <= end || flows.finNs[into] + ERROR_NS > findings.timeNs)
      return;
    if (this.streams.delivered[socket] < end) return;
    this.hold('P-03', socket, `socket ${socket} was never told the end of its stream, behind ${end} bytes`);
  }

  private data(flow: number, sent: boolean, bytes: Uint8Array): void {
    const { flows, segment, streams } = this;
    const { length } = segment;
    const at = flows.position(flow, segment.sequence);
    const after = at + length;
    const socket = flows.socket[flow];
    if (length > 0) {
      if (sent && at > flows.high[flow]) flows.gap(flow, at);
      flows.fill(flow, at, after);
      if (after > flows.high[flow]) {
        flows.high[flow] = after;
        const most = this.mostOf(flow, socket);
        if (sent && most >= 0 && after > most) this.unposted(flow, after);
      }
      if (sent && socket >= 0 && this.immediate.differs(socket, at, segment, bytes))
        this.hold('P-06', socket, `socket ${socket}: the packet with byte ${at} has others than were posted`);
    }
    if ((segment.flags & TCP_FIN) === 0 || flows.end[flow] !== NO_END) return;
    flows.end[flow] = after;
    flows.finNs[flow] = this.findings.timeNs;
    const open =
      socket >= 0
        ? !this.hasEnded(socket)
        : (flows.flags[flow] & (FLOW_ABORTED | FLOW_DOUBT)) === FLOW_ABORTED;
    const total = socket >= 0 && this.sure(flow, socket) ? streams.sent[socket] : this.closedTotal(flow);
    if (!sent || (!open && (total < 0 || total === after))) return;
    this.hold(
      'P-05',
      flow,
      `${flows.nameOf(flow)} ends behind byte ${after}${open ? ', not ended by the host' : ''}`,
    );
  }

  private acknowledged(flow: number, back: number, sent: boolean): void {
    const { flows, segment } = this;
    if ((flows.flags[back] & (FLOW_SYN | FLOW_DOUBT)) !== FLOW_SYN) return;
    const upTo = flows.position(back, segment.acknowledgement);
    const most = flows.high[back] + (flows.end[back] === NO_END ? 0 : 1);
    if (upTo > most) {
      if (sent && (flows.flags[flow] & FLOW_DOUBT) === 0)
        this.hold('P-07', back, `${flows.nameOf(back)}: byte ${upTo} is acknowledged, ${most} have come`);
      return;
    }
    if (upTo > flows.acknowledged[back]) flows.acknowledged[back] = upTo;
    else if (sent && upTo < flows.acknowledged[back] && (segment.flags & TCP_RST) === 0) {
      const before = `${flows.acknowledged[back]} were before`;
      this.hold('P-07', back, `${flows.nameOf(back)}: bytes up to ${upTo} are acknowledged, ${before}`);
    }
    if (upTo > flows.gapEnd[back] && flows.gapEnd[back] > flows.gapStart[back]) {
      const missing = `bytes ${flows.gapStart[back]} to ${flows.gapEnd[back]}`;
      this.hold('P-08', back, `${flows.nameOf(back)}: ${missing} are acknowledged, and no packet had them`);
      flows.gapEnd[back] = flows.gapStart[back];
    }
  }

  /** A reset ends both directions, whether they were seen to begin or not. */
  private reset({ source, destination }: Segment, ports: number): void {
    const { flows } = this;
    const back = (ports << 16) | (ports >>> 16);
    for (const flow of [flows.find(source, destination, ports), flows.find(destination, source, back)]) {
      if (flow !== NO_FLOW) flows.flags[flow] |= FLOW_RESET;
    }
  }

  private unposted(flow: number, after: number): void {
    this.hold(
      'P-05',
      flow,
      `${this.flows.nameOf(flow)}: byte ${after} was sent, and the host has not posted it`,
    );
  }

  /** How far the host has posted what a flow sends; -1 where that is not known. */
  private mostOf(flow: number, socket: number): number {
    if (socket >= 0) return this.sure(flow, socket) ? this.streams.sent[socket] : -1;
    return this.closedTotal(flow);
  }

  private closedTotal(flow: number): number {
    return (this.flows.flags[flow] & FLOW_CLOSED) !== 0 ? this.flows.total[flow] : -1;
  }

  private sure(flow: number, socket: number): boolean {
    return this.certain(flow) && this.streams.unsure[socket] === 0;
  }

  private certain(flow: number): boolean {
    return (this.flows.flags[flow] & (FLOW_DOUBT | FLOW_RESET | FLOW_SYN)) === FLOW_SYN;
  }

  /** A context that came back early is told of once no error has followed that would explain it. */
  private lookAtEarly(socket: number): void {
    const frame = this.early[socket];
    if (frame === 0 || this.earlyNs[socket] + ERROR_NS > this.findings.timeNs) return;
    this.early[socket] = 0;
    const out = this.out[socket];
    if (out === NO_FLOW || !this.certain(out)) return;
    const seen = `a context of socket ${socket} came back before its bytes were acknowledged`;
    this.findings.hold(PACKETS, 'P-09', socket, seen, frame, this.earlyNs[socket]);
  }

  private hold(rule: string, thing: number, seen: string): void {
    this.findings.hold(PACKETS, rule, thing, seen);
  }
}
