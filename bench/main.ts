/**
 * Runs every micro-benchmark of our own code: `npm run bench`. The tests run each with tiny inputs, so that
 * none rots.
 */
import { widenInlining } from '../src/world/build/inlining.ts';
import { runFifoBench } from './fifo.ts';
import { formatHdmFigures, runHdmBench } from './hdm.ts';
import { formatKernelFigures, runKernelsBench } from './kernels.ts';
import { runPagesBench } from './pages.ts';
import { runRingBench } from './ring.ts';
import { runSimulationBench } from './simulation.ts';
import { runTcpipBench } from './tcpip.ts';

widenInlining(); // as wherever a card runs by the machine's clock
console.log(`kernels\n${formatKernelFigures(runKernelsBench(100))}\n`);
console.log(`ring\n${runRingBench(1).join('\n')}\n`);
console.log(`fifo\n${runFifoBench(1).join('\n')}\n`);
console.log(`device and wire\n${formatHdmFigures(runHdmBench(300))}\n`);
console.log(`stack\n${runTcpipBench(1).join('\n')}`);
console.log(`\npages\n${runPagesBench(1).join('\n')}`);
console.log(`\nvirtual time\n${runSimulationBench(1).join('\n')}`);
