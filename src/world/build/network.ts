/** Builds the wires and switches of one thread over a world's region. */
import { DmaEngine } from '../../dma/engine.ts';
import type { Region } from '../../dma/region.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import { Random } from '../../time/random.ts';
import { type CableListener, CableSink, CableSource } from '../../wire/cable.ts';
import { type Beginning, Carrier } from '../../wire/carrier.ts';
import type { LinkSignal, TappedEnd } from '../../wire/contract.ts';
import { type Departures, Pipe, type PipeListener } from '../../wire/pipe.ts';
import { Splitter, type Steering } from '../../wire/splitter.ts';
import { Switch } from '../../wire/switch.ts';
import type { LinkEnd } from '../topology/checked.ts';
import type { LiveBeginning, PortPlan, WirePlan, WorldPlan } from './world-plan.ts';

type Source = TappedEnd['source'];
type Sink = TappedEnd['sink'];

/**
 * Who is told of what the far end of a wire may be waiting for; absent: nobody, as where one thread polls
 * all.
 */
export interface NetworkListeners {
  /** For a pipe between two agents of an event queue; undefined where nobody has to be told. */
  readonly pipe?: (wire: WirePlan) => PipeListener | undefined;
  /** Of a pipe whose sender works in virtual time. */
  readonly departures?: (wire: WirePlan) => Departures | undefined;
  /** What steers the frames of a switch by its index that is no switch but a splitter; else undefined. */
  readonly steering?: (at: number) => Steering | undefined;
  /** For a cable, of the thread at its other end. */
  readonly cable?: (site: number) => CableListener;
  /**
   * The link by whose state the device at a wire's start goes, where it is not that wire's own: another's
   * name.
   */
  readonly signal?: (wire: WirePlan) => string | undefined;
}

const NOBODY: CableListener = { changed() {} };

export class Network {
  private readonly plan: WorldPlan;
  private readonly sources: readonly (Source | undefined)[];
  private readonly sinks: readonly (Sink | undefined)[];
  /** By name, of each link: a loop is none. */
  private readonly carriers = new Map<string, Carrier>();
  private readonly signals: readonly (LinkSignal | undefined)[];
  /** By index of `plan.switches`, those of this thread. */
  readonly switches: readonly (Switch | Splitter | undefined)[];

  constructor(region: Region, plan: WorldPlan, clock: Clock, site: number, listeners: NetworkListeners = {}) {
    this.plan = plan;
    const sources: (Source | undefined)[] = [];
    const sinks: (Sink | undefined)[] = [];
    const beginning = plan.beginning && liveBeginning(region, plan.beginning, clock);
    for (const wire of plan.wires) {
      const carrier = this.carrierFor(wire, beginning);
      const { offset, config, fromSite, toSite, seed } = wire;
      const ledger = new Ledger(region, wire.ledger);
      const dma = new DmaEngine(region, ledger);
      if (fromSite === toSite) {
        const pipe =
          fromSite === site
            ? new Pipe(
                region,
                offset,
                config,
                clock,
                new Random(seed),
                ledger,
                dma,
                listeners.departures?.(wire),
                carrier,
              )
            : undefined;
        const listener = pipe === undefined ? undefined : listeners.pipe?.(wire);
        if (listener !== undefined) pipe?.listen(listener);
        sources.push(pipe);
        sinks.push(pipe);
        continue;
      }
      const listener = (far: number): CableListener => listeners.cable?.(far) ?? NOBODY;
      sources.push(
        fromSite === site
          ? new CableSource(region, offset, config, clock, ledger, listener(toSite))
          : undefined,
      );
      sinks.push(
        toSite === site
          ? new CableSink(
              region,
              offset,
              config,
              clock,
              new Random(seed),
              ledger,
              dma,
              listener(fromSite),
              carrier,
            )
          : undefined,
      );
    }
    this.sources = sources;
    this.signals = plan.wires.map((wire) => this.carriers.get(listeners.signal?.(wire) ?? wire.link));
    this.sinks = sinks;
    this.switches = plan.switches.map((entry, i) => {
      if (entry.site !== site) return undefined;
      const ledger = new Ledger(region, entry.ledger);
      const ends = entry.ports.map((port) => this.end(port));
      const dma = new DmaEngine(region, ledger);
      const steering = listeners.steering?.(i);
      if (steering !== undefined) return new Splitter(entry.name, ends, steering, ledger, dma, clock);
      return new Switch(entry.name, entry, region, ends, ledger, dma, clock);
    });
  }

  /** What is plugged into a card's ports, the inner loop last. */
  endsOf(card: number): TappedEnd[] {
    return this.plan.cards[card].ports.map((port) => this.end(port));
  }

  /** The pipe of a wire within this thread, by its index in the plan. */
  pipe(wire: number): Pipe | undefined {
    const source = this.sources[wire];
    return source instanceof Pipe ? source : undefined;
  }

  /** Whether a link is whole, by its name. @throws Error for a link that there is not. */
  carrier(link: string): Carrier {
    const carrier = this.carriers.get(link);
    if (carrier === undefined) throw new Error(`there is no link "${link}"`);
    return carrier;
  }

  /** Both directions of a link have one; a loop has none. */
  private carrierFor({ link, config, from, to }: WirePlan, beginning?: Beginning): Carrier | undefined {
    if (sameEnd(from, to)) return undefined;
    let carrier = this.carriers.get(link);
    if (carrier === undefined) {
      carrier = new Carrier(config.downs, beginning);
      this.carriers.set(link, carrier);
    }
    return carrier;
  }

  private end(port: PortPlan): TappedEnd {
    const source = this.sources[port.out];
    const sink = this.sinks[port.in];
    if (source === undefined || sink === undefined) throw new Error('a port of another thread was asked for');
    const signal = this.signals[port.out];
    return signal === undefined ? { source, sink } : { source, sink, signal };
  }
}

/** As the clock of one thread has it. */
function liveBeginning({ words }: Region, { madeNs, word }: LiveBeginning, clock: Clock): Beginning {
  return {
    startNs: () => {
      const us = Atomics.load(words, word >> 2);
      return us === 0 ? NEVER : madeNs - clock.originNs + (us - 1) * 1000;
    },
  };
}

/** The world has begun: its links' times count from now on. */
export function begin({ words }: Region, { madeNs, word }: LiveBeginning, clock: Clock): void {
  const us = Math.floor((clock.nowNs + clock.originNs - madeNs) / 1000);
  Atomics.store(words, word >> 2, 1 + us);
}

function sameEnd(a: LinkEnd, b: LinkEnd): boolean {
  if ('card' in a) return 'card' in b && a.card === b.card && a.port === b.port;
  return 'switch' in b && a.switch === b.switch && a.port === b.port;
}
