/** What went over a card while a program ran, in a few lines, as `inic run --ledger` prints it. */
import type { Counters } from '../record/result.ts';
import { sizeText } from './units.ts';

/**
 * @param host and `iop`: the counters of the two sides. @param socketsOpen how many sockets the program left
 *   open.
 * @param imbalances the sums that do not hold. With sockets open some may not, since bytes are still under
 *   way.
 */
export function runSummary(
  host: Counters,
  iop: Counters,
  socketsOpen: number,
  imbalances: readonly string[],
): string[] {
  const h = (name: string): number => host[name] ?? 0;
  const c = (name: string): number => iop[name] ?? 0;
  const connections = `${c('tcpActiveOpens')} opened, ${c('tcpPassiveOpens')} accepted`;
  const copies = h('sendCopies') + h('immediateCopies') + h('receiveCopies') + c('cardImmediateCopies');
  const dma = c('transmitFetches') + c('retransmitFetches') + c('receivePlacements');
  const lines = [
    `connections ${connections}; ${sizeText(h('bytesSent'))} sent, ${sizeText(h('bytesReceived'))} received`,
    `frames ${h('inboundPosted')} in, ${c('outboundPosted')} out; segments ${c('tcpOutSegs')} sent, ` +
      `${c('tcpRetransSegs')} sent again`,
    `copies ${copies}, DMA requests ${dma}, doorbells ${h('doorbells')}, interrupts ${c('interrupts')}`,
  ];
  if (imbalances.length === 0) lines.push('ledger balanced');
  else if (socketsOpen > 0) lines.push(`ledger open: ${socketsOpen} sockets were still in use`);
  else lines.push('LEDGER DOES NOT BALANCE', ...imbalances);
  return lines;
}

/** As of `PoolUse` and `Stall`, of which these lines tell. */
interface Use {
  readonly count: number;
  readonly mean: number;
  readonly highWater: number;
}
interface Wait {
  readonly episodes: number;
  readonly ns: number;
}

/** What is said of which pools in one line each. */
const POOL_LINES: readonly (readonly [string, string])[][] = [
  [
    ['transmit', 'transmit buffers'],
    ['receive', 'receive buckets'],
    ['slots', 'slots for short sends'],
  ],
  [
    ['inboundFrames', 'frames to the card'],
    ['outboundFrames', 'frames to the host'],
    ['packets', 'packets'],
  ],
];

const WAIT_NAMES: Readonly<Record<string, string>> = {
  transmitBuffer: 'sends for a transmit buffer',
  frame: 'sends for a frame',
  window: 'sends for the peer to acknowledge',
  bucket: 'the card for a receive bucket',
  credit: 'window credits for a frame',
};

/** How full the pools of a card were, and who waited for what: a wait counts once, however often it asks. */
export function poolLines(
  pools: Readonly<Record<string, Use>>,
  stalls: Readonly<Record<string, Wait>>,
): string[] {
  const uses = POOL_LINES.map((line) =>
    line.map(([name, words]) => {
      const { count, mean, highWater } = pools[name];
      return `${highWater} of ${count} ${words} (${mean.toFixed(1)})`;
    }),
  );
  const waits = Object.entries(stalls)
    .filter(([, { episodes }]) => episodes > 0)
    .map(([name, { episodes, ns }]) => `${WAIT_NAMES[name] ?? name} ${timesText(episodes)}, ${msText(ns)}`);
  const said = waits.map((wait) => `waited: ${wait} in all`);
  if (said.length === 0) said.push('nothing waited for a buffer, a frame or a window');
  return [...uses.map((use) => `most in use (mean): ${use.join(', ')}`), ...said];
}

/** Where the card ran, and why there. */
export function placementLine({ placement, why }: { placement: string; why: string }): string {
  const where = placement === 'inline' ? "inline, in the program's thread" : 'in a thread of its own';
  return `the card ran ${where} (${why})`;
}

/** What a configuration says of how a transmit pool is shared. */
interface Sharing {
  readonly pools: { readonly transmitBuffers: number };
  readonly driver: { readonly transmitReserve: number; readonly transmitLowWatermark: number };
}

/** What the reserve and the watermark became, which follow from the pool where nobody set them. */
export function sharingLine({ pools, driver }: Sharing): string {
  const { transmitReserve: kept, transmitLowWatermark: low } = driver;
  const reserve = `${kept} of ${pools.transmitBuffers} transmit buffers are kept for sockets that have none`;
  return `${reserve}; with fewer than ${low} free, buffers come back at once`;
}

function timesText(times: number): string {
  return times === 1 ? 'once' : `${times} times`;
}

function msText(ns: number): string {
  return `${(ns / 1e6).toFixed(3)} ms`;
}
