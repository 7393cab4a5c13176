import { writeFileSync } from 'node:fs';
import { it } from 'vitest';
import { grandTour } from './grand-tour.ts';
import { judgeTape, type FrameEvent } from './trace-surgery.ts';
import { messageOf } from '../../src/spec/catalogue.ts';
const name = (e: FrameEvent) => { const f = e.words[1]!>>>24; const t=(e.words[1]!&0xfff)===0; return `${e.direction===0?'req':'rep'}${(e.words[0]!>>>8)&0x20?'F':''}${(e.words[0]!>>>8)&0x10?'M':''} ${messageOf(t?'executive':'socket', f)?.name ?? f}`; };
for (const t of ['ring'] as const) it(t, { timeout: 600e3 }, () => {
  const tape = grandTour(t);
  const seen = new Map<string, number>();
  const out: string[] = [];
  let all = 0, caught = 0;
  const t0 = performance.now();

  for (const e of tape.events) {
    if (e.kind !== 'frame') continue;
    const n = name(e);
    const c = (seen.get(n) ?? 0) + 1; seen.set(n, c);
    if (c > 2) continue;
    const size = e.words[0]!>>>16;
    let mine = 0, got = 0; const missed: Record<number, number[]> = {}; let flood = 0; let wrongFrame=0;
    const number = tape.numberOf(e);
    for (let w = 0; w < size; w++) for (let b = 0; b < 32; b++) {
      const before = e.words[w]!;
      e.words[w] = before ^ (1 << b);
      const v = judgeTape(tape);
      e.words[w] = before;
      mine++;
      if (v.length > 0) { got++; if (v.length > 4) flood++; if (v[0]!.frame < number) wrongFrame++; } else (missed[w] ??= []).push(b);
    }
    all += mine; caught += got;
    const range = (bs: number[]) => bs.reduce<number[][]>((r, x) => { const l = r.at(-1); if (l && l[1]! + 1 === x) l[1] = x; else r.push([x, x]); return r; }, []).map(([a, z]) => a === z ? `${a}` : `${a}-${z}`).join(',');
    out.push(`${n}#${c}@${number} ${got}/${mine} flood ${flood} early ${wrongFrame} | ` + Object.entries(missed).map(([w, bs]) => `w${w}:${range(bs)}`).join(' '));
  }
  writeFileSync('/tmp/mut/sweep.txt', out.join('\n') + `\nTOTAL ${caught}/${all} ${(performance.now()-t0)/1000}s\n`);
});
