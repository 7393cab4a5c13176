/**
 * The options of the drop-in that come from the environment: the way to reach a program started by someone else.
 */
import type { InstallOptions } from './install.ts';

const DECIMAL = /^\d{1,9}$/;

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
