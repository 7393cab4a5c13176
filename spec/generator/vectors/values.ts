/** Values a field can have, good and bad, out of its bits, its range and its enumeration. */
import type { ClassSpec, Enum, Field } from '../model.ts';

/** Greatest number a field's bits hold, unsigned. */
export function mostOf({ bits = [0, 31] }: Field): number {
  return 2 ** (bits[1] - bits[0] + 1) - 1;
}

export function enumOf(spec: ClassSpec, field: Field): Enum | undefined {
  return spec.enums.find(({ name }) => name === field.enum);
}

/** Least, greatest, and each of its enumeration, without repetition; the first is the typical one. */
export function goodValues(spec: ClassSpec, field: Field): readonly number[] {
  if (field.value !== undefined) return [field.value];
  const values = enumOf(spec, field);
  if (values !== undefined && values.bitSet !== true) return values.values.map(({ value }) => value);
  if (values?.bitSet === true) {
    const all = values.values.reduce((bits, { value }) => (bits | value) >>> 0, 0);
    return unique([0, ...values.values.map(({ value }) => value), all]).filter(
      (value) => value <= mostOf(field),
    );
  }
  return unique([field.min ?? 0, field.max ?? mostOf(field)]);
}

/** Just past each bound, and what the enumeration leaves out, where the bits can hold it. */
export function badValues(spec: ClassSpec, field: Field): readonly number[] {
  const most = mostOf(field);
  if (field.value !== undefined) return [(field.value ^ 1) >>> 0];
  const values = enumOf(spec, field);
  const bad: number[] = [];
  if (values !== undefined && values.bitSet !== true) {
    const known = values.values.map(({ value }) => value);
    for (const value of known) bad.push(value - 1, value + 1);
    bad.push(most);
    return unique(bad.filter((value) => value >= 0 && value <= most && !known.includes(value)));
  }
  if (field.min !== undefined && field.min > 0) bad.push(field.min - 1);
  if (field.powerOfTwo === true) bad.push(field.min! + 1, field.min! * 3, field.max! - 1);
  if (field.max !== undefined && field.max < most) bad.push(field.max + 1, most);
  return unique(bad);
}

function unique(values: readonly number[]): number[] {
  return [...new Set(values)];
}
