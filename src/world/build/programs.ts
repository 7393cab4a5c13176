/** Makes the programs of a world, each over its card's sockets. */
import type { SocketStack } from '../../socket/contract.ts';
import type { Clock } from '../../time/clock.ts';
import { Random } from '../../time/random.ts';
import { BesideIdle } from '../../workloads/beside-idle.ts';
import type { ClientProgram, ProgramParts, ProgramShape, ServerProgram } from '../../workloads/program.ts';
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
    const stack = stackOf(program.card);
    if (!readyOf.has(program.card)) readyOf.set(program.card, new ReadySockets(stack));
    const ready = program.eventLoop === 'readiness' ? readyOf.get(program.card) : undefined;
    const parts = { stack, clock, ready, random: random.fork(), ...partsOf?.(program) };
    const shape: ProgramShape = { ...program, asked: true };
    if (program.role === 'server') {
      // It cannot know which of its connections will never be used.
      const places = { ...shape, connections: program.connections + program.idle };
      return { name: program.name, topology: program, body: new Server(parts, places) };
    }
    const active: ClientProgram = new Client(parts, shape);
    const client = program.idle === 0 ? active : new BesideIdle(active, parts, shape, program.idle);
    client.operationsMax = program.operations;
    client.closeWhenIdle = true;
    return { name: program.name, topology: program, body: client };
  });
}

/** Whether every client has done all it was to do. */
export function clientsFinished(programs: readonly WorldProgram[]): boolean {
  return programs.every(({ body }) => !('finished' in body) || body.finished);
}

/** Whether the servers have seen every connection that clients opened come and end, and every datagram. */
export function serversIdle(programs: readonly WorldProgram[]): boolean {
  let [opened, accepted, sent, arrived] = [0, 0, 0, 0];
  for (const { body } of programs) {
    if ('opened' in body) {
      opened += body.opened;
      // Of a request it is the answer that counts, which its client has.
      if (body.arrived === undefined) sent += body.sent ?? 0;
    } else if (body.connections > 0) return false;
    else {
      accepted += body.accepted;
      arrived += body.arrived ?? 0;
    }
  }
  return accepted >= opened && arrived >= sent;
}
