/** Names that no other process has drawn: to lie beside others, never for what is measured. */
import { randomUUID } from 'node:crypto';

/** @returns 12 hexadecimal digits. */
export function uniqueName(): string {
  return randomUUID().replaceAll('-', '').slice(0, 12);
}
