/**
 * Finds things in the spec. Every lookup by name ignores case; all return undefined for what the spec does
 * not know.
 */
import { CATALOGUE } from './catalogue.gen.ts';
import type {
  ClassEntry,
  ElementEntry,
  EnumEntry,
  MachineEntry,
  MessageEntry,
  RuleEntry,
  StructureEntry,
} from './entries.ts';

/** Functions below this are utility messages: good for any TID. */
const CLASS_FUNCTIONS = 0x20;

const messages = CATALOGUE.classes.flatMap((spec) => spec.messages);
const byName = <T extends { readonly name: string }>(entries: readonly T[]): ReadonlyMap<string, T> =>
  new Map(entries.map((entry) => [entry.name.toLowerCase(), entry]));
const messagesByName = byName(messages);
const enumsByName = byName([CATALOGUE.frame, ...CATALOGUE.classes].flatMap((spec) => spec.enums));
const structuresByName = byName([CATALOGUE.frame, ...CATALOGUE.classes].flatMap((spec) => spec.structures));
const elementsByName = byName(CATALOGUE.frame.elements);
const machinesByName = byName(CATALOGUE.machines);
const classesByName = byName(CATALOGUE.classes);
const messagesByFunction = new Map(messages.map((entry) => [`${entry.className} ${entry.function}`, entry]));
const utilities = new Map(
  messages.filter((entry) => entry.function < CLASS_FUNCTIONS).map((entry) => [entry.function, entry]),
);

/** @param name as in `socket`. */
export function classNamed(name: string): ClassEntry | undefined {
  return classesByName.get(name.toLowerCase());
}

/** @param id as in the logical configuration table, such as 0x0A0. */
export function classWithId(id: number): ClassEntry | undefined {
  return CATALOGUE.classes.find((spec) => spec.id === id);
}

/** @param name as in `SocketSend`. */
export function messageNamed(name: string): MessageEntry | undefined {
  return messagesByName.get(name.toLowerCase());
}

/**
 * The message a frame to a device of this class holds. Utility functions are known to every class.
 * @param functionCode word 1 bits 24-31.
 */
export function messageOf(className: string, functionCode: number): MessageEntry | undefined {
  return messagesByFunction.get(`${className.toLowerCase()} ${functionCode}`) ?? utilities.get(functionCode);
}

export function enumNamed(name: string): EnumEntry | undefined {
  return enumsByName.get(name.toLowerCase());
}

/** @returns the value's name, as in `Operational` for value 8 of `IopState`. */
export function enumValueName(name: string, value: number): string | undefined {
  return enumNamed(name)?.values.find((entry) => entry.value === value)?.name;
}

export function structureNamed(name: string): StructureEntry | undefined {
  return structuresByName.get(name.toLowerCase());
}

/** @param name as a message's list of elements has it, such as `transmit`. */
export function elementNamed(name: string): ElementEntry | undefined {
  return elementsByName.get(name.toLowerCase());
}

export function machineNamed(name: string): MachineEntry | undefined {
  return machinesByName.get(name.toLowerCase());
}

/** @param id as in `H-01`. */
export function ruleWithId(id: string): RuleEntry | undefined {
  return CATALOGUE.rules.find((rule) => rule.id.toLowerCase() === id.toLowerCase());
}

/** States of each machine in which a message may be asked: those with a transition on its request. */
export function legalStates(
  message: MessageEntry,
): readonly { readonly machine: MachineEntry; readonly states: readonly string[] }[] {
  return CATALOGUE.machines.flatMap((machine) => {
    const starts = machine.transitions
      .filter((transition) => transition.on === `request ${message.name}`)
      .flatMap((transition) => transition.in);
    const states = machine.states.map(({ name }) => name).filter((name) => starts.includes(name));
    return states.length === 0 ? [] : [{ machine, states }];
  });
}
