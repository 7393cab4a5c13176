/** A policy of offload as a file has it. */
import { readFileSync } from 'node:fs';
import { parsePolicy } from '../host/devices/policy/parse.ts';
import { fileErrorText, UserError } from './errors.ts';

/** @returns rules that `parsePolicy` can read. @throws UserError where the file cannot be read, or they. */
export function readPolicyText(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file}: cannot be read (${fileErrorText(error)})`);
  }
  try {
    parsePolicy(text);
  } catch (error) {
    if (error instanceof RangeError) throw new UserError(`${file}: ${error.message}`);
    throw error;
  }
  return text;
}
