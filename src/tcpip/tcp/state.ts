/** Connection states (RFC 9293 §3.3.2), numbered as Linux's TCP_INFO numbers them. */
export const ESTABLISHED = 1;
export const SYN_SENT = 2;
export const SYN_RECEIVED = 3;
export const FIN_WAIT_1 = 4;
export const FIN_WAIT_2 = 5;
export const TIME_WAIT = 6;
export const CLOSED = 7;
export const CLOSE_WAIT = 8;
export const LAST_ACK = 9;
export const LISTEN = 10;
export const CLOSING = 11;

/** What an acknowledgement is owed as. */
export const ACK_NONE = 0;
export const ACK_DELAYED = 1;
export const ACK_NOW = 2;

/**
 * Timers of a connection: bits of `Tcb.timers`. RETRANSMIT and PERSIST share one deadline and exclude each
 * other.
 */
export const TIMER_RETRANSMIT = 1;
export const TIMER_PERSIST = 2;
export const TIMER_ACK = 4;
export const TIMER_KEEPALIVE = 8;
export const TIMER_FIN_WAIT = 16;

/** Loss recovery: `Tcb.recovery`. */
export const RECOVERY_NONE = 0;
/** After three duplicate acknowledgements (RFC 6582, RFC 6675). */
export const RECOVERY_FAST = 1;
/** After a time-out. */
export const RECOVERY_TIMEOUT = 2;
