/**
 * Where bring-up lends pieces of the control area to the card. Parameter lists (device-params.ts) have the
 * rest of it.
 */
import { assert } from '../../assert/assert.ts';
import { CONTROL_PARAMS_AT } from '../../dma/card-layout.ts';
import { STATUS_BLOCK_WORDS, SYS_TAB_ENTRY_WORDS, SYS_TAB_HEADER_WORDS } from '../../i2o/executive.gen.ts';

/**
 * Places in the control area, in bytes: of the status block, of the word that polled requests are answered
 * in, and of tables.
 */
export const STATUS_BLOCK_AT = 0;
export const STATUS_WORD_AT = 128;
export const SYSTEM_TABLE_AT = 256;
/**
 * Where the card writes a table: at first with room for the usual ones, then with what it says it needs, if
 * that is there.
 */
export const TABLE_AT = 1024;
export const TABLE_BYTES = 256;
/** Where it writes the table that card-watch.ts has asked for, and may do so at any moment. */
export const WATCHED_TABLE_AT = 3072;
export const TABLE_BYTES_MAX = WATCHED_TABLE_AT - TABLE_AT;
export const WATCHED_TABLE_BYTES = CONTROL_PARAMS_AT - WATCHED_TABLE_AT;
/**
 * Asserts that the pieces of the control area that are lent to the card do not overlap.
 * @param places where each begins.
 */
export function checkControlPlaces(places: readonly number[]): void {
  const ends = [STATUS_BLOCK_WORDS * 4, 4, (SYS_TAB_HEADER_WORDS + SYS_TAB_ENTRY_WORDS) * 4, TABLE_BYTES_MAX];
  const apart = ends.every((bytes, i) => places[i] + bytes <= places[i + 1]);
  assert(apart, 'control area: what is lent of it does not overlap');
  assert(
    places.every((at) => at % 4 === 0),
    'control area: what is lent of it begins at a word',
  );
}

checkControlPlaces([STATUS_BLOCK_AT, STATUS_WORD_AT, SYSTEM_TABLE_AT, TABLE_AT, WATCHED_TABLE_AT]);
