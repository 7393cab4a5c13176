/** The bench's end of the channel to the process of one side. */
import { ProcessClient } from '../process/client.ts';
import type { Repeat } from '../record/result.ts';
import type { Answer, Command, SidePlan, SideSummary } from './side-protocol.ts';

/** How much longer a command may take than it was asked to run. */
export const GRACE_MS = 30_000;

export class SideClient {
  private readonly process = new ProcessClient<Command, Answer>(new URL('./side.js', import.meta.url));
  private readonly graceMs: number;

  /** @param graceMs how much longer a command may take than it was asked to run. */
  constructor(graceMs = GRACE_MS) {
    this.graceMs = graceMs;
  }

  async open(plan: SidePlan): Promise<void> {
    await this.process.ask({ type: 'open', plan }, 'opened', this.graceMs);
  }

  async run(durationNs: number, warmup: boolean): Promise<Repeat> {
    const timeoutMs = durationNs / 1e6 + this.graceMs;
    return (await this.process.ask({ type: 'run', durationNs, warmup }, 'ran', timeoutMs)).repeat;
  }

  async close(): Promise<SideSummary> {
    return (await this.process.ask({ type: 'close' }, 'closed', this.graceMs)).summary;
  }

  /** Ends the process, whatever it is doing. What is waited for fails. */
  kill(): void {
    this.process.kill();
  }
}
