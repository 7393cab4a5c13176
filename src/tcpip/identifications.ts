/**
 * Identifications of packets that may be cut on their way, or are (RFC 791 §3.2, RFC 6864 §4.2): those of one
 * pair of hosts and one protocol count up, so that none comes twice while its fragments may still be under
 * way, and start where nobody outside can tell (RFC 7739 §5.3, which IPv4 shares): what another host is sent
 * does not show in them.
 */
import { assert } from '../assert/assert.ts';
import { Random } from '../time/random.ts';
import { KeyedHash } from './keyed-hash.ts';

/** Counters that all pairs share by their hash. */
const COUNTERS = 256;
/** The key has random numbers of its own, so that nothing else that is drawn depends on it. */
const KEY_SEED = 0x1d5eed;

export class Identifications {
  private readonly hash: KeyedHash;
  private readonly counters = new Uint16Array(COUNTERS);

  /** @param seed of the stack's random numbers. */
  constructor(seed: number) {
    this.hash = new KeyedHash(new Random(seed ^ KEY_SEED));
  }

  /** @returns the identification of the next datagram of a pair and protocol, 0 to 65535. */
  next(source: number, destination: number, protocol: number): number {
    assert(protocol > 0 && protocol < 256, 'IPv4 identifications: they belong to a protocol');
    const { hash, counters } = this;
    hash.hash(source, destination, protocol);
    const counter = hash.high & (COUNTERS - 1);
    counters[counter] += 1;
    return (hash.low + counters[counter]) & 0xffff;
  }
}
