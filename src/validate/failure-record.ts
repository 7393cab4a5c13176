/** What a transport failure says of itself: rules H-09 and F-08. */
import {
  getFailureCode,
  getFailureHighestVersion,
  getFailureLowestVersion,
  getFailureSeverity,
  VERSION_1_5,
} from '../i2o/frame.ts';
import { type Findings, hex } from './findings.ts';
import type { MessageRow } from './message-rows.ts';

const UNIT_RESERVED = 0x0000f000;
/** 2.0, the greatest version of I2O there was. */
const VERSION_MAX = 2;

/** @param codes by FailureCode: 1 where the list has it. */
export function judgeFailure(
  findings: Findings,
  codes: Uint8Array,
  row: MessageRow,
  words: Int32Array,
  at: number,
): void {
  const report = (rule: string, seen: string): void => {
    findings.report(rule, row.index, `${row.name}: ${seen}`);
  };
  const code = getFailureCode(words, at);
  const severity = getFailureSeverity(words, at);
  const lowest = getFailureLowestVersion(words, at);
  const highest = getFailureHighestVersion(words, at);
  if (
    codes[code] !== 1 ||
    severity === 0 ||
    severity > 15 ||
    lowest > VERSION_1_5 ||
    highest < VERSION_1_5 ||
    highest > VERSION_MAX ||
    words[at + 8] !== 0
  ) {
    report(
      'H-09',
      `failure ${hex(code)}, severity ${hex(severity)}, versions ${lowest} to ${highest}, ` +
        `PreservedMFA high ${hex(words[at + 8])}`,
    );
  }
  if ((words[at + 5] & UNIT_RESERVED) !== 0) report('F-08', `word 5 of a failure ${hex(words[at + 5], 8)}`);
}
