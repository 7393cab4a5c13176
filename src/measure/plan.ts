/** Turns the options of a bench into the rows that will be measured. */
import {
  type Api,
  type BenchOptions,
  type Load,
  type Row,
  type Side,
  type Test,
  usesPostMessage,
} from '../record/row.ts';

/** Connections and sizes with which a test runs by default. */
const DEFAULT_CONNECTIONS: Readonly<Record<Test, readonly number[]>> = {
  MSG_RR: [1],
  MSG_STREAM: [1],
  TCP_RR: [1, 32],
  TCP_CRR: [1],
  TCP_STREAM: [1],
  HTTP: [1],
};
const DEFAULT_SIZES: Readonly<Record<Test, readonly number[]>> = {
  MSG_RR: [64],
  MSG_STREAM: [64],
  TCP_RR: [64],
  TCP_CRR: [64],
  TCP_STREAM: [65_536],
  HTTP: [1024],
};

const PORT: Side = { stack: 'inic', transport: 'port' };
const KERNEL: Side = { stack: 'kernel', transport: null };

export function isMessageTest(test: Test): boolean {
  return test === 'MSG_RR' || test === 'MSG_STREAM';
}

/**
 * @param kernelCalls whether the kernel can be measured by socket calls here.
 * @returns a row for each combination that has a side to measure.
 */
export function planRows(options: BenchOptions, kernelCalls: boolean): Row[] {
  return options.tests.flatMap((test) =>
    apisOf(test, options).flatMap((api) => {
      const sides = sidesOf(api, options, kernelCalls);
      return sides.length === 0 ? [] : loadsOf(test, options).map((load) => ({ test, api, load, sides }));
    }),
  );
}

function apisOf(test: Test, options: BenchOptions): readonly Api[] {
  if (isMessageTest(test)) return ['message'];
  return test === 'HTTP' ? options.apis.filter((api) => api === 'net') : options.apis;
}

/**
 * A single transport is compared with what is used without a card: postMessage for messages, the kernel for
 * sockets. Several transports are compared with each other, and for sockets also with the kernel.
 */
function sidesOf(api: Api, options: BenchOptions, kernelCalls: boolean): Side[] {
  const inic: Side[] = options.stacks.includes('inic')
    ? options.transports.map((transport) => ({ stack: 'inic', transport }))
    : [];
  if (api === 'message') return inic.length === 1 && !usesPostMessage(inic[0]) ? [...inic, PORT] : inic;
  const cards = inic.filter((side) => !usesPostMessage(side));
  const kernel = options.stacks.includes('kernel') && (api === 'net' || kernelCalls);
  return kernel ? [...cards, KERNEL] : cards;
}

function loadsOf(test: Test, options: BenchOptions): Load[] {
  const connections = isMessageTest(test) ? [1] : (options.connections ?? DEFAULT_CONNECTIONS[test]);
  const sizes = isMessageTest(test) ? DEFAULT_SIZES[test] : (options.sizes ?? DEFAULT_SIZES[test]);
  return connections.flatMap((count) => sizes.map((size) => ({ connections: count, size })));
}
