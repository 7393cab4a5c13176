/** Ways in which both cards of a world differ from what they are else: an aim broken, a change taken back. */
import type { CardChange } from './requests.ts';

export interface Variant {
  /** As a table names it. */
  readonly name: string;
  readonly change: CardChange;
}

export const AS_IT_IS: Variant = { name: 'as it is', change: {} };

export const BOUNCED: Variant = {
  name: 'a copy more each way',
  change: { 'driver.bounceBuffers': true },
};
export const INTERRUPTED: Variant = {
  name: 'an interrupt for each frame',
  change: { 'moderation.everyFrame': true },
};
export const MAPPED: Variant = {
  name: 'a mapping for each buffer',
  change: { 'driver.mapBuffers': true },
};
export const ALLOCATED: Variant = {
  name: 'an allocation for each buffer',
  change: { 'driver.allocateBuffers': true },
};

/** Each breaks one aim, in the article's order. */
export const AIMS: readonly Variant[] = [BOUNCED, INTERRUPTED, MAPPED, ALLOCATED];

const FIFO = { transport: 'fifo' };
const ONE_REPLY = { 'driver.replyMode': 'immediate' };
const ONE_BUCKET = { 'driver.bucketsPerPost': 1 };
const NO_IMMEDIATE = { 'driver.immediateBytesMax': 0 };

/** What was changed of I2O, each change taken back alone. */
export const LAYER_CHANGES: readonly Variant[] = [
  { name: "I2O's four FIFOs", change: FIFO },
  { name: 'a reply for each send', change: ONE_REPLY },
  { name: 'a post for each bucket', change: ONE_BUCKET },
  { name: 'no data within frames', change: NO_IMMEDIATE },
];

export const PLAIN_I2O: Variant = {
  name: 'plain I2O: all four',
  change: { ...FIFO, ...ONE_REPLY, ...ONE_BUCKET, ...NO_IMMEDIATE },
};
