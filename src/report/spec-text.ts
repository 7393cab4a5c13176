/** One entry of the spec as a page of text, at most 100 columns wide, as `inic spec NAME` prints it. */
import { classNamed } from '../spec/catalogue.ts';
import type {
  ClassEntry,
  ElementEntry,
  EnumEntry,
  FieldEntry,
  FrameEntry,
  GroupEntry,
  LayoutEntry,
  MachineEntry,
  MessageEntry,
  StructureEntry,
} from '../spec/entries.ts';
import { type Found, groupNumber } from '../spec/find.ts';
import { refusalsOf } from '../spec/refusals.ts';
import { columns, paragraph, section } from './spec-columns.ts';
import { type DrawnText, drawRows } from './spec-drawing.ts';
import { messageTable } from './spec-list.ts';
import {
  clausePage,
  errnoPage,
  fieldPage,
  optionPage,
  rulePage,
  statePage,
  valuePage,
} from './spec-parts.ts';
import {
  bitsText,
  classTitle,
  meaningText,
  originText,
  refusalText,
  replyText,
  sentence,
  sourceText,
  stateRows,
  triggerText,
  valuesText,
} from './spec-said.ts';
import { elementRows, elementsOf, hexText, layoutRows, messageRows } from './spec-words.ts';

/** @returns lines, without line ends. */
export function specPage(found: Found): readonly string[] {
  switch (found.kind) {
    case 'message':
      return messagePage(found.entry);
    case 'class':
      return classPage(found.entry);
    case 'frame':
      return framePage(found.entry);
    case 'enum':
      return enumPage(found.entry);
    case 'structure':
      return structurePage(found.entry);
    case 'element':
      return elementPage(found.entry);
    case 'machine':
      return machinePage(found.entry);
    case 'rule':
      return rulePage(found.entry);
    case 'group':
      return groupPage(found.entry);
    case 'state':
      return statePage(found.entry);
    case 'value':
      return valuePage(found.entry);
    case 'errno':
      return errnoPage(found.entry);
    case 'option':
      return optionPage(found.entry);
    case 'clause':
      return clausePage(found.entry);
    case 'field':
      return fieldPage(found.entry);
  }
}

function messagePage(message: MessageEntry): string[] {
  const spec = classNamed(message.className)!;
  const title = `${message.name}: function ${hexText(message.function, 2)} of ${classTitle(spec)}`;
  return [
    title,
    `Since version ${message.since}; ${originText(message.origin)}.`,
    '',
    ...paragraph(sentence(message.doc)),
    ...section('Request', layoutText(message.request, messageRows(message, false))),
    ...section('Legal in', statesText(message)),
    ...section('Reply', replyLines(message)),
    ...section('When it is refused', refusalLines(message)),
  ];
}

function statesText(message: MessageEntry): string[] {
  const rows = stateRows(message);
  if (rows.length === 0) return ['  No state machine restricts it.'];
  return columns(rows.map(([machine, states]) => [`machine ${machine}`, states]));
}

function replyLines(message: MessageEntry): string[] {
  const { reply } = message;
  const text = paragraph(reply?.doc === undefined ? replyText(message) : sentence(reply.doc), 2);
  return reply === undefined ? text : [...text, '', ...layoutText(reply, messageRows(message, true))];
}

function refusalLines(message: MessageEntry): string[] {
  const errno = message.errno.map(({ name, when }) => [name, when ?? '']);
  const refusals = refusalsOf(message).map(({ status, when }) => [status, `the request ${when}`]);
  return [
    '  FailureRecord (FAIL set): what is wrong with the header is a FailureCode; nothing was delivered.',
    ...paragraph(refusalText(message), 2),
    ...(refusals.length === 0 ? [] : columns(refusals, 4)),
    ...(errno.length === 0 ? [] : errnoText(message, errno)),
  ];
}

function errnoText(message: MessageEntry, errno: readonly (readonly string[])[]): string[] {
  const word = message.className === 'socket' ? 'errno' : 'DetailedStatus';
  const head = `  SingleReply (ReqStatus ErrorNoData), with the ${word}`;
  if (errno.every(([, when]) => when === '')) {
    return [head, ...paragraph(errno.map(([name]) => name).join(', '), 4)];
  }
  return [head, ...columns(errno, 4)];
}

/** The words drawn, then the fields, then what the list may hold. */
function layoutText(layout: LayoutEntry, rows: ReturnType<typeof messageRows>): string[] {
  const drawn = drawRows(rows);
  return [
    ...drawn.lines,
    ...fieldText(layout.fields, drawn),
    ...(layout.list === undefined ? [] : ['', ...paragraph(`List: ${layout.list.doc}.`, 2)]),
    ...(layout.sgl === undefined ? [] : elementText(layout)),
  ];
}

