/**
 * How late a program's timers of 1 ms are while its sockets are busy, and what connections at rest cost:
 * `node dist/bench/promptness.js [seconds] [rounds] [connections]`. The kernel, a card inline and a card in a
 * thread, each in a process of its own, run in turns; shown are medians over the rounds.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { threadTimeNs } from '../src/linux/thread-time.ts';
import { install } from '../src/node/install.ts';
import { LatencyRecorder } from '../src/record/latency.ts';
import { spreadOf } from '../src/record/statistics.ts';
import { MachineClock } from '../src/time/clock.ts';
import { processCpuNs } from '../src/time/processor-time.ts';
import { alarm, pause } from '../src/time/timers.ts';
import { NetRequestResponse } from '../src/workloads/net-rr.ts';
import { NetStream } from '../src/workloads/net-stream.ts';
import type { Workload } from '../src/workloads/workload.ts';
import { openCard } from '../src/world/open/card.ts';

const SIDES = ['kernel', 'inline', 'thread'] as const;
type Side = (typeof SIDES)[number];
/** Loads beside which timers run: `idle` is none, connections at rest. */
const LOADS = ['TCP_RR x1', 'TCP_RR x32', 'TCP_STREAM x1', 'idle'] as const;
type LoadName = (typeof LOADS)[number];

const WARM_UP_NS = 1e9;
const SETTLE_MS = 1000;
const STRETCHES = 5;
const PERIOD_MS = 1;

/** What a side says of one run: microseconds by which timers were late, or seconds of processor a second. */
type Figures = readonly number[];

async function openLoad(name: LoadName, clock: MachineClock): Promise<Workload> {
  if (name === 'TCP_STREAM x1') return await NetStream.open(clock, { connections: 1, size: 65_536 });
  const connections = name === 'TCP_RR x32' ? 32 : 1;
  return await NetRequestResponse.open(clock, { connections, size: 64 });
}

/**
 * A chain of timers, each set when the one before it rings. How late they are has two measures: by the clock,
 * which counts what other processes take of the core too; and by the processor time that this thread has used
 * since it set the timer, beyond its own millisecond: for so long at most did its own work put it off.
 * @returns microseconds: p50 and p99 by the clock, p99 and most by processor time.
 */
async function lateness(workload: Workload, clock: MachineClock, ns: number): Promise<Figures> {
  const late = new LatencyRecorder();
  const own = new LatencyRecorder();
  let running = true;
  const set = (): void => {
    clock.update();
    const dueNs = clock.nowNs + PERIOD_MS * 1e6;
    const dueOwnNs = (threadTimeNs() ?? 0) + PERIOD_MS * 1e6;
    alarm(PERIOD_MS, () => {
      clock.update();
      late.record(clock.nowNs - dueNs);
      own.record((threadTimeNs() ?? 0) - dueOwnNs);
      if (running) set();
    });
  };
  set();
  await workload.run(ns, new LatencyRecorder());
  running = false;
  const byClock = late.summary();
  const byWork = own.summary();
  return [byClock?.p50 ?? 0, byClock?.p99 ?? 0, byWork?.p99 ?? 0, byWork?.max ?? 0];
}

async function restingCost(connections: number, ns: number): Promise<Figures> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  for (let i = 0; i < connections; i++) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    sockets.push(socket);
  }
  await pause(SETTLE_MS);
  // Now and then V8 gives memory back, connections or none: the median of several stretches has none of that.
  const parts: number[] = [];
  for (let i = 0; i < STRETCHES; i++) {
    const before = processCpuNs();
    await pause(ns / 1e6);
    parts.push((processCpuNs() - before) / ns);
  }
  return [spreadOf(parts).median];
}

/** The process of a side: it measures what it is told to, and sends the figures. */
async function serve(side: Side): Promise<void> {
  if (side !== 'kernel') install(await openCard({ placement: side }));
  const clock = new MachineClock();
  let workload: Workload | undefined;
  process.on('message', ({ load, ns, connections }: { load: LoadName; ns: number; connections: number }) => {
    const measure = async (): Promise<Figures> => {
      if (load === 'idle') return await restingCost(connections, ns);
      if (workload === undefined) {
        workload = await openLoad(load, clock);
        await workload.run(WARM_UP_NS, new LatencyRecorder());
      }
      return await lateness(workload, clock, ns);
    };
    measure().then(
      (figures) => process.send?.(figures),
      (error) => process.send?.(String(error)),
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.('open');
}

async function ask(child: ChildProcess, message: object): Promise<Figures> {
  child.send(message);
  const [figures] = await once(child, 'message');
  if (typeof figures === 'string') throw new Error(figures);
  return figures as Figures;
}

/** Runs of every side under one load, in turns. */
async function measureLoad(load: LoadName, ns: number, rounds: number, connections: number) {
  const children = await Promise.all(
    SIDES.map(async (side) => {
      const child = fork(fileURLToPath(import.meta.url), [side]);
      await once(child, 'message');
      return { side, child, runs: [] as Figures[] };
    }),
  );
  try {
    for (let i = 0; i < (load === 'idle' ? 1 : rounds); i++) {
      for (const { child, runs } of i % 2 === 0 ? children : children.toReversed()) {
        runs.push(await ask(child, { load, ns, connections }));
      }
    }
    return children.map(({ side, runs }) => ({
      side,
      figures: runs[0].map((_, i) => spreadOf(runs.map((run) => run[i])).median),
    }));
  } finally {
    for (const { child } of children) child.kill('SIGKILL');
  }
}

async function main([seconds = 1, rounds = 7, connections = 1000]: readonly number[]): Promise<void> {
  console.log(
    `timers of ${PERIOD_MS} ms, late by (µs; medians of ${rounds} runs of ${seconds} s); ` +
      "beyond: p99 of own work less the kernel's",
  );
  for (const load of LOADS) {
    const measured = await measureLoad(load, seconds * 1e9, rounds, connections);
    const [{ figures: kernel }] = measured;
    for (const { side, figures } of measured) {
      const name = `${load.padEnd(14)} ${side.padEnd(7)}`;
      if (load === 'idle') {
        console.log(
          `${connections} connections at rest, ${side}: ${(100 * figures[0]).toFixed(2)} % of a core`,
        );
        continue;
      }
      const [p50, p99, work, most] = figures.map((us) => us.toFixed(0));
      const beyond = (figures[2] - kernel[2]).toFixed(0);
      console.log(
        `${name} clock: p50 ${p50}, p99 ${p99}; own work: p99 ${work}, most ${most}; ` + `beyond ${beyond}`,
      );
    }
  }
}

const [first] = process.argv.slice(2);
const side = SIDES.find((name) => name === first);
if (side === undefined) await main(process.argv.slice(2).map(Number));
else await serve(side);
