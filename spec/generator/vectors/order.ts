/** Vectors of requests that are wrong in two ways: which of them a card tells. */
import { FRAME_WORDS } from '../model.ts';
import { buildFrame, type Choice, type Damage, FLAG_MULTIPLE } from './frames.ts';
import { failed } from './requests.ts';
import { findMessage, type Specs } from './states.ts';
import type { Answer, Vector } from './vector.ts';

/** A message of the device with a field that not every value is good for; none of its sockets is there. */
const OF_THE_DEVICE = 'SocketShutdown';
const OF_THE_EXECUTIVE = 'ExecSysEnable';
const NO_SUCH_HALF = 3;
const UNKNOWN_FUNCTION = 0xae;
const VERSION_2 = { version: 2 };
const REPLY = { flags: 0x80 };
const SMALL = { size: 3 };
const LARGE = { size: FRAME_WORDS + 1 };
/** A list behind the end of the message. */
const BEHIND = { sglOffset: 15 };
/** A list where the message has none, inside it. */
const LIST = { sglOffset: 4 };
const STRANGER = { initiator: 0x010 };
const NOBODY = { target: 0x123 };
const SHORT = { size: 5 };
const BATCH = { flags: FLAG_MULTIPLE };

const wrong = (detailedStatus: string, code: number): Answer => ({
  answer: 'transactionError',
  detailedStatus,
  code,
});
const VERSION = failed('InvalidVersion', 0x88);
const FLAGS = failed('InvalidMessageFlags', 0x8a);
const TOO_SMALL = failed('FrameTooSmall', 0x8b);
const TOO_LARGE = failed('FrameTooLarge', 0x8c);
const OFFSET = failed('InvalidOffset', 0x89);
const INITIATOR = failed('InvalidInitiatorId', 0x8e);
const TARGET = failed('InvalidTargetId', 0x8d);
const STATE: Answer = { answer: 'failure', failureCode: 'StateError', code: 0x85, severity: 'PathState' };
const NOT_NOW: Answer = { answer: 'error', statuses: ['InappropriateFunction'] };

interface Asked {
  readonly name?: string;
  readonly state?: string;
  readonly fields?: Choice['fields'];
}

const BAD: Asked = { fields: { how: NO_SUCH_HALF } };
const EVERYTHING = { ...VERSION_2, ...REPLY, ...SMALL, ...BEHIND, ...STRANGER, ...NOBODY };

const ROWS: readonly (readonly [what: string, title: string, Damage, Answer, Asked?])[] = [
  ['version-flags', 'version 2 and REPLY', { ...VERSION_2, ...REPLY }, VERSION],
  ['version-all', 'everything that a header can have wrong', EVERYTHING, VERSION],
  ['flags-small', 'REPLY and a size of 3 words', { ...REPLY, ...SMALL }, FLAGS],
  ['flags-target', 'MULTIPLE, to a TID that is nobody’s', { ...BATCH, ...NOBODY }, FLAGS],
  ['small-offset', 'a size of 3 words, and a list behind it', { ...SMALL, ...BEHIND }, TOO_SMALL],
  [
    'large-initiator',
    'a size above a frame’s, from a TID that may not ask',
    { ...LARGE, ...STRANGER },
    TOO_LARGE,
  ],
  [
    'offset-initiator',
    'a list behind the end, from a TID that may not ask',
    { ...BEHIND, ...STRANGER },
    OFFSET,
  ],
  [
    'initiator-target',
    'from a TID that may not ask, to one that is nobody’s',
    { ...STRANGER, ...NOBODY },
    INITIATOR,
  ],
  [
    'target-function',
    'to a TID that is nobody’s, a function there is not',
    { ...NOBODY, function: UNKNOWN_FUNCTION },
    TARGET,
  ],
  ['target-state', 'to a TID that is nobody’s, before SysEnable', NOBODY, TARGET, { state: 'hold' }],
  [
    'initiator-state',
    'from a TID that may not ask, before SysEnable',
    STRANGER,
    INITIATOR,
    { state: 'hold' },
  ],
  [
    'state-size',
    'a device’s message without its last word, before SysEnable',
    SHORT,
    STATE,
    { state: 'ready' },
  ],
  [
    'state-function',
    'a function there is not, of a device, before SysEnable',
    { function: UNKNOWN_FUNCTION },
    STATE,
    { state: 'hold' },
  ],
  [
    'state-list',
    'an executive message that may not be sent now, with a list',
    { sglOffset: 3 },
    NOT_NOW,
    { name: OF_THE_EXECUTIVE, state: 'hold' },
  ],
  [
    'multiple-size',
    'MULTIPLE in a message of one transaction that lacks a word',
    { ...BATCH, ...SHORT },
    wrong('InvalidMessageFlags', 0x0f),
  ],
  [
    'multiple-function',
    'MULTIPLE in a function there is not',
    { ...BATCH, function: UNKNOWN_FUNCTION },
    wrong('InvalidMessageFlags', 0x0f),
  ],
  [
    'size-list',
    'a word is missing, and there is a list',
    { ...SHORT, ...LIST },
    wrong('MessageTooSmall', 0x15),
  ],
  ['list-field', 'there is a list, and a half that there is not', LIST, wrong('InvalidOffset', 0x10), BAD],
  [
    'size-field',
    'a word is missing, and so the half that there is not',
    SHORT,
    wrong('MessageTooSmall', 0x15),
    BAD,
  ],
  [
    'field-socket',
    'a half that there is not, of a socket that there is not',
    {},
    wrong('InvalidParameter', 0x11),
    BAD,
  ],
];

export function orderVectors(specs: Specs): readonly Vector[] {
  return ROWS.map(([what, title, damage, expect, { name = OF_THE_DEVICE, state, fields = {} } = {}]) => {
    const { spec, message } = findMessage(specs, name)!;
    const where = state === undefined ? {} : { state };
    const frame = buildFrame(spec, message, 'request', { fields }, damage);
    const { since } = message;
    return { id: `order/${what}`, title, message: name, kind: 'request', ...where, since, frame, expect };
  });
}
