/** Writes a report as JSON: the same objects from which the table is printed. */
import { writeFileSync } from 'node:fs';
import type { Report } from '../record/result.ts';

export function reportJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** @throws the system's error if the file cannot be written. */
export function writeReport(path: string, report: Report): void {
  writeFileSync(path, reportJson(report));
}
