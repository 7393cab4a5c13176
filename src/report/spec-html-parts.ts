/**
 * The parts of the HTML reference: pages, links between them, tables, and words drawn as tables. The search is
 * its only script.
 */
import { CATALOGUE } from '../spec/catalogue.gen.ts';
import { enumNamed, machineNamed, messageNamed, structureNamed } from '../spec/catalogue.ts';
import type { FieldEntry } from '../spec/entries.ts';
import { drawRows } from './spec-drawing.ts';
import { bitsText, meaningText, sourceText, valuesText } from './spec-said.ts';
import type { DrawnRow } from './spec-words.ts';

const WORD_BITS = 32;

export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** The place where a name is explained; undefined if it has none of its own. */
export function hrefOf(name: string): string | undefined {
  if (messageNamed(name)?.name === name) return `${name}.html`;
  const typed = enumNamed(name) ?? structureNamed(name);
  if (typed?.name === name) return `${pageOfClass(typed.className)}#${name}`;
  if (CATALOGUE.frame.elements.some((element) => element.name === name)) return `frame.html#element-${name}`;
  return undefined;
}

export function pageOfClass(className: string): string {
  return className === CATALOGUE.frame.name ? 'frame.html' : `class-${className}.html`;
}

export function pageOfMachine(name: string): string {
  return `machine-${machineNamed(name)!.name}.html`;
}

export function link(href: string, text: string): string {
  return `<a href="${escaped(href)}">${escaped(text)}</a>`;
}

/** A name, as a link if there is a place that explains it. */
export function named(name: string): string {
  const href = hrefOf(name);
  return href === undefined ? `<code>${escaped(name)}</code>` : link(href, name);
}

/** A text in which names of messages, enumerations and structures are links. */
export function prose(text: string): string {
  return escaped(text).replaceAll(/\b[A-Z][a-z]+(?:[A-Z][a-z0-9]*)+\b/g, (word) => {
    const href = hrefOf(word);
    return href === undefined ? word : link(href, word);
  });
}

/** A table. @param head plain text. @param rows cells of HTML. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
  const body = rows.map((row) => cells('td', row)).join('\n');
  const heading = `<thead>${cells('th', head.map(escaped))}</thead>`;
  return `<div class="wide"><table>\n${heading}\n<tbody>\n${body}\n</tbody></table></div>`;
}

/** @param letters by which a drawing names fields that it has no room for. */
export function fieldTable(
  fields: readonly FieldEntry[],
  letters: ReadonlyMap<FieldEntry, string> = new Map(),
): string {
  const lettered = (field: FieldEntry): string => (letters.has(field) ? ` (${letters.get(field)})` : '');
  const rows = fields.map((field) => [
    String(field.word),
    bitsText(field),
    `<code>${escaped(field.name)}</code>${lettered(field)}`,
    field.enum === undefined || field.value !== undefined
      ? escaped(valuesText(field))
      : prose(valuesText(field)),
    prose(meaningText(field)),
  ]);
  const heads = ['word', 'bits', 'field', 'values', 'meaning'];
  const source = sourceText(fields);
  return source === '' ? table(heads, rows) : `${table(heads, rows)}\n<p>${escaped(source)}</p>`;
}

/** Draws words as a table of 32 columns. A field too narrow for its name has the letter that it has in text. */
export function wordTable(rows: readonly DrawnRow[]): string {
  const { letters } = drawRows(rows);
  const ruler = Array.from({ length: WORD_BITS }, (_, i) => `<th>${WORD_BITS - 1 - i}</th>`).join('');
  const drawn = rows.map((row) => {
    const label = `<th scope="row">${escaped(row.label)}</th>`;
    if ('list' in row)
      return `<tr>${label}<td colspan="${WORD_BITS}" class="rest">${escaped(row.list)}</td></tr>`;
    const boxes = row.boxes.map(({ high, low, text, field }) => {
      const kind = field === undefined ? (text === '' ? 'unused' : 'fixed') : 'field';
      const whole = escaped(text || '0');
      const letter = field === undefined ? undefined : letters.get(field);
      const title = `bits ${low} to ${high}: ${whole}`;
      return `<td colspan="${high - low + 1}" class="${kind}" title="${title}">${letter ?? whole}</td>`;
    });
    return `<tr>${label}${boxes.join('')}</tr>`;
  });
  const head = `<thead><tr><th scope="col">word</th>${ruler}</tr></thead>`;
  const body = `<tbody>\n${drawn.join('\n')}\n</tbody>`;
  return `<div class="wide"><table class="words">\n${head}\n${body}</table></div>`;
}

