/**
 * How long a browser takes to open a report of ten thousand points: `node dist/bench/report-page.js [runs]`.
 * Shown are the size of the file, the time until the page is drawn and its own processor time, of each run.
 * The bar is two seconds and 10 MB; the test in test/browser holds only what no machine decides.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { reportHtml } from '../src/report/html/report.ts';
import { readPlan } from '../src/sweep/plan.ts';
import { sampleResults } from '../test/report/sweep-sample.ts';

const runs = Number(process.argv[2] ?? 5);
const plan = readPlan({
  title: 'ten thousand points',
  world: 'pair',
  workload: { workload: 'TCP_RR', size: 64 },
  vary: {
    'pools.transmitBuffers': '1..50',
    'driver.transmitDryPolicy': ['EAGAIN', 'block'],
    'workload.connections': '1..10',
  },
  seeds: '1..10',
});

const folder = mkdtempSync(join(tmpdir(), 'inic-report-'));
const path = join(folder, 'report.html');
writeFileSync(path, reportHtml([{ kind: 'sweep', file: 'results.jsonl', results: sampleResults(plan) }]));
console.log(`${(statSync(path).size / 1e6).toFixed(2)} MB`);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
for (let i = 0; i < runs; i++) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.goto(`file://${path}`);
  const drawnMs = await page.evaluate<number>(
    'new Promise((told) => requestAnimationFrame(() => told(performance.now())))',
  );
  const { metrics } = await session.send('Performance.getMetrics');
  const busyS = metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
  console.log(`drawn after ${drawnMs.toFixed(0)} ms, ${(busyS * 1000).toFixed(0)} ms of processor`);
  await context.close();
}
await browser.close();
rmSync(folder, { recursive: true });
