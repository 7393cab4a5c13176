/** Names one after the other, as a sentence has them. */

const AND = new Intl.ListFormat('en-GB');

/** @returns such as "a, b and c". */
export function enumerated(names: readonly string[]): string {
  return AND.format(names);
}
