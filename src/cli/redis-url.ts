/** The Redis server that sweeps and their workers meet at, as a user names it. */
import { UserError } from './errors.ts';

/** @param url of the command line; undefined: that of the environment. @throws UserError for none. */
export function redisUrl(url: string | undefined): string {
  const named = url ?? process.env['INIC_REDIS'];
  if (named === undefined || named === '')
    throw new UserError('expected --redis URL, or INIC_REDIS in the environment');
  return named;
}

/** A word of the command line, as it may be kept and shown. */
export function withoutPassword(word: string): string {
  return word.replace(/(rediss?:\/\/[^:@/]*:)[^@/]*@/, '$1***@');
}
