/**
 * What a program hands in as a card's configuration, held against the defaults: every name must be one
 * there is and every value of its kind. Ranges are the business of whoever makes a table of the number.
 */
import { TRANSPORTS } from '../../i2o/queues/queues.ts';
import { REPLY_MODES } from '../../osm/message/reply-modes.ts';
import { plain, shown } from './complaint.ts';

const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  transport: TRANSPORTS,
  classVersion: [1, 2],
  'driver.classVersion': [1, 2],
  'driver.replyMode': Object.keys(REPLY_MODES),
  'driver.transmitDryPolicy': ['EAGAIN', 'ENOBUFS', 'block'],
};

/**
 * @param overrides what was handed in. @param defaults what it is laid over, with every name. @param path
 * before the names.
 * @throws RangeError of one line that names the first setting that is none.
 */
export function checkOverrides(overrides: object, defaults: object, path = ''): void {
  const known = new Map<string, unknown>(Object.entries(defaults));
  for (const [name, value] of Object.entries(overrides)) {
    if (value === undefined) continue;
    const setting = `${path}${plain(name)}`;
    const base = known.get(name);
    if (base === undefined) {
      throw new RangeError(`"${setting}" is no setting of a card: expected ${[...known.keys()].join(', ')}`);
    }
    checkKind(setting, value, base);
    const choices = CHOICES[setting];
    if (choices !== undefined && !choices.includes(value)) {
      const got = typeof value === 'string' ? plain(value) : shown(value);
      throw new RangeError(`"${setting}" expected ${choices.join(' or ')}, got ${got}`);
    }
    if (kindOf(base) === 'object') checkOverrides(value as object, base as object, `${setting}.`);
  }
}

function checkKind(setting: string, value: unknown, base: unknown): void {
  const wanted = kindOf(base);
  if (kindOf(value) === wanted && !Number.isNaN(value)) return;
  throw new RangeError(`"${setting}" expected ${wanted}, got ${shown(value)}`);
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : typeof value;
}
