/** What was measured of a machine, as a cost profile: the text of a file, and a world priced with it. */
import { type CostProfile, readProfile } from '../plans/profiles.ts';
import { inFile, parseYaml } from '../plans/yaml.ts';

import type { Counts, Shape } from './live-protocol.ts';

/** The costs of one shape of card on this machine, in nanoseconds. */
export interface MachineCosts {
  readonly host: Counts;
  readonly card: Counts;
  /** How long what one side shows takes to be seen by the other, beyond both sides' work. */
  readonly newsNs: number;
  /** Undefined of a card that is polled in the program's thread: nobody is woken. */
  readonly wakes: WakeCosts | undefined;
}

/** What it takes to wake a thread that sleeps. */
export interface WakeCosts {
  /** Until a card that sleeps has begun to work, and until a host does that rests in a call. */
  readonly doorbellNs: number;
  readonly interruptNs: number;
  /** For whoever wakes it. */
  readonly ringNs: number;
  /** Until a host does that rests in its event loop, which no program of a world does. */
  readonly loopNs: number;
}

export interface ProfileOrigin {
  /** The machine, and with what it was measured. */
  readonly title: string;
  /** How the costs were found, which begins each source. */
  readonly method: string;
  readonly shape: Shape;
}

const MEANINGS: Readonly<Record<string, string>> = {
  hostPolls: 'a turn, in which replies are looked for, and the loop around it',
  hostIdlePolls: 'what a turn takes more that finds none: the loop reads the clock',
  userCalls: 'a socket call that can do nothing; what it does is counted below',
  messageRequests: 'a request built and posted',
  messageReplies: 'a reply taken and what follows from it',
  immediateCopies: 'bytes put in a frame, beside the bytes themselves',
  immediateCopiesBytes: 'a byte put in a frame',
  sendCopies: 'bytes put in a transmit buffer, beside the bytes themselves',
  sendCopiesBytes: 'a byte put in a transmit buffer',
  receiveCopies: 'bytes taken out of a bucket, beside the bytes themselves; and the bucket posted again',
  receiveCopiesBytes: 'a byte taken out of a bucket',
  iopPolls: 'a turn, and the loop around it',
  iopIdlePolls: 'what a turn takes more that finds nothing',
  inboundReleased: 'a request taken and done',
  outboundPosted: 'a reply built and posted',
  tcpInSegs: 'a segment received, its frame taken from the wire',
  ipOutRequests: 'a packet sent by the stack, cut by the device or not',
  deviceTxPackets: 'a frame put on the wire by the device',
  transmitFetches: 'a buffer fetched for a frame, beside its bytes',
  transmitFetchesBytes: 'a byte fetched and summed; this card has no engine but its processor',
  receivePlacements: 'bytes placed in a bucket, beside the bytes themselves',
  receivePlacementsBytes: 'a byte placed in a bucket, and its way off the wire',
  cardImmediateCopies: 'bytes taken out of a frame, beside the bytes themselves',
  cardImmediateCopiesBytes: 'a byte taken out of a frame',
  checksums: 'a piece of a packet summed by the stack, beside its bytes',
  checksumsBytes: 'what a byte takes more that the stack sums, than one summed as it is moved',
  tcpActiveOpens: 'a connection opened and closed, where it began',
  tcpPassiveOpens: 'a connection accepted and closed, where it was awaited',
};

/** Costs that no sum of work tells: see round-trip.ts. */
const REST_SOURCE =
  'measured: what the sums of work are more than a round trip of 1 KiB, by side; done once work is shown';
const RESTS: readonly string[] = ['hostRests', 'iopRests'];

/** The first line of each profile that is written here. */
export const PROFILE_START =
  '# A cost profile: what work takes in virtual time. Written by `inic calibrate`.';

