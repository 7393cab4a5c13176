/** Packets of a script: inbound ones are built and arrive, outbound ones are expected. */
import { ACK, SYN } from '../../tcpip/header/tcp.ts';
import type {
  IcmpPacket,
  Packet,
  PacketAction,
  Place,
  ScriptEvent,
  TcpPacket,
  UdpPacket,
} from '../script/ast.ts';
import { NotJudged } from '../script/script-error.ts';
import type { Flow } from '../wire/flow.ts';
import { difference, type Strictness } from '../wire/matcher.ts';
import { type ActualPacket, type ActualTcp, actualPacket, flagBits, packetText } from '../wire/notation.ts';
import { encodeOptions } from '../wire/tcp-options.ts';
import { buildPacket, type IpFields } from '../wire/wire-packet.ts';
import type { Descriptors } from './descriptors.ts';
import { Failed } from './outcome.ts';
import { quoteOf } from './quoted.ts';
import { type Captured, type Session, seconds, type Window } from './session.ts';
import { pattern } from './stream-bytes.ts';

/** Ports of peers whose scripts name none: a range that the stack chooses its own from, too, as they may. */
const REMOTE_PORT_FIRST = 32_768;
const TTL = 64;
/** How much longer an error waits for the packet that did not come, to say when it does. */
const LATER_US = 10_000_000;

export class PacketEvents {
  private readonly session: Session;
  private readonly descriptors: Descriptors;
  private nextRemotePort = REMOTE_PORT_FIRST;
  private nextId = 1;

  constructor(session: Session, descriptors: Descriptors) {
    this.session = session;
    this.descriptors = descriptors;
  }

  run(event: ScriptEvent, action: PacketAction): void {
    if (action.inbound) this.inbound(event, action);
    else this.outbound(event, action);
  }

  private inbound({ time, place }: ScriptEvent, { packet, text }: PacketAction): void {
    const { session } = this;
    if (time.kind !== 'any') session.waitUntil(session.baseUs(time) + time.us, place);
    const flow = this.inboundFlow(packet);
    const { segmentBytes } = session.options;
    const bytes = segmentsOf(packet, segmentBytes).map((segment) => this.build(segment, flow, place));
    session.trace.add(session.nowUs, text);
    session.inject(bytes, flow);
  }

  /** Whose an inbound packet is, as packetdrill has it: what comes to a listener begins a flow. */
  private inboundFlow(packet: Packet): Flow {
    const { session } = this;
    const { remoteAddress, bindPort, connectPort } = session.options;
    if (packet.kind === 'icmp') return session.underTest ?? this.passiveFlow('tcp', 0, 0);
    const { sourcePort, destinationPort } = packet;
    const current = session.underTest?.protocol === packet.kind ? session.underTest : undefined;
    if (sourcePort !== undefined || destinationPort !== undefined) {
      const remote = sourcePort || current?.remotePort || connectPort;
      const local = destinationPort || current?.localPort || session.listening || bindPort;
      const known = session.flowOf(packet.kind, local, remote, remoteAddress);
      const flow = known ?? this.begun(session.addFlow(packet.kind, local, remote, remoteAddress), packet);
      session.underTest = flow;
      return flow;
    }
    if (current !== undefined) return packet.kind === 'tcp' ? this.begun(current, packet) : current;
    const remote = packet.kind === 'udp' ? connectPort : 0;
    return this.begun(this.passiveFlow(packet.kind, session.listening || bindPort, remote), packet);
  }

  private passiveFlow(protocol: 'tcp' | 'udp', localPort: number, remotePort: number): Flow {
    const { session } = this;
    const remote = remotePort || this.nextRemotePort++;
    const flow = session.addFlow(protocol, localPort, remote, session.options.remoteAddress);
    session.underTest = flow;
    return flow;
  }

  /** The first segment of the peer's says where its numbers begin. */
  private begun(flow: Flow, packet: Packet): Flow {
    if (packet.kind !== 'tcp' || flow.remoteKnown) return flow;
    // An answer to a connect that is no SYN has no numbers of its own yet.
    if (flow.localKnown && !packet.flags.includes('S')) return flow;
    flow.remoteKnown = true;
    flow.scriptRemoteIsn = packet.seq;
    flow.liveRemoteIsn = packet.seq;
    return flow;
  }

  private build(packet: Packet, flow: Flow, place: Place): Uint8Array {
    if (packet.kind === 'icmp') return this.buildIcmp(packet, flow);
    const ip = this.ipFields(packet, flow);
    if (packet.kind === 'udp') return this.buildUdp(packet, flow, ip);
    return this.buildTcp(packet, flow, ip, place);
  }

