/**
 * Every command that README and the docs show, in a block or within a line, whether it is run or not, is one
 * that there is: the verb and its options, the script of package.json, the file that Node is given.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { addAdvise } from '../../src/cli/advise.ts';
import { addBench } from '../../src/cli/bench.ts';
import { addCalibrate } from '../../src/cli/calibrate.ts';
import { addCard } from '../../src/cli/card.ts';
import { addCompare } from '../../src/cli/compare.ts';
import { addConform } from '../../src/cli/conform.ts';
import { addConformance } from '../../src/cli/conformance.ts';
import { addDecode } from '../../src/cli/decode.ts';
import { addDrill } from '../../src/cli/drill.ts';
import { addExperiment } from '../../src/cli/experiment.ts';
import { addExplain } from '../../src/cli/explain.ts';
import { addReplay } from '../../src/cli/replay.ts';
import { addReport } from '../../src/cli/report.ts';
import { addRun } from '../../src/cli/run.ts';
import { addSpec } from '../../src/cli/spec.ts';
import { addSweep } from '../../src/cli/sweep.ts';
import { addValidate } from '../../src/cli/validate.ts';
import { addWorker } from '../../src/cli/worker.ts';
import { ROOT } from '../rules/sources.ts';
import { commandsOf } from './blocks.ts';
import { BLOCKS, PAGES } from './pages.ts';

const program = new Command('inic').enablePositionalOptions();
for (const add of [
  addAdvise,
  addBench,
  addCalibrate,
  addConform,
  addConformance,
  addDecode,
  addDrill,
  addCompare,
  addCard,
  addExperiment,
  addExplain,
  addReplay,
])
  add(program);
for (const add of [addReport, addRun, addSpec, addSweep, addValidate, addWorker]) add(program);
const verbs = new Map(program.commands.map((verb) => [verb.name(), verb]));
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** What of a command line there is not. */
function unknownIn(line: string): string[] {
  const unknown: string[] = [];
  for (const [, verb, rest] of line.matchAll(/(?:^|\s)inic ([a-z]+)\b(?!\.)([^|;]*)/g)) {
    const options = verbs.get(verb)?.options.flatMap(({ long, short }) => [long, short]);
    if (options === undefined) unknown.push(`inic ${verb}`);
    else {
      const named = rest.match(/(?<=\s)--?[a-z][a-z_-]*/g) ?? [];
      unknown.push(...named.filter((name) => !options.includes(name)).map((name) => `inic ${verb} ${name}`));
    }
  }
  for (const [, name] of line.matchAll(/npm run ([a-z]+)/g)) if (!(name in scripts)) unknown.push(name);
  for (const [, file] of line.matchAll(/node (?:dist\/)?(\S+)\.js\b/g)) {
    const isOurs = /^(src|test|bench|spec)\//.test(file);
    if (isOurs && !existsSync(join(ROOT, `${file}.ts`))) unknown.push(`${file}.js`);
  }
  return unknown;
}

it.each(PAGES)('%s', (path) => {
  const shown = BLOCKS.filter((block) => block.path === path && block.kind === 'shell')
    .flatMap(({ text }) => commandsOf(text))
    .map(({ command }) => command);
  const prose = readFileSync(join(ROOT, path), 'utf8').replace(/```[\s\S]*?```/g, '');
  const inline = [...prose.matchAll(/`((?:npx |npm |node |inic )[^`]+)`/g)].map(([, line]) => line);
  expect([...shown, ...inline].flatMap(unknownIn)).toEqual([]);
});

it('finds what there is not', () => {
  expect(
    [
      'npx inic sweep plan.yaml --out a --outt b',
      'inic swep',
      'npm run gat -- --long',
      'node dist/bench/gone.js 1',
      'npm run build && node dist/bench/main.js',
    ].flatMap(unknownIn),
  ).toEqual(['inic sweep --outt', 'inic swep', 'gat', 'bench/gone.js']);
});
