/**
 * `npm run fuzz -- [--seed N] [--frames M] [--side card|host|wire]`: the long form. Storms of 5,000 frames
 * one after the other, each from a seed of its own, half of the frames to the card and half to the driver;
 * and twice as many packets to the TCP/IPv4 stack. A failure prints its seed and frame; the same seed shows
 * it again. Exit status 1 after a failure.
 */
import { parseArgs } from 'node:util';
import { bringUpStorm } from './bring-up-storm.ts';
import { CardStorm } from './card-storm.ts';
import { HostStorm } from './host-storm.ts';
import { indexStorm } from './index-storm.ts';
import { PacketStorm } from './packet-storm.ts';

export const STORM_FRAMES = 5000;

/** What was asked for. Anything else is told in one line, with exit status 2. */
function options(): { seed: string; frames: string; side: string } {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string', default: '1' },
        frames: { type: 'string', default: '1000000' },
        side: { type: 'string', default: 'both' },
      },
    });
    return values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function refuse(why: string): never {
  console.error(`fuzz: ${why}`);
  process.exit(2);
}

const values = options();
const first = Number(values.seed);
const wanted = Number(values.frames);
if (!Number.isInteger(first) || !Number.isInteger(wanted) || wanted < 1) {
  refuse('--seed and --frames expect whole numbers');
}
if (!['card', 'host', 'wire', 'both'].includes(values.side))
  refuse(`--side expects card, host or wire, got "${values.side}"`);

interface Storm {
  readonly frames: number;
  run(frames: number): void;
}

/** @returns a line that sums the side up. */
function side(
  name: string,
  frames: number,
  make: (seed: number) => Storm,
  sum: (storm: Storm) => void,
): string {
  const start = performance.now();
  let sent = 0;
  let seed = first;
  for (; sent < frames; seed++) {
    const storm = make(seed);
    storm.run(Math.min(STORM_FRAMES, frames - sent));
    sent += storm.frames;
    sum(storm);
  }
  const seconds = (performance.now() - start) / 1000;
  const rate = Math.round(sent / seconds).toLocaleString('en');
  return `${name}: ${sent.toLocaleString('en')} frames from seeds ${first} to ${seed - 1}, ${rate} a second`;
}

try {
  if (values.side === 'card' || values.side === 'both') {
    let [judged, refused] = [0, 0];
    const line = side(
      'hostile host against the card',
      wanted / 2,
      (seed) => new CardStorm(seed),
      (storm) => {
        judged += (storm as CardStorm).judged;
        refused += (storm as CardStorm).refused;
      },
    );
    console.log(
      `${line}; ${judged.toLocaleString('en')} answers judged, ${refused.toLocaleString('en')} of bad frames`,
    );
    let lies = 0;
    for (let seed = first; seed < first + 100; seed++) lies += indexStorm(seed);
    console.log(`lying indices: ${lies.toLocaleString('en')} words overwritten`);
  }
  if (values.side === 'host' || values.side === 'both') {
    let [requests, refused] = [0, 0];
    const line = side(
      'hostile card against the driver',
      wanted / 2,
      (seed) => new HostStorm(seed),
      (storm) => {
        requests += (storm as HostStorm).requests;
        refused += (storm as HostStorm).refused;
      },
    );
    const judged = `${requests.toLocaleString('en')} requests judged`;
    console.log(`${line}; ${judged}, ${refused.toLocaleString('en')} replies refused alone`);
    let up = 0;
    for (let seed = first; seed < first + 200; seed++) if (bringUpStorm(seed)) up += 1;
    console.log(`hostile card brought up: ${up} of 200, the others refused by name`);
  }
  if (values.side === 'wire' || values.side === 'both') {
    let [bytes, datagrams] = [0, 0];
    const line = side(
      'hostile wire against the stack',
      2 * wanted,
      (seed) => new PacketStorm(seed),
      (storm) => {
        bytes += (storm as PacketStorm).bytesJudged;
        datagrams += (storm as PacketStorm).datagramsJudged;
      },
    );
    const judged = `${bytes.toLocaleString('en')} bytes and ${datagrams.toLocaleString('en')} datagrams`;
    console.log(`${line}; ${judged} read and judged`);
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
