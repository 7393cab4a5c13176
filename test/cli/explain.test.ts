/** What `inic explain` does not take: one line each, and nothing is run. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MAIN, runNode, testFolder } from './commands.ts';

const folder = testFolder();
writeFileSync(join(folder, 'bench.json'), '{"format":"inic-report"}\n');

it.each([
  [
    ['nowhere.jsonl#3'],
    /there is no "nowhere\.jsonl": expected a file of results or of a plan, or .*rpc.*TCP_RR/,
  ],
  [['TCP_QR'], /there is no "TCP_QR": expected .*TCP_RR, TCP_CRR, TCP_STREAM/],
  [['rpc#last'], /rpc: expected a point's number behind "#", such as rpc#0, got "last"/],
  [['bench.json#3'], /bench\.json:1: is no results file of a sweep/],
  [['rpc'], /rpc has 50 points: say which, from rpc#0 to rpc#49/],
  [['rpc#50'], /rpc has no point 50: expected 0 to 49/],
  [['rpc#1', '2'], /the point is said twice: "rpc#1" and 2/],
  [['rpc#1', '--slowest', '--request', '3'], /--request, --percentile and --slowest .* expected one/],
  [['rpc#1', '--vary', 'pools.transmitBuffers=3'], /--vary says what the plan says/],
  [['rpc#1', '--percentile', '101'], /expected a number from 0 to 100, got "101"/],
  [['TCP_RR', '--vary', 'pools.transmitBuffers=0'], /pools\.transmitBuffers" expected 1 to 65536, got 0/],
  [['TCP_RR', '--vary', 'pools.transmitBuffers=8..32:x2'], /TCP_RR has 3 points: say which/],
  [['TCP_RR', '--operations', '10', '--trace', 'no/such/folder.json'], /cannot write no\/such\/folder\.json/],
])(
  '%j is refused in one line',
  async (args, words) => {
    const { stderr, code } = await runNode(folder, [MAIN, 'explain', ...args]);
    expect(stderr).toMatch(words);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  },
  170_000,
);
