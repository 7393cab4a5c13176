import { it } from 'vitest';
import { grandTour } from './grand-tour.ts';
import { judgeTape } from './trace-surgery.ts';
for (const t of ['ring','fifo'] as const) it(t, () => {
  const tape = grandTour(t);
  const fs = new Map<string, number>();
  for (const e of tape.events) { const k = e.kind === 'frame' ? `${e.direction} ${(e.words[1]!>>>24).toString(16)} f${((e.words[0]!>>>8)&255).toString(16)}` : e.kind; fs.set(k,(fs.get(k)??0)+1); }
  console.log([...fs].map(([k,v])=>`${k}:${v}`).join('  '));
  console.log(judgeTape(tape).map(v=>`${v.frame} ${v.rule} ${v.seen} x${v.count}`).join('\n'));
  console.log(tape.events.length, JSON.stringify(tape.start!.memory));
});
