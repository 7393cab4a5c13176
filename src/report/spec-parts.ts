/** Smaller entries of the spec as pages of text: a state, a value, an errno, an option, a rule, a clause. */
import { errnoNumber } from '../socket/errno.ts';
import { ruleWithId } from '../spec/catalogue.ts';
import type { ClauseEntry } from '../spec/clause-entries.ts';
import { clausesOfRule } from '../spec/clauses.ts';
import type { RuleEntry } from '../spec/entries.ts';
import type { FieldsOf } from '../spec/fields.ts';
import type { ErrnoOf, OptionOf, StateOf, ValueOf } from '../spec/find.ts';
import { columns, paragraph, section } from './spec-columns.ts';
import { bitsText, meaningText, sentence, triggerText, valuesText } from './spec-said.ts';
import { hexText } from './spec-words.ts';

/** What may be asked in the state, and what leads into it and out of it. */
export function statePage({ name, doc, machine }: StateOf): string[] {
  const asked: string[] = [];
  const leaves: string[][] = [];
  const enters: string[][] = [];
  for (const transition of machine.transitions) {
    const { in: starts, to, on } = transition;
    const trigger = triggerText(transition);
    if (starts.includes(name) && on.startsWith('request ')) asked.push(on.slice('request '.length));
    if (starts.includes(name) && to !== 'same' && to !== name) leaves.push([trigger, `to ${to}`]);
    const from = starts.filter((state) => state !== name);
    if (to === name && from.length > 0) enters.push([trigger, `from ${from.join(', ')}`]);
  }
  const says = asked.length === 0 ? 'nothing' : [...new Set(asked)].join(', ');
  return [
    `${name}: a state of machine ${machine.name}${name === machine.initial ? ', the initial one' : ''}`,
    '',
    ...paragraph(sentence(doc)),
    ...section('Legal here', paragraph(says, 2)),
    ...section('Leads to it', columns(enters)),
    ...section('Leads away', columns(leaves)),
  ];
}

export function valuePage({ name, value, doc, enum: enumeration }: ValueOf): string[] {
  return [
    `${name}: value ${value} (${hexText(value, 2)}) of enumeration ${enumeration}`,
    '',
    ...paragraph(sentence(doc)),
  ];
}

/** The messages that it answers, and when. */
export function errnoPage({ name, answers }: ErrnoOf): string[] {
  const rows = answers.map(({ message, errno }) => {
    const states =
      errno.in === undefined ? '' : `; where that is all that is wrong, in ${errno.in.join(', ')}`;
    return [message, `${errno.when ?? ''}${states}`];
  });
  return [
    `${name}: errno ${errnoNumber(name)}, as on Linux`,
    '',
    ...paragraph('The DetailedStatusCode of a reply of the socket class, with ReqStatus ErrorNoData.'),
    ...section('Answers', columns(rows)),
  ];
}

/** Units that a name ends in, where the value is not a switch or a number of bytes. */
const UNITS = { _SECONDS: 'seconds', _MS: 'milliseconds' };

export function optionPage({ name, number, doc }: OptionOf): string[] {
  const unit = Object.entries(UNITS).find(([ending]) => name.endsWith(ending));
  const linux = unit === undefined ? name : name.slice(0, -unit[0].length);
  return [
    `${name}: option ${number} of SocketOptionSet and SocketOptionGet`,
    '',
    ...paragraph(sentence(doc)),
    '',
    ...paragraph(
      `Linux's ${linux}${unit === undefined ? '' : `, in ${unit[1]}`}; the number is the socket class's own. ` +
        'A card refuses one that it does not have with ENOPROTOOPT.',
    ),
  ];
}

export function rulePage({ id, title, doc, reference }: RuleEntry): string[] {
  const clauses = clausesOfRule(id).map((clause) => clause.id);
  return [
    `${id}: ${title}`,
    '',
    ...paragraph(sentence(doc)),
    '',
    ...paragraph(`Reference: ${reference}`),
    ...paragraph(`Clauses: ${clauses.join(', ')}`),
  ];
}

/** Where there is a field of the name, and what each says. */
export function fieldPage({ name, places }: FieldsOf): string[] {
  const rows = places.flatMap(({ of, part, field, groupField }) => {
    if (field !== undefined) {
      const where = part === 'structure' ? of : `${of} ${part}`;
      return [[where, String(field.word), bitsText(field), valuesText(field), meaningText(field)]];
    }
    if (groupField === undefined) return [];
    const { index, bytes, unit, doc } = groupField;
    return [
      [`group ${of}`, `index ${index}`, `${bytes} bytes`, '', unit === undefined ? doc : `${doc} (${unit})`],
    ];
  });
  return [`${name}: a field`, '', ...columns([['in', 'word', 'bits', 'values', 'meaning'], ...rows])];
}

/** What it says, and by name all that shows it. */
export function clausePage(clause: ClauseEntry): string[] {
  const { id, role, title, level, text, rules, vectors, scenarios, runs, mutants, cuts, models, unseen } =
    clause;
  const linked = (what: string, { patterns, count }: ClauseEntry['vectors']): string[] =>
    section(`${what}: ${count}`, patterns.length === 0 ? [] : paragraph(patterns.join(', '), 2));
  const named = (what: string, names: readonly string[]): string[] =>
    section(
      what,
      names.flatMap((name) => paragraph(name, 2)),
    );
  return [
    `${id}: ${level}, of the ${role === 'host' ? 'host driver' : role}; ${title}`,
    '',
    ...paragraph(sentence(text)),
    ...section(
      'Rules that tell when it is broken',
      columns(rules.map((rule) => [rule, ruleWithId(rule)!.title])),
    ),
    ...(vectors.count === 0 ? [] : linked('Vectors', vectors)),
    ...(scenarios.count === 0 ? [] : linked('Scenarios', scenarios)),
    ...named('Cases of inic conform that go through it', runs),
    ...named('Broken on purpose, and told', mutants),
    ...named('Cuts into traces, and told', cuts),
    ...named('Formal models', models),
    ...section(
      'Not judged by inic conform',
      columns(Object.entries(unseen).map(([of, why]) => [`of a ${of}`, why])),
    ),
  ];
}
