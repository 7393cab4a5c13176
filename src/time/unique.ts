/** Names that no other process has drawn: for what lies beside others of its kind, never for what is measured. */
import { randomUUID } from 'node:crypto';

/** @returns 12 hexadecimal digits. */
export function uniqueName(): string {
  return randomUUID().replaceAll('-', '').slice(0, 12);
}
