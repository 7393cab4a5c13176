/** The report in a real browser: it draws, it fits, it sorts, and it is quick with ten thousand points. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { Input } from '../../src/report/html/inputs.ts';
import { reportHtml } from '../../src/report/html/report.ts';
import { readPlan, type SweepPlan } from '../../src/sweep/plan.ts';
import { testFolder } from '../cli/commands.ts';
import { SAMPLE } from '../report/sample.ts';
import { resultsOf, sampleResults, TWO_WAYS } from '../report/sweep-sample.ts';
import { browserPages, CHROMIUM } from './chromium.ts';

const folder = testFolder();

function written(name: string, inputs: readonly Input[]): string {
  const path = join(folder, name);
  writeFileSync(path, reportHtml(inputs));
  return path;
}

const sweepOf = (plan: SweepPlan, fails: readonly number[] = []): Input => ({
  kind: 'sweep',
  file: 'results.jsonl',
  results: sampleResults(plan, fails),
});

const rowsOf = (page: Page): Promise<string[]> =>
  page.locator('.points tbody tr:not(.details) th').allInnerTexts();
const sideways = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

describe.skipIf(CHROMIUM === undefined)('the report in a browser', () => {
  const open = browserPages();
  const small = written('small.html', [sweepOf(TWO_WAYS, [19])]);

  it('draws its charts, with no complaint and no request', async () => {
    const { page, complaints } = await open(small);
    await page.locator('.figures .plot svg').first().waitFor();
    const titles = await page.locator('figure:has(svg) > h3').allInnerTexts();
    expect(titles).toEqual([
      'Throughput',
      'Latency',
      'Stalls',
      "Where a request's time went",
      'Two settings at once',
      'Buffers in use',
      'copies',
      'bytes copied',
      'DMA requests',
      'message frames',
      'interrupts',
      'doorbells',
    ]);
    expect(await page.getByText('knee 8').first().isVisible()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('begins with the question and the answer', async () => {
    const { page } = await open(small);
    const text = await page.locator('body').innerText();
    expect(text.indexOf('How many transmit buffers does it take?')).toBeLessThan(250);
    expect(text).toMatch(/4 to 8 transmit buffers, depending on driver\.transmitDryPolicy/);
  });

  it.each([
    ['a phone', 375],
    ['a narrow phone', 320],
  ])('needs no sideways scrolling on %s', async (_, width) => {
    const several = written('several.html', [
      sweepOf(TWO_WAYS),
      { kind: 'bench', file: 'bench.json', report: SAMPLE },
    ]);
    const { page, complaints } = await open(several, { viewport: { width, height: 800 } });
    await page.locator('summary').last().click();
    await page.getByText('All 20 points').click();
    await page.locator('button.open').first().click();
    expect(await sideways(page)).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('is dark where the reader wants it dark', async () => {
    const colours = async (colorScheme: 'light' | 'dark'): Promise<unknown> => {
      const { page } = await open(small, { colorScheme });
      return page.evaluate(
        '[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]',
      );
    };
    expect(await colours('light')).toEqual(['rgb(246, 245, 241)', 'rgb(29, 33, 41)']);
    expect(await colours('dark')).toEqual(['rgb(20, 22, 26)', 'rgb(232, 230, 224)']);
  });

  it('sorts and filters its points, and opens one, by keys alone', async () => {
    const { page, complaints } = await open(small);
    await page.getByText('All 20 points').focus();
    await page.keyboard.press('Enter');
    expect((await rowsOf(page)).slice(0, 3)).toEqual(['0', '1', '2']);
    const rate = page.getByRole('button', { name: 'rate /s' });
    await rate.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    expect(await page.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('descending');
    const rows = await rowsOf(page);
    expect([...rows.slice(0, 2), rows.at(-1)]).toEqual(['13', '17', '19']);
    await page.getByRole('searchbox').fill('transmitBuffers=16 block');
    expect(await rowsOf(page)).toEqual(['18', '19']);
    await page.locator('button.open').first().focus();
    await page.keyboard.press('Enter');
    const details = await page.locator('tr.details').innerText();
    expect(details).toContain('driver.transmitDryPolicy');
    expect(details).toContain('npx inic explain results.jsonl#18');
    expect(details).toMatch(/left\.transmit\s+16\s+0\s+8\s+16/);
    expect(await page.evaluate('document.activeElement?.getAttribute("aria-expanded")')).toBe('true');
    expect(complaints).toEqual([]);
  });

  it('opens a point by a click at its dot, and lists failures', async () => {
    const { page } = await open(small);
    const plot = page.locator('figure', { hasText: 'Throughput' }).locator('svg').last();
    const box = await plot.boundingBox();
    await plot.hover({ position: { x: (box?.width ?? 0) - 20, y: 60 } });
    await plot.click({ position: { x: (box?.width ?? 0) - 20, y: 60 } });
    expect(await page.locator('tr.details').innerText()).toContain('pools.transmitBuffers');
    expect(await page.locator('.failures').innerText()).toContain('1 of 20 points failed');
  });

  it('shows pools over time where points were measured again', async () => {
    const pools = ['left.transmit', 'right.transmit'].map((name) => ({
      name,
      count: 8,
      min: [0, 2, 4],
      mean: [1, 3, 5],
      highWater: [2, 4, 8],
    }));
    const one = {
      point: 12,
      label: 'Point 12, the knee',
      settings: 'pools.transmitBuffers=8',
      everyUs: 10,
      pools,
    };
    const path = join(folder, 'series.html');
    writeFileSync(
      path,
      reportHtml([sweepOf(TWO_WAYS)], () => ({ series: [one], note: '' })),
    );
    const { page, complaints } = await open(path);
    await page.getByRole('combobox', { name: 'pool' }).last().selectOption('right.transmit');
    expect(await page.locator('svg[aria-label="buffers of right.transmit in use over time"]').count()).toBe(
      1,
    );
    expect(await page.getByText('all 8').isVisible()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('of what nobody waited for has no bar, and holds the longest names on a narrow screen', async () => {
    const plan = readPlan({
      title: 'four',
      world: 'pair',
      workload: { workload: 'TCP_RR' },
      vary: { 'cards.left.driver.transmitLowWatermark': [0, 16, 64] },
    });
    const { head, points } = sampleResults(plan);
    const none = { episodes: 0, ns: 0 };
    const calm = points.map((point) =>
      point.ok ? { ...point, stalls: { ...point.stalls, transmitBuffer: none } } : point,
    );
    const { page } = await open(
      written('calm.html', [{ kind: 'sweep', file: 'calm.jsonl', results: resultsOf(head.plan, calm) }]),
      {
        viewport: { width: 320, height: 900 },
      },
    );
    const stalls = page.locator('figure', { has: page.getByRole('heading', { name: 'Stalls' }) });
    await stalls.locator('svg').last().waitFor();
    const heights = await stalls
      .locator('g[aria-label="bar"] rect')
      .evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute('height'))));
    expect(Math.max(0, ...heights)).toBe(0);
    expect(await stalls.getByText('None has waited.').isVisible()).toBe(true);
    expect(await sideways(page)).toBe(0);
  });

  it('follows what the reader chooses', async () => {
    const { page, complaints } = await open(small);
    await page.getByRole('combobox', { name: 'a line for each' }).selectOption('');
    await page.getByRole('combobox', { name: 'along' }).selectOption('driver.transmitDryPolicy');
    await page.getByRole('combobox', { name: 'of', exact: true }).selectOption('p99 latency');
    await page.getByRole('combobox', { name: 'pool' }).selectOption('right.transmit');
    expect(await page.locator('svg[aria-label="requests/s along driver.transmitDryPolicy"]').count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('shows what a file says as text', async () => {
    const evil = '<img src=x onerror=alert(1)></script><script>alert(2)</script>';
    const plan = readPlan({
      title: evil,
      world: 'pair',
      workload: { workload: 'TCP_RR' },
      vary: { 'pools.transmitBuffers': [1, 2, 4] },
    });
    const { page, complaints } = await open(written('evil.html', [sweepOf(plan, [2]), sweepOf(TWO_WAYS)]));
    expect(await page.locator('h2').first().innerText()).toBe(evil);
    await page.getByText('All 3 points').click();
    expect(await page.locator('img, b').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  /** The report of `points` points, a multiple of 1,000. */
  const largeReport = (points: number): string => {
    const plan = readPlan({
      title: `${points} points`,
      world: 'pair',
      workload: { workload: 'TCP_RR', size: 64 },
      vary: {
        'pools.transmitBuffers': '1..50',
        'driver.transmitDryPolicy': ['EAGAIN', 'block'],
        'workload.connections': `1..${points / 1000}`,
      },
      seeds: '1..10',
    });
    return written(`${points}.html`, [sweepOf(plan)]);
  };

  // How many seconds it takes is measured by bench/report-page.ts. Here only what no machine decides: that
  // opening does not grow with the points, by the page's own processor time, the best of three.
  it('opens ten thousand points for little more than one thousand, in under 10 MB', async () => {
    const reports = { one: largeReport(1000), ten: largeReport(10_000) };
    expect(statSync(reports.ten).size).toBeLessThan(10e6);
    const seconds = { one: Number.POSITIVE_INFINITY, ten: Number.POSITIVE_INFINITY };
    for (let i = 0; i < 3; i++) {
      for (const size of ['one', 'ten'] as const) {
        const { page, complaints, busySeconds } = await open(reports[size]);
        seconds[size] = Math.min(seconds[size], await busySeconds());
        expect(complaints).toEqual([]);
        if (size === 'ten') {
          await page.getByText('All 10,000 points').click();
          expect(await rowsOf(page)).toHaveLength(50);
        }
        await page.context().close();
      }
    }
    expect(seconds.ten / seconds.one).toBeLessThan(2.5);
  });
});
