/**
 * `npm run native [-- SECONDS ROUNDS]`: the message layer beside a ring in C++ (ring.cpp), in turns. Both
 * have two threads with a core each, and pass frames of 64 bytes: one there and one back (MSG_RR), or
 * published 64 at a time (MSG_STREAM). The C++ ring runs as it is, and with the look for a wish to be
 * notified that every ring needs whose ends may sleep.
 */
import { compare, comparisonLines, NATIVE_RINGS } from './compare.ts';
import { buildRing } from './native-ring.ts';

const DEFAULTS = { seconds: 0.5, rounds: 7 };

async function main(args: readonly string[]): Promise<number> {
  const [seconds = DEFAULTS.seconds, rounds = DEFAULTS.rounds] = args.map(Number);
  if (args.length > 2 || !(seconds >= 0.01 && seconds <= 600) || !(Number.isInteger(rounds) && rounds >= 1)) {
    console.error(
      'npm run native: expected [SECONDS [ROUNDS]], a run of 0.01 to 600 seconds, 1 or more rounds',
    );
    return 2;
  }
  const ring = buildRing();
  if (ring === undefined) {
    console.error('npm run native: g++ not found: apt-get install g++');
    return 2;
  }
  try {
    console.log(`medians of ${rounds} runs of ${seconds} s, in turns; ${NATIVE_RINGS.join(', ')}, inic`);
    for (const test of ['MSG_RR', 'MSG_STREAM'] as const) {
      console.log(comparisonLines(test, await compare(test, ring, seconds, rounds)).join('\n'));
    }
    return 0;
  } finally {
    ring.remove();
  }
}

process.exitCode = await main(process.argv.slice(2));
