/**
 * A busy neighbour: a process that computes and does nothing else. Between two stretches of work it looks
 * whether the bench is still there, so that it ends with it however that ends.
 */
import { nextTurn } from '../time/timers.ts';

/** Steps between two looks: about three milliseconds of work. */
const STEPS = 3_000_000;

function work(state: number): void {
  let x = state;
  for (let i = 0; i < STEPS; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  nextTurn(() => work(x));
}

process.on('disconnect', () => process.exit(0));
// Ctrl-C goes to every process of the terminal: it is the bench that ends its neighbours.
process.on('SIGINT', () => {});
process.send?.('busy');
work(1);
