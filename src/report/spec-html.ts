/**
 * The spec as a folder of linked pages, as `inic spec --html DIR` writes it: plain HTML, one style sheet, and a
 * search.
 * Every link leads to a page or a place that exists.
 */
import { CATALOGUE } from '../spec/catalogue.gen.ts';
import { classNamed } from '../spec/catalogue.ts';
import { allClauses } from '../spec/clauses.ts';
import type {
  ClassEntry,
  EnumEntry,
  GroupEntry,
  LayoutEntry,
  MachineEntry,
  MessageEntry,
  RuleEntry,
  StructureEntry,
} from '../spec/entries.ts';
import { groupNumber } from '../spec/find.ts';
import { refusalsOf } from '../spec/refusals.ts';
import { drawRows } from './spec-drawing.ts';
import { machineDrawing } from './spec-html-machine.ts';
import {
  escaped,
  fieldTable,
  link,
  named,
  page,
  pageOfClass,
  pageOfMachine,
  prose,
  STYLE,
  table,
  wordTable,
} from './spec-html-parts.ts';
import { SEARCH_FILE, searchScript } from './spec-html-search.ts';
import {
  classTitle,
  inOneLine,
  originText,
  refusalText,
  replyText,
  sentence,
  sourceText,
  stateRows,
  triggerText,
} from './spec-said.ts';
import { type DrawnRow, elementRows, elementsOf, hexText, layoutRows, messageRows } from './spec-words.ts';

/** @param product named at the foot of every page. @returns each file's text, by its name. */
export function specSite(product: string): ReadonlyMap<string, string> {
  const { classes, machines, rules, groups } = CATALOGUE;
  const site = new Map([
    ['style.css', STYLE],
    [SEARCH_FILE, searchScript()],
  ]);
  const add = (file: string, title: string, body: readonly string[]): void => {
    site.set(file, page(title, file, product, body));
  };
  add('index.html', 'The message layer and the socket class', indexBody());
  add('frame.html', 'The message frame', frameBody());
  for (const spec of classes) {
    add(pageOfClass(spec.name), classTitle(spec), classBody(spec));
    for (const message of spec.messages) add(`${message.name}.html`, message.name, messageBody(message));
  }
  for (const machine of machines)
    add(pageOfMachine(machine.name), `Machine ${machine.name}`, machineBody(machine));
  if (groups.length > 0) add('groups.html', 'Parameter groups', groups.map(groupPart));
  add('numbers.html', 'Errno and socket options', CATALOGUE.numbers.map(enumPart));
  if (rules.length > 0) add('rules.html', 'Rules of the validator', rulesBody(rules));
  add('clauses.html', 'Clauses', clausesBody());
  return site;
}

function indexBody(): string[] {
  return [
    ...CATALOGUE.classes.flatMap((spec) => [
      `<h2>${link(pageOfClass(spec.name), classTitle(spec))}</h2>`,
      origin(spec.origin),
      `<p>${prose(sentence(spec.doc))}</p>`,
      messageTable(spec),
    ]),
    '<h2>Machines</h2>',
    table(
      ['machine', 'what it is'],
      CATALOGUE.machines.map(({ name, doc }) => [link(pageOfMachine(name), name), prose(inOneLine(doc))]),
    ),
    `<p>What every class shares is in ${link('frame.html', 'the message frame')}.</p>`,
  ];
}

function messageTable({ messages }: ClassEntry): string {
  return table(
    ['function', 'message', 'since', 'purpose'],
    messages.map((message) => [
      hexText(message.function, 2),
      named(message.name),
      String(message.since),
      prose(inOneLine(message.doc)),
    ]),
  );
}

