/** The ports of a card that serves the LAN class: each one's state, and what its host has set. */
import { LAN_RESET, LAN_SUSPEND } from '../i2o/lan.gen.ts';
import type { TraceHead } from '../trace/sink.ts';
import type { Findings } from './findings.ts';
import { ILLEGAL, UNNAMED } from './machine.ts';
import type { Machines, MessageRow } from './message-rows.ts';

const ETHERNET_HEADER_BYTES = 14;
const LONGEST = 0xffffff;

/** How a port batches, as far as it is known; 0 for a count that the device chooses. */
export class LanBatching {
  disabled = false;
  forced = false;
  transmitCount = 0;
  receiveCount = 0;
  /** It tells of packets that could not be sent in mode Never too. */
  reportErrors = false;
  /** The host has set something where no trace sees it. */
  unknown = false;
}

/** One port. */
export class LanPortState {
  state: number;
  readonly batching = new LanBatching();
  /** What the host asked for by a request that is not answered yet; taken over when it is. */
  asked: LanBatching | undefined;
  /** A reset or a suspension is under way, or has been, that gives packets, or buckets, back unsent. */
  endsPackets = false;
  endsBuckets = false;
  /** Its longest packet, with the Ethernet header, in bytes. */
  readonly packetBytesMax: number;
  /** The last frame of it that is known to have been taken: of a packet told of, or of a refusal. */
  takenFrame = 0;
  sendInitiator = 0;
  receiveInitiator = 0;
  hasSent = false;
  hasPosted = false;

  constructor(state: number, packetBytesMax: number) {
    this.state = state;
    this.packetBytesMax = packetBytesMax;
  }
}

export class LanPorts {
  readonly all: readonly LanPortState[];
  /** By port, for whoever counts what was posted in which state. */
  readonly state: Uint8Array;
  private readonly machines: Machines;
  private readonly findings: Findings;
  private readonly mustRefuse: Uint8Array;

  constructor(head: TraceHead, ports: number, machines: Machines, findings: Findings) {
    this.machines = machines;
    this.findings = findings;
    const { lan } = machines;
    this.all = Array.from(
      { length: ports },
      (_, port) => new LanPortState(lan.initial, packetBytesMax(head.configuration, port)),
    );
    this.state = new Uint8Array(ports).fill(lan.initial);
    this.mustRefuse = Uint8Array.from(lan.states, (name) => (name.startsWith('Suspend') ? 1 : 0));
  }

  nameOf(port: number): string {
    return this.machines.lan.states[this.state[port]];
  }

  /**
   * A request is posted: rule L-01.
   * @returns whether the port takes it; where it does not, it must refuse it. // Hot path.
   */
  request(row: MessageRow, port: number): boolean {
    const column = row.onRequest.lan;
    if (column === UNNAMED) return true;
    const before = this.state[port];
    const next = this.machines.lan.after(before, column);
    if (next !== ILLEGAL) {
      this.state[port] = next;
      return true;
    }
    this.findings.report('L-01', row.index, `${row.name} to port ${port}, which is ${this.nameOf(port)}`);
    // Requests are taken in their order: behind a reset a port is operational again. Whether a second reset
    // or suspension finds the one before it under way is for time to tell.
    const ends = row.functionCode === LAN_RESET || row.functionCode === LAN_SUSPEND;
    return ends || this.mustRefuse[before] === 0;
  }

  /** A reply came: rule L-03. @param illegal the request was to be refused. // Hot path. */
  reply(row: MessageRow, port: number, success: boolean, illegal: boolean): void {
    const column = (success ? row.onSuccess : row.onError).lan;
    if (column === UNNAMED) return;
    const next = this.machines.lan.after(this.state[port], column);
    if (next !== ILLEGAL) this.state[port] = next;
    else if (!illegal) {
      const outcome = success ? 'succeeded' : 'was refused';
      this.findings.report('L-03', row.index, `${row.name} ${outcome}, port ${port} is ${this.nameOf(port)}`);
    }
  }

  /** The device has forgotten all it had, but what its host has set. */
  withdraw(): void {
    this.state.fill(this.machines.lan.initial);
    for (const port of this.all) {
      port.endsPackets = false;
      port.endsBuckets = false;
    }
  }
}

/** A port's longest packet as the card's configuration has it; without one any length is taken. */
export function packetBytesMax(configuration: TraceHead['configuration'], port: number): number {
  const further = configuration['furtherPorts'];
  const own: unknown = port === 0 ? configuration : Array.isArray(further) ? further[port - 1] : undefined;
  const mtu = typeof own === 'object' && own !== null ? Reflect.get(own, 'mtu') : undefined;
  return typeof mtu === 'number' ? ETHERNET_HEADER_BYTES + mtu : LONGEST;
}
