import { describe, expect, it } from 'vitest';
import { planRows } from '../../src/measure/plan.ts';
import { type BenchOptions, sideName, TESTS } from '../../src/record/row.ts';

const ALL: BenchOptions = {
  tests: TESTS,
  stacks: ['inic', 'kernel'],
  transports: ['ring'],
  apis: ['net', 'socket'],
  connections: undefined,
  sizes: undefined,
  durationSeconds: 1,
  warmupSeconds: 0.5,
  repeats: 5,
};

function rowsOf(options: Partial<BenchOptions>, kernelCalls = true): string[] {
  return planRows({ ...ALL, ...options }, kernelCalls).map(
    ({ test, api, load, sides }) =>
      `${test} ${api} ${load.size}x${load.connections} ${sides.map(sideName).join('+')}`,
  );
}

describe('planRows', () => {
  it('runs every test on both interfaces and both stacks by default', () => {
    expect(rowsOf({})).toEqual([
      'MSG_RR message 64x1 inic+postMessage',
      'MSG_STREAM message 64x1 inic+postMessage',
      'TCP_RR net 64x1 inic+kernel',
      'TCP_RR net 64x32 inic+kernel',
      'TCP_RR socket 64x1 inic+kernel',
      'TCP_RR socket 64x32 inic+kernel',
      'TCP_CRR net 64x1 inic+kernel',
      'TCP_CRR socket 64x1 inic+kernel',
      'TCP_STREAM net 65536x1 inic+kernel',
      'TCP_STREAM socket 65536x1 inic+kernel',
      'HTTP net 1024x1 inic+kernel',
    ]);
  });

  it('measures several transports beside each other, and sockets over those that carry them', () => {
    const four = { transports: ['ring', 'fifo', 'port', 'msgpack'] } as const;
    expect(rowsOf({ ...four, tests: ['MSG_RR', 'MSG_STREAM'] })).toEqual([
      'MSG_RR message 64x1 inic+fifo+postMessage+msgpack',
      'MSG_STREAM message 64x1 inic+fifo+postMessage+msgpack',
    ]);
    expect(rowsOf({ transports: ['ring', 'fifo'], tests: ['TCP_CRR'], apis: ['net'] })).toEqual([
      'TCP_CRR net 64x1 inic+fifo+kernel',
    ]);
  });

  it('measures one transport beside what is usual, or alone if it is that', () => {
    expect(rowsOf({ tests: ['MSG_RR'], transports: ['fifo'] })).toEqual([
      'MSG_RR message 64x1 fifo+postMessage',
    ]);
    expect(rowsOf({ tests: ['MSG_RR'], transports: ['msgpack'] })).toEqual(['MSG_RR message 64x1 msgpack']);
  });

  it('makes a row of each combination of the lists', () => {
    expect(rowsOf({ tests: ['TCP_RR'], apis: ['socket'], connections: [1, 8], sizes: [64, 1024] })).toEqual([
      'TCP_RR socket 64x1 inic+kernel',
      'TCP_RR socket 1024x1 inic+kernel',
      'TCP_RR socket 64x8 inic+kernel',
      'TCP_RR socket 1024x8 inic+kernel',
    ]);
  });

  it('measures one stack alone when asked to', () => {
    expect(rowsOf({ tests: ['HTTP'], stacks: ['kernel'] })).toEqual(['HTTP net 1024x1 kernel']);
  });

  it('leaves the message layer out where the card is', () => {
    expect(rowsOf({ tests: ['MSG_RR', 'MSG_STREAM'], stacks: ['kernel'] })).toEqual([]);
  });

  it('has no HTTP by socket calls', () => {
    expect(rowsOf({ tests: ['HTTP'], apis: ['socket'] })).toEqual([]);
  });

  it('leaves out the kernel, and only by socket calls, where libc cannot be called', () => {
    expect(rowsOf({ tests: ['TCP_CRR'] }, false)).toEqual([
      'TCP_CRR net 64x1 inic+kernel',
      'TCP_CRR socket 64x1 inic',
    ]);
    expect(rowsOf({ tests: ['TCP_CRR'], apis: ['socket'], stacks: ['kernel'] }, false)).toEqual([]);
  });
});
