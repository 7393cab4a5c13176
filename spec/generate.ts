/** Makes every generated file. Run by `npm run generate`; a test checks that nothing is stale. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { generateAll } from './generator/all.ts';

const root = new URL(import.meta.url.includes('/dist/') ? '../../' : '../', import.meta.url);
const files = await generateAll((path) => readFileSync(new URL(path, root), 'utf8'));
for (const [path, text] of files) {
  mkdirSync(new URL('.', new URL(path, root)), { recursive: true });
  writeFileSync(new URL(path, root), text);
}
