/** What a trace has exercised: how often each message met each socket state, and how it was answered. */
import { assert } from '../assert/assert.ts';
import type { MessageRow } from './message-rows.ts';

/** One message's line of the table. */
export interface CoverageLine {
  readonly message: string;
  readonly requests: number;
  readonly successes: number;
  readonly errors: number;
  /**
   * By state of the socket machine, in its order: requests posted in it. All 0 for messages that name no
   * socket.
   */
  readonly byState: readonly number[];
}

const STATES_MAX = 32;

export class Coverage {
  private readonly rows: readonly MessageRow[];
  /** Names of the states there are. */
  readonly states: readonly string[];
  /** State of each socket, or of each network port. */
  private readonly stateOf: Uint8Array;
  private readonly requests: Uint32Array;
  private readonly successes: Uint32Array;
  private readonly errors: Uint32Array;
  private readonly cells: Uint32Array;

  constructor(rows: readonly MessageRow[], states: readonly string[], stateOf: Uint8Array) {
    this.rows = rows;
    this.states = states;
    this.stateOf = stateOf;
    this.requests = new Uint32Array(rows.length);
    this.successes = new Uint32Array(rows.length);
    this.errors = new Uint32Array(rows.length);
    this.cells = new Uint32Array(rows.length * STATES_MAX);
  }

  /** Sockets, or network ports, there are. */
  get things(): number {
    return this.stateOf.length;
  }

  /**
   * Counts a request that is posted, before it moves its socket, or its port, on.
   * @param socket -1: it names none. // Hot path.
   */
  request(row: MessageRow, socket: number): void {
    const { index } = row;
    this.requests[index] = this.requests[index] + 1;
    if (socket < 0) return;
    const state = this.stateOf[socket];
    assert(state < STATES_MAX, 'coverage: there is a column for every state of a socket');
    const cell = index * STATES_MAX + state;
    this.cells[cell] = this.cells[cell] + 1;
  }

  /** Counts an answer. // Hot path. */
  reply(row: MessageRow, success: boolean): void {
    const counts = success ? this.successes : this.errors;
    counts[row.index] = counts[row.index] + 1;
  }

  /** @returns a line for every message seen, in the catalogue's order. */
  lines(): CoverageLine[] {
    const states = this.states.length;
    return this.rows
      .filter(({ index }) => this.requests[index] + this.successes[index] + this.errors[index] > 0)
      .map((row) => ({
        message: row.name,
        requests: this.requests[row.index],
        successes: this.successes[row.index],
        errors: this.errors[row.index],
        byState: Array.from({ length: states }, (_, s) => this.cells[row.index * STATES_MAX + s]),
      }));
  }
}
