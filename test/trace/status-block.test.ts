/** The two fields of a status block that a trace knows are where the spec has them. */
import { expect, it } from 'vitest';
import { structureNamed } from '../../src/spec/catalogue.ts';
import { STATUS_STATE, STATUS_SYNC } from '../../src/trace/status-block.ts';

it.each([
  ['iopState', STATUS_STATE],
  ['syncByte', STATUS_SYNC],
])('%s', (name, known) => {
  const field = structureNamed('StatusBlock')?.fields.find((candidate) => candidate.name === name);
  expect(known).toEqual({ byte: (field?.word ?? 0) * 4, low: field?.low });
});
