/** Files that verbs write when all is done: nothing else is overwritten, and a bad place is said before. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { timeLeft } from '../../src/cli/progress.ts';
import { writeFile } from '../../src/sweep/results.ts';
import { LONG } from '../long.ts';
import { ROOT } from '../rules/sources.ts';
import { MAIN, runNode, testFolder } from './commands.ts';

const folder = testFolder();
const at = (name: string): string => join(folder, name);

const PLAN = `world: pair
workload: { workload: TCP_RR, connections: 4, size: 64 }
vary: { pools.transmitBuffers: [4, 8] }
operations: 100
`;
writeFileSync(at('plan.yaml'), PLAN);
writeFileSync(at('card.yaml'), readFileSync(join(ROOT, 'src/plans/profiles/card-2002.yaml')));
writeFileSync(at('no-vary.yaml'), PLAN.replace(/vary.*\n/, ''));
writeFileSync(at('late.yaml'), `${PLAN}limit: 1ns\n`);
mkdirSync(at('folder'));

const MOVE = 'name another file, or move it away';
it.each([
  [
    ['sweep', 'plan.yaml', '--csv', 'plan.yaml'],
    'plan.yaml: is no table of a sweep, and is not overwritten: ' + MOVE,
  ],
  [['sweep', 'plan.yaml', '--csv', 'folder'], 'cannot write folder: it is a directory'],
  [['sweep', 'plan.yaml', '--csv', 'no/a.csv'], 'cannot write no/a.csv: no such file or directory'],
  [['sweep', 'plan.yaml', '--out', 'a.x', '--csv', './a.x'], '--csv and --out are the same file'],
  [
    ['advise', 'plan.yaml', '--json', 'plan.yaml'],
    'plan.yaml: is no advice, and is not overwritten: ' + MOVE,
  ],
  [['advise', 'plan.yaml', '--out', 'a.x', '--json', 'a.x'], '--json and --out are the same file'],
  [
    ['compare', 'plan.yaml', '--json', 'plan.yaml'],
    'plan.yaml: is no comparison, and is not overwritten: ' + MOVE,
  ],
  [
    ['conform', '--self', '--json', 'plan.yaml'],
    'plan.yaml: is no conformance, and is not overwritten: ' + MOVE,
  ],
  [['conform'], 'conform needs one of --exec COMMAND, --socket PATH and --self: what is to be tried'],
  [['conform', '--self', '--fault', 'hung'], 'there is no fault "hung": did you mean hang or junk?'],
  [
    ['conform', '--socket', 'folder'],
    'folder is no socket: start the implementation first, so that it listens there',
  ],
  [['conform', '--self', '--only', 'zzz'], 'no case has "zzz" in its name'],
  [
    ['conform', '--exec', 'true', '--memory', 'no/such/region'],
    'cannot write no/such/region: no such file or directory',
  ],
  [['conform', '--exec', 'true', '--memory', 'folder'], 'cannot write folder: it is a directory'],
  [['conform', '--exec', 'true', '--memory', 'plan.yaml/r'], 'cannot write plan.yaml/r: not a directory'],
  [['conform', '--exec', 'true', '--free'], '--free is for --memory FILE'],
  [
    ['conform', '--self', '--fault', 'hang', '--memory', 'region'],
    '--fault is for a card or a host over the pipe alone',
  ],
  [['conform', '--exec', 'true', '--memory', ''], '--memory needs the name of a file that can be made'],
  [
    ['conform', '--exec', 'true', '--memory', '/dev/null'],
    '--memory /dev/null is there already: name a file that can be made',
  ],
  [
    ['conform', '--exec', 'true', '--memory', '/dev/full'],
    'cannot write /dev/full: no space left on device: make room, or name a file elsewhere',
  ],
  [
    ['experiment', 'four-aims', '--json', 'plan.yaml'],
    'plan.yaml: is no experiment, and is not overwritten: ' + MOVE,
  ],
  [
    ['experiment', 'four-aims', '--report', 'plan.yaml'],
    'plan.yaml: is no report, and is not overwritten: ' + MOVE,
  ],
  [
    ['experiment', 'four-aims', '--report', 'a.x', '--json', './a.x'],
    '--report and --json are the same file',
  ],
  [['experiment', '--json', 'a.json'], '--json needs the name of an experiment'],
  [['experiment', 'four-aim'], 'there is no experiment "four-aim": did you mean four-aims?'],
  [
    ['explain', 'plan.yaml', '0', '--trace', 'plan.yaml'],
    'plan.yaml: is no trace of a request, and is not overwritten: ' + MOVE,
  ],
  [
    ['calibrate', '--out', 'card.yaml'],
    'card.yaml: is no cost profile of a machine, and is not overwritten: ' + MOVE,
  ],
  [
    ['calibrate', '--out', 'plan.yaml'],
    'plan.yaml: is no cost profile of a machine, and is not overwritten: ' + MOVE,
  ],
])('refuses %j', async (args, words) => {
  const { stdout, stderr, code } = await runNode(folder, [MAIN, ...args]);
  expect(stderr).toBe(`inic: ${words}\n`);
  expect([stdout, code]).toEqual(['', 1]);
  expect(readFileSync(at('plan.yaml'), 'utf8')).toBe(PLAN);
});

it.each([
  [['run', 'folder'], 'cannot run folder: it is a directory without an index.js'],
  [['run', '--trace', 'folder', MAIN], 'cannot write folder: it is a directory'],
  [['sweep', 'folder'], 'folder: cannot be read (it is a directory)'],
  [['compare', 'folder'], 'folder: cannot be read (it is a directory)'],
  [
    ['compare', 'plan.yaml', '--vary', 'mtu=1500'],
    '--vary is for inic sweep: a comparison changes who runs TCP/IP and nothing else',
  ],
  [['compare', 'rpc', '--map'], '--map has workloads of its own: leave out rpc'],
  [['compare', '--map', '--size', '64'], '--map goes through sizes by itself: leave out --size'],
  [['compare', '--systems', 'host,inc'], '--systems inc: no such system; did you mean inic?'],
  [
    ['compare', '--systems', 'kernel'],
    '--systems kernel: no such system; there are host, host+checksum, host+GSO, host+TSO, host+GRO, lan, ' +
      'window, mixed, inic',
  ],
  [
    ['compare', '--systems', 'inic', '--card-connections', '4'],
    '--card-connections is for the system "mixed", which --systems leaves out',
  ],
  [['compare', '--policy', 'folder'], 'folder: cannot be read (it is a directory)'],
  [['compare', 'rpc', '--think', '5'], '--think says what the plan says: it is for a run without a plan'],
  [['compare', '--map', '--systems', 'inic'], '--map compares host+TSO and inic: leave out --systems'],
  [['compare', '--map', '--host-speed', '2'], '--map goes through speeds by itself: leave out --host-speed'],
  [
    ['compare', '--map', '--costs', 'card-1999'],
    'there is no cost profile "card-1999": expected card-2002, card-2005, card-2025, none, or a .yaml file',
  ],
  [['card', 'ring'], 'card ring: there is no such view: did you mean rings?'],
  [
    ['card', 'features', '--set', 'tsi=on'],
    '--set tsi=on: there is no such feature: did you mean tso or tx or sg?',
  ],
  [['card', 'features', '--set', 'tso'], '--set tso: expected a feature and on or off, such as tso=off'],
  [
    ['card', 'features', '--set', 'gro=on,ufo=on'],
    '--set: "ufo" cannot be changed: udp-fragmentation-offload is fixed',
  ],
  [
    ['card', 'rings', '--set', 'tso=on'],
    '--set is for inic card features, stats, connections, not for rings',
  ],
  [['card', '--card', 'lift'], '--card lift: the world has no such card: did you mean left?'],
  [['card', 'policy'], 'card policy needs --policy FILE, the rules of offload'],
  [
    ['card', 'rings', '--policy', 'x'],
    '--policy is for inic card policy, inic card stats, inic card connections, inic card neighbours and inic card routes, not for rings',
  ],
  [
    ['card', '--for', '5'],
    '--for is for inic card stats, inic card connections, inic card neighbours and inic card routes, not for show',
  ],
  [['card', 'stats', '--spelling', 'today'], '--spelling is for inic card features, not for stats'],
  [['card', 'policy', '--policy', 'folder'], 'folder: cannot be read (it is a directory)'],
  [['card', '--world', 'folder'], 'folder: cannot be read (it is a directory)'],
  [['explain', 'folder'], 'folder: cannot be read (it is a directory)'],
  [['report', 'folder'], 'cannot read folder: it is a directory'],
  [
    ['sweep', 'no-vary.yaml'],
    'no-vary.yaml:1: "vary" expected settings with their values, ' +
      'such as { pools.transmitBuffers: [4, 8] }, got nothing',
  ],
])('%j says what is wrong in words', async (args, words) => {
  const { stdout, stderr, code } = await runNode(folder, [MAIN, ...args]);
  expect([stdout, stderr, code]).toEqual(['', `inic: ${words}\n`, 1]);
});

it('a sweep of which every point failed has failed', async () => {
  const { stdout, stderr, code } = await runNode(folder, [MAIN, 'sweep', 'late.yaml']);
  expect(stdout).toContain('failed');
  expect([stderr, code]).toEqual(['inic: every point failed\n', 1]);
});

it.runIf(LONG).each([
  [['sweep', 'plan.yaml', '--csv', 'points.csv'], 'points.csv', 'point,'],
  [['advise', 'plan.yaml', '--json', 'advice.json'], 'advice.json', '{'],
  [['compare', 'plan.yaml', '--json', 'compared.json'], 'compared.json', '{'],
  [
    ['experiment', 'four-aims', '--set', 'seeds=1', '--set', 'operations=50', '--json', 'aims.json'],
    'aims.json',
    '{',
  ],
  [['explain', 'plan.yaml', '0', '--trace', 'trace.json'], 'trace.json', '{'],
])('%j writes a file, and writes it again', async (args, name, start) => {
  writeFileSync(at(name), '');
  for (let turn = 0; turn < 2; turn += 1) {
    expect((await runNode(folder, [MAIN, ...args])).code).toBe(0);
    expect(readFileSync(at(name), 'utf8').startsWith(start)).toBe(true);
  }
});

it('what a verb has written it writes again', async () => {
  writeFileSync(at('nothing.mjs'), '');
  const short = [
    '--api',
    'net',
    '--iop',
    'inline',
    '--duration',
    '0.02',
    '--repeats',
    '1',
    '--connections',
    '1',
  ];
  const verbs = [
    [
      'bench',
      'TCP_RR',
      ...short,
      '--stack',
      'inic',
      '--json',
      'a.json',
      '--csv',
      'a.csv',
      '--trace',
      'a.trace',
    ],
    ['run', '--trace', 'a.trace', 'nothing.mjs'],
    ['decode', 'a.trace', '--pcapng', 'a.pcapng'],
    ['spec', '--html', 'site'],
  ];
  for (const args of verbs.flatMap((verb) => [verb, verb])) {
    expect(await runNode(folder, [MAIN, ...args])).toMatchObject({ code: 0 });
  }
});

describe('a file that is written', () => {
  it('may be a device, which is not replaced', () => {
    writeFile('/dev/null', ['a line']);
    expect(readFileSync('/dev/null', 'utf8')).toBe('');
    expect(() => writeFile('/dev/full', ['a line'])).toThrow('cannot write /dev/full');
  });

  it('leaves nothing beside it when it cannot be written', () => {
    expect(() => writeFile(at('folder'), ['a line'])).toThrow('cannot write');
    expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([]);
  });
});

it('a full disk behind the standard output is one line', async () => {
  const shell = `"${process.execPath}" "${MAIN}" sweep plan.yaml > /dev/full`;
  const script = "require('child_process').spawnSync(process.argv[1], { shell: true, stdio: 'inherit' })";
  const { stderr } = await runNode(folder, ['-e', script, shell]);
  expect(stderr).toBe('inic: cannot write the output: no space left on device\n');
});

it('the time left is known from the first step on', () => {
  const texts = ['0', 'INF', 'NULL', 0, 7, 12, 58, 61, 3599, 7380].map(timeLeft);
  expect(texts).toEqual(['?', '?', '?', '0s', '7s', '10s', '1m00s', '1m00s', '1h00m', '2h03m']);
});
