/** Who watches which wire of a world, and how he hears of its frames. Where nobody watches there is none. */
import type { Pipe } from '../../wire/pipe.ts';
import type { WirePlan } from '../build/world-plan.ts';
import type { WireWatch, WorldWatch } from './watch.ts';

export class WireWatches {
  private readonly wires: readonly WirePlan[];
  private readonly byWire: ReadonlyMap<WirePlan, WireWatch>;

  constructor(wires: readonly WirePlan[], watch: WorldWatch | undefined) {
    this.wires = wires;
    this.byWire = new Map(watch === undefined ? [] : wires.map((wire, i) => [wire, watch.wire(i, wire)]));
  }

  /** Has each watch told of the frames that are sent, and that arrive. @param pipeOf the wire of an index. */
  tap(pipeOf: (wire: number) => Pipe | undefined): void {
    this.wires.forEach((wire, i) => {
      const pipe = pipeOf(i);
      const watch = this.byWire.get(wire);
      if (pipe === undefined || watch === undefined) return;
      pipe.tapSent(watch.sent);
      pipe.tapArrived({
        frame: (address, length) => watch.arrived(address, length, pipe.receivedNs),
      });
    });
  }

  /** When frames leave the sender of a wire: its watch hears of it. */
  leaving(wire: WirePlan, leaveNs: () => number): () => number {
    const watch = this.byWire.get(wire);
    if (watch === undefined) return leaveNs;
    return () => {
      const ns = leaveNs();
      watch.leaves(ns);
      return ns;
    };
  }
}
