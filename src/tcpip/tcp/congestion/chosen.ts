/**
 * Congestion control by connection (TCP_CONGESTION): each has the stack's own, or one that its user has chosen.
 * The others are made when they are first chosen.
 */
import { assert } from '../../../assert/assert.ts';
import type { CongestionControl, CongestionState } from './congestion.ts';
import { Cubic } from './cubic.ts';
import { NewReno } from './newreno.ts';
import { NoControl } from './none.ts';

/** By the numbers of `socket/congestion-names.ts`; of those, what the stack's configuration calls them. */
export const CONTROL_NAMES = ['none', 'cubic', 'newreno'] as const;
/** What `CongestionState.chosen` is where nothing was. */
export const CHOSEN_NONE = 0;

/** What each name makes. */
const CONTROLS: Readonly<Record<(typeof CONTROL_NAMES)[number], () => CongestionControl>> = {
  none: () => new NoControl(),
  cubic: () => new Cubic(),
  newreno: () => new NewReno(),
};

export class ChosenControl implements CongestionControl {
  readonly name: (typeof CONTROL_NAMES)[number];
  private readonly own: CongestionControl;
  private readonly made: (CongestionControl | undefined)[] = [];

  /** @param name of the stack's own. */
  constructor(name: (typeof CONTROL_NAMES)[number]) {
    assert(CONTROL_NAMES.includes(name), 'congestion: the control of a stack is there');
    this.name = name;
    this.own = CONTROLS[name]();
    this.made[CONTROL_NAMES.indexOf(name)] = this.own;
  }

  /** The number of a connection's control; 0 where the stack controls nothing. */
  numberOf({ chosen }: CongestionState): number {
    assert(chosen < CONTROL_NAMES.length, 'congestion: what was chosen is there');
    return chosen === CHOSEN_NONE ? CONTROL_NAMES.indexOf(this.name) : chosen;
  }

  /**
   * Has a connection another control. As Linux, it keeps its window and its threshold, and what the control
   * before has learnt is forgotten.
   * @param number of a control that there is, not 0.
   */
  choose(state: CongestionState, number: number): void {
    assert(number > 0 && number < CONTROL_NAMES.length, 'congestion: a control that is chosen is there');
    const { cwnd, ssthresh, usedUntil } = state;
    state.reset();
    state.cwnd = cwnd;
    state.ssthresh = ssthresh;
    state.usedUntil = usedUntil;
    state.chosen = number;
  }

  /** // Hot path. */
  private of({ chosen }: CongestionState): CongestionControl {
    if (chosen === CHOSEN_NONE) return this.own;
    return (this.made[chosen] ??= CONTROLS[CONTROL_NAMES[chosen]]());
  }

  start(state: CongestionState, mss: number, segments: number): void {
    this.of(state).start(state, mss, segments);
  }

  acknowledged(state: CongestionState, mss: number, bytes: number, nowUs: number, rttUs: number): void {
    this.of(state).acknowledged(state, mss, bytes, nowUs, rttUs);
  }

  lossFound(state: CongestionState, mss: number, flightBytes: number): void {
    this.of(state).lossFound(state, mss, flightBytes);
  }

  recovered(state: CongestionState, mss: number, flightBytes: number): void {
    this.of(state).recovered(state, mss, flightBytes);
  }

  timedOut(state: CongestionState, mss: number, flightBytes: number, first: boolean): void {
    this.of(state).timedOut(state, mss, flightBytes, first);
  }

  undo(state: CongestionState): void {
    this.of(state).undo(state);
  }

  idle(state: CongestionState, mss: number, segments: number): void {
    assert(segments > 0, 'congestion: a window after a rest lets something out');
    this.of(state).idle(state, mss, segments);
  }
}
