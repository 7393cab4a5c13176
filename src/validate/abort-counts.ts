/** Whether UtilAbort says how many requests, buckets and contexts it ended: rule T-11. */
import type { Findings } from './findings.ts';
import type { MessageRow } from './message-rows.ts';

export class AbortCounts {
  private readonly findings: Findings;
  /** By target: what was told to be ended, less what has come back as such. */
  private readonly owed = [0, 0];
  private readonly waiting = [0, 0];

  constructor(findings: Findings) {
    this.findings = findings;
  }

  /** UtilAbort is posted. */
  posted(target: number): void {
    this.waiting[target] += 1;
  }

  /** Requests, buckets or contexts came back with an ABORT status. */
  ended(target: number, count: number): void {
    this.owed[target] -= count;
  }

  /** UtilAbort is answered. What it ended comes before; buckets and contexts may come behind. */
  answered(row: MessageRow, told: number): void {
    const { target } = row;
    this.waiting[target] = Math.max(0, this.waiting[target] - 1);
    this.owed[target] += told >>> 0;
    if (this.waiting[target] > 0 || this.owed[target] >= 0) return;
    const seen = `${row.name}: ${told >>> 0} requests ended, and ${-this.owed[target]} more came back as such`;
    this.findings.report('T-11', target, seen);
    this.owed[target] = 0;
  }

  /** The trace has ended, and everything has come back. */
  finish(): void {
    this.owed.forEach((owed, target) => {
      if (owed === 0 || this.waiting[target] > 0) return;
      const what = owed > 0 ? `${owed} fewer` : `${-owed} more`;
      this.findings.report(
        'T-11',
        target,
        `${what} requests came back as aborted than UtilAbort was said to end`,
      );
    });
  }

  /** The IOP was reset, or cleared: nothing comes back any more. */
  reset(): void {
    this.owed.fill(0);
    this.waiting.fill(0);
  }
}