  private ipFields({ tos, ttl }: Packet, flow: Flow): IpFields {
    return {
      source: flow.remoteAddress,
      destination: flow.localAddress,
      tos: tos !== undefined && 'value' in tos ? tos.value : 0,
      ttl: ttl ?? TTL,
      id: this.nextId++ & 0xffff,
    };
  }

  private buildTcp(packet: TcpPacket, flow: Flow, ip: IpFields, place: Place): Uint8Array {
    const { options: script = [] } = packet;
    const flags = flagBits(packet.flags);
    const syn = (flags & SYN) !== 0;
    const hasAck = (flags & ACK) !== 0;
    const scaled = this.session.options.echoScaled;
    const options = script.map((option) => {
      const made = flow.optionToWire(option, syn, hasAck, scaled);
      if (made !== undefined) return made;
      const { ecr } = option as { readonly ecr: number };
      throw new Failed(place, `expected a TS ecr that a packet of ours has had as its TS val, got ${ecr}`);
    });
    const seq = (packet.seq + flow.remoteOffset(syn)) >>> 0;
    const transport = {
      kind: 'tcp' as const,
      sourcePort: packet.sourcePort || flow.remotePort,
      destinationPort: packet.destinationPort || flow.localPort,
      seq,
      ack: hasAck ? (packet.ack + flow.localOffset(syn)) >>> 0 : packet.ack,
      flags,
      window: packet.window ?? 0,
      urgent: packet.urgent,
      options: encodeOptions(options),
    };
    const offset = (seq - flow.liveRemoteIsn - (syn ? 0 : 1)) | 0;
    return buildPacket(ip, transport, pattern(offset, packet.length));
  }

  private buildUdp(packet: UdpPacket, flow: Flow, ip: IpFields): Uint8Array {
    const transport = {
      kind: 'udp' as const,
      sourcePort: packet.sourcePort || flow.remotePort,
      destinationPort: packet.destinationPort || flow.localPort,
    };
    return buildPacket(ip, transport, pattern(0, packet.length));
  }

  private buildIcmp(packet: IcmpPacket, flow: Flow): Uint8Array {
    const { type, code, mtu = 0, id } = packet;
    const rest = mtu !== 0 ? mtu : (id << 16) >>> 0;
    return buildPacket(
      this.ipFields(packet, flow),
      { kind: 'icmp', type, code, rest },
      quoteOf(packet, flow),
    );
  }

  private outbound({ time, place }: ScriptEvent, { packet, text }: PacketAction): void {
    const { session } = this;
    const window = session.windowOf(time);
    const flow = this.outboundFlow(packet);
    const us = 'us' in time ? session.baseUs(time) + time.us : session.nowUs;
    const expected = `script packet: ${seconds(us)} ${text.slice(1).trim()}`;
    const first = this.awaited(packet, flow, window, place, expected);
    if (packet.kind === 'tcp' && packet.flags.includes('S')) first.flow.scriptLocalIsn = packet.seq;
    this.learnStamps(packet, first);
    const actual = this.aggregated(packet, first, window);
    session.trace.add(first.us, `> ${packetText(actual)}`, first.order);
    const found = `actual packet: ${seconds(first.us)} ${packetText(actual)}`;
    const single = !('length' in actual) || actual.length === first.packet.payload.length;
    const push = single && !this.mayEndCut(first, actual);
    const differs = first.packet.fault || difference(packet, actual, this.strictness(push));
    if (differs) throw new Failed(place, `outbound packet: ${differs}`, [expected, found]);
    if (first.us < window.fromUs || first.us > window.toUs) {
      const words = `outbound packet: expected ${window.words}, and it left at ${seconds(first.us)}`;
      throw new Failed(place, words, [expected, found]);
    }
  }

  /** Whether a segment may be the last of a packet that Linux has cut, and then has PSH: it is a full one. */
  private mayEndCut({ flow }: Captured, actual: ActualPacket): boolean {
    const { cutsBefore, host } = this.session;
    if (!cutsBefore || actual.kind !== 'tcp' || flow.socket < 0) return false;
    return actual.length > 0 && actual.length === host.tcpInfo(flow.socket)?.snd_mss;
  }

  /** @param push whether PSH is looked at. */
  private strictness(push: boolean): Strictness {
    const { tickUs, toleranceUs, strictEcho, system } = this.session.options;
    return { tickUs, toleranceUs, echo: strictEcho, push, synOrder: system !== 'freebsd' };
  }

  /** undefined: the flow is not known before its packet leaves. */
  private outboundFlow(packet: Packet): Flow | undefined {
    const { session } = this;
    if (packet.kind === 'icmp') return undefined;
    const { sourcePort, destinationPort } = packet;
    if (sourcePort === undefined && destinationPort === undefined) {
      return session.underTest?.protocol === packet.kind ? session.underTest : undefined;
    }
    const { remoteAddress } = session.options;
    const local = sourcePort || session.underTest?.localPort || 0;
    const remote = destinationPort || session.underTest?.remotePort || 0;
    return session.flowOf(packet.kind, local, remote, remoteAddress);
  }

