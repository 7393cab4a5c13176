/**
 * Reads a description that a user wrote, key by key. Every complaint is one line that begins with the path
 * of the key as the user wrote it, such as `"cards.nic.ports.eth0.address"`, and says what was expected
 * there.
 */

import { misspelt, plain, shown } from '../config/complaint.ts';

/** A map of the description, and where it lies in it. */
export class Fields {
  readonly path: string;
  private readonly values: ReadonlyMap<string, unknown>;

  /**
   * @param value what stands at `path`; absent is an empty map. @param known the keys there may be.
   * @param what the whole is called, where the path is empty.
   * @throws RangeError for what is no map, or has another key.
   */
  constructor(value: unknown, path: string, known: readonly string[], what = 'a world') {
    this.path = path;
    this.values = new Map(value === undefined || value === null ? [] : entriesOf(value, path, what));
    for (const key of this.values.keys()) {
      if (!known.includes(key)) {
        throw new RangeError(`"${this.at(key)}" is not known: ${misspelt(key, known)}`);
      }
    }
  }

  /** The path of a key here. */
  at(key: string): string {
    const name = plain(key);
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  get(key: string): unknown {
    return this.values.get(key);
  }

  has(key: string): boolean {
    return this.values.get(key) !== undefined;
  }

  /** A text. @throws RangeError for anything else, or when it is missing and there is no `fallback`. */
  text(key: string, fallback?: string): string {
    const value = this.values.get(key) ?? fallback;
    if (typeof value === 'string' && value !== '') return value;
    throw this.refusal(key, 'a text');
  }

  /** One of the names given. */
  choice<T extends string>(key: string, choices: readonly T[], fallback?: T): T {
    const value = this.values.get(key) ?? fallback;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    throw this.refusal(key, choices.join(' or '));
  }

  whole(key: string, least: number, most: number, fallback?: number): number {
    const value = this.values.get(key) ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.refusal(key, `a whole number from ${least} to ${most}`);
  }

  /** A chance, 0 to 1; 0 where it is missing. */
  probability(key: string): number {
    const value = this.values.get(key) ?? 0;
    if (typeof value === 'number' && value >= 0 && value <= 1) return value;
    throw this.refusal(key, '0 to 1');
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.values.get(key) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw this.refusal(key, 'true or false');
  }

  /** Named things: each with its name and path, in the order written. */
  named(key: string): { readonly name: string; readonly value: unknown; readonly path: string }[] {
    const value = this.values.get(key);
    if (value === undefined || value === null) return [];
    const path = this.at(key);
    return entriesOf(value, path).map(([name, entry]) => {
      if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(name)) {
        throw new RangeError(
          `"${path}.${plain(name)}" is no name: expected a letter, then letters, digits, "-" and "_"`,
        );
      }
      return { name, value: entry, path: `${path}.${name}` };
    });
  }

  /** @returns the complaint that the value of a key is not what was `expected`. */
  refusal(key: string, expected: string): RangeError {
    return new RangeError(`"${this.at(key)}" expected ${expected}, got ${shown(this.values.get(key))}`);
  }
}

function entriesOf(value: unknown, path: string, what = 'a world'): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RangeError(`${path === '' ? what : `"${path}"`} expected a map of keys, got ${shown(value)}`);
  }
  return Object.entries(value);
}
