/**
 * Vectors of a message's request: every field at and past its bounds, every length, every kind of list
 * element.
 */
import { DEVICE_TID } from '../../../src/i2o/tids.ts';
import { FRAME_WORDS, type Layout, type Message } from '../model.ts';
import {
  buildFrame,
  type Choice,
  type Damage,
  FLAG_MULTIPLE,
  type Spec,
  targetOf,
  typicalElements,
} from './frames.ts';
import { badValues, goodValues } from './values.ts';
import type { Answer, Frame, Vector } from './vector.ts';

const LEGAL: Answer = { answer: 'legal' };
/** DetailedStatusCodes of a transaction error (FreeBSD sys/dev/asr/i2omsg.h). */
const STATUS = {
  InvalidMessageFlags: 0x0f,
  InvalidOffset: 0x10,
  InvalidParameter: 0x11,
  MessageTooSmall: 0x15,
};
/** Flags of an element I2O calls invalid. */
const INVALID_ELEMENT = 0x34;
const LAST_ELEMENT = 0x80;
/** Of ExecOutboundInit, the one message answered in memory that its list names. */
const POLLED_FAILED = 3;
const POLLED_COMPLETE = 4;
const PAST_REGION = 0xfffff000;

/** FailureCodes that say the same where a reply has no status word. */
const FAILURE: Readonly<Record<keyof typeof STATUS, readonly [string, number]>> = {
  InvalidMessageFlags: ['InvalidMessageFlags', 0x8a],
  InvalidOffset: ['InvalidOffset', 0x89],
  InvalidParameter: ['UnknownFailure', 0xff],
  MessageTooSmall: ['FrameTooSmall', 0x8b],
};

/** How the card refuses what is malformed: by a transaction error, unless the message cannot have one. */
function refused(message: Message, detailedStatus: keyof typeof STATUS): Answer {
  if (message.refused === 'none') return { answer: 'none' };
  if (message.reply?.overlaid === true) return failed(...FAILURE[detailedStatus]);
  return transactionError(detailedStatus);
}

const transactionError = (detailedStatus: keyof typeof STATUS): Answer => ({
  answer: 'transactionError',
  detailedStatus,
  code: STATUS[detailedStatus],
});
export const failed = (failureCode: string, code: number): Answer => ({
  answer: 'failure',
  failureCode,
  code,
  severity: 'FormatError',
});

export function requestVectors(spec: Spec, message: Message): readonly Vector[] {
  return [
    ...goodRequests(spec, message),
    ...wrongFields(spec, message),
    ...wrongSizes(spec, message),
    ...wrongLists(spec, message),
  ];
}

/** One vector. @param what a word or two for its name. @param title a sentence. */
function vector(message: Message, what: string, title: string, frame: Frame, expect: Answer): Vector {
  return {
    id: `${message.name}/request/${what}`,
    title,
    message: message.name,
    kind: 'request',
    since: message.since,
    frame,
    expect: isPolled(message) ? polled(expect) : expect,
  };
}

/** What the word at the list's first address says in the end, where the message is answered there. */
function polled(expect: Answer): Answer {
  if (expect.answer === 'legal') return { ...expect, polled: POLLED_COMPLETE };
  const parameter = expect.answer === 'transactionError' && expect.code === STATUS.InvalidParameter;
  return parameter ? { ...expect, polled: POLLED_FAILED } : expect;
}

