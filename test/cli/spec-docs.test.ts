/** What docs/spec-tool.md shows is what the tool prints, and the vectors it counts are there. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { vectorFiles } from '../conformance/vectors.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}docs/spec-tool.md`, 'utf8');

/** The first block of text behind a heading. */
function shown(heading: string): string {
  const part = page.slice(page.indexOf(`\n## \`${heading}\`\n`));
  return /```text\n([\s\S]*?)\n?```/.exec(part)![1].trimEnd();
}

function printed(...words: string[]): { text: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [`${root}dist/src/cli/main.js`, ...words], {
    encoding: 'utf8',
    env: { ...process.env, COLUMNS: '100' },
  });
  return { text: (stdout + stderr).trimEnd(), status };
}

describe('docs/spec-tool.md', () => {
  it.each([['inic spec'], ['inic spec SocketSend']])('shows what `%s` prints', (command) => {
    expect(shown(command)).toBe(printed(...command.split(' ').slice(1)).text);
  });

  it('shows the line for a name there is not', () => {
    const { text, status } = printed('spec', 'SocketSned');
    expect(status).toBe(1);
    expect(page).toContain(`$ inic spec SocketSned\n${text}\n`);
  });

  it('counts the vectors', () => {
    const files = vectorFiles();
    const total = files.reduce((sum, { vectors }) => sum + vectors.length, 0);
    expect(page).toContain(`holds ${total} frames`);
    for (const { path, vectors } of files) expect(page).toContain(`${vectors.length} in \`${path}\``);
  });
});
