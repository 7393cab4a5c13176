/** A browser for tests: the system's Chromium. Where there is none, they are skipped and say so. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Undefined where the system has none. */
export const CHROMIUM: string | undefined = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

if (CHROMIUM === undefined) {
  process.stderr.write('tests in a browser are skipped: there is no chromium (apt-get install chromium)\n');
}

export interface OpenPage {
  readonly page: Page;
  /** What went wrong: errors and warnings of the console, and requests for anything but the page itself. */
  readonly complaints: string[];
  /** @returns once the page is drawn: processor time of its main thread since it was opened, in seconds. */
  readonly busySeconds: () => Promise<number>;
}

/** @returns opens a file in a window of its own; each is closed after the tests of the file. */
export function browserPages(): (path: string, options?: BrowserContextOptions) => Promise<OpenPage> {
  let browser: Browser | undefined;
  beforeAll(async () => {
    // A container seldom lets it have a sandbox of its own.
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());
  return async (path, options = {}) => {
    if (browser === undefined) throw new Error('the browser has not started');
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) complaints.push(`request: ${request.url()}`);
    });
    const session = await context.newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const taskSeconds = async (): Promise<number> => {
      const { metrics } = await session.send('Performance.getMetrics');
      const task = metrics.find(({ name }) => name === 'TaskDuration');
      if (task === undefined) throw new Error('the browser does not say how long its tasks took');
      return task.value;
    };
    const before = await taskSeconds();
    await page.goto(`file://${path}`);
    const busySeconds = async (): Promise<number> => {
      await page.evaluate('new Promise((drawn) => requestAnimationFrame(drawn))');
      return (await taskSeconds()) - before;
    };
    return { page, complaints, busySeconds };
  };
}
