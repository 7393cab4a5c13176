/** The list of everything in the spec, in lines of at most 100 columns, as `inic spec` prints it. */
import { CATALOGUE } from '../spec/catalogue.gen.ts';
import { allClauses } from '../spec/clauses.ts';
import type { ClassEntry } from '../spec/entries.ts';
import { groupNumber } from '../spec/find.ts';
import { columns, paragraph } from './spec-columns.ts';
import { classTitle, inOneLine, OURS, originText } from './spec-said.ts';
import { hexText } from './spec-words.ts';

/** @returns lines, without line ends. */
export function specList(): readonly string[] {
  const { classes, machines, rules, groups, frame } = CATALOGUE;
  return [
    ...classes.flatMap((spec) => [
      `${classTitle(spec)}: ${originText(spec.origin)}`,
      ...messageTable(spec),
      '',
    ]),
    ...named('machines', machines),
    ...named('frame', [{ name: frame.name }, ...frame.structures, ...frame.enums]),
    ...named('elements', frame.elements),
    ...named('numbers', CATALOGUE.numbers),
    ...classes.flatMap(({ name, structures, enums }) => named(`${name} types`, [...structures, ...enums])),
    ...named(
      'groups',
      groups.map(({ number }) => ({ name: groupNumber(number) })),
    ),
    ...named(
      'rules',
      rules.map(({ id }) => ({ name: id })),
    ),
    ...named('clauses', clauseSpans()),
    '',
    ...paragraph(
      'inic spec NAME says all about one of these: its words drawn, its fields, states and replies.',
    ),
  ];
}

/** A line for each message: its function, name, class version and purpose. */
export function messageTable({ messages, origin }: ClassEntry): string[] {
  const rows = messages.map((message) => [
    hexText(message.function, 2),
    message.name,
    `v${message.since}`,
    message.origin !== origin && message.origin === 'inic'
      ? `${inOneLine(message.doc)} (${OURS})`
      : inOneLine(message.doc),
  ]);
  return columns([['fn', 'message', 'since', 'purpose'], ...rows]);
}

/** The first and the last clause of each section: there are too many for a list of names. */
function clauseSpans(): { readonly name: string }[] {
  const sections = new Map<string, string[]>();
  for (const { id } of allClauses()) {
    const key = id.split('.')[0];
    sections.set(key, [...(sections.get(key) ?? []), id]);
  }
  return [...sections.values()].map((ids) => ({
    name: ids.length === 1 ? ids[0] : `${ids[0]} to ${ids.at(-1)!.split('.')[1]}`,
  }));
}

function named(title: string, entries: readonly { readonly name: string }[]): string[] {
  if (entries.length === 0) return [];
  const head = `${title}:`.padEnd(18);
  const [first, ...more] = paragraph(entries.map(({ name }) => name).join(', '), head.length);
  return [`${head}${first!.trim()}`, ...more];
}
