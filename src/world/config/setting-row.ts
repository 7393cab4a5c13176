/** One setting of a card: what it is called, what it may be, and what it means. */

export interface SettingRow {
  /** Its path in a card's configuration, such as `pools.transmitBuffers`. */
  readonly name: string;
  /** What it says, in a few words. */
  readonly meaning: string;
  /** Unit of a number; empty for a plain count. */
  readonly unit?: string;
  /** Least and most of a number. */
  readonly range?: readonly [number, number];
  /** Whether a number must be whole; where this says nothing, it must. */
  readonly whole?: false;
  /** A number must be a multiple of this. */
  readonly multipleOf?: number;
  readonly powerOfTwo?: true;
  /** All the values there are. */
  readonly choices?: readonly (string | number | boolean)[];
  /** The form of what is neither a number nor one of some values. */
  readonly form?: string;
  /** What it is where nobody says it, if that is not always the default. */
  readonly follows?: string;
  /** What it has to do with other settings. */
  readonly beside?: string;
}

export const FLAG = [true, false] as const;
export const COUNT_MAX = 65536;
/** Blocks of the store at most: those of a region that holds nothing else. */
export const STORE_BLOCKS_MAX = 16 * COUNT_MAX;
export const BYTES_MAX = 1 << 29;
export const TIME_MAX_NS = 1e15;
