/** Makes the programs of a world, each over its card's sockets. */
import type { SocketStack } from '../../socket/contract.ts';
import type { Clock } from '../../time/clock.ts';
import { Random } from '../../time/random.ts';
import type { ClientProgram, ProgramParts, ServerProgram } from '../../workloads/program.ts';
import { WORKLOADS } from '../../workloads/programs.ts';
import { ReadySockets, type ReadyStack } from '../../workloads/ready.ts';
import type { ProgramTopology, Topology } from '../topology/checked.ts';

/** What programs draw is apart from what links draw. */
const PACE_SEED = 0x70616365;

export interface WorldProgram {
  readonly name: string;
  readonly topology: ProgramTopology;
  readonly body: ClientProgram | ServerProgram;
}

/**
 * Servers first, so that they listen when clients connect. @param stackOf sockets of a card by its index.
 * @param partsOf what else a program of this world stands on.
 */
export function makePrograms(
  topology: Topology,
  stackOf: (card: number) => SocketStack & ReadyStack,
  clock: Clock,
  partsOf?: (program: ProgramTopology) => Pick<ProgramParts, 'work' | 'sampleMask'>,
): WorldProgram[] {
  const random = new Random(topology.seed ^ PACE_SEED);
  const inOrder = [...topology.programs].sort(
    (a, b) => Number(a.role === 'client') - Number(b.role === 'client'),
  );
  const readyOf = new Map<number, ReadySockets>();
  return inOrder.map((program) => {
    const { Client, Server } = WORKLOADS[program.workload];
    const { address, port, connections, sizeBytes, operations, pace } = program;
    const stack = stackOf(program.card);
    if (!readyOf.has(program.card)) readyOf.set(program.card, new ReadySockets(stack));
    const ready = program.eventLoop === 'readiness' ? readyOf.get(program.card) : undefined;
    const parts = { stack, clock, ready, random: random.fork(), ...partsOf?.(program) };
    const shape = { address, port, connections, sizeBytes, pace };
    if (program.role === 'server')
      return { name: program.name, topology: program, body: new Server(parts, shape) };
    const client = new Client(parts, shape);
    client.operationsMax = operations;
    client.closeWhenIdle = true;
    return { name: program.name, topology: program, body: client };
  });
}

/** Whether every client has done all it was to do. */
export function clientsFinished(programs: readonly WorldProgram[]): boolean {
  return programs.every(({ body }) => !('finished' in body) || body.finished);
}

/** Whether the servers have seen every connection that clients opened come and end. */
export function serversIdle(programs: readonly WorldProgram[]): boolean {
  let opened = 0;
  let accepted = 0;
  for (const { body } of programs) {
    if ('opened' in body) opened += body.opened;
    else if (body.connections > 0) return false;
    else accepted += body.accepted;
  }
  return accepted >= opened;
}
