/** One probe of the search for what a path carries (`mtu-search.ts`), as output and loss recovery know it. */
import { assert } from '../../assert/assert.ts';
import { IPV4_BYTES } from '../header/ipv4.ts';
import { TCP_BYTES, TIMESTAMPS_BYTES } from '../header/tcp.ts';
import type { Tcb } from './tcb.ts';

/** What all headers of a segment with data take. */
export function headerBytes({ stamps }: Tcb): number {
  return IPV4_BYTES + TCP_BYTES + (stamps.on !== 0 ? TIMESTAMPS_BYTES : 0);
}

/** A probe goes. It is as good as two segments of the window. */
export function noteProbe(tcb: Tcb, seq: number, payload: number): void {
  const { mtuSearch, congestion, mss } = tcb;
  assert(congestion.cwnd > mss, 'mtu search: a probe has the room of two segments');
  mtuSearch.probeBytes = payload + headerBytes(tcb);
  mtuSearch.probeStart = seq;
  mtuSearch.probeEnd = (seq + payload) | 0;
  congestion.cwnd -= mss;
}

/** Something goes again: if the probe does not arrive, who knows why. */
export function forgetProbe({ mtuSearch }: Tcb): void {
  mtuSearch.probeBytes = 0;
}

/**
 * Loss recovery has found that the first unacknowledged segment is lost.
 * @returns whether it is the probe: then nothing is to be taken of the window.
 */
export function isProbeLost({ mtuSearch, sndUna }: Tcb): boolean {
  if (mtuSearch.probeBytes === 0 || mtuSearch.probeStart !== sndUna) return false;
  mtuSearch.lost = 1;
  return true;
}
