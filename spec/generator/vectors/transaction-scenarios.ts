/**
 * Scenarios of transactions that outlive their request: aborts, events, progress; a card of version 1; a
 * preserved frame.
 */
import type { Scenario } from '../../../src/conform/card/vector-file.ts';
import { DEVICE_TID } from '../../../src/i2o/tids.ts';
import { FLAG_MULTIPLE } from './frames.ts';
import * as s from './script.ts';
import type { Specs } from './states.ts';

const SUBJECT = 2;
/** The number a typical SocketAcceptPost names. */
const POSTED = 1;
const CONNECT = 0x85;
const CONTEXT = 0x55667788;
const OWN_CONTEXT = 99;
const DEVICE = { target: DEVICE_TID };
const MASK_MODIFIED = 0x02000000;
const ABORT_DIRTY = { value: 0x01000000, mask: 0xff000000 };
const ABORT_NO_DATA = { value: 0x02000000, mask: 0xff000000 };
const PROGRESS = { value: 0x80000000, mask: 0xff000000 };
const UNKNOWN_FUNCTION = 0x19;
const INVALID_MESSAGE_FLAGS = 0x0f;
const EPROTONOSUPPORT = 93;
const EINVAL = 22;
const ENOPROTOOPT = 92;
/** An option of version 3. */
const TCP_CORK = 23;
const INVALID_VERSION = 0x88;
const FORMAT_ERROR = 1;

function aborts(specs: Specs): Scenario[] {
  const { word, words } = connecting(specs);
  const scenario = (
    id: string,
    title: string,
    abortType: number,
    code: number,
    context: number,
    ended: number,
  ): Scenario => {
    const fields = { abortType, functionToAbort: code, contextToAbort: context };
    const frame = s.request(specs, 'UtilAbort', fields, [], DEVICE, OWN_CONTEXT);
    const victim = s.single({ words, fields: {}, places: [] }, [
      word,
      { value: SUBJECT, mask: 0xffff },
      undefined,
    ]);
    const replies = [...(ended === 0 ? [] : [victim]), s.single(frame, [ended])];
    return {
      id: `UtilAbort/${id}`,
      title,
      state: 'socket.Connecting',
      steps: [s.step(title, frame, { replies })],
    };
  };
  const numbers = s.request(specs, 'SocketAcceptPost', { socketId: SUBJECT, count: 1 });
  const all = s.request(
    specs,
    'UtilAbort',
    { abortType: 1, functionToAbort: 0x82, contextToAbort: 0 },
    [],
    DEVICE,
    OWN_CONTEXT,
  );
  const unposted = s.single(
    { ...numbers, words: numbers.words.map((value, i) => (i === 3 ? POSTED : value)) },
    [ABORT_NO_DATA, SUBJECT | (POSTED << 16), undefined, undefined, undefined],
  );
  const cleanAbort = 'clean: a SYN has been sent, which cannot be taken back';
  return [
    scenario('exact', 'Exact: function and context', 0, CONNECT, CONTEXT, 1),
    scenario('function', 'Function: whatever the context', 1, CONNECT, 1, 1),
    scenario('transaction', 'Transaction: whatever the function', 2, 0x89, CONTEXT, 1),
    scenario('wild', 'Wild: everything', 3, 0, 0, 1),
    scenario('exact-other', 'Exact, and another context', 0, CONNECT, 1, 0),
    scenario('function-other', 'Function, and another one', 1, 0x89, CONTEXT, 0),
    scenario('transaction-other', 'Transaction, and another one', 2, CONNECT, 1, 0),
    ...['exact', 'function', 'transaction', 'wild'].map((name, i) =>
      scenario(`clean-${name}`, cleanAbort, 4 + i, CONNECT, CONTEXT, 0),
    ),
    { id: 'UtilAbort/posted', title: 'a number posted for an accept', state: 'socket.Listening', steps: [
      s.step('post', numbers),
      s.step('abort', all, { replies: [unposted, s.single(all, [1])] }),
    ] },
  ]; // biome-ignore format: a scenario each
}

/** The header of the connect in the setup, and the status it is aborted with. */
function connecting(specs: Specs): { word: s.Wanted; words: readonly number[] } {
  const frame = s.request(specs, 'SocketConnect', { socketId: SUBJECT });
  return { word: ABORT_DIRTY, words: frame.words };
}

