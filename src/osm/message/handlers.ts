/**
 * The driver's reply handlers. A request carries its handler's number as InitiatorContext, and the card
 * repeats it in the reply: so the replies of the data path find their handler without a look at the function.
 */
import { assert } from '../../assert/assert.ts';

export const HANDLER_CONTROL = 1;
export const HANDLER_CONNECT = 2;
export const HANDLER_ACCEPT = 3;
export const HANDLER_SEND = 4;
export const HANDLER_RECEIVE = 5;
export const HANDLER_CLOSE = 6;
/** Of requests that are not answered: their failure only shows in a counter. */
export const HANDLER_NONE = 7;
/** Of requests to the echo module, which are only counted as they come back. */
export const HANDLER_ECHO = 8;
/** Of the registration for events of the device, which is answered again and again. */
export const HANDLER_EVENT = 9;
/** Of the registration for the executive's events, and of the request for the table's next change. */
export const HANDLER_WATCH = 10;

/** Asserts what the dispatch of replies depends on. @param handlers all numbers. */
export function checkHandlers(handlers: readonly number[]): void {
  assert(
    handlers.every((handler, i) => handlers.indexOf(handler) === i),
    'handlers: each has a number of its own',
  );
  assert(!handlers.includes(0), 'handlers: none is 0, which a card may write of itself');
}

checkHandlers([
  HANDLER_CONTROL,
  HANDLER_CONNECT,
  HANDLER_ACCEPT,
  HANDLER_SEND,
  HANDLER_RECEIVE,
  HANDLER_CLOSE,
  HANDLER_NONE,
  HANDLER_ECHO,
  HANDLER_EVENT,
  HANDLER_WATCH,
]);
