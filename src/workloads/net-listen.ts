/** How the servers of the `node:net` programs begin to listen. */
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import type { Load } from '../record/row.ts';
import { LOOPBACK_NAME } from './workload.ts';

/** Node's own backlog, where fewer connections come at once. */
const BACKLOG = 511;

/**
 * Has a server listen at a port of the system's choice, with room for all connections that come at once.
 * @returns the port.
 */
export async function listening(server: Server, { connections }: Load): Promise<number> {
  server.listen(0, LOOPBACK_NAME, Math.max(BACKLOG, connections));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
