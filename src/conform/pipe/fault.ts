/** What a back-end has done wrong, by its name in spec/pipe.yaml. */
import { PIPE_FAULT_NAMES } from './pipe.gen.ts';

export class PipeFault extends Error {
  /** A PIPE_FAULT_ number. */
  readonly fault: number;

  constructor(fault: number, detail: string) {
    super(`${PIPE_FAULT_NAMES[fault]}: ${detail}`);
    this.fault = fault;
  }
}
