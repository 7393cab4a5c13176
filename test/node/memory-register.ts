/** `node --import` this: the program's sockets go over the memory card. INIC_TEST_DELAY_MS makes it slow. */
import { preloadedBy } from '../../src/node/cluster-workers.ts';
import { environmentOptions, mayUseCard } from '../../src/node/environment.ts';
import { install, routes } from '../../src/node/install.ts';
import { openMemoryCard } from './memory-stack.ts';

preloadedBy(import.meta.url);
routes.countsKernel = false;
const delayMs = Number(process.env['INIC_TEST_DELAY_MS'] ?? 0);
if (mayUseCard()) install(openMemoryCard({ delayMs }), environmentOptions(process.env));