  /** Waits for the next packet of a flow. @throws Failed where none comes in time. */
  private awaited(
    packet: Packet,
    flow: Flow | undefined,
    window: Window,
    place: Place,
    expected: string,
  ): Captured {
    const { session } = this;
    const come = (): boolean => this.indexOf(packet, flow) >= 0;
    if (!session.advanceTo(Math.max(window.toUs, session.nowUs), come)) {
      const waitedUs = session.nowUs;
      const later = session.advanceTo(waitedUs + LATER_US, come) ? this.take(packet, flow) : undefined;
      const next = later === undefined ? undefined : actualPacket(later.packet, later.flow);
      const details =
        next === undefined || later === undefined
          ? ['no packet leaves in the next 10 seconds']
          : [`next packet:   ${seconds(later.us)} ${packetText(next)}`];
      throw new Failed(place, `expected a packet ${window.words}, and none left`, [expected, ...details]);
    }
    return this.take(packet, flow);
  }

  private indexOf(packet: Packet, flow: Flow | undefined): number {
    return this.session.captured.findIndex(({ flow: own, packet: { transport } }) => {
      if (packet.kind === 'icmp' || transport?.kind === 'icmp') return transport?.kind === packet.kind;
      return flow === undefined ? own.protocol === packet.kind : own === flow;
    });
  }

  private take(packet: Packet, flow: Flow | undefined): Captured {
    return this.session.captured.splice(this.indexOf(packet, flow), 1)[0];
  }

  /** What the script says of a timestamp of ours. */
  private learnStamps(packet: Packet, { packet: sent, flow }: Captured): void {
    if (packet.kind !== 'tcp' || sent.transport?.kind !== 'tcp') return;
    const said = packet.options?.find((option) => option.kind === 'TS');
    const actual = actualPacket(sent, undefined);
    const live = actual?.kind === 'tcp' ? actual.options.find((option) => option.kind === 'TS') : undefined;
    if (said?.kind === 'TS' && said.any?.val !== true && live?.kind === 'TS')
      flow.learnStamp(said.val, live.val);
  }

  /** The packet in the script's numbers; with those that follow it, where the script has one for several. */
  private aggregated(packet: Packet, first: Captured, window: Window): ActualPacket {
    const { session } = this;
    const place = { line: 0, column: 0 };
    let actual = this.checked(first, place);
    if (packet.kind !== 'tcp' || session.options.strictSegments) return actual;
    while (actual.kind === 'tcp' && actual.length > 0 && actual.length < packet.length) {
      const come = (): boolean => this.indexOf(packet, first.flow) >= 0;
      if (!session.advanceTo(Math.max(window.toUs, session.nowUs), come)) break;
      const following = session.captured[this.indexOf(packet, first.flow)];
      const next = this.checked(following, place);
      if (!follows(actual, next) || following.packet.fault !== '') break;
      this.take(packet, first.flow);
      actual = { ...actual, flags: next.flags, length: actual.length + next.length };
    }
    return actual;
  }

  /** @throws NotJudged for a packet of a kind that scripts have no words for. */
  private checked({ packet, flow }: Captured, place: Place): ActualPacket {
    const actual = actualPacket(packet, flow);
    if (actual === undefined) throw new NotJudged(place, 'a packet that is a fragment');
    if (actual.kind === 'tcp') this.descriptors.checkPayload(flow, packet);
    return actual;
  }
}

/** Whether a segment goes on where another ends, and says else the same. */
function follows(before: ActualTcp, next: ActualPacket): next is ActualTcp {
  if (next.kind !== 'tcp' || next.length === 0) return false;
  const plain = (flags: string): string => flags.replace(/[PF]/g, '');
  return (
    next.seq === (before.seq + before.length) >>> 0 &&
    next.ack === before.ack &&
    plain(next.flags) === plain(before.flags)
  );
}

/**
 * The segments of which a packet is merged that arrives (packetdrill's --mss): those that the peer has sent
 * follow each other, the last of them with PSH and FIN. @param segmentBytes of each; 0: the packet is one.
 */
function segmentsOf(packet: Packet, segmentBytes: number): readonly Packet[] {
  if (packet.kind !== 'tcp' || segmentBytes === 0 || packet.length <= segmentBytes) return [packet];
  const count = Math.ceil(packet.length / segmentBytes);
  return Array.from({ length: count }, (_, i): TcpPacket => {
    const from = i * segmentBytes;
    const isLast = i === count - 1;
    const length = isLast ? packet.length - from : segmentBytes;
    const flags = isLast ? packet.flags : packet.flags.replace(/[PF]/g, '');
    return { ...packet, seq: (packet.seq + from) >>> 0, length, flags };
  });
}
