/**
 * Keeps the pumps out of `process.getActiveResourcesInfo`, by which leak detectors ask what keeps a program
 * alive. The sockets are there by themselves, since their handles are Node's; but the turns of a busy pump
 * are immediates, and what keeps the loop alive for a card in this thread is a timer, which the program has
 * not asked for.
 */

/** What of a pump would show. */
export interface ShownPump {
  /** Whether an immediate of its own waits. */
  readonly waits: boolean;
  /** Whether a timer of its own keeps the loop alive. */
  readonly holds: boolean;
}

/** @param pumps all there are now. @returns what gives Node its function back. */
export function hidePumps(pumps: () => readonly ShownPump[]): () => void {
  const before = process.getActiveResourcesInfo;
  const getActiveResourcesInfo = (): string[] => {
    let immediates = pumps().filter(({ waits }) => waits).length;
    let timers = pumps().filter(({ holds }) => holds).length;
    return before().filter(
      (name) => (name !== 'Immediate' || immediates-- <= 0) && (name !== 'Timeout' || timers-- <= 0),
    );
  };
  process.getActiveResourcesInfo = getActiveResourcesInfo;
  return () => {
    // Where somebody else has wrapped the function since, it stays as it is, and hides nothing any more.
    if (process.getActiveResourcesInfo === getActiveResourcesInfo) process.getActiveResourcesInfo = before;
  };
}
