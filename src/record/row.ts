/** The terms in which measurements are requested and reported: tests, sides, loads, and rows made of them. */

/** The tests, under netperf's names where netperf has them. */
export const TESTS = ['MSG_RR', 'MSG_STREAM', 'TCP_RR', 'TCP_CRR', 'TCP_STREAM', 'HTTP'] as const;
export type Test = (typeof TESTS)[number];

/** Shape of the load. */
export interface Load {
  readonly connections: number;
  /** Bytes of a request and of its response; of a write for TCP_STREAM; of an answer's body for HTTP. */
  readonly size: number;
  /** Connections beside them whose readers rest, where the test is one of socket calls; absent: none. */
  readonly resting?: number;
}

export type StackName = 'inic' | 'kernel';
/**
 * How the message layer's frames travel; the kernel has no message layer. `port` and `msgpack` exist only to
 * be compared with: they pass the same messages as objects by `postMessage`, cloned by structure or encoded
 * by `@msgpack/msgpack`.
 */
export const TRANSPORTS = ['ring', 'fifo', 'port', 'msgpack'] as const;
export type Transport = (typeof TRANSPORTS)[number];
/** `message`: the message layer alone, no sockets. */
export type Api = 'net' | 'socket' | 'message';

/** One test in one shape, on one or more sides. */
export interface Row {
  readonly test: Test;
  readonly api: Api;
  readonly load: Load;
  readonly sides: readonly Side[];
}

export interface Side {
  readonly stack: StackName;
  readonly transport: Transport | null;
}

export interface BenchOptions {
  readonly tests: readonly Test[];
  readonly stacks: readonly StackName[];
  readonly transports: readonly Transport[];
  readonly apis: readonly ('net' | 'socket')[];
  /** Undefined: what each test has by default. */
  readonly connections: readonly number[] | undefined;
  readonly sizes: readonly number[] | undefined;
  readonly durationSeconds: number;
  /** The longest warm-up; it ends earlier when a side gets no faster. */
  readonly warmupSeconds: number;
  readonly repeats: number;
  /** The file in which the card's frames are recorded; absent: they are not. */
  readonly trace?: string;
}

/** What a test's rate counts. */
export function rateUnit(test: Test): string {
  switch (test) {
    case 'TCP_STREAM':
      return 'B/s';
    case 'HTTP':
      return 'requests/s';
    case 'MSG_STREAM':
      return 'frames/s';
    case 'MSG_RR':
      return 'round trips/s';
    default:
      return 'transactions/s';
  }
}

/** Whether messages travel by `postMessage`, without a card. */
export function usesPostMessage(side: Side): boolean {
  return side.transport === 'port' || side.transport === 'msgpack';
}

export function sameSide(a: Side, b: Side): boolean {
  return a.stack === b.stack && a.transport === b.transport;
}

export function sideName({ stack, transport }: Side): string {
  if (transport === 'port') return 'postMessage';
  return transport === null || transport === 'ring' ? stack : transport;
}
