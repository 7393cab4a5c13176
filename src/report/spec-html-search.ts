/**
 * The search of the HTML reference: everything that has a name, and a script that finds in it. Both lie beside
 * the pages, so that it works from a folder without a server, and asks no network.
 */
import { CATALOGUE } from '../spec/catalogue.gen.ts';
import { allClauses } from '../spec/clauses.ts';
import { groupNumber } from '../spec/find.ts';
import { pageOfClass, pageOfMachine, SEARCH_START } from './spec-html-parts.ts';
import { inOneLine } from './spec-said.ts';

export const SEARCH_FILE = 'search.js';

type Row = readonly [name: string, kind: string, href: string, about: string];

function rows(): Row[] {
  const { classes, frame, machines, rules, groups, numbers } = CATALOGUE;
  const places = [frame, ...classes];
  return [
    ...classes.map(({ name, doc }): Row => [name, 'class', pageOfClass(name), inOneLine(doc)]),
    ...classes.flatMap(({ messages }) =>
      messages.map(({ name, doc }): Row => [name, 'message', `${name}.html`, inOneLine(doc)]),
    ),
    ...classes.flatMap(({ messages }) =>
      messages.flatMap(({ name, request, reply }) =>
        [...request.fields, ...(reply?.fields ?? [])].map(
          (field): Row => [field.name, `field of ${name}`, `${name}.html`, field.doc],
        ),
      ),
    ),
    ...places.flatMap(({ name, structures }) =>
      structures.map(
        (one): Row => [one.name, 'structure', `${pageOfClass(name)}#${one.name}`, inOneLine(one.doc)],
      ),
    ),
    ...places.flatMap(({ name, structures }) =>
      structures.flatMap(({ name: of, fields }) =>
        fields.map((one): Row => [one.name, `field of ${of}`, `${pageOfClass(name)}#${of}`, one.doc]),
      ),
    ),
    ...places.flatMap(({ name, enums }) => enums.flatMap((one) => enumRows(one, pageOfClass(name)))),
    ...numbers.flatMap((one) => enumRows(one, 'numbers.html')),
    ...frame.elements.map(({ name, doc }): Row => [name, 'list element', `frame.html#element-${name}`, doc]),
    ...machines.map(({ name, doc }): Row => [name, 'machine', pageOfMachine(name), inOneLine(doc)]),
    ...machines.flatMap(({ name, states }) =>
      states.map(
        (state): Row => [
          state.name,
          `state of ${name}`,
          `${pageOfMachine(name)}#state-${state.name}`,
          state.doc,
        ],
      ),
    ),
    ...rules.map(({ id, title, doc }): Row => [id, 'rule', `rules.html#${id}`, `${title}: ${doc}`]),
    ...allClauses().map(({ id, text }): Row => [id, 'clause', `clauses.html#${id}`, text]),
    ...groups.map(
      ({ name, number, target, doc }): Row => [
        `${groupNumber(number)} ${name}`,
        'group',
        `groups.html#${target}-${name}`,
        inOneLine(doc),
      ],
    ),
    ...groups.flatMap(({ name, target, fields }) =>
      fields.map(
        (one): Row => [one.name, `field of group ${name}`, `groups.html#${target}-${name}`, one.doc],
      ),
    ),
  ];
}

function enumRows({ name, doc, values }: (typeof CATALOGUE.numbers)[number], page: string): Row[] {
  const href = `${page}#${name}`;
  return [
    [name, 'enumeration', href, inOneLine(doc)],
    ...values.map((value): Row => [value.name, `${name} ${value.value}`, href, value.doc]),
  ];
}

/** @returns the text of search.js. */
export function searchScript(): string {
  const index = rows().map((row) => JSON.stringify(row).replaceAll('<', '\\u003c'));
  return `${SEARCH_START}const INDEX = [\n${index.join(',\n')},\n];\n${FINDER}`;
}

/** Names that are the words come first, then those that begin with them, that hold them, and what is said. */
const FINDER = `const MOST = 20;
function rank(row, words) {
  const name = row[0].toLowerCase();
  const all = (name + ' ' + row[1] + ' ' + row[3]).toLowerCase();
  if (!words.every((word) => all.includes(word))) return -1;
  const text = words.join(' ');
  if (name === text) return 0;
  if (name.startsWith(text)) return 1;
  return words.every((word) => name.includes(word)) ? 2 : 3;
}
function find(text) {
  const words = text.toLowerCase().split(/\\s+/).filter((word) => word !== '');
  if (words.length === 0) return [];
  return INDEX.map((row) => [rank(row, words), row])
    .filter(([order]) => order >= 0)
    .sort((a, b) => a[0] - b[0] || a[1][0].length - b[1][0].length)
    .slice(0, MOST)
    .map(([, row]) => row);
}
const box = document.getElementById('search');
const found = document.getElementById('found');
function show() {
  const rows = find(box.value);
  found.replaceChildren(
    ...rows.map(([name, kind, href, about]) => {
      const item = document.createElement('li');
      const link = document.createElement('a');
      link.href = href;
      link.textContent = name;
      const text = document.createElement('span');
      text.textContent = ' ' + kind + ': ' + about;
      item.append(link, text);
      return item;
    }),
  );
  if (box.value.trim() !== '' && rows.length === 0) found.textContent = 'Nothing has these words.';
}
box.addEventListener('input', show);
box.addEventListener('keydown', (event) => {
  const first = found.querySelector('a');
  if (event.key === 'Enter' && first !== null) location.href = first.href;
  if (event.key === 'Escape') {
    box.value = '';
    show();
  }
});
box.hidden = false;
`;
