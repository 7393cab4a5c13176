/**
 * Which devices of a bond count as usable. Links are looked at in the rhythm of `miimon`, and only while one
 * is not as it counts: whoever has nothing to look at asks for no turn. A link that goes counts as gone after
 * `downdelay`, one that comes back as there after `updelay`, or at once while there is no other.
 */
import { assert } from '../assert/assert.ts';
import { NEVER } from '../time/agent.ts';
import type { BondConfig } from './bond-config.ts';

// What a device counts as. One that is going is used still, one that is coming is not used yet.
const DOWN = 0;
const COMING = 1;
const GOING = 2;
const UP = 3;

/** A device's link, as the device shows it. */
export interface MonitoredLink {
  readonly linkUp: boolean;
}

export class LinkMonitor {
  /** When links are next looked at, in clock nanoseconds; `NEVER` while each is as it counts. */
  nextNs: number = NEVER;
  private readonly links: readonly MonitoredLink[];
  private readonly states: Uint8Array;
  /** When one that is going is gone, or one that is coming is there. */
  private readonly dueNs: Float64Array;
  private readonly config: Pick<BondConfig, 'miimonNs' | 'upDelayNs' | 'downDelayNs'>;

  constructor(
    links: readonly MonitoredLink[],
    config: Pick<BondConfig, 'miimonNs' | 'upDelayNs' | 'downDelayNs'>,
  ) {
    this.links = links;
    this.config = config;
    const looks = config.miimonNs > 0;
    this.states = Uint8Array.from(links, ({ linkUp }) => (linkUp || !looks ? UP : DOWN));
    this.dueNs = new Float64Array(links.length);
  }

  /** Whether packets may leave by a device. // Hot path. */
  isUsable(device: number): boolean {
    return this.states[device] >= GOING;
  }

  /** Whether a device counts as up, and is not about to go. */
  isUp(device: number): boolean {
    return this.states[device] === UP;
  }

  /** A device has said that its link has changed: it is looked at when the next look is due. */
  changed(nowNs: number): void {
    const { miimonNs } = this.config;
    if (miimonNs > 0 && this.nextNs === NEVER) this.nextNs = (Math.floor(nowNs / miimonNs) + 1) * miimonNs;
  }

  /** Looks, where that is due. @returns whether any device counts as something else now. // Hot path. */
  poll(nowNs: number): boolean {
    if (nowNs < this.nextNs) return false;
    this.nextNs = NEVER;
    let changed = false;
    let waiting = false;
    for (let i = 0; i < this.links.length; i++) {
      const before = this.states[i];
      this.look(i, nowNs);
      const after = this.states[i];
      changed = changed || before !== after;
      waiting = waiting || after === COMING || after === GOING;
    }
    if (waiting) this.changed(nowNs);
    return changed;
  }

  private look(device: number, nowNs: number): void {
    const { states, dueNs, config } = this;
    const { linkUp } = this.links[device];
    const state = states[device];
    if (linkUp === (state === UP) && (linkUp || state === DOWN)) return;
    if (state === UP) dueNs[device] = nowNs + config.downDelayNs;
    if (state === DOWN) dueNs[device] = nowNs + config.upDelayNs;
    if (linkUp) {
      // Back before it counted as gone; or here again, which is waited for only where another serves.
      const there = state === GOING || nowNs >= dueNs[device] || !this.anyUsable();
      states[device] = there ? UP : COMING;
    } else {
      states[device] = state === COMING || nowNs >= dueNs[device] ? DOWN : GOING;
    }
    assert(states[device] !== state || nowNs < dueNs[device], 'bond: a link waits no longer than its delay');
  }

  private anyUsable(): boolean {
    for (let i = 0; i < this.states.length; i++) if (this.states[i] >= GOING) return true;
    return false;
  }
}
