/** One host of a mixed world: its own stack, its cards as offload devices, and what decides between them. */
import type { Region } from '../../dma/region.ts';
import type { OffloadLimits } from '../../host/devices/device.ts';
import { MixedStack } from '../../host/devices/mixed-stack.ts';
import type { Offloading } from '../../host/devices/offloading.ts';
import { FrameSteering } from '../../host/devices/steering.ts';
import type { Clock } from '../../time/clock.ts';
import type { EventQueue } from '../../time/event-queue.ts';
import type { BuiltHostStack } from '../build/host-stack.ts';
import { CardDevice, cardModule, hasConnection } from './mixed-devices.ts';
import type { MixedPlace } from './mixed-topology.ts';
import type { VirtualCard } from './virtual-card.ts';

/** What the world has made of such a host before. */
export interface MixedHostParts {
  readonly place: MixedPlace;
  readonly offloading: Offloading;
  /** Of the frames of each of its cards' wires. */
  readonly steerings: readonly FrameSteering[];
  readonly built: BuiltHostStack;
  /** All cards of the world. */
  readonly cards: readonly VirtualCard[];
  /** What each of its cards holds, as published; absent: as much as its settings let it. */
  readonly limits: OffloadLimits | undefined;
  readonly clock: Clock;
  readonly queue: EventQueue;
  /** The number of a card's processor in the queue. */
  agentOf(card: number): number;
  /** Runs the world for so many nanoseconds. */
  rest(ns: number): void;
}

export class MixedHost {
  readonly place: MixedPlace;
  readonly offloading: Offloading;
  readonly steerings: readonly FrameSteering[];
  /** Its own stack. */
  readonly built: BuiltHostStack;
  /** Its cards as devices, by its ports. */
  readonly devices: readonly CardDevice[];
  /** Its sockets, wherever each of them is. */
  readonly stack: MixedStack;
  private readonly parts: MixedHostParts;

  /** Its cards are up: each is registered, joined with its module, and active. */
  constructor(parts: MixedHostParts) {
    const { place, offloading, steerings, built, cards } = parts;
    this.parts = parts;
    this.place = place;
    this.offloading = offloading;
    this.steerings = steerings;
    this.built = built;
    this.devices = place.cards.map((card, port) => this.device(card, port));
    this.registerAll();
    this.stack = new MixedStack({
      host: built.stack,
      offloading,
      clock: parts.clock,
      socketsMax: cards[place.cards[0]].config.driver.socketsMax,
      portFor: (destination) => built.engine.leavingPort(destination),
      rest: (ns) => parts.rest(ns),
    });
  }

  private device(card: number, port: number): CardDevice {
    const { cards, limits, queue, place } = this.parts;
    const { config, doorbellNs } = cards[card].plan.topology;
    const all = {
      listeners: config.driver.socketsMax,
      halfOpen: config.stack.connectionsMax,
      connections: config.stack.connectionsMax,
    };
    const looped = place.splitters[port] < 0;
    const told = (): void => queue.notify(this.parts.agentOf(card), doorbellNs);
    // The makers differ: the first has two drivers, the others one that is both.
    return new CardDevice(cards[card], port, limits ?? all, port > 0, looped ? undefined : told);
  }

  private registerAll(): void {
    const { registry } = this.offloading;
    this.devices.forEach((hardware, port) => {
      if (hardware.sockets === undefined) {
        registry.addModule(cardModule(this.parts.cards[this.place.cards[port]]));
      }
      const at = registry.register(hardware, 'toe%d');
      const { name } = registry.devices[at];
      registry.attach(name);
      registry.activate(name);
    });
  }
}

/** What steers the frames of the wire at one port of a host. @param host once it is there. */
export function steeringAt(
  { view }: Region,
  offloading: Offloading,
  port: number,
  host: () => MixedHost | undefined,
): FrameSteering {
  return new FrameSteering({
    view,
    offloading,
    hostHas: (tuple) => {
      const engine = host()?.built.engine;
      return engine !== undefined && hasConnection(engine, tuple);
    },
    device: () => {
      const hardware = host()?.devices[port];
      return offloading.registry.devices.find((device) => device.hardware === hardware);
    },
  });
}
