/** What is kept on Node's own objects for the card. */

/**
 * Keeps a value in a field that a program does not see: neither `console.log` and its kin, which would print the whole
 * card, nor what compares or copies objects.
 */
export function hide<K extends symbol, T>(object: { [key in K]?: T }, key: K, value: T): void {
  Object.defineProperty(object, key, { value, writable: true, configurable: true });
}