/** Counts that cost what another does. */
const LIKE: Readonly<Record<string, string>> = {
  peekCopies: 'receiveCopies',
  peekCopiesBytes: 'receiveCopiesBytes',
  receiveStoreCopies: 'receiveCopies',
  receiveStoreCopiesBytes: 'receiveCopiesBytes',
  retransmitFetches: 'transmitFetches',
  retransmitFetchesBytes: 'transmitFetchesBytes',
  cardGatherCopies: 'cardImmediateCopies',
  cardGatherCopiesBytes: 'cardImmediateCopiesBytes',
  cardCollapseCopies: 'cardImmediateCopies',
  cardCollapseCopiesBytes: 'cardImmediateCopiesBytes',
};

/** @returns the file's text. Each number says where it comes from, as in any profile. */
export function profileText(costs: MachineCosts, { title, method, shape }: ProfileOrigin): string {
  const { newsNs, wakes } = costs;
  const fitted = (side: Counts): string[] =>
    Object.entries(side).map(([name, ns]) =>
      line(name, ns, RESTS.includes(name) ? REST_SOURCE : `${method}: ${MEANINGS[name] ?? name}`),
    );
  const like = (side: Counts): string[] =>
    Object.entries(LIKE).flatMap(([name, other]) =>
      side[other] === undefined ? [] : [line(name, side[other], `assumed: as ${other}`)],
    );
  const look = (side: Counts, turn: string, idle: string): string =>
    time('look', (side[turn] ?? 0) + (side[idle] ?? 0), `${method}: ${turn} and ${idle} together`);
  const ring = (name: string): string[] =>
    wakes === undefined
      ? []
      : [line(name, wakes.ringNs, 'measured: a thread woken by Atomics.notify, as its waker sees it')];
  const lines = [
    PROFILE_START,
    '# Each number says how it was found.',
    "# Costs are nanoseconds for each count of a ledger's counter (spec/counters.yaml).",
    `title: ${JSON.stringify(title)}`,
    'host:',
    ...(shape === 'thread' ? [look(costs.host, 'hostPolls', 'hostIdlePolls')] : []),
    '  costs:',
    ...fitted(costs.host),
    ...like(costs.host),
    ...ring('doorbells'),
    'card:',
    ...(shape === 'thread' ? [look(costs.card, 'iopPolls', 'iopIdlePolls')] : []),
    ...(wakes === undefined
      ? []
      : [
          time(
            'doorbell',
            wakes.doorbellNs,
            'measured: round trips to a card that sleeps, against one that looks',
          ),
          time(
            'interrupt',
            wakes.interruptNs,
            'measured: round trips of a host that sleeps, against one that looks',
          ),
        ]),
    ...(shape === 'thread'
      ? [
          '  bus:',
          time(
            '  latency',
            newsNs,
            'measured: what the work of both sides leaves of a round trip of 1 KiB, by crossing',
          ),
        ]
      : []),
    '  costs:',
    ...fitted(costs.card),
    ...like(costs.card),
    ...ring('interrupts'),
  ];
  return `${lines.join('\n')}\n`;
}

function line(name: string, ns: number, source: string): string {
  return `    ${name}: { value: ${rounded(ns)}, source: ${JSON.stringify(source)} }`;
}

function time(name: string, ns: number, source: string): string {
  return `  ${name}: { value: ${rounded(ns)}ns, source: ${JSON.stringify(source)} }`;
}

/** Four significant digits, and no exponent. */
function rounded(value: number): string {
  return String(Number(Number(value.toPrecision(4)).toFixed(5)));
}

/** The profile that a file with this text is. */
export function profileOf(text: string): CostProfile {
  const path = 'the measured profile';
  return readProfile('machine', path, parseYaml(text, inFile(path)).data);
}

type Parts = Readonly<Record<string, object>>;

/** A world whose hosts and cards cost what a profile says, which need not be a file. */
export function priced(description: object, { host, card }: CostProfile): object {
  const { hosts, cards } = description as { hosts: Parts; cards: Parts };
  const withCosts = (parts: Parts, costs: object): object =>
    Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, { ...costs, ...part }]));
  return { ...description, costs: 'none', hosts: withCosts(hosts, host), cards: withCosts(cards, card) };
}
