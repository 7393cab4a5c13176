/** Finds whatever in the spec has a name, and names like it where there is none. */
import { CATALOGUE } from './catalogue.gen.ts';
import type { ClauseEntry } from './clause-entries.ts';
import { allClauses } from './clauses.ts';
import type {
  ClassEntry,
  ElementEntry,
  EnumEntry,
  EnumValueEntry,
  ErrnoEntry,
  FrameEntry,
  GroupEntry,
  MachineEntry,
  MessageEntry,
  RuleEntry,
  StateEntry,
  StructureEntry,
} from './entries.ts';
import { allFields, type FieldsOf } from './fields.ts';
import { mostLike } from './likeness.ts';

/** A state of a machine, with the machine. */
export interface StateOf extends StateEntry {
  readonly machine: MachineEntry;
}

/** A value of an enumeration, with the enumeration's name. */
export interface ValueOf extends EnumValueEntry {
  readonly enum: string;
}

/** An errno of the socket class, with the messages that it answers. */
export interface ErrnoOf {
  readonly name: string;
  readonly answers: readonly { readonly message: string; readonly errno: ErrnoEntry }[];
}

/** A socket option, by Linux's name. */
export interface OptionOf {
  readonly name: string;
  /** As SocketOptionSet and SocketOptionGet have it. */
  readonly number: number;
  readonly doc: string;
}

/** One thing of the spec. */
export type Found =
  | { readonly kind: 'message'; readonly entry: MessageEntry }
  | { readonly kind: 'class'; readonly entry: ClassEntry }
  | { readonly kind: 'frame'; readonly entry: FrameEntry }
  | { readonly kind: 'enum'; readonly entry: EnumEntry }
  | { readonly kind: 'structure'; readonly entry: StructureEntry }
  | { readonly kind: 'element'; readonly entry: ElementEntry }
  | { readonly kind: 'machine'; readonly entry: MachineEntry }
  | { readonly kind: 'rule'; readonly entry: RuleEntry }
  | { readonly kind: 'group'; readonly entry: GroupEntry }
  | { readonly kind: 'state'; readonly entry: StateOf }
  | { readonly kind: 'value'; readonly entry: ValueOf }
  | { readonly kind: 'errno'; readonly entry: ErrnoOf }
  | { readonly kind: 'option'; readonly entry: OptionOf }
  | { readonly kind: 'clause'; readonly entry: ClauseEntry }
  | { readonly kind: 'field'; readonly entry: FieldsOf };

/**
 * Each thing under the names it goes by; a class and a message also by their numbers, as the list prints
 * them.
 */
const index: readonly { readonly names: readonly string[]; readonly found: Found }[] = [
  ...CATALOGUE.classes.flatMap((entry) => [
    { names: [entry.name, hex(entry.id, 3)], found: { kind: 'class', entry } as const },
    ...entry.messages.map((message) => ({
      names: [message.name, hex(message.function, 2)],
      found: { kind: 'message', entry: message } as const,
    })),
  ]),
  { names: [CATALOGUE.frame.name], found: { kind: 'frame', entry: CATALOGUE.frame } },
  ...[CATALOGUE.frame, ...CATALOGUE.classes].flatMap(({ enums, structures }) => [
    ...enums.map((entry) => ({ names: [entry.name], found: { kind: 'enum', entry } as const })),
    ...structures.map((entry) => ({ names: [entry.name], found: { kind: 'structure', entry } as const })),
  ]),
  ...CATALOGUE.numbers.map((entry) => ({ names: [entry.name], found: { kind: 'enum', entry } as const })),
  ...CATALOGUE.frame.elements.map((entry) => ({
    names: [entry.name],
    found: { kind: 'element', entry } as const,
  })),
  ...CATALOGUE.machines.map((entry) => ({ names: [entry.name], found: { kind: 'machine', entry } as const })),
  ...CATALOGUE.rules.map((entry) => ({ names: [entry.id], found: { kind: 'rule', entry } as const })),
  ...allClauses().map((entry) => ({ names: [entry.id], found: { kind: 'clause', entry } as const })),
  ...CATALOGUE.groups.map((entry) => ({
    names: [entry.name, groupNumber(entry.number), groupNumber(entry.number).slice(2)],
    found: { kind: 'group', entry } as const,
  })),
  ...CATALOGUE.machines.flatMap((machine) =>
    machine.states.map((state) => ({
      names: [state.name],
      found: { kind: 'state', entry: { ...state, machine } } as const,
    })),
  ),
  ...[CATALOGUE.frame, ...CATALOGUE.classes].flatMap(({ enums }) =>
    enums.flatMap(({ name, values }) =>
      values.map((value) => ({
        names: [value.name],
        found: { kind: 'value', entry: { ...value, enum: name } } as const,
      })),
    ),
  ),
  ...optionValues().map(({ name, value, doc }) => ({
    names: [name],
    found: { kind: 'option', entry: { name, number: value, doc } } as const,
  })),
  ...errnoEntries().map((entry) => ({ names: [entry.name], found: { kind: 'errno', entry } as const })),
  ...allFields().map((entry) => ({ names: [entry.name], found: { kind: 'field', entry } as const })),
  // A field of one message or structure alone, such as `SocketSend.more`.
  ...allFields().flatMap(({ name, places }) =>
    [...new Set(places.map(({ of }) => of))].map((of) => ({
      names: [`${of}.${name}`],
      found: { kind: 'field', entry: { name, places: places.filter((place) => place.of === of) } } as const,
    })),
  ),
];

/** The options of sockets that the class names. */
export function optionValues(): readonly EnumValueEntry[] {
  return CATALOGUE.numbers.find(({ name }) => name === 'SocketOption')!.values;
}

function errnoEntries(): ErrnoOf[] {
  const messages = CATALOGUE.classes.find(({ name }) => name === 'socket')?.messages ?? [];
  const names = [...new Set(messages.flatMap(({ errno }) => errno.map(({ name }) => name)))];
  return names.map((name) => ({
    name,
    answers: messages.flatMap((message) =>
      message.errno.filter((errno) => errno.name === name).map((errno) => ({ message: message.name, errno })),
    ),
  }));
}

/** @returns such as `0xF100`. */
export function groupNumber(number: number): string {
  return hex(number, 4);
}

function hex(number: number, digits: number): string {
  return `0x${number.toString(16).toUpperCase().padStart(digits, '0')}`;
}

/** Everything of this name; several kinds may share one. Case does not matter. */
export function findByName(name: string): readonly Found[] {
  const wanted = name.toLowerCase();
  return index
    .filter(({ names }) => names.some((known) => known.toLowerCase() === wanted))
    .map(({ found }) => found);
}

/** Names most like this one, best first, at most three; none where nothing is like it. */
export function namesLike(name: string): readonly string[] {
  const known = index.map(({ names }) => names[0]).filter((one) => name.includes('.') || !one.includes('.'));
  return mostLike(name, [...new Set(known)]);
}
