/** Every generated file, from every source. */
import * as errno from '../../src/socket/errno.ts';
import { readMachines, readRules } from './behaviour.ts';
import { generateCatalogue, makeCatalogue } from './catalogue.ts';
import { generateClass } from './codecs.ts';
import { generateConformancePage, generateRequirements, readConformance } from './conformance.ts';
import { generateCounters, readCounters } from './counters.ts';
import { generateDissector } from './dissector.ts';
import { generateHeader, generatePython } from './foreign.ts';
import { generateElements, generateFrame, readFrame } from './frame.ts';
import { generateGroups, groupEntries, readGroups } from './groups.ts';
import { generateKernels } from './kernels.ts';
import { readClass } from './model.ts';
import { generatePipe, generatePipePage, readPipe } from './pipe.ts';
import { generateReference } from './reference.ts';
import { generateVectors } from './vectors/all.ts';

/** @param read gives the text of a file by its path in the repository. @returns text by path. */
export async function generateAll(read: (path: string) => string): Promise<ReadonlyMap<string, string>> {
  const counters = read('spec/counters.yaml');
  const socket = readClass(read('spec/socket.yaml'));
  const executive = readClass(read('spec/executive.yaml'));
  const utility = readClass(read('spec/utility.yaml'));
  const lan = readClass(read('spec/lan.yaml'));
  const window = readClass(read('spec/window.yaml'));
  const groups = readGroups(read('spec/groups.yaml'));
  const classes = [socket, executive, utility, lan, window];
  const frame = readFrame(
    read('spec/frame.yaml'),
    classes.flatMap(({ enums }) => enums),
  );
  const states = optional(read, 'spec/states.yaml');
  const rules = optional(read, 'spec/rules.yaml');
  const pipe = readPipe(read('spec/pipe.yaml'));
  const machines = states === undefined ? [] : readMachines(states, classes);
  const foreign = { classes, frame, pipe, errnos: errnos() };
  const conformance = readConformance(read('spec/conformance.yaml'));
  const catalogue = makeCatalogue(
    frame,
    classes,
    machines,
    rules === undefined ? [] : readRules(rules),
    groupEntries(groups),
  );
  return new Map([
    ['src/conform/pipe/pipe.gen.ts', generatePipe(pipe)],
    ['docs/pipe.md', generatePipePage(pipe, read('spec/pipe.md'))],
    ['spec/examples/c/inic.h', generateHeader(foreign)],
    ['spec/examples/python/inic.py', generatePython(foreign)],
    ['src/ledger/counters.gen.ts', generateCounters(counters)],
    ['src/i2o/executive.gen.ts', generateClass(executive, 'spec/executive.yaml')],
    ['src/i2o/utility.gen.ts', generateClass(utility, 'spec/utility.yaml')],
    ['src/i2o/lan.gen.ts', generateClass(lan, 'spec/lan.yaml')],
    ['src/i2o/window.gen.ts', generateClass(window, 'spec/window.yaml')],
    ['src/i2o/groups.gen.ts', generateGroups(groups)],
    ['src/i2o/frame.gen.ts', generateFrame(frame)],
    ['src/i2o/list/elements.gen.ts', generateElements(frame)],
    ['src/i2o/socket.gen.ts', generateClass(socket, 'spec/socket.yaml')],
    ['src/dma/kernels.gen.ts', await generateKernels(read('src/dma/kernels.wat'))],
    ['src/spec/catalogue.gen.ts', generateCatalogue(catalogue)],
    [
      'spec/wireshark/inic.lua',
      generateDissector(catalogue, read('spec/generator/dissector-engine.lua'), errnos()),
    ],
    ['src/spec/requirements.gen.ts', generateRequirements(conformance)],
    ['docs/conformance-tcp.md', generateConformancePage(conformance)],
    ['docs/spec.md', generateReference(classes, groups, readCounters(counters))],
    ...generateVectors(classes, frame, machines),
  ]);
}

/** @returns the file's text; undefined where there is none yet. */
function optional(read: (path: string) => string, path: string): string | undefined {
  try {
    return read(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Every errno by its number. */
function errnos(): (readonly [number, string])[] {
  return Object.entries(errno)
    .flatMap(([name, number]) => (typeof number === 'number' ? [[number, name] as const] : []))
    .sort(([a], [b]) => a - b);
}