function goodRequests(spec: Spec, message: Message): Vector[] {
  const { request } = message;
  const make = (choice: Choice = {}, damage: Damage = {}): Frame =>
    buildFrame(spec, message, 'request', choice, damage);
  const good = (what: string, title: string, frame: Frame): Vector =>
    vector(message, what, title, frame, LEGAL);
  const typical = make();
  const vectors = [good('typical', 'every field at its first good value', typical)];
  for (const field of request.fields) {
    if (lengthOf(request) === field.name) continue;
    for (const value of goodValues(spec.spec, field)) {
      if (value === typical.fields[field.name] || /Address(Low|High)$/.test(field.name)) continue;
      const frame = make({ fields: { [field.name]: value } });
      vectors.push(good(`${field.name}-${value}`, `${field.name} is ${value}`, frame));
    }
  }
  const most = mostElements(request);
  if (request.list !== undefined) {
    vectors.push(good('list-most', `the longest list: ${most}`, make({ listLength: most })));
  }
  if (request.sgl !== undefined && request.sgl.reader !== true) {
    for (const kind of request.sgl.elements) {
      if (request.sgl.count === undefined) {
        vectors.push(good(`element-${kind}`, `one element: ${kind}`, make({ elements: [kind] })));
      }
    }
    const [first] = typicalElements(request, typical.fields);
    const many = Array.from({ length: most }, () => first!);
    const counted = request.sgl.count === undefined ? {} : { [request.sgl.count]: most };
    vectors.push(
      good('list-most', `as many elements as fit: ${most}`, make({ elements: many, fields: counted })),
    );
  }
  if (request.sgl?.elements.includes('data')) {
    const title = 'what is to be read lies in the message, as immediate data without a context';
    vectors.push(good('list-data', title, make({ elements: ['data', 'in'] })));
  }
  if (typical.words.length < FRAME_WORDS) {
    vectors.push(good('longer', 'longer than its fields need', make({}, { size: FRAME_WORDS })));
  }
  return vectors;
}

function wrongFields(spec: Spec, message: Message): Vector[] {
  const { request } = message;
  return request.fields.flatMap((field) =>
    badValues(spec.spec, field).map((value) => {
      const long = request.list === undefined ? {} : { listLength: Math.min(value, mostElements(request)) };
      const frame = buildFrame(spec, message, 'request', {
        ...long,
        fields: { [field.name]: value },
        ...elementsFor(spec, message),
      });
      return vector(
        message,
        `bad-${field.name}-${value}`,
        `${field.name} is ${value}, which it cannot be`,
        frame,
        refused(message, 'InvalidParameter'),
      );
    }),
  );
}

/** Whatever a count says, the list is the typical one. */
function elementsFor(spec: Spec, message: Message): Choice {
  if (message.request.sgl === undefined) return {};
  const { fields } = buildFrame(spec, message, 'request');
  return { elements: typicalElements(message.request, fields) };
}

function wrongSizes(spec: Spec, message: Message): Vector[] {
  const { request } = message;
  const make = (damage: Damage): Frame => buildFrame(spec, message, 'request', {}, damage);
  const typical = make({});
  const offset = request.sgl?.word ?? 0;
  const vectors: Vector[] = [];
  if (request.words > 4) {
    const size = request.words - 1;
    // A list offset behind the end is the header's fault, and found first.
    const answer = offset > size ? failed('InvalidOffset', 0x89) : refused(message, 'MessageTooSmall');
    vectors.push(vector(message, 'short', 'one word shorter than its fields', make({ size }), answer));
  }
  if (request.list !== undefined) {
    const size = typical.words.length - 1;
    vectors.push(
      vector(
        message,
        'short-list',
        'one word shorter than its list',
        make({ size }),
        refused(message, 'MessageTooSmall'),
      ),
    );
  }
  return [...vectors, ...wrongOffsets(spec, message), ...wrongFlags(spec, message)];
}

/** List offsets in the header that do not fit the message. */
function wrongOffsets(spec: Spec, message: Message): Vector[] {
  const { request } = message;
  const make = (damage: Damage): Frame => buildFrame(spec, message, 'request', {}, damage);
  const vectors: Vector[] = [];
  if (request.sgl?.word !== 4 && message.function !== 0) {
    const size = Math.max(5, make({}).words.length);
    const frame = make({ sglOffset: 4, size });
    const title = request.sgl === undefined ? 'names a list, and has none' : 'the list begins elsewhere';
    vectors.push(vector(message, 'offset', title, frame, refused(message, 'InvalidOffset')));
  }
  if (request.sgl !== undefined) {
    vectors.push(
      vector(
        message,
        'offset-0',
        'does not say where its list begins',
        make({ sglOffset: 0 }),
        refused(message, 'InvalidOffset'),
      ),
    );
    vectors.push(
      vector(
        message,
        'no-list',
        'ends where its list would begin',
        make({ size: request.words }),
        failed('InvalidOffset', 0x89),
      ),
    );
  }
  return vectors;
}