function fieldText(fields: readonly FieldEntry[], { letters }: DrawnText): string[] {
  if (fields.length === 0) return [];
  const rows = fields.map((field) => {
    const letter = letters.get(field);
    const name = letter === undefined ? field.name : `${field.name} (${letter})`;
    return [String(field.word), bitsText(field), name, valuesText(field), meaningText(field)];
  });
  const table = columns([['word', 'bits', 'field', 'values', 'meaning'], ...rows]);
  return ['', ...table, ...paragraph(sourceText(fields), 2)];
}

function elementText(layout: LayoutEntry): string[] {
  const rows = elementsOf(layout).map(({ name, flags, words, tail, doc }) => [
    name,
    `${hexText(flags, 2)} ${hexText(flags | 0x80, 2)}`,
    ['count', ...words.map((word) => word.name), ...(tail === undefined ? [] : [tail])].join(', '),
    doc,
  ]);
  return ['', '  Elements, with their flags when others follow and when last:', ...columns(rows, 4)];
}

function classPage(spec: ClassEntry): string[] {
  const names = (entries: readonly { readonly name: string }[]): string =>
    entries.map(({ name }) => name).join(', ');
  return [
    `${classTitle(spec)}: ${originText(spec.origin)}`,
    '',
    ...paragraph(sentence(spec.doc)),
    ...section('Messages', messageTable(spec)),
    ...section('Structures', spec.structures.length === 0 ? [] : paragraph(names(spec.structures), 2)),
    ...section('Enumerations', spec.enums.length === 0 ? [] : paragraph(names(spec.enums), 2)),
  ];
}

function framePage(frame: FrameEntry): string[] {
  const forms = frame.replyForms.map(({ name, structure, doc }) => [name, structure, doc]);
  const elements = frame.elements.map(({ name, flags, doc }) => [name, hexText(flags, 2), doc]);
  const [header] = frame.structures;
  return [
    `The message frame: ${originText(frame.origin)}`,
    '',
    ...paragraph(sentence(frame.doc)),
    ...section(header!.name, layoutText(header!, layoutRows(header!))),
    ...section('Forms of a reply', columns(forms)),
    ...section('Elements of scatter-gather lists', columns(elements)),
  ];
}

function enumPage({ name, className, doc, source, bitSet, values }: EnumEntry): string[] {
  const digits = Math.max(...values.map(({ value }) => value)) > 0xff ? 8 : 2;
  const rows = values.map((entry) => [hexText(entry.value, digits), entry.name, entry.doc]);
  return [
    `${name}: ${bitSet ? 'bits' : 'values'}${className === 'numbers' ? '' : ` of class ${className}`}`,
    '',
    ...paragraph(sentence(doc)),
    '',
    ...columns(rows),
    '',
    ...paragraph(source === 'ours' ? 'The numbers are ours.' : `Numbers: ${source}.`),
  ];
}

function structurePage(structure: StructureEntry): string[] {
  const title = `${structure.name}: ${structure.words} words, of class ${structure.className}`;
  return [
    title,
    '',
    ...paragraph(sentence(structure.doc)),
    '',
    ...layoutText(structure, layoutRows(structure)),
  ];
}

function elementPage(element: ElementEntry): string[] {
  const rows = element.words.map(({ name, doc }, index) => [String(index + 1), name, doc]);
  return [
    `${element.name}: an element of scatter-gather lists`,
    '',
    ...paragraph(sentence(element.doc)),
    '',
    ...drawRows(elementRows(element)).lines,
    ...(rows.length === 0 ? [] : ['', ...columns([['word', 'holds', 'meaning'], ...rows])]),
    '',
    ...paragraph('LAST_ELEMENT, 0x80, is added to the flags of the last element of a list.'),
  ];
}

function machinePage(machine: MachineEntry): string[] {
  const states = machine.states.map(({ name, doc }) => [
    name === machine.initial ? `${name} (initial)` : name,
    doc,
  ]);
  const transitions = machine.transitions.map((transition) => {
    const { in: starts, to, doc } = transition;
    const from = starts.length === machine.states.length ? 'any' : starts.join(', ');
    const says = to === 'same' ? `in ${from}` : `${from} → ${to}`;
    return [triggerText(transition), doc === undefined ? says : `${says}: ${doc}`];
  });
  return [
    `Machine ${machine.name}: ${originText(machine.origin)}`,
    '',
    ...paragraph(sentence(machine.doc)),
    ...section('States', columns(states)),
    ...section('Transitions', columns(transitions)),
  ];
}

function groupPage(group: GroupEntry): string[] {
  const rows = group.fields.map(({ name, index, bytes, unit, writable, doc }) => [
    String(index),
    name,
    `${bytes} bytes${writable ? ', settable' : ''}`,
    unit === undefined ? doc : `${doc} (${unit})`,
  ]);
  const shape = group.table ? 'table' : 'scalar';
  const origin = originText(group.origin);
  return [
    `Group ${groupNumber(group.number)} ${group.name}: ${shape}, asked of ${group.target}; ${origin}`,
    '',
    ...paragraph(sentence(group.doc)),
    '',
    ...columns([['index', 'field', 'size', 'meaning'], ...rows]),
    ...paragraph(sourceText(group.fields), 2),
  ];
}
