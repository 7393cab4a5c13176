/**
 * How a malformed request is refused: what the generated checks do, said from the same layouts. Only the
 * fields are judged here; what a message asks for and cannot have is the errno of its class.
 */
import { enumNamed } from './catalogue.ts';
import type { FieldEntry, MessageEntry } from './entries.ts';

/**
 * A DetailedStatus of a transaction error, and what draws it; of a message whose reply has no status word, a
 * FailureCode of a failure record.
 */
export interface Refusal {
  readonly status: string;
  readonly when: string;
}

/** The function of messages that a device has for itself, though they are of no class. */
const PRIVATE = 0xff;

/** What a failure record says in place of a DetailedStatus. */
const FAILURES: Readonly<Record<string, string>> = {
  MessageTooSmall: 'FrameTooSmall',
  InvalidOffset: 'InvalidOffset',
  InvalidParameter: 'UnknownFailure',
};

export function refusalsOf(message: MessageEntry): readonly Refusal[] {
  const { replyForm, refused } = message;
  if (refused === 'none') return [];
  const drawn = [...flagsOf(message), ...sizeOf(message), ...listOf(message), ...valuesOf(message)];
  if (replyForm !== 'overlaid') return drawn;
  return drawn.map(({ status, when }) => ({ status: FAILURES[status], when }));
}

/** The flag MULTIPLE. In the executive's and the utility messages a failure record refuses it. */
function flagsOf(message: MessageEntry): readonly Refusal[] {
  const { className, multiple, batch } = message;
  const shared = className === 'utility' || (className === 'executive' && message.function !== PRIVATE);
  if (shared || batch === true) return [];
  const when = multiple === true ? 'does not have the flag MULTIPLE' : 'has the flag MULTIPLE';
  return [{ status: 'InvalidMessageFlags', when }];
}

function sizeOf({ request: { words, list } }: MessageEntry): readonly Refusal[] {
  if (words <= 4 && list === undefined) return [];
  const size = `is shorter than ${words} words`;
  return [
    {
      status: 'MessageTooSmall',
      when: list === undefined ? size : `${size}, or than its list of \`count\` elements`,
    },
  ];
}

function listOf(message: MessageEntry): readonly Refusal[] {
  const { sgl } = message.request;
  if (sgl === undefined) return [{ status: 'InvalidOffset', when: 'names a list, and there is none' }];
  const elsewhere = `does not have its list at word ${sgl.word}`;
  const broken = 'the list is malformed: an element not allowed, past the end, or no last one';
  return [{ status: 'InvalidOffset', when: isPolled(message) ? elsewhere : `${elsewhere}, or ${broken}` }];
}

function valuesOf(message: MessageEntry): readonly Refusal[] {
  const { fields, sgl } = message.request;
  const ranges = fields.filter(isBounded).map(({ name }) => name);
  const wrong = [
    ...(ranges.length === 0 ? [] : [`has ${ranges.join(' or ')} out of range`]),
    ...(sgl === undefined || isPolled(message)
      ? []
      : ['has an address or a count in its list that is outside memory']),
    ...(sgl?.count === undefined ? [] : [`has another number of elements than ${sgl.count}`]),
  ];
  return wrong.length === 0 ? [] : [{ status: 'InvalidParameter', when: wrong.join('; ') }];
}

/** Whether the message is answered in memory that its list names, and by nothing where that cannot be read. */
function isPolled({ request, reply }: MessageEntry): boolean {
  return reply === undefined && request.sgl?.elements.includes('in') === true;
}

/** Whether some value its bits can hold is wrong. */
export function isBounded(field: FieldEntry): boolean {
  const most = 2 ** (field.high - field.low + 1) - 1;
  if (field.value !== undefined || (field.min ?? 0) > 0 || (field.max ?? most) < most) return true;
  const values = field.enum === undefined ? undefined : enumNamed(field.enum);
  return values !== undefined && !values.bitSet && values.values.length <= most;
}
