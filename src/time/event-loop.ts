/** Node's event loop as a source of time: the only place that takes turns of it or sets its timers (design rule 4). */

/** Calls back in the loop's next turn, after its other events have had theirs. */
export const nextTurn: typeof setImmediate = setImmediate;

/** Calls back after a while. @param delayMs milliseconds. */
export const later: typeof setTimeout = setTimeout;

/** Takes a `later` back. */
export const cancelLater: typeof clearTimeout = clearTimeout;
