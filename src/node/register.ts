/**
 * The module of `node --import inic/register app.js`, which runs before the program and puts its sockets on a
 * card. Importing it does the work; a program that wants to choose calls `register` of `start.ts` instead.
 */
import { preloadedBy } from './cluster-workers.ts';
import { routes } from './install.ts';
import { registerForProgram } from './start.ts';

preloadedBy(import.meta.url);
// Nobody asks for it.
routes.countsKernel = false;
try {
  await registerForProgram();
} catch (error) {
  process.stderr.write(`inic: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
