/**
 * The numbers that are a connection's state, in the order in which its image holds them: a word each. What a
 * stack finds out for itself (route, neighbour, place in its tables, the MSS that follows from the path) is
 * not among them, and the queues have sections of their own.
 *
 * A time has no meaning on another clock, so it is held as a distance: how long ago it was, or how far ahead
 * it is. The clock of timestamps (RFC 7323 §4) is held as it reads, so that the peer sees it go on.
 */
import { assert } from '../../../assert/assert.ts';
import type { Environment } from '../../environment.ts';
import { CWND_MAX } from '../congestion/congestion.ts';
import {
  PERSIST_RECOVERIES,
  REORDERED_MAX,
  REORDERING_MAX,
  REORDERING_START,
} from '../control-block/rack-state.ts';
import { TIMERS_MOVABLE } from '../control-block/timers.ts';
import { FACTOR_MAX } from '../rack.ts';
import type { Tcb } from '../tcb.ts';

/** What a word says. */
type Meaning =
  /** A number that does not depend on any clock. */
  | 'plain'
  /** Microseconds, or milliseconds, since it was. */
  | 'agoUs'
  | 'agoMs'
  /** Microseconds, or milliseconds, until it is. */
  | 'aheadUs'
  | 'aheadMs'
  /** What the clock of timestamps reads. */
  | 'clockMs';

export interface ImageField {
  /** As a complaint has it: the group of the Tcb and the name in it. */
  readonly path: string;
  readonly group: GroupName | undefined;
  readonly name: string;
  readonly meaning: Meaning;
  /** The least and the most that an image may have; any int32 where they are the ends of that. */
  readonly min: number;
  readonly max: number;
}

/** Groups of a Tcb that an image holds fields of. */
export const IMAGE_GROUPS = [
  'received',
  'acks',
  'stamps',
  'rtt',
  'recovery',
  'rack',
  'congestion',
  'marks',
  'mtuSearch',
  'timers',
  'options',
] as const;
export type GroupName = (typeof IMAGE_GROUPS)[number];

const INT_MIN = -0x8000_0000;
const INT_MAX = 0x7fff_ffff;
/** Numbers of bytes and times: half of what a distance may be, so that sums stay comparable. */
export const SPAN_MAX = 0x3fff_ffff;
const PORT_MAX = 65535;
/** The round-trip time is kept times 8. */
const RTT_MAX = 0x0fff_ffff;
const OPTION_SECONDS_MAX = 32767;

function field(
  group: GroupName | undefined,
  name: string,
  min: number,
  max: number,
  meaning: Meaning = 'plain',
): ImageField {
  return { path: group === undefined ? name : `${group}.${name}`, group, name, meaning, min, max };
}

const flag = (group: GroupName | undefined, name: string) => field(group, name, 0, 1);
const any = (group: GroupName | undefined, name: string, meaning?: Meaning) =>
  field(group, name, INT_MIN, INT_MAX, meaning);
const span = (group: GroupName | undefined, name: string, max = SPAN_MAX) => field(group, name, 0, max);

