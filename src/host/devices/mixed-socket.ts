/** A program's socket on a host with offload devices: whose operations it has, and what is held for it. */
import type { SocketStack } from '../../socket/contract.ts';
import type { RuleSettings } from './policy/rule.ts';
import type { OffloadDevice } from './registry.ts';

/** A socket of the host's stack (no device), or of a device's. */
export interface Place {
  readonly ops: SocketStack;
  readonly device: OffloadDevice | undefined;
  /** Its number there. */
  readonly number: number;
}

export class MixedSocket {
  /** The operations that the program's calls go to, and the number under which. Replaced when it moves. */
  ops: SocketStack;
  number: number;
  /** The device that has it; undefined: the host. */
  device: OffloadDevice | undefined;
  readonly datagram: boolean;
  /** Neither connected nor listening ever: a connect may still take it anywhere. */
  fresh = true;
  listening = false;
  /** A connect on a device whose outcome is not known yet. */
  connecting = false;
  /** Where that goes, should the host have to do it. */
  address = 0;
  port = 0;
  /** What SO_ERROR would have said of a connect on a device, had nobody looked; 0 for nothing. */
  heldErrno = 0;
  /** A rule by which a device has it later; undefined: none does. */
  later: RuleSettings | undefined;
  /** How many more bytes it sends and receives before that. */
  bytesLeft = 0;
  /** A bind has named its port. */
  bound = false;
  /** The host's socket that keeps its port while a device has it; undefined: none. */
  keeper: Place | undefined;
  /** Sockets of devices that keep its port, until one of them is used. */
  reserved: Place[] = [];
  /** Listeners of devices, beside the host's. */
  listeners: Place[] = [];
  /** Which of its listeners an accept looks at first. */
  turn = 0;
  /** Halves that were ended before there was a connection, as `shutdown` names them. */
  readonly ended: number[] = [];
  /** Options that were set, to be set again where it goes. */
  readonly options: Map<number, number> = new Map();

  constructor({ ops, number, device }: Place, datagram: boolean) {
    this.ops = ops;
    this.number = number;
    this.device = device;
    this.datagram = datagram;
  }

  /** It stays the host's until so many bytes have passed. */
  stayUntil(later: RuleSettings | undefined): void {
    this.later = later;
    this.bytesLeft = later?.after ?? 0;
  }

  get place(): Place {
    return { ops: this.ops, device: this.device, number: this.number };
  }

  moveTo({ ops, device, number }: Place): void {
    this.ops = ops;
    this.device = device;
    this.number = number;
  }
}
