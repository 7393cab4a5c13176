/** The one check of what the other side wrote, as a switch over the class's functions. */
import type { ClassSpec, Field, Layout, Message } from './model.ts';
import { maskOf } from './model.ts';
import { constantName, docComment, functionHead, hex, pascalName } from './names.ts';

const TOO_SMALL = 'DETAILED_STATUS_MESSAGE_TOO_SMALL';
const INVALID_OFFSET = 'DETAILED_STATUS_INVALID_OFFSET';
const INVALID_PARAMETER = 'DETAILED_STATUS_INVALID_PARAMETER';
/** Byte of MessageSize in the header. */
const SIZE_BYTE = 2;

const DOCS = {
  request:
    'Checks a request against the class: size, list offset, ranges, list. The frame header has been ' +
    'checked before. @param sizeWords the message size read once from word 0, at most a frame. ' +
    '@returns 0, or the DETAILED_STATUS_ number to answer with as a transaction error; `checkFault` ' +
    'then says where the fault is.',
  reply:
    'Checks a reply, which is no failure record, against the class. An unsuccessful one may end after ' +
    'word 4. @param sizeWords the message size read once from word 0, 5 to a frame. @returns 0, or a ' +
    'DETAILED_STATUS_ number that says what is wrong.',
};

export function generateCheck(spec: ClassSpec, kind: 'request' | 'reply'): string[] {
  const cases = spec.messages.flatMap((message) => {
    const layout = message[kind];
    return layout === undefined ? [] : generateCase(spec, message, layout, kind === 'reply');
  });
  const values = cases.some((line) => line.includes('value =')) ? ['  let value = 0;'] : [];
  const faults = cases.some((line) => line.includes('fault =')) ? ['  let fault = 0;'] : [];
  // A transaction error may answer any function, even one that has no other reply.
  const start = [
    '  const status = words[frame + 4] >>> 24;',
    `  if (status === REQUEST_STATUS_TRANSACTION_ERROR${exceptOverlaid(spec)}) return 0;`,
  ];
  return [
    ...docComment(DOCS[kind]),
    ...functionHead(
      `check${pascalName(spec.name)}${pascalName(kind)}`,
      ['words', 'frame', 'sizeWords'],
      'number',
    ),
    ...values,
    ...faults,
    ...(kind === 'reply' ? start : []),
    '  switch (words[frame + 1] >>> 24) {',
    ...cases,
    '    default:',
    '      return DETAILED_STATUS_UNKNOWN_FUNCTION;',
    '  }',
    '}',
    '',
  ];
}

/** Word 4 of an overlaid reply is no status, whatever it looks like. */
function exceptOverlaid(spec: ClassSpec): string {
  const overlaid = spec.messages.filter(({ reply }) => reply?.overlaid === true);
  return overlaid.map(({ name }) => ` && words[frame + 1] >>> 24 !== ${constantName(name)}`).join('');
}

function generateCase(spec: ClassSpec, message: Message, layout: Layout, reply: boolean): string[] {
  const { fields, list, sgl } = layout;
  const get = (name: string): string =>
    `get${message.name}${reply ? 'Reply' : ''}${pascalName(name)}(words, frame)`;
  // Of a request, the check says too where the fault is.
  const refuse = (condition: string, status: string, byte: number, bit = 0): string =>
    `      if (${condition}) return ${reply ? status : `faultAt(${status}, ${byte}, ${bit})`};`;
  const lines = [`    case ${constantName(message.name)}:`];
  if (layout.overlaid === true)
    return [...lines, refuse(`sizeWords < ${layout.words}`, TOO_SMALL, SIZE_BYTE), '      return 0;'];
  if (reply && !fields.some(({ word }) => word === 3)) {
    if (layout.words > 5)
      lines.push(refuse(`status === 0 && sizeWords < ${layout.words}`, TOO_SMALL, SIZE_BYTE));
    const ranged = fields
      .map((field) => ({ field, wrong: rangeCondition(spec, field) }))
      .filter(({ wrong }) => wrong !== '');
    if (ranged.length > 0) lines.push('      if (status !== 0) return 0;');
    for (const { field, wrong } of ranged)
      lines.push(`      value = ${get(field.name)};`, refuse(wrong, INVALID_PARAMETER, field.word * 4));
    return [...lines, '      return 0;'];
  }
  if (reply)
    lines.push('      if ((words[frame] & 0x1000) === 0) return 0; // not MULTIPLE: a status and no list');
  lines.push(refuse(`sizeWords < ${layout.words}`, TOO_SMALL, SIZE_BYTE));
  if (!reply)
    lines.push(refuse(`(words[frame] & 0xf0) !== ${hex((sgl?.word ?? 0) << 4)}`, INVALID_OFFSET, 0, 4));
  for (const field of fields) {
    const condition = rangeCondition(spec, field);
    const [low] = field.bits ?? [0];
    const counts = list !== undefined && field.name === 'count';
    if (condition === '' && !counts) continue;
    lines.push(`      value = ${get(field.name)};`);
    if (condition !== '')
      lines.push(refuse(condition, INVALID_PARAMETER, field.word * 4 + (low >> 3), low & 7));
    if (counts)
      lines.push(
        refuse(
          `sizeWords < ${list.word} + value${(list.stride ?? 1) === 1 ? '' : ` * ${list.stride}`}`,
          TOO_SMALL,
          SIZE_BYTE,
        ),
      );
  }
  if (sgl?.reader === true) lines.push(refuse(`sizeWords === ${sgl.word}`, INVALID_OFFSET, 0, 4));
  if (sgl === undefined || sgl.reader === true) return [...lines, '      return 0;'];
  const allowed = sgl.elements.map((element) => `SGL_ALLOW_${element.toUpperCase()}`).join(' | ');
  const call = `checkSgl(words, frame, ${sgl.word}, sizeWords, ${allowed})`;
  const lastLines = [`      fault = ${call};`, refuse('fault !== 0', 'fault', sgl.word * 4)];
  if (sgl.count === undefined) return [...lines, ...lastLines, '      return 0;'];
  const counted = fields.find(({ name }) => name === sgl.count)!.word * 4;
  return [
    ...lines,
    ...lastLines,
    `      value = ${get(sgl.count)};`,
    refuse('sglScan[SGL_SCAN_ELEMENTS] !== value', INVALID_PARAMETER, counted),
    '      return 0;',
  ];
}

/** What of `value` is out of range; '' when every value of the bits is good. */
function rangeCondition(spec: ClassSpec, field: Field): string {
  if (field.value !== undefined) return `value !== ${hex(field.value)}`;
  const values = spec.enums.find(({ name, bitSet }) => name === field.enum && bitSet !== true)?.values;
  const numbers = values?.map(({ value }) => value).sort((a, b) => a - b) ?? [];
  const [first, last] = [numbers[0], numbers.at(-1)];
  if (first !== undefined && last !== undefined && last - first + 1 !== numbers.length) {
    return numbers.map((number) => `value !== ${number}`).join(' && ');
  }
  const mask = maskOf(field);
  const [min, max] = [field.min ?? first ?? 0, field.max ?? last ?? mask];
  // A whole word is read as an int32, so that its upper half is below any least value.
  const below = min > 0 || (mask === -1 && max !== -1) ? [`value < ${min}`] : [];
  const odd = field.powerOfTwo === true ? ['(value & (value - 1)) !== 0'] : [];
  return [...below, ...(max !== mask ? [`value > ${max}`] : []), ...odd].join(' || ');
}
