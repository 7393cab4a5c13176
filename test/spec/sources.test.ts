/** Where a number or a field comes from is said once: what the text names is the source, and what is ours has no header. */
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';

const HEADER = /\bi2o\w+\.h\b/g;
const PARTS = [CATALOGUE.frame, ...CATALOGUE.classes];

/** Headers that a text names and that no source has. */
function unsaid(text: string, sources: readonly string[]): string[] {
  return (text.match(HEADER) ?? []).filter((header) => sources.every((source) => !source.includes(header)));
}

describe('the source of what the spec says', () => {
  it('of an enumeration is the header that its text names', () => {
    const wrong = PARTS.flatMap(({ enums }) => enums)
      .filter(({ doc, source }) => unsaid(doc, [source]).length > 0)
      .map(({ name, source }) => `${name}: ${source}`);
    expect(wrong).toEqual([]);
  });

  it('of a structure is the header that its text names', () => {
    const wrong = PARTS.flatMap(({ structures }) => structures)
      .filter(
        ({ doc = '', fields }) =>
          unsaid(
            doc,
            fields.map(({ source }) => source),
          ).length > 0,
      )
      .map(({ name }) => name);
    expect(wrong).toEqual([]);
  });

  it('names no header where the text says that the values are ours', () => {
    const ours = PARTS.flatMap(({ enums }) => enums).filter(({ doc }) => /values are ours/.test(doc));
    expect(ours.map(({ name }) => name)).toContain('AdapterState');
    expect(ours.filter(({ source }) => source !== 'ours').map(({ name }) => name)).toEqual([]);
  });

  it('of what every message has, and of tables, is the header of messages', () => {
    const names = ['RequestStatus', 'DetailedStatus', 'FailureCode', 'ClassId', 'BusType', 'SerialFormat'];
    const enums = PARTS.flatMap((part) => part.enums).filter(({ name }) => names.includes(name));
    expect(enums.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(enums.filter(({ source }) => !source.includes('i2omsg.h')).map(({ name }) => name)).toEqual([]);
  });
});