/** How each page and the style sheet begin, by which they are known again. */
const PAGE_START = '<!doctype html>\n<!-- a page of inic spec -->\n';
const STYLE_START = '/* the style of inic spec */\n';
/** How the script of the search begins. */
export const SEARCH_START = '/* the search of inic spec */\n';
export const SITE_STARTS = new RegExp(
  `^(${[PAGE_START, STYLE_START, SEARCH_START].map((start) => start.replaceAll('*', '\\*')).join('|')})`,
);

/** A whole page. @param here the page's own file name. @param body parts of HTML. */
export function page(title: string, here: string, product: string, body: readonly string[]): string {
  const places: (readonly [string, string])[] = [
    ['index.html', 'Spec'],
    ...CATALOGUE.classes.map(({ name }) => [pageOfClass(name), name] as const),
    ['frame.html', 'frame'],
    ...CATALOGUE.machines.map(({ name }) => [pageOfMachine(name), `machine ${name}`] as const),
    ...(CATALOGUE.groups.length > 0 ? [['groups.html', 'groups'] as const] : []),
    ['numbers.html', 'numbers'],
    ...(CATALOGUE.rules.length > 0 ? [['rules.html', 'rules'] as const] : []),
    ['clauses.html', 'clauses'],
  ];
  const bar = places.map(([href, text]) => (href === here ? `<b>${escaped(text)}</b>` : link(href, text)));
  return `${PAGE_START}<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<nav>${bar.join(' · ')}
<input id="search" type="search" placeholder="find a name or words" aria-label="search" hidden/>
<ul id="found"></ul></nav>
<main>
<h1>${escaped(title)}</h1>
${body.filter((part) => part !== '').join('\n')}
</main>
<footer>${escaped(product)}; generated from the files the codecs are generated from.</footer>
<script src="search.js"></script>
</body>
</html>
`;
}

export const STYLE = `${STYLE_START}:root { color-scheme: light dark;
  --line: light-dark(#bbb, #555); --soft: light-dark(#f4f4f2, #23262b);
  --field: light-dark(#dceafc, #1e3a5c); --ink: light-dark(#1b1b1b, #e4e4e4); --paper: light-dark(#fff, #16181c);
  --accent: light-dark(#0b57b0, #7fb4ff); --quiet: light-dark(#666, #9a9a9a); }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto; max-width: 70rem;
  padding: 0 1rem 3rem; }
nav { padding: .7rem 0; border-bottom: 1px solid var(--line); }
nav input { display: block; width: 100%; max-width: 28rem; box-sizing: border-box; margin-top: .6rem; font: inherit; padding: .2rem .5rem; }
nav input[hidden] { display: none; }
#found { list-style: none; margin: .4rem 0 0; padding: 0; } #found span { color: var(--quiet); font-size: .9rem; }
footer { margin-top: 3rem; color: var(--quiet); font-size: .85rem; }
a { color: var(--accent); text-decoration: none; } a:hover, a:focus { text-decoration: underline; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1.05rem; margin-top: 1.6rem; }
.origin { color: var(--quiet); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .7rem 0; }
th, td { border: 1px solid var(--line); padding: .2rem .5rem; text-align: left; vertical-align: top; }
thead th { background: var(--soft); font-weight: 600; }
table.words { table-layout: fixed; width: 64rem; font-size: .85rem; }
table.words th:first-child { width: 3rem; }
table.words th { padding: .1rem; text-align: center; font-weight: 400; font-size: .7rem; color: var(--quiet); }
table.words td { text-align: center; overflow-wrap: anywhere; padding: .3rem .1rem; }
table.words td.field { background: var(--field); } table.words td.fixed { background: var(--soft); }
table.words td.unused { color: var(--quiet); } table.words td.rest { border-style: dashed; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
svg .state { fill: var(--soft); stroke: var(--ink); } svg .initial { stroke-width: 3; }
svg .edge { fill: none; stroke: var(--quiet); } svg .tip { fill: var(--quiet); }
svg .badge { fill: var(--paper); stroke: var(--quiet); } svg .number { font-size: 11px; }
svg a text { fill: var(--accent); }
tr:target, :target { background: var(--field); }
`;