function events(specs: Specs): Scenario[] {
  const register = (eventMask: number, context: number) =>
    s.request(specs, 'UtilEventRegister', { eventMask }, [], DEVICE, context);
  const [first, second, none] = [register(MASK_MODIFIED, 1), register(MASK_MODIFIED | 1, 2), register(0, 3)];
  const validate = s.request(specs, 'ExecConfigValidate', {});
  const progress = s.single(validate, [PROGRESS], false);
  const event = (frame: typeof first, mask: number) => ({
    replies: [s.single(frame, [MASK_MODIFIED, mask], false)],
  });
  return [
    { id: 'UtilEventRegister/events', title: 'registered, replaced, ended', state: 'operational', steps: [
      s.step('the registration is an event itself', first, event(first, MASK_MODIFIED)),
      s.step('another mask: by the new contexts', second, event(second, MASK_MODIFIED | 1)),
      s.step('mask 0 is answered once, and is the last', none, { replies: [s.single(none, [0, 0])] }),
    ] },
    { id: 'ExecConfigValidate/progress', title: 'progress, then the last reply', state: 'operational',
      steps: [
        s.step('validate', validate, {
          replies: [{ ...progress, any: true }, s.status(validate, s.SUCCESS, 0)],
        }),
      ] },
  ]; // biome-ignore format: a scenario each
}

/** What came with version 2 is no function of a card of version 1. */
function versionOne(specs: Specs): Scenario[] {
  const list = [0xd5000010, 5, s.transmit(5)];
  const one = (
    id: string,
    title: string,
    frame: ReturnType<typeof s.request>,
    reply: ReturnType<typeof s.status>,
  ): Scenario => ({
    id: `version-1/${id}`,
    title,
    state: 'operational',
    classVersion: 1,
    steps: [s.step(title, frame, { replies: [reply] })],
  });
  const sendTo = s.request(specs, 'SocketSendTo', { socketId: SUBJECT }, list);
  const name = s.request(specs, 'SocketNameGet', { socketId: SUBJECT });
  const create = s.request(specs, 'SocketCreate', { socketId: SUBJECT, socketType: 2, replyMode: 1 });
  const batch = s.request(specs, 'SocketSend', {}, [0x70010002, 1, ...list], { flags: FLAG_MULTIPLE });
  const failed = (frame: typeof sendTo, detail: number) => s.status(frame, s.ERROR_NO_DATA, detail);
  return [
    one('SocketSendTo', 'SocketSendTo is unknown', sendTo, failed(sendTo, UNKNOWN_FUNCTION)),
    one('SocketNameGet', 'SocketNameGet is unknown', name, failed(name, UNKNOWN_FUNCTION)),
    one('SocketCreate', 'no datagram sockets', create, failed(create, EPROTONOSUPPORT)),
    one('SocketSend', 'no batches', batch, s.malformed(batch, INVALID_MESSAGE_FLAGS, undefined)),
  ]; // biome-ignore format: a scenario each
}

/** Options that came with version 3 are none of a card of version 2, which it says by errno. */
function versionTwo(specs: Specs): Scenario[] {
  const options = (['SocketOptionSet', 'SocketOptionGet'] as const).map((message) => {
    const title = `${message}: no TCP_CORK`;
    const frame = s.request(specs, message, { socketId: SUBJECT, option: TCP_CORK });
    return {
      id: `version-2/${message}`,
      title,
      state: 'socket.Connected',
      classVersion: 2,
      steps: [s.step(title, frame, { replies: [s.status(frame, s.ERROR_NO_DATA, ENOPROTOOPT)] })],
    } satisfies Scenario;
  });
  return [...options, narrowNumber(specs)];
}

/** A card of version 2 looks at 16 bits of a socket's number: with others set it is the same socket. */
function narrowNumber(specs: Specs): Scenario {
  const made = s.request(specs, 'SocketCreate', { socketId: 0x1_0000 | SUBJECT, socketType: 1 });
  const again = s.request(specs, 'SocketCreate', { socketId: SUBJECT, socketType: 1 }, [], {}, OWN_CONTEXT);
  return {
    id: 'version-2/number',
    title: 'a number of more bits than 16 is that of its lower 16',
    state: 'operational',
    classVersion: 2,
    steps: [
      s.step('SocketCreate with bit 16 of the number set', made, { replies: [s.status(made, s.SUCCESS, 0)] }),
      s.step('the number below is in use', again, { replies: [s.status(again, s.ERROR_NO_DATA, EINVAL)] }),
    ],
  };
}

/** On a transport that can, a frame that was not delivered is kept until the host posts it as a NOP. */
function preserved(specs: Specs): Scenario {
  const frame = s.request(specs, 'SocketStatusGet', {}, [], { version: 2 });
  const own = s.preserved();
  const word0 = { value: 0x0009e001, mask: 0xffffffff };
  const word4 = { value: ((INVALID_VERSION << 24) | (FORMAT_ERROR << 16)) >>> 0, mask: 0xffff0000 };
  const header = [word0, frame.words[1], frame.words[2], frame.words[3]];
  const record = s.expected([...header, word4, undefined, undefined, own, 0]);
  const title = 'a failure record names the frame it kept';
  return {
    id: 'failure/preserved',
    title,
    state: 'operational',
    transport: 'fifo',
    steps: [s.step(title, frame, { replies: [record] })],
  };
}

export function transactionScenarios(specs: Specs): Scenario[] {
  return [...aborts(specs), ...events(specs), ...versionOne(specs), ...versionTwo(specs), preserved(specs)];
}
