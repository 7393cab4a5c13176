/**
 * Sequence-number arithmetic (RFC 9293 §3.4). Timestamps (RFC 7323 §5.2), `nowUs` and `nowMs` wrap in the
 * same way and are compared by the same functions: `before(now, deadline)` says that a deadline is still to
 * come, `atOrAfter(now, deadline)` that it has passed. Of a time that may lie long back, `hasPassed` asks.
 */
export { after, atOrAfter, atOrBefore, before, earlier, hasPassed, later } from '../dma/wrapping.ts';
