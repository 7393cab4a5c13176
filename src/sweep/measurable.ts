/**
 * Whether a world can be built and measured, as far as its description alone tells: asked of every point of a
 * plan before any of them runs, so that what could not but fail is refused with its line.
 */
import { MemoryPlan } from '../dma/plan.ts';
import { WORKLOADS } from '../workloads/programs.ts';
import { oneSite, planWorld } from '../world/build/world-plan.ts';
import { DEFAULT_CARD_CONFIG } from '../world/config/settings.ts';
import { checkReach, serverCard } from '../world/topology/reach.ts';
import type { Topology } from '../world/topology.ts';
import { VirtualWorld } from '../world/virtual/virtual-world.ts';

/** @throws RangeError of one line that begins with the path of a key. */
export function checkMeasurable(topology: Topology): void {
  if (!topology.programs.some(({ role }) => role === 'client')) {
    throw new RangeError('"programs" expected a client, which counts operations: a "workload" makes one');
  }
  planWorld(new MemoryPlan(), topology, oneSite(topology));
  checkReach(topology);
  checkTables(topology);
  checkPorts(topology);
  checkBringUp(topology);
}

/** What the programs on a card are sure to open there. */
interface Opened {
  listeners: number;
  /** Connections that its clients open, and that others open to it, of which each takes one. */
  connections: number;
  /** Those of them that get a socket: a server has so many places, and no more. */
  served: number;
  /** Sockets of datagrams, of listeners and of clients. */
  datagrams: number;
}

function openedOn(topology: Topology): Opened[] {
  const opened = topology.cards.map(
    (): Opened => ({ listeners: 0, connections: 0, served: 0, datagrams: 0 }),
  );
  const asked = new Map<string, number>();
  for (const program of topology.programs) {
    if (program.role === 'server') {
      opened[program.card].listeners += 1;
      continue;
    }
    const { card, port } = program;
    const connections = program.connections + program.idle;
    opened[card].served += connections;
    if (WORKLOADS[program.workload].datagrams) {
      opened[card].datagrams += connections;
      continue;
    }
    opened[card].connections += connections;
    const server = serverCard(topology, program);
    if (server < 0) continue;
    opened[server].connections += connections;
    const key = `${server}:${port}`;
    asked.set(key, (asked.get(key) ?? 0) + connections);
  }
  for (const { role, workload, card, port, connections, idle } of topology.programs) {
    if (role !== 'server') continue;
    if (WORKLOADS[workload].datagrams) opened[card].datagrams += 1;
    else opened[card].served += Math.min(connections + idle, asked.get(`${card}:${port}`) ?? 0);
  }
  return opened;
}

/** @throws RangeError for a card with fewer sockets or connections than are opened there. */
function checkTables(topology: Topology): void {
  openedOn(topology).forEach(({ listeners, connections, served, datagrams }, i) => {
    const { name, config } = topology.cards[i];
    const check = (key: string, has: number, needed: number): void => {
      if (has >= needed) return;
      throw new RangeError(
        `"programs.${clientOf(topology, i)}.connections": the listeners and connections of the programs on ` +
          `the card "${name}" are ${needed}, and it has "${key}" ${has}`,
      );
    };
    check('driver.socketsMax', config.driver.socketsMax, listeners + served);
    check('stack.connectionsMax', config.stack.connectionsMax, listeners + connections);
    check('stack.udpSocketsMax', config.stack.udpSocketsMax, datagrams);
  });
}

/** The last client with connections on a card; another program where there is none. */
function clientOf(topology: Topology, card: number): string {
  const { programs } = topology;
  const clients = programs.filter(({ role }) => role === 'client');
  const own = clients.filter((program) => program.card === card || serverCard(topology, program) === card);
  return (own.at(-1) ?? programs.filter((program) => program.card === card)[0]).name;
}

/** @throws RangeError for a card with fewer ports than its clients open connections to one server. */
function checkPorts({ cards, programs }: Topology): void {
  const opened = new Map<string, number>();
  for (const { name, role, workload, card, address, port, connections, idle } of programs) {
    if (role === 'server') continue;
    // Of datagrams every socket has a port of its own, whomever it sends to.
    const key = WORKLOADS[workload].datagrams ? `${card}` : `${card} ${address}:${port}`;
    const needed = (opened.get(key) ?? 0) + connections + idle;
    opened.set(key, needed);
    const { ephemeralFirst, ephemeralLast } = cards[card].config.stack;
    const ports = ephemeralLast - ephemeralFirst + 1;
    if (needed <= ports) continue;
    throw new RangeError(
      `"programs.${name}.connections": the clients on the card "${cards[card].name}" open ${needed} to one ` +
        `server, and it has ${ports} ports, "stack.ephemeralFirst" ${ephemeralFirst} to "ephemeralLast" ` +
        `${ephemeralLast}`,
    );
  }
}

/**
 * With the time that a driver waits for its card by default, every card comes up, whatever its work costs.
 * With less, whether it does is found by bringing it up.
 */
function checkBringUp(topology: Topology): void {
  const usual = DEFAULT_CARD_CONFIG.driver.controlTimeoutNs;
  const hasty = topology.cards.find(({ config }) => config.driver.controlTimeoutNs < usual);
  if (hasty === undefined) return;
  try {
    new VirtualWorld(topology, [], false);
  } catch (error) {
    const { name, config } = hasty;
    throw new RangeError(
      `"cards.${name}.driver.controlTimeoutNs" is ${config.driver.controlTimeoutNs}, too short to bring ` +
        `the card up: ${error instanceof Error ? error.message : error}`,
    );
  }
}
