import { describe, expect, it } from 'vitest';
import { planRows } from '../../src/measure/plan.ts';
import { type BenchOptions, DEFAULT_TESTS, PLACEMENTS, sideName } from '../../src/record/row.ts';
import { BENCH_OPTIONS } from './options.ts';

const ALL: BenchOptions = { ...BENCH_OPTIONS, tests: DEFAULT_TESTS };

function rowsOf(options: Partial<BenchOptions>, kernelCalls = true): string[] {
  return planRows({ ...ALL, ...options }, kernelCalls).map(
    ({ test, api, load, sides }) =>
      `${test} ${api} ${load.size}x${load.connections} ${sides.map(sideName).join('+')}`,
  );
}

describe('planRows', () => {
  it('runs every test on both interfaces and both stacks by default', () => {
    expect(rowsOf({})).toEqual([
      'MSG_RR message 0x1 thread+port',
      'MSG_STREAM message 0x1 thread+port',
      'TCP_RR net 64x1 thread+kernel',
      'TCP_RR net 64x32 thread+kernel',
      'TCP_RR socket 64x1 thread+kernel',
      'TCP_RR socket 64x32 thread+kernel',
      'TCP_CRR net 64x1 thread+kernel',
      'TCP_CRR socket 64x1 thread+kernel',
      'TCP_STREAM net 65536x1 thread+kernel',
      'TCP_STREAM socket 65536x1 thread+kernel',
      'HTTP net 1024x1 thread+kernel',
    ]);
  });

  it('measures several transports beside each other, and sockets over those that carry them', () => {
    const four = { transports: ['ring', 'fifo', 'port', 'msgpack'] } as const;
    expect(rowsOf({ ...four, tests: ['MSG_RR', 'MSG_STREAM'] })).toEqual([
      'MSG_RR message 0x1 thread+fifo+port+msgpack',
      'MSG_STREAM message 0x1 thread+fifo+port+msgpack',
    ]);
    expect(rowsOf({ transports: ['ring', 'fifo'], tests: ['TCP_CRR'], apis: ['net'] })).toEqual([
      'TCP_CRR net 64x1 thread+fifo+kernel',
    ]);
  });

  it('measures one transport beside what is usual, or alone if it is that', () => {
    expect(rowsOf({ tests: ['MSG_RR'], transports: ['fifo'] })).toEqual(['MSG_RR message 0x1 fifo+port']);
    expect(rowsOf({ tests: ['MSG_RR'], transports: ['msgpack'] })).toEqual(['MSG_RR message 0x1 msgpack']);
  });

  it('measures it over a card of network ports, by socket calls and in every placement', () => {
    const stacks = ['host', 'lan'] as const;
    expect(rowsOf({ stacks, tests: ['TCP_RR', 'HTTP'], connections: [1], placements: PLACEMENTS })).toEqual([
      'TCP_RR socket 64x1 lan+lan inline+host',
    ]);
  });

  it("measures the host's own stack by socket calls", () => {
    expect(rowsOf({ stacks: ['inic', 'kernel', 'host'], tests: ['TCP_RR'], connections: [1] })).toEqual([
      'TCP_RR net 64x1 thread+kernel',
      'TCP_RR socket 64x1 thread+host+kernel',
    ]);
    expect(rowsOf({ stacks: ['host'], tests: ['TCP_RR', 'HTTP', 'MSG_RR'], connections: [1] })).toEqual([
      'TCP_RR socket 64x1 host',
    ]);
  });

  it('makes a row of each combination of the lists', () => {
    expect(rowsOf({ tests: ['TCP_RR'], apis: ['socket'], connections: [1, 8], sizes: [64, 1024] })).toEqual([
      'TCP_RR socket 64x1 thread+kernel',
      'TCP_RR socket 1024x1 thread+kernel',
      'TCP_RR socket 64x8 thread+kernel',
      'TCP_RR socket 1024x8 thread+kernel',
    ]);
  });

  it('has a side for each placement of the card, over each transport', () => {
    const both = { placements: ['thread', 'inline'] } as const;
    expect(rowsOf({ ...both, tests: ['TCP_CRR'], apis: ['net'] })).toEqual([
      'TCP_CRR net 64x1 thread+inline+kernel',
    ]);
    expect(rowsOf({ ...both, tests: ['MSG_RR'], transports: ['ring', 'fifo', 'port'] })).toEqual([
      'MSG_RR message 0x1 thread+inline+fifo+fifo inline+port',
    ]);
    expect(rowsOf({ ...both, tests: ['MSG_RR'] })).toEqual(['MSG_RR message 0x1 thread+inline+port']);
  });

  it('has sizes of requests and responses apart, where a test has both', () => {
    const rows = planRows({ ...ALL, tests: ['TCP_CRR', 'UDP_RR'], requestResponse: [100, 200] }, true);
    expect(rows.map(({ load }) => load)).toEqual([
      { connections: 1, size: 100, response: 200 },
      { connections: 1, size: 100, response: 200 },
      { connections: 1, size: 100, response: 200 },
    ]);
    const [same] = planRows({ ...ALL, tests: ['UDP_RR'], requestResponse: [9, 9] }, true);
    expect(same.load).toEqual({ connections: 1, size: 9 });
  });

  it('measures all rows beside each number of neighbours', () => {
    const rows = planRows({ ...ALL, tests: ['TCP_CRR', 'HTTP'], apis: ['net'], neighbours: [0, 2] }, true);
    expect(rows.map(({ test, load }) => [test, load.neighbours])).toEqual([
      ['TCP_CRR', undefined],
      ['HTTP', undefined],
      ['TCP_CRR', 2],
      ['HTTP', 2],
    ]);
  });

  it('measures datagrams by socket calls, and the other way of a stream by both', () => {
    const tests = ['TCP_MAERTS', 'UDP_RR', 'UDP_STREAM'] as const;
    expect(rowsOf({ tests })).toEqual([
      'TCP_MAERTS net 65536x1 thread+kernel',
      'TCP_MAERTS socket 65536x1 thread+kernel',
      'UDP_RR socket 64x1 thread+kernel',
      'UDP_STREAM socket 1472x1 thread+kernel',
    ]);
    expect(rowsOf({ tests: ['UDP_RR'], apis: ['net'] })).toEqual([]);
  });

  it('measures a program of the user’s own in place of the tests', () => {
    const [row, ...more] = planRows({ ...ALL, workload: '/a/b/ping.js' }, true);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ test: 'WORKLOAD', api: 'net', load: { program: 'ping.js', size: 64 } });
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
      'TCP_CRR net 64x1 thread+kernel',
      'TCP_CRR socket 64x1 thread',
    ]);
    expect(rowsOf({ tests: ['TCP_CRR'], apis: ['socket'], stacks: ['kernel'] }, false)).toEqual([]);
  });
});