function frameBody(): string[] {
  const { frame } = CATALOGUE;
  return [
    origin(frame.origin),
    `<p>${prose(sentence(frame.doc))}</p>`,
    ...frame.structures.map(structurePart),
    '<h2>Forms of a reply</h2>',
    table(
      ['form', 'layout', 'what it is'],
      frame.replyForms.map(({ name, structure, doc }) => [escaped(name), named(structure), prose(doc)]),
    ),
    '<h2>Elements of scatter-gather lists</h2>',
    "<p>LAST_ELEMENT, 0x80, is added to the flags of a list's last element.</p>",
    ...frame.elements.map(
      (element) =>
        `<h3 id="element-${element.name}">${element.name}</h3>` +
        `<p>${prose(element.doc)}</p>${wordTable(elementRows(element))}`,
    ),
    ...frame.enums.map(enumPart),
  ];
}

function classBody(spec: ClassEntry): string[] {
  return [
    origin(spec.origin),
    `<p>${prose(sentence(spec.doc))}</p>`,
    '<h2>Messages</h2>',
    messageTable(spec),
    ...spec.structures.map(structurePart),
    ...spec.enums.map(enumPart),
  ];
}

const FAILURE_RECORD =
  'A FailureRecord says with a FailureCode what is wrong with the header; nothing was delivered.';

function messageBody(message: MessageEntry): string[] {
  const spec = classNamed(message.className)!;
  const code = hexText(message.function, 2);
  const title = `function ${code} of ${classTitle(spec)}, since version ${message.since}`;
  const { reply } = message;
  return [
    `<p>${link(pageOfClass(spec.name), title)}</p>`,
    origin(message.origin),
    `<p>${prose(sentence(message.doc))}</p>`,
    '<h2>Request</h2>',
    layoutPart(message.request, messageRows(message, false)),
    '<h2>Legal in</h2>',
    stateList(message),
    '<h2>Reply</h2>',
    `<p>${prose(reply?.doc === undefined ? replyText(message) : sentence(reply.doc))}</p>`,
    reply === undefined ? '' : layoutPart(reply, messageRows(message, true)),
    '<h2>When it is refused</h2>',
    `<p>${prose(FAILURE_RECORD)}`,
    `${prose(refusalText(message))}${message.refused === undefined ? ':' : ''}</p>`,
    table(
      ['status', 'the request'],
      refusalsOf(message).map(({ status, when }) => [`<code>${status}</code>`, prose(when)]),
    ),
    errnoPart(message),
  ];
}

function stateList(message: MessageEntry): string {
  const rows = stateRows(message);
  if (rows.length === 0) return '<p>No state machine restricts it.</p>';
  return table(
    ['machine', 'states'],
    rows.map(([machine, states]) => [link(pageOfMachine(machine), machine), escaped(states)]),
  );
}

function errnoPart({ className, errno }: MessageEntry): string {
  if (errno.length === 0) return '';
  const word = className === 'socket' ? 'errno' : 'DetailedStatus';
  const article = className === 'socket' ? 'an' : 'a';
  const text = `A SingleReply says with ${article} ${word} what could not be done:`;
  const rows = errno.map(({ name, when }) => [`<code>${name}</code>`, prose(when ?? '')]);
  return `<p>${prose(text)}</p>${table([word, 'when'], rows)}`;
}

function layoutPart(layout: LayoutEntry, rows: readonly DrawnRow[]): string {
  const { list, sgl } = layout;
  const elements = elementsOf(layout).map(({ name, flags, doc }) => [
    named(name),
    hexText(flags, 2),
    prose(doc),
  ]);
  return [
    wordTable(rows),
    fieldTable(layout.fields, drawRows(rows).letters),
    list === undefined ? '' : `<p>List: ${prose(list.doc)}.</p>`,
    sgl === undefined
      ? ''
      : `<p>Elements the list may have:</p>${table(['element', 'flags', 'what it is'], elements)}`,
  ].join('\n');
}

function structurePart(structure: StructureEntry): string {
  return [
    `<h2 id="${structure.name}">${structure.name}</h2>`,
    `<p>${prose(sentence(structure.doc))} ${structure.words} words.</p>`,
    layoutPart(structure, layoutRows(structure)),
  ].join('\n');
}

