/**
 * A program of the user's own, as a module that opens what is measured: see docs/bench.md. It knows neither
 * stack nor clock: which stack serves its sockets is decided outside, and how long it runs as well.
 */
import { pathToFileURL } from 'node:url';
import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { Clock } from '../time/clock.ts';
import { type Counts, SAMPLE_MASK, type Workload } from './workload.ts';

/** What the module's `open` answers. */
export interface OwnProgram {
  /**
   * Does one operation, such as a request with its response. Each connection is asked again when its last
   * operation is over. @param connection from 0. @returns the bytes it moved, if it likes to say.
   */
  operation(connection: number): Promise<number | undefined> | number | undefined;
  /** Closes all that was opened. */
  close(): Promise<void> | void;
}

/** What the module exports as `open`, or as its default. */
export type OpenOwn = (load: { connections: number; size: number }) => Promise<OwnProgram> | OwnProgram;

export class OwnWorkload implements Workload {
  private readonly clock: Clock;
  private readonly program: OwnProgram;
  private readonly connections: number;

  private constructor(clock: Clock, program: OwnProgram, connections: number) {
    this.clock = clock;
    this.program = program;
    this.connections = connections;
  }

  /** @throws Error when the module cannot be loaded, or is not as it must be. */
  static async open(clock: Clock, { connections, size }: Load, path: string): Promise<OwnWorkload> {
    const module = (await import(pathToFileURL(path).href)) as { open?: unknown; default?: unknown };
    const open = module.open ?? module.default;
    if (typeof open !== 'function') throw new Error(`${path}: expected a function exported as "open"`);
    const program = (await (open as OpenOwn)({ connections, size })) as Partial<OwnProgram> | undefined;
    for (const name of ['operation', 'close'] as const) {
      if (typeof program?.[name] === 'function') continue;
      throw new Error(`${path}: expected "open" to answer an object with a function "${name}"`);
    }
    return new OwnWorkload(clock, program as OwnProgram, connections);
  }

  async run(durationNs: number, latency: LatencyRecorder): Promise<Counts> {
    const { clock } = this;
    clock.update();
    const startNs = clock.nowNs;
    const endNs = startNs + durationNs;
    const each = await Promise.all(
      Array.from({ length: this.connections }, (_, i) => this.repeat(i, endNs, latency)),
    );
    clock.update();
    const operations = each.reduce((sum, one) => sum + one.operations, 0);
    const bytes = each.reduce((sum, one) => sum + one.bytes, 0);
    return { operations, bytes, elapsedNs: clock.nowNs - startNs, spinNs: 0 };
  }

  async close(): Promise<void> {
    await this.program.close();
  }

  /** One connection's operations, one after the other, until the time is up. */
  private async repeat(
    connection: number,
    endNs: number,
    latency: LatencyRecorder,
  ): Promise<{ operations: number; bytes: number }> {
    const { clock, program } = this;
    let [operations, bytes] = [0, 0];
    do {
      clock.update();
      const sinceNs = clock.nowNs;
      bytes += (await program.operation(connection)) ?? 0;
      clock.update();
      if ((operations & SAMPLE_MASK) === 0) latency.record(clock.nowNs - sinceNs);
      operations += 1;
    } while (clock.nowNs < endNs);
    return { operations, bytes };
  }
}
