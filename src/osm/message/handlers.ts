/** The driver's reply handlers, by InitiatorContext: the hot replies find theirs without looking at the function. */
export const HANDLER_CONTROL = 1;
export const HANDLER_CONNECT = 2;
export const HANDLER_ACCEPT = 3;
export const HANDLER_SEND = 4;
export const HANDLER_RECEIVE = 5;
export const HANDLER_CLOSE = 6;
/** Requests whose failure only shows in a counter. */
export const HANDLER_NONE = 7;
/** Answers of the echo module: only their coming counts. */
export const HANDLER_ECHO = 8;
/** Events of the device: replies to its UtilEventRegister, which stays open. */
export const HANDLER_EVENT = 9;
/** The executive's events, and the table's next change: for as long as the card is up. */
export const HANDLER_WATCH = 10;
