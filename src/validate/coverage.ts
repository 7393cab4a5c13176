/** What a trace has exercised: how often each message met each socket state, and how it was answered. */
import { assert } from '../assert/assert.ts';
import type { MessageRow } from './message-rows.ts';
import type { Sockets } from './sockets.ts';

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
  private readonly sockets: Sockets;
  private readonly requests: Uint32Array;
  private readonly successes: Uint32Array;
  private readonly errors: Uint32Array;
  private readonly states: Uint32Array;

  constructor(rows: readonly MessageRow[], sockets: Sockets) {
    this.rows = rows;
    this.sockets = sockets;
    this.requests = new Uint32Array(rows.length);
    this.successes = new Uint32Array(rows.length);
    this.errors = new Uint32Array(rows.length);
    this.states = new Uint32Array(rows.length * STATES_MAX);
  }

  /**
   * Counts a request that is posted, before it moves its socket on.
   * @param socket -1: it names none. // Hot path.
   */
  request(row: MessageRow, socket: number): void {
    const { index } = row;
    this.requests[index] = this.requests[index] + 1;
    if (socket < 0) return;
    const state = this.sockets.state[socket];
    assert(state < STATES_MAX, 'coverage: there is a column for every state of a socket');
    const cell = index * STATES_MAX + state;
    this.states[cell] = this.states[cell] + 1;
  }

  /** Counts an answer. // Hot path. */
  reply(row: MessageRow, success: boolean): void {
    const counts = success ? this.successes : this.errors;
    counts[row.index] = counts[row.index] + 1;
  }

  /**
   * @param states how many the socket machine has.
   * @returns a line for every message seen, in the catalogue's order.
   */
  lines(states: number): CoverageLine[] {
    return this.rows
      .filter(({ index }) => this.requests[index] + this.successes[index] + this.errors[index] > 0)
      .map((row) => ({
        message: row.name,
        requests: this.requests[row.index],
        successes: this.successes[row.index],
        errors: this.errors[row.index],
        byState: Array.from({ length: states }, (_, s) => this.states[row.index * STATES_MAX + s]),
      }));
  }
}
