/** What the text of 2002 says, as sentences that can be wrong. */
import { type Effect, effectOf, exactly } from '../claims/effect.ts';
import type { Claim } from '../claims/judge.ts';
import type { NamedCost } from './named-costs.ts';
import type { Runs } from './runs.ts';
import { LATER } from './settings.ts';
import type { Run } from './world.ts';

const TEXT = 'linux-net, 2002: four gigabit ports on one card';
const DERIVED = 'derived from the same text';
const ENDLESS = Number.POSITIVE_INFINITY;
/** A write that is no longer than a segment. */
const SHORT_BYTES = 1000;
const SMALL_BYTES = 64;
/** Of writes of those sizes. */
export const SMALL_WRITES = 1000;
const FAST_CARD = 4;
/** PCI-X 2 at its slower speed. */
const WIDE_BUS = 2e9;
/** PCI, 32 bits at 33 MHz. */
const NARROW_BUS = 133e6;

export function claimsOf(runs: Runs, losses: readonly Partial<Run>[]): Claim[] {
  return [
    windowCopy(runs),
    segmentation(runs),
    inSoftware(runs),
    direct(runs),
    directIn(runs),
    storing(runs),
    onePort(runs),
    plainWire(runs),
    windowWire(runs),
    wholeOffload(runs),
    retransmission(runs, losses),
    busBinds(runs),
  ];
}

function windowCopy(runs: Runs): Claim {
  const copy: readonly NamedCost[] = ['window copy'];
  // Of what one run spent: between two of them a host that has time left would spend it otherwise.
  const share = (more: Partial<Run>): Effect => {
    const { copyNsPerByte, hostNsPerByte } = runs.of(more);
    const what = "of the host's time to send, the copy into the TCP window";
    return exactly(what, '%', (100 * copyNsPerByte) / hostNsPerByte);
  };
  return {
    name: 'window-copy',
    statement:
      "Sending over several gigabit ports, a quarter of the host's time goes into the copy to the TCP window",
    source: TEXT,
    effect: share({}),
    bound: { above: 25 },
    without: {
      cause: 'a price for bytes that a processor copies',
      effect: share({ off: copy }),
    },
    under: [
      {
        factor: 'how dear a copy is',
        condition: 'the costs of card-2025',
        effect: share({ costs: 'card-2025' }),
      },
    ],
  };
}

function segmentation(runs: Runs): Claim {
  const share = (more: Partial<Run>): Effect => {
    // Both are of the work itself: where the wire is full a host has time left, and spends it in polling.
    const header = (arm: string): number => runs.of({ ...more, arm }).headerNsPerByte;
    const saved = 1 - header('host+TSO') / header('host+checksum');
    return exactly('of the header work of sending, what a card saves that cuts segments', '%', 100 * saved);
  };
  return {
    name: 'segmentation',
    statement: 'Segmentation takes most of the header work',
    source: TEXT,
    effect: share({}),
    bound: { above: 50 },
    without: {
      cause: 'writes longer than a segment',
      effect: share({ size: SHORT_BYTES, writes: SMALL_WRITES }),
    },
  };
}

function inSoftware(runs: Runs): Claim {
  const times = (more: Partial<Run>): Effect => {
    const each = (arm: string): number => runs.of({ ...more, arm }).hostNsPerByte;
    return exactly(
      "the host's time by packets of its stack, against segments cut in software",
      'x',
      each('host+checksum') / each('host+GSO'),
    );
  };
  return {
    name: 'in-software',
    statement:
      'Segmentation pays in software too (GSO, TSO off): the stack is crossed once for many segments',
    source: "a reader of the article on Intel's iNIC",
    effect: times({}),
    bound: { above: 1.1 },
    without: {
      cause: 'writes longer than a segment',
      effect: times({ size: SHORT_BYTES, writes: SMALL_WRITES }),
    },
  };
}

/** How much longer the host takes where its bytes go by a bounce. */
function bounced(runs: Runs, more: Partial<Run>): Effect {
  const window = { ...more, arm: 'window' };
  const times =
    runs.of({ ...window, directBytesMin: ENDLESS }).hostNsPerByte /
    runs.of({ ...window, directBytesMin: 0 }).hostNsPerByte;
  const way = more.direction === 'receive' ? 'to' : 'from';
  return exactly(`the host's time by a bounce copy, against directly ${way} user memory`, 'x', times);
}

function direct(runs: Runs): Claim {
  const ratio = (more: Partial<Run>): Effect => bounced(runs, more);
  return {
    name: 'direct',
    statement:
      'Copying to the card directly from user memory is quite a bit faster than by a copy in between',
    source: TEXT,
    effect: ratio({}),
    bound: { above: 1.2 },
    without: { cause: 'a price for bytes that a processor copies', effect: ratio({ off: ['window copy'] }) },
    under: [
      {
        factor: 'how long a write is',
        condition: `writes of ${SMALL_BYTES} bytes`,
        effect: ratio({ size: SMALL_BYTES, writes: SMALL_WRITES }),
      },
    ],
  };
}

/** Alone too, for whoever asks it of another host. */
export function directIn(runs: Runs): Claim {
  return {
    name: 'direct-in',
    statement: 'So is copying from the card directly to user memory',
    source: TEXT,
    effect: bounced(runs, { direction: 'receive' }),
    bound: { above: 1.2 },
  };
}

