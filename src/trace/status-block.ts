/**
 * The words of a status block that the host polls after ExecStatusGet: where spec/executive.yaml has them, as
 * a test says. The catalogue of the spec is a fifth of what a card would load, and these are all it wants.
 */

/** A field that the host polls: byte of its word in the block, and its lowest bit there. */
export interface PolledField {
  readonly byte: number;
  readonly low: number;
}

/** The state of the IOP. */
export const STATUS_STATE: PolledField = { byte: 8, low: 16 };
/** The byte that the card writes last: 0xFF says that all of the block is there. */
export const STATUS_SYNC: PolledField = { byte: 84, low: 24 };
