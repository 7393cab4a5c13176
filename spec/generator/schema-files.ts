/** The schema of each file and of each output; see schemas.ts for what they are made of. */
import { COVERAGE_KINDS } from '../../src/spec/coverage-kinds.ts';
import { scenariosSchema, vectorsSchema } from './schema-vectors.ts';
import {
  anyMap,
  bits,
  count,
  flag,
  is,
  list,
  map,
  matching,
  nameSchemas,
  nullable,
  oneOf,
  ref,
  type Schema,
  type SchemaGround,
  schemaText,
  shape,
  text,
  whole,
  word,
} from './schemas.ts';

const HEX = matching('^([0-9a-f]{2})*$');

/** Messages and what they are made of: src/spec/entries.ts. */
function layoutDefs(): Record<string, Schema> {
  const layout = {
    words: count,
    fields: list(ref('field')),
    'list?': shape({ name: text, word: count, stride: count, 'structure?': text, doc: text }),
    'sgl?': shape({
      word: count,
      elements: list(ref('elementName')),
      'count?': text,
      'least?': count,
      'reader?': is(true),
    }),
    'doc?': text,
  };
  return {
    field: shape({
      name: text,
      word: count,
      low: bits(5),
      high: bits(5),
      doc: text,
      'unit?': text,
      'min?': whole,
      'max?': whole,
      'value?': whole,
      'powerOfTwo?': flag,
      'enum?': ref('enumName'),
      source: text,
    }),
    layout: shape(layout),
    errno: shape({
      name: text,
      'when?': text,
      'in?': list(text),
      'elsewhere?': is(true),
      'also?': list(text),
    }),
    message: shape({
      name: text,
      className: ref('className'),
      function: bits(8),
      since: count,
      origin: text,
      'reference?': text,
      doc: text,
      request: ref('layout'),
      replyForm: oneOf('none', 'status', 'single', 'multiple', 'overlaid'),
      'reply?': ref('layout'),
      'refused?': is('none'),
      'multiple?': is(true),
      'batch?': is(true),
      errno: list(ref('errno')),
    }),
    enum: shape({
      name: text,
      className: text,
      doc: text,
      source: text,
      bitSet: flag,
      values: list(ref('enumValue')),
    }),
    enumValue: shape({ name: text, value: word, doc: text }),
    structure: shape({ name: text, className: text, ...layout, 'doc?': text }),
  };
}

/** Classes, machines, rules, groups and clauses: src/spec/entries.ts and src/spec/clause-entries.ts. */
function specDefs(): Record<string, Schema> {
  return {
    class: shape({
      name: text,
      id: bits(12),
      version: count,
      origin: text,
      'reference?': text,
      doc: text,
      messages: list(ref('message')),
      enums: list(ref('enum')),
      structures: list(ref('structure')),
    }),
    element: shape({
      name: text,
      flags: bits(8),
      doc: text,
      words: list(shape({ name: text, doc: text })),
      'tail?': text,
    }),
    frame: shape({
      name: text,
      origin: text,
      reference: text,
      doc: text,
      enums: list(ref('enum')),
      structures: list(ref('structure')),
      replyForms: list(shape({ name: text, structure: text, doc: text })),
      elements: list(ref('element')),
    }),
    transition: shape({
      in: list(text),
      on: text,
      'when?': shape({ field: text, values: list(whole), names: list(text) }),
      to: text,
      'doc?': text,
    }),
    machine: shape({
      name: text,
      doc: text,
      origin: text,
      initial: text,
      states: list(shape({ name: text, doc: text })),
      transitions: list(ref('transition')),
    }),
    rule: shape({ id: text, title: text, doc: text, reference: text }),
    group: shape({
      number: bits(16),
      name: text,
      doc: text,
      origin: text,
      table: flag,
      target: text,
      fields: list(
        shape({
          name: text,
          index: count,
          bytes: count,
          doc: text,
          'unit?': text,
          writable: flag,
          source: text,
        }),
      ),
    }),
  };
}

function specSchema(ground: SchemaGround): string {
  const head = { format: is('inic-spec'), formatVersion: is(1), product: text };
  const all = shape({
    ...head,
    frame: ref('frame'),
    classes: list(ref('class')),
    machines: list(ref('machine')),
    rules: list(ref('rule')),
    groups: list(ref('group')),
    numbers: list(ref('enum')),
    clauses: list(ref('clause')),
  });
  const named = shape({ ...head, found: list(ref('found')) });
  const about = 'What `inic spec --json` prints: the whole, or what was asked for by name.';
  const defs = {
    ...nameSchemas(ground),
    ...layoutDefs(),
    ...specDefs(),
    links: shape({ patterns: list(text), count }),
    clause: shape(clauseShape()),
    found: { type: 'object', properties: { kind: text, entry: anyMap }, required: ['kind', 'entry'] },
  };
  return schemaText('inic spec --json', about, { anyOf: [all, named] }, defs);
}

const clauseShape = (): Record<string, Schema> => ({
  id: ref('clauseId'),
  role: oneOf('host', 'card', 'transport'),
  section: count,
  title: text,
  level: oneOf('MUST', 'SHOULD'),
  text,
  rules: list(ref('ruleId')),
  vectors: ref('links'),
  scenarios: ref('links'),
  runs: list(text),
  mutants: list(text),
  cuts: list(text),
  models: list(text),
  unseen: shape({ 'card?': text, 'host?': text }),
});

