/** Our own card as a foreign host drives it: its memory, its parts, and the ends of its queues behind a recorder. */
import { DmaEngine } from '../../dma/engine.ts';
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import { hostQueues } from '../../i2o/queues/queues.ts';
import { DEVICE_TID, SOCKET_CLASS_ID } from '../../i2o/tids.ts';
import { Ledger } from '../../ledger/ledger.ts';
import type { Clock } from '../../time/clock.ts';
import type { Recorder } from '../../trace/recorder.ts';
import type { Validator } from '../../validate/validator.ts';
import { buildCard, type CardParts } from '../../world/build/card-parts.ts';
import { type HostEnds, startTrace, tracedEnds } from '../../world/build/card-trace.ts';
import { Network } from '../../world/build/network.ts';
import { singleCard } from '../../world/build/short-forms.ts';
import { type CardPlan, planWorld } from '../../world/build/world-plan.ts';
import { cardConfig } from '../../world/config/card-config.ts';
import type { CardOverrides } from '../../world/config/settings.ts';
import { planSharedRings, SharedHost } from './shared-host.ts';
import { TransmitMarks } from './transmit-marks.ts';

const STARTED_AT = '1970-01-01T00:00:00.000Z';

/** What has come of a host's program. */
export interface HostOutcome {
  /** What the host said of itself; '' where all went well. */
  readonly failure: string;
  /** Frames of the card's that it had not given back when it said that it was done. */
  readonly kept: number;
  readonly counters: Readonly<Record<string, number>>;
}

export interface HostCard {
  readonly region: Region;
  readonly card: CardPlan;
  readonly parts: CardParts;
  /** The card's, and that of whoever posts for the foreign host. */
  readonly ledger: Ledger;
  readonly hostLedger: Ledger;
  readonly recorder: Recorder;
  readonly ends: HostEnds;
  /** Where frames and memory are in a file. */
  readonly shared: SharedHost | undefined;
  /** What the host writes to its transmit buffers there. */
  readonly marks: TransmitMarks | undefined;
}

/** @param map puts the region into the file that the host maps as well; absent: all goes by the pipe. */
export function hostCard(
  overrides: CardOverrides,
  clock: Clock,
  validator: Validator,
  map?: (region: Region) => void,
): HostCard {
  const config = cardConfig({ mtu: 1500, packetSlots: 64, ...overrides });
  const memory = new MemoryPlan();
  const topology = singleCard(config, { name: 'card', seed: 1, modules: ['socket'] });
  const world = planWorld(memory, topology, { cards: [0], switches: [] });
  const [card] = world.cards;
  const { layout } = card.memory;
  const rings = map && planSharedRings(memory, layout.inboundFrames, layout.outboundFrames);
  const region = allocateRegion(memory.byteLength);
  map?.(region);
  const shared = rings && new SharedHost(region, rings);
  const ledger = new Ledger(region, layout.iopLedger);
  let wakes = 0;
  const environment = {
    ...{ clock, ledger, dma: new DmaEngine(region, ledger) },
    waker: { wake: () => void (wakes += 1) },
    wires: new Network(region, world, clock, 0).endsOf(0),
  };
  const parts = buildCard(region, card.memory, config, environment, ['socket']);
  const watched = {
    ...{ region, memory: card.memory, config, clock, packets: undefined, startedAt: STARTED_AT },
    ...{ classId: SOCKET_CLASS_ID, devices: [{ tid: DEVICE_TID, classId: SOCKET_CLASS_ID }] },
    wakes: () => wakes,
  };
  const recorder = startTrace({ sink: validator, snapBytes: 0 }, watched);
  const hostLedger = new Ledger(region, layout.hostLedger);
  const queues = hostQueues(region, layout, hostLedger);
  const ends = tracedEnds(recorder, watched, { ...queues, waker: { wake: () => {} } });
  const marks =
    rings && new TransmitMarks(region, layout.transmit, (at, length) => recorder.write(at, length));
  return { region, card, parts, ledger, hostLedger, recorder, ends, shared, marks };
}
