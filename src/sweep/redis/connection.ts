/** A connection to a Redis server: what is wrong with it in one line, and told once each time it is lost. */
import { getSystemErrorMap } from 'node:util';
import { Redis } from 'ioredis';

/** A server that cannot be used, or will not: its message is one line for the user. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
}

export type Say = (line: string) => void;

const CONNECT_MS = 5000;
const RETRY_MS_MAX = 2000;

/**
 * The commands of a connection wait while its server is away, and go on when it is back.
 * @param url as a user writes it: redis://host:port or rediss://user:password@host:port/number.
 * @param say told when the server goes away, and when it is back.
 * @throws RedisError when it is not there, or does not let us in.
 */
export async function connectRedis(url: string, say: Say): Promise<Redis> {
  const shown = shownUrl(url);
  let begun = false;
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (begun ? Math.min(times * 100, RETRY_MS_MAX) : null),
  });
  let last: unknown;
  client.on('error', (error) => {
    last = error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    client.disconnect();
    throw new RedisError(`${shown}: ${wordsOf(last ?? error)}`);
  }
  begun = true;
  tellOutages(client, shown, say);
  return client;
}

function tellOutages(client: Redis, shown: string, say: Say): void {
  let away = false;
  client.on('reconnecting', () => {
    if (!away) say(`${shown} is away: it goes on when it is back`);
    away = true;
  });
  client.on('ready', () => {
    if (away) say(`${shown} is back`);
    away = false;
  });
}

/** @returns the URL without its password. @throws RedisError for what is no URL of a Redis server. */
export function shownUrl(url: string): string {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url);
  } catch {
    // No URL at all.
  }
  if (parsed === undefined || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '') {
    throw new RedisError(
      '"redis" expected a URL such as redis://host:6379 or rediss://user:password@host:6379',
    );
  }
  const { protocol, username, hostname, port, pathname } = parsed;
  const user = username === '' ? '' : `${username}@`;
  return `${protocol}//${user}${hostname}:${port === '' ? 6379 : port}${pathname === '/' ? '' : pathname}`;
}

function wordsOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  if (/NOAUTH/.test(message)) return 'asks for a password, as in redis://:PASSWORD@host:6379';
  if (/WRONGPASS|invalid password/.test(message)) return 'does not take this user or password';
  if (/ETIMEDOUT/.test(message)) return `no answer in ${CONNECT_MS / 1000} s`;
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? message.split('\n')[0];
}
