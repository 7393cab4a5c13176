/** What was claimed of open TOE, and what others objected: each as a bound on a figure. */
import { effectOf, exactly, ratioOf } from '../claims/effect.ts';
import type { Claim } from '../claims/judge.ts';
import type { Arm, Measure } from './arms.ts';
import type { LoadFigures } from './load.ts';
import { placesOf, placesWithoutReplacing, type Touched } from './touched.ts';

/** Goodput of TCP with timestamps over 1500-byte frames at 10 Gbit/s: 1448 of 1538 bytes on the wire. */
export const WIRE_BYTES_PER_S = (1.25e9 * 1448) / 1538;
const PROPOSAL = 'the proposal of open TOE, netdev 2005';
const OBJECTION = 'a common objection to offload';
const PERCENT = 100;
const TWO_DOZEN = 24;

/** The systems that the claims compare. */
export interface Arms {
  readonly host: Arm;
  readonly card: Arm;
  readonly quickCard: Arm;
  readonly laterHost: Arm;
  readonly laterCard: Arm;
  readonly tapped: Arm;
  readonly tappedHeaders: Arm;
}

/** Processor time of the host that the wire's rate would take, of 100 that it has. */
function needed({ hostShare, bytesPerS }: LoadFigures): number {
  return (PERCENT * hostShare * WIRE_BYTES_PER_S) / bytesPerS;
}

/** Processor time of the host for each byte. */
function each({ hostShare, bytesPerS }: LoadFigures): number {
  return hostShare / bytesPerS;
}

function over(measure: Measure, arm: Arm, figure: (of: LoadFigures) => number): number[] {
  return measure(arm, 'TCP_STREAM').map(figure);
}

export function receiveClaims(measure: Measure, arms: Arms, later: string): Claim[] {
  const { host, card, quickCard, laterHost, laterCard } = arms;
  const rate = (arm: Arm) =>
    effectOf(
      "received, of the wire's 9.41 Gbit/s",
      '%',
      over(measure, arm, ({ bytesPerS }) => (PERCENT * bytesPerS) / WIRE_BYTES_PER_S),
    );
  const need = (arm: Arm) =>
    effectOf("host processor that the wire's rate takes", '%', over(measure, arm, needed));
  const left = (ones: Arm, others: Arm) =>
    ratioOf(
      "host processor for a byte, the host's own stack to offload",
      over(measure, ones, each),
      over(measure, others, each),
    );
  const withLater = { factor: 'the age of host and card', condition: `costs of ${later}` };
  return [
    {
      name: 'card-fits',
      statement: 'A card takes in 10 Gbit/s of 1500-byte frames.',
      source: PROPOSAL,
      effect: rate(card),
      bound: { above: 95 },
      under: [
        {
          factor: "the card's processor",
          condition: 'a card processor 4 times as fast',
          effect: rate(quickCard),
        },
        { ...withLater, effect: rate(laterCard) },
      ],
    },
    {
      name: 'host-falls-short',
      statement: "The host's own stack over a plain card has not the processor for that rate.",
      source: PROPOSAL,
      effect: need(host),
      bound: { above: PERCENT },
      under: [{ ...withLater, effect: need(laterHost) }],
    },
    {
      name: 'left-over',
      statement: 'With offload a host has processor left over: a byte costs it less.',
      source: PROPOSAL,
      effect: left(host, card),
      bound: { above: 1.1 },
      without: { cause: 'offload', effect: left(host, host) },
      under: [{ ...withLater, effect: left(laterHost, laterCard) }],
    },
  ];
}

export function costClaims(measure: Measure, arms: Arms, later: string): Claim[] {
  const { host, card, quickCard, laterHost, laterCard, tapped, tappedHeaders } = arms;
  const rate = (arm: Arm): number[] => measure(arm, 'TCP_CRR').map(({ perS }) => perS);
  const setUp = (ones: Arm, others: Arm) =>
    ratioOf("connections of one request a second, offload to the host's own stack", rate(ones), rate(others));
  const tap = (ones: Arm) =>
    ratioOf(
      "host processor for a byte, offload to the host's own stack",
      over(measure, ones, each),
      over(measure, host, each),
    );
  return [
    {
      name: 'set-up',
      statement: 'Connections of one request each are fewer with offload.',
      source: OBJECTION,
      effect: setUp(card, host),
      bound: { below: 1 },
      without: { cause: 'offload', effect: setUp(host, host) },
      under: [
        {
          factor: "the card's processor",
          condition: 'a card processor 4 times as fast',
          effect: setUp(quickCard, host),
        },
        {
          factor: 'the age of host and card',
          condition: `costs of ${later}`,
          effect: setUp(laterCard, laterHost),
        },
      ],
    },
    {
      name: 'tap-price',
      statement: 'A tap on offloaded traffic costs the host more than offload saves it.',
      source: 'derived: what a tap is shown, a processor copies',
      effect: tap(tapped),
      bound: { above: 1 },
      without: { cause: 'the tap', effect: tap(card) },
      under: [
        {
          factor: 'how much of a frame a tap copies',
          condition: 'the first 96 bytes of each frame',
          effect: tap(tappedHeaders),
        },
      ],
    },
  ];
}

