/** Vectors of states: every message of a machine in every state the vectors know a way to. */
import type { MachineEntry } from '../../../src/spec/entries.ts';
import type { Message } from '../model.ts';
import { buildFrame, type Spec } from './frames.ts';
import { isPolled } from './requests.ts';
import type { Answer, Frame, SetupStep, Vector } from './vector.ts';

/** Socket numbers of the setups. */
const LISTENER = 1;
const SUBJECT = 2;
const POSTED = 3;
const ADDRESS = 0x7f000001;
/** On the card's link, and nobody's. */
const NOWHERE = 0x0a00004d;
const PORT = 4711;
const CLOSED_PORT = 9;
const STREAM = 1;
const DATAGRAM = 2;
const WRITE = 1;
const IMMEDIATE = 1;

type Setups = Readonly<Record<string, readonly SetupStep[]>>;

/** The spec of each class, and the messages by name. */
export interface Specs {
  readonly all: readonly Spec[];
}

export function findMessage({ all }: Specs, name: string): { spec: Spec; message: Message } | undefined {
  for (const spec of all) {
    const message = spec.spec.messages.find((entry) => entry.name === name);
    if (message !== undefined) return { spec, message };
  }
  return undefined;
}

/** A request with some of its fields given. */
function request(specs: Specs, name: string, fields: Readonly<Record<string, number>>): Frame {
  const found = findMessage(specs, name);
  if (found === undefined) throw new TypeError(`spec: vectors: message ${name} is unknown`);
  return buildFrame(found.spec, found.message, 'request', { fields });
}

/** How the card gets from RESET to each state. `operational` is where every other setup begins. */
export function iopSetups(specs: Specs): Setups {
  const step = (title: string, name: string, fields: Readonly<Record<string, number>> = {}): SetupStep => ({
    title,
    frame: request(specs, name, fields),
  });
  const outbound = step('outbound frames', 'ExecOutboundInit', {
    hostPageBytes: 4096,
    initCode: 0x80,
    outboundFrameWords: 32,
  });
  const table = step('the system table', 'ExecSysTabSet', { iopId: 2, hostUnitId: 1 });
  const enable = step('start', 'ExecSysEnable');
  return {
    reset: [],
    hold: [outbound],
    ready: [outbound, table],
    operational: [outbound, table, enable],
  };
}

/** How a socket gets to each state, from `operational` on. */
export function socketSetups(specs: Specs): Setups {
  const step = (title: string, name: string, fields: Readonly<Record<string, number>>): SetupStep => ({
    title,
    frame: request(specs, name, fields),
  });
  const create = (socketId: number, socketType = STREAM): SetupStep =>
    step(`create socket ${socketId}`, 'SocketCreate', { socketId, socketType });
  const listening = [
    create(LISTENER),
    step('bind the listener', 'SocketBind', { socketId: LISTENER, address: 0, port: PORT }),
    step('listen', 'SocketListen', { socketId: LISTENER, backlog: 8 }),
  ];
  const accept: SetupStep = { title: `post socket ${POSTED}`, frame: postNumber(specs, POSTED) };
  const connect = (address: number, port: number): SetupStep =>
    step('connect', 'SocketConnect', { socketId: SUBJECT, address, port });
  const connected = [...listening, accept, create(SUBJECT), connect(ADDRESS, PORT)];
  const shut = (socketId: number): SetupStep =>
    step(`end the half of socket ${socketId}`, 'SocketShutdown', { socketId, how: WRITE });
  const bind = step('bind', 'SocketBind', { socketId: SUBJECT, address: 0, port: PORT + 1 });
  const closing = request(specs, 'SocketClose', { socketId: SUBJECT });
  const posted: SetupStep = { title: `post socket ${SUBJECT}`, frame: postNumber(specs, SUBJECT) };
  return {
    'socket.Free': [],
    'socket.Open': [create(SUBJECT)],
    'socket.Bound': [create(SUBJECT), bind],
    'socket.Connecting': [create(SUBJECT), connect(NOWHERE, PORT)],
    'socket.Connected': connected,
    'socket.Shut': [...connected, shut(SUBJECT)],
    'socket.PeerEnded': [...connected, shut(POSTED)],
    'socket.Ended': [...connected, shut(POSTED), shut(SUBJECT)],
    'socket.Listening': [
      create(SUBJECT),
      bind,
      step('listen', 'SocketListen', { socketId: SUBJECT, backlog: 8 }),
    ],
    'socket.Posted': [...listening, posted],
    'socket.Failed': [create(SUBJECT), connect(ADDRESS, CLOSED_PORT)],
    'socket.Datagram': [create(SUBJECT, DATAGRAM)],
    'socket.DatagramConnected': [create(SUBJECT, DATAGRAM), connect(ADDRESS, PORT)],
    'socket.Closing': [
      ...connected,
      { title: 'close, not answered yet', frame: otherContext(closing), together: true },
    ],
  };
}

/** With a TransactionContext of its own, so that its answer is not taken for the vector's. */
function otherContext(frame: Frame): Frame {
  return { ...frame, words: frame.words.map((value, index) => (index === 3 ? value + 1 : value)) };
}

function postNumber(specs: Specs, number: number): Frame {
  const { spec, message } = findMessage(specs, 'SocketAcceptPost')!;
  const frame = buildFrame(spec, message, 'request', {
    fields: { socketId: LISTENER, count: 1 },
    listLength: 1,
  });
  const word = message.request.list!.word;
  const words = frame.words.map((value, index) => (index === word ? number : value));
  return { ...frame, words, list: [[number]] };
}

