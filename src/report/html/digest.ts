/** A digest of what a page runs, by which its policy knows it. It draws nothing and reads no clock. */
import { createHash } from 'node:crypto';

/** @returns SHA-256 in base64, as a Content-Security-Policy has it. */
export function contentDigest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
