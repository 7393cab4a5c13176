/** Writes a report as JSON: the same objects from which the table is printed. */
import type { Report } from '../record/result.ts';

export function reportJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
