import { describe, expect, it } from 'vitest';
import { generateClass } from '../../spec/generator/codecs.ts';
import { readCounters } from '../../spec/generator/counters.ts';
import { readClass } from '../../spec/generator/model.ts';

const GOOD = `
class: { name: toy, id: 0x0B0, version: 1, origin: test, source: ours, doc: A class for tests. }
enums:
  - name: Colour
    doc: Which.
    values: [{ name: Red, value: 0, doc: red }, { name: Blue, value: 2, doc: blue }]
messages:
  - name: ToyPaint
    function: 0x80
    doc: Paints.
    request:
      - { name: colour, word: 4, bits: [0, 3], enum: Colour, doc: which }
      - { name: count, word: 5, bits: [0, 7], min: 1, max: 26, doc: how many }
    list: { name: wall, word: 6, doc: which walls }
    reply: []
    errno: []
structures:
  - name: ToyWall
    doc: A wall.
    words: 2
    fields: [{ name: height, word: 1, doc: how high }]
`;

/** Replaces one place of the good text, and reads it. */
function readChanged(from: string, to: string): unknown {
  expect(GOOD).toContain(from);
  return readClass(GOOD.replace(from, to));
}

describe('readClass', () => {
  it('reads a good class', () => {
    const { name, messages } = readClass(GOOD);
    expect(name).toBe('toy');
    expect(messages[0]?.request.words).toBe(6);
    expect(messages[0]?.reply?.words).toBe(5);
  });

  const rows: [string, string, string, RegExp][] = [
    ['a field without a source', 'source: ours, ', '', /colour: source undefined is none of i2omsg\.h/],
    [
      'a source nobody knows',
      'enum: Colour,',
      'enum: Colour, source: hearsay,',
      /colour: source hearsay is none/,
    ],
    [
      'an unknown key',
      'function: 0x80',
      'function: 0x80\n    fonction: 1',
      /messages\.ToyPaint: unknown key "fonction"/,
    ],
    ['an unknown field key', 'bits: [0, 3]', 'bitz: [0, 3]', /ToyPaint\.colour: unknown key "bitz"/],
    ['a missing key', 'errno: []', '', /messages\.ToyPaint: missing key "errno"/],
    [
      'overlapping bits',
      'word: 5, bits: [0, 7]',
      'word: 4, bits: [3, 7]',
      /count: bits 3-7 overlap another field's/,
    ],
    [
      'bits out of a word',
      'bits: [0, 3]',
      'bits: [0, 32]',
      /colour\.bits: expected an integer from 0 to 31, got 32/,
    ],
    [
      'bits backwards',
      'bits: [0, 3]',
      'bits: [3, 0]',
      /colour\.bits: expected an integer from 3 to 31, got 0/,
    ],
    ['a field in the header', 'word: 4', 'word: 2', /colour: word 2 is outside 3 to 31/],
    ['a field past the frame', 'word: 4', 'word: 32', /colour: word 32 is outside 3 to 31/],
    ['a structure field past its end', 'word: 1,', 'word: 2,', /ToyWall\.height: word 2 is outside 0 to 1/],
    ['an unknown enumeration', 'enum: Colour', 'enum: Color', /colour: enum Color is unknown/],
    ['a list past the frame', 'max: 26', 'max: 27', /list: 27 elements end at word 33, a frame has 32/],
    ['a list in the fields', 'wall, word: 6', 'wall, word: 5', /list: word 5 is inside the fields/],
    ['a list nothing counts', 'name: count', 'name: walls', /list: a list needs a field "count" with a max/],
    [
      'a range past its bits',
      'bits: [0, 7], min: 1',
      'bits: [0, 3], min: 1',
      /count\.max: expected an integer from 0 to 15/,
    ],
    ['an unknown reply', 'reply: []', 'reply: maybe', /ToyPaint: reply "maybe" is unknown/],
    ['a name of the writers', 'name: colour', 'name: frame', /"frame" is a name the writers use/],
    ['a name in the wrong case', 'name: ToyPaint', 'name: toyPaint', /a message name is PascalCase/],
    [
      'an unknown element',
      'list: { name: wall, word: 6, doc: which walls }',
      'sgl: { word: 6, elements: [walls] }',
      /"walls" is unknown/,
    ],
    [
      'an SGL no nibble reaches',
      'list: { name: wall, word: 6, doc: which walls }',
      'sgl: { word: 16, elements: [in] }',
      /past word 15/,
    ],
    ['a value twice', 'value: 2', 'value: 0', /enums\.Colour: duplicate value 0/],
  ];
  it.each(rows)('refuses %s, in one line', (_what, from, to, message) => {
    expect(() => readChanged(from, to)).toThrow(message);
    try {
      readChanged(from, to);
    } catch (error) {
      expect((error as Error).message).toMatch(/^spec: [^\n]+$/);
    }
  });

  it('refuses a function twice', () => {
    const again = GOOD.slice(GOOD.indexOf('  - name: ToyPaint'), GOOD.indexOf('structures:'));
    const twice = GOOD.replace('structures:', `${again.replace('ToyPaint', 'ToyWash')}structures:`);
    expect(() => readClass(twice)).toThrow('spec: messages: duplicate function 128');
  });

  it('refuses two things that would get one name', () => {
    const reply = GOOD.replace('name: colour', 'name: replyColour').replace(
      'reply: []',
      'reply: [{ name: colour, word: 5, doc: which }]',
    );
    expect(() => generateClass(readClass(reply), 'toy.yaml')).toThrow(
      /getToyPaintReplyColour would be generated twice/,
    );
  });
});

describe('readCounters', () => {
  it('makes two of a counter with bytes', () => {
    const rows = readCounters('counters: [{ name: a, side: host, bytes: true, group: g, doc: d }]');
    expect(rows.map(({ name }) => name)).toEqual(['a', 'aBytes']);
  });

  it.each([
    [
      'an unknown key',
      '{ name: a, side: host, group: g, doc: d, first transmission }',
      /unknown key "first transmission"/,
    ],
    ['an unknown side', '{ name: a, side: both, group: g, doc: d }', /side is host, iop, link, switch/],
    [
      'a name twice',
      '{ name: a, side: host, group: g, doc: d }, { name: a, side: host, group: g, doc: d }',
      /duplicate/,
    ],
  ])('refuses %s', (_what, counters, message) => {
    expect(() => readCounters(`counters: [${counters}]`)).toThrow(message);
  });
});
