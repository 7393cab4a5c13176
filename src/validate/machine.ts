/** A state machine of spec/states.yaml as a table: what comes next, looked up by state and event. */
import type { MachineEntry, MessageEntry, TransitionEntry } from '../spec/entries.ts';

/** Nothing of the kind happens in this state. */
export const ILLEGAL = -1;
/** The machine does not name the event at all. */
export const UNNAMED = -1;
/**
 * An event with a condition has a column for each value of its field, up to this; the conditions are on
 * enumerations.
 */
const VARIANTS = 16;

/** Which bits of a request an event's condition looks at. */
export interface Condition {
  readonly word: number;
  readonly low: number;
  readonly mask: number;
}

export class Machine {
  readonly name: string;
  readonly states: readonly string[];
  readonly initial: number;
  private readonly stateCount: number;
  private readonly columns = new Map<string, number>();
  private readonly conditions = new Map<string, Condition>();
  private readonly next: Int8Array;
  private readonly moves: readonly TransitionEntry[];

  /** @param messageNamed finds the messages whose fields conditions name. */
  constructor(entry: MachineEntry, messageNamed: (name: string) => MessageEntry | undefined) {
    this.name = entry.name;
    this.states = entry.states.map(({ name }) => name);
    this.moves = entry.transitions;
    this.initial = this.states.indexOf(entry.initial);
    this.stateCount = this.states.length;
    let width = 0;
    for (const { on } of entry.transitions) {
      if (this.columns.has(on)) continue;
      const condition = conditionOf(entry, on, messageNamed);
      this.columns.set(on, width);
      if (condition !== undefined) this.conditions.set(on, condition);
      width += condition === undefined ? 1 : VARIANTS;
    }
    this.next = new Int8Array(width * this.stateCount).fill(ILLEGAL);
    for (const transition of entry.transitions) this.fill(transition);
  }

  /**
   * @param on as the spec writes it.
   * @returns the event's column, or UNNAMED; with a condition, that of value 0.
   */
  column(on: string): number {
    return this.columns.get(on) ?? UNNAMED;
  }

  condition(on: string): Condition | undefined {
    return this.conditions.get(on);
  }

  /** @returns the state after the event, or ILLEGAL. // Hot path. */
  after(state: number, column: number): number {
    return this.next[column * this.stateCount + state];
  }

  /**
   * @param of which events may have come that nobody has told of yet.
   * @returns by state: the states the other side may be in meanwhile, as bits, the state's own among them.
   */
  ahead(of: (on: string) => boolean): Int32Array {
    const { states, moves } = this;
    const reached = Int32Array.from(states, (_, state) => 1 << state);
    const steps = moves.filter(({ on, to }) => to !== 'same' && of(on));
    for (let pass = 0; pass < states.length; pass++) {
      for (const { in: starts, to } of steps) {
        const bit = 1 << states.indexOf(to);
        for (let state = 0; state < states.length; state++) {
          const from = starts.some((start) => (reached[state] & (1 << states.indexOf(start))) !== 0);
          if (from) reached[state] |= bit;
        }
      }
    }
    return reached;
  }

  /** @returns names of states as bits. */
  bitsOf(names: readonly string[]): number {
    return names.reduce((bits, name) => bits | (1 << this.states.indexOf(name)), 0);
  }

  private fill({ in: starts, on, to, when }: TransitionEntry): void {
    const base = this.columns.get(on)!;
    const every = Array.from({ length: this.conditions.has(on) ? VARIANTS : 1 }, (_, value) => value);
    for (const value of when?.values ?? every) {
      for (const start of starts) {
        const state = this.states.indexOf(start);
        const target = to === 'same' ? state : this.states.indexOf(to);
        this.next[(base + value) * this.stateCount + state] = target;
      }
    }
  }
}

function conditionOf(
  entry: MachineEntry,
  on: string,
  messageNamed: (name: string) => MessageEntry | undefined,
): Condition | undefined {
  const conditional = entry.transitions.find((transition) => transition.on === on && transition.when);
  if (conditional?.when === undefined) return undefined;
  const name = conditional.when.field;
  const field = messageNamed(on.split(' ')[1])?.request.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`${entry.name}: no field ${name} for "${on}"`);
  return { word: field.word, low: field.low, mask: VARIANTS - 1 };
}
