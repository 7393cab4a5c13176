/** The search of the HTML spec in a real browser, from a folder, with no server. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { specSite } from '../../src/report/spec-html.ts';
import { testFolder } from '../cli/commands.ts';
import { browserPages, CHROMIUM } from './chromium.ts';

const folder = testFolder();
for (const [file, text] of specSite('inic 0')) writeFileSync(join(folder, file), text);

describe.skipIf(CHROMIUM === undefined)('the pages of inic spec', () => {
  const open = browserPages();

  it('find names and words, the name itself first, and go there', async () => {
    const { page } = await open(join(folder, 'index.html'));
    const found = page.locator('#found a');
    await page.fill('#search', 'socketbind');
    expect((await found.allInnerTexts())[0]).toBe('SocketBind');
    await page.fill('#search', 'acknowledges only bytes');
    expect(await found.allInnerTexts()).toContain('CARD-9.4');
    await page.fill('#search', 'nothing of the kind');
    expect(await page.locator('#found').innerText()).toBe('Nothing has these words.');
    await page.fill('#search', 'H-01');
    await page.press('#search', 'Enter');
    await page.waitForURL(/rules\.html#H-01$/);
    expect(await page.locator('#H-01').innerText()).toBe('H-01');
  });

  it('fit their names in the words drawn', async () => {
    const { page } = await open(join(folder, 'SocketSend.html'));
    const cut = await page.evaluate(
      '[...document.querySelectorAll("table.words td.field")]' +
        '.filter((cell) => cell.scrollWidth > cell.clientWidth + 1).length',
    );
    expect(cut).toBe(0);
  });
});