export const IMAGE_FIELDS: readonly ImageField[] = [
  span(undefined, 'state', 15),
  span(undefined, 'softError', 4095),
  any(undefined, 'localAddress'),
  any(undefined, 'remoteAddress'),
  field(undefined, 'localPort', 1, PORT_MAX),
  field(undefined, 'remotePort', 1, PORT_MAX),
  span(undefined, 'ipId', 65535),
  field(undefined, 'ttl', 1, 255),
  span(undefined, 'tos', 255),
  ...['iss', 'sndUna', 'sndNxt', 'sndMax', 'sndEnd', 'sndWl1', 'sndWl2', 'sndUp', 'sndSmall'].map((name) =>
    any(undefined, name),
  ),
  span(undefined, 'sndWnd'),
  span(undefined, 'sndWndMax'),
  span(undefined, 'sndScale', 14),
  ...['scaling', 'sackPermitted', 'sndUrgent', 'sndForced', 'finQueued', 'rcvUrgent'].map((name) =>
    flag(undefined, name),
  ),
  field(undefined, 'mssPeer', 1, 65535),
  span(undefined, 'pathMtu', 65535),
  any(undefined, 'pathMtuMs', 'agoMs'),
  ...['irs', 'rcvNxt', 'rcvAdv', 'rcvUp'].map((name) => any(undefined, name)),
  span(undefined, 'rcvScale', 14),

  field('received', 'bufferBytes', 1, SPAN_MAX),
  field('received', 'bufferBytesMax', 1, SPAN_MAX),
  span('received', 'withheldBytes'),
  any('received', 'withheldEdge'),
  span('received', 'unconsumedBytes'),
  span('received', 'segmentBytesMax', 65535),
  span('received', 'lateKnown', 4),
  ...['lateNewest', 'lateSecond', 'lateThird', 'lateFourth', 'duplicateStart', 'duplicateEnd', 'finSeq'].map(
    (name) => any('received', name),
  ),
  ...['finKnown', 'finTaken', 'shutdown'].map((name) => flag('received', name)),

  span('acks', 'owed', 2),
  span('acks', 'duplicatesOwed', 1024),
  span('acks', 'quick', 65535),
  flag('acks', 'pingPong'),
  span('acks', 'pushed', 2),
  any('acks', 'lastDataUs', 'agoUs'),
  any('acks', 'lastSent'),
  flag('acks', 'challenged'),
  any('acks', 'challengeUs', 'agoUs'),

  flag('stamps', 'on'),
  any('stamps', 'recent'),
  any('stamps', 'recentMs', 'agoMs'),
  any('stamps', 'offset', 'clockMs'),

  span('rtt', 'srtt', RTT_MAX),
  span('rtt', 'rttvar', RTT_MAX),
  field('rtt', 'rto', 1, SPAN_MAX),
  flag('rtt', 'timing'),
  any('rtt', 'timedSeq'),
  any('rtt', 'timedUs', 'agoUs'),
  flag('rtt', 'synRetransmitted'),
  span('rtt', 'leastUs', RTT_MAX),

  span('recovery', 'phase', 2),
  span('recovery', 'due', 2),
  span('recovery', 'dupAcks'),
  span('recovery', 'flightBefore'),
  any('recovery', 'recover'),
  any('recovery', 'lostSeq'),
  any('recovery', 'highRetransmitted'),
  span('recovery', 'rescue', 2),
  span('recovery', 'retransmissions', INT_MAX),

  flag('rack', 'known'),
  any('rack', 'sentUs', 'agoUs'),
  any('rack', 'end'),
  span('rack', 'rttUs'),
  span('rack', 'leastRttUs'),
  any('rack', 'leastRttMs', 'agoMs'),
  span('rack', 'reordered', REORDERED_MAX),
  field('rack', 'reordering', REORDERING_START, REORDERING_MAX),
  any('rack', 'highestDelivered'),
  flag('rack', 'highestKnown'),
  field('rack', 'factor', 1, FACTOR_MAX),
  field('rack', 'persist', 1, PERSIST_RECOVERIES),
  any('rack', 'roundEnds'),
  flag('rack', 'roundOn'),
  ...['lookAfterUs', 'delivered', 'sentBytes', 'flightBefore'].map((name) => span('rack', name)),
  flag('rack', 'undoable'),
  any('rack', 'undoFrom'),
  span('rack', 'undoSegments'),
  flag('rack', 'undoStampKnown'),
  // What the clock of timestamps read: the peer has seen it.
  any('rack', 'undoStamp'),
  span('rack', 'suspicion', 2),
  span('rack', 'probe', 2),
  flag('rack', 'probing'),
  flag('rack', 'probeResent'),
  any('rack', 'probeEnd'),

  field('congestion', 'cwnd', 1, CWND_MAX),
  span('congestion', 'ssthresh'),
  span('congestion', 'ackedBytes'),
  any('congestion', 'countedUs', 'agoUs'),
  flag('congestion', 'epoch'),
  ...['elapsedUs', 'originUs', 'origin', 'windowPrior', 'windowMax', 'renoBytes', 'renoAckedBytes'].map(
    (name) => span('congestion', name, INT_MAX),
  ),
  ...['undoWindow', 'undoThreshold', 'undoWindowMax'].map((name) => span('congestion', name, INT_MAX)),
  flag('congestion', 'limited'),
  span('congestion', 'flightMax'),
  any('congestion', 'usedUntil'),
  flag('congestion', 'roundsBegun'),
  any('congestion', 'roundEnds'),
  ...['roundSamples', 'roundRttUs', 'roundBeforeRttUs'].map((name) => span('congestion', name)),
  span('congestion', 'conservative', 5),
  span('congestion', 'conservativeRttUs'),
  span('congestion', 'chosen', 2),

  ...['asked', 'on', 'seen', 'echo', 'reductionDue', 'reducing'].map((name) => flag('marks', name)),
  any('marks', 'reducedUntil'),

  flag('mtuSearch', 'on'),
  flag('mtuSearch', 'binds'),
  span('mtuSearch', 'low', 65535),
  span('mtuSearch', 'high', 65535 + 40),
  any('mtuSearch', 'sinceMs', 'agoMs'),

  span('timers', 'armed', TIMERS_MOVABLE),
  any('timers', 'retransmitAt', 'aheadUs'),
  any('timers', 'ackAt', 'aheadUs'),
  any('timers', 'keepAliveAtMs', 'aheadMs'),
  span('timers', 'retries', 255),
  any('timers', 'stalledMs', 'agoMs'),
  span('timers', 'probes', 255),
  span('timers', 'probeDue', 2),
  any('timers', 'lastSendUs', 'agoUs'),
  any('timers', 'lastReceiveMs', 'agoMs'),

  flag('options', 'noDelay'),
  flag('options', 'keepAlive'),
  field('options', 'keepIdleSeconds', 1, OPTION_SECONDS_MAX),
  field('options', 'keepIntervalSeconds', 1, OPTION_SECONDS_MAX),
  field('options', 'keepProbes', 1, 127),
  span('options', 'userTimeoutMs', INT_MAX),
  field('options', 'lingerSeconds', -1, INT_MAX),
  flag('options', 'reuseAddress'),
  flag('options', 'broadcast'),
  span('options', 'sendBufferBytes', INT_MAX),
  span('options', 'segmentBytesMax', 65535),
  flag('options', 'cork'),
  span('options', 'unsentLowBytes', INT_MAX),
  span('options', 'deferAccept', 255),
  field('options', 'finWaitSeconds', -1, 120),
  span('options', 'mtuDiscover', 5),
];