/** Flags in the header that the message does not take. */
function wrongFlags(spec: Spec, message: Message): Vector[] {
  if (message.function === 0 || takesBatches(message)) return [];
  if (message.multiple === true) {
    const single = buildFrame(spec, message, 'request', {}, { flags: 0 });
    const title = 'MULTIPLE clear, and it covers several transactions';
    return [vector(message, 'single', title, single, refused(message, 'InvalidMessageFlags'))];
  }
  const frame = buildFrame(spec, message, 'request', {}, { flags: FLAG_MULTIPLE });
  return [
    vector(
      message,
      'multiple',
      'MULTIPLE set, and it takes one transaction',
      frame,
      // Of a device's own functions only its class knows which take batches.
      targetOf(spec.spec, message) === DEVICE_TID
        ? refused(message, 'InvalidMessageFlags')
        : failed('InvalidMessageFlags', 0x8a),
    ),
  ];
}

/** Whether the message is answered in memory its list names: no list, no answer. */
export function isPolled({ request, reply }: Message): boolean {
  return reply === undefined && request.sgl?.elements.includes('in') === true;
}

/** Whether the message may be a batch of transactions. */
export function takesBatches({ batch }: Message): boolean {
  return batch === true;
}

function wrongLists(spec: Spec, message: Message): Vector[] {
  const { sgl } = message.request;
  // What is never served is refused before its list is read.
  const unserved = message.errno.some(({ name }) => name === 'UnsupportedFunction' && sgl?.reader === true);
  if (sgl === undefined || unserved) return [];
  const typical = buildFrame(spec, message, 'request');
  const bad = (
    what: string,
    title: string,
    status: keyof typeof STATUS,
    change: (words: number[], at: number) => void,
  ): Vector => {
    const words = [...typical.words];
    change(words, sgl.word);
    // An address that was changed is not to be put in its place again.
    const places = typical.places.filter(({ word }) => words[word] === typical.words[word]);
    return vector(
      message,
      what,
      title,
      { ...typical, words, places },
      isPolled(message) ? { answer: 'none' } : refused(message, status),
    );
  };
  const size = typical.words.length;
  const vectors = [
    bad('no-last', 'no element is the last one', 'InvalidOffset', (words, at) => {
      for (let word = at; word < size; word += 1) words[word] = (words[word] & 0x7fffffff) >>> 0;
      words.length = size;
    }),
    bad('past-end', 'the last element ends behind the message', 'InvalidOffset', (words) => {
      words[0] = ((words[0] & 0xffff) | ((size - 1) << 16)) >>> 0;
    }),
    bad('element-invalid', 'an element of a kind there is not', 'InvalidOffset', (words, at) => {
      words[at] = ((words[at] & 0xffffff) | ((INVALID_ELEMENT | LAST_ELEMENT) << 24)) >>> 0;
    }),
  ];
  if (sgl.reader === true) return vectors;
  const address = typical.places.find(({ word, area }) => word > sgl.word && area !== 'immediate')!.word;
  vectors.push(
    bad('address-0', 'an address of 0', 'InvalidParameter', (words) => {
      words[address] = 0;
    }),
    bad('address-past', 'an address behind all memory', 'InvalidParameter', (words) => {
      words[address] = PAST_REGION;
    }),
    bad('count-0', 'an element of no bytes', 'InvalidParameter', (words, at) => {
      words[at] = (words[at] & 0xff000000) >>> 0;
    }),
  );
  return vectors;
}

function lengthOf({ list, sgl }: Layout): string | undefined {
  return list === undefined ? sgl?.count : 'count';
}

/** Elements of the list that fit the frame and the count. */
function mostElements({ list, sgl, fields, words }: Layout): number {
  const counter = fields.find(({ name }) => name === (list === undefined ? sgl?.count : 'count'));
  const stride = list?.stride ?? (sgl?.elements[0] === 'in' || sgl?.elements[0] === 'out' ? 2 : 3);
  const room = Math.floor((FRAME_WORDS - words) / stride);
  return Math.min(room, counter?.max ?? room);
}
