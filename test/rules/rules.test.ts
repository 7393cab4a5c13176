/** The design's firm rules (src/ARCHITECTURE.md, "Rules"), each as a test over the source tree. */
import { describe, expect, it } from 'vitest';
import { findLines, type SourceFile, sourceFiles } from './lines.ts';

const files = sourceFiles();
const inFolder = (...folders: string[]): SourceFile[] =>
  files.filter((file) => folders.includes(file.folder));
const folderOf = (path: string): string => path.split('/')[0];

/** Imports of `from` folders that reach `into` folders. */
function importsInto(from: string[], into: string[]): string[] {
  return inFolder(...from).flatMap((file) =>
    file.imports
      .filter((name) => into.includes(folderOf(name)))
      .map((name) => `${file.path} imports ${name}`),
  );
}

describe('rule 1: the driver and the card meet only in memory', () => {
  it('osm imports neither iop nor ism', () => expect(importsInto(['osm'], ['iop', 'ism'])).toEqual([]));
  it('iop and ism do not import osm', () => expect(importsInto(['iop', 'ism'], ['osm'])).toEqual([]));
  it('there are files to judge', () => expect(inFolder('osm', 'iop', 'ism').length).toBeGreaterThan(10));
});

describe('rule 2: the stack knows neither thread, message, device nor clock', () => {
  const allowed = ['tcpip', 'dma', 'ledger', 'socket'];
  const modules = ['time/random.ts'];
  it('imports only its own folder, memory, ledger, errno and the random numbers', () => {
    const wrong = inFolder('tcpip').flatMap((file) =>
      file.imports
        .filter((name) => !allowed.includes(folderOf(name)) && !modules.includes(name))
        .map((name) => `${file.path} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('rule 3: one place moves payload, one rings, one interrupts, one wakes', () => {
  const outside = (...allowed: string[]): SourceFile[] =>
    files.filter((file) => !allowed.some((a) => file.path.startsWith(a)));
  it('only dma/ moves bytes of shared memory', () => {
    const movers = /\.copyWithin\(|\bbytes\.set\(|kernels\.(copy|copySum)\(/;
    expect(outside('dma/').flatMap((file) => findLines(file, movers))).toEqual([]);
  });
  it('only the sleeper notifies', () => {
    expect(outside('time/sleeper.ts').flatMap((file) => findLines(file, /Atomics\.notify\(/))).toEqual([]);
  });
  it('only the doorbell and the interrupt wake the other side; the world may end a rest', () => {
    const allowed = ['i2o/doorbell.ts', 'i2o/interrupt.ts', 'world/', 'time/'];
    expect(outside(...allowed).flatMap((file) => findLines(file, /waker\.wake\(\)/i))).toEqual([]);
  });
});

describe('rule 4: only time/ reads a clock, sets a timer or draws a random number', () => {
  it('nobody else does', () => {
    const sources =
      /Date\.now|performance\.now|Math\.random|set(Timeout|Interval|Immediate)\b|hrtime|Atomics\.wait/;
    const judged = files.filter((file) => !['time', 'cli', 'report'].includes(file.folder));
    expect(judged.flatMap((file) => findLines(file, sources))).toEqual([]);
  });
});

describe('rule 5: only world/ joins host and card, and starts the worker', () => {
  it('nobody else imports both', () => {
    const both = files.filter(
      (file) =>
        file.folder !== 'world' &&
        file.imports.some((name) => folderOf(name) === 'osm') &&
        file.imports.some((name) => ['iop', 'ism'].includes(folderOf(name))),
    );
    expect(both.map((file) => file.path)).toEqual([]);
  });
  it('nobody else starts a thread', () => {
    const wrong = files.filter(
      (file) => !['world', 'workloads'].includes(file.folder) && /new Worker\(/.test(file.code),
    );
    expect(wrong.map((file) => file.path)).toEqual([]);
  });
});

describe('rule 7: folders import in one direction', () => {
  const edges = new Map<string, Set<string>>();
  for (const file of files) {
    const targets = edges.get(file.folder) ?? new Set<string>();
    for (const name of file.imports) {
      const target = folderOf(name);
      if (name.endsWith('.ts') && name.includes('/') && target !== file.folder) targets.add(target);
    }
    edges.set(file.folder, targets);
  }
  it('without a cycle', () => expect(findCycle(edges)).toEqual([]));
  it('and none is a drawer', () => {
    expect([...edges.keys()].filter((folder) => /^(utils?|helpers?|common|misc)$/.test(folder))).toEqual([]);
  });
});

describe('house style', () => {
  it('files are at most 400 lines, but for generated ones', () => {
    const long = files.filter((file) => !file.path.endsWith('.gen.ts') && file.text.split('\n').length > 401);
    expect(long.map((file) => `${file.path}: ${file.text.split('\n').length - 1}`)).toEqual([]);
  });
  it('nothing is left open', () => {
    expect(files.flatMap((file) => file.text.match(/\b(TODO|FIXME|XXX)\b/g) ?? [])).toEqual([]);
  });
});

/** A cycle of the graph, as the folders on it; empty when there is none. */
function findCycle(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const done = new Set<string>();
  const visit = (folder: string, path: string[]): string[] => {
    if (path.includes(folder)) return [...path.slice(path.indexOf(folder)), folder];
    if (done.has(folder)) return [];
    for (const next of edges.get(folder) ?? []) {
      const cycle = visit(next, [...path, folder]);
      if (cycle.length > 0) return cycle;
    }
    done.add(folder);
    return [];
  };
  for (const folder of edges.keys()) {
    const cycle = visit(folder, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
