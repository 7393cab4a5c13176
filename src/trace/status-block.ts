/** The words of a status block that the host polls after ExecStatusGet, found in the spec's data. */
import { structureNamed } from '../spec/catalogue.ts';

/** A field that the host polls: byte of its word in the block, and its lowest bit there. */
export interface PolledField {
  readonly byte: number;
  readonly low: number;
}

/** The state of the IOP. */
export const STATUS_STATE: PolledField = polledField('iopState');
/** The byte that the card writes last: 0xFF says that all of the block is there. */
export const STATUS_SYNC: PolledField = polledField('syncByte');

function polledField(name: string): PolledField {
  const field = structureNamed('StatusBlock')?.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`spec/executive.yaml: StatusBlock has no ${name}`);
  return { byte: field.word * 4, low: field.low };
}
