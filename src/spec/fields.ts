/** The fields of the spec by their names: in which messages, structures and parameter groups each is. */
import { CATALOGUE } from './catalogue.gen.ts';
import type { FieldEntry, GroupFieldEntry } from './entries.ts';

/** One place that has a field of a name. */
export interface FieldPlace {
  /** What it is in: a message, a structure or a group, by name. */
  readonly of: string;
  readonly part: 'request' | 'reply' | 'structure' | 'group';
  /** Absent of a group's. */
  readonly field?: FieldEntry;
  /** Of a group's alone. */
  readonly groupField?: GroupFieldEntry;
}

/** All fields of one name. */
export interface FieldsOf {
  readonly name: string;
  readonly places: readonly FieldPlace[];
}

function places(): (readonly [name: string, place: FieldPlace])[] {
  const { classes, frame, groups } = CATALOGUE;
  const laid = (of: string, part: 'request' | 'reply' | 'structure', fields: readonly FieldEntry[]) =>
    fields.map((field) => [field.name, { of, part, field }] as const);
  return [
    ...[frame, ...classes].flatMap(({ structures }) =>
      structures.flatMap(({ name, fields }) => laid(name, 'structure', fields)),
    ),
    ...classes.flatMap(({ messages }) =>
      messages.flatMap(({ name, request, reply }) => [
        ...laid(name, 'request', request.fields),
        ...laid(name, 'reply', reply?.fields ?? []),
      ]),
    ),
    ...groups.flatMap(({ name: of, fields }) =>
      fields.map((groupField) => [groupField.name, { of, part: 'group', groupField }] as const),
    ),
  ];
}

/** All fields, each name once, in the order in which the spec has them. */
export function allFields(): readonly FieldsOf[] {
  const byName = new Map<string, FieldPlace[]>();
  for (const [name, place] of places()) byName.set(name, [...(byName.get(name) ?? []), place]);
  return [...byName].map(([name, found]) => ({ name, places: found }));
}
