/** The page of UtilConfigDialog: what a target is and which parameter groups it has, as HTML. */
import { assert } from '../../assert/assert.ts';
import { putText } from '../module/parameter-group.ts';
import type { Target } from '../target/target.ts';

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

/** Writes the page and a zero byte behind it, cut to its buffer. @returns bytes written. */
export function configPage(bytes: DataView, target: Target): number {
  assert(bytes.byteLength > 0, 'config page: there is room for the zero byte behind it');
  const rows = target.groups
    .map(
      ({ number, table, fields }) =>
        `<tr><td>${hex(number, 4)}<td>${table ? 'table' : 'scalar'}<td>${fields.length}`,
    )
    .join('');
  const { tid, classId, classVersion } = target;
  const title = `inic: TID ${hex(tid, 3)}, class ${hex(classId, 3)} version ${classVersion}`;
  const page =
    `<!DOCTYPE html><title>${title}</title><h1>${title}</h1>` +
    '<p>Set by UtilParamsSet; this page takes no answers.' +
    `<table><tr><th>group<th>kind<th>fields${rows}</table>`;
  const byteLength = Math.min(page.length + 1, bytes.byteLength);
  putText(bytes, 0, byteLength, page);
  bytes.setUint8(byteLength - 1, 0);
  return byteLength;
}
