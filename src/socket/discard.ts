/** Receives whose bytes go nowhere (MSG_TRUNC on a stream): taken in pieces, however many are asked for. */

const NOWHERE = new Uint8Array(16_384);

/**
 * Takes up to `length` bytes and throws them away.
 * @param recv takes so many bytes at most into the front of a buffer. @returns as it does: how many were
 *   taken, or why none were.
 */
export function discard(length: number, recv: (nowhere: Uint8Array, length: number) => number): number {
  let taken = 0;
  for (;;) {
    const part = Math.min(NOWHERE.length, length - taken);
    const answer = recv(NOWHERE, part);
    if (answer <= 0) return taken > 0 ? taken : answer;
    taken += answer;
    if (taken === length || answer < part) return taken;
  }
}
