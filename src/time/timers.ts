/**
 * Real time's timers and turns of Node's event loop, for what measures or waits in real time.
 */

/** Resolves after `ms` milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Calls once after `ms` milliseconds. @returns a function that calls it off. */
export function alarm(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}

/** Calls in the next turn of the event loop, after it has served input and output. */
export function nextTurn(action: () => void): void {
  setImmediate(action);
}
