/**
 * What the drop-in learns from its process: options in environment variables, which also reach a program that
 * another program starts, and whether this is a thread or process that should have a card.
 */
import cluster from 'node:cluster';
import { totalmem } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { SOCKETS_MAX } from '../i2o/socket-number.ts';
import type { Placement } from '../record/row.ts';
import type { InstallOptions } from './install.ts';

const DECIMAL = /^\d{1,9}$/;

/** A card has a socket for so much of the machine's memory, within these bounds. */
const MEMORY_PER_SOCKET = 1 << 18;
const SOCKETS_LEAST = 1024;
const SOCKETS_MOST = 16_384;
/** An inline card is opened within a call of the program's, and makes its tables there. */
const SOCKETS_INLINE = 1024;

/**
 * Whether this program's sockets may go to a card. A worker thread and a cluster's worker keep to the kernel:
 * their loopback peers are in the main thread or the primary, which have another card, or none.
 */
export function mayUseCard(): boolean {
  return isMainThread && !cluster.isWorker;
}

/** Reads INIC_OFFLOAD, INIC_SPIN_US, INIC_TURN_US and INIC_LINGER_US. @throws RangeError for a bad number. */
export function environmentOptions(environment: NodeJS.ProcessEnv): InstallOptions {
  const offload = environment['INIC_OFFLOAD'];
  return {
    ...(offload === undefined ? {} : { offload }),
    ...microseconds(environment, 'INIC_SPIN_US', 'spinUs'),
    ...microseconds(environment, 'INIC_TURN_US', 'turnUs'),
    ...microseconds(environment, 'INIC_LINGER_US', 'lingerUs'),
  };
}

/**
 * How many sockets the card of a program has: what INIC_SOCKETS says, else by the memory there is. Those that
 * it has no room for are the kernel's. @throws RangeError for a bad number.
 */
export function environmentSockets(environment: NodeJS.ProcessEnv, placement: Placement = 'thread'): number {
  const text = environment['INIC_SOCKETS'];
  if (text === undefined) {
    return placement === 'inline' ? Math.min(SOCKETS_INLINE, socketsByMemory()) : socketsByMemory();
  }
  const sockets = DECIMAL.test(text) ? Number(text) : 0;
  if (sockets < 1 || sockets > SOCKETS_MAX) {
    throw new RangeError(`"INIC_SOCKETS" expected 1 to ${SOCKETS_MAX}, got "${text}"`);
  }
  return sockets;
}

/** Where the card of a program is to run: what INIC_IOP says, whatever that is, else `auto`. */
export function environmentIop(environment: NodeJS.ProcessEnv): string {
  return environment['INIC_IOP'] ?? 'auto';
}

function socketsByMemory(): number {
  // Node 20 says 0 or undefined where nothing but the machine limits the process.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  const sockets = Math.floor(Math.min(limit, totalmem()) / MEMORY_PER_SOCKET);
  return Math.min(SOCKETS_MOST, Math.max(SOCKETS_LEAST, sockets));
}

function microseconds(
  environment: NodeJS.ProcessEnv,
  name: string,
  option: keyof InstallOptions,
): InstallOptions {
  const text = environment[name];
  if (text === undefined) return {};
  if (!DECIMAL.test(text)) throw new RangeError(`"${name}" expected microseconds, got "${text}"`);
  return { [option]: Number(text) };
}
