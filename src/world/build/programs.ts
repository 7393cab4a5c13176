/** Makes the programs of a world, each over its card's sockets. */
import type { SocketStack } from '../../socket/contract.ts';
import type { Clock } from '../../time/clock.ts';
import type { ClientProgram, ServerProgram } from '../../workloads/program.ts';
import { WORKLOADS } from '../../workloads/programs.ts';
import type { ProgramTopology, Topology } from '../topology/checked.ts';

export interface WorldProgram {
  readonly name: string;
  readonly topology: ProgramTopology;
  readonly body: ClientProgram | ServerProgram;
}

/** Servers first, so that they listen when clients connect. @param stackOf sockets of a card by its index. */
export function makePrograms(
  topology: Topology,
  stackOf: (card: number) => SocketStack,
  clock: Clock,
): WorldProgram[] {
  const inOrder = [...topology.programs].sort(
    (a, b) => Number(a.role === 'client') - Number(b.role === 'client'),
  );
  return inOrder.map((program) => {
    const { Client, Server } = WORKLOADS[program.workload];
    const { address, port, connections, sizeBytes, operations } = program;
    const parts = { stack: stackOf(program.card), clock };
    const shape = { address, port, connections, sizeBytes };
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