function enumPart({ name, doc, source, bitSet, values }: EnumEntry): string {
  const digits = values.some(({ value }) => value > 0xff) ? 8 : 2;
  const rows = values.map((entry) => [hexText(entry.value, digits), escaped(entry.name), prose(entry.doc)]);
  const note = bitSet ? ' Bits, to be combined.' : '';
  const heading = `<h2 id="${name}">${name}</h2>\n<p>${prose(sentence(doc))}${note}</p>`;
  const from = source === 'ours' ? 'The numbers are ours.' : `Numbers: ${source}.`;
  return `${heading}\n${table(['value', 'name', 'meaning'], rows)}\n<p class="origin">${escaped(from)}</p>`;
}

function machineBody(machine: MachineEntry): string[] {
  const transitions = machine.transitions.map((transition, index) => [
    `<span id="t${index + 1}">${index + 1}</span>`,
    prose(triggerText(transition)),
    transition.in.length === machine.states.length ? 'any' : escaped(transition.in.join(', ')),
    transition.to === 'same' ? '<i>stays</i>' : escaped(transition.to),
    prose(transition.doc ?? ''),
  ]);
  return [
    origin(machine.origin),
    `<p>${prose(sentence(machine.doc))}</p>`,
    machineDrawing(machine),
    '<h2>States</h2>',
    table(
      ['state', 'what it is'],
      machine.states.map(({ name, doc }) => [
        `<span id="state-${escaped(name)}">${escaped(name)}${initialNote(machine, name)}</span>`,
        prose(doc),
      ]),
    ),
    '<h2>Transitions</h2>',
    table(['no.', 'on', 'in', 'to', 'what it is'], transitions),
  ];
}

function initialNote(machine: MachineEntry, state: string): string {
  return state === machine.initial ? ' (initial)' : '';
}

function groupPart(group: GroupEntry): string {
  const rows = group.fields.map(({ name, index, bytes, unit, writable, doc }) => [
    String(index),
    `<code>${escaped(name)}</code>`,
    `${bytes} bytes${writable ? ', settable' : ''}`,
    prose(unit === undefined ? doc : `${doc} (${unit})`),
  ]);
  const title = `${groupNumber(group.number)} ${group.name}`;
  const shape = group.table ? 'table' : 'scalar group';
  return [
    `<h2 id="${escaped(`${group.target}-${group.name}`)}">${escaped(title)}</h2>`,
    origin(group.origin),
    `<p>${prose(sentence(group.doc))} A ${shape}, asked of ${escaped(group.target)}.</p>`,
    table(['index', 'field', 'size', 'meaning'], rows),
    `<p>${escaped(sourceText(group.fields))}</p>`,
  ].join('\n');
}

function rulesBody(rules: readonly RuleEntry[]): string[] {
  const rows = rules.map((rule) => [
    `<span id="${rule.id}">${rule.id}</span>`,
    escaped(rule.title),
    prose(rule.doc),
    escaped(rule.reference),
  ]);
  return [
    "<p>What a trace is held against. Each violation is printed with its rule's words.</p>",
    table(['rule', 'in short', 'the spec says', 'reference'], rows),
  ];
}

function clausesBody(): string[] {
  const rows = allClauses().map(({ id, level, title, text, rules }) => [
    `<span id="${id}">${id}</span>`,
    level,
    escaped(title),
    prose(text),
    rules.map((rule) => link(`rules.html#${rule}`, rule)).join(', '),
  ]);
  return [
    '<p>What a host driver, a card and a transport must and should do; the rules tell when it is broken.</p>',
    table(['clause', 'level', 'about', 'it says', 'rules'], rows),
  ];
}

function origin(text: string): string {
  return `<p class="origin">${escaped(sentence(originText(text)))}</p>`;
}
