/** What a scripted peer and a socket need of the script they belong to. */
import type { Side } from './side.ts';

export interface Stage {
  readonly host: Side;
  /** Wrapping time, as the stack is told it; and unwrapped. */
  readonly nowUs: number;
  readonly timeUs: number;
  /** Gives the stack a frame, and nothing else. */
  inject(frame: Uint8Array): void;
  /** Timers and output at the present time. */
  settle(): void;
  passes(us: number): void;
}
