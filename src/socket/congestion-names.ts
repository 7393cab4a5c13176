/** Linux's names of TCP_CONGESTION; over calls and messages the option is a number. */

/** By number; 0 is any other control, which can be told and not be set. */
const NAMES: readonly string[] = ['', 'cubic', 'reno'];

/** @returns the number of a control by Linux's name; -1 for one that there is not. */
export function congestionNumber(name: string): number {
  return name === '' ? -1 : NAMES.indexOf(name);
}

/** @returns Linux's name of a control; undefined for 0 and for a number that there is not. */
export function congestionName(number: number): string | undefined {
  return number > 0 ? NAMES[number] : undefined;
}
