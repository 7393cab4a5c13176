/** Turns the options of a bench into the rows that will be measured. */
import { basename } from 'node:path';
import {
  type Api,
  type BenchOptions,
  type Load,
  type Row,
  type Side,
  type Test,
  type TestName,
  usesPostMessage,
  WORKLOAD,
} from '../record/row.ts';

/** Connections and sizes with which a test runs by default. */
const DEFAULT_CONNECTIONS: Readonly<Record<TestName, readonly number[]>> = {
  MSG_RR: [1],
  MSG_STREAM: [1],
  TCP_RR: [1, 32],
  TCP_CRR: [1],
  TCP_STREAM: [1],
  TCP_MAERTS: [1],
  UDP_RR: [1],
  UDP_STREAM: [1],
  HTTP: [1],
  WORKLOAD: [1],
};
const DEFAULT_SIZES: Readonly<Record<TestName, readonly number[]>> = {
  MSG_RR: [0],
  MSG_STREAM: [0],
  TCP_RR: [64],
  TCP_CRR: [64],
  TCP_STREAM: [65_536],
  TCP_MAERTS: [65_536],
  UDP_RR: [64],
  UDP_STREAM: [1472],
  HTTP: [1024],
  WORKLOAD: [64],
};

const PORT: Side = { stack: 'inic', transport: 'port' };
const KERNEL: Side = { stack: 'kernel', transport: null };
const HOST: Side = { stack: 'host', transport: null };

export function isMessageTest(test: TestName): boolean {
  return test === 'MSG_RR' || test === 'MSG_STREAM';
}

/** Whether a test has requests and responses, whose sizes may differ. */
export function hasResponses(test: TestName): boolean {
  return test === 'TCP_RR' || test === 'TCP_CRR' || test === 'UDP_RR';
}

/** The interfaces by which a test can be measured. */
export function apisOf(test: TestName): readonly Api[] {
  if (isMessageTest(test)) return ['message'];
  if (test === 'HTTP' || test === WORKLOAD) return ['net'];
  return test === 'UDP_RR' || test === 'UDP_STREAM' ? ['socket'] : ['net', 'socket'];
}

/**
 * @param kernelCalls whether the kernel can be measured by socket calls here.
 * @returns a row for each combination that has a side to measure, those beside one number of neighbours
 *   together.
 */
export function planRows(options: BenchOptions, kernelCalls: boolean): Row[] {
  const tests: readonly TestName[] = options.workload === undefined ? options.tests : [WORKLOAD];
  return options.neighbours.flatMap((neighbours) =>
    tests.flatMap((test) => rowsOf(test, options, kernelCalls, neighbours)),
  );
}

function rowsOf(test: TestName, options: BenchOptions, kernelCalls: boolean, neighbours: number): Row[] {
  const apis = apisOf(test).filter((api) => api === 'message' || options.apis.includes(api));
  return apis.flatMap((api) => {
    const sides = sidesOf(api, options, kernelCalls);
    if (sides.length === 0) return [];
    return loadsOf(test, options).map((load) => {
      const beside = neighbours === 0 ? load : { ...load, neighbours };
      return { test, api, load: beside, sides };
    });
  });
}

/**
 * A single transport is compared with what is used without a card: postMessage for messages, the kernel for
 * sockets. Several transports are compared with each other, and for sockets also with the kernel.
 */
function sidesOf(api: Api, options: BenchOptions, kernelCalls: boolean): Side[] {
  const { transports, placements } = options;
  const inic: Side[] = options.stacks.includes('inic')
    ? transports.flatMap((t) => cardSides(t, placements))
    : [];
  if (api === 'message') {
    return transports.length === 1 && inic.length > 0 && !usesPostMessage(inic[0]) ? [...inic, PORT] : inic;
  }
  const cards = inic.filter((side) => !usesPostMessage(side));
  const kernel = options.stacks.includes('kernel') && (api === 'net' || kernelCalls);
  // The host's own stack has no drop-in for node:net, whatever it runs over.
  const own = api === 'socket' ? options.stacks : [];
  const host = own.includes('host') ? [HOST] : [];
  const lan = own.includes('lan') ? transports.flatMap((t) => cardSides(t, placements, 'lan')) : [];
  return [...cards, ...lan, ...host, ...(kernel ? [KERNEL] : [])];
}

function cardSides(
  transport: BenchOptions['transports'][number],
  placements: BenchOptions['placements'],
  stack: 'inic' | 'lan' = 'inic',
): Side[] {
  const side: Side = { stack, transport };
  return usesPostMessage(side) ? [side] : placements.map((placement) => ({ ...side, placement }));
}

function loadsOf(test: TestName, options: BenchOptions): Load[] {
  const connections = options.connections ?? DEFAULT_CONNECTIONS[test];
  const program = options.workload === undefined ? {} : { program: basename(options.workload) };
  return connections.flatMap((count) =>
    sizesOf(test, options).map((sizes) => ({ connections: count, ...sizes, ...program })),
  );
}

function sizesOf(test: TestName, options: BenchOptions): Pick<Load, 'size' | 'response'>[] {
  const { requestResponse, sizes } = options;
  if (requestResponse === undefined || !hasResponses(test)) {
    return (sizes ?? DEFAULT_SIZES[test]).map((size) => ({ size }));
  }
  const [size, response] = requestResponse;
  return [response === size ? { size } : { size, response }];
}

/** Least and most bytes of what a test moves at a time. */
export function sizeRange(test: Test): readonly [least: number, most: number] {
  if (isMessageTest(test)) return [0, 1 << 20];
  return test === 'UDP_RR' || test === 'UDP_STREAM' ? [1, 65_507] : [1, 1 << 20];
}
