/** What the spec's entries say, as sentences and cells: the same on a text page and on an HTML page. */
import { enumNamed, legalStates } from '../spec/catalogue.ts';
import type { ClassEntry, FieldEntry, MessageEntry, TransitionEntry } from '../spec/entries.ts';
import { hexText } from './spec-words.ts';

export const OURS = 'ours, not I2O history';

/** Where it comes from. @param reference section of the notes on I2O. */
export function originText(origin: string, reference: string | undefined): string {
  if (origin === 'inic') return OURS;
  return reference === undefined ? origin : `${origin} (reference, section ${reference})`;
}

/** The first sentence of a text. */
export function inOneLine(doc: string): string {
  const [first] = sentence(doc).split(/(?<=[.;]) /);
  return first!.replace(/[;:]$/, '.');
}

/** Begins with a capital, ends with a stop. */
export function sentence(doc: string): string {
  const text = doc[0].toUpperCase() + doc.slice(1);
  return /[.:]$/.test(text) ? text : `${text}.`;
}

export function bitsText({ low, high }: FieldEntry): string {
  if (high - low === 31) return '0-31';
  return high === low ? String(low) : `${low}-${high}`;
}

/** Good values of a field; '' where all are. */
export function valuesText({ min, max, value, enum: name, low, high }: FieldEntry): string {
  if (value !== undefined) return hexText(value, 1);
  if (name !== undefined) return enumNamed(name)?.bitSet === true ? `bits of ${name}` : name;
  if (min === undefined && max === undefined) return '';
  return `${min ?? 0} to ${max ?? 2 ** (high - low + 1) - 1}`;
}

/** The meaning, and the unit where there is one. */
export function meaningText({ doc, unit }: FieldEntry): string {
  return unit === undefined ? doc : `${doc} (${unit})`;
}

export function classTitle({ name, id, version }: ClassEntry): string {
  return `class ${hexText(id, 3)} ${name}, version ${version}`;
}

/** In which states a message may be asked, a machine a row. */
export function stateRows(message: MessageEntry): readonly (readonly [machine: string, states: string])[] {
  return legalStates(message).map(({ machine, states }) => [
    machine.name,
    states.length === machine.states.length ? 'every state' : states.join(', '),
  ]);
}

/** How the answer comes when all is well. */
export function replyText(message: MessageEntry): string {
  switch (message.replyForm) {
    case 'none':
      return 'No reply when all is well.';
    case 'status':
      return 'Single-transaction reply: a status and nothing else.';
    case 'single':
      return 'Single-transaction reply.';
    case 'multiple':
      return 'Multiple-transaction reply.';
    case 'overlaid':
      return 'Single-transaction reply whose word 4 is a field and no status: look at the function first.';
  }
}

export function triggerText({ on, when }: TransitionEntry): string {
  return when === undefined ? on : `${on}, ${when.field} ${when.names.join(' or ')}`;
}

/** How a malformed request is refused, before the statuses of `refusalsOf`. */
export function refusalText({ refused, replyForm }: MessageEntry): string {
  if (refused === 'none') return 'What is malformed is counted and not answered.';
  return replyForm === 'overlaid'
    ? 'A FailureRecord, since the reply has no status word; its FailureCode stands for the DetailedStatus'
    : 'TransactionErrorReply (ReqStatus TransactionError), with the DetailedStatus';
}
