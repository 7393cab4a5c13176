/**
 * What a card names as an errno is one, whatever it wrote: found by the fuzzer (`npm run fuzz -- --side
 * host`).
 */
import { describe, expect, it } from 'vitest';
import { statusErrno } from '../../src/osm/message/reply-status.ts';
import { ECONNREFUSED, EPROTO, ERRNO_MAX } from '../../src/socket/errno.ts';

const ERROR_NO_DATA = 0x05 << 24;

describe('the errno of a status word', () => {
  it('is the one the card names', () => expect(statusErrno(ERROR_NO_DATA | ECONNREFUSED)).toBe(ECONNREFUSED));
  it('is EPROTO for a number that is none', () => {
    for (const code of [0, ERRNO_MAX + 1, 0xff, 0xffff])
      expect(statusErrno(ERROR_NO_DATA | code)).toBe(EPROTO);
  });
});