function storing(runs: Runs): Claim {
  const share = (more: Partial<Run>, off: NamedCost): Effect => {
    const receive: Partial<Run> = { ...more, direction: 'receive' };
    const what = "of the host's time to receive, that packets are stored and then copied";
    return exactly(what, '%', runs.saved(receive, { ...receive, off: [off] }));
  };
  return {
    name: 'storing',
    statement:
      'Receiving, storing packets before they are put in order costs more than matching them to streams',
    source: DERIVED,
    effect: share({}, 'storing'),
    bound: { above: share({}, 'matching').mean },
    without: {
      cause: 'the copy that storing makes necessary',
      effect: share({ off: ['storing'] }, 'storing'),
    },
  };
}

/** As the text has it: one gigabit card, and no TSO, which Linux had not yet. */
function onePort(runs: Runs): Claim {
  const least = (more: Partial<Run>): Effect => {
    const ways = (['transmit', 'receive'] as const).map(
      (direction) => runs.of({ arm: 'host+checksum', ports: 1, ...more, direction }).wireBusy,
    );
    return exactly('of its wire filled, the lesser of sending and receiving', '%', 100 * Math.min(...ways));
  };
  return {
    name: 'one-below-wire',
    statement: 'A plain gigabit card does not reach nine tenths of wire speed, even in a fast host',
    source: TEXT,
    effect: least({}),
    bound: { below: 90 },
    under: [
      {
        factor: 'the bus',
        condition: 'a bus of 133 MB/s (PCI of 32 bits and 33 MHz)',
        effect: least({ busBytesPerS: NARROW_BUS }),
      },
      {
        factor: "the host's speed",
        condition: 'a host a quarter as fast as the card at the protocol',
        effect: least({ hostSpeed: 0.25 }),
      },
    ],
  };
}

/** Alone too, for whoever asks it of another host. */
export function plainWire(runs: Runs): Claim {
  const filled = (more: Partial<Run>): Effect =>
    exactly(
      'of the wires filled by a host that sends and has its segments cut',
      '%',
      100 * runs.of({ ...more, arm: 'host+TSO' }).wireBusy,
    );
  return {
    name: 'plain-below-wire',
    statement:
      'A host with a plain card of four ports does not reach nine tenths of wire speed, even with TSO',
    source: TEXT,
    effect: filled({}),
    bound: { below: 90 },
    without: { cause: 'the copy into the TCP window', effect: filled({ off: ['window copy'] }) },
    under: [
      { factor: "the machine's year", condition: `the costs of ${LATER}`, effect: filled({ costs: LATER }) },
    ],
  };
}

function windowWire(runs: Runs): Claim {
  const least = (more: Partial<Run>): Effect => {
    const ways = (['transmit', 'receive'] as const).map(
      (direction) => runs.of({ ...more, direction }).wireBusy,
    );
    return exactly('of the wires filled, the lesser of sending and receiving', '%', 100 * Math.min(...ways));
  };
  return {
    name: 'window-at-wire',
    statement:
      'With the TCP window on the card the same host reaches nine tenths of wire speed in either direction',
    source: DERIVED,
    effect: least({ arm: 'window' }),
    bound: { above: 90 },
    without: { cause: 'the window on the card', effect: least({ arm: 'host+TSO' }) },
    under: [
      {
        factor: 'the bus',
        condition: 'a bus of 2 GB/s',
        effect: least({ arm: 'window', busBytesPerS: WIDE_BUS }),
      },
    ],
  };
}

function wholeOffload(runs: Runs): Claim {
  const times = (more: Partial<Run>): Effect => {
    const both: Partial<Run> = { ...more, direction: 'both' };
    const ratio =
      runs.of({ ...both, arm: 'window' }).payloadPerS / runs.of({ ...both, arm: 'inic' }).payloadPerS;
    return exactly('payload a second with the window on the card, against the whole stack on it', 'x', ratio);
  };
  return {
    name: 'compromise',
    statement: 'With streams in both directions the compromise carries more than whole offload',
    source: DERIVED,
    effect: times({}),
    bound: { above: 1.1 },
    under: [
      {
        factor: "the card's processor",
        condition: `one ${FAST_CARD} times as fast`,
        effect: times({ cardSpeed: FAST_CARD }),
      },
    ],
  };
}

function retransmission(runs: Runs, losses: readonly Partial<Run>[]): Claim {
  const crossed = (arm: string): Effect => {
    const values = losses.map((loss) => 100 * (runs.of({ ...loss, arm }).crossings - 1));
    return effectOf('of the bytes sent, those that cross the bus again, on links that lose', '%', values);
  };
  return {
    name: 'retransmission',
    statement: 'What is sent again does not cross the bus again',
    source: DERIVED,
    effect: crossed('window'),
    bound: { below: 0.1 },
    without: { cause: 'the window on the card', effect: crossed('host+TSO') },
  };
}

/** Alone too, for whoever asks it of another bus. */
export function busBinds(runs: Runs): Claim {
  const both = { direction: 'both', arm: 'window' } as const;
  const wide = runs.of({ ...both, busBytesPerS: WIDE_BUS }).payloadPerS;
  const times = (more: Partial<Run>): Effect =>
    exactly(
      'payload a second with a bus of 2 GB/s, against this one',
      'x',
      wide / runs.of({ ...both, ...more }).payloadPerS,
    );
  return {
    name: 'bus-binds',
    statement:
      'With streams in both directions the bus is what limits a card of four ports with the window on it',
    source: TEXT,
    effect: times({}),
    bound: { above: 1.05 },
    under: [{ factor: 'the bus', condition: 'a bus of 0.5 GB/s', effect: times({ busBytesPerS: 0.5e9 }) }],
  };
}
