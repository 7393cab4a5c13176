/** Every file of spec/vectors. */
import type { Drawing, Scenario } from '../../../src/conform/card/vector-file.ts';
import type { MachineEntry } from '../../../src/spec/entries.ts';
import type { FrameSpec } from '../frame.ts';
import type { ClassSpec, Layout } from '../model.ts';
import type { Spec } from './frames.ts';
import { goldenScenarios } from './golden-scenarios.ts';
import { headerVectors } from './headers.ts';
import { listScenarios } from './list-scenarios.ts';
import { orderVectors } from './order.ts';
import { parameterScenarios } from './parameter-scenarios.ts';
import { replyVectors } from './replies.ts';
import { requestVectors } from './requests.ts';
import { scenarioText } from './scenario.ts';
import { sentScenarios } from './sent-scenarios.ts';
import {
  findMessage,
  homeState,
  iopSetups,
  iopStateVectors,
  type Specs,
  socketSetups,
  socketStateVectors,
} from './states.ts';
import { transactionScenarios } from './transaction-scenarios.ts';
import { type Vector, type VectorFile, vectorText } from './vector.ts';

/** Function numbers no class of ours has, one of each range there is. */
const UNKNOWN_FUNCTIONS = [0x1e, 0x21, 0xae, 0xee];

/** @returns text by path. */
export function generateVectors(
  classes: readonly ClassSpec[],
  frame: FrameSpec,
  machines: readonly MachineEntry[],
): ReadonlyMap<string, string> {
  const structures = classes.flatMap((spec) => spec.structures);
  const specs: Specs = { all: classes.map((spec): Spec => ({ frame, spec, structures })) };
  const iop = iopSetups(specs);
  const machine = (name: string): MachineEntry => machines.find((entry) => entry.name === name)!;
  const files: Omit<VectorFile, 'layouts'>[] = specs.all.map((spec) => ({
    class: spec.spec.name,
    classVersion: spec.spec.version,
    setups: iop,
    vectors: spec.spec.messages.flatMap((message) => [
      ...requestVectors(spec, message).map((vector) => atHome(vector, homeState(machine('iop'), message))),
      ...replyVectors(spec, message),
    ]),
  }));
  const header = findMessage(specs, 'SocketStatusGet')!;
  const text = (file: Omit<VectorFile, 'layouts'>): string =>
    vectorText({ ...file, layouts: layoutsOf(specs, file.vectors) });
  const head = (
    name: string,
    vectors: VectorFile['vectors'],
    setups: VectorFile['setups'],
  ): Omit<VectorFile, 'layouts'> => ({
    class: name,
    classVersion: header.spec.spec.version,
    setups,
    vectors,
  });
  const known = new Map(files.map((file) => [`spec/vectors/${file.class}.json`, text(file)]));
  const operational = { operational: iop['operational'] };
  known.set(
    'spec/vectors/header.json',
    text(head('header', headerVectors(header.spec, header.message, UNKNOWN_FUNCTIONS), operational)),
  );
  known.set(
    'spec/vectors/order.json',
    text(
      head('socket', orderVectors(specs), {
        operational: iop['operational'],
        hold: iop['hold'],
        ready: iop['ready'],
      }),
    ),
  );
  const sockets = socketSetups(specs);
  known.set(
    'spec/vectors/socket-states.json',
    text(
      head('socket', socketStateVectors(specs, machine('socket'), sockets), { ...operational, ...sockets }),
    ),
  );
  known.set(
    'spec/vectors/iop-states.json',
    text(head('executive', iopStateVectors(specs, machine('iop'), machine('session'), iop), iop)),
  );
  for (const [path, scenario] of scenarioFiles(specs, header.spec.spec.version, iop, sockets))
    known.set(path, scenario);
  return known;
}

function scenarioFiles(
  specs: Specs,
  version: number,
  iop: VectorFile['setups'],
  sockets: VectorFile['setups'],
): [path: string, text: string][] {
  const operational = { operational: iop['operational'] };
  const connected = { ...operational, 'socket.Connected': sockets['socket.Connected'] };
  const file = (
    name: string,
    list: readonly Scenario[],
    setups: VectorFile['setups'],
  ): [path: string, text: string] => [
    `spec/vectors/scenarios/${name}.json`,
    scenarioText(name, version, setups, list),
  ];
  return [
    file('lists', listScenarios(specs), connected),
    file('parameters', parameterScenarios(specs), operational),
    file('sent', sentScenarios(specs), connected),
    file('golden', goldenScenarios(specs), { reset: iop['reset'] }),
    file('transactions', transactionScenarios(specs), {
      ...connected,
      'socket.Connecting': sockets['socket.Connecting'],
      'socket.Listening': sockets['socket.Listening'],
    }),
  ];
}

/** Drawings of the messages that vectors have. */
function layoutsOf(specs: Specs, vectors: readonly Vector[]): VectorFile['layouts'] {
  const drawing = ({ fields, words }: Layout): Drawing => ({
    words,
    fields: fields.map(({ name, word, bits = [0, 31] }) => [name, word, bits[0], bits[1]] as const),
  });
  const names = [...new Set(vectors.map(({ message }) => message))];
  return Object.fromEntries(
    names.map((name) => {
      const { request, reply } = findMessage(specs, name)!.message;
      const drawings = {
        request: drawing(request),
        ...(reply === undefined ? {} : { reply: drawing(reply) }),
      };
      return [name, drawings];
    }),
  );
}

/** A vector for a card that is where its message is legal. */
function atHome(vector: Vector, state: string): Vector {
  return state === 'operational' ? vector : { ...vector, state };
}
