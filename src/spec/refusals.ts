/**
 * How a malformed request is refused: what the generated checks do, said from the same layouts. Only the
 * fields are judged here; what a message asks for and cannot have is the errno of its class.
 */
import { enumNamed } from './catalogue.ts';
import type { FieldEntry, MessageEntry } from './entries.ts';

/** A DetailedStatus of a transaction error, and what draws it. */
export interface Refusal {
  readonly status: string;
  readonly when: string;
}

export function refusalsOf({ request, refused }: MessageEntry): readonly Refusal[] {
  if (refused === 'none') return [];
  const { words, fields, list, sgl } = request;
  const size =
    list === undefined
      ? `is shorter than ${words} words`
      : `is shorter than ${words} words, or than its list of \`count\` elements`;
  const offset =
    sgl === undefined ? 'names a list, and there is none' : `does not have its list at word ${sgl.word}`;
  const ranges = fields.filter(isBounded).map(({ name }) => name);
  const wrong = [
    ...(ranges.length === 0 ? [] : [`has ${ranges.join(' or ')} out of range`]),
    ...(sgl === undefined ? [] : ['has an address or a count in its list that is outside memory']),
    ...(sgl?.count === undefined ? [] : [`has another number of elements than ${sgl.count}`]),
  ];
  return [
    ...(words > 4 || list !== undefined ? [{ status: 'MessageTooSmall', when: size }] : []),
    {
      status: 'InvalidOffset',
      when:
        sgl === undefined
          ? offset
          : `${offset}, or the list is malformed: an element not allowed, past the end, or no last one`,
    },
    ...(wrong.length === 0 ? [] : [{ status: 'InvalidParameter', when: wrong.join('; ') }]),
  ];
}

/** Whether some value its bits can hold is wrong. */
export function isBounded(field: FieldEntry): boolean {
  const most = 2 ** (field.high - field.low + 1) - 1;
  if (field.value !== undefined || (field.min ?? 0) > 0 || (field.max ?? most) < most) return true;
  const values = field.enum === undefined ? undefined : enumNamed(field.enum);
  return values !== undefined && !values.bitSet && values.values.length <= most;
}
