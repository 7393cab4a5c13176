/**
 * `npm run model`: checks every model and every deliberate fault with spin, and prints a table. Exit status 0
 * if each came out as expected, 1 if not or no case has these words, 2 if spin or the C compiler is missing.
 * `npm run model -- WORD…` checks the cases that name every word, and prints their counter-examples step by
 * step.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { CASES, type ModelCase } from './cases.ts';
import { check, missingTools, type Outcome } from './pan.ts';

const root = new URL(import.meta.url.includes('/dist/') ? '../../../' : '../../', import.meta.url);
const words = process.argv.slice(2);

function source(entry: ModelCase): string {
  return fileURLToPath(new URL(`spec/models/${entry.model}.pml`, root));
}

function verdict(entry: ModelCase, outcome: Outcome): string {
  if (!outcome.complete && outcome.holds) return 'SEARCH INCOMPLETE';
  if (outcome.holds !== entry.holds) return outcome.holds ? 'FAULT NOT FOUND' : 'DOES NOT HOLD';
  return outcome.holds ? 'holds' : 'found';
}

function row(cells: readonly string[]): string {
  const [model, defines, property, states, depth, seconds, result, shows] = cells;
  const numbers = `${states!.padStart(9)} ${depth!.padStart(7)} ${seconds!.padStart(6)}`;
  const names = `${model!.padEnd(10)} ${defines!.padEnd(32)} ${property!.padEnd(8)}`;
  return `${names} ${numbers}  ${result!.padEnd(6)} ${shows}`;
}

async function main(): Promise<number> {
  const missing = missingTools();
  if (missing.length > 0) {
    console.error(`npm run model: ${missing.join(' and ')} not found: apt-get install spin gcc`);
    return 2;
  }
  const chosen = CASES.filter((entry) =>
    words.every((word) => [entry.model, entry.check, ...entry.defines].includes(word)),
  );
  if (chosen.length === 0) {
    const known = [
      ...new Set(CASES.flatMap(({ model, check: property, defines }) => [model, property, ...defines])),
    ];
    console.error(`npm run model: no case names ${words.join(' and ')}; words are ${known.join(', ')}`);
    return 1;
  }
  console.log(row(['model', 'as defined', 'property', 'states', 'depth', 's', 'result', 'what it shows']));
  const waiting = [...chosen];
  const lines: string[] = [];
  let unexpected = 0;
  let states = 0;
  let printed = 0;
  const worker = async (): Promise<void> => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      const outcome = await check(entry, source(entry), words.length > 0);
      const result = verdict(entry, outcome);
      if (result !== 'holds' && result !== 'found') unexpected += 1;
      states += outcome.states;
      const defines = entry.defines.join(' ') || '-';
      const counts = [outcome.states, outcome.depth].map((count) => count.toLocaleString('en'));
      const cells = [entry.model, defines, entry.check, ...counts, outcome.seconds.toFixed(2)];
      lines[chosen.indexOf(entry)] = row([...cells, result, entry.shows]) + trailOf(outcome);
      while (lines[printed] !== undefined) console.log(lines[printed++]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  const faults = chosen.filter((entry) => !entry.holds).length;
  const cases = `${chosen.length - faults} cases that hold, ${faults} deliberate faults`;
  const summary = unexpected === 0 ? 'all as expected' : `${unexpected} NOT AS EXPECTED`;
  console.log(`${cases}; ${states.toLocaleString('en')} states; ${summary}`);
  return unexpected === 0 ? 0 : 1;
}

function trailOf(outcome: { trail: string; found: string }): string {
  return outcome.trail === '' ? '' : `\n${outcome.trail.trimEnd()}\n(${outcome.found})\n`;
}

process.exitCode = await main();
