/** Two hosts' stacks over cards of network ports in virtual time, one or both of them traced. */
import { worldOf } from '../../src/sweep/plan.ts';
import { planOf } from '../../src/sweep/short-form.ts';
import type { TraceRequest } from '../../src/world/build/card-trace.ts';
import { readTopology } from '../../src/world/topology.ts';
import { HostWorld } from '../../src/world/virtual/host-world.ts';

const WINDOW = { packetSlots: 1024, rxRing: 64, checksumOffload: true };

export interface LanRun {
  readonly workload?: string;
  readonly operations?: number;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Of each frame on the links. */
  readonly lossProbability?: number;
  readonly size?: number;
  /** The cards have the TCP window. */
  readonly window?: true;
}

/** Runs a workload and ends the traces. @param traces of the client's card, and of the server's. */
export function runLan(traces: readonly TraceRequest[], run: LanRun = {}): HostWorld {
  const { workload = 'TCP_RR', operations = 100, settings = {}, lossProbability = 0, size = 3000 } = run;
  const plan = planOf({ vary: [], workload, connections: 2, size, seeds: '1', link: '1G,20us' });
  const read = readTopology(
    worldOf(plan, { seed: 1, ...(run.window ? WINDOW : { packetSlots: 256 }), ...settings } as never),
  );
  const links = read.links.map((link) => ({ ...link, pipe: { ...link.pipe, lossProbability } }));
  const none = { costs: {}, interruptNs: 0 } as const;
  const costs = run.window ? { ...none, window: { directBytesMin: 0 } } : ({ ...none, lan: true } as const);
  const world = new HostWorld({ ...read, links }, () => costs, undefined, traces);
  for (const { body } of world.programs) if ('operationsMax' in body) body.operationsMax = operations;
  world.runPrograms(60e9);
  world.endTraces();
  return world;
}
