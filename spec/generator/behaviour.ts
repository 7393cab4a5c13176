/** Reads and checks what is not a layout: state machines (states.yaml) and rules (rules.yaml). */
import { parse } from 'yaml';
import type {
  FieldCondition,
  MachineEntry,
  RuleEntry,
  StateEntry,
  TransitionEntry,
} from '../../src/spec/entries.ts';
import type { ClassSpec, Message } from './model.ts';
import { expect, integer, items, type Raw, record, text, unique } from './yaml.ts';

/** Everything a machine's transition can wait for. */
const EVENTS = /^(request|reply|polled|record|event) \S.*$/;
const OF_MESSAGES = ['request', 'reply', 'polled'];

/**
 * @param classes whose messages and enumerations the machines name.
 * @throws TypeError of one line that says where and what.
 */
export function readMachines(yaml: string, classes: readonly ClassSpec[]): MachineEntry[] {
  const root = record(parse(yaml), 'states', ['machines']);
  const machines = items(root['machines'], 'machines').map((entry) => readMachine(entry, classes));
  unique(
    machines.map(({ name }) => name),
    'machines',
    'name',
  );
  return machines;
}

function readMachine(entry: unknown, classes: readonly ClassSpec[]): MachineEntry {
  const where = `machines.${String((entry as Raw)?.['name'])}`;
  const raw = record(entry, where, ['name', 'doc', 'origin', 'initial', 'states', 'transitions']);
  const states = items(raw['states'], where).map(
    (state) => record(state, `${where}.states`, ['name', 'doc']) as unknown as StateEntry,
  );
  const names = states.map(({ name }) => name);
  unique(names, where, 'state');
  expect(names.includes(text(raw['initial'], where)), where, `initial state ${raw['initial']} is unknown`);
  const transitions = items(raw['transitions'], where).map((item, index) =>
    readTransition(item, `${where}.transitions.${index + 1}`, names, classes),
  );
  return {
    name: text(raw['name'], where),
    doc: text(raw['doc'], where),
    origin: text(raw['origin'], where),
    initial: text(raw['initial'], where),
    states,
    transitions,
  };
}

function readTransition(
  entry: unknown,
  where: string,
  states: readonly string[],
  classes: readonly ClassSpec[],
): TransitionEntry {
  const raw = record(entry, where, ['in', 'on', 'to', 'when?', 'doc?']);
  const starts = raw['in'] === 'any' ? states : [raw['in']].flat().map((name) => text(name, where));
  for (const name of starts) expect(states.includes(name), where, `state ${name} is unknown`);
  const to = text(raw['to'], where);
  expect(to === 'same' || states.includes(to), where, `state ${to} is unknown`);
  const on = text(raw['on'], where);
  expect(EVENTS.test(on), where, `"${on}" is no request, reply, polled, record or event`);
  const [kind, subject] = on.split(' ');
  if (OF_MESSAGES.includes(kind!)) messageOf(classes, subject, where);
  return {
    in: starts,
    on,
    to,
    ...(raw['when'] === undefined ? {} : { when: readCondition(raw['when'], where, subject, classes) }),
    ...(raw['doc'] === undefined ? {} : { doc: text(raw['doc'], where) }),
  };
}

function messageOf(classes: readonly ClassSpec[], name: string | undefined, where: string): Message {
  const message = classes.flatMap(({ messages }) => messages).find((entry) => entry.name === name);
  expect(message !== undefined, where, `message ${name} is unknown`);
  return message;
}

/** Values are numbers, or names of the field's enumeration. */
function readCondition(
  entry: unknown,
  where: string,
  subject: string | undefined,
  classes: readonly ClassSpec[],
): FieldCondition {
  const raw = record(entry, `${where}.when`, ['field', 'values']);
  const name = text(raw['field'], where);
  const field = messageOf(classes, subject, where).request.fields.find(
    (candidate) => candidate.name === name,
  );
  expect(field !== undefined, where, `field ${name} is unknown`);
  const enums = classes.flatMap((spec) => spec.enums);
  const known = enums.find((candidate) => candidate.name === field.enum)?.values ?? [];
  const values = items(raw['values'], where).map((value) => {
    const named = known.find((candidate) => candidate.name === value)?.value;
    expect(named !== undefined || Number.isInteger(value), where, `value ${String(value)} is unknown`);
    return named ?? integer(value, where, 0, 0xffffffff);
  });
  const names = values.map((value) => known.find((row) => row.value === value)?.name ?? String(value));
  return { field: name, values, names };
}

/** @throws TypeError of one line that says where and what. */
export function readRules(yaml: string): RuleEntry[] {
  const root = record(parse(yaml), 'rules', ['rules']);
  const rules = items(root['rules'], 'rules').map((entry) => {
    const where = `rules.${String((entry as Raw)?.['id'])}`;
    const raw = record(entry, where, ['id', 'title', 'doc', 'reference']);
    const [id, title] = [text(raw['id'], where), text(raw['title'], where)];
    expect(/^[A-Z]+-\d\d$/.test(id), where, 'an id is letters, a dash and two digits');
    return { id, title, doc: text(raw['doc'], where), reference: text(raw['reference'], where) };
  });
  unique(
    rules.map(({ id }) => id),
    'rules',
    'id',
  );
  return rules;
}