/** What the trials with live connections came to, a figure for each seed. */
export interface LiveFigures {
  readonly lost: readonly number[];
  readonly lostWithout: readonly number[];
  readonly byTwo: readonly number[];
  readonly byTwoWithout: readonly number[];
  readonly seen: readonly number[];
  readonly seenWithout: readonly number[];
  readonly stalledNs: readonly number[];
  readonly stalledWithoutNs: readonly number[];
  readonly reroutedNs: readonly number[];
  readonly reroutedWithoutNs: readonly number[];
  readonly narrowedNs: readonly number[];
  readonly narrowedWithoutNs: readonly number[];
  readonly failedOverNs: readonly number[];
  readonly failedOverWithoutNs: readonly number[];
  readonly bypassed: readonly number[];
  readonly bypassedWithout: readonly number[];
  readonly died: readonly number[];
  readonly diedWithout: readonly number[];
  /** What is lost with a device that is taken out of service in order. */
  readonly retired: readonly number[];
  /** By how much longer than else a stream pauses that is handed over and comes back. */
  readonly pausesNs: readonly number[];
  /** At how many places the host was changed; no seed changes that. */
  readonly touched: Touched;
}

/** @param stallNs as long as an answer is waited for. */
export function liveClaims(live: LiveFigures, stallNs: number): Claim[] {
  const lost = "of 100 that peers open, three times the device's limit, lost";
  const byTwo = 'of 100 connections by two wires, with the device of their own';
  const seen = 'of 100 frames of the wire, seen by a tap';
  const passed = 'of 100 connections that a filter forbids, opened';
  return [
    {
      name: 'fallback',
      statement: 'What a full device refuses the host serves, and no peer notices.',
      source: PROPOSAL,
      effect: effectOf(lost, '', live.lost),
      bound: { below: 1 },
      without: { cause: 'falling back', effect: effectOf(lost, '', live.lostWithout) },
    },
    {
      name: 'two-makers',
      statement: "Two makers' devices serve at once, each what comes by its wire.",
      source: PROPOSAL,
      effect: effectOf(byTwo, '', live.byTwo),
      bound: { above: 99 },
      without: { cause: 'the second of them', effect: effectOf(byTwo, '', live.byTwoWithout) },
    },
    {
      name: 'taps',
      statement: "Taps see offloaded traffic beside the host's own.",
      source: PROPOSAL,
      effect: effectOf(seen, '', live.seen),
      bound: { above: 99 },
      without: { cause: 'a data path for taps', effect: effectOf(seen, '', live.seenWithout) },
    },
    ...wayClaims(live, stallNs),
    {
      name: 'filter',
      statement: 'A packet filter of the host does not keep anybody from an offload device.',
      source: OBJECTION,
      effect: effectOf(passed, '', live.bypassed),
      bound: { above: 50 },
      without: { cause: 'the way past the filter', effect: effectOf(passed, '', live.bypassedWithout) },
    },
    ...endClaims(live),
    touchClaim(live.touched),
  ];
}

/** "A few dozen lines": two dozen places are the bound, and what keeps it is what the proposal says keeps it. */
function touchClaim(touched: Touched): Claim {
  const places = 'places at which its code asks or tells devices something';
  return {
    name: 'touch-points',
    statement: "As a socket's operations are replaced, a host is changed at fewer than two dozen places.",
    source: PROPOSAL,
    effect: exactly(places, '', placesOf(touched)),
    bound: { below: TWO_DOZEN },
    without: { cause: 'replacing them', effect: exactly(places, '', placesWithoutReplacing(touched)) },
  };
}

/** What becomes of connections whose way changes: their answer is waited for ten times as long as is claimed. */
function wayClaims(live: LiveFigures, stallNs: number): Claim[] {
  const stall = 'until the answer comes';
  const claim = (
    name: string,
    statement: string,
    ns: readonly number[],
    cause: string,
    withoutNs: readonly number[],
  ): Claim => ({
    name,
    statement,
    source: PROPOSAL,
    effect: effectOf(stall, 'ns', ns),
    bound: { below: stallNs / 10 },
    without: { cause, effect: effectOf(stall, 'ns', withoutNs) },
  });
  return [
    claim(
      'neighbours',
      "A peer's new hardware address reaches the connections that a device has.",
      live.stalledNs,
      'neighbour events',
      live.stalledWithoutNs,
    ),
    claim(
      'routes',
      "A change of the host's routes reaches the connections that a device has.",
      live.reroutedNs,
      'route events',
      live.reroutedWithoutNs,
    ),
    claim(
      'path-mtu',
      'So does what the host has heard of a path that carries less.',
      live.narrowedNs,
      'MTU events',
      live.narrowedWithoutNs,
    ),
    claim(
      'failover',
      'A connection that a device has outlives its link, where the host has another.',
      live.failedOverNs,
      'handing it back',
      live.failedOverWithoutNs,
    ),
  ];
}

/** What becomes of connections whose device dies, or goes in order, and of those that move. */
function endClaims(live: LiveFigures): Claim[] {
  const lost = 'of 100 connections, lost with the device';
  const died = effectOf(lost, '', live.died);
  return [
    {
      name: 'device-dies',
      statement: 'Connections that a device has are lost with it.',
      source: 'derived: no state of them is anywhere else',
      effect: died,
      bound: { above: 50 },
      without: { cause: 'offload', effect: effectOf(lost, '', live.diedWithout) },
    },
    {
      name: 'hand-back',
      statement: 'A device that goes in order gives its connections back, and none is lost.',
      source: "derived: what a connection is, its image says, as of Microsoft's chimney",
      effect: effectOf(lost, '', live.retired),
      bound: { below: 1 },
      without: { cause: 'handing them back', effect: died },
    },
    {
      name: 'hand-off-pause',
      statement: 'A stream that goes to a device and back pauses for less than a millisecond more than else.',
      source: "derived: the state of one connection is small, and its peer's window stays open",
      effect: effectOf(
        'longest time without a byte, beyond that of a stream that stays, in the mean of four moments',
        'ns',
        live.pausesNs,
      ),
      bound: { below: 1e6 },
    },
  ];
}
