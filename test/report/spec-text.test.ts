/** The pages of `inic spec` as text: nothing left out, nothing wider than the page. */
import { describe, expect, it } from 'vitest';
import { PAGE_COLUMNS, setPageColumns } from '../../src/report/spec-columns.ts';
import { drawRows } from '../../src/report/spec-drawing.ts';
import { searchScript } from '../../src/report/spec-html-search.ts';
import { specList } from '../../src/report/spec-list.ts';
import { specPage } from '../../src/report/spec-text.ts';
import { layoutRows, messageRows } from '../../src/report/spec-words.ts';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import { messageNamed, structureNamed } from '../../src/spec/catalogue.ts';
import type { MessageEntry } from '../../src/spec/entries.ts';
import { findByName, namesLike } from '../../src/spec/find.ts';

const messages = CATALOGUE.classes.flatMap((spec) => spec.messages);
const names = [
  ...CATALOGUE.classes.map(({ name }) => name),
  ...messages.map(({ name }) => name),
  'frame',
  ...[CATALOGUE.frame, ...CATALOGUE.classes].flatMap(({ enums, structures }) =>
    [...enums, ...structures].map(({ name }) => name),
  ),
  ...CATALOGUE.frame.elements.map(({ name }) => name),
  ...CATALOGUE.machines.map(({ name }) => name),
  ...CATALOGUE.rules.map(({ id }) => id),
  ...CATALOGUE.groups.map(({ name }) => name),
  ...CATALOGUE.machines.flatMap(({ states }) => states.map(({ name }) => name)),
  ...[CATALOGUE.frame, ...CATALOGUE.classes].flatMap(({ enums }) =>
    enums.flatMap(({ values }) => values.map(({ name }) => name)),
  ),
  ...messages
    .filter(({ className }) => className === 'socket')
    .flatMap(({ errno }) => errno.map(({ name }) => name)),
];
const pageOf = (name: string): string => findByName(name).flatMap(specPage).join('\n');

