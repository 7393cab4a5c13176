/**
 * One connection, or one pair of UDP ports, in a script's numbers and on the wire. As packetdrill has it: a
 * SYN's own numbers are absolute, those of every other segment count from the initial ones; the remote side's
 * initial number is the script's own, the local side's is the stack's choice. A timestamp of ours is known by
 * the value that the script says it has.
 */
import type { TcpOption } from '../script/ast.ts';
import type { DecodedOption } from './tcp-options.ts';
import type { WireTcp } from './wire-packet.ts';

/** What a program has written to a flow. */
export interface Written {
  readonly length: number;
  holds(offset: number, payload: Uint8Array): boolean;
}

/** Who is told of bytes that have left for the first time, and of those that are acknowledged. */
export interface SendNews {
  left(end: number, us: number): void;
  acknowledged(end: number, us: number): void;
}

export class Flow {
  readonly protocol: 'tcp' | 'udp';
  readonly localAddress: number;
  readonly remoteAddress: number;
  /** 0 while not known. */
  localPort: number;
  remotePort: number;
  /** Initial sequence numbers, as the script says them and as they are. */
  scriptLocalIsn = 0;
  liveLocalIsn = 0;
  scriptRemoteIsn = 0;
  liveRemoteIsn = 0;
  /** Whether the initial numbers are known: ours by a SYN of ours, the peer's by its first segment. */
  localKnown = false;
  remoteKnown = false;
  /** The socket that it is of, by the stack's number, and what its program wrote; -1: none yet. */
  socket = -1;
  written: Written | undefined;
  errors: SendNews | undefined;
  private readonly liveStamps = new Map<number, number>();
  private firstScriptStamp = 0;
  private firstLiveStamp = 0;
  private stamped = false;

  constructor(
    protocol: 'tcp' | 'udp',
    localAddress: number,
    localPort: number,
    remoteAddress: number,
    remotePort: number,
  ) {
    this.protocol = protocol;
    this.localAddress = localAddress;
    this.localPort = localPort;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }

  /** What is added to a local number of the script's to have the one on the wire. */
  localOffset(syn: boolean): number {
    return syn ? (this.liveLocalIsn - this.scriptLocalIsn) | 0 : this.liveLocalIsn;
  }

  remoteOffset(syn: boolean): number {
    return syn ? (this.liveRemoteIsn - this.scriptRemoteIsn) | 0 : this.liveRemoteIsn;
  }

  /** A segment of ours, its numbers in the script's. */
  toScript(tcp: WireTcp, syn: boolean, hasAck: boolean): { seq: number; ack: number } {
    return {
      seq: (tcp.seq - this.localOffset(syn)) >>> 0,
      ack: hasAck ? (tcp.ack - this.remoteOffset(syn)) >>> 0 : 0,
    };
  }

  /** Options of a segment of ours, in the script's numbers. */
  optionToScript(option: DecodedOption, syn: boolean): DecodedOption {
    if (option.kind === 'sack') {
      const offset = this.remoteOffset(syn);
      const shift = (seq: number): number => (seq - offset) >>> 0;
      return {
        kind: 'sack',
        blocks: option.blocks.map(([left, right]) => [shift(left), shift(right)] as const),
      };
    }
    if (option.kind === 'TS') return { ...option, val: this.stampToScript(option.val) };
    return option;
  }

  /** An option of the script's as it goes onto the wire. @returns undefined: a timestamp nobody has sent. */
  optionToWire(option: TcpOption, syn: boolean, hasAck: boolean, scaled: boolean): TcpOption | undefined {
    if (option.kind === 'sack') {
      const offset = this.localOffset(syn);
      const shift = (seq: number): number => (seq + offset) >>> 0;
      return {
        kind: 'sack',
        blocks: option.blocks.map(([left, right]) => [shift(left), shift(right)] as const),
      };
    }
    if (option.kind !== 'TS' || !hasAck) return option;
    const known = this.liveStamps.get(option.ecr);
    if (known !== undefined) return { ...option, ecr: known };
    if (!scaled || !this.stamped) return undefined;
    return { ...option, ecr: (option.ecr - this.firstScriptStamp + this.firstLiveStamp) >>> 0 };
  }

  /** The script says that a segment of ours has this timestamp. */
  learnStamp(script: number, live: number): void {
    if (!this.stamped) {
      this.stamped = true;
      this.firstScriptStamp = script;
      this.firstLiveStamp = live;
    }
    this.liveStamps.set(script, live);
  }

  private stampToScript(live: number): number {
    if (!this.stamped) return live;
    return (this.firstScriptStamp + (live - this.firstLiveStamp)) >>> 0;
  }
}
