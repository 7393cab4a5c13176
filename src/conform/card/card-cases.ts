/** Every case for a card: request vectors, scenarios, and the tour by our own driver. */
import { FLAG_FAIL, frameFlags, getFailurePreservedFrame } from '../../i2o/frame.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { messageNamed, messageOf } from '../../spec/catalogue.ts';
import { TOUR_PARTS } from '../../tour/tour.ts';
import type { CardOverrides } from '../../world/config/settings.ts';
import type { Case, Finding } from '../link/case.ts';
import type { Claims } from '../link/claims.ts';
import type { Link } from '../link/link.ts';
import { contextsOf, poolsLost } from './accounts.ts';
import type { BareHost } from './bare-host.ts';
import { ForeignBare } from './foreign-bare.ts';
import type { ForeignDevice } from './foreign-card.ts';
import { judge } from './judge.ts';
import { Polled } from './polled.ts';
import { runScenario } from './scenario.ts';
import { runTour, type TourName } from './tour-case.ts';
import { transportCases } from './transport-cases.ts';
import type { Scenario, ScenarioFile, Vector, VectorFile, VectorFrame } from './vector-file.ts';
import { SetupFailure, SOCKETS, VECTOR_CARD, VectorHost } from './vector-host.ts';
import { scenarioFile, scenarioNames, type VectorFileAt, vectorFiles, wordsOf } from './vectors.ts';

/** What it takes to close the books of a card at rest. */
const BOOKS = ['ExecSysQuiesce', 'ExecSysEnable', 'SocketCreate', 'SocketSend', 'SocketReceivePost'];
/** That nothing is missing afterwards, whatever was asked. */
const OF_THE_BOOKS = 'CARD-6.13';
const BRING_UP = [
  ...['ExecStatusGet', 'ExecOutboundInit', 'ExecHrtGet', 'ExecSysTabSet', 'ExecSysEnable', 'ExecLctNotify'],
  ...['UtilClaim', 'UtilEventRegister', 'SocketReceivePost', 'ExecSysQuiesce'],
];
const LISTEN = [
  'SocketCreate',
  'SocketOptionSet',
  'SocketBind',
  'SocketListen',
  'SocketAcceptPost',
  'SocketClose',
];
const PAIR = [...LISTEN, 'SocketConnect', 'SocketSend', 'SocketReceiveCredit'];
const OPTIONS = ['SocketOptionGet', 'SocketNameGet'];
const TOURS: Readonly<Record<TourName, readonly string[]>> = {
  'bring-up': [],
  exchange: [...PAIR, ...OPTIONS],
  halfClose: [...PAIR, 'SocketShutdown'],
  abort: [...PAIR, 'SocketOptionGet', 'SocketAbort'],
  refused: [...PAIR, 'SocketOptionGet'],
  datagrams: [...LISTEN, 'SocketConnect', 'SocketSendTo', 'SocketNameGet'],
  exhaustSockets: LISTEN,
  // With many sends under way, the driver puts several in one message.
  exhaustBuffers: [...PAIR, 'lists'],
  whole: [
    ...PAIR,
    ...OPTIONS,
    'SocketShutdown',
    'SocketAbort',
    'SocketSendTo',
    'UtilParamsGet',
    'lists',
    'SocketStatusGet',
  ],
};
const TARGET_MASK = 0xfff;
/** PreservedMFA of a record that names no frame. */
const NOTHING_KEPT = -1;

/**
 * @param claims what decides whether the books are closed after a vector.
 * @param inFile whether frames and memory are in a file that both sides map.
 */
export function cardCases(claims: Claims, inFile = false): Case[] {
  const vectors = vectorFiles().flatMap((file) =>
    file.vectors.filter(({ kind }) => kind === 'request').map((vector) => vectorCase(file, vector, claims)),
  );
  const scenarios = scenarioNames().flatMap((name) => {
    const file = scenarioFile(name);
    return file.scenarios.map((scenario) => scenarioCase(name, file, scenario, claims));
  });
  return [...vectors, ...scenarios, ...transportCases(inFile), ...tourCases()];
}

function vectorCase(file: VectorFileAt, vector: Vector, claims: Claims): Case {
  const device = deviceOf(file, vector);
  const { state = 'operational' } = vector;
  const setups = state.startsWith('socket.') ? ['operational', state] : [state];
  const steps = setups.flatMap((name) => file.setups[name] ?? []);
  return {
    id: vector.id,
    kind: 'vector',
    group: file.path.replace(/\.json$/, ''),
    message: vector.message,
    form: formOf(vector),
    needs: [
      vector.message,
      ...messagesOf(file.class, steps),
      // A card without it has no datagram sockets.
      ...(state.includes('Datagram') ? ['SocketSendTo'] : []),
      ...(device === 'socket' ? [] : [device]),
    ],
    run: (link) => runVector(link, file, vector, device, claims),
  };
}

function deviceOf(file: VectorFile, vector: Vector): ForeignDevice {
  if (file.class === 'lan' || file.class === 'window') return file.class;
  return vector.message === 'PrivateEcho' ? 'echo' : 'socket';
}