/** Each request of the machine in each state of the setups. */
export function socketStateVectors(specs: Specs, machine: MachineEntry, setups: Setups): Vector[] {
  return Object.keys(setups).flatMap((state) => {
    const name = state.slice('socket.'.length);
    return requestsOf(machine).flatMap((messageName) => {
      const found = findMessage(specs, messageName);
      if (found === undefined) return [];
      const { spec, message } = found;
      const frame = subjectFrame(spec, message);
      const legal = isLegal(machine, name, message, frame);
      const expect: Answer = legal ? { answer: 'legal' } : wrongSocketState(machine, message, name);
      const title = `${legal ? 'legal' : 'not legal'} in state ${name}`;
      return [
        {
          id: `${message.name}/state/${name}`,
          title,
          message: message.name,
          kind: 'request' as const,
          state,
          since: message.since,
          frame,
          expect,
        },
      ];
    });
  });
}

/**
 * The one errno the message has in a state it is not legal in.
 * @throws TypeError when the spec names none, or several.
 */
function wrongSocketState(machine: MachineEntry, message: Message, name: string): Answer {
  const states = new Set(machine.states.map((state) => state.name));
  for (const { in: listed } of message.errno) {
    const unknown = listed?.find((state) => !states.has(state));
    if (unknown !== undefined)
      throw new TypeError(`spec: ${message.name}.errno: state ${unknown} is unknown`);
  }
  const statuses = message.errno.filter((entry) => entry.in?.includes(name)).map((entry) => entry.name);
  if (statuses.length !== 1) {
    const said = statuses.length === 0 ? 'none' : statuses.join(' and ');
    throw new TypeError(`spec: ${message.name}.errno: in state ${name} it must be one, and is ${said}`);
  }
  return { answer: 'error', statuses };
}

/** Each request of the executive, and one of the device, in each state of the bring-up. */
export function iopStateVectors(
  specs: Specs,
  machine: MachineEntry,
  session: MachineEntry,
  setups: Setups,
): Vector[] {
  const device = requestsOf(session)
    .filter((name) => /^Socket/.test(name))
    .slice(0, 1);
  return Object.keys(setups).flatMap((state) => {
    const name = state[0].toUpperCase() + state.slice(1);
    return [...requestsOf(machine), ...device].flatMap((messageName) => {
      const found = findMessage(specs, messageName);
      if (found === undefined) return [];
      const { spec, message } = found;
      const frame = buildFrame(spec, message, 'request');
      const ofDevice = spec.spec.name === 'socket';
      const legal = ofDevice ? name === 'Operational' : isLegal(machine, name, message, frame);
      const title = `${legal ? 'legal' : 'not legal'} in state ${name}`;
      const expect = legal ? ({ answer: 'legal' } as const) : wrongIopState(name, ofDevice, message);
      return [
        {
          id: `${message.name}/state/${name}`,
          title,
          message: message.name,
          kind: 'request' as const,
          state,
          since: message.since,
          frame,
          expect,
        },
      ];
    });
  });
}

/** Before OutboundInit there is no frame to answer in; a device is out of reach until SysEnable. */
function wrongIopState(state: string, ofDevice: boolean, message: Message): Answer {
  if (state === 'Reset' || message.refused === 'none' || isPolled(message)) return { answer: 'none' };
  if (ofDevice) return { answer: 'failure', failureCode: 'StateError', code: 0x85, severity: 'PathState' };
  return { answer: 'error', statuses: ['InappropriateFunction'] };
}

function subjectFrame(spec: Spec, message: Message): Frame {
  const names = new Set(message.request.fields.map(({ name }) => name));
  const fields: Record<string, number> = {};
  if (names.has('socketId')) fields['socketId'] = SUBJECT;
  if (names.has('replyMode')) fields['replyMode'] = IMMEDIATE;
  if (names.has('address')) fields['address'] = ADDRESS;
  if (names.has('port')) fields['port'] = PORT + 2;
  if (message.name === 'SocketAcceptPost') {
    const frame = buildFrame(spec, message, 'request', { fields: { ...fields, count: 1 }, listLength: 1 });
    const word = message.request.list!.word;
    return {
      ...frame,
      words: frame.words.map((value, index) => (index === word ? POSTED + 1 : value)),
      list: [[POSTED + 1]],
    };
  }
  return buildFrame(spec, message, 'request', { fields });
}

/**
 * A state of the bring-up in which the message is legal, the last one; `operational` where no machine says
 * otherwise.
 */
export function homeState(machine: MachineEntry, message: Message): string {
  if (!requestsOf(machine).includes(message.name)) return 'operational';
  const states = ['Operational', 'Ready', 'Hold', 'Reset'];
  const home = states.find((state) =>
    machine.transitions.some(
      ({ on, in: starts }) => on === `request ${message.name}` && starts.includes(state),
    ),
  );
  return (home ?? 'Operational').toLowerCase();
}

function requestsOf(machine: MachineEntry): string[] {
  const names = machine.transitions.flatMap(({ on }) =>
    on.startsWith('request ') ? [on.slice('request '.length)] : [],
  );
  return [...new Set(names)];
}

function isLegal(machine: MachineEntry, state: string, message: Message, frame: Frame): boolean {
  return machine.transitions.some(
    (transition) =>
      transition.on === `request ${message.name}` &&
      transition.in.includes(state) &&
      (transition.when === undefined || transition.when.values.includes(frame.fields[transition.when.field])),
  );
}
