/** What the spec's entries say, as sentences and cells, which text pages and HTML pages share. */
import { enumNamed, legalStates } from '../spec/catalogue.ts';
import type { ClassEntry, FieldEntry, MessageEntry, TransitionEntry } from '../spec/entries.ts';
import { hexText } from './spec-words.ts';

export const OURS = 'ours, not I2O history';

/** Where a message or a class comes from, in words. */
/** Which headers fields come from, and which of them are ours; '' for no fields. */
export function sourceText(fields: readonly { readonly name: string; readonly source: string }[]): string {
  const of = (source: string): string =>
    fields
      .filter((field) => field.source === source)
      .map(({ name }) => name)
      .join(', ');
  const sources = [...new Set(fields.map(({ source }) => source))];
  if (sources.length === 0) return '';
  if (sources.length === 1) {
    return sources[0] === 'ours' ? 'The fields are ours.' : `The fields are those of ${sources[0]}.`;
  }
  return `The fields come from ${sources.map((source) => `${source} (${of(source)})`).join('; ')}.`;
}

export function originText(origin: string): string {
  return origin === 'inic' ? OURS : origin;
}

/** The first sentence of a text. */
export function inOneLine(doc: string): string {
  const [first] = sentence(doc).split(/(?<=[.;]) /);
  return first!.replace(/[;:]$/, '.');
}

/** Makes a text begin with a capital and end with a full stop. */
export function sentence(doc: string): string {
  const text = doc[0].toUpperCase() + doc.slice(1);
  return /[.:]$/.test(text) ? text : `${text}.`;
}

export function bitsText({ low, high }: FieldEntry): string {
  if (high - low === 31) return '0-31';
  return high === low ? String(low) : `${low}-${high}`;
}

/** The legal values of a field; '' if all are. */
export function valuesText({ min, max, value, enum: name, low, high }: FieldEntry): string {
  if (value !== undefined) return hexText(value, 1);
  if (name !== undefined) return enumNamed(name)?.bitSet === true ? `bits of ${name}` : name;
  if (min === undefined && max === undefined) return '';
  return `${min ?? 0} to ${max ?? 2 ** (high - low + 1) - 1}`;
}

/** A field's meaning, with its unit if it has one. */
export function meaningText({ doc, unit }: FieldEntry): string {
  return unit === undefined ? doc : `${doc} (${unit})`;
}

export function classTitle({ name, id, version }: ClassEntry): string {
  return `class ${hexText(id, 3)} ${name}, version ${version}`;
}

/** The states in which a message may be sent, a row for each machine. */
export function stateRows(message: MessageEntry): readonly (readonly [machine: string, states: string])[] {
  return legalStates(message).map(({ machine, states }) => [
    machine.name,
    states.length === machine.states.length ? 'every state' : states.join(', '),
  ]);
}

/** How a message is answered when nothing is wrong. */
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

/** How a malformed request is refused; `refusalsOf` gives the statuses. */
export function refusalText({ refused, replyForm }: MessageEntry): string {
  if (refused === 'none') return 'What is malformed is counted and not answered.';
  return replyForm === 'overlaid'
    ? 'A FailureRecord, since the reply has no status word, with severity FormatError and the FailureCode'
    : 'TransactionErrorReply (ReqStatus TransactionError), with the DetailedStatus';
}
