/** Reads and checks what is not a layout: state machines (states.yaml), rules (rules.yaml), parameter groups (groups.yaml). */
import { parse } from 'yaml';
import type {
  FieldCondition,
  GroupEntry,
  MachineEntry,
  RuleEntry,
  StateEntry,
  TransitionEntry,
} from '../../src/spec/entries.ts';
import { expect, integer, items, type Raw, record, text, unique } from './yaml.ts';

/** Everything a machine's transition can wait for. */
const EVENTS = /^(request|reply|polled|record|event) \S.*$/;
const OF_MESSAGES = ['request', 'reply', 'polled'];

/** @param messages names a `request` or `reply` may have. @throws TypeError of one line that says where and what. */
export function readMachines(yaml: string, messages: readonly string[]): MachineEntry[] {
  const root = record(parse(yaml), 'states', ['machines']);
  const machines = items(root['machines'], 'machines').map((entry) => readMachine(entry, messages));
  unique(machines.map(({ name }) => name), 'machines', 'name'); // biome-ignore format: one line
  return machines;
}

function readMachine(entry: unknown, messages: readonly string[]): MachineEntry {
  const where = `machines.${String((entry as Raw)?.['name'])}`;
  const raw = record(entry, where, ['name', 'doc', 'origin', 'initial', 'states', 'transitions']);
  const states = items(raw['states'], where).map(
    (state) => record(state, `${where}.states`, ['name', 'doc']) as unknown as StateEntry,
  );
  const names = states.map(({ name }) => name);
  unique(names, where, 'state');
  expect(names.includes(text(raw['initial'], where)), where, `initial state ${raw['initial']} is unknown`);
  const transitions = items(raw['transitions'], where).map((item, index) =>
    readTransition(item, `${where}.transitions.${index + 1}`, names, messages),
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
  messages: readonly string[],
): TransitionEntry {
  const raw = record(entry, where, ['in', 'on', 'to', 'when?', 'doc?']);
  const starts = raw['in'] === 'any' ? states : [raw['in']].flat().map((name) => text(name, where));
  for (const name of starts) expect(states.includes(name), where, `state ${name} is unknown`);
  const to = text(raw['to'], where);
  expect(to === 'same' || states.includes(to), where, `state ${to} is unknown`);
  const on = text(raw['on'], where);
  expect(EVENTS.test(on), where, `"${on}" is no request, reply, polled, record or event`);
  const [kind, subject] = on.split(' ');
  const known = !OF_MESSAGES.includes(kind!) || messages.includes(subject!);
  expect(known, where, `message ${subject} is unknown`);
  return {
    in: starts,
    on,
    to,
    ...(raw['when'] === undefined ? {} : { when: readCondition(raw['when'], where) }),
    ...(raw['doc'] === undefined ? {} : { doc: text(raw['doc'], where) }),
  };
}

function readCondition(entry: unknown, where: string): FieldCondition {
  const raw = record(entry, `${where}.when`, ['field', 'values']);
  const values = items(raw['values'], where).map((value) => integer(value, where, 0, 0xffffffff));
  return { field: text(raw['field'], where), values };
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
  unique(rules.map(({ id }) => id), 'rules', 'id'); // biome-ignore format: one line
  return rules;
}

/** No groups are described yet. */
export const NO_GROUPS: readonly GroupEntry[] = [];
