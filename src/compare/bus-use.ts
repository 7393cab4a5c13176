/** What crosses the bus between a host and its card, by kind, whoever of the two runs TCP/IP. */
import { FRAME_BYTES } from '../i2o/frame.ts';
import { spreadOf } from '../record/statistics.ts';
import { type Counts, named } from '../sweep/counts.ts';
import { TRANSFERS } from '../world/virtual/meters.ts';

export interface Crossed {
  readonly requests: number;
  readonly bytes: number;
}

export const BUS_KINDS = ['descriptors', 'headers', 'payload', 'completions'] as const;
type BusKind = (typeof BUS_KINDS)[number];

/** By kind; of a card that runs TCP/IP itself, message frames are its descriptors and its completions. */
export type BusUse = Readonly<Record<BusKind, Crossed>>;

const COUNTER: Readonly<Record<BusKind, string>> = {
  descriptors: 'busDescriptors',
  headers: 'busHeaders',
  payload: 'busPayload',
  completions: 'busCompletions',
};

/** Of hosts that run TCP/IP themselves. @param counts of their stacks. */
export function hostBus(counts: readonly Counts[]): BusUse {
  return byKind((kind) => ({
    requests: sumOf(counts, [COUNTER[kind]]),
    bytes: sumOf(counts, [`${COUNTER[kind]}Bytes`]),
  }));
}

/** Of cards that run it. @param counts of their drivers and processors. */
export function cardBus(counts: readonly Counts[]): BusUse {
  const frames = (name: string): Crossed => {
    const requests = sumOf(counts, [name]);
    return { requests, bytes: requests * FRAME_BYTES };
  };
  return {
    descriptors: frames('inboundPosted'),
    headers: { requests: 0, bytes: 0 },
    payload: {
      requests: sumOf(counts, TRANSFERS),
      bytes: sumOf(
        counts,
        TRANSFERS.map((name) => `${name}Bytes`),
      ),
    },
    completions: frames('outboundPosted'),
  };
}

/**
 * Of a host that runs TCP/IP and a card of network ports: messages are descriptors and completions here too,
 * and a packet that has come is payload as a whole, as it crosses by one request.
 */
export function lanBus(host: Counts, card: Counts): BusUse {
  return {
    ...cardBus([host, card]),
    headers: crossed(card, ['lanHeaderFetches']),
    payload: crossed(card, ['transmitFetches', 'lanPlacements']),
  };
}

/**
 * The same of a card with the TCP window. Headers cross in either direction, and a packet that is brought
 * whole counts among them; payload is what is filled and what is placed.
 */
export function windowBus(host: Counts, card: Counts): BusUse {
  return {
    ...cardBus([host, card]),
    headers: crossed(card, ['lanHeaderFetches', 'windowHeaders']),
    payload: crossed(card, ['windowFills', 'windowPlacements']),
  };
}

function crossed(card: Counts, names: readonly string[]): Crossed {
  const bytes = names.map((name) => `${name}Bytes`);
  return { requests: named(card, names), bytes: named(card, bytes) };
}

/** The sum of all. @param share how much of it. */
export function busTogether(all: readonly BusUse[], share = 1): BusUse {
  return byKind((kind) => ({
    requests: all.reduce((sum, use) => sum + use[kind].requests, 0) * share,
    bytes: all.reduce((sum, use) => sum + use[kind].bytes, 0) * share,
  }));
}

/** The median of each. */
export function middleBus(all: readonly BusUse[]): BusUse {
  return byKind((kind) => ({
    requests: spreadOf(all.map((use) => use[kind].requests)).median,
    bytes: spreadOf(all.map((use) => use[kind].bytes)).median,
  }));
}

/** Of all kinds together. */
export function busBytes(use: BusUse): number {
  return BUS_KINDS.reduce((sum, kind) => sum + use[kind].bytes, 0);
}

export function busRequests(use: BusUse): number {
  return BUS_KINDS.reduce((sum, kind) => sum + use[kind].requests, 0);
}

function byKind(of: (kind: BusKind) => Crossed): BusUse {
  return Object.fromEntries(BUS_KINDS.map((kind) => [kind, of(kind)])) as BusUse;
}

function sumOf(counts: readonly Counts[], names: readonly string[]): number {
  return counts.reduce((sum, each) => sum + named(each, names), 0);
}
