/** A whole trace of a tour breaks no rule; cut into, it breaks the rule that the cut is of, at the frame cut. */
import { expect, it } from 'vitest';
import type { Surgery } from './surgery-cuts.ts';
import { judgeTape, type Tape } from './trace-surgery.ts';

/** @param transport of the trace: cuts of another are left out. */
export function cutsAreTold(whole: Tape, surgeries: readonly Surgery[], transport: string): void {
  it('breaks no rule as it is', () => {
    expect(judgeTape(whole)).toEqual([]);
  });

  const meant = surgeries.filter((surgery) => (surgery.transport ?? transport) === transport);
  it.each(meant.map((surgery) => [surgery.name, surgery] as const))('%s', (_name, surgery) => {
    const tape = whole.copy();
    const frame = surgery.cut(tape);
    const found = judgeTape(tape);
    const lines = found.map((v) => `${v.rule} at ${v.frame}: ${v.seen}`);
    if (surgery.follows) {
      expect(
        found.map(({ rule }) => rule),
        lines.join('\n'),
      ).toContain(surgery.rule);
      return;
    }
    expect(found[0]?.rule, lines.join('\n')).toBe(surgery.rule);
    if (surgery.end !== true) expect(found[0].frame, lines.join('\n')).toBe(tape.numberOf(frame!));
  });
}
