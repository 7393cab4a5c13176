/** The terms in which measurements are requested and reported: tests, sides, loads, and rows made of them. */

/** The tests, under netperf's names where netperf has them. */
export const TESTS = [
  'MSG_RR',
  'MSG_STREAM',
  'TCP_RR',
  'TCP_CRR',
  'TCP_STREAM',
  'TCP_MAERTS',
  'UDP_RR',
  'UDP_STREAM',
  'HTTP',
] as const;
export type Test = (typeof TESTS)[number];
/** What is measured where nobody names a test. */
export const DEFAULT_TESTS: readonly Test[] = [
  'MSG_RR',
  'MSG_STREAM',
  'TCP_RR',
  'TCP_CRR',
  'TCP_STREAM',
  'HTTP',
];
/** The name under which a program of the user's own is measured. */
export const WORKLOAD = 'WORKLOAD';
export type TestName = Test | typeof WORKLOAD;

/** Shape of the load. */
export interface Load {
  readonly connections: number;
  /** Bytes of a request; of a write of a stream; of a datagram; of an answer's body for HTTP. */
  readonly size: number;
  /** Bytes of the response where it is not as long as its request. */
  readonly response?: number;
  /** Busy processes beside the measurement; absent: none. */
  readonly neighbours?: number;
  /** Connections beside them whose readers rest, where the test is one of socket calls; absent: none. */
  readonly resting?: number;
  /** The file name of a program of the user's own; absent: the test says what runs. */
  readonly program?: string;
}

/**
 * The card; the host's own stack over a plain device, in the program's thread; the same over a card of
 * network ports; the kernel.
 */
export type StackName = 'inic' | 'host' | 'lan' | 'kernel';
/**
 * How the message layer's frames travel; the kernel has no message layer. `port` and `msgpack` exist only to
 * be compared with: they pass the same messages as objects by `postMessage`, cloned by structure or encoded
 * by `@msgpack/msgpack`.
 */
export const TRANSPORTS = ['ring', 'fifo', 'port', 'msgpack'] as const;
export type Transport = (typeof TRANSPORTS)[number];
/** Where the card runs: in a thread of its own, or polled by the program's. */
export const PLACEMENTS = ['thread', 'inline'] as const;
export type Placement = (typeof PLACEMENTS)[number];
/** `message`: the message layer alone, no sockets. */
export type Api = 'net' | 'socket' | 'message';

/** One test in one shape, on one or more sides. */
export interface Row {
  readonly test: TestName;
  readonly api: Api;
  readonly load: Load;
  readonly sides: readonly Side[];
}

export interface Side {
  readonly stack: StackName;
  readonly transport: Transport | null;
  /** Where the card runs; absent without one, and in results from before there was a choice. */
  readonly placement?: Placement;
}

/** When the runs of a row are enough, by netperf's rule. */
export interface IntervalRule {
  /** How sure the interval is, in percent. */
  readonly confidence: 95 | 99;
  /** Its whole width, in percent of the mean: 5 is from 2.5 below to 2.5 above. */
  readonly widthPercent: number;
}

export type Pinning = 'auto' | 'none';

export interface BenchOptions {
  readonly tests: readonly Test[];
  readonly stacks: readonly StackName[];
  readonly transports: readonly Transport[];
  readonly placements: readonly Placement[];
  readonly apis: readonly ('net' | 'socket')[];
  /** Undefined: what each test has by default. */
  readonly connections: readonly number[] | undefined;
  readonly sizes: readonly number[] | undefined;
  /** Bytes of requests and responses, which win over `sizes`; undefined: both as long as the size. */
  readonly requestResponse: readonly [request: number, response: number] | undefined;
  /** Busy processes beside the measurement, a group of rows for each number. */
  readonly neighbours: readonly number[];
  readonly pin: Pinning;
  readonly durationSeconds: number;
  /** The longest warm-up; it ends earlier when a side gets no faster. */
  readonly warmupSeconds: number;
  readonly repeats: number;
  /** With an interval: the most runs of a side; else as many as `repeats`. */
  readonly repeatsMax: number;
  readonly interval: IntervalRule | undefined;
  /** Of the card's wire and stack; undefined: the wire's is 1, the stack's drawn. */
  readonly seed: number | undefined;
  /** Settings of the card by their paths, such as `pools.receiveBuckets`. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** A program of the user's own, as a full path; absent: the tests are measured. */
  readonly workload?: string;
  /** The file in which the card's frames are recorded; absent: they are not. */
  readonly trace?: string;
}

/** What a test's rate counts. */
export function rateUnit(test: TestName): string {
  switch (test) {
    case 'TCP_STREAM':
    case 'TCP_MAERTS':
    case 'UDP_STREAM':
      return 'B/s';
    case 'HTTP':
      return 'requests/s';
    case 'MSG_STREAM':
      return 'frames/s';
    case 'MSG_RR':
      return 'round trips/s';
    case 'WORKLOAD':
      return 'operations/s';
    default:
      return 'transactions/s';
  }
}

/** Whether messages travel by `postMessage`, without a card. */
export function usesPostMessage(side: Side): boolean {
  return side.transport === 'port' || side.transport === 'msgpack';
}

/** Whether a side has a card, with frames that can be traced and settings that can be set. */
export function hasCard(side: Side): boolean {
  return side.stack === 'lan' || (side.stack === 'inic' && !usesPostMessage(side));
}

export function sameSide(a: Side, b: Side): boolean {
  return a.stack === b.stack && a.transport === b.transport && a.placement === b.placement;
}

/** The names under which a table has sides: `kernel`, `thread`, `inline`, `fifo`, `fifo inline`, `port`. */
export function sideName({ stack, transport, placement }: Side): string {
  if (transport === null) return stack;
  if (stack === 'lan') {
    const words = [stack, ...(transport === 'ring' ? [] : [transport])];
    return (placement === 'inline' ? [...words, placement] : words).join(' ');
  }
  if (transport === 'ring') return placement ?? stack;
  return placement === 'inline' ? `${transport} inline` : transport;
}

/** What a row is called by: two results with the same key are of one row. */
export function rowKey({ test, api }: Pick<Row, 'test' | 'api'>, load: Load): string {
  const { connections, size, response = size, neighbours = 0, resting = 0, program = '' } = load;
  return [test, api, connections, size, response, neighbours, resting, program].join(' ');
}

/** In this order, what the other sides of a row are compared with. */
const BASELINES = ['kernel', 'host', 'lan', 'lan inline', 'lan fifo', 'lan fifo inline'].concat([
  'port',
  'msgpack',
  'fifo',
  'fifo inline',
  'thread',
  'inic',
  'inline',
]);

/** @returns the side that the others of its row are compared with; undefined for no sides. */
export function baselineOf(sides: readonly Side[]): Side | undefined {
  const rank = (side: Side): number => BASELINES.indexOf(sideName(side));
  return [...sides].sort((a, b) => rank(a) - rank(b))[0];
}