const PLACES: ReadonlyMap<string, number> = new Map(IMAGE_FIELDS.map(({ path }, i) => [path, i]));

/** Which of the fields one is. */
export function fieldPlace(path: string): number {
  const place = PLACES.get(path) ?? -1;
  assert(place >= 0, 'image: a field that is asked for is one of those it holds');
  return place;
}

/** The word of a field. */
export function fieldWord(environment: Environment, tcb: Tcb, { group, name, meaning }: ImageField): number {
  const value = numbersOf(tcb, group)[name];
  switch (meaning) {
    case 'agoUs':
      return (environment.nowUs - value) | 0;
    case 'agoMs':
      return (environment.nowMs - value) | 0;
    case 'aheadUs':
      return (value - environment.nowUs) | 0;
    case 'aheadMs':
      return (value - environment.nowMs) | 0;
    case 'clockMs':
      return (environment.nowMs + value) | 0;
    default:
      return value;
  }
}

/** Sets a field from its word. */
export function setField(
  environment: Environment,
  tcb: Tcb,
  { group, name, meaning }: ImageField,
  word: number,
): void {
  assert(word === (word | 0), 'image: a field is set from a word');
  const numbers = numbersOf(tcb, group);
  switch (meaning) {
    case 'agoUs':
      numbers[name] = (environment.nowUs - word) | 0;
      return;
    case 'agoMs':
      numbers[name] = (environment.nowMs - word) | 0;
      return;
    case 'aheadUs':
      numbers[name] = (environment.nowUs + word) | 0;
      return;
    case 'aheadMs':
      numbers[name] = (environment.nowMs + word) | 0;
      return;
    case 'clockMs':
      numbers[name] = (word - environment.nowMs) | 0;
      return;
    default:
      numbers[name] = word;
  }
}

/** Hand-offs are rare: here the names are looked up. */
function numbersOf(tcb: Tcb, group: GroupName | undefined): Record<string, number> {
  return (group === undefined ? tcb : tcb[group]) as unknown as Record<string, number>;
}