describe('a page of the spec', () => {
  it.each(names)('%s fits its columns and says what it is', (name) => {
    const found = findByName(name.toUpperCase());
    expect(found).not.toHaveLength(0);
    for (const lines of found.map(specPage)) {
      expect(lines.filter((line) => line.length > PAGE_COLUMNS)).toEqual([]);
      expect(lines[0].toLowerCase()).toContain(name.toLowerCase());
      expect(lines.join('\n')).not.toMatch(/undefined|NaN/);
    }
  });

  it('tells every field, errno, unit and state of a message', () => {
    for (const message of messages) {
      const page = pageOf(message.name);
      const fields = [...message.request.fields, ...(message.reply?.fields ?? [])];
      for (const { name, unit } of fields) {
        expect(page).toMatch(new RegExp(`\\b${name}\\b`));
        if (unit !== undefined) expect(page).toContain(unit);
      }
      for (const { name } of message.errno) expect(page).toContain(name);
    }
    expect(pageOf('SocketListen')).toMatch(/machine socket +Open, Bound, Listening/);
    expect(pageOf('SocketSendTo')).toContain('Since version 2; ours, not I2O history');
    expect(pageOf('ExecLctNotify')).toContain('I2O 1.5');
  });

  it('tells of a state what it allows and where it leads, of a value or option its number, of an errno whom it answers', () => {
    const state = pageOf('PeerEnded');
    expect(state).toMatch(/^PeerEnded: a state of machine socket/);
    expect(state).toMatch(/Legal here\n.*SocketSend/);
    expect(state).toMatch(/Leads to it\n(.*\n)* +record EndOfStream +from Connected/);
    expect(pageOf('SynSent')).toMatch(/^SynSent: value 2 \(0x02\) of enumeration TcpState/);
    expect(pageOf('so_rcvbuf')).toMatch(/^SO_RCVBUF: option 5 of SocketOptionSet/);
    expect(pageOf('TCP_KEEPIDLE_SECONDS')).toMatch(/Linux's TCP_KEEPIDLE, in seconds/);
    const errno = pageOf('epipe');
    expect(errno).toMatch(/^EPIPE: errno 32/);
    for (const { name, errno: answers } of messages) {
      const is = answers.some((answer) => answer.name === 'EPIPE');
      expect(new RegExp(`^ +${name} `, 'm').test(errno)).toBe(is);
    }
  });

  it.each([80, 140])('keeps text within %i columns', (width) => {
    setPageColumns(width);
    try {
      for (const name of ['socket', 'EPIPE', 'Connected', 'H-01']) {
        const text = findByName(name)
          .flatMap(specPage)
          .filter((line) => !/[|+]|^[ 0-9]*$/.test(line));
        expect(text.filter((line) => line.length > width)).toEqual([]);
        expect(pageOf(name)).not.toMatch(/undefined|NaN/);
      }
      expect(Math.max(...specList().map((line) => line.length))).toBeLessThanOrEqual(width);
    } finally {
      setPageColumns(PAGE_COLUMNS);
    }
  });

  it('lists every message with its function and version', () => {
    const list = specList();
    expect(list.filter((line) => line.length > PAGE_COLUMNS)).toEqual([]);
    for (const { name, since, function: code } of messages) {
      const number = `0x${code.toString(16).toUpperCase().padStart(2, '0')}`;
      expect(
        list.some((line) => new RegExp(`${number} +${name} +v${since} +\\S`).test(line)),
        name,
      ).toBe(true);
    }
  });
});

describe('a drawing', () => {
  it('gives every bit two columns, under its number', () => {
    expect(drawRows(layoutRows(structureNamed('ReceiveRecord')!)).lines).toEqual([
      '      3 3 2 2 2 2 2 2 2 2 2 2 1 1 1 1 1 1 1 1 1 1',
      '      1 0 9 8 7 6 5 4 3 2 1 0 9 8 7 6 5 4 3 2 1 0 9 8 7 6 5 4 3 2 1 0',
      '     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+',
      '   0 |                         bucketContext                         |',
      '     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+',
      '   1 |       0       |                   socketId                    |',
      '     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+',
      '   2 |     flags     |                    offset                     |',
      '     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+',
      '   3 |    status     |                    length                     |',
      '     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+',
    ]);
  });

  it('draws whole words of every message, without a gap or an overlap', () => {
    const rowsOf = (message: MessageEntry): readonly boolean[] =>
      message.reply === undefined ? [false] : [false, true];
    for (const message of messages) {
      for (const rows of rowsOf(message).map((reply) => messageRows(message, reply))) {
        for (const row of rows) {
          if ('list' in row) continue;
          let next = 31;
          for (const { high, low } of row.boxes) {
            expect(high, `${message.name} word ${row.label}`).toBe(next);
            next = low - 1;
          }
          expect(next).toBe(-1);
        }
        const words = drawRows(rows).lines.filter((line) => /^ *\d+…? [|/]/.test(line));
        for (const line of words) expect(line).toHaveLength(70);
      }
    }
  });

  it('has a letter, told in the table, where a name does not fit', () => {
    const { letters } = drawRows(messageRows(messageNamed('SocketBind')!, false));
    expect([...letters].map(([field, letter]) => [field.name, letter])).toEqual([['replyMode', 'a']]);
    expect(pageOf('SocketBind')).toContain('replyMode (a)');
  });
});

describe('a field', () => {
  it('is found by its name, in every place that has it, and in one alone', () => {
    const page = (name: string): string => findByName(name).flatMap(specPage).join('\n');
    expect(page('packetlength')).toMatch(/LanBucket +2 +0-23/);
    expect(page('SocketSend.more')).toMatch(/^more: a field\n\n.*\n +SocketSend request +5 +0 /);
    expect(page('SocketSend.packetLength')).toBe('');
    expect(page('MaxTxBatchCount').length + page('maxTxBatchCount').length).toBeGreaterThan(0);
    expect(namesLike('backlgo')).toEqual(['backlog']);
    expect(namesLike('SocketSend.mroe')[0]).toBe('SocketSend.more');
  });

  it('is found by the search of the pages, also of a structure and of a group', () => {
    const script = searchScript();
    expect(script).toContain('["packetLength","field of LanBucket"');
    expect(script).toMatch(/"field of group LanBatchControl"/);
  });
});

describe('namesLike', () => {
  it.each([
    ['SocketSned', 'SocketSend'],
    ['socketsendd', 'SocketSend'],
    ['lctnotify', 'ExecLctNotify'],
    ['FailureRecords', 'FailureRecord'],
    ['PeerEnd', 'PeerEnded'],
    ['ECONNREFUSE', 'ECONNREFUSED'],
  ])('%s: %s comes first', (typed, meant) => expect(namesLike(typed)[0]).toBe(meant));
  it('is empty for what is like nothing', () => expect(namesLike('qqqqqqqq')).toEqual([]));
});
