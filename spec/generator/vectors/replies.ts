/**
 * Vectors of a message's reply: each form it has, every field at its bounds, lists of every length, and what
 * is none.
 */
import { FRAME_WORDS, type Message } from '../model.ts';
import { buildFrame, type Choice, type Damage, FLAG_LAST, FLAG_REPLY, type Spec } from './frames.ts';
import { badValues, goodValues } from './values.ts';
import type { Frame, Judgement, Vector } from './vector.ts';

const GOOD: Judgement = { judgement: 'good' };
const STATUS = { InvalidParameter: 0x11, MessageTooSmall: 0x15 };
const FAILURE = {
  InvalidVersion: 0x88,
  InvalidOffset: 0x89,
  InvalidMessageFlags: 0x8a,
  FrameTooSmall: 0x8b,
  FrameTooLarge: 0x8c,
};
const FLAG_FAIL = 0x20;
const FLAG_STATIC = 0x01;
const FLAG_64BIT = 0x02;
const ERROR_NO_DATA = 0x05 << 24;
const TRANSACTION_ERROR = 0x0b << 24;
const STATUS_WORDS = 5;
const FAILURE_WORDS = 9;
const EXAMPLE_ERRNO = 22; // EINVAL

const byClass = (detailedStatus: keyof typeof STATUS): Judgement => ({
  judgement: 'bad',
  by: 'class',
  detailedStatus,
  code: STATUS[detailedStatus],
});
const byHeader = (failureCode: keyof typeof FAILURE): Judgement => ({
  judgement: 'bad',
  by: 'header',
  failureCode,
  code: FAILURE[failureCode],
});

/** Takes one vector: the end of its name, its title, the frame, and what a judge must say of it. */
type Add = (what: string, title: string, frame: Frame, expect: Judgement) => void;

/** @param all where the vectors of this message's replies go. */
function adder(message: Message, all: Vector[]): Add {
  return (what, title, frame, expect) => {
    all.push({
      id: `${message.name}/reply/${what}`,
      title,
      message: message.name,
      kind: 'reply',
      since: message.since,
      frame,
      expect,
    });
  };
}

export function replyVectors(spec: Spec, message: Message): readonly Vector[] {
  const all: Vector[] = [];
  if (message.reply?.overlaid !== true) addStatusVectors(spec, message, adder(message, all));
  return message.reply === undefined ? all : [...all, ...layoutVectors(spec, message)];
}

/** Replies of a status and nothing else, and what may be wrong with their headers. */
function addStatusVectors(spec: Spec, message: Message, add: Add): void {
  const statusOnly = { ...message, reply: { fields: [], words: STATUS_WORDS } };
  const plain = (status: number, size: number, damage: Damage = {}): Frame =>
    buildFrame(spec, statusOnly, 'reply', { status: status >>> 0 }, { size, ...damage });
  add(
    'error',
    'an unsuccessful one, a status and nothing else',
    plain(ERROR_NO_DATA | EXAMPLE_ERRNO, STATUS_WORDS),
    message.reply === undefined ? UNASKED : GOOD,
  );
  add(
    'transaction-error',
    'the request was wrong',
    plain(TRANSACTION_ERROR | STATUS.InvalidParameter, 7),
    GOOD,
  );
  add(
    'not-a-reply',
    'REPLY clear',
    plain(0, STATUS_WORDS, { flags: FLAG_LAST }),
    byHeader('InvalidMessageFlags'),
  );
  add('version', 'a version not spoken', plain(0, STATUS_WORDS, { version: 2 }), byHeader('InvalidVersion'));
  add('short', 'too short for a status', plain(0, STATUS_WORDS - 1), byHeader('FrameTooSmall'));
  add('large', 'larger than a frame', plain(0, FRAME_WORDS + 1), byHeader('FrameTooLarge'));
  add(
    'static',
    'STATIC set',
    plain(0, STATUS_WORDS, { flags: FLAG_REPLY | FLAG_LAST | FLAG_STATIC }),
    byHeader('InvalidMessageFlags'),
  );
  add(
    'context64',
    '64BIT_CONTEXT set',
    plain(0, STATUS_WORDS, { flags: FLAG_REPLY | FLAG_LAST | FLAG_64BIT }),
    byHeader('InvalidMessageFlags'),
  );
  add('offset', 'a list behind its end', plain(0, STATUS_WORDS, { sglOffset: 6 }), byHeader('InvalidOffset'));
  const fail = FLAG_REPLY | FLAG_LAST | FLAG_FAIL;
  add(
    'failure-short',
    'a failure record that is not whole',
    plain(0x88000101, FAILURE_WORDS - 1, { flags: fail }),
    byHeader('FrameTooSmall'),
  );
}

/** A message that has no reply has none that is good but a transaction error. */
const UNASKED: Judgement = { judgement: 'bad', by: 'class', detailedStatus: 'UnknownFunction', code: 0x19 };

function layoutVectors(spec: Spec, message: Message): Vector[] {
  const reply = message.reply!;
  const make = (choice: Choice = {}, damage: Damage = {}): Frame =>
    buildFrame(spec, message, 'reply', choice, damage);
  const all: Vector[] = [];
  const add = adder(message, all);
  const typical = make();
  add('typical', 'every field at its first good value', typical, GOOD);
  for (const field of reply.fields) {
    if (reply.list !== undefined && field.name === 'count') continue;
    for (const value of goodValues(spec.spec, field)) {
      if (value === typical.fields[field.name]) continue;
      add(
        `${field.name}-${value}`,
        `${field.name} is ${value}`,
        make({ fields: { [field.name]: value } }),
        GOOD,
      );
    }
  }
  if (reply.words > STATUS_WORDS)
    add(
      'short-fields',
      'successful, and one word shorter than its fields',
      make({}, { size: reply.words - 1 }),
      byClass('MessageTooSmall'),
    );
  if (reply.list === undefined) return all;
  const counter = reply.fields.find(({ name }) => name === 'count')!;
  for (const length of goodValues(spec.spec, counter)) {
    add(
      `list-${length}`,
      `a list of ${length}`,
      make({ listLength: length, fields: { count: length } }),
      GOOD,
    );
  }
  const two = make({ listLength: 2, fields: { count: 2 } });
  add(
    'short-list',
    'one word shorter than its list',
    make({ listLength: 2, fields: { count: 2 } }, { size: two.words.length - 1 }),
    byClass('MessageTooSmall'),
  );
  for (const field of reply.fields) {
    for (const value of badValues(spec.spec, field)) {
      const list = { listLength: field.name === 'count' ? 1 : Math.max(1, typical.fields['count']) };
      const fields = { ...(field.name === 'count' ? {} : { count: list.listLength }), [field.name]: value };
      add(
        `bad-${field.name}-${value}`,
        `${field.name} is ${value}, which it cannot be`,
        make({ ...list, fields }),
        byClass('InvalidParameter'),
      );
    }
  }
  return all;
}
