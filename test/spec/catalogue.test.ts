import { describe, expect, it } from 'vitest';
import { readMachines, readRules } from '../../spec/generator/behaviour.ts';
import { readClass } from '../../spec/generator/model.ts';
import * as executiveCodec from '../../src/i2o/executive.gen.ts';
import * as socketCodec from '../../src/i2o/socket.gen.ts';
import * as errno from '../../src/socket/errno.ts';
import * as options from '../../src/socket/options.ts';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import {
  classNamed,
  classWithId,
  enumNamed,
  enumValueName,
  messageNamed,
  messageOf,
  structureNamed,
} from '../../src/spec/catalogue.ts';

describe('the catalogue', () => {
  it('knows every message the codecs know, by function and by name', () => {
    for (const [number, name] of Object.entries(socketCodec.SOCKET_FUNCTION_NAMES)) {
      expect(messageOf('socket', Number(number))?.name).toBe(name);
      expect(messageNamed(name.toUpperCase())?.function).toBe(Number(number));
    }
    for (const [number, name] of Object.entries(executiveCodec.EXECUTIVE_FUNCTION_NAMES)) {
      expect(messageOf('executive', Number(number))?.name).toBe(name);
    }
  });

  it('takes a utility function for any class', () => {
    expect(messageOf('socket', 0x00)?.name).toBe('UtilNop');
  });

  it('has the numbers that the code has, each with where they come from', () => {
    const numbers = (name: string): object =>
      Object.fromEntries(
        CATALOGUE.numbers.find((entry) => entry.name === name)!.values.map((one) => [one.name, one.value]),
      );
    const { ERRNO_MAX: _last, errnoName: _name, errnoNumber: _number, ...errnos } = errno;
    expect(numbers('Errno')).toEqual(errnos);
    const [discover, named] = [true, false].map((isValue) =>
      Object.fromEntries(
        Object.entries(options).filter(([name]) => name.startsWith('MTU_DISCOVER_') === isValue),
      ),
    );
    expect(numbers('SocketOption')).toEqual(named);
    expect(numbers('MtuDiscover')).toEqual(discover);
    const all = [CATALOGUE.frame, ...CATALOGUE.classes].flatMap(({ enums }) => enums);
    for (const { name, source } of [...all, ...CATALOGUE.numbers])
      expect(source, name).toMatch(/\.h\b|^ours$|2[0-9]{3}/);
  });

  it('does not know what is not there', () => {
    expect(messageOf('socket', 0xee)).toBeUndefined();
    expect(messageNamed('SocketSent')).toBeUndefined();
    expect(classWithId(0x030)).toBeUndefined();
    expect(enumValueName('IopState', 3)).toBeUndefined();
  });

  it('names values, bits, lists and structures as the YAML does', () => {
    expect(enumValueName('iopstate', 8)).toBe('Operational');
    expect(enumNamed('ReceiveFlag')?.bitSet).toBe(true);
    expect(structureNamed('receiveRecord')?.words).toBe(socketCodec.RECEIVE_RECORD_WORDS);
    expect(messageNamed('SocketReceivePost')).toMatchObject({
      replyForm: 'multiple',
      request: { sgl: { word: socketCodec.SOCKET_RECEIVE_POST_SGL_WORD, count: 'bucketCount' } },
      reply: { list: { structure: 'ReceiveRecord', stride: 4 } },
    });
    expect(messageNamed('SocketCreate')?.replyForm).toBe('status');
    expect(messageNamed('ExecStatusGet')?.replyForm).toBe('none');
  });

  it('gives every class, message and enumeration an origin or a class that has one', () => {
    expect(classNamed('socket')?.origin).toBe('inic');
    for (const { messages } of CATALOGUE.classes)
      for (const { origin } of messages) expect(origin).toMatch(/./);
  });
});

const DOORS = readClass(`
class: { name: doors, id: 0x0A1, version: 1, origin: nobody, source: ours, doc: Doors. }
enums: [{ name: Way, doc: w, values: [{ name: In, value: 0, doc: i }, { name: Out, value: 1, doc: o }] }]
messages:
  - name: DoorOpen
    function: 0x80
    doc: Opens.
    request: [{ name: way, word: 4, bits: [0, 7], enum: Way, doc: which way }]
    reply: []
    errno: []
structures: []
`);
const MACHINE = `machines:
  - name: door
    doc: d
    origin: inic
    initial: Closed
    states: [{ name: Closed, doc: c }, { name: Open, doc: o }]
    transitions:
      - { in: [Closed], on: request DoorOpen, to: Open, when: { field: way, values: [Out] } }
      - { in: any, on: event wind, to: same, doc: it rattles }
`;

describe('readMachines', () => {
  it('writes `any` out', () => {
    expect(readMachines(MACHINE, [DOORS])[0].transitions).toEqual([
      {
        in: ['Closed'],
        on: 'request DoorOpen',
        to: 'Open',
        when: { field: 'way', values: [1], names: ['Out'] },
      },
      { in: ['Closed', 'Open'], on: 'event wind', to: 'same', doc: 'it rattles' },
    ]);
  });

  it.each([
    ['an unknown message', 'DoorOpen', 'DoorShut', /transitions\.1: message DoorShut is unknown/],
    ['an unknown state', '[Closed]', '[Ajar]', /transitions\.1: state Ajar is unknown/],
    ['an unknown target', 'to: same', 'to: Ajar', /transitions\.2: state Ajar is unknown/],
    ['an unknown initial state', 'initial: Closed', 'initial: Ajar', /door: initial state Ajar is unknown/],
    ['another kind of trigger', 'event wind', 'wind blows', /"wind blows" is no request/],
    ['an unknown field', 'field: way', 'field: colour', /field colour is unknown/],
    ['an unknown value', '[Out]', '[Up]', /value Up is unknown/],
    ['an unknown key', 'doc: it rattles', 'note: it rattles', /unknown key "note"/],
  ])('refuses %s', (_what, from, to, message) => {
    expect(() => readMachines(MACHINE.replace(from, to), [DOORS])).toThrow(message);
  });
});

describe('readRules', () => {
  const good = 'rules: [{ id: H-01, title: t, doc: d, reference: r }]';
  it('reads a rule', () => {
    expect(readRules(good)).toEqual([{ id: 'H-01', title: 't', doc: 'd', reference: 'r' }]);
  });
  it('refuses an id of another form', () => {
    expect(() => readRules(good.replace('H-01', 'one'))).toThrow('spec: rules.one: an id is');
  });
});
