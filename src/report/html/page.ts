/**
 * One page that stands for itself: it loads nothing, and its policy lets nothing be loaded. What a results
 * file says is text in it, never markup and never a script.
 */

import type { PageData } from '../page/data.ts';
import { escaped } from '../spec-html-parts.ts';
import { pageScripts } from './bundle.ts';
import { contentDigest } from './digest.ts';
import { STYLE } from './style.ts';

/** How a report begins: by that an older one is known, which may be overwritten. */
export const REPORT_START = '<!doctype html>\n<!-- a report of inic -->\n';

export interface PagePart {
  readonly title: string;
  /** Its answer in a sentence. */
  readonly short: string;
  /** Markup, in which all that comes from a file is escaped. */
  readonly body: string;
}

export interface Page {
  readonly title: string;
  readonly version: string;
  readonly parts: readonly PagePart[];
  readonly data: PageData;
}

export function pageHtml({ title, version, parts, data }: Page): string {
  const scripts = pageScripts().map(scriptText);
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map((text) => `'sha256-${contentDigest(text)}'`).join(' ')}`,
    // The chart library gives each chart a style of its own; with no network, a style can load nothing.
    "style-src 'unsafe-inline'",
    // The ramp of a heat map's colours.
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return [
    `${REPORT_START}<html lang="en">`,
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    `<header><h1>${escaped(title)}</h1>${contents(parts)}</header>`,
    '<main>',
    parts.length > 1 ? '<div id="comparison"></div>' : '',
    ...parts.map((part, i) => partHtml(part, i, parts.length > 1)),
    '</main>',
    `<footer>Made by inic ${escaped(version)} from the results alone; this page loads nothing.</footer>`,
    `<script type="application/json" id="data">${dataText(data)}</script>`,
    ...scripts.map((text) => `<script>${text}</script>`),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function contents(parts: readonly PagePart[]): string {
  if (parts.length < 2) return '';
  const links = parts.map(
    ({ title, short }, i) => `<li><a href="#part-${i}">${escaped(title)}</a>: ${escaped(short)}</li>`,
  );
  return `<nav aria-label="results" class="answer"><ul>${links.join('\n')}</ul></nav>`;
}

function partHtml({ title, body }: PagePart, i: number, several: boolean): string {
  const heading = several ? `<h2>${escaped(title)}</h2>` : '';
  return `<section id="part-${i}">${heading}\n${body}\n</section>`;
}

/** Where a part's charts go. */
export function chartsPlace(part: number): string {
  return `<div id="charts-${part}"><noscript><p>The charts need scripts.</p></noscript></div>`;
}

/** JSON within a script element: no `<` is left that could end it or begin a comment. */
export function dataText(data: unknown): string {
  return JSON.stringify(data)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

/** @throws Error for a script that would end its own element. */
function scriptText(script: string): string {
  if (/<\/script|<!--/i.test(script)) throw new Error('a script of the page would end its own element');
  return script;
}
