/** The ports of a card that serves the window class: each one's state, and what its host has asked of it. */
import {
  WINDOW_DETAILED_STATUS_NOT_OPEN,
  WINDOW_DETAILED_STATUS_SUSPENDED,
  WINDOW_DETAILED_STATUS_WRONG_SPLIT,
  WINDOW_OPEN,
  WINDOW_RELEASE,
  WINDOW_RESET,
  WINDOW_SUSPEND,
} from '../i2o/window.gen.ts';
import type { TraceHead } from '../trace/sink.ts';
import type { Findings } from './findings.ts';
import { packetBytesMax } from './lan-ports.ts';
import { ILLEGAL, UNNAMED } from './machine.ts';
import type { Machines, MessageRow } from './message-rows.ts';

const FUNCTIONS = 256;
/** Of a request whose fate hangs on one that is not answered yet. */
export const CANNOT_TELL = -1;

/** One port. */
export class WindowPortState {
  readonly packetBytesMax: number;
  /** A WindowOpen has been served since the last reset. */
  isOpen = false;
  /** Bytes that the WindowOpen under way asks for. */
  askedBytes = 0;
  /** There is memory for headers, and how much payload is brought with them. */
  hasHeaders = false;
  wholeBytesMax = 0;
  /** A reset or a suspension is under way that gives back packets to be sent, or packets held. */
  endsPackets = false;
  endsFrames = false;
  isEnding = false;
  /** The last frame of it that is known to have been taken: of a context told, or of a refusal. */
  takenFrame = 0;
  /** By function: whether it was ever posted, and the initiator's context it had last. */
  readonly posted = new Uint8Array(FUNCTIONS);
  readonly initiator = new Int32Array(FUNCTIONS);
  /** Whether its state is known: of a trace that begins at a running card it is not, until it is set. */
  isKnown = false;

  constructor(longest: number) {
    this.packetBytesMax = longest;
  }
}

export class WindowPorts {
  readonly all: readonly WindowPortState[];
  /** By port, for whoever counts what was posted in which state. */
  readonly state: Uint8Array;
  private readonly machines: Machines;
  private readonly findings: Findings;
  private readonly isLate: () => boolean;

  /** @param isLate whether the trace begins at a card that was running already. */
  constructor(head: TraceHead, ports: number, machines: Machines, findings: Findings, isLate: () => boolean) {
    this.machines = machines;
    this.findings = findings;
    this.isLate = isLate;
    this.all = Array.from(
      { length: ports },
      (_, port) => new WindowPortState(packetBytesMax(head.configuration, port)),
    );
    this.state = new Uint8Array(ports).fill(machines.window.initial);
  }

  nameOf(port: number): string {
    return this.machines.window.states[this.state[port]];
  }

  /**
   * A request is posted: rule W-01.
   * @returns 0: the port takes it; the code it must be refused by; or CANNOT_TELL. // Hot path.
   */
  request(row: MessageRow, port: number): number {
    const own = this.all[port];
    const { functionCode } = row;
    const begins = functionCode === WINDOW_OPEN || functionCode === WINDOW_RESET;
    if (this.isLate() && !own.isKnown && !begins) return CANNOT_TELL;
    own.isKnown = true;
    const column = row.onRequest.window;
    if (column === UNNAMED) return 0;
    const before = this.state[port];
    const name = this.nameOf(port);
    const next = this.machines.window.after(before, column);
    if (next === ILLEGAL)
      this.findings.report('W-01', row.index, `${row.name} to port ${port}, which is ${name}`);
    else this.state[port] = next;
    return this.fate(functionCode, own, name);
  }

  /** What becomes of a request by the state of its port alone. */
  private fate(functionCode: number, own: WindowPortState, state: string): number {
    if (functionCode === WINDOW_RESET || functionCode === WINDOW_SUSPEND)
      return state === 'Resetting' || state === 'Suspending' ? CANNOT_TELL : 0;
    if (functionCode === WINDOW_RELEASE && state.startsWith('Suspend'))
      return own.isOpen ? 0 : WINDOW_DETAILED_STATUS_NOT_OPEN;
    switch (state) {
      case 'Closed':
        return functionCode === WINDOW_OPEN ? 0 : WINDOW_DETAILED_STATUS_NOT_OPEN;
      case 'Resetting':
        return functionCode === WINDOW_OPEN ? CANNOT_TELL : WINDOW_DETAILED_STATUS_NOT_OPEN;
      case 'Opening':
        return CANNOT_TELL;
      case 'Open':
        return functionCode === WINDOW_OPEN ? WINDOW_DETAILED_STATUS_WRONG_SPLIT : 0;
      default:
        return WINDOW_DETAILED_STATUS_SUSPENDED;
    }
  }

  /** A reply came: rule W-03. @param illegal the request was to be refused. // Hot path. */
  reply(row: MessageRow, port: number, success: boolean, illegal: boolean): void {
    const column = (success ? row.onSuccess : row.onError).window;
    if (column === UNNAMED) return;
    const next = this.machines.window.after(this.state[port], column);
    if (next !== ILLEGAL) this.state[port] = next;
    else if (!illegal && !this.isLate()) {
      const outcome = success ? 'succeeded' : 'was refused';
      this.findings.report('W-03', row.index, `${row.name} ${outcome}, port ${port} is ${this.nameOf(port)}`);
    }
  }

  /** The device has forgotten all it had. */
  withdraw(): void {
    this.state.fill(this.machines.window.initial);
    for (const port of this.all) {
      port.isOpen = false;
      port.hasHeaders = false;
      port.endsPackets = false;
      port.endsFrames = false;
      port.isEnding = false;
    }
  }
}
