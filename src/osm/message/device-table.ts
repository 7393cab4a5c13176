/**
 * Reads the logical configuration table that the card has written into the control area: which devices there
 * are, of which class, under which TID, and who has claimed them. Every number in it is the card's, so
 * nothing is read past the memory lent for it.
 */
import { assert } from '../../assert/assert.ts';
import {
  getLctEntryClassId,
  getLctEntryLocalTid,
  getLctEntryUserTid,
  getLctHeaderTableWords,
  LCT_ENTRY_WORDS,
  LCT_HEADER_WORDS,
} from '../../i2o/executive.gen.ts';
import { HOST_TID, NO_TID } from '../../i2o/tids.ts';

/** There is no such entry. */
export const NO_ENTRY = -1;

/** A table in memory. @param at word index of its head. @param roomWords words lent to the card for it. */
export interface DeviceTable {
  readonly words: Int32Array;
  readonly at: number;
  readonly roomWords: number;
}

/** Whether the card has cut the table short, since there was no room for all of it. */
export function isCut({ words, at, roomWords }: DeviceTable): boolean {
  return getLctHeaderTableWords(words, at) > roomWords;
}

/**
 * The device of a class to use: the first that nobody has claimed; where all are claimed, the first.
 * @returns word index of its entry, or NO_ENTRY.
 */
export function entryOfClass(table: DeviceTable, classId: number): number {
  const { words } = table;
  let claimed = NO_ENTRY;
  for (let entry = firstEntry(table); entry !== NO_ENTRY; entry = entryAfter(table, entry)) {
    const tid = getLctEntryLocalTid(words, entry);
    if (getLctEntryClassId(words, entry) !== classId || tid <= HOST_TID || tid === NO_TID) continue;
    if (getLctEntryUserTid(words, entry) === NO_TID) return entry;
    if (claimed === NO_ENTRY) claimed = entry;
  }
  return claimed;
}

/** The entry of a device by its TID. @returns word index of it, or NO_ENTRY. */
export function entryOfTid(table: DeviceTable, tid: number): number {
  for (let entry = firstEntry(table); entry !== NO_ENTRY; entry = entryAfter(table, entry)) {
    if (getLctEntryLocalTid(table.words, entry) === tid) return entry;
  }
  return NO_ENTRY;
}

function firstEntry(table: DeviceTable): number {
  const { words, at, roomWords } = table;
  assert(
    at >= 0 && at + roomWords <= words.length,
    'device table: the memory lent for a table lies within the region',
  );
  assert(roomWords >= LCT_HEADER_WORDS, 'device table: the memory lent for a table holds its head');
  return entryAfter(table, table.at + LCT_HEADER_WORDS - LCT_ENTRY_WORDS);
}

function entryAfter(table: DeviceTable, entry: number): number {
  const { words, at, roomWords } = table;
  const next = entry + LCT_ENTRY_WORDS;
  const end = at + Math.min(getLctHeaderTableWords(words, at), roomWords);
  return next + LCT_ENTRY_WORDS <= end ? next : NO_ENTRY;
}
