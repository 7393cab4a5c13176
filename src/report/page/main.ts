/** Fills the page: its words are there already, its charts and tables are made here of its data. */
import { benchPart } from './bench-part.ts';
import { comparePart, sharedSetting } from './compare.ts';
import type { PageData, SweepData } from './data.ts';
import { experimentPart } from './experiment-part.ts';
import { SweepPart } from './sweep-part.ts';

function fill(): void {
  const block = document.getElementById('data');
  const { sections } = JSON.parse(block?.textContent ?? '') as PageData;
  const sweeps = sections.filter((section): section is SweepData => section.kind === 'sweep');
  const shared = sweeps.length > 1 ? sharedSetting(sweeps) : undefined;
  const comparison = document.getElementById('comparison');
  if (shared !== undefined) comparison?.append(comparePart(sweeps, shared));
  sections.forEach((section, i) => {
    const place = document.getElementById(`charts-${i}`);
    if (place === null) return;
    if (section.kind === 'bench') benchPart(section, place);
    else if (section.kind === 'experiment') experimentPart(section, place);
    else new SweepPart(section, place);
  });
}

fill();
