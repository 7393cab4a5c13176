/**
 * One run of a script: the host, virtual time, the flows, what was captured and not yet expected, the call
 * that waits, and the trace. The events themselves are in files of their own.
 */

import { ACK, SYN } from '../../tcpip/header/tcp.ts';
import { DrillHost } from '../host/drill-host.ts';
import type { DrillMemory } from '../host/drill-memory.ts';
import type { EventTime, Place, Script, ScriptOption } from '../script/ast.ts';
import { Flow } from '../wire/flow.ts';
import { actualPacket, packetText } from '../wire/notation.ts';
import { decodePacket, type WirePacket } from '../wire/wire-packet.ts';
import { Failed } from './outcome.ts';
import type { RunOptions } from './run-options.ts';
import { Trace } from './trace.ts';
import type { WaitingCall } from './waiting-call.ts';

/** A packet that has left, and which no event has expected yet. */
export interface Captured {
  readonly us: number;
  /** Its place among all that happened. */
  readonly order: number;
  readonly packet: WirePacket;
  readonly flow: Flow;
}

/** Times that an event may happen at. */
export interface Window {
  readonly fromUs: number;
  readonly toUs: number;
  /** What is said in an error. */
  readonly words: string;
}

const US_PER_SECOND = 1e6;
/** How long "at any time" waits. */
const ANY_TIME_US = 900 * US_PER_SECOND;
/** Steps at one time, beyond which nothing will change any more. */
const STEPS_MAX = 100_000;

export class Session {
  readonly script: Script;
  readonly options: RunOptions;
  readonly host: DrillHost;
  readonly trace = new Trace();
  readonly notes: string[] = [];
  readonly printed: string[] = [];
  readonly captured: Captured[] = [];
  readonly flows: Flow[] = [];
  /** The flow that packets without ports belong to; undefined before there is one. */
  underTest: Flow | undefined;
  /** The socket that was made last, by the stack's number; -1: none. */
  newest = -1;
  /** The port of the listener that the next inbound packet is for; 0: none listens. */
  listening = 0;
  /** Whether the script's device cuts nothing (`ethtool -K tun0 gso off`): its host does, before it is seen. */
  cutsBefore = false;
  /** Files that commands have made, and how long they are. */
  readonly files = new Map<string, number>();
  /** The call that waits, as one thread has one. */
  waiting: WaitingCall | undefined;
  /** When the event before this one began. */
  lastEventUs = 0;

  constructor(script: Script, options: RunOptions, memory: DrillMemory) {
    this.script = script;
    this.options = options;
    this.host = new DrillHost({
      address: options.localAddress,
      mtu: options.mtu,
      seed: options.seed,
      system: options.system ?? 'linux',
      settings: options.settings,
      memory,
      capture: (packet, timeUs) => this.capture(packet, timeUs),
    });
  }

  get nowUs(): number {
    return this.host.nowUs;
  }

  /** The time of an event: relative ones count from now. */
  baseUs(time: EventTime): number {
    return time.kind === 'relative' || time.kind === 'relativeRange' ? this.nowUs : 0;
  }

  /** When an event that begins now is due, as packetdrill reckons how far the next one may be off. */
  dueUs(time: EventTime): number {
    return time.kind === 'any' ? this.nowUs : this.baseUs(time) + time.us;
  }

  /** How far an event may be off that is to happen at a time. */
  toleranceAt(us: number): number {
    const { toleranceUs, tolerancePercent } = this.options;
    return Math.max(toleranceUs, Math.floor(((us - this.lastEventUs) * tolerancePercent) / 100));
  }

  /** When an outbound packet may leave. */
  windowOf(time: EventTime): Window {
    if (time.kind === 'any') return { fromUs: 0, toUs: this.nowUs + ANY_TIME_US, words: 'at any time' };
    const base = this.baseUs(time);
    const us = base + time.us;
    const tolerance = this.toleranceAt(us);
    if (!('endUs' in time)) {
      return { fromUs: us - tolerance, toUs: us + tolerance, words: `at ${seconds(us)}` };
    }
    const endUs = base + time.endUs;
    return {
      fromUs: us - tolerance,
      toUs: endUs + tolerance,
      words: `between ${seconds(us)} and ${seconds(endUs)}`,
    };
  }

  /** Lets time pass to what is to be done at a time. @throws Failed where that time is past. */
  waitUntil(us: number, place: Place): void {
    if (us < this.nowUs - this.toleranceAt(us)) {
      throw new Failed(
        place,
        `expected to happen at ${seconds(us)}, and it is ${seconds(this.nowUs)} already`,
      );
    }
    this.advanceTo(us, () => false);
  }

