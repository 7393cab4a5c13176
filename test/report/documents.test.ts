/** The example of docs/report.md, as a reader would run it, and its picture. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MAIN, runNode, testFolder } from '../cli/commands.ts';

const folder = testFolder();
const page = new URL('../../docs/report.md', import.meta.url);
const text = readFileSync(page, 'utf8');

it('the report of the plan prints what is shown, and has its series', { timeout: 180_000 }, async () => {
  writeFileSync(join(folder, 'plan.yaml'), /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? '');
  await runNode(folder, [MAIN, 'sweep', 'plan.yaml', '--out', 'results.jsonl']);
  const [, command, output] = /<!-- (report.*) -->\n\n```text\n([\s\S]*?)```/.exec(text) ?? [];
  const { stdout, stderr, code } = await runNode(folder, [MAIN, ...command.split(' ')]);
  expect(stdout).toBe(output);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const html = readFileSync(join(folder, 'report.html'), 'utf8');
  expect(html).toContain('"label":"Point 18, the knee"');
  expect(html).not.toContain('No pools over time');
});

it('its picture is there, and small', () => {
  const [, picture] = /!\[.*\]\((.*)\)/.exec(text) ?? [];
  expect(statSync(new URL(picture, page)).size).toBeLessThan(200_000);
});
