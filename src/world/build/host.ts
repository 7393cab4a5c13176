/** Builds the host's side of a card: the driver, and before it the recorder of a card that is traced. */
import type { Region } from '../../dma/region.ts';
import { ECHO_CLASS_ID, FIRST_DEVICE_TID, SOCKET_CLASS_ID } from '../../i2o/tids.ts';
import { Host, type HostEnvironment } from '../../osm/host.ts';
import type { Clock } from '../../time/clock.ts';
import type { Recorder } from '../../trace/recorder.ts';
import type { TraceDevice } from '../../trace/sink.ts';
import { startTrace, type TraceRequest, traced } from './card-trace.ts';
import type { CardPlan } from './world-plan.ts';

/** What a traced card's recorder is told beside what the host is lent. */
export interface TraceEnvironment {
  readonly request: TraceRequest;
  /** Read for each event: not the host's own where that is a machine's. */
  readonly clock: Clock;
  /** Wall-clock time now, ISO 8601. */
  readonly startedAt: string;
  /** How often the card has woken the host so far. */
  readonly wakes: () => number;
}

export interface HostParts {
  readonly host: Host;
  readonly recorder: Recorder | undefined;
}

/** Class of the device that the driver of a card is for: sockets where it has them. */
export function classOf({ topology }: CardPlan): number {
  return topology.modules.includes('socket') ? SOCKET_CLASS_ID : ECHO_CLASS_ID;
}

function devicesOf({ topology }: CardPlan): readonly TraceDevice[] {
  return topology.modules.map((module, device) => ({
    tid: FIRST_DEVICE_TID + device,
    classId: module === 'socket' ? SOCKET_CLASS_ID : ECHO_CLASS_ID,
  }));
}

export function buildHost(
  region: Region,
  card: CardPlan,
  environment: HostEnvironment,
  trace: TraceEnvironment | undefined,
): HostParts {
  const { memory, packets, topology } = card;
  const { config } = topology;
  if (trace === undefined) {
    return { host: new Host(region, memory.layout, config.driver, environment), recorder: undefined };
  }
  const { request, clock, startedAt, wakes } = trace;
  const watched = {
    region,
    memory,
    config,
    classId: classOf(card),
    devices: devicesOf(card),
    packets,
    clock,
    startedAt,
    wakes,
  };
  const recorder = startTrace(request, watched);
  const host = new Host(region, memory.layout, config.driver, traced(recorder, watched, environment));
  return { host, recorder };
}
