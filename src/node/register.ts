/**
 * The module of `node --import inic/register app.js`, which runs before the program and puts its sockets on a
 * card. Importing it does the work; a program that wants to choose calls `register` of `start.ts` instead.
 */
import { preloadedBy } from './cluster-workers.ts';
import { registerForProgram } from './start.ts';

preloadedBy(import.meta.url);
try {
  await registerForProgram();
} catch (error) {
  process.stderr.write(`inic: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
