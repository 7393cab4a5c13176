/** How the programs of a measured world get past their start, and come to their end. */
import { type ClientProgram, isClient } from '../workloads/program.ts';
import type { WorldProgram } from '../world/build/programs.ts';
import type { Counts } from './counts.ts';

/** A world whose programs are run, whoever runs TCP/IP in it. */
export interface ProgramWorld {
  readonly programs: readonly WorldProgram[];
  /** @returns whether the clients finished in time. What is in flight arrives. */
  runPrograms(limitNs: number): boolean;
  /** Every counter of its hosts and cards, and those of all its links together. */
  snapshot(): readonly Counts[];
  wireCounters(): Counts;
  /** @returns the first sum of its books that does not hold; undefined where all do. */
  unbalanced(): string | undefined;
}

export function clientsOf({ programs }: ProgramWorld): ClientProgram[] {
  return programs.flatMap(({ body }) => (isClient(body) ? [body] : []));
}

/**
 * Counts the operations of a world: those of clients, but a stream's datagrams where they arrive, since not
 * all that are sent do.
 */
export class Operations {
  private readonly clients: readonly ClientProgram[];
  private readonly arrivals: readonly { readonly arrived?: number }[];

  constructor({ programs }: ProgramWorld) {
    const bodies = programs.map(({ body }) => body);
    this.clients = bodies
      .filter(isClient)
      .filter((body) => body.sent === undefined || body.arrived !== undefined);
    this.arrivals = bodies.filter((body) => !isClient(body) && body.arrived !== undefined);
  }

  /** Asked after every turn. */
  get done(): number {
    const { clients, arrivals } = this;
    let sum = 0;
    for (let i = 0; i < clients.length; i++) sum += clients[i].operations;
    for (let i = 0; i < arrivals.length; i++) sum += arrivals[i].arrived ?? 0;
    return sum;
  }
}

/** Payload that all programs were given. */
export function bytesOf({ programs }: ProgramWorld): number {
  return programs.reduce((sum, { body }) => sum + body.bytesReceived, 0);
}

/** Connections that are not past the burst of the start. */
export function unsettledOf(clients: readonly ClientProgram[]): number {
  let sum = 0;
  for (let i = 0; i < clients.length; i++) sum += clients[i].unsettled;
  return sum;
}

/**
 * Whether a measurement may begin: so many operations are `done`, and every connection is past the burst of
 * its start; but where that goes on as long as the measurement itself, only connected.
 */
export function isWarm(
  clients: readonly ClientProgram[],
  done: number,
  warmup: number,
  operations: number,
): boolean {
  if (done < warmup) return false;
  return unsettledOf(clients) === 0 || (done >= warmup + operations && clients.every(isConnected));
}

/** Ends all programs. @throws Error when what they sent is not what came and what was lost by name. */
export function endPrograms(world: ProgramWorld, limitNs: number): void {
  for (const client of clientsOf(world)) {
    client.latency = undefined;
    client.operationsMax = 0;
    client.closeWhenIdle = true;
  }
  const finished = world.runPrograms(limitNs);
  const line = world.unbalanced();
  if (line !== undefined) throw new Error(`the books do not balance: ${line}`);
  if (!finished) throw new Error(`requests under way had no answer after ${limitNs / 1e9} s`);
}

function isConnected({ connected }: ClientProgram): boolean {
  return connected;
}
