import { afterEach, describe, expect, it } from 'vitest';
import { KernelStack } from '../../src/linux/kernel-stack.ts';
import { loadLibc } from '../../src/linux/libc.ts';
import { Observation, threadCpuNs } from '../../src/measure/observe.ts';
import { LatencyRecorder } from '../../src/record/latency.ts';
import type { Load } from '../../src/record/row.ts';
import type { SocketStack } from '../../src/socket/contract.ts';
import { EAGAIN, ECONNRESET } from '../../src/socket/errno.ts';
import { MachineClock } from '../../src/time/clock.ts';
import { HttpKeepAlive } from '../../src/workloads/http.ts';
import { NetConnectRequestResponse } from '../../src/workloads/net-crr.ts';
import { NetRequestResponse } from '../../src/workloads/net-rr.ts';
import { NetStream } from '../../src/workloads/net-stream.ts';
import { PairWorkload } from '../../src/workloads/pair-workload.ts';
import type { Workload } from '../../src/workloads/workload.ts';

const RUN_NS = 20e6;
const LOADS: readonly Load[] = [
  { connections: 1, size: 1 },
  { connections: 3, size: 64 },
  { connections: 2, size: 100_003 },
];

let open: Workload | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

/** Two runs in a row: the second must be able to go on where the first stopped. */
async function runTwice(
  workload: Workload,
  load: Load,
  bytesPerOperation: number,
  samples: boolean,
): Promise<void> {
  open = workload;
  for (let i = 0; i < 2; i++) {
    const latency = new LatencyRecorder();
    const counts = await workload.run(RUN_NS, latency);
    expect(counts.operations, `${load.size} B x${load.connections}`).toBeGreaterThan(0);
    expect(counts.bytes).toBe(Math.round(counts.operations * bytesPerOperation));
    expect(counts.elapsedNs).toBeGreaterThanOrEqual(RUN_NS);
    if (samples && i === 0) expect(latency.count).toBeGreaterThan(0);
  }
}

describe('node:net programs on the kernel', () => {
  it.each(LOADS)('TCP_RR $size B x$connections', async (load) => {
    await runTwice(await NetRequestResponse.open(new MachineClock(), load), load, 2 * load.size, true);
  });

  it.each(LOADS)('TCP_CRR $size B x$connections', async (load) => {
    await runTwice(await NetConnectRequestResponse.open(new MachineClock(), load), load, 2 * load.size, true);
  });

  it.each(LOADS)('TCP_STREAM $size B x$connections', async (load) => {
    await runTwice(await NetStream.open(new MachineClock(), load), load, load.size, false);
  });

  it.each(LOADS)('HTTP $size B x$connections', async (load) => {
    await runTwice(await HttpKeepAlive.open(new MachineClock(), load), load, load.size, true);
  });
});

const libc = loadLibc();

describe.skipIf(libc === undefined)('programs of socket calls on the kernel', () => {
  if (libc === undefined) return;

  it.each(LOADS)('TCP_RR $size B x$connections', async (load) => {
    const workload = new PairWorkload('TCP_RR', new KernelStack(libc), new MachineClock(), load);
    await runTwice(workload, load, 2 * load.size, true);
  });

  it.each(LOADS)('TCP_CRR $size B x$connections', async (load) => {
    const workload = new PairWorkload('TCP_CRR', new KernelStack(libc), new MachineClock(), load);
    await runTwice(workload, load, 2 * load.size, true);
  });

  it.each(LOADS)('TCP_STREAM $size B x$connections', async (load) => {
    await runTwice(
      new PairWorkload('TCP_STREAM', new KernelStack(libc), new MachineClock(), load),
      load,
      load.size,
      false,
    );
  });

  it('a call that fails ends the run with its name and errno', async () => {
    const kernel = new KernelStack(libc);
    const broken: SocketStack = Object.create(kernel, { recv: { value: () => -ECONNRESET } });
    const run = async (): Promise<unknown> => {
      open = new PairWorkload('TCP_RR', broken, new MachineClock(), LOADS[1]);
      return open.run(RUN_NS, new LatencyRecorder());
    };
    await expect(run()).rejects.toThrow('recv failed with ECONNRESET');
  });

  it('a stack that delivers other bytes is found out', async () => {
    const kernel = new KernelStack(libc);
    const recv = (socket: number, bytes: Uint8Array, offset: number, length: number): number => {
      const got = kernel.recv(socket, bytes, offset, length);
      if (got > 0) bytes[offset] ^= 1;
      return got;
    };
    const broken: SocketStack = Object.create(kernel, { recv: { value: recv } });
    open = new PairWorkload('TCP_RR', broken, new MachineClock(), LOADS[1]);
    await expect(open.run(RUN_NS, new LatencyRecorder())).rejects.toThrow('other bytes');
  });

  it('counts passes that found nothing as polling in vain', async () => {
    const kernel = new KernelStack(libc);
    let calls = 0;
    // Two looks of three find nothing, as on a stack whose work is done by another thread.
    const recv = (socket: number, bytes: Uint8Array, offset: number, length: number): number =>
      calls++ % 3 < 2 ? -EAGAIN : kernel.recv(socket, bytes, offset, length);
    const slow: SocketStack = Object.create(kernel, { recv: { value: recv } });
    open = new PairWorkload('TCP_RR', slow, new MachineClock(), { connections: 1, size: 64 });
    const counts = await open.run(RUN_NS, new LatencyRecorder());
    expect(counts.spinNs).toBeGreaterThan(0);
    expect(counts.spinNs).toBeLessThanOrEqual(counts.elapsedNs);
  });
});

describe('Observation', () => {
  it('counts what was allocated, collected or not', () => {
    const observation = new Observation();
    observation.start();
    let last: object = [];
    for (let i = 0; i < 300_000; i++) last = [last === undefined, i];
    const cost = observation.stop();
    expect(last).toBeDefined();
    expect(cost.allocatedBytes / 300_000).toBeGreaterThan(16);
    expect(cost.allocatedBytes / 300_000).toBeLessThan(200);
    expect(cost.residentBytes).toBeGreaterThan(1e6);
  });

  it.skipIf(threadCpuNs() === undefined)('sees the thread at work', () => {
    const observation = new Observation();
    observation.start();
    const clock = new MachineClock();
    const startNs = clock.nowNs;
    while (clock.nowNs - startNs < 30e6) clock.update();
    expect(observation.stop().cpuNs).toBeGreaterThan(5e6);
  });
});