function runVector(
  link: Link,
  file: VectorFile,
  vector: Vector,
  device: ForeignDevice,
  claims: Claims,
): Finding[] {
  const bare = new ForeignBare(link, vector.id, device, VECTOR_CARD);
  const card = new VectorHost(bare);
  try {
    card.bring(file, vector.state ?? 'operational');
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    return [{ what: error.message }];
  }
  const polled = Polled.of(card, vector);
  const replies = card.exchange(vector);
  const wrong = [judge(vector, replies), polled?.judge() ?? '', takeBack(bare, replies)];
  // What was refused has changed nothing: once more, the same comes of it.
  if (vector.expect['answer'] !== 'legal' && vector.state !== 'socket.Closing') {
    const repeated = card.exchange(vector);
    wrong.push(judge(vector, repeated).replace(/^(?=.)/, 'the second time, '), takeBack(bare, repeated));
    if (String(contextsOf(repeated)) !== String(contextsOf(replies)))
      wrong.push('the second time, other contexts came back');
  }
  const home = contextsOf(replies);
  if (new Set(home).size !== home.length) wrong.push(`a context came back twice: ${home}`);
  const books = [bare.framesLost().replace(/^(?=.)/, 'it has kept ')];
  if (staysUp(file, vector) && claims.lacking(BOOKS).length === 0) books.push(poolsLost(bare, SOCKETS));
  return findings(wrong, books);
}

/** @param wrong in what came. @param books what is missing afterwards, which says nothing of what came. */
function findings(wrong: readonly string[], books: readonly string[]): Finding[] {
  return [
    ...wrong.filter((what) => what !== '').map((what) => ({ what })),
    ...books
      .filter((what) => what !== '')
      .map((what) => ({ what: `afterwards, ${what}`, clause: OF_THE_BOOKS })),
  ];
}

/** Frames that failure records name are posted again as NOPs. @returns what is wrong with the names. */
function takeBack(bare: BareHost, replies: readonly Int32Array[]): string {
  const named = replies
    .filter((reply) => (frameFlags(reply, 0) & FLAG_FAIL) !== 0)
    .map((reply) => getFailurePreservedFrame(reply, 0))
    .filter((address) => address !== NOTHING_KEPT);
  const strange = named.filter((address) => bare.recycle(address) === NO_FRAME);
  bare.run();
  const [first = 0] = strange;
  return strange.length === 0
    ? ''
    : `a failure record names a frame that the card does not have: 0x${(first >>> 0).toString(16)}`;
}

/** Whether the device still runs after it. */
function staysUp({ class: name }: VectorFile, { state = 'operational', message }: Vector): boolean {
  return name === 'socket' && !message.startsWith('Exec') && /^(operational|socket)/.test(state);
}

function scenarioCase(name: string, file: ScenarioFile, scenario: Scenario, claims: Claims): Case {
  const states = scenario.state.startsWith('socket.') ? ['operational', scenario.state] : [scenario.state];
  const frames = [...states.flatMap((state) => file.setups[state] ?? []), ...scenario.steps];
  const keeps = scenario.transport === 'fifo';
  const message = messageNamed(scenario.id.split('/')[0])?.name;
  const overrides: CardOverrides =
    scenario.classVersion === undefined ? {} : { classVersion: scenario.classVersion };
  return {
    id: scenario.id,
    kind: 'scenario',
    group: name,
    ...(message === undefined ? {} : { message }),
    needs: [name, ...(keeps ? ['preserve'] : []), ...messagesOf('socket', frames)],
    run: (link) => {
      const bare = new ForeignBare(link, scenario.id, 'socket', { ...VECTOR_CARD, ...overrides });
      const wrong = runScenario(new VectorHost(bare), file, scenario);
      const books = claims.lacking(BOOKS).length === 0 ? poolsLost(bare, SOCKETS) : '';
      return findings(wrong, [books]);
    },
  };
}

function tourCases(): Case[] {
  const names: TourName[] = ['bring-up', ...TOUR_PARTS, 'whole'];
  return names.map((name) => ({
    id: `tour/${name}`,
    kind: 'tour',
    group: 'tour',
    needs: [...BRING_UP, ...TOURS[name]],
    run: (link) => {
      const { failure, violations } = runTour(link, `tour/${name}`, name);
      return [
        ...(failure === '' ? [] : [{ what: failure }]),
        ...violations.map(({ rule, title, frame, seen }) => ({
          rule,
          what: `frame ${frame}: ${rule} ${title}: ${seen}`,
        })),
      ];
    },
  }));
}

/** The messages of frames that are posted, as far as the spec knows them. */
function messagesOf(className: string, frames: readonly VectorFrame[]): string[] {
  return frames.flatMap((frame) => {
    const [, word = 0] = wordsOf(frame);
    const spec = (word & TARGET_MASK) === 0 ? 'executive' : className;
    const message = messageOf(spec, word >>> 24);
    return message === undefined ? [] : [message.name];
  });
}

/** What a vector tries, without the field and the value: `SocketBind/request/bad-port-3` is a `bad field`. */
function formOf({ id, message, kind }: Vector): string {
  const rest = id.slice(`${message}/${kind}/`.length);
  if (id.includes('/state/')) return 'state';
  const fields = messageNamed(message)?.request.fields.map(({ name }) => name) ?? [];
  const of = (text: string): boolean => fields.some((name) => text.startsWith(`${name}-`));
  if (rest.startsWith('bad-') && of(rest.slice(4))) return 'bad field';
  return of(rest) ? 'good field' : rest;
}
