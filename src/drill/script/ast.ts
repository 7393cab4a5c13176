/**
 * A packetdrill script as typed data. Times are microseconds; sequence numbers are those that the script
 * writes, which `wire/flow.ts` maps to those on the wire.
 */

/** Where something is written: line and column count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface ScriptOption {
  /** Without its dashes, such as `tolerance_usecs`. */
  readonly name: string;
  /** Absent where nothing follows the name. */
  readonly value: string | undefined;
  readonly place: Place;
}

/**
 * When an event happens: at a time of the script, so long after the event before, at any time, or between two
 * times of either kind.
 */
export type EventTime =
  | { readonly kind: 'absolute' | 'relative'; readonly us: number }
  | { readonly kind: 'any' }
  | { readonly kind: 'absoluteRange' | 'relativeRange'; readonly us: number; readonly endUs: number };

export type Expression =
  | { readonly kind: 'ellipsis'; readonly place: Place }
  | { readonly kind: 'number'; readonly value: number; readonly text: string; readonly place: Place }
  | { readonly kind: 'word'; readonly text: string; readonly place: Place }
  | { readonly kind: 'string'; readonly text: string; readonly more: boolean; readonly place: Place }
  | { readonly kind: 'or'; readonly terms: readonly Expression[]; readonly place: Place }
  | { readonly kind: 'list'; readonly items: readonly Expression[]; readonly place: Place }
  | { readonly kind: 'braces'; readonly items: readonly Expression[]; readonly place: Place }
  | { readonly kind: 'record'; readonly fields: readonly Field[]; readonly place: Place }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Expression[];
      readonly place: Place;
    };

/** `name=value`, or `name(of)=value` as in `msg_iov(1)=[…]`. */
export interface Field {
  readonly name: string;
  readonly of: Expression | undefined;
  readonly value: Expression;
}

export interface CallAction {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
  readonly result: Expression;
  /** The errno's name that the script expects; undefined: none. */
  readonly errno: string | undefined;
  /** What a blocking call is written with: when it returns, counted as the event's own time is. */
  readonly untilUs: number | undefined;
  /** The call as it is written, for traces and errors. */
  readonly text: string;
}

export interface ShellAction {
  readonly kind: 'shell';
  readonly command: string;
}

export interface CodeAction {
  readonly kind: 'code';
  readonly source: string;
  /** Where the source itself begins. */
  readonly place: Place;
}

/** Which of a packet's timestamps are `...`, any. */
export interface AnyStamp {
  readonly val: boolean;
  readonly ecr: boolean;
}

export type TcpOption =
  | { readonly kind: 'nop' | 'eol' | 'sackOK' }
  | { readonly kind: 'mss' | 'wscale'; readonly value: number }
  | { readonly kind: 'TS'; readonly val: number; readonly ecr: number; readonly any?: AnyStamp }
  | { readonly kind: 'sack'; readonly blocks: readonly (readonly [number, number])[] };

/** What is said of the type-of-service octet: all of it, its ECN bits, or that they are one of two. */
export type TosWanted = { readonly kind: 'tos' | 'ecn'; readonly value: number } | { readonly kind: 'ect01' };

/** What every packet may say of its IPv4 header. */
export interface IpWanted {
  readonly tos: TosWanted | undefined;
  readonly ttl: number | undefined;
}

export interface TcpPacket extends IpWanted {
  readonly kind: 'tcp';
  readonly sourcePort: number | undefined;
  readonly destinationPort: number | undefined;
  /** Letters of `SFRPUEW`, and `.` for ACK. */
  readonly flags: string;
  readonly seq: number;
  /** Whether it is `...`: any, of an outbound packet. */
  readonly anySeq?: boolean;
  readonly length: number;
  readonly ack: number;
  /** undefined: not said, or `*`. */
  readonly window: number | undefined;
  readonly urgent: number;
  /** undefined: `<...>`, any. */
  readonly options: readonly TcpOption[] | undefined;
}

export interface UdpPacket extends IpWanted {
  readonly kind: 'udp';
  readonly sourcePort: number | undefined;
  readonly destinationPort: number | undefined;
  readonly length: number;
}

/** What an ICMP error quotes of the packet it is about. */
export type Echoed =
  | { readonly kind: 'tcp'; readonly seq: number; readonly length: number }
  | { readonly kind: 'udp'; readonly length: number };

export interface IcmpPacket extends IpWanted {
  readonly kind: 'icmp';
  readonly type: number;
  readonly code: number;
  /** The names it was written with, such as `unreachable frag_needed`. */
  readonly words: string;
  readonly mtu: number | undefined;
  readonly id: number;
  readonly echoed: Echoed | undefined;
}

export type Packet = TcpPacket | UdpPacket | IcmpPacket;

export interface PacketAction {
  readonly kind: 'packet';
  readonly inbound: boolean;
  readonly packet: Packet;
  /** As it is written, on one line. */
  readonly text: string;
}

export type Action = PacketAction | CallAction | ShellAction | CodeAction;

export interface ScriptEvent {
  readonly place: Place;
  readonly time: EventTime;
  readonly action: Action;
}

export interface Script {
  /** The name by which errors call it. */
  readonly file: string;
  readonly options: readonly ScriptOption[];
  readonly events: readonly ScriptEvent[];
}
