/**
 * The process of one side of one row. Each has a process of its own, so that no side's code is optimised for
 * the objects of another and no row inherits the heap of another. The bench runs the sides in turns: the
 * others rest while one is measured.
 */

import { obeyCommands } from '../process/obey.ts';
import { LatencyRecorder } from '../record/latency.ts';
import type { Counters, Repeat } from '../record/result.ts';
import { rateUnit } from '../record/row.ts';
import type { Counts } from '../workloads/workload.ts';
import type { LedgerSnapshot } from '../world/open/card.ts';
import { type Cost, Observation } from './observe.ts';
import { type OpenSide, openSide } from './open-side.ts';
import type { Answer, Command, SidePlan } from './side-protocol.ts';

class SideProcess {
  private plan: SidePlan | undefined;
  private side: OpenSide | undefined;
  private readonly overall = new LatencyRecorder();
  private readonly latency = new LatencyRecorder();

  async obey(command: Command): Promise<Answer> {
    switch (command.type) {
      case 'open':
        this.plan = command.plan;
        this.side = await openSide(command.plan);
        return { type: 'opened' };
      case 'run':
        return { type: 'ran', repeat: await this.run(command.durationNs, command.warmup) };
      case 'close':
        return await this.close();
    }
  }

  private async run(durationNs: number, warmup: boolean): Promise<Repeat> {
    const { plan, side } = this;
    if (plan === undefined || side === undefined) throw new Error('run before open');
    const books = side.books;
    this.latency.reset();
    const observation = new Observation();
    const ledgerBefore = side.ledger?.() ?? books?.ledger();
    // Of a card in this thread nobody can tell its time and heap from the program's.
    const apart = plan.side.placement === 'inline' ? undefined : books;
    const iopCpuBefore = apart?.iopCpuNs() ?? null;
    const iopHeapBefore = apart?.iopHeapBytes() ?? null;
    observation.start();
    const counts = await side.workload.run(durationNs, this.latency);
    const cost = observation.stop();
    if (counts.operations === 0) throw new Error('nothing moved');
    const iopCpuAfter = apart?.iopCpuNs() ?? null;
    const iopHeapAfter = apart?.iopHeapBytes() ?? null;
    const ledgerAfter = side.ledger?.() ?? books?.ledger();
    if (!warmup) this.overall.add(this.latency);
    return {
      ...repeatOf(plan, counts, cost),
      latencyUs: this.latency.summary() ?? null,
      iopCpuNs: difference(iopCpuAfter, iopCpuBefore),
      iopHeapGrowthBytes: difference(iopHeapAfter, iopHeapBefore),
      ledger:
        ledgerBefore === undefined || ledgerAfter === undefined ? null : growth(ledgerBefore, ledgerAfter),
    };
  }

  private async close(): Promise<Answer> {
    const configuration = this.side?.books?.configuration ?? null;
    const reconciliation = (await this.side?.close()) ?? null;
    return {
      type: 'closed',
      summary: {
        latencyUs: this.overall.summary() ?? null,
        configuration,
        reconciliation,
        traceFailure: this.side?.traceFailure?.() ?? '',
      },
    };
  }
}

type PlainRepeat = Omit<Repeat, 'latencyUs' | 'iopCpuNs' | 'iopHeapGrowthBytes' | 'ledger'>;

function repeatOf(plan: SidePlan, counts: Counts, cost: Cost): PlainRepeat {
  const { operations, bytes, elapsedNs, spinNs } = counts;
  const counted = rateUnit(plan.test) === 'B/s' ? bytes : operations;
  return {
    rate: (counted / elapsedNs) * 1e9,
    operations,
    bytes,
    elapsedNs,
    hostCpuNs: cost.cpuNs ?? null,
    hostSpinNs: spinNs,
    processCpuNs: cost.processCpuNs,
    ...(counts.lost === undefined ? {} : { lost: counts.lost }),
    hostAllocatedBytes: cost.allocatedBytes,
    collections: cost.collections,
    residentBytes: cost.residentBytes,
  };
}

/** By how much each counter grew. A counter has one writer, so the two blocks never both have a value. */
function growth(before: LedgerSnapshot, after: LedgerSnapshot): Counters {
  const counters: Record<string, number> = {};
  for (const block of ['host', 'iop'] as const) {
    for (const [name, value] of Object.entries(after[block])) {
      const grown = value - (before[block][name] ?? 0);
      if (grown !== 0) counters[name] = (counters[name] ?? 0) + grown;
    }
  }
  return counters;
}

function difference(after: number | null, before: number | null): number | null {
  return after === null || before === null ? null : after - before;
}

const sideProcess = new SideProcess();
obeyCommands((command: Command) => sideProcess.obey(command));
// Ctrl-C goes to every process of the terminal: it is the bench that ends its sides.
process.on('SIGINT', () => {});
