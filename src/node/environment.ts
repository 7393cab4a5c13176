/**
 * What the drop-in learns from its process: options in environment variables, which also reach a program that
 * another program starts, and whether this is a thread or process that should have a card.
 */
import cluster from 'node:cluster';
import { isMainThread } from 'node:worker_threads';
import type { InstallOptions } from './install.ts';

const DECIMAL = /^\d{1,9}$/;

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
