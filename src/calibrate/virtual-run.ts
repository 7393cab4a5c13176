/** The same world as a live run's, in virtual time: a round of it, told in the same way. */
import { LatencyRecorder } from '../record/latency.ts';
import type { ClientProgram } from '../workloads/program.ts';
import { readTopology } from '../world/topology.ts';
import { VirtualWorld } from '../world/virtual/virtual-world.ts';
import { type AgentRound, growth, type Round } from './live-protocol.ts';

const LIMIT_NS = 60e9;

/**
 * @param description a world with programs. @param operations in the round; before it a tenth more, and as
 * many as it takes until every connection is past its start.
 * @throws Error when they are not done in a minute of virtual time.
 */
export function virtualRound(description: object, operations: number): Round {
  const topology = readTopology(description);
  const world = new VirtualWorld(topology);
  const bodies = world.programs.map(({ body }) => body);
  const clients = bodies.flatMap((body): ClientProgram[] => ('operationsMax' in body ? [body] : []));
  const latency = new LatencyRecorder();
  for (const client of clients) {
    client.operationsMax = Number.POSITIVE_INFINITY;
    client.latency = latency;
  }
  const done = (): number => clients.reduce((sum, client) => sum + client.operations, 0);
  const received = (): number =>
    bodies.reduce((sum, body) => sum + ('operationsMax' in body ? 0 : body.bytesReceived), 0);
  const begun = (): boolean => clients.every(({ unsettled }) => unsettled === 0);
  const until = (count: number): void => {
    if (!world.run(() => done() >= count && begun(), LIMIT_NS)) throw new Error('virtual time ran out');
  };
  until(Math.ceil(operations / 10));
  latency.reset();
  const before = { done: done(), received: received(), nowNs: world.queue.nowNs, counts: countsOf(world) };
  until(before.done + operations);
  const elapsedNs = Math.max(1, world.queue.nowNs - before.nowNs);
  const agents = countsOf(world).map((agent, i): AgentRound => {
    const { name, side, ran } = agent;
    return { name, side, spentNs: elapsedNs, ran, counts: growth(agent.counts, before.counts[i].counts) };
  });
  return {
    operations: done() - before.done,
    bytes: received() - before.received,
    elapsedNs,
    p50Us: latency.summary()?.p50 ?? null,
    agents,
  };
}

function countsOf(world: VirtualWorld): AgentRound[] {
  const sides = world.cards.flatMap(({ name, host, iopLedger, plan }) => [
    { name: `${name}.${plan.topology.host}`, side: 'host' as const, counts: host.ledger.snapshot() },
    { name, side: 'card' as const, counts: iopLedger.snapshot() },
  ]);
  return sides.map((side) => ({ ...side, spentNs: null, ran: 1 }));
}
