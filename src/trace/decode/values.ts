/** Numbers of a frame as words a stranger understands: names of enumerations, errnos, addresses, contexts. */
import { errnoName } from '../../socket/errno.ts';
import { OPTION_NAMES } from '../../socket/option-names.ts';
import { enumNamed, enumValueName } from '../../spec/catalogue.ts';
import type { FieldEntry } from '../../spec/entries.ts';

/** A field's value: a number, or its name where it has one. */
export type Value = number | string;
export type Values = Readonly<Record<string, Value>>;

const ADDRESS = /address$/i;

/** @returns the bits of a field, not negative. */
export function fieldBits({ word, low, high }: FieldEntry, words: Int32Array, at: number): number {
  const width = high - low + 1;
  const bits = words[at + word] >>> low;
  return width === 32 ? bits >>> 0 : bits & (2 ** width - 1);
}

/**
 * @returns a field's value as people read it.
 * @param className whose message or structure the field is of.
 */
export function fieldValue(field: FieldEntry, className: string, words: Int32Array, at: number): Value {
  const bits = fieldBits(field, words, at);
  if (field.enum !== undefined) return enumText(field.enum, bits);
  if (className !== 'socket')
    return bits > 65535 || (/address/i.test(field.name) && bits > 0) ? hexText(bits) : bits;
  if (ADDRESS.test(field.name)) return ipv4Text(bits);
  if (field.name === 'option') return OPTION_NAMES.get(bits) ?? bits;
  if (/context$/i.test(field.name)) return contextText(bits);
  return bits;
}

/**
 * @returns the value's name; of a bit set, the names of its bits; the number in hexadecimal where there is
 * none.
 */
export function enumText(name: string, value: number): string {
  if (enumNamed(name)?.bitSet !== true) return enumValueName(name, value) ?? hexText(value);
  const names: string[] = [];
  let left = value;
  for (const entry of enumNamed(name)?.values ?? []) {
    if ((value & entry.value) === 0) continue;
    names.push(entry.name);
    left &= ~entry.value;
  }
  if (left !== 0) names.push(hexText(left));
  return names.length === 0 ? 'none' : names.join('|');
}

/**
 * @param number as errno(3) has it, positive.
 * @returns such as `ECONNREFUSED`, or the number where it has no name.
 */
export function errnoText(number: number): Value {
  const name = errnoName(number);
  return /^E[A-Z]/.test(name) ? name : number;
}

export function ipv4Text(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** Small contexts are numbers of something; large ones are tags, easier to read in hexadecimal. */
export function contextText(context: number): Value {
  return context >>> 0 < 65536 ? context >>> 0 : hexText(context);
}

export function hexText(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
