/** Makes the programs of a world, each over its card's sockets. */
import type { Clock } from '../../time/clock.ts';
import { Random } from '../../time/random.ts';
import { BesideIdle } from '../../workloads/beside-idle.ts';
import { Patience, type PatientStack } from '../../workloads/patience.ts';
import type {
  ClientProgram,
  Program,
  ProgramParts,
  ProgramShape,
  ServerProgram,
} from '../../workloads/program.ts';
import { WORKLOADS } from '../../workloads/programs.ts';
import { ReadySockets } from '../../workloads/ready.ts';
import type { ProgramTopology, Topology } from '../topology/checked.ts';

/** What programs draw is apart from what links draw. */
const PACE_SEED = 0x70616365;

export interface WorldProgram {
  readonly name: string;
  readonly topology: ProgramTopology;
  readonly body: ClientProgram | ServerProgram;
  /** To be started behind it: they give the programs of its card their turn when the stack will not. */
  readonly beside: readonly Program[];
}

/** What all programs of a card stand on. */
interface Ground {
  readonly stack: PatientStack;
  readonly ready: ReadySockets;
  readonly patience: Patience | undefined;
}

/**
 * Servers first, so that they listen when clients connect. @param stackOf sockets of a card by its index.
 * @param partsOf what else a program of this world stands on.
 */
export function makePrograms(
  topology: Topology,
  stackOf: (card: number) => PatientStack,
  clock: Clock,
  partsOf?: (program: ProgramTopology) => Pick<ProgramParts, 'work' | 'sampleMask'>,
): WorldProgram[] {
  const random = new Random(topology.seed ^ PACE_SEED);
  const inOrder = [...topology.programs].sort(
    (a, b) => Number(a.role === 'client') - Number(b.role === 'client'),
  );
  const grounds = new Map<number, Ground>();
  const groundOf = ({ card }: ProgramTopology): Ground => {
    const ground = grounds.get(card) ?? makeGround(topology, card, stackOf(card), clock);
    grounds.set(card, ground);
    return ground;
  };
  const programs = inOrder.map((program): WorldProgram => {
    const { Client, Server } = WORKLOADS[program.workload];
    const { stack, ready: named } = groundOf(program);
    const ready = program.eventLoop === 'readiness' ? named : undefined;
    const parts = { stack, clock, ready, random: random.fork(), ...partsOf?.(program) };
    const shape: ProgramShape = { ...program, asked: true };
    if (program.role === 'server') {
      // It cannot know which of its connections will never be used.
      const places = { ...shape, connections: program.connections + program.idle };
      return { name: program.name, topology: program, body: new Server(parts, places), beside: [] };
    }
    const active: ClientProgram = new Client(parts, shape);
    const client = program.idle === 0 ? active : new BesideIdle(active, parts, shape, program.idle);
    client.operationsMax = program.operations;
    client.closeWhenIdle = true;
    return { name: program.name, topology: program, body: client, beside: [] };
  });
  return programs.map((program, i) => {
    const { card } = program.topology;
    const isLast = programs.findLastIndex(({ topology: other }) => other.card === card) === i;
    const beside = isLast ? grounds.get(card)?.patience : undefined;
    return beside === undefined ? program : { ...program, beside: [beside] };
  });
}

function makeGround({ cards }: Topology, card: number, stack: PatientStack, clock: Clock): Ground {
  const { transmitDryPolicy } = cards[card].config.driver;
  const patience = transmitDryPolicy === 'ENOBUFS' ? new Patience(stack, clock) : undefined;
  const sockets = patience?.sockets ?? stack;
  return { stack: sockets, ready: new ReadySockets(sockets), patience };
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
