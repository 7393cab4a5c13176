/** What an implementation says it supports, as the Ready message has it. */
import { CATALOGUE } from '../../spec/catalogue.gen.ts';
import { messageNamed } from '../../spec/catalogue.ts';

/** Names beside those of classes and messages. */
export const FURTHER_CLAIMS = [
  'lists',
  'parameters',
  'transactions',
  'sent',
  'golden',
  'preserve',
  'echo',
] as const;
/** The private message that only the echo device serves. */
const ECHO = 'PrivateEcho';

export class Claims {
  private readonly names = new Set<string>();
  /** Names that the spec does not know. */
  readonly unknown: readonly string[];

  /** @param text names parted by blanks; `-` before one takes it out again. */
  constructor(text: string) {
    const unknown: string[] = [];
    for (const word of text.split(/\s+/).filter((part) => part !== '')) {
      const out = word.startsWith('-');
      const named = namesOf(out ? word.slice(1) : word);
      if (named.length === 0) unknown.push(word);
      for (const name of named) {
        if (out) this.names.delete(name);
        else this.names.add(name);
      }
    }
    this.unknown = unknown;
  }

  /** @returns those of the names that are not claimed, each once. */
  lacking(names: readonly string[]): string[] {
    return [...new Set(names)].filter((name) => !this.names.has(name));
  }
}

function namesOf(word: string): string[] {
  if (word === 'echo') return ['echo', ECHO];
  if ((FURTHER_CLAIMS as readonly string[]).includes(word)) return [word];
  const spec = CATALOGUE.classes.find(({ name }) => name === word);
  if (spec !== undefined) {
    const names = spec.messages.map(({ name }) => name).filter((name) => name !== ECHO);
    return [...names, word];
  }
  const message = messageNamed(word);
  return message === undefined ? [] : [message.name];
}
