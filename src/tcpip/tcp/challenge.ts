/** Challenge acknowledgements (RFC 5961): when one may be sent, and that it was. */
import { assert } from '../../assert/assert.ts';
import { TCP_CHALLENGE_ACKS } from '../../ledger/counters.gen.ts';
import type { Environment } from '../environment.ts';
import { hasPassed } from '../seq.ts';

/**
 * Whether a connection may be challenged: each at most once in a while, since a limit for all together could
 * be probed from outside (§7). Where it may, a challenge is counted, and the caller notes its time.
 * @param challenged whether it ever was, 0 or 1. @param sinceUs when it was last.
 */
export function mayChallenge(environment: Environment, challenged: number, sinceUs: number): boolean {
  const { nowUs, config, counters } = environment;
  assert((challenged & ~1) === 0, 'challenge: a connection was challenged before, or was not');
  if (challenged !== 0 && !hasPassed(nowUs, sinceUs, config.challengeAckUs)) return false;
  counters[TCP_CHALLENGE_ACKS] += 1;
  return true;
}
