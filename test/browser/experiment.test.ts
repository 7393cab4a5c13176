/** The page of an experiment in a real browser: it draws each kind of chart, and fits a phone. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { machineFacts } from '../../src/record/manifest.ts';
import { experimentHtml } from '../../src/report/html/experiment-html.ts';
import { testFolder } from '../cli/commands.ts';
import { charted } from '../report/experiment-sample.ts';
import { browserPages, CHROMIUM } from './chromium.ts';

const path = join(testFolder(), 'charted.html');
writeFileSync(path, experimentHtml(charted(), machineFacts(['inic', 'experiment', 'charted'])));

describe.skipIf(CHROMIUM === undefined)('the page of an experiment', () => {
  const open = browserPages();

  it('draws its charts, with no complaint and no request', async () => {
    const { page, complaints } = await open(path);
    await page.locator('.figures .plot svg').nth(3).waitFor();
    const titles = await page.locator('figure:has(svg) > h3').allInnerTexts();
    expect(titles).toEqual(['Some bars', 'Some stacked', 'Some lines', 'Some areas']);
    // Two series at four words each; a legend's swatch is no bar.
    expect(await page.locator('figure').first().locator('g[aria-label=bar] rect').count()).toBe(8);
    expect(await page.locator('.verdict').allInnerTexts()).toEqual(['holds']);
    expect(complaints).toEqual([]);
  });

  it('fits a phone', async () => {
    const { page } = await open(path);
    await page.setViewportSize({ width: 390, height: 800 });
    await page.locator('.figures .plot svg').nth(3).waitFor();
    const over = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(over).toBeLessThanOrEqual(0);
  });
});
