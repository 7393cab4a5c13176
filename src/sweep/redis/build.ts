/** Which code measures: the results of a sweep are to come from one build, whoever measures its points. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageVersion } from '../../record/manifest.ts';

export interface Build {
  readonly version: string;
  /** Of the compiled code, which is what threads run, and of the worlds and profiles bundled with it. */
  readonly hash: string;
}

export function ownBuild(): Build {
  const here = import.meta.url;
  const code = new URL(here.endsWith('.ts') ? '../../../dist/src/' : '../../', here);
  const bundled = new URL('../../src/plans/', code);
  const parts = [...filesIn(code, '.js'), ...filesIn(bundled, '.yaml')].flatMap(([name, path]) => [
    Buffer.from(name),
    readFileSync(path),
  ]);
  return { version: packageVersion(), hash: hashOf(parts) };
}

function filesIn(folder: URL, end: string): [name: string, path: URL][] {
  const names = readdirSync(fileURLToPath(folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith(end))
    .sort()
    .map((name) => [name, new URL(name, folder)]);
}

/** FNV-1a of 32 bits, from two bases: it is to tell builds apart, and withstands nobody. */
function hashOf(parts: readonly Uint8Array[]): string {
  const words = [0x811c9dc5, 0x7ee3623b].map((base) => {
    let hash = base;
    for (const part of parts) {
      for (let i = 0; i < part.length; i++) hash = Math.imul(hash ^ part[i], 0x01000193);
    }
    return (hash >>> 0).toString(16).padStart(8, '0');
  });
  return words.join('');
}
