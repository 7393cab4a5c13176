/** The schemas of the files of vectors and scenarios; see schemas.ts for what they are made of. */
import {
  bits,
  count,
  is,
  list,
  map,
  matching,
  nameSchemas,
  oneOf,
  ref,
  type Schema,
  type SchemaGround,
  schemaText,
  shape,
  text,
  word,
} from './schemas.ts';

/** Bytes of a frame: words of eight digits, a blank between; a dot is a digit that is not judged. */
const FRAME_BYTES = matching('^$|^[0-9a-f]{8}( [0-9a-f]{8})*$');
const PATTERN_BYTES = matching('^[0-9a-f.]{8}( [0-9a-f.]{8})*$');

/** What a frame in a file says; src/conform/card/vector-file.ts. */
const FRAME: Readonly<Record<string, Schema>> = {
  bytes: FRAME_BYTES,
  fields: map(word),
  'list?': list(list(word)),
  'elements?': list(shape({ kind: ref('elementName'), flags: bits(8), count, words: list(word) })),
  'places?': list(ref('place')),
};
const AREA = oneOf('transmit', 'receive', 'control', 'immediate', 'preserved');
const AREA_BYTES = shape({ offset: count, bufferBytes: count, count });
const FILE_HEAD: Readonly<Record<string, Schema>> = {
  formatVersion: is(1),
  generated: text,
  classVersion: count,
  memory: shape({
    regionBytes: count,
    control: shape({ offset: count, byteLength: count }),
    transmit: AREA_BYTES,
    receive: AREA_BYTES,
    immediate: shape({ firstContext: count, count }),
  }),
  setups: map(list(ref('setupStep'))),
};

function fileDefs(ground: SchemaGround): Record<string, Schema> {
  return {
    ...nameSchemas(ground),
    place: shape({ word: count, area: AREA, number: count, 'offset?': count }),
    setupStep: shape({ title: text, 'together?': is(true), ...FRAME }),
  };
}

export function vectorsSchema(ground: SchemaGround): string {
  const drawing = shape({
    words: count,
    fields: list({ type: 'array', prefixItems: [text, count, bits(5), bits(5)], minItems: 4, maxItems: 4 }),
  });
  const answers = [
    shape({ answer: is('legal'), 'polled?': count }),
    shape({ answer: is('none'), 'polled?': count }),
    shape({ answer: is('failure'), failureCode: text, code: bits(8), severity: text }),
    shape({ answer: is('transactionError'), detailedStatus: text, code: bits(16), 'polled?': count }),
    shape({ answer: is('error'), statuses: list(text) }),
    shape({ judgement: is('good') }),
    shape({ judgement: is('bad'), by: is('header'), failureCode: text, code: bits(8) }),
    shape({ judgement: is('bad'), by: is('class'), detailedStatus: text, code: bits(16) }),
  ];
  const vector = shape({
    id: text,
    title: text,
    message: ref('messageName'),
    kind: oneOf('request', 'reply'),
    'state?': text,
    'origin?': text,
    since: count,
    ...FRAME,
    expect: { anyOf: answers },
  });
  const schema = shape({
    format: is('inic-vectors'),
    class: text,
    ...FILE_HEAD,
    layouts: map(shape({ request: drawing, 'reply?': drawing })),
    vectors: list(vector),
  });
  const about = 'A file of spec/vectors, which its README explains.';
  return schemaText('conformance vectors', about, schema, fileDefs(ground));
}

export function scenariosSchema(ground: SchemaGround): string {
  const expected = { bytes: PATTERN_BYTES, 'places?': list(ref('place')) };
  const spot = { area: AREA, number: count, 'offset?': count };
  const step = shape({
    title: text,
    'write?': list(shape({ ...spot, ...expected })),
    ...FRAME,
    replies: list(shape({ ...expected, 'any?': is(true) })),
    items: list(shape({ ...expected, message: ref('messageName'), status: bits(8), 'any?': is(true) })),
    'read?': list(shape({ ...spot, ...expected })),
  });
  const scenario = shape({
    id: text,
    title: text,
    state: text,
    'origin?': text,
    'classVersion?': count,
    'transport?': is('fifo'),
    steps: list(step),
  });
  const schema = shape({ format: is('inic-scenarios'), name: text, ...FILE_HEAD, scenarios: list(scenario) });
  const about = 'A file of spec/vectors/scenarios.';
  return schemaText('conformance scenarios', about, schema, fileDefs(ground));
}