  /** Lets time pass, at most to a time. @returns whether `stop` said so on the way. */
  advanceTo(endUs: number, stop: () => boolean): boolean {
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      this.tryWaiting();
      if (stop()) return true;
      const nextUs = Math.min(
        this.host.nextDeadline() ?? Infinity,
        this.waiting?.nextUs(this.nowUs) ?? Infinity,
      );
      if (nextUs > endUs) break;
      this.host.advance(Math.max(0, nextUs - this.nowUs));
    }
    this.host.advance(Math.max(0, endUs - this.nowUs));
    this.tryWaiting();
    return stop();
  }

  /** Looks whether the call that waits can return. @throws Failed where it returns what was not expected. */
  tryWaiting(): void {
    if (this.waiting?.isOver(this.nowUs)) this.waiting = undefined;
  }

  note(words: string): void {
    if (!this.notes.includes(words)) this.notes.push(words);
  }

  /** The flow of a pair of ports; undefined: none is known. */
  flowOf(
    protocol: 'tcp' | 'udp',
    localPort: number,
    remotePort: number,
    remoteAddress: number,
  ): Flow | undefined {
    return this.flows.findLast(
      (flow) =>
        flow.protocol === protocol &&
        flow.localPort === localPort &&
        flow.remotePort === remotePort &&
        flow.remoteAddress === remoteAddress,
    );
  }

  addFlow(protocol: 'tcp' | 'udp', localPort: number, remotePort: number, remoteAddress: number): Flow {
    const flow = new Flow(protocol, this.options.localAddress, localPort, remoteAddress, remotePort);
    this.flows.push(flow);
    return flow;
  }

  /** Packets arrive at once; the socket that they are for is told of what they acknowledge. */
  inject(packets: readonly Uint8Array[], flow: Flow): void {
    const { host } = this;
    host.injectTogether(packets);
    const info = flow.errors === undefined || flow.socket < 0 ? undefined : host.tcpInfo(flow.socket);
    if (info !== undefined && flow.written !== undefined) {
      flow.errors?.acknowledged(flow.written.length - info.outq_bytes, this.nowUs);
    }
    this.tryWaiting();
  }

  /** All that went in and out, what nothing has expected included. */
  traceLines(): string[] {
    for (const { us, order, packet, flow } of this.captured.splice(0)) {
      const actual = actualPacket(packet, flow);
      if (actual !== undefined) this.trace.add(us, `> ${packetText(actual)}`, order);
    }
    return [...this.script.options.map(optionText), ...this.trace.lines()];
  }

  private capture(bytes: Uint8Array, us: number): void {
    const packet = decodePacket(bytes);
    const flow = this.capturedFlow(packet);
    const { transport, payload } = packet;
    if (flow.errors !== undefined && transport?.kind === 'tcp' && payload.length > 0) {
      flow.errors.left(((transport.seq - flow.liveLocalIsn - 1) >>> 0) + payload.length, us);
    }
    this.captured.push({ us, order: this.trace.nextOrder(), packet, flow });
  }

  /** Whose a packet is that has left; what it says of its flow is learnt. */
  private capturedFlow({ ip, transport }: WirePacket): Flow {
    if (transport === undefined || transport.kind === 'icmp') {
      return this.underTest ?? this.addFlow('tcp', 0, 0, ip.destination);
    }
    const { kind, sourcePort, destinationPort } = transport;
    const known = this.flowOf(kind, sourcePort, destinationPort, ip.destination);
    // A connect, or a send of UDP, whose port the stack has chosen: a SYN may have that of a connection before.
    const begun = this.flowOf(kind, 0, destinationPort, ip.destination);
    const opens = transport.kind === 'tcp' && (transport.flags & (SYN | ACK)) === SYN;
    let flow = opens ? (begun ?? known) : (known ?? begun);
    flow ??= this.addFlow(kind, sourcePort, destinationPort, ip.destination);
    flow.localPort = sourcePort;
    if (transport.kind === 'tcp' && (transport.flags & SYN) !== 0) {
      flow.liveLocalIsn = transport.seq;
      flow.localKnown = true;
      if ((transport.flags & ACK) === 0 && this.underTest === undefined) this.underTest = flow;
    }
    return flow;
  }
}

function optionText({ name, value }: ScriptOption): string {
  if (value === undefined) return `--${name}`;
  return /\s/.test(value) ? `--${name}="${value}"` : `--${name}=${value}`;
}

/** Microseconds as seconds, as packetdrill prints them. */
export function seconds(us: number): string {
  return (us / US_PER_SECOND).toFixed(6);
}
