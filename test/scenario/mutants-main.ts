/**
 * Which scripts fail on which mutants: `node dist/test/scenario/mutants-main.js [MUTANT…]`. A script keeps
 * its mutant in its head; this tells whom else it could name, and which mutants nobody notices.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DrillMemory } from '../../src/drill/host/drill-memory.ts';
import { drillOf, placesOf, ROOT, readMutants } from './mutated-engine.ts';

const folder = join(ROOT, 'test/scenario');
const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.pkt'))
  .sort()
  .map((name) => ({ name, source: readFileSync(join(folder, name), 'utf8') }));
const memory = new DrillMemory();
const wanted = process.argv.slice(2);
for (const mutant of readMutants().values()) {
  if (wanted.length > 0 && !wanted.includes(mutant.name)) continue;
  const places = placesOf(mutant);
  if (places !== 1) {
    process.stdout.write(`${mutant.name}: its text stands in ${mutant.file} ${places} times\n`);
    continue;
  }
  const drill = drillOf(mutant);
  const noticed = scripts.filter(({ name, source }) => {
    try {
      return drill(name, source, { memory }).outcome === 'failed';
    } catch {
      return true;
    }
  });
  process.stdout.write(`${mutant.name}: ${noticed.map(({ name }) => name).join(' ') || 'nobody notices'}\n`);
}
