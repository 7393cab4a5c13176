/** A policy of offload as a file has it. */
import { parsePolicy } from '../host/devices/policy/parse.ts';
import type { PolicyRule } from '../host/devices/policy/rule.ts';
import { readText } from '../plans/files.ts';
import type { Topology } from '../world/topology.ts';
import { unknownDevice } from '../world/virtual/mixed-topology.ts';
import { UserError } from './errors.ts';

/** @returns rules that `parsePolicy` can read. @throws UserError where the file cannot be read, or they. */
export function readPolicyText(file: string): string {
  let text: string;
  try {
    text = readText(file);
  } catch (error) {
    throw new UserError((error as RangeError).message);
  }
  let rules: PolicyRule[];
  try {
    rules = parsePolicy(text);
  } catch (error) {
    if (error instanceof RangeError) throw new UserError(`${file}: ${error.message}`);
    throw error;
  }
  if (rules.length === 0)
    throw new UserError(`${file}: expected at least one rule, such as "any => offload"`);
  return text;
}

/** @throws UserError for a rule that names a device which no host of the world has. */
export function checkPolicyDevices(file: string, text: string, topology: Topology): void {
  const words = unknownDevice(topology, parsePolicy(text));
  if (words !== undefined) throw new UserError(`${file}: ${words}`);
}