function coverageSchema(ground: SchemaGround): string {
  const kinds = shape(Object.fromEntries(COVERAGE_KINDS.map((kind) => [kind, count])));
  const totals = shape({
    role: text,
    clauses: count,
    must: count,
    should: count,
    shownBy: kinds,
    bare: list(text),
  });
  const schema = shape({
    format: is('inic-spec-coverage'),
    formatVersion: is(1),
    product: text,
    totals,
    roles: list(totals),
    clauses: list(shape({ ...clauseShape(), coverage: kinds })),
  });
  const defs = { ...nameSchemas(ground), links: shape({ patterns: list(text), count }) };
  return schemaText('inic spec --coverage --json', 'Which clause is shown by what.', schema, defs);
}

/** src/trace/format.ts and src/trace/sink.ts. */
function traceSchema(ground: SchemaGround): string {
  const event = (kind: number, ...rest: Schema[]): Schema => ({
    type: 'array',
    prefixItems: [is(kind), ...rest],
    minItems: rest.length + 1,
    maxItems: rest.length + 1,
  });
  const bit = oneOf(0, 1);
  const frames = shape({ 'firstMfa?': count, firstWord: count, count, strideWords: count });
  const pool = shape({ offset: count, count, bufferBytes: count });
  const head = shape({
    format: is('inic-trace'),
    version: is(1),
    product: text,
    transport: oneOf('ring', 'fifo'),
    startedAt: text,
    frameBytes: { type: 'integer', minimum: 16, maximum: 4096, multipleOf: 4 },
    classes: list(shape({ name: text, id: bits(12), version: bits(4) })),
    'devices?': list(shape({ tid: bits(12), classId: bits(12) })),
    memory: shape({
      regionBytes: count,
      inbound: frames,
      outbound: frames,
      transmit: pool,
      receive: pool,
      immediate: pool,
      'packets?': pool,
      'headers?': pool,
      control: shape({ offset: count, byteLength: count }),
    }),
    socketsMax: count,
    command: list(text),
    configuration: anyMap,
  });
  const events = [
    event(0, count, count, HEX),
    event(1, count, count, HEX, count),
    event(2, count, count, HEX),
    event(3, count, count, HEX, count),
    event(4, count, bit, count, bit),
    event(5, count, bit),
    event(6, count, bit, count, count),
    event(7, count, count, whole),
    event(8, whole, flag, count, HEX),
  ];
  const end = shape({ end: count, host: map({ type: 'number' }), iop: map({ type: 'number' }), lost: count });
  const about =
    'One object of a trace file: the head, an event, or the end. The file holds them as MessagePack; a byte ' +
    'string is taken here for its bytes in hexadecimal. docs/trace-format.md says what each item is.';
  const schema = { anyOf: [ref('head'), ref('end'), ...events] };
  return schemaText('an object of a trace', about, schema, { ...nameSchemas(ground), head, end });
}

/** src/report/conform-text.ts, `conformData`, under the head of src/cli/conform-action.ts. */
function conformSchema(ground: SchemaGround): string {
  const counts = { passed: count, failed: count, notJudged: count };
  const tally = shape({ name: text, ...counts });
  const role = oneOf('card', 'host');
  const outcome = oneOf('passed', 'failed', 'notJudged');
  const clause = {
    id: ref('clauseId'),
    role: oneOf('host', 'card', 'transport'),
    level: oneOf('MUST', 'SHOULD'),
    text,
  };
  const verdict = shape({
    id: text,
    role,
    kind: oneOf('vector', 'scenario', 'transport', 'tour', 'transfer', 'replies'),
    group: text,
    message: nullable(ref('messageName')),
    form: nullable(text),
    clauses: list(shape({ id: ref('clauseId'), outcome })),
    outcome,
    fault: nullable(text),
    findings: list(shape({ what: text, 'rule?': ref('ruleId'), 'clause?': ref('clauseId') })),
  });
  const result = shape({
    role,
    claims: text,
    unknownClaims: list(text),
    totals: shape(counts),
    groups: list(tally),
    messages: list(tally),
    forms: list(tally),
    clauseTotals: shape({ kept: count, broken: count, notJudged: count }),
    clauses: list(
      shape({ ...clause, ...counts, verdict: oneOf('kept', 'broken', 'not judged'), reason: text }),
    ),
    rules: list(shape({ rule: ref('ruleId'), cases: count })),
    verdicts: list(verdict),
  });
  const schema = shape({ conformance: role, manifest: anyMap, result });
  return schemaText(
    'inic conform --json',
    'What an implementation passed, failed, and was not judged by.',
    schema,
    {
      ...nameSchemas(ground),
    },
  );
}

/** @returns text by path. */
export function generateSchemas(ground: SchemaGround): [path: string, text: string][] {
  const files = {
    spec: specSchema(ground),
    coverage: coverageSchema(ground),
    vectors: vectorsSchema(ground),
    scenarios: scenariosSchema(ground),
    trace: traceSchema(ground),
    conform: conformSchema(ground),
  };
  return Object.entries(files).map(([name, schema]) => [`spec/schemas/${name}.json`, schema]);
}
