/**
 * Keeps the pumps out of `process.getActiveResourcesInfo`, by which leak detectors ask what keeps a program
 * alive. The sockets are there by themselves, since their handles are Node's; but the turns of a busy pump
 * are immediates, which the program has not asked for.
 */

/** @param waiting how many immediates of pumps wait now. @returns what gives Node its function back. */
export function hideImmediates(waiting: () => number): () => void {
  const before = process.getActiveResourcesInfo;
  const getActiveResourcesInfo = (): string[] => {
    let hidden = waiting();
    return before().filter((name) => name !== 'Immediate' || hidden-- <= 0);
  };
  process.getActiveResourcesInfo = getActiveResourcesInfo;
  return () => {
    // Where somebody else has wrapped the function since, it stays as it is, and hides nothing any more.
    if (process.getActiveResourcesInfo === getActiveResourcesInfo) process.getActiveResourcesInfo = before;
  };
}
