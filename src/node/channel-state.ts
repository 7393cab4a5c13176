/**
 * What a handle on the card is doing, and the async context of its callbacks: what `channel.ts`, `write.ts`
 * and `policy.ts` all need.
 */
import { AsyncResource } from 'node:async_hooks';

export const BOUND = 0; // has a socket; neither listens nor is connected
export const LISTENING = 1;
export const CONNECTING = 2;
export const CONNECTED = 3;
export const CLOSED = 4;

/** Without this, Node would track the collection of every resource, which costs more than the resource. */
const MANUAL = { requireManualDestroy: true } as const;

/** Captures the caller's async context, in which later callbacks are to run. */
export function captureContext(): AsyncResource {
  return new AsyncResource('INICSOCKET', MANUAL);
}
