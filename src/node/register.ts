/**
 * `node --import inic/register app.js`: runs before the program and gives its sockets to a card. Importing it
 * is what does it; a program that wants to choose calls `register` of `start.ts` with options instead.
 */
import { register } from './start.ts';

try {
  await register();
} catch (error) {
  process.stderr.write(`inic: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
